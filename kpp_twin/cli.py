"""The command line: a thin skin over `kpp_twin.cycle` and the store. Data goes to stdout, talk to stderr."""

import sys
from datetime import UTC, datetime
from typing import Any

import click

from kpp_twin import __version__
from kpp_twin.cli_battery import battery_command
from kpp_twin.cli_evaluate import evaluate_command
from kpp_twin.cli_forecasters import compare, promote, rollback, train
from kpp_twin.cli_market import dispatch_command, products_command
from kpp_twin.cli_plant import plant_command
from kpp_twin.console import configure_logging, print_json, print_table, show, talk, told_on_stderr
from kpp_twin.errors import IncompleteError, TwinError
from kpp_twin.records import CycleKind, Slot
from kpp_twin.settings import HOME_VARIABLE, Settings, load_settings
from kpp_twin.store.connection import open_live
from kpp_twin.store.recovery import recover
from kpp_twin.store.recovery import repair as mend
from kpp_twin.store.snapshot import open_snapshot, publish
from kpp_twin.timegrid import hour_label, utc


class Instant(click.ParamType[datetime]):
    """An instant with its zone, as in 2021-10-14T06:15Z."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Parse, or fail with an example."""
        if isinstance(value, datetime):
            return value
        try:
            return utc(datetime.fromisoformat(value))
        except ValueError as error:
            self.fail(f"{value!r} is no instant with a zone, such as 2021-10-14T06:15Z ({error})", param, ctx)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option("--debug", is_flag=True, help="Log every decision, and show tracebacks.")
@click.pass_context
def app(context: click.Context, *, debug: bool) -> None:
    """Digital twin of a kinetic power plant behind one grid connection.

    Example: kpp-twin run hourly --as-of 2021-10-14T06:15Z, then kpp-twin status.

    Exit codes: 0 ok, 1 failed, 2 usage, 3 stale or incomplete, 4 blocked by quality, 5 store busy, 130 interrupted.
    """
    configure_logging(debug=debug)
    context.obj = load_settings()


@app.command()
@click.argument("kind", type=click.Choice(["hourly", "daily", "retrain"]))
@click.option("--as-of", type=Instant(), help="Instant that the cycle may know of; default: the newest one due.")
@click.pass_obj
def run(settings: Settings, kind: CycleKind, as_of: datetime | None) -> None:
    """Run a cycle and all that were missed before it; what has run before is not run again.

    Example: kpp-twin run hourly --as-of 2021-10-14T06:15Z
    """
    from kpp_twin import cycle

    target = Slot(kind=kind, as_of=as_of) if as_of else cycle.newest_slot(settings, kind, datetime.now(UTC))
    with talk.status(f"running up to {target.cycle_id}") as progress:
        for report in cycle.run_due(settings, target):
            progress.update(f"{report.slot.cycle_id} done, next")
            done = "already done" if report.already_done else f"{report.rows_in} rows in"
            click.echo(f"{report.slot.cycle_id}: {done}, {report.rows_quarantined} quarantined")
            for note in report.notes:
                click.echo(f"  {note}", err=True)


@app.command(name="publish")
@click.pass_obj
def publish_command(settings: Settings) -> None:
    """Publish the snapshot anew.

    Example: kpp-twin publish
    """
    recover(settings)
    publish(settings)
    click.echo(str(settings.snapshot_path))


@app.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.pass_obj
def status(settings: Settings, *, as_json: bool) -> None:
    """Show how fresh feeds, forecasts and cycles are, and what lies in quarantine; exit 3 when something is stale.

    Example: kpp-twin status --json
    """
    from kpp_twin import cycle
    from kpp_twin.store.status import read_status

    is_watched = settings.clock_path.exists() or not settings.replays
    now = cycle.data_time(settings, datetime.now(UTC)) if is_watched else None
    with open_snapshot(settings) as connection:
        found = read_status(connection, settings, now)
    if as_json:
        lines = [
            {"what": f.what, "known_until": _label(f.known_until), "known_at": _label(f.known_at), "level": f.level}
            for f in found.freshness
        ]
        rows_in_quarantine = sum(count for _, _, count, _ in found.quarantine)
        print_json(
            {
                "now": _label(found.now),
                "stale": found.is_stale,
                "freshness": lines,
                "missing": found.missing,
                "rows_in_quarantine": rows_in_quarantine,
                "refused_deliveries": found.refused,
                "notes": found.notes,
            }
        )
    else:
        print_table(
            f"Freshness at {_label(found.now)} (data time)",
            ("what", "known until", "known at", "age", "level"),
            [(f.what, _label(f.known_until), _label(f.known_at), f.age, f.level) for f in found.freshness],
        )
        print_table(
            "Quarantine", ("feed", "reason", "rows", "latest"), [(*row[:3], _label(row[3])) for row in found.quarantine]
        )
        for name in found.missing:
            click.echo(f"missing: {name} has never come")
        for name in found.refused:
            click.echo(f"refused delivery: {settings.refused_path / name}")
        for note in found.notes:
            click.echo(note)
    if found.is_stale:
        sys.exit(IncompleteError.exit_code)


@app.command()
@click.pass_obj
def verify(settings: Settings) -> None:
    """Check the invariants of the history; exit 1 with the evidence if one is broken.

    Example: kpp-twin verify
    """
    from kpp_twin.store.verify import verify as check

    findings = check(settings)
    for finding in findings:
        click.echo(f"{'ok    ' if finding.holds else 'BROKEN'} {finding.invariant:4} {finding.meaning}")
        for line in finding.evidence:
            click.echo(f"         {line}")
        if finding.breaches > len(finding.evidence):
            click.echo(f"         and {finding.breaches - len(finding.evidence)} more")
    if not all(finding.holds for finding in findings):
        sys.exit(TwinError.exit_code)


