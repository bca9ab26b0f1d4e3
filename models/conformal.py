"""Quantiles of a forecast by its own past errors, however the point forecast was made.

The size of the next error is told from what is known at the issue, and the shape from past errors in units of their
size, those near in time, time of day and level counting most. Quantiles of one weighted sample cannot cross.
"""

import numpy as np

from kpp_twin.units import HOURS_PER_DAY, Array

LEVELS: Array = np.arange(1, 100) / 100

SPLIT_WINDOW_DAYS = 91  # of the yardstick

SLOW_DAYS, FAST_DAYS, DAY_DAYS = 60.0, 7.0, 2.0  # e-folding of the mean sizes of error that tell the next one
SIZE_HOURS = 1.5  # how far the slots beside one count in its mean sizes
LEAST_SIZE = 0.02  # sizes do not fall below [of the mean size of all slots]
SOFTENING = 0.3  # added to a change before its logarithm [of the mean size of all slots]
FORGET_FIT_DAYS = 260.0  # e-folding of what the size was fitted to
FIT_PRIOR = 30.0  # targets that say that the slow mean size alone counts
LARGEST_SURPRISE = 6.0  # larger errors count so much in the fit [sizes]
LARGEST_LOG = 2.0  # of a size over its slow mean

WINDOW_DAYS = 365  # of errors whose shape counts: all seasons
FORGET_SHAPE_DAYS = 170.0  # their e-folding
SHAPE_HOURS = 2.0  # how far the slots beside one count in its shape
SHARE_OF_ALL = 0.1  # of all slots in the shape of each
LEVEL_DAYS = 8.0  # e-folding of the mean and deviation that levels are told from
LEVEL_WIDTH = 0.5  # how far off in level errors count: low prices err downwards, high ones upwards [deviations]
OUTER_LEVEL = 2.5  # levels farther out are alike [deviations]
END_DAYS = 0.1  # what lies beyond either end of a sample counts: without it bands are a point too narrow
PRIOR_DAYS = 0.5  # what a wide Laplace distribution counts, until there are errors
PRIOR_WIDTH = 2.0  # its mean absolute error [sizes]
TINY = 1e-9


def split_conformal(point: Array, actual: Array) -> Array:
    """The yardstick: quantiles of the signed errors of each slot over the last 91 days (Vovk et al., 2005).

    Parameters
    ----------
    point, actual
        ``(n_days, n_slots)``; all days before a day count as known.

    Returns
    -------
    Array
        ``(n_days, n_slots, 99)``, rising along the levels; NaN in the first 91 days.
    """
    error = actual - point
    found = np.full((*point.shape, len(LEVELS)), np.nan)
    for day in range(SPLIT_WINDOW_DAYS, len(point)):
        window = error[day - SPLIT_WINDOW_DAYS : day]
        found[day] = point[day][:, None] + _plain_quantiles(window)
    return found


def _plain_quantiles(error: Array) -> Array:
    """Quantiles of each column, ``(n_columns, 99)``, linear between ranks; NaN without any value."""
    ordered = np.sort(error, axis=0)  # NaN comes last
    rank = LEVELS[:, None] * np.maximum(np.isfinite(error).sum(axis=0) - 1, 0)
    below = rank.astype(np.int64)
    lower = np.take_along_axis(ordered, below, axis=0)
    upper = np.take_along_axis(ordered, np.ceil(rank).astype(np.int64), axis=0)
    return (lower + (rank - below) * (upper - lower)).T


