"""An evaluation of forecasts as a figure: what came beside what was forecast, errors by hour, and calibration."""

from functools import partial
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.report.canvas import ACTUAL, FORECAST, INK, SERIES, key, label_x, render
from kpp_twin.units import HOURS_PER_DAY
from models.evaluation import WEEKLY_NAIVE, Evaluation, Issued

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN_DAYS = 14  # more could not be told apart
DAYS_BETWEEN_TICKS = 2
HOURS_BETWEEN_TICKS = 6
BAND = (0.05, 0.95)


def image_of(issued: Issued, evaluation: Evaluation, zone: ZoneInfo, title: str, form: Literal["svg", "png"]) -> bytes:
    """Image of the last days of a span, by the clock of the market, and of the scores of all of it."""
    panels = (partial(_draw_days, issued=issued, zone=zone), partial(_draw_scores, evaluation=evaluation))
    return render("evaluation", panels, "", form=form, title=title)


def _draw_days(panel: "Axes", issued: Issued, zone: ZoneInfo) -> None:
    """The last days with a forecast, with its 90 % band."""
    local = issued.valid_from.tz_convert(zone).tz_localize(None)
    last = local[np.isfinite(issued.forecast)][-1].normalize()
    first = last - np.timedelta64(SHOWN_DAYS - 1, "D")
    is_shown = (local >= first) & (local < last + np.timedelta64(1, "D"))
    at_days = ((local[is_shown] - first) / np.timedelta64(1, "D")).to_numpy()
    bounds = [np.flatnonzero(np.isclose(issued.levels, level)) for level in BAND]
    if all(len(found) for found in bounds):
        low, high = (issued.quantiles[is_shown, found[0]] for found in bounds)
        panel.fill_between(at_days, low, high, step="post", color=FORECAST, alpha=0.2, linewidth=0, label="5–95 %")
    panel.step(at_days, issued.forecast[is_shown], "--", where="post", color=FORECAST, linewidth=1.1, label="forecast")
    panel.step(at_days, issued.actual[is_shown], where="post", color=ACTUAL, linewidth=1.3, label="actual")
    panel.set_title(f"The last {SHOWN_DAYS} days")
    days = np.arange(0, SHOWN_DAYS, DAYS_BETWEEN_TICKS)
    label_x(panel, days.astype(float), [f"{first + np.timedelta64(day, 'D'):%d %b}" for day in days], SHOWN_DAYS)
    panel.tick_params(labelbottom=True)  # the panel below has other axes
    key(panel)


def _draw_scores(panel: "Axes", evaluation: Evaluation) -> None:
    """Two axes in the place of one, since they share none of theirs."""
    panel.set_axis_off()
    by_hour, by_level = (panel.inset_axes((left, 0.0, width, 1.0)) for left, width in ((0.0, 0.56), (0.66, 0.34)))
    edges = np.arange(HOURS_PER_DAY + 1)
    by_hour.stairs(evaluation.mae_by_hour, edges, color=ACTUAL, fill=True, alpha=0.6, label="forecast")
    by_hour.stairs(evaluation.naive_mae_by_hour, edges, color=INK, linestyle=":", label=WEEKLY_NAIVE)
    by_hour.set_title("Mean absolute error")
    by_hour.set_xlabel("local hour")
    hours = edges[::HOURS_BETWEEN_TICKS]
    label_x(by_hour, hours.astype(float), [f"{hour:02}:00" for hour in hours], HOURS_PER_DAY)
    key(by_hour)
    _draw_calibration(by_level, evaluation)


def _draw_calibration(panel: "Axes", evaluation: Evaluation) -> None:
    """Histogram of where in its distribution each actual value came (PIT): flat if it is honest."""
    panel.set_title("Calibration")
    panel.set_xlabel("level of the actual value")
    if not len(evaluation.levels):
        panel.text(0.5, 0.5, "no quantiles", horizontalalignment="center", transform=panel.transAxes)
        return
    edges = np.concatenate([[0.0], evaluation.levels, [1.0]])
    share = np.diff(np.concatenate([[0.0], evaluation.below, [1.0]]))
    panel.stairs(share / np.diff(edges), edges, color=SERIES[2], fill=True, alpha=0.6)
    panel.axhline(1.0, color=INK, linestyle=":")
    panel.set_ylabel("frequency over expected")
    panel.set_xlim(0.0, 1.0)
