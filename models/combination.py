"""One forecast from those of several families, by weights that are learnt online from past errors only.

Two ways to weigh are averaged, as each makes up for the other: one moves weight to the members of least loss, and soon
drops a bad one; the other looks at how the errors of the members go together. Either learns for each slot, its
neighbours counting too.
"""

from dataclasses import dataclass, field

import numpy as np

from kpp_twin.units import HOURS_PER_DAY, Array

FORGET_LOSSES_DAYS = 70.0  # e-folding of past losses: weights follow a change of regime within a season
FORGET_ERRORS_DAYS = 60.0  # of past errors
NEIGHBOUR_HOURS = 2.0  # slots so far apart still teach each other: a slot alone is too noisy
SHARE_OF_ALL = 1 / 3  # of the mean over all slots in what a slot learns from
SHRINKAGE = 2.0  # towards equal weights, in days of members that differ as much as the combination errs
LEAST_ERROR = 0.5  # smaller errors weigh alike [mean absolute errors of the combination]
TINY = 1e-12  # below any loss


def combine(forecasts: Array, actual: Array, lag: int) -> tuple[Array, Array]:
    """Weigh the members of each day by how they did on the days that were known at its issue.

    Parameters
    ----------
    forecasts
        ``(n_members, n_days, n_slots)``; NaN where a member has none: the others share its weight.
    actual
        ``(n_days, n_slots)``; NaN where it is not known.
    lag
        How many days before a day the newest one lies whose actual values are known at its issue.

    Returns
    -------
    combined : ``(n_days, n_slots)``, NaN where no member has a forecast
    weights : ``(n_members, n_days, n_slots)``, of sum 1 over the members present; some may be below 0
    """
    n_members, n_days, n_slots = forecasts.shape
    combined = np.full((n_days, n_slots), np.nan)
    weights = np.zeros(forecasts.shape)
    ways = _LeastLoss(n_members, n_slots), _JointErrors(n_members, n_slots)
    for day in range(n_days):
        if day >= lag:
            for way in ways:
                way.learn(forecasts[:, day - lag], actual[day - lag])
        present = np.isfinite(forecasts[:, day])
        weights[:, day] = sum(_of_present(way.weights, present) for way in ways) / len(ways)
        mixed = (weights[:, day] * np.where(present, forecasts[:, day], 0.0)).sum(axis=0)
        combined[day] = np.where(present.any(axis=0), mixed, np.nan)
    return combined, weights


def disagreement(forecasts: Array, combined: Array) -> Array:
    """Mean distance of the members from their combination, ``(n_days, n_slots)``: how unsure a day is.

    Parameters
    ----------
    forecasts, combined
        As those of `combine`.
    """
    apart = np.abs(forecasts - combined)
    known = np.isfinite(apart)
    total = np.where(known, apart, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)


def _of_present(weights: Array, present: Array) -> Array:
    """Weights ``(n_members, n_slots)`` of the members present, of sum 1; equal where theirs do not make a mean."""
    kept = np.where(present, weights, 0.0)
    total = kept.sum(axis=0)
    equal = present / np.maximum(present.sum(axis=0), 1)
    return np.where(total > 0.1, kept / np.where(total > 0.1, total, 1.0), equal)


def _neighbours(n_slots: int) -> Array:
    """How much each slot learns from each other, ``(n_slots, n_slots)``, rows of sum 1."""
    slot = np.arange(n_slots) * HOURS_PER_DAY / n_slots
    near = np.exp(-0.5 * ((slot[:, None] - slot) / NEIGHBOUR_HOURS) ** 2)
    return (1 - SHARE_OF_ALL) * near / near.sum(axis=1, keepdims=True) + SHARE_OF_ALL / n_slots


