"""UTC half-open intervals labelled by their start, and local days of 23, 24 or 25 hours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from kpp_twin.units import Array as Array


def utc(moment: datetime) -> datetime:
    """Return the instant in UTC; a naive one is refused, since its zone would be a guess."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; write it with one, as in 2021-10-14T06:00Z")
    in_utc = moment.astimezone(UTC)
    return datetime.combine(in_utc.date(), in_utc.time(), tzinfo=UTC)  # a plain one, whatever subclass came in


def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    """First instant of a local calendar day, in UTC."""
    return datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)


def local_day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Half-open UTC bounds of a local day; 23, 24 or 25 hours apart where clocks change by an hour."""
    return local_midnight(day, zone), local_midnight(day + timedelta(days=1), zone)


def hour_label(moment: datetime) -> str:
    """Short, sortable UTC label, as in ``2021-10-14T06:15Z``."""
    return f"{utc(moment):%Y-%m-%dT%H:%MZ}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeGrid:
    """Consecutive intervals of one length; ``start`` is UTC."""

    start: datetime
    step_minutes: int
    n_steps: int

    def __post_init__(self) -> None:
        if self.start.tzinfo is not UTC:
            object.__setattr__(self, "start", utc(self.start))
        if self.step_minutes <= 0 or self.n_steps < 0:
            raise ValueError(f"{self.step_minutes=} must be positive and {self.n_steps=} not negative")

    @classmethod
    def between(cls, start: datetime, stop: datetime, step_minutes: int) -> "TimeGrid":
        """Return the grid that fills ``[start, stop)`` exactly."""
        steps, rest = divmod(stop - start, timedelta(minutes=step_minutes))
        if rest:
            raise ValueError(f"{start} to {stop} is not a whole number of {step_minutes}-minute steps")
        return cls(start=start, step_minutes=step_minutes, n_steps=steps)

    @classmethod
    def local_day(cls, day: date, zone: ZoneInfo, step_minutes: int) -> "TimeGrid":
        """Return the grid of a local calendar day: 92, 96 or 100 quarter-hours, say."""
        return cls.between(*local_day_bounds(day, zone), step_minutes)

    @property
    def stop(self) -> datetime:
        """First instant after the grid."""
        return self.start + timedelta(minutes=self.step_minutes * self.n_steps)

    @property
    def index(self) -> pd.DatetimeIndex:
        """Interval starts in UTC, ``(n_steps,)``."""
        return pd.date_range(self.start, periods=self.n_steps, freq=f"{self.step_minutes}min", unit="us")

    def positions(self, moments: pd.DatetimeIndex) -> npt.NDArray[np.int64]:
        """Step number of each instant; -1 where it is outside the grid or not an interval start."""
        start_us = (self.start - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
        offset_us = moments.as_unit("us").asi8 - start_us
        step, rest = np.divmod(offset_us, self.step_minutes * 60_000_000)
        inside = (rest == 0) & (step >= 0) & (step < self.n_steps)
        return np.where(inside, step, -1)


def hourly_slots(after: datetime, until: datetime, minute: int) -> Iterator[datetime]:
    """Instants ``HH:minute`` UTC in ``(after, until]``, in order."""
    slot = utc(after).replace(minute=minute, second=0, microsecond=0)
    while slot <= until:
        if slot > after:
            yield slot
        slot += timedelta(hours=1)


def daily_slots(after: datetime, until: datetime, at: time, zone: ZoneInfo) -> Iterator[datetime]:
    """Instants at local wall-clock time ``at`` in ``(after, until]``, in UTC and in order."""
    day = after.astimezone(zone).date()
    while (slot := datetime.combine(day, at, tzinfo=zone).astimezone(UTC)) <= until:
        if slot > after:
            yield slot
        day += timedelta(days=1)


def fill_variable_blocks(positions: Sequence[int], values: Sequence[float], n_steps: int) -> npt.NDArray[np.float64]:
    """Expand an IEC 62325 series of curve type A03 to one value per position, ``(n_steps,)``.

    Positions count from 1; a missing one repeats the value before it.
    """
    if list(positions) != sorted(set(positions)) or not positions or positions[0] != 1 or positions[-1] > n_steps:
        raise ValueError(f"positions must rise from 1 to at most {n_steps}; got {list(positions)}")
    lengths = np.diff([*positions, n_steps + 1])
    return np.repeat(np.asarray(values, dtype=np.float64), lengths)
