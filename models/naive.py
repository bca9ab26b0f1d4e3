"""Daily and weekly naive forecasts: the value of the same local time on an earlier day.

Of the two, the one with the lower mean absolute error over the days before the issue serves; its errors of those days
give the quantiles. Both are judged as they would have been issued: with what was known then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from kpp_twin.records import Array, Series
from kpp_twin.timegrid import TimeGrid, utc
from kpp_twin.units import HOURS_PER_DAY
from models.days import DayTables, Int
from models.errors import TooLittleHistoryError

LEVELS = np.arange(1, 100) / 100

# Days back that each forecaster tries in turn, until a value is found that was known at issue.
LAGS: Mapping[str, tuple[int, ...]] = {
    "naive_daily": tuple(range(1, 29)),
    "naive_weekly": (7, 14, 21, 28),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """How the candidates did over the window: mean absolute errors, and the errors themselves.

    ``errors[method]`` is ``(n_days * n_steps,)``, actual minus forecast, NaN where either is missing;
    ``local_hour`` of the same shape.
    """

    window_start: datetime
    window_end: datetime
    scores: Mapping[str, float]
    errors: Mapping[str, Array]
    local_hour: npt.NDArray[np.int64]

    @property
    def best(self) -> str:
        """Method with the lowest error; the first of equals."""
        return min(self.scores, key=lambda method: self.scores[method])


def same_time_earlier(targets: pd.DatetimeIndex, days: int | npt.NDArray[np.int64], zone: ZoneInfo) -> pd.DatetimeIndex:
    """Instants at the same local wall-clock time some days before.

    In a skipped hour the clock time just after it, in a repeated one its first pass.
    """
    naive = targets.tz_convert(zone).tz_localize(None) - pd.to_timedelta(days, unit="D")
    first_pass = np.ones(len(naive), dtype=bool)
    local = naive.tz_localize(zone, ambiguous=first_pass, nonexistent=timedelta(hours=1))
    return local.tz_convert("UTC")


def point_forecast(
    series: Series, targets: pd.DatetimeIndex, issued_at: npt.NDArray[np.datetime64], method: str, zone: ZoneInfo
) -> Array:
    """Naive value of each target, ``(n,)``; NaN where no value was known at its issue.

    Parameters
    ----------
    issued_at
        When the forecast of each target was made, ``(n,)``, UTC without zone.
    """
    values = np.full(len(targets), np.nan)
    for days in LAGS[method]:
        open_ = np.flatnonzero(np.isnan(values))
        if not len(open_):
            break
        position = series.grid.positions(same_time_earlier(targets[open_], days, zone))
        usable = (position >= 0) & (series.known_at[position] <= issued_at[open_])
        values[open_[usable]] = series.values[position[usable]]
    return values


def judge(series: Series, *, issued_at: datetime, horizon: TimeGrid, days: int, zone: ZoneInfo) -> Judged:
    """Score both candidates on the same horizon, issued at the same local time, on each of the days before."""
    targets, issues = past_issues(issued_at, horizon, days, zone)
    position = series.grid.positions(targets)
    known = (position >= 0) & (series.known_at[position] <= _instant(issued_at))
    actual = np.where(known, series.values[position], np.nan)
    errors = {method: actual - point_forecast(series, targets, issues, method, zone) for method in LAGS}
    common = np.all([np.isfinite(e) for e in errors.values()], axis=0)
    if not common.any():
        have = int(np.isfinite(series.values).sum())
        raise TooLittleHistoryError(
            f"{series.variable} {series.name} has {have} known intervals; judging needs more than a week of them"
        )
    return Judged(
        window_start=targets[0].to_pydatetime(),
        window_end=targets[-1].to_pydatetime() + timedelta(minutes=horizon.step_minutes),
        scores={method: float(np.mean(np.abs(e[common]))) for method, e in errors.items()},
        errors=errors,
        local_hour=targets.tz_convert(zone).hour.to_numpy(np.int64),
    )


def past_issues(
    issued_at: datetime, horizon: TimeGrid, days: int, zone: ZoneInfo
) -> tuple[pd.DatetimeIndex, npt.NDArray[np.datetime64]]:
    """Targets and issue times of the same forecast on each of the days before, oldest first."""
    back = np.arange(days, 0, -1)
    n_steps = horizon.n_steps
    every_day = horizon.index[np.tile(np.arange(n_steps), days)]
    issue = pd.DatetimeIndex([issued_at]).as_unit("us").repeat(days)
    targets = same_time_earlier(every_day, np.repeat(back, n_steps), zone)
    issues = same_time_earlier(issue, back, zone).tz_localize(None).to_numpy()
    return targets, np.repeat(issues, n_steps)


def _instant(moment: datetime) -> np.datetime64:
    return np.datetime64(utc(moment).replace(tzinfo=None), "us")


def forecast(
    series: Series,
    judged: Judged,
    *,
    method: str,
    issued_at: datetime,
    horizon: TimeGrid,
    zone: ZoneInfo,
) -> tuple[Array, Array]:
    """Point forecast ``(n_steps,)`` and quantiles ``(n_steps, 99)``, rising along the second axis.

    A quantile is the point plus that quantile of the method's errors at the same local hour over the judged days.

    Raises
    ------
    TooLittleHistoryError
        Some interval has no earlier value.
    """
    targets = horizon.index
    issue = _instant(issued_at)
    values = point_forecast(series, targets, np.repeat(issue, len(targets)), method, zone)
    if np.isnan(values).any():
        first = targets[int(np.flatnonzero(np.isnan(values))[0])]
        raise TooLittleHistoryError(
            f"{series.variable} {series.name}: no value known for {int(np.isnan(values).sum())} of {len(values)} "
            f"intervals from {first:%Y-%m-%dT%H:%MZ} on any of the {len(LAGS[method])} earlier days"
        )
    table = error_table(judged.errors[method], judged.local_hour)
    return values, values[:, None] + table[targets.tz_convert(zone).hour]


def error_table(errors: Array, hour: npt.NDArray[np.int64]) -> Array:
    """Quantiles of the errors by local hour, ``(24, 99)``; an hour without errors takes those of all hours."""
    finite = np.isfinite(errors)
    table = np.zeros((HOURS_PER_DAY, len(LEVELS)))
    for row in range(HOURS_PER_DAY):
        of_hour = errors[finite & (hour == row)]
        table[row] = np.quantile(of_hour if len(of_hour) else errors[finite], LEVELS)
    return table


def on_days(tables: DayTables, rows: Int, method: str) -> Array:
    """Naive value of some days of day tables, ``(len(rows), n_slots)``; NaN where no value was known at the issue."""
    values = np.full((len(rows), tables.n_slots), np.nan)
    is_early = np.arange(tables.n_slots) < tables.known_slots  # known of the day of the issue
    for days in LAGS[method]:
        earlier = np.where((rows >= days)[:, None], tables.target[np.maximum(rows - days, 0)], np.nan)
        usable = earlier if days >= tables.lag else np.where(is_early, earlier, np.nan)
        values = np.where(np.isnan(values), usable, values)
    return values
