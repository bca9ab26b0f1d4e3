"""A day-ahead forecaster: an ensemble of families with the record of what each said, and bands from its errors.

The record is the memory: of each of the last days the forecasts of all members, made without having seen the day. The
weights of the combination, the bands and the scores all follow from it and from what came.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kpp_twin.units import Array
from models import conformal, ensemble, scores
from models.combination import combine, disagreement
from models.days import DayTables, Int
from models.ensemble import Family
from models.errors import TooLittleTrainingError
from models.naive import on_days

RECORD_DAYS = 91  # walked over at the first fit: enough for the outer quantiles, and of the present season
MOST_RECORD_DAYS = 182  # carried on from fit to fit; each day costs time, and older ones hardly count
LEAST_DAYS = 28  # that a first fit needs
LEAST_RECORD_DAYS = 14
NAIVE = ("naive_daily", "naive_weekly")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the members said of past days.

    Attributes
    ----------
    day
        Days since 1970, ``(n_days,)``, rising.
    members
        ``(n_members, n_days, n_slots)``; NaN where one said nothing.
    """

    day: Int
    members: Array

    def on(self, day: Int) -> Array:
        """The members on other days, ``(n_members, len(day), n_slots)``; NaN where nothing was said."""
        found = np.full((len(self.members), len(day), self.members.shape[2]), np.nan)
        is_there = np.isin(day, self.day)
        found[:, is_there] = self.members[:, np.searchsorted(self.day, day[is_there])]
        return found

    def extended(self, later: "Record") -> "Record":
        """Return the days of both; of a day in both, the later one counts."""
        day = np.union1d(self.day, later.day)
        newer = later.on(day)
        return Record(day=day, members=np.where(np.isfinite(newer), newer, self.on(day)))

    def newest(self, n_days: int) -> "Record":
        """The last days of it."""
        return Record(day=self.day[-n_days:], members=self.members[:, -n_days:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """Forecasts of some days, each from what was known at its issue.

    Attributes
    ----------
    day
        Days since 1970, ``(n_days,)``.
    point, actual
        ``(n_days, n_slots)``; actual NaN where it is not known.
    quantiles
        ``(n_days, n_slots, 99)``, rising along the last axis; NaN where they were not asked for.
    weights
        Of the members, ``(n_members, n_days)``, means over the slots.
    """

    day: Int
    point: Array
    actual: Array
    quantiles: Array
    weights: Array

    @property
    def band_90(self) -> tuple[Array, Array]:
        """Bounds of the 90 % band, ``(n_days, n_slots)`` each."""
        return self.quantiles[..., 4], self.quantiles[..., -5]

    @property
    def daily_losses(self) -> Array:
        """Mean absolute error of each day, ``(n_days,)``; NaN of a day of which nothing is known."""
        error = np.abs(self.actual - self.point)
        known = np.isfinite(error)
        count = known.sum(axis=1)
        return np.where(count > 0, np.where(known, error, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)


def walk(families: Sequence[Family], tables: DayTables) -> Record:
    """Record of the days before the last one of the tables, each forecast without having seen it.

    Raises
    ------
    TooLittleTrainingError
        There are too few days for that.
    """
    stop = tables.n_days - 1
    least = LEAST_DAYS + tables.lag - 1
    first = max(stop - RECORD_DAYS, least)
    if stop - first < LEAST_RECORD_DAYS:
        raise TooLittleTrainingError(
            f"{stop} day(s) lie before the one ahead; a fit needs {least}, and judging {LEAST_RECORD_DAYS} more"
        )
    return Record(day=tables.day[first:stop], members=ensemble.walk(families, tables, first, stop))


def issue(record: Record, tables: DayTables, *, bands_from: int = 0) -> Issued:
    """Combine the members on all days of a record, each by the errors known at its issue, with bands.

    Parameters
    ----------
    bands_from
        First day of the record whose quantiles are asked for; those of the days before are NaN.
    """
    rows = record.day - tables.day[0]
    actual = tables.target[rows]
    point, weights = combine(record.members, actual, tables.lag)
    spread = disagreement(record.members, point)
    bands = conformal.quantiles(point, actual, tables.lag, spread, bands_from)
    return Issued(
        day=record.day,
        point=point,
        actual=actual,
        quantiles=np.concatenate([np.full((bands_from, *bands.shape[1:]), np.nan), bands]),
        weights=weights.mean(axis=2),
    )


def judged(issued: Issued, tables: DayTables) -> dict[str, float]:
    """Scores on the days of a record; the figures of both naive forecasts are of the same days."""
    rows = issued.day - tables.day[0]
    naive = {name: on_days(tables, rows, name) for name in NAIVE}
    common = np.all([np.isfinite(issued.point), *(np.isfinite(values) for values in naive.values())], axis=0)
    actual = np.where(common, issued.actual, np.nan)
    found = {name: scores.mae(actual, values) for name, values in naive.items()}
    better = min(NAIVE, key=lambda name: found[name])
    found["mae"] = scores.mae(actual, issued.point)
    if found[better] > 0:
        found["rmae"] = found["mae"] / found[better]
    found["crps"] = scores.crps_from_quantiles(actual, issued.quantiles, conformal.LEVELS)
    found["coverage_90"] = float(np.nanmean(scores.coverage(actual, issued.quantiles, conformal.LEVELS, 0.9)))
    found["judged_days"] = float(np.isfinite(actual).any(axis=1).sum())
    p_value = scores.diebold_mariano(actual - issued.point, actual - naive[better])
    if p_value is not None:
        found["dm_p_value"] = p_value
    return found


def said(members: Mapping[int, Array], n_members: int, n_slots: int) -> Record:
    """Record of what was said day by day, ``(n_members, n_slots)`` each."""
    day = np.array(sorted(members), dtype=np.int64)
    table = np.array([members[number] for number in sorted(members)]).reshape(len(day), n_members, n_slots)
    return Record(day=day, members=table.swapaxes(0, 1))
