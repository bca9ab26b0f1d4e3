"""The main job: one fixed day of the bundled data through the flows, then its report.

    python -m flows.main_job

Runs the daily cycle that forecasts the day, then the day's 24 hourly cycles, in this process; the daily cycle due
among them runs as a missed one. What has run before is not run again, so it may be stopped at any moment and run anew.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import click
from rich.progress import Progress

from flows.environment import prepare
from kpp_twin.console import configure_logging, show, talk, told_on_stderr
from kpp_twin.records import Slot
from kpp_twin.reporting import report_day
from kpp_twin.settings import Settings, load_settings
from kpp_twin.timegrid import daily_slots, hourly_slots, local_day_bounds

DAY = date(2021, 10, 14)  # a day with real dirt in it: one stamp comes twice, with another value


def slots(settings: Settings, day: date) -> Iterator[Slot]:
    """Return the daily cycle that forecasts the day, and the hourly cycle after each of its hours."""
    start, stop = local_day_bounds(day, settings.zone)
    delay = timedelta(minutes=settings.hourly_minute)
    for as_of in daily_slots(start - timedelta(days=1), start, settings.daily_time, settings.zone):
        yield Slot(kind="daily", as_of=as_of)
    for as_of in hourly_slots(start + delay, stop + delay, settings.hourly_minute):
        yield Slot(kind="hourly", as_of=as_of)


def main() -> None:
    """Run every cycle of the day through its flow, and report."""
    configure_logging(debug=False)
    settings = load_settings()
    prepare(settings)
    from flows.daily import daily
    from flows.hourly import hourly

    run = {"daily": daily, "hourly": hourly}
    wanted = list(slots(settings, DAY))
    with Progress(console=talk, transient=True) as progress:
        bar = progress.add_task("first cycle (starts the scheduler)", total=len(wanted))
        for slot in wanted:
            run[slot.kind](as_of=slot.as_of)
            progress.update(bar, advance=1, description=slot.cycle_id)
    path, tables = report_day(settings, DAY)
    for table in tables:
        show(table)
    click.echo(f"history: {settings.snapshot_path}, report: {path}")


if __name__ == "__main__":
    with told_on_stderr():
        main()
