"""Boosted regression trees over all slots of a day together, their nodes stored as plain arrays.

A sample is a slot of a day. scikit-learn grows the trees, by gradient boosting on inputs in bins (Ke et al., 2017); own
code walks them, so that a stored forecaster needs neither unpickling nor that library.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kpp_twin.units import HOURS_PER_DAY, Array
from models.days import DayTables, shifted
from models.errors import TooLittleTrainingError
from models.families.network import DAYS_PER_YEAR, LOOK_BACK_DAYS, carried, level_and_scale, newest

NAME = "trees"
LEVEL_DAYS = 1  # trees cannot follow a level beyond those they grew on, so they are told all against yesterday's
HISTORY_DAYS = 1456  # four years to learn from; older ones cost time and say little
LONGEST_LAG = 7
LEAST_TRAINING_DAYS = 7  # trees of fewer would have one leaf
LARGEST_BOUNDED = 12.0  # asinh of 80,000 scales: no forecast goes beyond
MOST_SAMPLES = 10_000  # neighbouring slots say much the same, and half of them cost half
N_TREES = 150  # fewer and steeper ones cost less, and err more
LEARNING_RATE = 0.08
LEAVES = 31
LEAST_SAMPLES = 40  # of a leaf
SHRINKAGE = 1.0  # penalty on the squares of the leaves' values
SEED = 20_160_101


def look(tables: DayTables) -> tuple[Array, Array, Array]:
    """What is known of each slot at the issue of its day.

    Returns
    -------
    inputs : ``(n_days, n_slots, n_inputs)``, NaN where missing
    level, scale : ``(n_days,)``, NaN at the beginning
    """
    last, whole = newest(tables), carried(tables.target)
    level, scale = level_and_scale(last, LEVEL_DAYS)
    own = [(rows - level[:, None]) / scale[:, None] for rows in (last, *(shifted(whole, lag) for lag in (2, 3, 7)))]
    yesterday, week_ago = np.arcsinh(own[0]), np.arcsinh(own[-1])
    by_slot = [*np.arcsinh(own), *_beside(yesterday)]
    by_day = [
        *_spans(yesterday),
        yesterday[:, 0],
        yesterday[:, -1],
        yesterday[:, -(tables.n_slots // 6) :].mean(axis=1),  # the last four hours
        week_ago.mean(axis=1),
        tables.weekday.astype(np.float64),
        tables.holiday,
        shifted(tables.holiday, 1),
        tables.day % DAYS_PER_YEAR,
    ]
    for series in tables.exogenous:
        hours = carried(series)
        change = [hours - shifted(hours, lag) for lag in (1, 7)]
        by_hour = [hours, *(beside - hours for beside in _beside(hours)), *change]
        by_slot += [np.repeat(rows, tables.n_slots // HOURS_PER_DAY, axis=1) for rows in by_hour]
        by_day += [*_spans(hours), *(rows.mean(axis=1) for rows in change)]
    slot = np.broadcast_to(np.arange(tables.n_slots, dtype=np.float64), tables.target.shape)
    repeated = [np.broadcast_to(values[:, None], tables.target.shape) for values in by_day]
    return np.stack([*by_slot, *repeated, slot], axis=2), level, scale


def _beside(rows: Array) -> tuple[Array, Array]:
    """Value of the slot before and of the slot after; at an end that of the end."""
    return np.hstack([rows[:, :1], rows[:, :-1]]), np.hstack([rows[:, 1:], rows[:, -1:]])


def _spans(rows: Array) -> tuple[Array, Array, Array]:
    """Mean, least and largest of each day."""
    return rows.mean(axis=1), rows.min(axis=1), rows.max(axis=1)


def fit(tables: DayTables, until: int) -> dict[str, Array]:
    """Nodes of all trees, grown on the last `HISTORY_DAYS` days that are known at the issue of day `until`.

    Returns
    -------
    dict
        ``root``, the first node of each tree; ``start``, ``(1,)``, what the trees add to; and of each node
        ``input``, ``threshold``, ``missing_left``, ``left``, ``right`` and ``value``. A leaf leads to itself.

    Raises
    ------
    TooLittleTrainingError
        Fewer than `LEAST_TRAINING_DAYS` of them have a value and a week before them.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    tables = tables.rows(max(0, until - HISTORY_DAYS - LOOK_BACK_DAYS), until)
    inputs, level, scale = look(tables)
    bounded = np.arcsinh((tables.target - level[:, None]) / scale[:, None])
    stop = tables.n_days - tables.lag + 1
    rows = np.arange(max(LONGEST_LAG, stop - HISTORY_DAYS), max(LONGEST_LAG, stop))
    known = np.isfinite(bounded[rows])
    n_days = int(known.any(axis=1).sum())
    if n_days < LEAST_TRAINING_DAYS:
        raise TooLittleTrainingError(f"trees need {LEAST_TRAINING_DAYS} days to grow on, not {n_days}")
    model = HistGradientBoostingRegressor(
        loss="absolute_error",
        learning_rate=LEARNING_RATE,
        max_iter=N_TREES,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=LEAST_SAMPLES,
        l2_regularization=SHRINKAGE,
        early_stopping=False,
        random_state=SEED,
    )
    samples, targets = inputs[rows][known], bounded[rows][known]
    if len(samples) > MOST_SAMPLES:
        chosen = np.random.default_rng(SEED).choice(len(samples), MOST_SAMPLES, replace=False)
        samples, targets = samples[chosen], targets[chosen]
    samples[:, np.isnan(samples).all(axis=0)] = 0.0  # scikit-learn refuses an input that is never known
    with threadpool_limits(limits=1, user_api="openmp"):  # threads that wait for each other cost more than they save
        return nodes_of(model.fit(samples, targets))


