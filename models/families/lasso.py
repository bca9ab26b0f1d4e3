"""A lasso for each slot on second moments that all slots share, averaged over penalties and over levels.

The inputs are those of LEAR (Lago, Marcjasz, De Schutter and Weron, 2021): own values of the days before, exogenous
series on the day, the day before and a week before, and the calendar; to them come squares of the exogenous series and
how they act on days of rest. Values are bounded as ``asinh((value - level) / scale)``. Own level and scale are those of
the days before each day, so that a sample of a quiet year teaches a year of crisis; one member looks back for four
weeks, the other for a year, and the forecast is their mean. Older days fade by half over a time, so a new day is one
rank-one update of the second moments.

A missing value is that of a week before, moved by what the values around it in its day deviate from those of a week
before. Days count in the fit by their share of known values.
"""

from collections.abc import Mapping

import numpy as np

from kpp_twin.units import DAYS_PER_WEEK, HOURS_PER_DAY, Array
from models.days import DayTables, shifted
from models.errors import TooLittleTrainingError
from models.families.kernel_lasso import descend, rolling_level
from models.features import MAD_TO_SIGMA

NAME = "lasso"

LEVEL_DAYS = (
    28,
    364,
)  # own level and scale of each member; the longer serves steady markets best, 7 and 112 add little
HALF_LIFE_DAYS = 365.0  # a year ago counts half: from 180 to 730 makes little difference
OWN_LAGS_DAYS = (0, 1, 2)  # before the newest known value of each hour
EXOGENOUS_LAGS_DAYS = (0, 1, 7)
PENALTIES = (0.02, 0.01, 0.005)  # of the one that leaves nothing; their mean does better than any one chosen
TOLERANCE = 1e-3  # of a descent [spreads of the target per spread of an input]; less costs time and gains nothing
LEAST_SCALE = 0.5  # of the longest member's: a quiet week is not to be read as the end of all change
LEAST_SPREAD = 1e-6  # inputs of less are constant [bounded units]
LEAST_TRAINING_DAYS = 28
MIDDLES = slice(1, None, 3)  # of the hours of a day in order, the middle ones of threes: as good a median, sooner
SATURDAY = 5


def fit(tables: DayTables, until: int) -> dict[str, Array]:
    """Level and scale of the exogenous series by hour, as known at the issue of a day; all else is learnt each day.

    Returns
    -------
    ``exogenous_level``, ``exogenous_scale``
        Median and mean distance from it, ``(n_series, 24)``.

    Raises
    ------
    TooLittleTrainingError
        Fewer than 28 days with a known target.
    """
    last = until - tables.lag + 1
    n_known = int(_shares_known(tables)[:last].astype(bool).sum())
    if n_known < LEAST_TRAINING_DAYS:
        raise TooLittleTrainingError(f"a lasso needs {LEAST_TRAINING_DAYS} days to learn from, not {n_known}")
    known = np.array([_filled(series[: until + 1]) for series in tables.exogenous]).reshape(
        -1, until + 1, HOURS_PER_DAY
    )
    known = np.where(np.isfinite(known).any(axis=1, keepdims=True), known, 0.0)  # an hour that never came
    level = np.nanmedian(known, axis=1)
    distance = np.nanmean(np.abs(known - level[:, None]), axis=1)
    return {"exogenous_level": level, "exogenous_scale": np.where(distance > 0, distance, 1.0)}


def forecast(weights: Mapping[str, Array], tables: DayTables, first: int, stop: int) -> Array:
    """Day by day from what is known at each issue, the mean of the members, ``(stop - first, n_slots)``."""
    return forecast_members(weights, tables, first, stop).mean(axis=0)


def forecast_members(weights: Mapping[str, Array], tables: DayTables, first: int, stop: int) -> Array:
    """As `forecast`, by each of `LEVEL_DAYS`, ``(n_members, stop - first, n_slots)``."""
    hours, own = _own(tables)
    given = _given(weights, tables)
    target = _filled(tables.target)
    bases = [_level_and_scale(hours, days, tables.lag) for days in LEVEL_DAYS]
    least_scale = LEAST_SCALE * bases[-1][1]
    members = []
    for level, own_scale in bases:
        scale = np.maximum(own_scale, least_scale)
        scale = np.where(scale > 0, scale, 1.0)
        inputs = np.concatenate([np.nan_to_num(np.arcsinh((own - level) / scale)), given], axis=1)
        bounded = np.arcsinh((target - level) / scale)
        walked = _walk(inputs, bounded, _shares_known(tables), tables.lag, first, stop)
        members.append(level[first:stop] + scale[first:stop] * np.sinh(walked))
    return np.array(members)


def _filled(days: Array) -> Array:
    """Each gap takes what was a week before, moved by what the known values of its day deviate from that."""
    days = days.copy()
    slots = np.arange(days.shape[1])
    for day in np.flatnonzero(np.isnan(days).any(axis=1)):
        known = np.flatnonzero(np.isfinite(days[day]))
        has_week = day >= DAYS_PER_WEEK and np.isfinite(days[day - DAYS_PER_WEEK]).all()
        base = days[day - DAYS_PER_WEEK] if has_week else np.zeros(len(slots))
        if len(known):
            days[day] = base + np.interp(slots, known, (days[day] - base)[known])
        elif has_week:
            days[day] = base
    return days


