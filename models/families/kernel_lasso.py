"""Coordinate descent for the lasso, compiled: second moments in, coefficients out."""

from typing import Final

import numpy as np

from kpp_twin.compiled import compiled
from kpp_twin.units import Array

LARGEST_SWEEPS: Final = 2000  # of the inputs in use, between two looks at all inputs: no descent goes on for ever


@compiled
def descend(gram: Array, moments: Array, penalties: Array, tolerance: float, coefficients: Array) -> None:
    """Least squares under a penalty on absolute coefficients, by cyclic coordinate descent on second moments.

    Minimises ``b @ gram @ b / 2 - moments @ b + penalty * sum(abs(b))`` for each output and penalty. Between looks at
    all inputs only those in use are gone through (Friedman, Hastie and Tibshirani, 2010: covariance updates and active
    sets).

    Parameters
    ----------
    gram
        Second moments of the inputs, ``(n_inputs, n_inputs)``. An input of no variance keeps its coefficient.
    moments
        Of each output with the inputs, ``(n_outputs, n_inputs)``.
    penalties
        ``(n_outputs, n_penalties)``, the largest first.
    tolerance
        The descent ends where no coefficient moves further in a look at all inputs.
    coefficients
        ``(n_outputs, n_penalties, n_inputs)``. Where to start; changed in place. Where all are zero, the descent starts
        from those of the penalty before.
    """
    n_outputs, n_penalties, n_inputs = coefficients.shape
    rest = np.empty(n_inputs)  # moments that the coefficients leave unexplained
    used = np.empty(n_inputs, np.int64)
    for output in range(n_outputs):
        for level in range(n_penalties):
            chosen = coefficients[output, level]
            if level > 0 and not np.any(chosen):
                chosen[:] = coefficients[output, level - 1]
            penalty = penalties[output, level]
            rest[:] = moments[output]
            for item in range(n_inputs):
                if chosen[item] != 0.0:
                    rest -= chosen[item] * gram[item]
            sweeps = 0
            look_at_all = True
            n_used = 0
            while sweeps < LARGEST_SWEEPS:
                furthest = 0.0
                if look_at_all:
                    n_used = 0
                for place in range(n_inputs if look_at_all else n_used):
                    item = place if look_at_all else used[place]
                    variance = gram[item, item]
                    if variance <= 0.0:
                        continue
                    before = chosen[item]
                    alone = rest[item] + before * variance
                    after = 0.0
                    if alone > penalty:
                        after = (alone - penalty) / variance
                    elif alone < -penalty:
                        after = (alone + penalty) / variance
                    change = after - before
                    if change != 0.0:
                        chosen[item] = after
                        row = gram[item]
                        for other in range(n_inputs):
                            rest[other] -= change * row[other]
                        furthest = max(furthest, abs(change))
                    if look_at_all and after != 0.0:
                        used[n_used] = item
                        n_used += 1
                sweeps += 1
                if furthest <= tolerance:
                    if look_at_all:
                        break
                    look_at_all = True
                else:
                    look_at_all = False


@compiled
def rolling_level(values: Array, days: int, lag: int, level: Array, scale: Array) -> None:
    """Median of the newest known days at each issue, and the median distance from it.

    Parameters
    ----------
    values
        ``(n_days, n_values)``; what is NaN does not count.
    days
        How many days to look back.
    lag
        How many days before a day the newest one lies that is known at its issue.
    level, scale
        ``(n_days,)``. Filled in place from `lag` on; NaN where no value is known.
    """
    for day in range(lag, len(values)):
        window = values[max(0, day - lag + 1 - days) : day - lag + 1].ravel()
        level[day] = np.nanmedian(window)
        scale[day] = np.nanmedian(np.abs(window - level[day]))