def quantiles(point: Array, actual: Array, lag: int, spread: Array | None = None, first: int = 0) -> Array:
    """Quantiles of each day from the errors of the days known at its issue.

    Parameters
    ----------
    point
        Forecasts as they were issued, ``(n_days, n_slots)``; NaN where there is none.
    actual
        ``(n_days, n_slots)``; NaN where it is not known.
    lag
        How many days before a day the newest one lies whose actual values are known at its issue.
    spread
        How unsure each day is, as the disagreement of members, ``(n_days, n_slots)``, not negative.
    first
        The day to begin with: for a live forecast the last one.

    Returns
    -------
    Array
        ``(n_days - first, n_slots, 99)``, rising along the levels; NaN where there is no point forecast.
    """
    mean, deviation = _level(point, actual, lag)
    size = _sizes(point, actual, lag, spread, mean)
    relative = (actual - point) / size
    level = np.clip(np.nan_to_num((point - mean) / deviation), -OUTER_LEVEL, OUTER_LEVEL)
    found = np.empty((len(point) - first, point.shape[1], len(LEVELS)))
    for day in range(first, len(point)):
        past = slice(max(0, day - lag + 1 - WINDOW_DAYS), max(0, day - lag + 1))
        shape = _shape(relative[past], level[past], level[day])
        found[day - first] = point[day][:, None] + size[day][:, None] * shape
    return found