def _judged(forecasts: Array, actual: Array, weights: Array) -> tuple[Array, Array]:
    """Members less their mix, 0 where absent, ``(n_members, n_slots)``; and actual less mix, 0 where not known."""
    present = np.isfinite(forecasts)
    mix = (_of_present(weights, present) * np.where(present, forecasts, 0.0)).sum(axis=0)
    known = np.isfinite(actual) & present.any(axis=0)
    return np.where(present & known, forecasts - mix, 0.0), np.where(known, actual - mix, 0.0)


@dataclass(slots=True)
class _LeastLoss:
    """Bernstein online aggregation of the gradients of absolute losses, with forgetting (Wintenberger, 2017)."""

    n_members: int
    n_slots: int
    weights: Array = field(init=False)
    _near: Array = field(init=False)
    _regret: Array = field(init=False)
    _squares: Array = field(init=False)
    _largest: Array = field(init=False)

    def __post_init__(self) -> None:
        shape = (self.n_members, self.n_slots)
        self.weights = np.full(shape, 1 / self.n_members)
        self._near = _neighbours(self.n_slots)
        self._regret, self._squares, self._largest = np.zeros(shape), np.full(shape, TINY), np.full(shape, TINY)

    def learn(self, forecasts: Array, actual: Array) -> None:
        """Move weight by a day, ``(n_members, n_slots)`` and ``(n_slots,)``."""
        apart, error = _judged(forecasts, actual, self.weights)
        loss = -(np.sign(error) * apart) @ self._near.T
        kept = np.exp(-1 / FORGET_LOSSES_DAYS)
        self._largest = np.maximum(self._largest, np.abs(loss))
        self._squares = kept * self._squares + loss**2
        rate = np.minimum(0.5 / self._largest, np.sqrt(np.log(max(self.n_members, 2)) / self._squares))
        self._regret = kept * self._regret + loss * (1 + rate * loss)
        exponent = np.log(rate) - rate * self._regret
        raw = np.exp(exponent - exponent.max(axis=0))
        self.weights = raw / raw.sum(axis=0)


@dataclass(slots=True)
class _JointErrors:
    """Least absolute errors by reweighted squares, forgetting, shrunk to equal weights (Hoerl and Kennard, 1970)."""

    n_members: int
    n_slots: int
    weights: Array = field(init=False)
    _near: Array = field(init=False)
    _gram: Array = field(init=False)
    _moment: Array = field(init=False)
    _error_sum: float = 0.0
    _count: float = 0.0

    def __post_init__(self) -> None:
        self.weights = np.full((self.n_members, self.n_slots), 1 / self.n_members)
        self._near = _neighbours(self.n_slots)
        self._gram = np.zeros((self.n_slots, self.n_members, self.n_members))
        self._moment = np.zeros((self.n_slots, self.n_members))

    def learn(self, forecasts: Array, actual: Array) -> None:
        """Fit again with one day more, ``(n_members, n_slots)`` and ``(n_slots,)``."""
        equal = np.full(self.weights.shape, 1 / self.n_members)
        apart, target = (part.T for part in _judged(forecasts, actual, equal))
        error = np.abs(_judged(forecasts, actual, self.weights)[1])
        kept = np.exp(-1 / FORGET_ERRORS_DAYS)
        self._error_sum = kept * self._error_sum + error.sum()
        self._count = kept * self._count + np.isfinite(actual).sum()
        scale = max(self._error_sum / max(self._count, 1.0), TINY)
        # The best member's error stands in for that of weights yet to be learnt, or a new regime would count little.
        near = np.minimum(error, np.abs(apart - target[:, None]).min(axis=1))
        robust = 1 / (np.maximum(near, LEAST_ERROR * scale) * scale)
        heavy = robust[:, None] * apart
        self._gram = kept * self._gram + heavy[:, :, None] * apart[:, None, :]
        self._moment = kept * self._moment + heavy * target[:, None]
        gram = np.tensordot(self._near, self._gram, 1) + SHRINKAGE * np.eye(self.n_members)
        moved = np.linalg.solve(gram, (self._near @ self._moment)[:, :, None])[:, :, 0].T
        self.weights = 1 / self.n_members + moved - moved.mean(axis=0)
