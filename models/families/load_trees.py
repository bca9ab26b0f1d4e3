"""Boosted trees on what the Gaussian process of a load leaves over.

The process forecasts every past day from those before it; trees learn what then remained, as a share of the level, and
half of what they say is added: the mean of the process and of the process with trees. Which settings and what half are
for was chosen on days before July 2021 of three European zones together.
"""

from collections.abc import Mapping

import numpy as np

from kpp_twin.units import DAYS_PER_WEEK, HOURS_PER_DAY, Array
from models.days import DayTables, shifted
from models.ensemble import weights_of_part
from models.families import load_days, trees
from models.families.load_days import (
    DAYS_PER_MONTH,
    DAYS_PER_YEAR,
    HISTORY_DAYS,
    Process,
    daily_mean,
    past_mean,
    reference_of,
    size_of,
    usual_load,
)

SHARE = 0.5  # of what the trees say
LEAST_DAYS = 182  # of the past; fewer teach trees noise
BURN_IN_DAYS = 28  # at the start of the past, while the process has seen next to nothing
MOST_SAMPLES = 35_000  # four years of hours; neighbouring quarter-hours say much the same
LARGEST_RATIO = 5.0  # errors farther off count as this far [standard deviations]
SEED = 20_210_701


def _inputs(process: Process, tables: DayTables, expected: Array, least: float) -> tuple[Array, Array]:
    """Inputs of each slot, ``(n_days, n_slots, n_inputs)``, and the level, ``(n_days, 1)``.

    Parameters
    ----------
    expected
        What the process forecast of each day.
    """
    level, reference = size_of(process, tables, least), reference_of(process, tables)
    left, correction = (tables.target - expected) / level, (expected - reference) / level
    morning = shifted(left, 1)[:, : tables.known_slots]
    newest, month = shifted(left, tables.lag), range(tables.lag, tables.lag + DAYS_PER_MONTH)
    angle = 2.0 * np.pi / DAYS_PER_YEAR * tables.day[:, None]
    holiday = tables.holiday[:, None]
    per_day = [
        tables.weekday[:, None],
        holiday,
        shifted(holiday, 1),
        np.sin(angle),
        np.cos(angle),
        daily_mean(correction),
        daily_mean(newest),
        daily_mean(morning),
        morning[:, -1:],
        daily_mean(reference) / level,
    ]
    per_slot = [
        np.arange(tables.n_slots),
        correction,
        np.roll(correction, 1, axis=1),
        np.roll(correction, -1, axis=1),
        newest,
        shifted(left, DAYS_PER_WEEK),
        past_mean(left, month[:DAYS_PER_WEEK]),
        past_mean(left, month),
        reference / level,
        (reference - shifted(tables.target, DAYS_PER_WEEK)) / level,
        (reference - usual_load(tables)) / level,
    ]
    for series in tables.exogenous if process.own is None else tables.exogenous[1:]:
        per_day.append(daily_mean(series))
        per_slot.append(np.repeat(series, tables.n_slots // HOURS_PER_DAY, axis=1))
    shape = tables.target.shape
    return np.stack([np.broadcast_to(rows, shape) for rows in [*per_day, *per_slot]], axis=2), level


def fit(process: Process, tables: DayTables, until: int) -> dict[str, Array]:
    """Weights of the process, and the nodes of the trees behind ``trees.`` if there is past enough.

    Both are learnt from what is known at the issue of the day with index `until`.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    weights = load_days.fit(process, tables, until)
    stop = until - tables.lag + 1
    first = max(0, stop - HISTORY_DAYS)
    if stop - first < LEAST_DAYS:
        return weights
    past = tables.rows(first, stop)
    expected = load_days.forecast(process, weights, past, 0, past.n_days)
    inputs, level = _inputs(process, past, expected, float(weights["least_level"][0]))
    left = (past.target - expected) / level
    left[:BURN_IN_DAYS] = np.nan
    known = np.flatnonzero(np.isfinite(left))
    if len(known) < LEAST_DAYS * HOURS_PER_DAY / 2:
        return weights
    if len(known) > MOST_SAMPLES:
        known = np.random.default_rng(SEED).choice(known, MOST_SAMPLES, replace=False)
    samples, targets = inputs.reshape(-1, inputs.shape[2])[known], left.ravel()[known]
    samples[:, np.isnan(samples).all(axis=0)] = 0.0  # scikit-learn refuses an input that is never known
    most = LARGEST_RATIO * targets.std()
    model = HistGradientBoostingRegressor(
        loss="absolute_error",
        max_iter=100,
        learning_rate=0.05,
        max_leaf_nodes=12,
        min_samples_leaf=150,
        l2_regularization=5.0,
        max_bins=63,
        early_stopping=False,
        random_state=SEED,
    )
    with threadpool_limits(limits=1, user_api="openmp"):  # threads that wait for each other cost more than they save
        model.fit(samples, np.clip(targets, -most, most))
    return weights | {f"{trees.NAME}.{name}": nodes for name, nodes in trees.nodes_of(model).items()}


def forecast(process: Process, weights: Mapping[str, Array], tables: DayTables, first: int, stop: int) -> Array:
    """Forecast the days from index `first` to before `stop`, ``(stop - first, n_slots)``, each as of its issue.

    NaN where the process has none.
    """
    begin = max(0, stop - HISTORY_DAYS)
    part = tables.rows(begin, stop)
    expected = load_days.forecast(process, weights, part, 0, part.n_days)
    nodes = weights_of_part(trees.NAME, weights)
    if nodes:
        inputs, level = _inputs(process, part, expected, float(weights["least_level"][0]))
        asked = inputs[first - begin :]
        left = trees.answer(nodes, asked.reshape(-1, asked.shape[2])).reshape(asked.shape[:2])
        expected[first - begin :] += SHARE * level[first - begin :] * left
    return expected[first - begin :]
