"""Day-ahead forecasts by a Gaussian process: one sample a day, all slots under one kernel.

Of each day the process sees the days before it and the exogenous series, both against what is usual: prices as
``asinh((price - center) / scale)``, with the center from the last weeks and the scale from the last year, as known at
the issue; two members, each with a center of its own, are averaged. Beside each exogenous series it sees their blend:
the sum of them that explains the price best, as the load less the wind, along which a supply curve bends. The
parameters of the kernel are tuned on the days before `until` (`fit`); a forecast then takes in every later day as it
comes, without another fit.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kpp_twin.units import DAYS_PER_WEEK, HOURS_PER_DAY, Array
from models.days import DayTables, shifted
from models.families.day_kernel import TIME, covariance, tuned
from models.families.gaussian_process import one_step_ahead
from models.features import MAD_TO_SIGMA

NAME = "gaussian_process"
CENTER_DAYS = (7, 28)  # of each member: the longer one is the better, their mean is better than either
LONG_CENTER_DAYS = (112,)  # of a family of its own: better in steady markets, worse where prices move
EXOGENOUS_DAYS = 28  # the level of an exogenous series is that of four weeks
SCALE_DAYS = 364  # the scale is that of a year: markets grow calm or wild
SCALE_FACTOR = 1.25  # of the mean distance from the center: prices within it count nearly as they are
LEAST_SPREAD = 1e-9  # a series that varies less is constant
HISTORY_DAYS = 1092  # of the process; older days say little, and the cost grows by the cube
TUNING_DAYS = 728  # the newest ones, both halves of the year twice
ROUNDS = 2  # of the tuning: the first tells what an outlier is to the second
ITERATIONS = 8  # of a round: 20 are no better
LARGEST_INPUT = 4.0  # [usual spreads]: a broken value must not outweigh all days
LARGEST_TARGET = 8.0  # asinh of 1500 scales: no forecast goes beyond
LARGEST_SURPRISE = 4.0  # an innovation counts as at most so many usual ones: a spike is no regime
YEAR_DAYS = 365.25
SUMMARY_LAGS = (0, 1, 2, 6)  # days before the newest known one whose mean, least and largest price are inputs

# Where the tuning starts, and what it falls back on with few days: (variance in the linear kernel, relevance in the
# Gaussian one) by kind of group, then those of time. Geometric means over the tunings of three markets.
START = {
    "newest_day": (4.7, 0.12),
    "same_weekday": (0.04, 0.1),
    "summary": (0.08, 0.021),
    "week": (0.08, 0.23),
    "ahead": (0.72, 0.16),
    "day_before": (0.036, 0.011),
    "week_before": (0.022, 0.013),
    "change_in_a_day": (0.05, 0.011),
    "blend": (1.8, 0.075),
    "change_of_blend": (0.07, 0.022),
    "weekday": (0.25, 0.007),
    "holiday": (0.09, 0.05),
    "season": (0.16, 0.26),
}
START_TIME = {
    "gaussian_variance": 5.4,
    "gaussian_fading": 0.00034,
    "drift_variance": 1.3,
    "drift_fading": 0.06,
    "weekday_variance": 0.05,
    "weekday_fading": 0.003,
    "noise_growth": 0.0003,
}


def fit(tables: DayTables, until: int, center_days: tuple[int, ...] = CENTER_DAYS) -> dict[str, Array]:
    """Tune the kernels on the days known at the issue of day index `until`.

    Returns
    -------
    One row a member of each:

    ``parameters``
        Of the kernel, see `models.families.day_kernel.covariance`.
    ``input_center``, ``input_spread``
        What the inputs are measured by: of each column, ``(n_columns,)``, and of each group, ``(n_groups,)``.
    ``blend``
        Share of each exogenous series in their blend, ``(n_series,)`` [scales of the price per unit of the series].
    ``surprise``
        Usual size of an innovation by slot, ``(n_slots,)`` [standard deviations of the noise].

    Raises
    ------
    ValueError
        Fewer than two known days.
    """
    stop = until - tables.lag + 1
    if stop < 2:
        raise ValueError("a Gaussian process is tuned on at least two known days")
    members = [_fitted(tables, stop, days) for days in center_days]
    return {name: np.array([member[name] for member in members]) for name in members[0]}


def _fitted(tables: DayTables, stop: int, center_days: int) -> dict[str, Array]:
    """Weights of one member, from the first `stop` days."""
    center, scale = usual(tables, stop, center_days)
    blend = _blend(tables, center, scale)
    raw = _inputs(tables, center, scale, blend)
    recent = [group[-HISTORY_DAYS:] for group in raw.values()]
    centers = [_mean(group) for group in recent]
    spread = np.sqrt([_mean((g - c) ** 2).mean() for g, c in zip(recent, centers, strict=True)])
    weights = {
        "blend": blend,
        "input_center": np.concatenate(centers),
        "input_spread": np.where(spread > LEAST_SPREAD, spread, 1.0),
    }
    groups = [group[-TUNING_DAYS:] for group in _standardised(list(raw.values()), weights)]
    targets = _bounded(_filled(tables.target[:stop]), center, scale)[-TUNING_DAYS:]
    prior = _start(list(raw))
    parameters = prior
    for _ in range(ROUNDS):
        clean, _ = _without_outliers(parameters, groups, targets)
        parameters = tuned(groups, clean, parameters, prior, ITERATIONS)
    weights["parameters"] = parameters
    weights["surprise"] = _without_outliers(parameters, groups, targets)[1]
    return weights


def forecast(
    weights: Mapping[str, Array], tables: DayTables, first: int, stop: int, center_days: tuple[int, ...] = CENTER_DAYS
) -> Array:
    """Mean of the members for days `first` to `stop`, each as known at its issue, ``(stop - first, n_slots)``.

    Raises
    ------
    ValueError
        The weights are those of tables with other series.
    """
    if weights["blend"].shape[1] != len(tables.exogenous):
        raise ValueError("the weights of a Gaussian process are those of tables with other series")
    members = [
        _predicted({name: array[row] for name, array in weights.items()}, tables, first, stop, days)
        for row, days in enumerate(center_days)
    ]
    return np.asarray(np.mean(members, axis=0))


def _predicted(weights: Mapping[str, Array], tables: DayTables, first: int, stop: int, center_days: int) -> Array:
    """What one member says."""
    center, scale = usual(tables, stop, center_days)
    begin = max(0, first - HISTORY_DAYS)
    raw = list(_inputs(tables, center, scale, weights["blend"]).values())
    groups = [group[begin:] for group in _standardised(raw, weights)]
    targets = _bounded(tables.target[:stop], center, scale)[begin:]
    limit = LARGEST_SURPRISE * weights["surprise"]
    mean, _ = one_step_ahead(covariance(weights["parameters"], groups), targets, tables.lag, limit)
    mean = np.clip(mean[first - begin :], -LARGEST_TARGET, LARGEST_TARGET)
    return center[first:, None] + scale[first:, None] * np.sinh(mean)


def _without_outliers(parameters: Array, groups: list[Array], targets: Array) -> tuple[Array, Array]:
    """Targets moved to within `LARGEST_SURPRISE` of what the days before foresee, and the usual surprise by slot."""
    noisy = covariance(parameters, groups)
    mean, variance = one_step_ahead(noisy, targets)
    spread = np.sqrt(variance)[:, None]
    surprise = MAD_TO_SIGMA * np.nan_to_num(np.nanmedian(np.abs(targets - mean) / spread, axis=0)) + LEAST_SPREAD
    mean, _ = one_step_ahead(noisy, targets, limit=LARGEST_SURPRISE * surprise)
    largest = LARGEST_SURPRISE * surprise * spread
    return mean + np.clip(np.nan_to_num(targets - mean), -largest, largest), surprise


def usual(tables: DayTables, stop: int, center_days: int) -> tuple[Array, Array]:
    """Center and scale of the target, ``(stop,)`` both, of each day as known at its issue; of the first days, the next.

    The center is the median of the last `center_days`; the scale the median over `SCALE_DAYS` of the mean distance of a
    day's values from the center of its time.
    """
    lag = tables.lag
    known = tables.target[:stop]
    center = _trailing(_median, known, center_days, lag)
    distance = np.abs(known - center[:, None])
    n_values = np.isfinite(distance).sum(axis=1)
    mean = np.where(n_values > 0, np.nansum(distance, axis=1) / np.maximum(n_values, 1), np.nan)
    scale = SCALE_FACTOR * _trailing(_median, mean[:, None], SCALE_DAYS, lag)
    return center, np.where(scale > LEAST_SPREAD, scale, 1.0)


def _trailing(statistic: Callable[[Array], Any], values: Array, days: int, lag: int) -> Array:
    """Of the rows from `lag` to ``lag + days - 1`` before each, ``(n,)``; of what is there."""
    found = np.full(len(values), np.nan)
    for row in range(lag, len(values)):
        window = values[max(0, row - lag - days + 1) : row - lag + 1]
        window = window[np.isfinite(window)]
        if len(window):
            found[row] = statistic(window)
    found = _filled(found[:, None])[:, 0]
    return np.nan_to_num(np.concatenate([np.full(min(lag, len(found)), found[min(lag, len(found) - 1)]), found[lag:]]))


def _median(values: Array) -> float:
    """Median of a few numbers, several times as fast as numpy's for so few."""
    ordered = np.sort(values)
    half = len(ordered) // 2
    return float(ordered[half] + ordered[-1 - half]) / 2


