"""The day in three short tables for the terminal; nothing is said by colour alone."""

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from kpp_twin.day_report import DayReport
from kpp_twin.report.wording import local_time, method_name, number, time_span


def day_tables(report: DayReport) -> list[Table]:
    """Forecast errors, rows per feed, and freshness."""
    return [_errors(report), _quality(report), _freshness(report)]


def _errors(report: DayReport) -> Table:
    rows = [
        (
            f"{series.variable} {series.name}",
            series.unit,
            f"{series.n_scored}/{series.grid.n_steps}",
            number(series.mean_absolute_error),
            f"{forecast.judgement.days} d",
            *(number(forecast.judgement.scores.get(method)) for method in report.methods),
            method_name(forecast.judgement.method),
        )
        for series, forecast in report.forecasts
    ]
    header = (
        "forecast",
        "unit",
        ">scored",
        ">this day",
        ">before",
        *(f">{method_name(m)}" for m in report.methods),
        "serves",
    )
    return _table(f"Mean absolute error of the forecasts of {report.day}, and of the days before", header, rows)


def _quality(report: DayReport) -> Table:
    rows = [
        (q.feed, f"{q.rows_checked:,}", f"{q.rows_admitted:,}", f"{q.rows_flagged:,}", f"{q.rows_quarantined:,}")
        for q in report.quality
    ]
    header = ("feed", ">rows checked", ">admitted", ">of these flagged", ">quarantined")
    return _table(f"Rows taken in by the {len(report.cycles)} cycle(s) of {report.day}", header, rows)


def _freshness(report: DayReport) -> Table:
    rows = [
        (f"{reach.feed} {reach.series}".strip(), local_time(reach.known_until, report.zone), time_span(reach.behind))
        for reach in report.freshness
    ]
    return _table(f"Known as of {local_time(report.as_of, report.zone)}", ("feed", "until", ">behind"), rows)


def _table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Table of plain texts: what stands in a name is neither markup nor a control sequence. ``>`` aligns right."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for name in header:
        table.add_column(name.lstrip(">"), justify="right" if name.startswith(">") else "left")
    for row in rows:
        table.add_row(*(Text("".join(c if c.isprintable() else "\ufffd" for c in cell)) for cell in row))
    return table
