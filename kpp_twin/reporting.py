"""The report of a day: read from the snapshot, written as HTML, and as tables for a terminal."""

from datetime import date
from pathlib import Path

from rich.table import Table

from kpp_twin.day_report import DayReport
from kpp_twin.report.html import write_report
from kpp_twin.report.terminal import day_tables
from kpp_twin.settings import Settings
from kpp_twin.store.reporting import read_day
from kpp_twin.store.snapshot import open_snapshot


def read_report(settings: Settings, day: date) -> DayReport:
    """Everything that is told of a market-local day, as the published snapshot knows it."""
    with open_snapshot(settings) as connection:
        return read_day(connection, day, settings.zone, settings.feeds)


def report_day(settings: Settings, day: date) -> tuple[Path, list[Table]]:
    """Write the report of a market-local day; returns its path, and tables for the terminal."""
    report = read_report(settings, day)
    return write_report(report, settings.reports_path / f"{day}.html"), day_tables(report)
