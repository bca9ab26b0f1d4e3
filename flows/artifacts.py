"""What people see of a run in the Prefect UI: tables of the day, and its figures once it has ended."""

import base64
import logging
from datetime import date, timedelta
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from kpp_twin.day_report import DayReport
from kpp_twin.errors import IncompleteError
from kpp_twin.records import CycleReport, Slot
from kpp_twin.report.canvas import standalone
from kpp_twin.report.figures import day_figures
from kpp_twin.report.plain import NO_OPERATION, forecast_rows
from kpp_twin.report.wording import ASSUMPTION, local_time
from kpp_twin.reporting import read_report
from kpp_twin.settings import Settings

log = logging.getLogger(__name__)

FIGURES = {
    "price": "Prices and their forecast",
    "load": "Load and its forecast",
    "stores": "Battery and plant",
    "frequency": "Grid frequency and the response",
    "money": "Money by hour",
}


def show_run(settings: Settings, wanted: Slot, reports: list[CycleReport]) -> None:
    """Tables of the gate and of the day that the run worked on; figures of the last local day that ended in the run."""
    show_quality(wanted, reports)
    day = _worked_on(settings, wanted)
    try:
        report = read_report(settings, day)
    except IncompleteError as error:  # the cycles are committed; there is only nothing to show
        log.warning("no tables of %s: %s", day, error)
        return
    show_forecasts(wanted, report)
    show_money(wanted, report)
    show_curtailments(wanted, report)
    ended = [_worked_on(settings, r.slot) for r in reports if _ends_day(settings, r.slot)]
    if ended:
        show_figures(wanted, report if ended[-1] == day else read_report(settings, ended[-1]))


def _worked_on(settings: Settings, slot: Slot) -> date:
    """Local day of the hour that ended last."""
    return (slot.as_of - timedelta(hours=1)).astimezone(settings.zone).date()


def _ends_day(settings: Settings, slot: Slot) -> bool:
    return slot.kind == "hourly" and slot.as_of.astimezone(settings.zone).date() > _worked_on(settings, slot)


def show_quality(wanted: Slot, reports: list[CycleReport]) -> None:
    """Table of rows in, admitted and quarantined, with the findings."""
    rows = [
        {
            "cycle": report.slot.cycle_id,
            "rows in": report.rows_in,
            "admitted": report.rows_admitted,
            "quarantined": report.rows_quarantined,
            "findings": "; ".join(report.notes),
        }
        for report in reports
    ]
    _table("quality", wanted, f"What the gate found, up to {wanted.cycle_id}", rows)


def show_forecasts(wanted: Slot, report: DayReport) -> None:
    """Table of the errors of the day-ahead forecasts of the day, beside those of the candidates before it."""
    rows = [
        {
            "forecast": f"{row['variable']} {row['series']}",
            "unit": row["unit"],
            "scored": f"{row['scored']} of {row['intervals']}",
            "error": _round(row["mean_absolute_error"]),
            **{f"{method} before": _round(error) for method, error in row["errors_before"].items()},
            "serves": row["serves"],
        }
        for row in forecast_rows(report)
    ]
    _table("forecasts", wanted, f"Mean absolute errors of the forecasts of {report.day}, {_known(report)}", rows)


def show_money(wanted: Slot, report: DayReport) -> None:
    """Table of the money by service."""
    operation = report.operation
    rows = []
    if operation and operation.n_settled:
        money = {**operation.money_by_service, "net": operation.net_amount}
        rows = [{"service": name, operation.currency: _round(amount)} for name, amount in money.items()]
    _table("money", wanted, f"Money of {report.day}, {_known(report)}. {ASSUMPTION}", rows)


def show_curtailments(wanted: Slot, report: DayReport) -> None:
    """Table of the curtailments that touch the day."""
    rows = [
        {
            "from": local_time(event.start, report.zone),
            "to": local_time(event.stop, report.zone),
            "forecast kW": _round(event.forecast_peak_kw),
            "target kW": _round(event.target_reduction_kw),
            "reduced kWh": _round(event.reduced_kwh),
        }
        for event in (report.operation.events if report.operation else ())
    ]
    _table("curtailments", wanted, f"Curtailments of {report.day}, {_known(report)}", rows)


def show_figures(wanted: Slot, report: DayReport) -> None:
    """Figures of the day as a page of Markdown; the images are part of it, nothing is loaded from elsewhere."""
    figures = day_figures(report, FIGURES)
    parts = [f"![{title}]({_data_uri(figures[name], title)})" for name, title in FIGURES.items() if name in figures]
    note = ASSUMPTION if report.operation else f"Operation: {NO_OPERATION}."
    create_markdown_artifact(
        key=f"figures-{wanted.kind}",
        description=f"Figures of {report.day}, {_known(report)}",
        markdown="\n\n".join([f"# {report.day}", note, *parts]),
    )


def _data_uri(svg: str, title: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(standalone(svg, title).encode()).decode()


def _table(key: str, wanted: Slot, description: str, rows: list[dict[str, Any]]) -> None:
    create_table_artifact(key=f"{key}-{wanted.kind}", description=description, table=rows or [{"": "none"}])


def _known(report: DayReport) -> str:
    return f"as known at {local_time(report.as_of, report.zone)}"


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
