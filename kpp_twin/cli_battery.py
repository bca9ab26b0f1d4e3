"""The command for people who want to know what the site's battery is, can sell and costs."""

from datetime import datetime
from functools import partial
from pathlib import Path

import click

from kpp_twin.console import image_file, print_json, print_table, show, talk, write_image
from kpp_twin.settings import Settings

PRODUCT_FIELDS = ("title", "valid_from", "valid_until", "nominal_hz", "endurance_minutes", "source", "evidence")


@click.command(name="battery")
@click.option(
    "--site", "site_file", type=click.Path(path_type=Path), help="Site file; default: the one that the settings name."
)
@click.option("--product", help="Frequency product that it answers for; default: the site's.")
@click.option(
    "--on", type=click.DateTime(["%Y-%m-%d"]), help="Day on which products must hold; default: those that still hold."
)
@click.option("--products", "as_products", is_flag=True, help="The whole table of products with their sources instead.")
@click.option("--json", "as_json", is_flag=True, help="All figures, or products, as JSON instead of tables.")
@click.option(
    "--figure",
    type=click.Path(path_type=Path),
    callback=image_file,
    help="Also write the response as an image, .png or .svg.",
)
@click.pass_obj
def battery_command(
    settings: Settings,
    *,
    site_file: Path | None,
    product: str | None,
    on: datetime | None,
    as_products: bool,
    as_json: bool,
    figure: Path | None,
) -> None:
    """Show the battery's sheet: what it can sell, how it answers the frequency, ages and warms up.

    Example: kpp-twin battery --product FCR --on 2024-03-01 --figure response.svg
    """
    if as_products:
        if site_file or product or on or figure:
            raise click.UsageError("--products goes with --json alone")
        _print_products(as_json=as_json)
        return
    from kpp_twin.site import load_site

    site = load_site(site_file or settings.site_file)
    with talk.status("running the battery; the first time it is compiled"):
        from kpp_twin.battery.sheet import battery_sheet

        sheet = battery_sheet(site, product, on.date() if on else None)
    if as_json:
        print_json(sheet.as_json())
    else:
        from kpp_twin.report.battery_sheet import ageing_table, description, offers_table, response_table

        for line in description(sheet):
            click.echo(line)
        for table in (offers_table(sheet), response_table(sheet), ageing_table(sheet, settings.currency)):
            show(table)
    if figure is not None:
        from kpp_twin.report.battery_response import image_of

        write_image(figure, partial(image_of, sheet.response))


def _print_products(*, as_json: bool) -> None:
    from kpp_twin.frequency.products import products
    from kpp_twin.report.battery_sheet import law

    if as_json:
        print_json([row.model_dump(mode="json") for row in products()])
        return
    rows = [
        (", ".join((row.name, *row.aliases)), law(row), *(getattr(row, name) for name in PRODUCT_FIELDS))
        for row in products()
    ]
    title = "Frequency products; valid_until is the first day on which a row no longer holds"
    print_table(title, ("product", "asks for", *PRODUCT_FIELDS), rows)
