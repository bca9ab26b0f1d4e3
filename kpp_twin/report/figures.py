"""Figures of a day as inline SVG: the same report gives the same bytes, and colours follow the page.

Colours are drawn as fixed values and then replaced by the page's variables, so that a figure turns dark with its page.
Actual values and forecast differ in line style as well as in colour (blue and orange of Okabe and Ito, safe for the
colour-blind).
"""

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.day_report import DayForecast, DayReport, DaySeries
from kpp_twin.records import Array
from kpp_twin.timegrid import TimeGrid
from kpp_twin.units import MINUTES_PER_HOUR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_IN = 9.0
PANEL_IN = 2.5
HOURS_BETWEEN_TICKS = 3
INK, GRID, ACTUAL, FORECAST = "#1b1f24", "#d5d9de", "#0072b2", "#d55e00"
PAGE_COLOURS: Mapping[str, str] = {INK: "--ink", GRID: "--line", ACTUAL: "--actual", FORECAST: "--forecast"}
QUANTITIES: Mapping[str, str] = {"price": "Day-ahead price", "load": "Site load", "weather": "Temperature"}
STYLE: Mapping[str, Any] = {
    "font.size": 8.5,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.linewidth": 0.6,
    "grid.color": GRID,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "text.parse_math": False,  # a series may be called $x
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
}

Draw = Callable[["Axes", DaySeries, ZoneInfo], None]


def day_figures(report: DayReport) -> dict[str, str]:
    """SVG texts by name: forecast of price and load, errors by hour, the days before; only what there is data for."""
    of = {
        variable: [s for s in report.series if s.variable == variable and (s.n_known or s.forecast)]
        for variable in QUANTITIES
    }
    scored = [s for s in report.series if s.n_scored]
    panels: dict[str, tuple[Sequence[DaySeries], Draw]] = {
        "price": (of["price"], _draw_day),
        "load": (of["load"], _draw_day),
        "errors": (scored, _draw_errors),
        "week": (report.series, _draw_context),
    }
    return {name: _figure(name, series, report.zone, draw) for name, (series, draw) in panels.items() if series}


def _figure(name: str, series: Sequence[DaySeries], zone: ZoneInfo, draw: Draw) -> str:
    """One panel per series, one under the other."""
    import matplotlib.style
    from matplotlib.figure import Figure

    with matplotlib.style.context(["default", {**STYLE, "svg.hashsalt": name}]):
        height = PANEL_IN * len(series) * (0.8 if len(series) > 2 else 1.0)
        figure = Figure(figsize=(WIDTH_IN, height), layout="constrained")
        panels = figure.subplots(len(series), 1, squeeze=False, sharex=True)[:, 0]
        for panel, item in zip(panels, series, strict=True):
            draw(panel, item, zone)
        panels[-1].set_xlabel(f"local time ({zone.key})")
        stream = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    return _inline(name, stream.getvalue())


def _inline(name: str, svg: str) -> str:
    """SVG to stand in a page among others: no prolog, ids of its own, the page's colours."""
    svg = svg[svg.index("<svg") :]
    for reference in ('id="', "url(#", 'href="#'):
        svg = svg.replace(reference, f"{reference}{name}-")
    for colour, variable in PAGE_COLOURS.items():
        svg = svg.replace(colour, f"var({variable}, {colour})")
    for namespace in ('xmlns:xlink="http://www.w3.org/1999/xlink"', 'xmlns="http://www.w3.org/2000/svg"'):
        svg = svg.replace(namespace, "")  # HTML knows them
    return svg.replace("<svg", f'<svg role="img" aria-labelledby="{name}-caption"', 1)


def _draw_day(panel: "Axes", series: DaySeries, zone: ZoneInfo) -> None:
    edges = _edges_h(series.grid)
    forecast = series.forecast
    if forecast:
        _draw_forecast(panel, forecast, edges)
    panel.stairs(series.values, edges, baseline=None, color=ACTUAL, linewidth=1.8, label="actual")
    issued = f", forecast of {forecast.issued_at.astimezone(zone):%d %b %H:%M}" if forecast else ", not forecast"
    panel.set_title(f"{QUANTITIES[series.variable]}, {series.name}{issued}")
    panel.set_ylabel(series.unit)
    _label_hours(panel, series.grid, zone)
    panel.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, borderaxespad=0.2, reverse=True)


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
    _label_hours(panel, series.grid, zone)


def _hourly_means(values: Array, n_hours: int) -> Array:
    """Mean of what is known of each hour, ``(n_hours,)``; NaN where nothing is."""
    by_hour = values.reshape(n_hours, -1)
    known = np.isfinite(by_hour)
    counts = known.sum(axis=1)
    sums = np.where(known, by_hour, 0.0).sum(axis=1)
    return np.divide(sums, counts, out=np.full(n_hours, np.nan), where=counts > 0)


def _draw_context(panel: "Axes", series: DaySeries, zone: ZoneInfo) -> None:
    grid = series.context_grid
    edges = _edges_h(grid)
    day_start_h = (series.grid.start - grid.start) / timedelta(hours=1)
    panel.axvspan(day_start_h, edges[-1], color=GRID, alpha=0.5, linewidth=0)
    panel.stairs(series.context_values, edges, baseline=None, color=ACTUAL, linewidth=1.1)
    panel.set_title(f"{QUANTITIES[series.variable]}, {series.name}: the day (shaded) and the week before")
    panel.set_ylabel(series.unit)
    local = grid.index.tz_convert(zone)
    is_midnight = local.normalize() == local
    _label_x(panel, edges[:-1][is_midnight], [f"{t:%a %d %b}" for t in local[is_midnight]], float(edges[-1]))
    for label in panel.get_xticklabels():
        label.set_horizontalalignment("left")  # a date names what follows its midnight


def _edges_h(grid: TimeGrid) -> Array:
    """Borders of the intervals, ``(n_steps + 1,)``, elapsed since the grid's start whatever the clocks do [h]."""
    return np.arange(grid.n_steps + 1, dtype=np.float64) * grid.step_minutes / MINUTES_PER_HOUR


def _label_hours(panel: "Axes", grid: TimeGrid, zone: ZoneInfo) -> None:
    """Every third full hour by the local clock, and the end of the day."""
    local = grid.index.tz_convert(zone)
    edges = _edges_h(grid)
    is_labelled = (local.minute == 0) & (local.hour % HOURS_BETWEEN_TICKS == 0)
    labels = [f"{t:%H:%M}" for t in local[is_labelled]]
    _label_x(panel, np.append(edges[:-1][is_labelled], edges[-1]), [*labels, "24:00"], float(edges[-1]))


def _label_x(panel: "Axes", positions: Array, labels: Sequence[str], stop: float) -> None:
    panel.set_xlim(0.0, stop)
    panel.set_xticks(positions, labels)
