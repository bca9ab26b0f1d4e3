"""The command for people who judge a plant, or make one of their own: its sheet, its parameters, its file."""

import csv
import io
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kpp_twin.console import image_file, print_json, print_table, show, talk, write_image
from kpp_twin.settings import Settings

if TYPE_CHECKING:
    from kpp_twin.plant.parameters import PlantParameters

PARAMETER_COLUMNS = ("name", "value", "unit", "range", "meaning", "source")


@click.command(name="plant")
@click.option(
    "--file",
    "source",
    type=click.Path(path_type=Path),
    help="TOML file with a table [plant]; default: the plant of the site that the settings name.",
)
@click.option("--parameters", is_flag=True, help="Every parameter instead of the sheet; tab-separated when piped.")
@click.option("--toml", is_flag=True, help="The plant as TOML instead, with a comment on each value; to be edited.")
@click.option("--json", "as_json", is_flag=True, help="All figures of the sheet as one JSON object instead.")
@click.option(
    "--figure",
    type=click.Path(path_type=Path),
    callback=image_file,
    help="Also write the start-up as an image, .png or .svg.",
)
@click.pass_obj
def plant_command(
    settings: Settings, *, source: Path | None, parameters: bool, toml: bool, as_json: bool, figure: Path | None
) -> None:
    """Show the plant's sheet: steady points, the plant as a store, what it could offer, and a start-up.

    Example: kpp-twin plant --toml > mine.toml && kpp-twin plant --file mine.toml --figure start-up.svg
    """
    from kpp_twin.plant.parameters import load_plant
    from kpp_twin.site import load_site

    if parameters + toml + as_json > 1:
        raise click.UsageError("choose one of --parameters, --toml and --json")
    plant = load_site(settings.site_file).plant if source is None else load_plant(source)
    if parameters:
        _print_parameters(plant)
    elif toml:
        from kpp_twin.plant.toml import plant_toml

        click.echo(plant_toml(plant), nl=False)
    else:
        _print_sheet(plant, as_json=as_json)
    if figure is not None:
        from kpp_twin.plant.sheet import start_up
        from kpp_twin.report.start_up import image_of

        write_image(figure, partial(image_of, start_up(plant)))


def _print_parameters(plant: "PlantParameters") -> None:
    from kpp_twin.plant.parameters import parameter_rows

    rows = parameter_rows(plant)
    if sys.stdout.isatty():
        print_table("", PARAMETER_COLUMNS, rows)
        return
    stream = io.StringIO()
    csv.writer(stream, dialect="excel-tab", lineterminator="\n").writerows((PARAMETER_COLUMNS, *rows))
    click.echo(stream.getvalue(), nl=False)


def _print_sheet(plant: "PlantParameters", *, as_json: bool) -> None:
    with talk.status("running the plant; the first time it is compiled"):
        from kpp_twin.plant.sheet import plant_sheet

        sheet = plant_sheet(plant)
    if as_json:
        print_json(sheet.as_json())
        return
    from kpp_twin.report.plant_sheet import description, offers_table, steady_tables, store_table, verdict
    from kpp_twin.report.start_up import text_of

    for line in description(sheet):
        click.echo(line)
    click.echo()
    for table in steady_tables(sheet):
        show(table)
    click.echo(f"{verdict(sheet)}\n")
    show(store_table(sheet))
    show(offers_table(sheet))
    click.echo(text_of(sheet.start_up))
