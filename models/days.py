"""A series laid out by local day and time of day, with what is known of each day before it: one sample a day.

Days are the market's own. A skipped hour takes the value of the hour before it, a repeated one the mean of its passes,
so that every day has as many slots.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from kpp_twin.units import DAYS_PER_WEEK, Array

Int = npt.NDArray[np.int64]
EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Days since 1970-01-01, as day tables count them."""
    return (day - EPOCH).days


def date_of(number: int) -> date:
    """Day of a number; the other way round of `day_number`."""
    return EPOCH + timedelta(days=int(number))


def shifted(rows: Array, days: int) -> Array:
    """Rows of so many days before, NaN before the first, of one shape with `rows`."""
    moved = np.full(rows.shape, np.nan)
    moved[days:] = rows[: max(len(rows) - days, 0)]
    return moved


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTables:
    """What a day-ahead forecaster learns from: ``n_days`` days without a gap, oldest first; the last may be ahead.

    The forecast of a day is issued on the day before. Of the target, days that have ended by then are known, and the
    first `known_slots` of the day of the issue itself: all of them for a price, which is published a day ahead.

    Attributes
    ----------
    day
        Days since 1970-01-01, ``(n_days,)``.
    target
        What came, ``(n_days, n_slots)``; NaN where it is missing, or not known yet.
    exogenous
        Values for the day that are known at its issue, as a forecast of load or wind, ``(n_series, n_days, 24)``,
        hourly means; NaN where missing. May have no series.
    holiday
        Share of the market on holiday, ``(n_days,)``, 0 to 1.
    known_slots
        Slots of the day of the issue that are known at it, 0 to ``n_slots``.
    """

    day: Int
    target: Array
    exogenous: Array
    holiday: Array
    known_slots: int

    def rows(self, first: int, stop: int) -> "DayTables":
        """The days from index `first` to before `stop` alone."""
        return DayTables(
            day=self.day[first:stop],
            target=self.target[first:stop],
            exogenous=self.exogenous[:, first:stop],
            holiday=self.holiday[first:stop],
            known_slots=self.known_slots,
        )

    @property
    def n_days(self) -> int:
        """Number of days."""
        return len(self.day)

    @property
    def n_slots(self) -> int:
        """Slots of a day: 24 for hours, 96 for quarter-hours."""
        return self.target.shape[1]

    @property
    def lag(self) -> int:
        """How many days before a day the newest one lies that is wholly known at its issue: 1 or 2."""
        return 1 if self.known_slots == self.n_slots else 2

    @property
    def weekday(self) -> Int:
        """0 for Monday, ``(n_days,)``."""
        return (self.day + 3) % DAYS_PER_WEEK  # 1970 began on a Thursday
