"""Possible days: values of all slots together, each as likely as the others, from quantiles and past errors."""

import numpy as np
from scipy.special import ndtri

from kpp_twin.units import HOURS_PER_DAY, Array
from models.conformal import LEVELS

PRIOR_HOURS = 8.0  # over which the correlation of errors fades by e, before there are any
PRIOR_DAYS = 20.0  # of errors that this counts


def scenarios(quantiles: Array, past_errors: Array, n_scenarios: int, generator: np.random.Generator) -> Array:
    """Draw days whose slots each keep their quantiles and go together as errors did (Gaussian copula: Pinson, 2009).

    Each slot takes evenly spread levels in the order of the drawn values, so that its quantiles hold with few scenarios
    (Iman and Conover, 1982). Beyond the outermost levels the tail is exponential.

    Parameters
    ----------
    quantiles
        Of the levels 0.01 to 0.99, rising, ``(n_slots, 99)``.
    past_errors
        Actual less point forecast of past days, ``(n_days, n_slots)``, in any unit; NaN where unknown.

    Returns
    -------
    Array
        ``(n_scenarios, n_slots)``, in the unit of the quantiles.
    """
    factor = np.linalg.cholesky(_correlation(past_errors))
    drawn = generator.standard_normal((n_scenarios, len(factor))) @ factor.T
    level = (np.argsort(np.argsort(drawn, axis=0), axis=0) + 0.5) / n_scenarios
    return np.column_stack([_value(row, at) for row, at in zip(quantiles, level.T, strict=True)])


def _correlation(past_errors: Array) -> Array:
    """Of the normal scores of errors, with so many days of one that fades with distance, ``(n_slots, n_slots)``."""
    n_slots = past_errors.shape[1]
    known = np.isfinite(past_errors)
    rank = np.argsort(np.argsort(np.where(known, past_errors, np.inf), axis=0), axis=0) + 0.5
    score = np.where(known, ndtri(np.where(known, rank, 0.5) / np.maximum(known.sum(axis=0), 1)), 0.0)
    hour = np.arange(n_slots) * HOURS_PER_DAY / n_slots
    prior = np.exp(-np.abs(hour[:, None] - hour) / PRIOR_HOURS)
    covariance = score.T @ score + PRIOR_DAYS * prior
    deviation = np.sqrt(np.diag(covariance))
    return covariance / deviation[:, None] / deviation


def _value(quantiles: Array, level: Array) -> Array:
    """Values at the levels of one slot."""
    inside = np.interp(level, LEVELS, quantiles)
    # An exponential tail through the two outermost quantiles, whose tail probabilities are 1 to 2.
    above = (
        (quantiles[-1] - quantiles[-2]) / np.log(2) * np.log((1 - LEVELS[-1]) / np.minimum(1 - level, 1 - LEVELS[-1]))
    )
    below = (quantiles[1] - quantiles[0]) / np.log(2) * np.log(LEVELS[0] / np.minimum(level, LEVELS[0]))
    return inside + above - below
