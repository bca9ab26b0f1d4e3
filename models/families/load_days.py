"""Day-ahead forecasts of a load: Gaussian processes over days on the error of a reference forecast.

The reference is the operator's forecast if there is one, else the usual shape of the weekday at the level of the last
week. Its error, as a share of that level, is one sample a day, with all slots under one kernel: a linear and a
rational-quadratic part of what is known at the issue, drifts, and a drift by weekday (Rasmussen and Williams, 2006,
chapter 4). An error that cannot be foretold is forecast as its mean, so that what remains is the reference.

A `Process` is a family: `fit` learns the moments that make its inputs alike, `forecast` walks forward. Settings were
chosen on days before July 2021 of four European zones together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import toeplitz

from kpp_twin.units import DAYS_PER_WEEK, HOURS_PER_DAY, Array
from models.days import DayTables, shifted
from models.ensemble import weights_of_part
from models.families.gaussian_process import one_step_ahead
from models.features import MAD_TO_SIGMA

HISTORY_DAYS = 1456  # of a factorisation; older days tell little, and its cost grows with the cube
DAYS_PER_MONTH = 28  # whole weeks
USUAL_WEEKS = 6  # same weekdays that make the usual shape
LEAST_LEVEL = 0.05  # of the median level: in a shut-down the shares of the level stay bounded
HOLIDAY = 0.5  # share of the market from which a day is no usual weekday
LARGEST_INPUT = 4.0  # what is farther off counts as this far [standard deviations]
LARGEST_ERROR = 4.0  # of the reference, the same [standard deviations]
MEAN_VARIANCE = 0.1  # of what never changes [variances of the noise]
OWN = "own"  # before the names of the weights of a process within another
DAYS_PER_YEAR = 365.2425
LEAST_OF_DEVIATION = 0.3  # robust scales are at least this part of the standard deviation: rare inputs as holidays


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A family of forecasts; variances in units of the noise, which is 1.

    Inputs of a group are standardised; a group counts as much with one input as with many.

    Attributes
    ----------
    name
        As it is stored.
    own
        Process without the operator's forecast whose forecast is an input. If there is one, the first exogenous series
        is the operator's forecast, in the unit of the target, and the reference.
    linear
        Variance of the linear part by group of inputs.
    nearness
        Inverse squared length of the rational-quadratic part by group.
    nearness_variance
        Variance of that part.
    linear_days, nearness_days
        How long what they tell holds: covariances fall with ``exp(-age / days)``.
    drifts
        Variance and days of each drift.
    weekday_drift
        Variance and days of the drift of each weekday.
    """

    name: str
    own: "Process | None"
    linear: Mapping[str, float]
    nearness: Mapping[str, float]
    nearness_variance: float
    linear_days: float
    nearness_days: float
    drifts: tuple[tuple[float, float], ...]
    weekday_drift: tuple[float, float]


