"""Series as day tables: the target and what is known ahead of each day, on the market's wall clock."""

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from kpp_twin.records import Array, Series
from kpp_twin.timegrid import TimeGrid
from kpp_twin.units import HOURS_PER_DAY, MICROSECONDS_PER_HOUR, MINUTES_PER_HOUR
from models.days import DayTables, Int, day_number
from models.features import instant_us

REGULAR_DAYS = 14  # of as many days the best known tells how much is known at an issue; outages are shorter
NEVER = np.iinfo(np.int64).max
DAY_US = HOURS_PER_DAY * MICROSECONDS_PER_HOUR
HOUR = timedelta(hours=1)


def day_tables(
    series: Series,
    *,
    issued_at: datetime,
    issue_time: time,
    zone: ZoneInfo,
    holiday_share: Callable[[Int], Array],
    exogenous: Sequence[Series] = (),
    measured: Sequence[Series] = (),
) -> DayTables:
    """Days from the first whole one of a series to the day after the issue, as they are known at the issue.

    Parameters
    ----------
    issue_time
        Local time at which a day ahead is forecast each day; how much is known of the day of an issue follows from it.
    holiday_share
        Share of the market on holiday, ``(n,)``, of days since 1970, ``(n,)``.
    exogenous
        Series that are known a day ahead.
    measured
        Series that are known when they are over, as a temperature. Of each hour the newest value that is known at the
        issue stands for the day ahead.
    """
    first = series.grid.start.astimezone(zone).date() + timedelta(days=1)
    tomorrow = issued_at.astimezone(zone).date() + timedelta(days=1)
    day = np.arange(day_number(first), day_number(tomorrow) + 1)
    issued_us = instant_us(issued_at)
    target, known_us = by_slot(series, day, zone)
    tables = [_exogenous(item, day, zone, issued_us) for item in exogenous]
    tables += [_newest(item, day, zone, issued_us, issue_time) for item in measured]
    return DayTables(
        day=day,
        target=np.where(known_us <= issued_us, target, np.nan),
        exogenous=np.array(tables).reshape(len(tables), len(day), HOURS_PER_DAY),
        holiday=holiday_share(day),
        known_slots=_known_slots(known_us, day, issue_time, zone),
    )


def _exogenous(series: Series, day: Int, zone: ZoneInfo, issued_us: int) -> Array:
    """Hourly means as far as they are known, ``(n_days, 24)``."""
    values, known_us = by_slot(series, day, zone)
    return _hourly(np.where(known_us <= issued_us, values, np.nan))


def _newest(series: Series, day: Int, zone: ZoneInfo, issued_us: int, issue_time: time) -> Array:
    """Hourly means of the day of each issue as far as they are known at it, and of the day before, ``(n_days, 24)``."""
    values, known_us = by_slot(series, day, zone)
    hourly = _hourly(np.where(known_us <= issued_us, values, np.nan))
    known_hours = _known_slots(known_us, day, issue_time, zone) * HOURS_PER_DAY // values.shape[1]
    newest = np.full(hourly.shape, np.nan)
    newest[1:, :known_hours] = hourly[:-1, :known_hours]
    newest[2:, known_hours:] = hourly[:-2, known_hours:]
    return newest


def by_slot(series: Series, day: Int, zone: ZoneInfo) -> tuple[Array, Int]:
    """Values by local day and slot, and when they were known, ``(n_days, n_slots)``; NaN and never where there is none.

    A skipped hour has the value just before it, a repeated one the mean of its passes. [us since 1970, UTC]
    """
    step_us = series.grid.step_minutes * MICROSECONDS_PER_HOUR // MINUTES_PER_HOUR
    n_slots = DAY_US // step_us
    cell = slots_of(series.grid.index, zone, step_us) - day[0] * n_slots
    is_inside = (cell >= 0) & (cell < day.size * n_slots) & np.isfinite(series.values) & ~np.isnat(series.known_at)
    cell, values = cell[is_inside], series.values[is_inside]
    total = np.bincount(cell, weights=values, minlength=day.size * n_slots)
    count = np.bincount(cell, minlength=day.size * n_slots)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    known_us = np.full(mean.shape, NEVER)
    known_us[cell] = series.known_at[is_inside].astype("datetime64[us]").astype(np.int64)  # of the last pass
    for source, slots in _skipped(day, n_slots, zone):
        mean[slots], known_us[slots] = mean[source], known_us[source]
    return mean.reshape(-1, n_slots), known_us.reshape(-1, n_slots)


def slots_of(moments: pd.DatetimeIndex, zone: ZoneInfo, step_us: int) -> Int:
    """Number of the local slot of each instant, counted from 1970-01-01 on the wall clock."""
    return moments.tz_convert(zone).tz_localize(None).as_unit("us").asi8 // step_us


def slots_within(horizon: TimeGrid, zone: ZoneInfo, day: int) -> Int:
    """Slot of each interval counted from a day's first, ``(n_steps,)``; outside of the day it is no slot of it."""
    step_us = horizon.step_minutes * MICROSECONDS_PER_HOUR // MINUTES_PER_HOUR
    return slots_of(horizon.index, zone, step_us) - day * (DAY_US // step_us)


def _skipped(day: Int, n_slots: int, zone: ZoneInfo) -> list[tuple[int, npt.NDArray[np.int64]]]:
    """Slots that the clock skips on each short day, counted from the first day, and the slot before them."""
    midnights = _instants(np.append(day, day[-1] + 1) * n_slots, n_slots, zone)
    found = []
    for row in np.flatnonzero(np.diff(midnights) < DAY_US):
        slots = np.arange(row * n_slots, (row + 1) * n_slots)
        gone = slots[_instants(day[0] * n_slots + slots, n_slots, zone) < 0]
        if len(gone) and gone[0] > 0:
            found.append((int(gone[0]) - 1, gone))
    return found


def _instants(slots: Int, n_slots: int, zone: ZoneInfo) -> Int:
    """First instant of each local slot; negative where the clock skips it. [us since 1970, UTC]"""
    wall = pd.DatetimeIndex((slots * (DAY_US // n_slots)).astype("datetime64[us]"))
    return wall.tz_localize(zone, ambiguous=np.ones(len(wall), dtype=bool), nonexistent="NaT").asi8


def _known_slots(known_us: Int, day: Int, issue_time: time, zone: ZoneInfo) -> int:
    """Leading slots of the day of an issue that are known at it, on the best of the last days."""
    rows = slice(max(0, len(day) - 1 - REGULAR_DAYS), len(day) - 1)
    wall = (day[rows] * DAY_US).astype("datetime64[us]") + np.timedelta64(
        issue_time.hour * MINUTES_PER_HOUR + issue_time.minute, "m"
    )
    issue_us = pd.DatetimeIndex(wall).tz_localize(zone, ambiguous=np.ones(len(wall), dtype=bool), nonexistent=HOUR).asi8
    is_known = known_us[rows] <= issue_us[:, None]
    return int(np.cumprod(is_known, axis=1).sum(axis=1).max(initial=0))


def _hourly(values: Array) -> Array:
    """Means of the hours of each day, ``(n_days, 24)``; NaN where an hour has no value."""
    parts = values.reshape(len(values), HOURS_PER_DAY, -1)
    finite = np.isfinite(parts)
    count = finite.sum(axis=2)
    return np.where(count > 0, np.where(finite, parts, 0.0).sum(axis=2) / np.maximum(count, 1), np.nan)