def _bounded(prices: Array, center: Array, scale: Array) -> Array:
    """Values against what is usual, on the scale of the process."""
    return np.arcsinh((prices - center[:, None]) / scale[:, None])


def _blend(tables: DayTables, center: Array, scale: Array) -> Array:
    """Least squares of the target on the exogenous series over all hours of the last days, ``(n_series,)``."""
    hourly = _bounded(_hourly(tables, len(center)), center, scale)[-HISTORY_DAYS:].ravel()
    series = _exogenous_from_level(tables, len(center))[:, -HISTORY_DAYS:].reshape(len(tables.exogenous), hourly.size)
    is_known = np.isfinite(hourly)
    return np.asarray(np.linalg.lstsq(series[:, is_known].T, hourly[is_known])[0], dtype=np.float64)


def _hourly(tables: DayTables, n: int) -> Array:
    """Hourly means of the target of the first days, ``(n, 24)``."""
    return tables.target[:n].reshape(n, HOURS_PER_DAY, -1).mean(axis=2)


def _exogenous_from_level(tables: DayTables, n: int) -> Array:
    """Exogenous series of the first days less their levels of the last four weeks, or 0, ``(n_series, n, 24)``."""
    filled = np.array([_filled(table[:n]) for table in tables.exogenous]).reshape(-1, n, HOURS_PER_DAY)
    levels = [_trailing(np.mean, table.mean(axis=1)[:, None], EXOGENOUS_DAYS, 1) for table in filled]
    return np.nan_to_num(filled - np.array(levels).reshape(-1, n, 1))


