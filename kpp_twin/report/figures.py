"""Figures of a day: prices and load with their forecasts, the errors, the days before, and what the stations did."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.day_operation import DayOperation
from kpp_twin.day_report import DayForecast, DayReport, DaySeries
from kpp_twin.report.canvas import (
    ACTUAL,
    FORECAST,
    GRID,
    INK,
    SERIES,
    Panel,
    draw_figure,
    edges_h,
    key,
    label_hours,
    label_x,
)
from kpp_twin.report.operation_figures import operation_panels
from kpp_twin.timegrid import Array, TimeGrid
from kpp_twin.units import MINUTES_PER_HOUR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUARTER_MINUTES = 15
QUANTITIES = {"price": "Day-ahead price", "load": "Site load", "weather": "Temperature"}

Draw = Callable[["Axes", DaySeries, ZoneInfo], None]


def day_figures(report: DayReport, only: Collection[str] | None = None) -> dict[str, str]:
    """SVG texts by name: price, load, errors by hour, the days before, operation; only what there is data for.

    Parameters
    ----------
    only
        Names of the figures that are wanted; by default all.
    """
    zone, operation = report.zone, report.operation
    of = {
        variable: [s for s in report.series if s.variable == variable and (s.n_known or s.forecast)]
        for variable in QUANTITIES
    }
    scored = [s for s in report.series if s.n_scored]
    draw_load: Draw = partial(_draw_load, operation=operation) if operation else _draw_day

    def panels_of(series: Iterable[DaySeries], draw: Draw) -> list[Panel]:
        return [partial(_draw_one, draw=draw, series=s, zone=zone) for s in series]

    panels: dict[str, Sequence[Panel]] = {
        "price": panels_of(of["price"], _draw_day),
        "load": panels_of(of["load"], draw_load),
        "errors": panels_of(scored, _draw_errors),
        "week": panels_of(report.series, _draw_context),
        **(operation_panels(operation, of["price"], zone) if operation else {}),
    }
    return {
        name: draw_figure(name, draws, zone)
        for name, draws in panels.items()
        if draws and (only is None or name in only)
    }


def _draw_one(panel: "Axes", draw: Draw, series: DaySeries, zone: ZoneInfo) -> None:
    draw(panel, series, zone)


def _draw_day(panel: "Axes", series: DaySeries, zone: ZoneInfo) -> None:
    edges = edges_h(series.grid)
    forecast = series.forecast
    if forecast:
        _draw_forecast(panel, forecast, edges)
    panel.stairs(series.values, edges, baseline=None, color=ACTUAL, linewidth=1.8, label="actual")
    issued = f", forecast of {forecast.issued_at.astimezone(zone):%d %b %H:%M}" if forecast else ", not forecast"
    panel.set_title(f"{QUANTITIES[series.variable]}, {series.name}{issued}")
    panel.set_ylabel(series.unit)
    label_hours(panel, series.grid, zone)
    key(panel)


def _draw_load(panel: "Axes", series: DaySeries, zone: ZoneInfo, operation: DayOperation) -> None:
    """Load with its forecast and, where it was curtailed, what the twin drew instead; the events are shaded."""
    load = operation.asset("load")
    events = operation.events if series.name == operation.load_series else ()
    if load is not None and events:
        grid = TimeGrid.between(operation.minutes.start, operation.minutes.stop, QUARTER_MINUTES)
        drawn_kw = -load.power_kw.reshape(-1, QUARTER_MINUTES).mean(axis=1)
        panel.stairs(
            drawn_kw, edges_h(grid), baseline=None, color=SERIES[2], linewidth=1.4, linestyle=":", label="curtailed"
        )
    for event in events:
        start_h, stop_h = ((moment - series.grid.start) / timedelta(hours=1) for moment in (event.start, event.stop))
        panel.axvspan(start_h, stop_h, color=GRID, alpha=0.5, linewidth=0)
    _draw_day(panel, series, zone)
    key(panel, 4)


def _draw_forecast(panel: "Axes", forecast: DayForecast, edges: Array) -> None:
    band = panel.stairs(
        forecast.high, edges, baseline=forecast.low, fill=True, color=FORECAST, alpha=0.2, linewidth=0, label="5–95 %"
    )
    band.sticky_edges.y.clear()  # else the axis ends at the highest low
    panel.update_datalim(np.column_stack([edges[:-1], forecast.low]))
    panel.stairs(forecast.values, edges, baseline=None, color=FORECAST, linewidth=1.3, linestyle="--", label="forecast")


def _draw_errors(panel: "Axes", series: DaySeries, zone: ZoneInfo) -> None:
    grid = TimeGrid.between(series.grid.start, series.grid.stop, MINUTES_PER_HOUR)
    by_hour = _hourly_means(series.errors, grid.n_steps)
    panel.bar(np.arange(grid.n_steps) + 0.5, by_hour, width=0.8, color=ACTUAL)
    panel.axhline(0.0, color=INK, linewidth=0.8)
    what = QUANTITIES[series.variable]
    panel.set_title(f"{what}, {series.name}: mean error by hour, actual minus forecast")
    panel.set_ylabel(series.unit)
    label_hours(panel, series.grid, zone)


def _hourly_means(values: Array, n_hours: int) -> Array:
    """Mean of what is known of each hour, ``(n_hours,)``; NaN where nothing is."""
    by_hour = values.reshape(n_hours, -1)
    known = np.isfinite(by_hour)
    counts = known.sum(axis=1)
    sums = np.where(known, by_hour, 0.0).sum(axis=1)
    return np.divide(sums, counts, out=np.full(n_hours, np.nan), where=counts > 0)


def _draw_context(panel: "Axes", series: DaySeries, zone: ZoneInfo) -> None:
    grid = series.context_grid
    edges = edges_h(grid)
    day_start_h = (series.grid.start - grid.start) / timedelta(hours=1)
    panel.axvspan(day_start_h, edges[-1], color=GRID, alpha=0.5, linewidth=0)
    panel.stairs(series.context_values, edges, baseline=None, color=ACTUAL, linewidth=1.1)
    panel.set_title(f"{QUANTITIES[series.variable]}, {series.name}: the day (shaded) and the week before")
    panel.set_ylabel(series.unit)
    local = grid.index.tz_convert(zone)
    is_midnight = local.normalize() == local
    label_x(panel, edges[:-1][is_midnight], [f"{t:%a %d %b}" for t in local[is_midnight]], float(edges[-1]))
    for label in panel.get_xticklabels():
        label.set_horizontalalignment("left")  # a date names what follows its midnight
