"""Frozen records of what the report of one market-local day says; the store fills them, the report draws them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.day_operation import DayOperation, ServingLine
from kpp_twin.records import Array
from kpp_twin.timegrid import TimeGrid, local_day_bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How the candidates did over the days before, and which of them serves.

    Attributes
    ----------
    scores
        Mean absolute error by method, in the unit of the series.
    relative_error
        That of the one that serves over that of the better naive; none if it was not judged so. [fraction]
    """

    method: str
    scores: Mapping[str, float]
    window_start: datetime
    window_end: datetime
    relative_error: float | None = None

    @property
    def days(self) -> int:
        """Length of the window, rounded over a change of clocks [d]."""
        return round((self.window_end - self.window_start) / timedelta(days=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class DayForecast:
    """The day-ahead forecast of a series; all arrays ``(n_steps,)`` of the day, NaN where nothing was forecast.

    Attributes
    ----------
    low, high
        Quantiles at 5 % and 95 %.
    """

    issued_at: datetime
    values: Array
    low: Array
    high: Array
    judgement: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySeries:
    """One series on the day, and on the days before it for context.

    Attributes
    ----------
    values
        ``(grid.n_steps,)``, NaN where nothing is known.
    known_from, known_until
        When the first and the last known value of the day could first have been known; none without any.
    context_values
        ``(context_grid.n_steps,)``; the context ends with the day itself.
    """

    variable: str
    name: str
    unit: str
    grid: TimeGrid
    values: Array
    known_from: datetime | None
    known_until: datetime | None
    context_grid: TimeGrid
    context_values: Array
    forecast: DayForecast | None

    @property
    def n_known(self) -> int:
        """Intervals of the day with a value."""
        return int(np.isfinite(self.values).sum())

    @property
    def errors(self) -> Array:
        """Actual minus forecast, ``(grid.n_steps,)``; NaN where either is missing."""
        return self.values - self.forecast.values if self.forecast else np.full(self.grid.n_steps, np.nan)

    @property
    def n_scored(self) -> int:
        """Intervals with both an actual value and a forecast."""
        return int(np.isfinite(self.errors).sum())

    @property
    def mean_absolute_error(self) -> float | None:
        """Over the scored intervals, in the unit of the series; none if there are none."""
        return float(np.nanmean(np.abs(self.errors))) if self.n_scored else None

    @property
    def n_inside_band(self) -> int:
        """Scored intervals whose value lies between the 5 % and the 95 % quantile, bounds included."""
        if self.forecast is None:
            return 0
        return int(((self.values >= self.forecast.low) & (self.values <= self.forecast.high)).sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedQuality:
    """Rows of a feed over the cycles of the day; ``rows_checked == rows_admitted + rows_quarantined``."""

    feed: str
    rows_checked: int
    rows_admitted: int
    rows_flagged: int  # of the admitted
    rows_quarantined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRule:
    """A rule that rows of the day's cycles broke; ``evidence`` shows the first failing values."""

    subject: str
    rule: str
    action: str
    rows_failed: int
    cycles: int
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedRow:
    """A row that was kept out, as it was delivered."""

    feed: str
    reason: str
    origin: str
    valid_from: datetime | None
    raw: str
    cycle_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedReach:
    """How far the knowledge of a series reaches; ``series`` is empty for a feed that has never brought a row."""

    feed: str
    series: str
    known_until: datetime | None
    could_be_known_until: datetime

    @property
    def behind(self) -> timedelta | None:
        """How much could have been known and is not; none if nothing is known at all."""
        return None if self.known_until is None else max(self.could_be_known_until - self.known_until, timedelta(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleLine:
    """A cycle of the day, as it was committed; ``notes`` has a line for each."""

    cycle_number: int
    cycle_id: str
    kind: str
    as_of: datetime
    rows_in: int
    rows_admitted: int
    rows_quarantined: int
    notes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayReport:
    """All that the report of one market-local day says.

    Attributes
    ----------
    last_cycle_id, digest, as_of
        The newest cycle whose knowledge went into the report, and its place in the chain.
    sources
        Data sets and files that the values came from.
    quarantined
        The first rows only; `quality` counts them all.
    cycles
        Those whose ``as_of`` lies on the day.
    servings
        Forecasters that served at some time of the day.
    operation
        What the stations did; none if nothing was planned or simulated.
    """

    day: date
    zone: ZoneInfo
    as_of: datetime
    last_cycle_id: str
    digest: str
    sources: tuple[str, ...]
    series: tuple[DaySeries, ...]
    quality: tuple[FeedQuality, ...]
    broken_rules: tuple[BrokenRule, ...]
    quarantined: tuple[QuarantinedRow, ...]
    freshness: tuple[FeedReach, ...]
    cycles: tuple[CycleLine, ...]
    servings: tuple[ServingLine, ...] = ()
    operation: DayOperation | None = None

    @property
    def hours(self) -> int:
        """Length of the day, as in 23, 24 or 25 [h]."""
        start, stop = local_day_bounds(self.day, self.zone)
        return round((stop - start) / timedelta(hours=1))

    @property
    def forecasts(self) -> tuple[tuple[DaySeries, DayForecast], ...]:
        """The series that were forecast, each with its forecast."""
        return tuple((series, series.forecast) for series in self.series if series.forecast)

    @property
    def methods(self) -> tuple[str, ...]:
        """Candidates that the forecasters were chosen from, in order of name."""
        return tuple(sorted({method for _, forecast in self.forecasts for method in forecast.judgement.scores}))
