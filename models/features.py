"""What a forecaster may look at when it issues: lags, levels, calendar and temperature, all by when they were known.

Lags count local days on the wall clock: in a skipped hour the clock time just after it serves, in a repeated one its
first pass. A value counts only if it was known at the issue; where one is missing, the next older known one serves.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from kpp_twin.records import Array, Series
from kpp_twin.timegrid import utc
from kpp_twin.units import DAYS_PER_WEEK, HOURS_PER_DAY, MICROSECONDS_PER_HOUR, MINUTES_PER_HOUR

Int = npt.NDArray[np.int64]
LAG_DAYS = 28  # how far back lags and levels look
MIN_LEVEL_DAYS = 7  # known hours that a level needs, in days
DECAY_HOURS = (2.0, 8.0)  # how long the last known value tells something
REGIME_REACH = 5.0  # earlier values much farther off are of another regime [usual changes from day to day]
LEAST_CHANGE = 0.01  # of a flat series [scales of the level]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = np.iinfo(np.int64).max
MAD_TO_SIGMA = 1.4826  # of a normal distribution

LEVEL_NAMES = ("last_hour", "last_4_hours", "last_24_hours", "last_7_days")
LAG_NAMES = ("newest_same_time", "same_weekday", "mean_7_days", "mean_28_days")
NAMES = (
    *LAG_NAMES,
    *LEVEL_NAMES,
    *(f"last_hour_fading_{hours:g}h" for hours in DECAY_HOURS),
    "temperature_deviation",
    *(f"weekday_{day}" for day in range(DAYS_PER_WEEK)),
    *(f"hour_{hour}" for hour in range(HOURS_PER_DAY)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A series laid out for looking back.

    Attributes
    ----------
    values, known_us
        By interval, ``(n_steps,)``; `known_us` is `NEVER` where there is no value. [us since 1970, UTC]
    settled_us
        From when on this or a later interval is known, ``(n_steps,)``, rising.
    source
        Interval of each local day and clock time, ``(n_days * slots_per_day,)``; -1 outside the series.
    first_slot
        Number of the first of these clock times, counted from 1970.
    """

    start_us: int
    step_us: int
    values: Array
    known_us: Int
    settled_us: Int
    source: Int
    first_slot: int

    @property
    def slots_per_day(self) -> int:
        """Intervals of a day of 24 hours."""
        return HOURS_PER_DAY * MICROSECONDS_PER_HOUR // self.step_us


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What is known of ``n`` targets, each at its issue.

    Attributes
    ----------
    features
        ``(n, len(NAMES))``, NaN in a row of which too little is known.
    center, scale
        Median of the last 28 days and 1.4826 times the median distance from it, ``(n,)``; those of the last day where
        a series with regimes has changed to another.
    hour
        Of the target on the wall clock, ``(n,)``.
    lead_hours
        From the end of the last known interval to the target, never negative, ``(n,)``.
    """

    features: Array
    center: Array
    scale: Array
    hour: Int
    lead_hours: Array


def microseconds(moments: pd.DatetimeIndex) -> Int:
    """Instants as microseconds since 1970, UTC."""
    return moments.as_unit("us").asi8


def instant_us(moment: datetime) -> int:
    """Instant as microseconds since 1970, UTC."""
    return (utc(moment) - EPOCH) // timedelta(microseconds=1)


def _wall_us(moments: pd.DatetimeIndex, zone: ZoneInfo) -> Int:
    return moments.as_unit("us").tz_convert(zone).tz_localize(None).asi8


def known_of(series: Series, zone: ZoneInfo) -> Known:
    """Lay a series out on the wall clock of a zone."""
    step_us = series.grid.step_minutes * MICROSECONDS_PER_HOUR // MINUTES_PER_HOUR
    known_us = series.known_at.astype("datetime64[us]").astype(np.int64)
    known_us[np.isnat(series.known_at) | ~np.isfinite(series.values)] = NEVER
    slot = _wall_us(series.grid.index, zone) // step_us
    first = int(slot.min()) if len(slot) else 0
    n_slots = int(slot.max()) - first + 1 if len(slot) else 0
    none = len(slot)
    source = np.full(n_slots, none)
    source[slot[::-1] - first] = np.arange(none)[::-1]  # the first pass of a repeated hour is written last
    source = np.minimum.accumulate(source[::-1])[::-1]  # a skipped hour takes what comes just after it
    settled = np.minimum.accumulate(known_us[::-1])[::-1]
    start_us = instant_us(series.grid.start)
    return Known(
        start_us=start_us,
        step_us=step_us,
        values=series.values,
        known_us=known_us,
        settled_us=settled,
        source=source,
        first_slot=first,
    )


def inputs(
    known: Known,
    targets: pd.DatetimeIndex,
    issues_us: Int,
    zone: ZoneInfo,
    temperature: Known | None = None,
) -> Inputs:
    """Look at each target as it stood at its issue.

    Parameters
    ----------
    targets, issues_us
        Interval starts and the instants of their issue, ``(n,)`` each.
    temperature
        A measured series; its newest known day against the week before. Without any it counts as no deviation.
    """
    wall = _wall_us(targets, zone)
    hour = wall // MICROSECONDS_PER_HOUR % HOURS_PER_DAY
    weekday = (wall // (HOURS_PER_DAY * MICROSECONDS_PER_HOUR) + 3) % DAYS_PER_WEEK  # 1970 began on a Thursday
    issues, row = np.unique(issues_us, return_inverse=True)
    recent, newest = _recent_hours(known, issues)
    center, scale, reach = _level_of_regime(recent, *_level(recent))
    levels = _levels(recent, center[:, None], scale[:, None], reach[:, None])
    newest_end_us = known.start_us + (newest + 1) * known.step_us
    lead_hours = np.maximum(microseconds(targets) - newest_end_us[row], 0) / MICROSECONDS_PER_HOUR
    same_time = _same_time(known, wall // known.step_us, issues_us)
    lags = _lags(same_time, center[row, None], scale[row, None], reach[row, None])
    fading = [(levels[row, 0] - lags[:, 0]) * np.exp(-lead_hours / hours) for hours in DECAY_HOURS]
    deviation = np.zeros(len(issues)) if temperature is None else _deviation(temperature, issues)
    features = np.column_stack(
        [
            lags,
            levels[row],
            *fading,
            deviation[row],
            np.eye(DAYS_PER_WEEK)[weekday],
            np.eye(HOURS_PER_DAY)[hour],
        ]
    )
    return Inputs(features=features, center=center[row], scale=scale[row], hour=hour, lead_hours=lead_hours)


def _bounded(values: Array, center: Array, scale: Array) -> Array:
    return np.arcsinh((values - center) / scale)


def _nearness(values: Array, center: Array, reach: Array) -> Array:
    """Weight of each value: 1 at the center, next to nothing at three times the reach."""
    return np.exp(-0.5 * ((values - center) / reach) ** 2)


def _recent_hours(known: Known, issues: Int) -> tuple[Array, Int]:
    """One value per hour back from the newest known interval, ``(n_issues, 28 * 24)``, and its number or -1."""
    newest = np.searchsorted(known.settled_us, issues, side="right") - 1
    per_hour = max(1, known.slots_per_day // HOURS_PER_DAY)
    position = newest[:, None] - per_hour * np.arange(LAG_DAYS * HOURS_PER_DAY)
    return _taken(known, position, issues[:, None]), newest


def _taken(known: Known, position: Int, issues: Int) -> Array:
    """Values at the positions, NaN where there is none or it was not known at the issue."""
    if not len(known.values):
        return np.full(position.shape, np.nan)
    inside = (position >= 0) & (position < len(known.values))
    at = np.where(inside, position, 0)
    return np.where(inside & (known.known_us[at] <= issues), known.values[at], np.nan)


def _level(recent: Array) -> tuple[Array, Array]:
    """Median and scaled median distance of each row; NaN where less than a week is known."""
    enough = np.isfinite(recent).sum(axis=1) >= MIN_LEVEL_DAYS * HOURS_PER_DAY
    center = np.where(enough, _median(recent), np.nan)
    distance = np.abs(recent - center[:, None])
    scale = MAD_TO_SIGMA * _median(distance)
    scale = np.where(scale > 0, scale, mean_of(distance))
    return center, np.where(scale > 0, scale, np.where(enough, 1.0, np.nan))


def _level_of_regime(recent: Array, center: Array, scale: Array) -> tuple[Array, Array, Array]:
    """Center and scale that follow a change of regime within a day, and the reach of the regime, by issue.

    The last day counts alone where its median lies far from that of the four weeks. Far is told by the usual change
    from day to day, over the four weeks or the last day, whichever is less: after a quiet day the old level is past.
    """
    day = recent[:, :HOURS_PER_DAY]
    change = np.abs(recent[:, :-HOURS_PER_DAY] - recent[:, HOURS_PER_DAY:])
    usual = MAD_TO_SIGMA * np.fmin(_median(change), _median(change[:, :HOURS_PER_DAY]))
    usual = np.where(np.isfinite(usual), np.clip(usual, LEAST_CHANGE * scale, scale), scale)
    reach = REGIME_REACH * usual
    newest = _median(day)
    newest_scale = MAD_TO_SIGMA * _median(np.abs(day - newest[:, None]))
    kept = _nearness(center, newest, reach)
    moved_scale = np.clip(newest_scale, usual, scale)
    return newest + kept * (center - newest), moved_scale + kept * (scale - moved_scale), reach


def _median(rows: Array) -> Array:
    """Median of the finite values of each row; NaN without any."""
    in_order = np.sort(rows, axis=1)  # NaN comes last
    count = np.isfinite(rows).sum(axis=1)
    row = np.arange(len(rows))
    middle = in_order[row, np.maximum(count - 1, 0) // 2] + in_order[row, np.minimum(count // 2, rows.shape[1] - 1)]
    return np.where(count > 0, middle / 2, np.nan)


def mean_of(rows: Array) -> Array:
    """Mean of the finite values of each row; NaN without any."""
    finite = np.isfinite(rows)
    count = finite.sum(axis=1)
    return np.where(count > 0, np.where(finite, rows, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)


def _levels(recent: Array, center: Array, scale: Array, reach: Array) -> Array:
    """Means of the last hours and days, in the order of `LEVEL_NAMES`; hours count wherever they lie."""
    hours = _bounded(recent, center, scale)
    near = hours * _nearness(recent, center, reach)
    week = DAYS_PER_WEEK * HOURS_PER_DAY
    return np.column_stack(
        [hours[:, 0], mean_of(hours[:, :4]), mean_of(near[:, :HOURS_PER_DAY]), mean_of(near[:, :week])]
    )


def _same_time(known: Known, slot: Int, issues: Int) -> Array:
    """Values of the same clock time on each of the days before, the newest first, ``(n, 28)``."""
    at = slot[:, None] - known.first_slot - known.slots_per_day * np.arange(1, LAG_DAYS + 1)
    inside = (at >= 0) & (at < len(known.source))
    position = known.source[np.where(inside, at, 0)] if len(known.source) else at
    return _taken(known, np.where(inside, position, -1), issues[:, None])


def _lags(same_time: Array, center: Array, scale: Array, reach: Array) -> Array:
    """The newest, the weekly and the mean values, in the order of `LAG_NAMES`; the newest counts wherever it lies."""
    days = _bounded(same_time, center, scale)
    near = days * _nearness(same_time, center, reach)
    month = mean_of(near)
    week = mean_of(near[:, :DAYS_PER_WEEK])
    return np.column_stack(
        [
            _first(days),
            _first(near[:, DAYS_PER_WEEK - 1 :: DAYS_PER_WEEK]),
            np.where(np.isfinite(week), week, month),
            month,
        ]
    )


def _first(rows: Array) -> Array:
    """First finite value of each row; NaN without any."""
    return rows[np.arange(len(rows)), np.argmax(np.isfinite(rows), axis=1)]


def _deviation(temperature: Known, issues: Int) -> Array:
    """Mean of the newest known 24 hours less that of the week, 0 where nothing is known of the two days before."""
    recent, newest = _recent_hours(temperature, issues)
    age_us = issues - (temperature.start_us + newest * temperature.step_us)
    day = mean_of(recent[:, :HOURS_PER_DAY])
    deviation = day - mean_of(recent[:, : DAYS_PER_WEEK * HOURS_PER_DAY])
    fresh = (newest >= 0) & (age_us <= 2 * HOURS_PER_DAY * MICROSECONDS_PER_HOUR) & np.isfinite(deviation)
    return np.where(fresh, deviation, 0.0)