def _given(weights: Mapping[str, Array], tables: DayTables) -> Array:
    """Inputs that no member's level bears on: exogenous series and calendar, ``(n_days, n_inputs)``; 0 is usual."""
    weekday = tables.weekday
    rest = np.maximum(weekday >= SATURDAY, tables.holiday)[:, None]
    inputs = [np.eye(DAYS_PER_WEEK)[weekday]]
    inputs += [shifted(tables.holiday[:, None], lag) for lag in EXOGENOUS_LAGS_DAYS]
    for series, level, scale in zip(
        tables.exogenous, weights["exogenous_level"], weights["exogenous_scale"], strict=True
    ):
        values = np.arcsinh((_filled(series) - level) / scale)
        inputs += [shifted(values, lag) for lag in EXOGENOUS_LAGS_DAYS]
        inputs += [values**2, values * rest]
    return np.nan_to_num(np.concatenate(inputs, axis=1))


def _own(tables: DayTables) -> tuple[Array, Array]:
    """Hourly means, ``(n_days, 24)``, and those of the days before each, the newest known first and last a week ago."""
    known_hours = tables.known_slots * HOURS_PER_DAY // tables.n_slots
    means = tables.target.reshape(tables.n_days, HOURS_PER_DAY, -1).mean(axis=2)
    hours = _filled(means)
    newest = _filled(means[:, :known_hours])  # gaps before the issue are not filled with what comes after it
    inputs = [shifted(hours, DAYS_PER_WEEK)]
    for lag in OWN_LAGS_DAYS:
        inputs += [shifted(newest, 1 + lag), shifted(hours[:, known_hours:], 2 + lag)]
    return hours, np.concatenate(inputs, axis=1)


def _level_and_scale(hours: Array, days: int, lag: int) -> tuple[Array, Array]:
    """Median of the newest known days at each issue and the median distance from it, ``(n_days, 1)`` each."""
    level, scale = np.full((2, len(hours), 1), np.nan)
    of_day = np.sort(hours, axis=1)[:, MIDDLES]
    rolling_level(of_day, days, lag, level[:, 0], scale[:, 0])
    return level, MAD_TO_SIGMA * scale


def _shares_known(tables: DayTables) -> Array:
    """Share of known values of each day, ``(n_days,)``; 0 for the first days, of which no week before is known."""
    shares = np.isfinite(tables.target).mean(axis=1)
    shares[: DAYS_PER_WEEK + tables.lag] = 0.0
    return shares


def _walk(inputs: Array, target: Array, shares: Array, lag: int, first: int, stop: int) -> Array:
    """Bounded forecasts of each day, from the days up to the newest known one, ``(stop - first, n_slots)``."""
    n_inputs = inputs.shape[1]
    joint = np.nan_to_num(np.concatenate([np.ones((len(inputs), 1)), inputs, target], axis=1))
    fading = 0.5 ** (1.0 / HALF_LIFE_DAYS)
    end = first - lag  # the first forecast knows the days before this one, each later one one day more
    weighted = joint[:end] * np.sqrt(shares[:end] * fading ** np.arange(end - 1, -1, -1.0))[:, None]
    sums = weighted.T @ weighted
    coefficients = np.zeros((target.shape[1], len(PENALTIES), n_inputs))
    forecasts = np.empty((stop - first, target.shape[1]))
    for day in range(first, stop):
        newest = day - lag
        sums = fading * sums + shares[newest] * np.outer(joint[newest], joint[newest])
        mean = sums[0] / sums[0, 0]
        covariance = sums / sums[0, 0] - np.outer(mean, mean)
        spread = np.sqrt(np.maximum(covariance.diagonal(), 0.0))
        per_spread = np.divide(1.0, spread, where=spread > LEAST_SPREAD, out=np.zeros(len(spread)))
        correlation = covariance * np.outer(per_spread, per_spread)
        gram = np.ascontiguousarray(correlation[1 : 1 + n_inputs, 1 : 1 + n_inputs])
        moments = np.ascontiguousarray(correlation[1 + n_inputs :, 1 : 1 + n_inputs])
        penalties = np.abs(moments).max(axis=1)[:, None] * np.array(PENALTIES)
        descend(gram, moments, penalties, TOLERANCE, coefficients)
        given = (inputs[day] - mean[1 : 1 + n_inputs]) * per_spread[1 : 1 + n_inputs]
        forecasts[day - first] = mean[1 + n_inputs :] + spread[1 + n_inputs :] * (coefficients.mean(axis=1) @ given)
    return np.clip(forecasts, *_range(target, lag, first, stop))


def _range(target: Array, lag: int, first: int, stop: int) -> tuple[Array, Array]:
    """Least and greatest bounded value up to the newest known day: no forecast goes beyond, ``(stop - first, 1)``."""
    newest = slice(first - lag, stop - lag)
    least = np.fmin.accumulate(np.fmin.reduce(target, axis=1))[newest, None]
    return least, np.fmax.accumulate(np.fmax.reduce(target, axis=1))[newest, None]
