"""Covariance of days under a Gaussian process, and the size of its parameters from the days themselves.

How alike two days are is a sum of kernels: linear ones over groups of inputs, one variance a group; a Gaussian one over
the same groups, one relevance a group (automatic relevance determination, Neal, 1996), that fades with the days between
them; a level that drifts, and one for each day of the week. To these comes noise, 1 by convention, that grows with age.
All slots of a day share the covariance up to a factor, so that this convention costs nothing.
"""

from collections.abc import Sequence

import numpy as np
from scipy.linalg import cholesky, lapack, solve_triangular, toeplitz

from kpp_twin.units import DAYS_PER_WEEK, Array

TIME = (
    "gaussian_variance",
    "gaussian_fading",
    "drift_variance",
    "drift_fading",
    "weekday_variance",
    "weekday_fading",
    "noise_growth",
)  # variances in those of the noise, rates a day
PRIOR_SPREAD = 2.0  # of the logarithm of a parameter about its mean: a factor of 7 either way is no surprise
PRIOR_WEIGHT = 0.2  # of the prior against one slot: those of a day are not independent
BOUND = 7.0  # farthest that the logarithm of a parameter goes from its prior mean
LEAST_VARIANCE = 1e-9  # of a slot that never changes


def covariance(parameters: Array, groups: Sequence[Array]) -> Array:
    """Of consecutive days with their noise, ``(n, n)``.

    Parameters
    ----------
    parameters
        Logarithms: variances of the groups in the linear kernel, their relevances in the Gaussian one, then `TIME`,
        ``(2 * n_groups + 7,)``.
    groups
        Inputs of about unit size, each ``(n, n_columns)``.
    """
    sizes = np.exp(0.5 * parameters[: 2 * len(groups)]).reshape(2, -1)
    scaled = [np.hstack([size * group for size, group in zip(row, groups, strict=True)]) for row in sizes]
    parts = _Parts(parameters[2 * len(groups) :], scaled[0] @ scaled[0].T, scaled[1] @ scaled[1].T)
    return parts.total()


def tuned(groups: Sequence[Array], targets: Array, start: Array, prior: Array, iterations: int) -> Array:
    """The most likely parameters.

    Parameters
    ----------
    groups
        See `covariance`.
    targets
        ``(n, n_slots)``, finite.
    start, prior
        Parameters to start from, and their prior means.
    iterations
        Of L-BFGS at most.
    """
    from scipy.optimize import minimize

    grams = np.array([group @ group.T for group in groups])
    bounds = [(value - BOUND, value + BOUND) for value in prior]
    options = {"maxiter": iterations}
    found = minimize(
        loss, start, args=(grams, targets, prior), jac=True, method="L-BFGS-B", bounds=bounds, options=options
    )
    return np.asarray(found.x, dtype=np.float64)


def loss(parameters: Array, grams: Array, targets: Array, prior: Array) -> tuple[float, Array]:
    """Negative logarithm of the posterior density for each value, and its gradient.

    The marginal likelihood (Rasmussen and Williams, 2006, equations 5.8 and 5.9) with a factor of its own for each
    slot, which is the most likely one given the rest.

    Parameters
    ----------
    grams
        Inner products of the inputs by group, ``(n_groups, n, n)``.
    targets, prior
        See `tuned`.
    """
    n, n_slots = targets.shape
    n_groups = len(grams)
    flat = grams.reshape(n_groups, -1)
    sizes = np.exp(parameters[: 2 * n_groups]).reshape(2, -1)
    mixed = (sizes @ flat).reshape(2, n, n)
    parts = _Parts(parameters[2 * n_groups :], mixed[0], mixed[1])
    factor = cholesky(parts.total(), lower=True, check_finite=False)
    innovations = solve_triangular(factor, targets, lower=True, check_finite=False)
    dual = solve_triangular(factor, innovations, lower=True, trans=1, check_finite=False)
    variance = (innovations**2).mean(axis=0) + LEAST_VARIANCE
    inverse = np.tril(lapack.dpotri(factor, lower=1)[0])
    inverse += np.tril(inverse, -1).T
    slope = n_slots * inverse - (dual / variance) @ dual.T  # twice the derivative by the covariance
    by_gaussian, by_time = parts.slopes(slope)
    gradient = np.empty_like(parameters)
    products = np.array([slope.ravel(), by_gaussian.ravel()]) @ flat.T
    squares = np.diagonal(grams, axis1=1, axis2=2)
    products[1] -= squares @ by_gaussian.sum(axis=1)
    gradient[: 2 * n_groups] = (sizes * products).ravel()
    gradient[2 * n_groups :] = by_time
    away = (parameters - prior) / PRIOR_SPREAD
    weight = PRIOR_WEIGHT * n_slots
    value = n_slots * np.log(np.diag(factor)).sum() + 0.5 * n * np.log(variance).sum() + 0.5 * weight * (away**2).sum()
    return value / targets.size, (0.5 * gradient + weight * away / PRIOR_SPREAD) / targets.size


class _Parts:
    """The kernels of `covariance`, whose dependence on time is one number a distance in days."""

    def __init__(self, time_parameters: Array, linear: Array, closeness: Array) -> None:
        """From the sums of inner products, weighted by the variances and by the relevances, both ``(n, n)``."""
        self.size = dict(zip(TIME, np.exp(time_parameters), strict=True))
        size, n = self.size, len(linear)
        self.apart = np.arange(n, dtype=np.float64)
        self.linear = linear
        self.drift = size["drift_variance"] * self._faded("drift_fading")
        is_same_weekday = self.apart % DAYS_PER_WEEK == 0
        self.weekday = size["weekday_variance"] * self._faded("weekday_fading") * is_same_weekday
        squares = np.diag(closeness)
        self.gaussian = np.exp(closeness - 0.5 * (squares[:, None] + squares))
        self.gaussian *= toeplitz(size["gaussian_variance"] * self._faded("gaussian_fading"))

    def _faded(self, rate: str) -> Array:
        return np.asarray(np.exp(-self.size[rate] * self.apart))

    def total(self) -> Array:
        """Covariance with the noise."""
        found = self.linear + self.gaussian
        found += toeplitz(1.0 + self.drift + self.weekday)  # the 1 is that of the mean
        found[np.diag_indices(len(found))] += 1.0 + self.size["noise_growth"] * self.apart[::-1]
        return found

    def slopes(self, slope: Array) -> tuple[Array, Array]:
        """A derivative by the covariance as those by the exponent of `gaussian` and by log `TIME`."""
        by_gaussian = slope * self.gaussian
        all_pairs, gaussian = _by_distance(slope), _by_distance(by_gaussian)
        parts = (
            ("gaussian_fading", gaussian),
            ("drift_fading", all_pairs * self.drift),
            ("weekday_fading", all_pairs * self.weekday),
        )
        by_time = []
        for rate, part in parts:
            by_time += [part.sum(), -self.size[rate] * (part @ self.apart)]
        by_time.append(self.size["noise_growth"] * (np.diag(slope) @ self.apart[::-1]))
        return by_gaussian, np.array(by_time)


def _by_distance(matrix: Array) -> Array:
    """Sums of a symmetric matrix over the pairs of rows that are as far apart, ``(n,)``."""
    n = len(matrix)
    apart = toeplitz(np.arange(n))
    return np.bincount(apart.ravel(), matrix.ravel(), n).astype(np.float64)