def _shape(relative: Array, level: Array, level_ahead: Array) -> Array:
    """Weighted quantiles of errors in units of their size, by slot, ``(n_slots, 99)``.

    Parameters
    ----------
    relative, level
        Errors and levels of past days, ``(n_days, n_slots)``.
    level_ahead
        Of the day to be forecast, ``(n_slots,)``.
    """
    n_days, n_slots = relative.shape
    known = np.flatnonzero(np.isfinite(relative))
    known = known[np.argsort(relative.ravel()[known])]
    by_hour = level_ahead.reshape(HOURS_PER_DAY, -1).mean(axis=1) if n_slots > HOURS_PER_DAY else level_ahead
    near = (1 - SHARE_OF_ALL) * _nearness(_hours(len(by_hour)), _hours(n_slots), SHAPE_HOURS) + SHARE_OF_ALL / n_slots
    weights = near[:, known % n_slots] * np.exp(-(n_days - 1 - known // n_slots) / FORGET_SHAPE_DAYS)
    weights *= np.exp(-0.5 * ((by_hour[:, None] - level.ravel()[known]) / LEVEL_WIDTH) ** 2)
    values, weights = _with_prior(relative.ravel()[known], weights, np.exp(-n_days / FORGET_SHAPE_DAYS))
    reached = np.cumsum(weights, axis=1)
    middle = (reached - weights / 2 + END_DAYS) / (reached[:, -1:] + 2 * END_DAYS)
    table = np.array([np.interp(LEVELS, row, values) for row in middle])
    return table[np.arange(n_slots) * len(by_hour) // n_slots]


def _with_prior(values: Array, weights: Array, fading: float) -> tuple[Array, Array]:
    """Sorted values and their weights ``(n_rows, n_values)`` with those of the wide prior among them."""
    prior = -PRIOR_WIDTH * np.sign(LEVELS - 0.5) * np.log(1 - np.abs(2 * LEVELS - 1))
    at = np.searchsorted(values, prior)
    return np.insert(values, at, prior), np.insert(weights, at, PRIOR_DAYS / len(LEVELS) * fading, axis=1)


def _level(point: Array, actual: Array, lag: int) -> tuple[Array, Array]:
    """Fading mean and deviation of the values known at each issue, ``(n_days, n_slots)``, alike in all slots."""
    whole = np.full((point.shape[1], point.shape[1]), 1 / point.shape[1])
    start = point[:1][np.isfinite(point[:1])]
    mean = _fading_mean(actual, whole, LEVEL_DAYS, lag, float(start.mean()) if len(start) else 0.0)
    square = _fading_mean((actual - mean) ** 2, whole, LEVEL_DAYS, lag, _first_size(point) ** 2)
    return mean, np.sqrt(square) + TINY


def _first_size(point: Array) -> float:
    """What a size of error is taken for before there is one: the deviation within the first day."""
    start = point[:1][np.isfinite(point[:1])]
    return float(start.std()) + TINY if len(start) else 1.0


def _sizes(point: Array, actual: Array, lag: int, spread: Array | None, mean: Array) -> Array:
    """Size of the error to come, ``(n_days, n_slots)``: log-linear in what is known, fitted online.

    A day more is one step of Fisher scoring of the Laplace likelihood, with forgetting; the slow mean size is where it
    starts from.
    """
    error = np.abs(actual - point)
    slow, known = _known_sizes(point, actual, lag, spread, mean)
    coefficients = np.zeros(len(known))
    information = FIT_PRIOR * np.eye(len(known))
    size = np.empty(point.shape)
    for day in range(len(point)):
        if day >= lag:
            judged = np.isfinite(error[day - lag])
            row = known[:, day - lag][:, judged]
            surprise = np.minimum(error[day - lag][judged] / size[day - lag][judged], LARGEST_SURPRISE) - 1
            information = np.exp(-1 / FORGET_FIT_DAYS) * information + row @ row.T
            coefficients = coefficients + np.linalg.solve(information + TINY * np.eye(len(row)), row @ surprise)
        size[day] = slow[day] * np.exp(np.clip(coefficients @ known[:, day], -LARGEST_LOG, LARGEST_LOG))
    return size


def _known_sizes(point: Array, actual: Array, lag: int, spread: Array | None, mean: Array) -> tuple[Array, Array]:
    """The slow mean size ``(n_days, n_slots)``, and what tells more, as logarithms over it."""
    n_slots = point.shape[1]
    near = _nearness(_hours(n_slots), _hours(n_slots), SIZE_HOURS)
    whole = np.full((n_slots, n_slots), 1 / n_slots)
    error, start = np.abs(actual - point), _first_size(point)
    overall = _fading_mean(error, whole, SLOW_DAYS, lag, start)
    slow = np.maximum(_fading_mean(error, near, SLOW_DAYS, lag, start), LEAST_SIZE * overall)
    tells = [
        _fading_mean(error, near, FAST_DAYS, lag, start),
        _fading_mean(error, whole, DAY_DAYS, lag, start),
        np.abs(point - _newest(actual, lag)) + SOFTENING * overall,
        np.abs(point - mean) + SOFTENING * overall,
        point.std(axis=1, keepdims=True) + SOFTENING * overall,
    ]
    if spread is not None:
        tells.append(spread)
    logs = [np.log(np.maximum(np.where(np.isfinite(tell), tell, slow), LEAST_SIZE * overall) / slow) for tell in tells]
    return slow, np.array([np.ones(point.shape), *logs])


def _fading_mean(values: Array, near: Array, days: float, lag: int, start: float) -> Array:
    """Fading mean of what is known at each issue, ``(n_days, n_slots)``; it starts from one slot-day of `start`."""
    known = np.isfinite(values)
    total, count = np.full(values.shape[1], start), np.ones(values.shape[1])
    found = np.empty(values.shape)
    for day in range(len(values)):
        if day >= lag:
            total = np.exp(-1 / days) * total + near @ np.where(known[day - lag], values[day - lag], 0.0)
            count = np.exp(-1 / days) * count + near @ known[day - lag]
        found[day] = total / count
    return found


def _newest(actual: Array, lag: int) -> Array:
    """The newest known value of each slot at each issue, ``(n_days, n_slots)``; NaN before there is one."""
    day = np.where(np.isfinite(actual), np.arange(len(actual))[:, None], -1)
    day = np.maximum.accumulate(day, axis=0)
    found = np.where(day >= 0, np.take_along_axis(actual, np.maximum(day, 0), axis=0), np.nan)
    return np.concatenate([np.full((lag, actual.shape[1]), np.nan), found])[: len(actual)]


def _hours(n_slots: int) -> Array:
    """Middle of each slot of a day [h]."""
    return (np.arange(n_slots, dtype=np.float64) + 0.5) * (HOURS_PER_DAY / n_slots)


def _nearness(slots: Array, others: Array, hours: float) -> Array:
    """How much other slots count for each by time of day, rows of sum 1."""
    near = np.exp(-0.5 * ((slots[:, None] - others) / hours) ** 2)
    return near / near.sum(axis=1, keepdims=True)