OWN_LOAD = Process(
    name="own_load",
    own=None,
    linear={
        "change from the usual, mean": 0.05,
        "change from the usual, shape": 0.0032,
        "change from yesterday, mean": 0.05,
        "change from yesterday, shape": 0.05,
        "error a week ago, shape": 0.0032,
        "error of a month, mean": 0.015,
        "error of a month, shape": 0.038,
        "error of a week, shape": 0.05,
        "holiday": 0.17,
        "morning, mean": 0.17,
        "morning, shape": 0.1,
        "newest error, mean": 0.05,
        "newest error, shape": 0.17,
        "past holiday": 0.05,
        "reference, mean": 0.015,
        "reference, shape": 0.17,
        "season": 0.17,
        "series, mean": 0.009,
        "series, shape": 0.03,
    },
    nearness={
        "change from a week ago, mean": 0.011,
        "change from a week ago, shape": 0.05,
        "change from the usual, mean": 0.05,
        "change from the usual, shape": 0.0045,
        "change from yesterday, mean": 0.97,
        "change from yesterday, shape": 0.17,
        "error a week ago, shape": 0.0032,
        "error of a week, shape": 0.015,
        "holiday": 280.0,
        "morning, mean": 0.05,
        "morning, shape": 0.17,
        "newest error, mean": 0.024,
        "newest error, shape": 0.05,
        "reference, mean": 0.17,
        "reference, shape": 0.55,
        "season": 0.17,
        "series, mean": 0.05,
        "series, shape": 0.024,
        "weekday": 0.55,
    },
    nearness_variance=1.7,
    linear_days=670,
    nearness_days=670,
    drifts=((0.00095, 9.2), (0.0032, 860)),
    weekday_drift=(0.0032, 55),
)
OPERATOR_ERROR = Process(
    name="operator_error",
    own=OWN_LOAD,
    linear={
        "change from a week ago, shape": 0.03,
        "change from the usual, mean": 0.009,
        "change from the usual, shape": 0.03,
        "change from yesterday, mean": 0.043,
        "change from yesterday, shape": 0.015,
        "error a week ago, mean": 0.009,
        "error a week ago, shape": 0.03,
        "error of a month, mean": 0.009,
        "error of a month, shape": 0.03,
        "error of a week, mean": 0.009,
        "error of a week, shape": 0.009,
        "holiday": 0.03,
        "morning, mean": 0.03,
        "morning, shape": 0.03,
        "newest error, shape": 0.009,
        "own forecast, mean": 0.009,
        "own forecast, shape": 0.23,
        "reference, shape": 0.33,
        "season": 0.03,
        "series, mean": 0.009,
        "series, shape": 0.03,
    },
    nearness={
        "change from a week ago, mean": 0.024,
        "change from a week ago, shape": 0.032,
        "change from the usual, mean": 0.17,
        "change from the usual, shape": 0.081,
        "change from yesterday, mean": 0.0045,
        "change from yesterday, shape": 0.05,
        "error a week ago, shape": 0.015,
        "error of a month, shape": 0.015,
        "error of a week, mean": 0.0032,
        "error of a week, shape": 0.015,
        "holiday": 0.081,
        "morning, mean": 0.0045,
        "newest error, mean": 0.015,
        "newest error, shape": 0.015,
        "own forecast, mean": 0.05,
        "own forecast, shape": 0.17,
        "reference, mean": 0.05,
        "reference, shape": 0.79,
        "season": 0.79,
        "series, mean": 0.17,
        "series, shape": 0.081,
        "weekday": 0.17,
    },
    nearness_variance=1.7,
    linear_days=670,
    nearness_days=670,
    drifts=((0.1, 4.5), (0.03, 7.1)),
    weekday_drift=(0.0019, 55),
)


def mean_of_known(stack: Array) -> Array:
    """Mean along the first axis of what is not missing; NaN where nothing is there."""
    known = np.isfinite(stack)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, stack, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)


def daily_mean(rows: Array) -> Array:
    """Mean of what is known of each day, ``(n_days, 1)``."""
    return mean_of_known(rows.T)[:, None]


def past_mean(rows: Array, lags: range) -> Array:
    """Mean of what is known of the rows of so many days before, ``(n_days, n)``."""
    return mean_of_known(np.array([shifted(rows, lag) for lag in lags]))


