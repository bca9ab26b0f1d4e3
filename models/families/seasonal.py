"""A seasonal model of statsmodels for a load: the mean of a day as unobserved components, and the usual shape.

The mean of a day is a level that drifts and a pattern of the week that drifts (Harvey, 1989, chapter 2); its variances
are found by maximum likelihood. The shape of a day is the mean of those of the same weekday.
"""

from collections.abc import Mapping
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np

from kpp_twin.units import DAYS_PER_WEEK, Array
from models.days import DayTables, shifted
from models.families.load_days import mean_of_known

NAME = "seasonal"
HISTORY_DAYS = 364  # of the likelihood; variances change little with more
SHAPE_WEEKS = 6  # same weekdays that make the shape
MOST_STEPS = 50  # of the search for the variances, which is flat near the best
LEAST_DAYS = 3 * DAYS_PER_WEEK  # known days; fewer tell no pattern of the week from noise


def _components(means: Array) -> Any:
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    return UnobservedComponents(means, level="local level", seasonal=DAYS_PER_WEEK, use_exact_diffuse=True)


def fit(tables: DayTables, until: int) -> dict[str, Array]:
    """Learn from the days that are wholly known at the issue of the day with index `until`.

    Returns
    -------
    ``variances`` of noise, level and week, ``(3,)``, and ``scale`` of the means, ``(1,)``; NaN with fewer than three
    weeks of known days.
    """
    means = tables.target.mean(axis=1)[max(0, until - HISTORY_DAYS) : until - tables.lag + 1]
    if np.isfinite(means).sum() < LEAST_DAYS:
        return {"variances": np.full(3, np.nan), "scale": np.full(1, np.nan)}
    scale = np.nanstd(means) or 1.0
    with catch_warnings():
        simplefilter("ignore")  # that the search stopped: near the best is near enough
        found = _components(means / scale).fit(disp=False, maxiter=MOST_STEPS)
    return {"variances": np.asarray(found.params, dtype=float), "scale": np.array([scale])}


def forecast(weights: Mapping[str, Array], tables: DayTables, first: int, stop: int) -> Array:
    """Forecast the days from index `first` to before `stop`, ``(stop - first, n_slots)``, each as of its issue.

    NaN where the weights are, and where nothing is known of the weekday.
    """
    none = np.full((stop - first, tables.n_slots), np.nan)
    if np.isnan(weights["variances"]).any():
        return none
    begin = max(0, first - HISTORY_DAYS)
    means = tables.target[begin:stop].mean(axis=1)
    model = _components(np.where(np.isfinite(means), means, np.nan) / weights["scale"])
    state = model.filter(weights["variances"]).filtered_state
    ahead = model["design"][0] @ np.linalg.matrix_power(model["transition"], tables.lag)
    days = np.arange(first, stop)
    is_known = days >= begin + tables.lag
    none[is_known] = (weights["scale"] * (ahead @ state[:, days[is_known] - begin - tables.lag]))[:, None]
    shape = tables.target - mean_of_known(tables.target.T)[:, None]
    weeks = range(DAYS_PER_WEEK, SHAPE_WEEKS * DAYS_PER_WEEK + 1, DAYS_PER_WEEK)
    return none + mean_of_known(np.array([shifted(shape, week) for week in weeks]))[first:stop]