def _inputs(tables: DayTables, center: Array, scale: Array, blend: Array) -> dict[str, Array]:
    """What each of the first ``len(center)`` days is known by, in groups by name, each ``(n, n_columns)``.

    Gaps are filled (`_filled`); NaN where nothing is known.
    """
    n = len(center)
    hourly = _filled(_hourly(tables, n))
    lagged = [_bounded(shifted(hourly, tables.lag + days), center, scale) for days in range(DAYS_PER_WEEK)]
    summary = [lagged[0][:, -1]]
    for lag in SUMMARY_LAGS:
        summary += [lagged[lag].mean(axis=1), lagged[lag].min(axis=1), lagged[lag].max(axis=1)]
    groups = {
        "newest_day": lagged[0],
        "same_weekday": lagged[-1],
        "summary": np.column_stack(summary),
        "week": np.mean(lagged, axis=0),
    }
    for series, table in enumerate(tables.exogenous):
        ahead = _filled(table[:n])
        day_before, week_before = shifted(ahead, 1), shifted(ahead, DAYS_PER_WEEK)
        groups[f"ahead:{series}"] = ahead
        groups[f"day_before:{series}"] = day_before
        groups[f"week_before:{series}"] = week_before
        groups[f"change_in_a_day:{series}"] = ahead - day_before
    if len(tables.exogenous):
        blended = np.tensordot(blend, _exogenous_from_level(tables, n), 1)
        groups |= {"blend": blended, "change_of_blend": blended - shifted(blended, 1)}
    holiday = tables.holiday[:n, None]
    angle = 2.0 * np.pi * tables.day[:n, None] / YEAR_DAYS * np.array([1.0, 2.0])
    groups["weekday"] = np.eye(DAYS_PER_WEEK)[tables.weekday[:n]]
    groups["holiday"] = np.hstack([holiday, shifted(holiday, 1), shifted(holiday, DAYS_PER_WEEK)])
    groups["season"] = np.hstack([np.sin(angle), np.cos(angle)])
    return groups


def _standardised(raw: list[Array], weights: Mapping[str, Array]) -> list[Array]:
    """Groups of unit size each, 0 where an input is missing."""
    ends = np.cumsum([group.shape[1] for group in raw])
    found = []
    for group, center, spread in zip(
        raw, np.split(weights["input_center"], ends[:-1]), weights["input_spread"], strict=True
    ):
        even = np.clip(np.nan_to_num((group - center) / spread), -LARGEST_INPUT, LARGEST_INPUT)
        found.append(even / np.sqrt(group.shape[1]))
    return found


def _start(names: list[str]) -> Array:
    """Logarithms of the parameters where the tuning starts, for groups by name."""
    sizes = np.array([START[name.split(":")[0]] for name in names])
    return np.log(np.concatenate([sizes.T.ravel(), [START_TIME[name] for name in TIME]]))


def _filled(days: Array) -> Array:
    """Gaps within a day by a straight line through its known values; a day without any as the day before it."""
    days = days.copy()
    slots = np.arange(days.shape[1])
    for row in np.flatnonzero(np.isnan(days).any(axis=1)):
        known = np.flatnonzero(np.isfinite(days[row]))
        if len(known):
            days[row] = np.interp(slots, known, days[row, known])
        elif row:
            days[row] = days[row - 1]
    return days


def _mean(values: Array) -> Array:
    """Mean of the finite numbers of each column, 0 where there are none."""
    is_finite = np.isfinite(values)
    return np.where(is_finite, values, 0.0).sum(axis=0) / np.maximum(is_finite.sum(axis=0), 1)
