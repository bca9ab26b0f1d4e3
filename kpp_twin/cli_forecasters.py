"""Commands for people who retrain forecasters: train, compare, promote, rollback."""

from dataclasses import asdict
from datetime import datetime
from typing import Literal

import click

from kpp_twin.console import print_json, print_table, talk
from kpp_twin.errors import IncompleteError
from kpp_twin.settings import Settings
from kpp_twin.store.snapshot import open_snapshot
from kpp_twin.timegrid import hour_label

COLUMNS = ("variable", "series", "model version", "method", "MAE", "of better naive", "band 90 %", "p", "serves")


@click.command()
@click.pass_obj
def train(settings: Settings) -> None:
    """Train every forecaster on what the history knows, by a walk over the last days that it has not seen.

    The first one serves at once. A later one is on trial beside the one that serves, and takes its place when it is
    found better on days that neither has seen: 28 at least, 60 at most.

    Example: kpp-twin train && kpp-twin compare
    """
    _run(settings, "retrain")


@click.command()
@click.option("--all", "every", is_flag=True, help="Every version ever trained, not only the newest training.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
@click.pass_obj
def compare(settings: Settings, *, every: bool, as_json: bool) -> None:
    """Show how the trained versions did on days that they had not seen, and which of them serve.

    MAE in the unit of the variable; below 1 of the better naive is better than it; p of the Diebold-Mariano test.

    Example: kpp-twin compare --json
    """
    from kpp_twin.store.forecasters import read_catalogue, read_servings, read_trials
    from kpp_twin.store.history import predecessor
    from models.comparison import compare as side_by_side

    with open_snapshot(settings) as connection:
        last = predecessor(connection)
        if last.as_of is None:
            raise IncompleteError(
                "no forecaster has been trained yet", place="table model_version", next_step="run `kpp-twin run daily`"
            )
        models = read_catalogue(connection, last.as_of, last.cycle_number)
        servings = read_servings(connection, "serving_all", last.as_of, last.cycle_number)
        trials = read_trials(connection, last.as_of, last.cycle_number)
    newest = {(model.variable, model.series): model.known_at for model in models}
    rows = side_by_side(models, servings, trials)
    shown = [
        row
        for row in rows
        if every or row.is_serving or row.is_on_trial or row.known_at == newest[row.variable, row.series]
    ]
    if as_json:
        print_json([{name: _plain(value) for name, value in asdict(row).items()} for row in shown])
        return
    print_table(
        "Forecasters, judged on the days from window start to end",
        COLUMNS,
        [
            (
                row.variable,
                row.series,
                row.model_version,
                row.method,
                _number(row.mae, ".2f"),
                _number(row.rmae, ".3f"),
                _number(row.coverage_90, ".0%"),
                _number(row.dm_p_value, ".1g"),
                row.chosen_by or ("on trial" if row.is_on_trial else ""),
            )
            for row in shown
        ],
    )


@click.command()
@click.argument("model_version")
@click.pass_obj
def promote(settings: Settings, model_version: str) -> None:
    """Let a version serve its series until it is rolled back or another is promoted.

    Example: kpp-twin promote load-SITE-ensemble-8b93027526
    """
    _run(settings, "promote", model_version)


@click.command()
@click.argument("variable", type=click.Choice(["price", "load"]))
@click.argument("series")
@click.pass_obj
def rollback(settings: Settings, variable: str, series: str) -> None:
    """Return to the version that served before the newest change.

    After a promotion refits and trials go on from there; after one of those the earlier version stays.

    Example: kpp-twin rollback load SITE
    """
    _run(settings, "rollback", f"{variable} {series}")


def _run(settings: Settings, kind: Literal["retrain", "promote", "rollback"], subject: str = "") -> None:
    """Run the cycle of a training or a choice."""
    from kpp_twin import cycle

    target = cycle.desk_slot(settings, kind, subject)
    with talk.status(f"running {target.cycle_id}"):
        for report in cycle.run_due(settings, target):
            click.echo(f"{report.slot.cycle_id}: {'already done' if report.already_done else 'done'}")
            for note in report.notes:
                click.echo(f"  {note}", err=True)


def _plain(value: object) -> object:
    return hour_label(value) if isinstance(value, datetime) else value


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
