"""Small neural networks that map what is known of a day to all of its slots: the mean of a few, each seeded otherwise.

A network has two hidden layers and a linear path beside them, and learns by the absolute error (as the published deep
network: Lago, Marcjasz, De Schutter and Weron, 2021). Its target is ``asinh((value - level) / scale)`` by what is known
at the issue. Networks differ by their seed alone; their mean errs less than any of them.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from kpp_twin.units import DAYS_PER_WEEK, Array
from models.days import DayTables, shifted
from models.errors import TooLittleTrainingError
from models.features import mean_of

Single = npt.NDArray[np.float32]

NAME = "network"
N_NETWORKS = 3  # the first few help most
LEVEL_DAYS = 28  # four of each weekday
DISTANCE_DAYS = 28  # the scale is the usual distance from the level of a month
SCALE_DAYS = 364  # a year: the scale must not follow a quiet month
HISTORY_DAYS = 1456  # four years to learn from; older ones cost time and say little
OWN_LAGS = (1, 2, 3, 7)  # days back, as in the published linear and deep models
EXOGENOUS_LAGS = (0, 1, 7)
LONGEST_LAG = 7
LARGEST_BOUNDED = 12.0  # asinh of 80,000 scales
BEYOND = 0.5  # how far a forecast may go beyond what is known [its span]: after spikes a network would go far
LOOK_BACK_DAYS = SCALE_DAYS + DISTANCE_DAYS + LONGEST_LAG  # before a day, that its inputs come from
HIDDEN = (128, 64)  # units of the hidden layers
EPOCHS = 40  # with 20 or 80 the mean with a lasso errs more
LEAST_STEPS = 200  # however few the days are
BATCH_DAYS = 64
DROPOUT = 0.2  # share of hidden units left out in a step
LEARNING_RATE = 2e-3  # falls to 0 in equal steps
LARGEST_INPUT = 4.0  # spreads from the mean; beyond, an input says no more
DAYS_PER_YEAR = 365.25
SEED = 20_160_101
LEAST_TRAINING_DAYS = 7  # every weekday once
LEAST_SPREAD = 1e-9  # of the mean; an input that varies less is constant
SMALL_START = 0.1  # of the last layer, so that the first steps are those of the straight path
MOMENTUM = 0.9  # Adam: share of the running mean gradient that is kept in a step
SQUARES_KEPT = 0.999  # and of the running mean of its square
SMALLEST_ROOT = 1e-8
LAYERS = ("first", "second", "last")
PARTS = (*LAYERS, *(f"{layer}_offset" for layer in LAYERS), "straight")


def bridged(rows: Array) -> Array:
    """Rows ``(n_days, n_slots)`` with each gap between two values of a day filled by a straight line."""
    full = rows.copy()
    for day in np.flatnonzero(np.isnan(rows).any(axis=1) & np.isfinite(rows).any(axis=1)):
        present = np.flatnonzero(np.isfinite(rows[day]))
        inside = np.arange(present[0], present[-1] + 1)
        full[day, inside] = np.interp(inside, present, rows[day, present])
    return full


def carried(rows: Array) -> Array:
    """Rows with each gap filled from its own day, or else from the day before; NaN before the first value."""
    full = bridged(rows)
    for day in np.flatnonzero(np.isnan(full).any(axis=1)):
        gap = np.isnan(full[day])
        full[day, gap] = full[day - 1, gap] if day else np.nan
    return full


def newest(tables: DayTables) -> Array:
    """Target of the day before each day as known at the issue, ``(n_days, n_slots)``.

    Slots that are not known yet are those of one day earlier.
    """
    known = np.where(np.arange(tables.n_slots) < tables.known_slots, tables.target, np.nan)
    known, before = bridged(known), shifted(carried(tables.target), 1)
    return shifted(np.where(np.isnan(known), before, known), 1)


def trailing_mean(values: Array, days: int) -> Array:
    """Mean of the finite ones of the last `days` values at each of them, itself included; NaN without any."""
    return mean_of(sliding_window_view(np.concatenate([np.full(days - 1, np.nan), values]), days))


def trailing_median(rows: Array, days: int) -> Array:
    """Median of the finite values of the last `days` rows at each of them, itself included; NaN without any."""
    median = np.full(len(rows), np.nan)
    for day in np.flatnonzero(np.isfinite(rows).any(axis=1)):
        window = rows[max(0, day - days + 1) : day + 1]
        median[day] = np.median(window[np.isfinite(window)])
    return median


def level_and_scale(rows: Array, level_days: int) -> tuple[Array, Array]:
    """Median of the last days, and mean distance from that of a month over the last year; ``(n_days,)`` each.

    The level is a median over all slots: hours of spikes must not shift it.

    Parameters
    ----------
    rows
        What `newest` gives.
    """
    month = trailing_median(rows, DISTANCE_DAYS)
    level = month if level_days == DISTANCE_DAYS else trailing_median(rows, level_days)
    scale = trailing_mean(np.abs(rows - month[:, None]).mean(axis=1), SCALE_DAYS)
    return level, np.where(scale > 0, scale, 1.0)


def look(tables: DayTables, level_days: int) -> tuple[Array, Array, Array]:
    """What is known of each day at its issue.

    Returns
    -------
    inputs : ``(n_days, n_inputs)``, NaN where missing
    level, scale : ``(n_days,)``, NaN at the beginning
    """
    last, whole = newest(tables), carried(tables.target)
    level, scale = level_and_scale(last, level_days)
    own = [last if lag == 1 else shifted(whole, lag) for lag in OWN_LAGS]
    year = trailing_mean(level, SCALE_DAYS)
    season = 2 * np.pi * tables.day[:, None] / DAYS_PER_YEAR * np.array([1.0, 2.0])
    columns = [
        *(np.arcsinh((rows - level[:, None]) / scale[:, None]) for rows in own),
        *(shifted(carried(series), lag) for series in tables.exogenous for lag in EXOGENOUS_LAGS),
        np.eye(DAYS_PER_WEEK)[tables.weekday],
        tables.holiday[:, None],
        shifted(tables.holiday[:, None], 1),
        np.sin(season),
        np.cos(season),
        np.arcsinh((level - year) / scale)[:, None],
    ]
    return np.hstack(columns), level, scale


def fit(tables: DayTables, until: int) -> dict[str, Array]:
    """Weights of all networks, from the last `HISTORY_DAYS` days that are known at the issue of day `until`.

    Raises
    ------
    TooLittleTrainingError
        Fewer than `LEAST_TRAINING_DAYS` of them have a value and a week before them.
    """
    tables = tables.rows(max(0, until - HISTORY_DAYS - LOOK_BACK_DAYS), until)
    inputs, level, scale = look(tables, LEVEL_DAYS)
    bounded = np.arcsinh((tables.target - level[:, None]) / scale[:, None])
    stop = tables.n_days - tables.lag + 1
    rows = np.arange(max(LONGEST_LAG, stop - HISTORY_DAYS), max(LONGEST_LAG, stop))
    rows = rows[np.isfinite(bounded[rows]).any(axis=1)]
    if len(rows) < LEAST_TRAINING_DAYS:
        raise TooLittleTrainingError(f"a network needs {LEAST_TRAINING_DAYS} days to learn from, not {len(rows)}")
    mean = mean_of(inputs[rows].T)
    spread = np.sqrt(mean_of((inputs[rows] - mean).T ** 2))
    weights = {
        "mean": np.where(np.isfinite(mean), mean, 0.0),
        "spread": np.where(spread > LEAST_SPREAD * (1.0 + np.abs(mean)), spread, 1.0),
    }
    even = _standardised(weights, inputs[rows])
    for number in range(N_NETWORKS):
        layers = _train(even, bounded[rows], seed=SEED + number)
        weights |= {f"{number}.{name}": layer for name, layer in layers.items()}
    return weights


def forecast(weights: Mapping[str, Array], tables: DayTables, first: int, stop: int) -> Array:
    """Forecast of days `first` to `stop`, ``(stop - first, n_slots)``, each by what is known at its issue."""
    part = tables.rows(max(0, first - LOOK_BACK_DAYS), stop)
    inputs, level, scale = (array[first - stop :] for array in look(part, LEVEL_DAYS))
    even = _standardised(weights, inputs)
    total = np.zeros((stop - first, tables.n_slots))
    for number in range(N_NETWORKS):
        bounded = _answer({name: weights[f"{number}.{name}"] for name in PARTS}, even)
        total += np.sinh(np.clip(bounded, -LARGEST_BOUNDED, LARGEST_BOUNDED))
    least, greatest = (shifted(bound, tables.lag)[first - stop :] for bound in _bounds(part.target))
    beyond = BEYOND * (greatest - least)
    return np.clip(level[:, None] + scale[:, None] * total / N_NETWORKS, least - beyond, greatest + beyond)


def _bounds(rows: Array) -> tuple[Array, Array]:
    """Least and greatest value up to each day, ``(n_days, 1)`` each."""
    least, greatest = np.fmin.reduce(rows, axis=1), np.fmax.reduce(rows, axis=1)
    return np.fmin.accumulate(least)[:, None], np.fmax.accumulate(greatest)[:, None]


def _standardised(learnt: Mapping[str, Array], inputs: Array) -> Array:
    """Inputs of mean 0 and spread 1; what is missing counts as the mean."""
    even = np.clip((inputs - learnt["mean"]) / learnt["spread"], -LARGEST_INPUT, LARGEST_INPUT)
    return np.where(np.isnan(even), 0.0, even)


def _answer(learnt: Mapping[str, Array], even: Array) -> Array:
    first = np.maximum(even @ learnt["first"] + learnt["first_offset"], 0.0)
    second = np.maximum(first @ learnt["second"] + learnt["second_offset"], 0.0)
    return second @ learnt["last"] + learnt["last_offset"] + even @ learnt["straight"]


def _train(inputs: Array, targets: Array, seed: int) -> dict[str, Array]:
    """Minimise the mean absolute error by Adam (Kingma and Ba, 2015), with dropout (Srivastava et al., 2014).

    Parameters
    ----------
    inputs, targets
        ``(n, n_inputs)`` finite, ``(n, n_slots)``; a NaN target counts as met.
    """
    random = np.random.default_rng(seed)
    even, wanted = inputs.astype(np.float32), targets.astype(np.float32)  # half the cost of float64
    layers = _start(random, even.shape[1], wanted.shape[1])
    layers["last_offset"] += np.nan_to_num(mean_of(targets.T))  # the usual day; 0 for a slot without any value
    numbers = np.concatenate([layer.ravel() for layer in layers.values()])
    slope, mean, square = (np.zeros_like(numbers) for _ in range(3))
    at, slope_at = _cut(numbers, layers), _cut(slope, layers)
    batch = min(BATCH_DAYS, len(even))
    per_epoch = len(even) // batch
    n_epochs = max(EPOCHS, math.ceil(LEAST_STEPS / per_epoch))
    n_steps = n_epochs * per_epoch
    order = np.concatenate([random.permutation(len(even))[: per_epoch * batch] for _ in range(n_epochs)])
    for step, rows in enumerate(order.reshape(n_steps, batch)):
        _back(at, slope_at, even[rows], wanted[rows], random)
        mean += (1 - MOMENTUM) * (slope - mean)
        square += (1 - SQUARES_KEPT) * (slope * slope - square)
        unbiased = math.sqrt(1 - SQUARES_KEPT ** (step + 1)) / (1 - MOMENTUM ** (step + 1))
        numbers -= LEARNING_RATE * (1 - step / n_steps) * unbiased * mean / (np.sqrt(square) + SMALLEST_ROOT)
    return {name: layer.astype(np.float64) for name, layer in at.items()}


def _start(random: np.random.Generator, n_inputs: int, n_slots: int) -> dict[str, Single]:
    """Layers before the first step: random ones of even gain (He et al., 2015), a small last and no straight one."""
    sizes = (n_inputs, *HIDDEN, n_slots)
    layers: dict[str, Single] = {}
    for name, above, below in zip(LAYERS, sizes[:-1], sizes[1:], strict=True):
        gain = math.sqrt(2 / above) * (SMALL_START if name == "last" else 1.0)
        layers[name] = gain * random.standard_normal((above, below), dtype=np.float32)
        layers[f"{name}_offset"] = np.zeros(below, dtype=np.float32)
    return layers | {"straight": np.zeros((n_inputs, n_slots), dtype=np.float32)}


def _cut(numbers: Single, layers: Mapping[str, Single]) -> dict[str, Single]:
    """One row of numbers, seen as the layers."""
    ends = np.cumsum([layer.size for layer in layers.values()])
    return {
        name: numbers[end - layer.size : end].reshape(layer.shape)
        for (name, layer), end in zip(layers.items(), ends, strict=True)
    }


def _back(
    at: Mapping[str, npt.NDArray[Any]],
    slope: Mapping[str, npt.NDArray[Any]],
    even: npt.NDArray[Any],
    wanted: npt.NDArray[Any],
    random: np.random.Generator,
    dropout: float = DROPOUT,
) -> None:
    """Slope of the mean absolute error of a batch, by every number of the layers (back-propagation)."""
    first = even @ at["first"] + at["first_offset"]
    open_first = (first > 0) * _kept(random, first.shape, dropout)
    first *= open_first
    second = first @ at["second"] + at["second_offset"]
    open_second = (second > 0) * _kept(random, second.shape, dropout)
    second *= open_second
    error = second @ at["last"] + at["last_offset"] + even @ at["straight"] - wanted
    sign = np.where(np.isnan(error), 0, np.sign(error)).astype(even.dtype) / even.dtype.type(len(even))
    at_second = sign @ at["last"].T * open_second
    at_first = at_second @ at["second"].T * open_first
    for above, below, name in ((even, at_first, "first"), (first, at_second, "second"), (second, sign, "last")):
        np.matmul(above.T, below, out=slope[name])
        below.sum(axis=0, out=slope[f"{name}_offset"])
    np.matmul(even.T, sign, out=slope["straight"])


def _kept(random: np.random.Generator, shape: tuple[int, ...], dropout: float) -> Single:
    """0 for units that are left out, and so much more for the others that their mean is 1."""
    return (random.random(shape, dtype=np.float32) >= dropout).astype(np.float32) / np.float32(1 - dropout)
