"""How issued forecasts did against what came: scores by kind of day and hour, and against other forecasts.

Every interval counts once, also on days of 23 and 25 hours. An interval without an actual value or a forecast counts
nowhere; against another forecast, only intervals count of which it has one too.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from kpp_twin.timegrid import local_day_bounds
from kpp_twin.units import DAYS_PER_WEEK, HOURS_PER_DAY, Array
from models import scores
from models.days import date_of
from models.naive import same_time_earlier

BANDS = {"coverage_50": 0.5, "coverage_80": 0.8, "coverage_90": 0.9}
HOUR_BLOCKS = ((0, 6), (6, 12), (12, 18), (18, 24))  # night, morning, afternoon, evening; the last hour does not count
LEAST_LEVELS = 9  # fewer quantiles make no distribution
WEEKLY_NAIVE = "weekly naive"

Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """Forecasts as issued beside what came, by interval; NaN where there is none.

    Attributes
    ----------
    valid_from
        Starts of the intervals, rising, ``(n,)``. Those before the first forecast are for the weekly naive.
    actual, forecast
        ``(n,)``, in the unit of the target.
    quantiles, levels
        ``(n, n_levels)`` and ``(n_levels,)``, rising; may have no levels.
    references
        Other forecasts by name, ``(n,)`` each.
    """

    valid_from: pd.DatetimeIndex
    actual: Array
    forecast: Array
    quantiles: Array
    levels: Array
    references: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Scores over some intervals, in the unit of the target unless said; none where there is nothing to score.

    Attributes
    ----------
    rmae
        Mean absolute error over that of the weekly naive; without actual values from before the first forecast, the
        naive one's is without the first week, as in `models.scores.rmae`.
    bias
        Mean of actual minus forecast.
    crps
        Continuous ranked probability score, where the levels are even.
    coverage_50, coverage_80, coverage_90
        Share of actual values within the central band, where its bounds are among the levels.
    """

    n_days: int
    n_intervals: int
    mae: float | None
    rmae: float | None
    rmse: float | None
    bias: float | None
    crps: float | None
    coverage_50: float | None
    coverage_80: float | None
    coverage_90: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """The forecast against another one.

    Attributes
    ----------
    n_intervals
        Of which both have a forecast.
    mae_ratio
        Mean absolute error over that of the other.
    p_value
        One-sided, of the Diebold-Mariano test: small where the forecast is better. None with too few days.
    """

    n_intervals: int
    mae_ratio: float | None
    p_value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How the forecasts of a span did.

    Attributes
    ----------
    first_day, last_day
        Local days with an interval that was scored.
    days
        Scores by kind of day: all, ordinary, holidays, days on which the clock changes; only kinds that there were.
    hours
        Scores by block of hours, as in ``00-06``.
    against
        Comparisons by name of the other forecast.
    mae_by_hour, naive_mae_by_hour
        Of the forecast and of the weekly naive, by local hour, ``(24,)``, NaN where there is nothing.
    levels, below
        Levels of the quantiles and the share of actual values at or below each, ``(n_levels,)``: equal if honest.
    """

    first_day: date
    last_day: date
    days: Mapping[str, Scores]
    hours: Mapping[str, Scores]
    against: Mapping[str, Against]
    mae_by_hour: Array
    naive_mae_by_hour: Array
    levels: Array
    below: Array

    def as_json(self) -> dict[str, Any]:
        """All figures as plain values."""
        arrays = ("mae_by_hour", "naive_mae_by_hour", "levels", "below")
        plain = {name: [_known(value) for value in getattr(self, name)] for name in arrays}
        return asdict(self) | {"first_day": f"{self.first_day}", "last_day": f"{self.last_day}"} | plain


class NothingToScoreError(ValueError):
    """No interval has both a forecast and an actual value."""


def evaluate(issued: Issued, zone: ZoneInfo, holiday_share: Callable[[Int], Array] | None = None) -> Evaluation:
    """Score forecasts.

    Parameters
    ----------
    zone
        Clock of the market's days.
    holiday_share
        Share of the market on holiday, ``(n,)``, of days since 1970, ``(n,)``; a day counts as holiday from half on.

    Raises
    ------
    NothingToScoreError
        No interval has both a forecast and an actual value.
    """
    is_scored = np.isfinite(issued.actual) & np.isfinite(issued.forecast)
    if not is_scored.any():
        raise NothingToScoreError(
            f"none of {len(issued.actual)} intervals has both: {int(np.isfinite(issued.actual).sum())} have an actual "
            f"value, {int(np.isfinite(issued.forecast).sum())} a forecast"
        )
    others = {WEEKLY_NAIVE: weekly_naive(issued, zone), **issued.references}
    rows = _Rows(issued, others[WEEKLY_NAIVE], is_scored, zone)
    kinds = _kinds_of_day(np.unique(rows.day), zone, holiday_share)
    return Evaluation(
        first_day=date_of(rows.day[0]),
        last_day=date_of(rows.day[-1]),
        days={kind: rows.scores(np.isin(rows.day, days)) for kind, days in kinds.items() if len(days)},
        hours={
            f"{start:02}-{stop:02}": rows.scores((rows.hour >= start) & (rows.hour < stop))
            for start, stop in HOUR_BLOCKS
        },
        against={name: rows.against(values[is_scored]) for name, values in others.items()},
        mae_by_hour=rows.mae_by_hour(rows.forecast),
        naive_mae_by_hour=rows.mae_by_hour(rows.naive),
        levels=issued.levels,
        below=rows.below(),
    )


def weekly_naive(issued: Issued, zone: ZoneInfo) -> Array:
    """Actual value of the same local time a week before, ``(n,)``; NaN where it is not among the intervals."""
    position = issued.valid_from.get_indexer(same_time_earlier(issued.valid_from, DAYS_PER_WEEK, zone))
    return np.where(position >= 0, issued.actual[position], np.nan)


class _Rows:
    """The intervals that are scored."""

    def __init__(self, issued: Issued, naive: Array, is_scored: Bool, zone: ZoneInfo) -> None:
        local = issued.valid_from[is_scored].tz_convert(zone).tz_localize(None)
        self.day = local.to_numpy().astype("datetime64[D]").astype(np.int64)
        self.hour = local.hour.to_numpy()
        self.actual, self.forecast, self.naive = issued.actual[is_scored], issued.forecast[is_scored], naive[is_scored]
        self.quantiles, self.levels = issued.quantiles[is_scored], issued.levels

    def scores(self, rows: Bool) -> Scores:
        """Scores of some of the rows, ``(n,)``."""
        actual, forecast, naive, quantiles = (
            values[rows] for values in (self.actual, self.forecast, self.naive, self.quantiles)
        )
        return Scores(
            n_days=len(np.unique(self.day[rows])),
            n_intervals=int(rows.sum()),
            mae=_known(scores.mae(actual, forecast)),
            rmae=_ratio(scores.mae(actual, forecast), scores.mae(actual, naive)),
            rmse=_known(scores.rmse(actual, forecast)),
            bias=_known(float(np.mean(actual - forecast))) if len(actual) else None,
            crps=_known(scores.crps_from_quantiles(actual, quantiles, self.levels)) if self._are_even() else None,
            **{name: self._coverage(actual, quantiles, nominal) for name, nominal in BANDS.items()},
        )

    def against(self, other: Array) -> Against:
        """Compare with another forecast, ``(n,)``."""
        both = np.isfinite(other)
        return Against(
            n_intervals=int(both.sum()),
            mae_ratio=_ratio(
                scores.mae(self.actual[both], self.forecast[both]), scores.mae(self.actual[both], other[both])
            ),
            p_value=scores.diebold_mariano(
                self._by_day(np.where(both, self.actual - self.forecast, np.nan)), self._by_day(self.actual - other)
            ),
        )

    def mae_by_hour(self, forecast: Array) -> Array:
        """Mean absolute error by local hour, ``(24,)``."""
        of_hour = (self.hour == hour for hour in range(HOURS_PER_DAY))
        return np.array([scores.mae(self.actual[rows], forecast[rows]) for rows in of_hour])

    def below(self) -> Array:
        """Share of actual values at or below each quantile, ``(n_levels,)``."""
        known = np.isfinite(self.quantiles).all(axis=1)
        return (self.actual[known, None] <= self.quantiles[known]).sum(axis=0) / max(1, int(known.sum()))

    def _by_day(self, values: Array) -> Array:
        """Values in a row for each day, ``(n_days, most intervals of a day)``, NaN at the end of shorter ones."""
        _, first, day = np.unique(self.day, return_index=True, return_inverse=True)
        place = np.arange(len(day)) - first[day]
        table = np.full((len(first), int(place.max()) + 1), np.nan)
        table[day, place] = values
        return table

    def _are_even(self) -> bool:
        """Whether the levels are i/(n+1), as a distribution by its quantiles has them."""
        n_levels = len(self.levels)
        return n_levels >= LEAST_LEVELS and np.allclose(self.levels, np.arange(1, n_levels + 1) / (n_levels + 1))

    def _coverage(self, actual: Array, quantiles: Array, nominal: float) -> float | None:
        bounds = ((1 - nominal) / 2, (1 + nominal) / 2)
        if not all(np.isclose(self.levels, bound).any() for bound in bounds):
            return None
        return _known(scores.coverage(actual[:, None], quantiles[:, None], self.levels, nominal)[0])


def _kinds_of_day(days: Int, zone: ZoneInfo, holiday_share: Callable[[Int], Array] | None) -> dict[str, Int]:
    """Days since 1970 by kind; a holiday on which the clock changes is of both kinds."""
    bounds = [local_day_bounds(date_of(day), zone) for day in days]
    changes = np.array([stop - start != timedelta(days=1) for start, stop in bounds])
    is_holiday = np.zeros(len(days), dtype=bool) if holiday_share is None else holiday_share(days) >= 0.5
    return {
        "all": days,
        "ordinary": days[~changes & ~is_holiday],
        "holiday": days[is_holiday],
        "clock change": days[changes],
    }


def _ratio(error: float, of_other: float) -> float | None:
    """Error over that of another forecast, where there are both."""
    return _known(error / of_other) if of_other > 0 else None


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