def nodes_of(model: Any) -> dict[str, Array]:
    """Nodes of a fitted HistGradientBoostingRegressor as arrays: what `fit` returns."""
    trees = [iteration[0].nodes for iteration in model._predictors]
    root = np.cumsum([0, *(len(tree) for tree in trees[:-1])])
    nodes = np.concatenate(trees)
    own = np.arange(len(nodes))
    first = np.repeat(root, [len(tree) for tree in trees])
    leaf = nodes["is_leaf"] == 1
    return {
        "root": root.astype(np.float64),
        "start": np.ravel(model._baseline_prediction).astype(np.float64),
        "input": np.where(leaf, 0, nodes["feature_idx"]).astype(np.float64),
        "threshold": np.where(leaf, 0.0, nodes["num_threshold"]),
        "missing_left": nodes["missing_go_to_left"].astype(np.float64),
        "left": np.where(leaf, own, first + nodes["left"]).astype(np.float64),
        "right": np.where(leaf, own, first + nodes["right"]).astype(np.float64),
        "value": nodes["value"].astype(np.float64),
    }


def answer(weights: Mapping[str, Array], inputs: Array) -> Array:
    """What the trees say of samples ``(n, n_inputs)``: the sum of one leaf of each, ``(n,)``."""
    column, left, right = (weights[name].astype(np.int64) for name in ("input", "left", "right"))
    threshold, missing_left = weights["threshold"], weights["missing_left"] == 1
    sample = np.arange(len(inputs))[:, None]
    node = np.tile(weights["root"].astype(np.int64), (len(inputs), 1))
    while True:
        value = inputs[sample, column[node]]
        goes_left = np.where(np.isnan(value), missing_left[node], value <= threshold[node])
        below = np.where(goes_left, left[node], right[node])
        if (below == node).all():
            return weights["start"][0] + weights["value"][node].sum(axis=1)
        node = below


def forecast(weights: Mapping[str, Array], tables: DayTables, first: int, stop: int) -> Array:
    """Forecast of days `first` to `stop`, ``(stop - first, n_slots)``, each by what is known at its issue."""
    inputs, level, scale = (array[first - stop :] for array in look(tables.rows(max(0, first - LOOK_BACK_DAYS), stop)))
    at = answer(weights, inputs.reshape(-1, inputs.shape[2])).reshape(inputs.shape[:2])
    return level[:, None] + scale[:, None] * np.sinh(np.clip(at, -LARGEST_BOUNDED, LARGEST_BOUNDED))