def hourly(rows: Array) -> Array:
    """Hourly means of days of slots, ``(n_days, 24)``."""
    return rows.reshape(len(rows), HOURS_PER_DAY, rows.shape[1] // HOURS_PER_DAY).mean(axis=2)


def level_of(tables: DayTables) -> Array:
    """Mean of the newest week that is wholly known at the issue of each day, ``(n_days, 1)``; NaN without any."""
    level = past_mean(daily_mean(tables.target), range(tables.lag, tables.lag + DAYS_PER_WEEK))
    for row in range(1, len(level)):  # a longer outage leaves the level where it was
        if np.isnan(level[row, 0]):
            level[row] = level[row - 1]
    return level


def usual_load(tables: DayTables) -> Array:
    """Mean shape of the weekday, else of any day, at the level of the last week, ``(n_days, n_slots)``; no holidays."""
    level = level_of(tables)
    is_usual = tables.holiday[:, None] < HOLIDAY
    shape = np.where(is_usual, tables.target - level, np.nan)
    of_weekday = past_mean(shape, range(DAYS_PER_WEEK, USUAL_WEEKS * DAYS_PER_WEEK + 1, DAYS_PER_WEEK))
    of_any_day = past_mean(shape, range(tables.lag, tables.lag + DAYS_PER_MONTH))
    return level + np.where(np.isfinite(of_weekday), of_weekday, of_any_day)


def _calendar(tables: DayTables) -> dict[str, Array]:
    angle = 2.0 * np.pi / DAYS_PER_YEAR * tables.day
    holiday = tables.holiday[:, None]
    return {
        "weekday": np.eye(DAYS_PER_WEEK)[tables.weekday],
        "holiday": np.hstack([holiday, shifted(holiday, 1)]),
        "past holiday": np.hstack([shifted(holiday, 2), shifted(holiday, DAYS_PER_WEEK)]),
        "season": np.column_stack([np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(2 * angle)]),
    }


def reference_of(process: Process, tables: DayTables) -> Array:
    """What the process is about the error of, ``(n_days, n_slots)``."""
    if process.own is None:
        return usual_load(tables)
    return np.repeat(tables.exogenous[0], tables.n_slots // HOURS_PER_DAY, axis=1)


def _groups(process: Process, tables: DayTables, level: Array) -> dict[str, Array]:
    """What is known of each day at its issue, by group, ``(n_days, n)`` each; NaN where it is missing."""
    reference, usual = reference_of(process, tables), usual_load(tables)
    expected, load = hourly(reference), hourly(tables.target)
    error = (load - expected) / level
    month = range(tables.lag, tables.lag + DAYS_PER_MONTH)
    profiles = {
        "newest error": shifted(error, tables.lag),
        "error a week ago": shifted(error, DAYS_PER_WEEK),
        "error of a week": past_mean(error, month[:DAYS_PER_WEEK]),
        "error of a month": past_mean(error, month),
        "morning": shifted((tables.target - reference) / level, 1)[:, : tables.known_slots],
        "reference": expected / level,
        "change from a week ago": (expected - shifted(load, DAYS_PER_WEEK)) / level,
        "change from the usual": (expected - hourly(usual)) / level,
        "change from yesterday": (expected - shifted(expected, 1)) / level,
    }
    others = tables.exogenous if process.own is None else tables.exogenous[1:]
    groups = _calendar(tables)
    for name, rows in [*profiles.items(), *((f"{number} series", rows) for number, rows in enumerate(others))]:
        mean = daily_mean(rows)
        groups |= {f"{name}, mean": mean, f"{name}, shape": rows - mean}
    return groups


def _moments(rows: Array) -> tuple[Array, Array]:
    """Median and robust deviation of each column, ``(n,)``; 0 and 1 where nothing is known or nothing changes."""
    known = np.where(np.isfinite(rows).any(axis=0), rows, 0.0) if len(rows) else np.zeros((1, rows.shape[1]))
    center = np.nanmedian(known, axis=0)
    deviation = MAD_TO_SIGMA * np.nanmedian(np.abs(known - center), axis=0)
    scale = np.maximum(deviation, LEAST_OF_DEVIATION * np.nanstd(known, axis=0))
    return center, np.where(scale > 0, scale, 1.0)


def without_operator(tables: DayTables) -> DayTables:
    """The same days without the first exogenous series."""
    return replace(tables, exogenous=tables.exogenous[1:])


def size_of(process: Process, tables: DayTables, least: float) -> Array:
    """Level in whose shares errors are told, ``(n_days, 1)``, at least `least`."""
    level = np.abs(level_of(tables))
    if process.own is not None:  # before the first known day the operator knows more
        level = np.where(np.isfinite(level), level, np.abs(daily_mean(tables.exogenous[0])))
    return np.maximum(level, least)


def fit(process: Process, tables: DayTables, until: int) -> dict[str, Array]:
    """Learn the moments of errors and inputs from what is known at the issue of the day with index `until`.

    Returns
    -------
    ``least_level`` ``(1,)``; ``error.center``, ``error.scale`` ``(n_slots,)``; ``inputs.center``, ``inputs.scale``
    ``(n_inputs,)``; and, behind ``own.``, the same of the process without the operator's forecast.
    """
    past = tables.rows(max(0, until - HISTORY_DAYS), until - tables.lag + 1)
    sizes = np.abs(size_of(process, past, 0.0))
    least_level = LEAST_LEVEL * _moments(sizes)[0]
    weights = {"least_level": np.where(least_level > 0, least_level, 1.0)}
    level = np.maximum(sizes, weights["least_level"])
    error = (past.target - reference_of(process, past)) / level
    center, scale = _moments(error)
    bounded = np.clip(error, center - LARGEST_ERROR * scale, center + LARGEST_ERROR * scale)
    weights |= {"error.center": center, "error.scale": _moments(bounded)[1]}
    inputs = np.hstack(list(_groups(process, past, level).values()))
    weights["inputs.center"], weights["inputs.scale"] = _moments(inputs)
    if process.own is not None:
        own = fit(process.own, without_operator(tables), until)
        weights |= {f"{OWN}.{name}": numbers for name, numbers in own.items()}
    return weights


def forecast(process: Process, weights: Mapping[str, Array], tables: DayTables, first: int, stop: int) -> Array:
    """Forecast the days from index `first` to before `stop`, ``(stop - first, n_slots)``, each as of its issue.

    NaN where there is no reference: no operator's forecast of that day, or nothing known of its weekday.
    """
    begin = max(0, stop - HISTORY_DAYS)
    return _walk(process, weights, tables.rows(begin, stop))[first - begin :]


def _walk(process: Process, weights: Mapping[str, Array], tables: DayTables) -> Array:
    """Forecast every day from those before it, ``(n_days, n_slots)``."""
    level = size_of(process, tables, float(weights["least_level"][0]))
    reference = reference_of(process, tables)
    groups = _groups(process, tables, level)
    even = _standardised(np.hstack(list(groups.values())), weights["inputs.center"], weights["inputs.scale"])
    stops = np.cumsum([rows.shape[1] for rows in groups.values()])[:-1]
    inputs = dict(zip(groups, np.hsplit(even, stops), strict=True))
    scale = weights["error.scale"]
    if process.own is not None:
        own_weights = weights_of_part(OWN, weights)
        own = _walk(process.own, own_weights, without_operator(tables))
        difference = hourly((own - reference) / level / scale)
        mean = daily_mean(difference)
        inputs |= {
            "own forecast, mean": _standardised(mean, 0.0, 1.0),
            "own forecast, shape": _standardised(difference - mean, 0.0, 1.0),
        }
    error = (tables.target - reference) / level - weights["error.center"]
    targets = np.clip(error / scale, -LARGEST_ERROR, LARGEST_ERROR)
    targets[-tables.lag :] = np.nan  # nobody may know these; and so the arithmetic never depends on what is missing
    expected, _ = one_step_ahead(_covariance(process, inputs), targets, tables.lag)
    return reference + level * (weights["error.center"] + scale * expected)


def _standardised(rows: Array, center: Array | float, scale: Array | float) -> Array:
    """Inputs of mean 0 and deviation 1; what is missing counts as the mean."""
    even = np.clip((rows - center) / scale, -LARGEST_INPUT, LARGEST_INPUT)
    return np.where(np.isnan(even), 0.0, even)


def _weighted(inputs: Mapping[str, Array], factors: Mapping[str, float]) -> Array:
    """Inputs side by side, each times the root of its group's factor, ``(n_days, n)``."""
    return np.hstack(
        [
            rows * np.sqrt(factors[group] / rows.shape[1])
            for name, rows in inputs.items()
            if (group := name.lstrip("0123456789 ")) in factors
        ]
    )


def _covariance(process: Process, inputs: Mapping[str, Array]) -> Array:
    linear = _weighted(inputs, process.linear)
    near = _weighted(inputs, process.nearness)
    squares = (near**2).sum(axis=1)
    distance = squares[:, None] + squares - 2.0 * near @ near.T
    age = np.arange(len(near))
    weekday = inputs["weekday"].argmax(axis=1)
    variance, days = process.weekday_drift
    drift = sum(part * np.exp(-age / days) for part, days in process.drifts)
    return (
        linear @ linear.T * toeplitz(np.exp(-age / process.linear_days))
        + process.nearness_variance / (1.0 + distance / 2.0) * toeplitz(np.exp(-age / process.nearness_days))
        + toeplitz(MEAN_VARIANCE + drift)
        + variance * (weekday[:, None] == weekday) * toeplitz(np.exp(-age / days))
        + np.eye(len(near))
    )