@app.command()
@click.pass_obj
def repair(settings: Settings) -> None:
    """Mend a damaged store: cut the log, restore the snapshot, complete the journal; originals are kept.

    Example: kpp-twin repair && kpp-twin verify
    """
    for line in mend(settings) or ("nothing to repair",):
        click.echo(line)


@app.command()
@click.argument("cycle_id")
@click.pass_obj
def replay(settings: Settings, cycle_id: str) -> None:
    """Compute a stored cycle again from what was known then; exit 1 if anything differs. `all` replays every cycle.

    Example: kpp-twin replay hourly-2021-10-14T06:15Z
    """
    from kpp_twin.replay import replay as compute_again
    from kpp_twin.store.history import committed_cycles

    with open_snapshot(settings) as connection:
        ids = [e.cycle_id for e in committed_cycles(connection).values()] if cycle_id == "all" else [cycle_id]
        replays = [compute_again(settings, connection, one) for one in ids]
    for found in replays:
        click.echo(f"{found.cycle_id}: {'identical' if found.is_identical else 'DIFFERS'} {found.digest[:16]}")
    if not all(found.is_identical for found in replays):
        sys.exit(TwinError.exit_code)


@app.command(name="hash")
@click.pass_obj
def hash_command(settings: Settings) -> None:
    """Print row count and order-independent digest of each history table, the wall-clock column left out.

    Example: kpp-twin hash > before.txt
    """
    from kpp_twin.store.verify import history_hash

    with open_live(settings) as connection:
        for table, (rows, digest) in history_hash(connection).items():
            click.echo(f"{table} {rows} {digest}")


@app.command()
@click.argument("text", metavar="QUERY")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
@click.option("--timeout", "timeout_s", type=float, default=30.0, show_default=True, help="Longest time. [s]")
@click.pass_obj
def sql(settings: Settings, text: str, form: str, timeout_s: float) -> None:
    """Ask the published snapshot one SELECT or EXPLAIN; QUERY may also be the name of a ready query.

    Example: kpp-twin sql "SELECT * FROM out_price LIMIT 5" --format csv
    """
    from kpp_twin.store.adhoc import as_csv, as_json, run_query
    from kpp_twin.store.queries import names, query

    wanted = query(text, "analysis") if text in names("analysis") else text
    result = run_query(settings, wanted, timeout_s=timeout_s)
    if form == "table":
        print_table("", result.columns, result.rows)
    else:
        click.echo(as_csv(result) if form == "csv" else as_json(result), nl=form != "csv")


@app.command()
def queries() -> None:
    """List the ready queries, and what each answers.

    Example: kpp-twin queries
    """
    from kpp_twin.store.queries import names, query

    for name in names("analysis"):
        click.echo(f"{name}: {query(name, 'analysis').splitlines()[0].removeprefix('-- ')}")


@app.command()
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
@click.pass_obj
def dictionary(settings: Settings, *, as_json: bool) -> None:
    """Show every table and column with unit and meaning, read from the database itself.

    Example: kpp-twin dictionary --json
    """
    from kpp_twin.store.dictionary import dictionary as read

    with open_snapshot(settings) as connection:
        entries = read(connection)
    rows = [(e.table, e.column, e.type, e.unit, e.meaning) for e in entries]
    columns = ("table", "column", "type", "unit", "meaning")
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table("", columns, rows)


@app.command()
@click.pass_obj
def config(settings: Settings) -> None:
    """Show every setting, its value and its meaning.

    Example: KPP_TWIN__DATA_FOLDER=my-data kpp-twin config
    """
    fields = type(settings).model_fields
    rows = [(name, str(getattr(settings, name)), field.description or "") for name, field in fields.items()]
    print_table("", ("setting", "value", "meaning"), rows)
    click.echo(
        f"{HOME_VARIABLE} sets home; KPP_TWIN__<SETTING> sets the others, as do lines in kpp_twin.toml", err=True
    )


@app.command()
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.pass_obj
def report(settings: Settings, day: datetime) -> None:
    """Write the HTML report of a market-local day, and print its tables.

    Example: kpp-twin report 2021-10-14
    """
    from kpp_twin.reporting import report_day

    path, tables = report_day(settings, day.date())
    for table in tables:
        show(table)
    click.echo(f"report: {path}", err=True)


@app.command(name="show")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@click.pass_obj
def show_command(settings: Settings, day: datetime, *, as_json: bool) -> None:
    """Print forecasts, operation, money and services of a market-local day; writes nothing.

    Example: kpp-twin show 2021-10-14 --json
    """
    from kpp_twin.report.plain import day_data
    from kpp_twin.report.terminal import day_tables
    from kpp_twin.reporting import read_report

    report = read_report(settings, day.date())
    if as_json:
        print_json(day_data(report))
        return
    for table in day_tables(report):
        show(table)


COMMANDS = (
    *(train, compare, promote, rollback, evaluate_command),
    *(plant_command, battery_command, dispatch_command, products_command),
)
for command in COMMANDS:
    app.add_command(command)


def _label(moment: datetime | None) -> str:
    return hour_label(moment) if moment else ""


def main() -> None:
    """Run the command line; every error is a line with fault, place and next step."""
    with told_on_stderr():
        app(standalone_mode=False)


if __name__ == "__main__":
    main()
