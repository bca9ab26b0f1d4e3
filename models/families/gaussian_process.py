"""Gaussian processes over days: one sample a day, all slots under one kernel."""

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from kpp_twin.units import Array


def one_step_ahead(covariance: Array, targets: Array, lag: int = 1, limit: Array | None = None) -> tuple[Array, Array]:
    """Forecast every sample from those at least `lag` before it, all by one Cholesky factorisation.

    Row ``i`` of the factor ``L`` and of the innovations ``L^-1 y`` only depends on samples up to ``i``, so the mean of
    sample ``i`` given those before is ``L[i, :i] @ innovations[:i]``; leaving out the newest conditions on less.

    Parameters
    ----------
    covariance
        Of the samples with their noise, positive definite, ``(n, n)``.
    targets
        Standardised to mean 0, ``(n, n_outputs)``. NaN, an output that is not known, counts as it was forecast.
    limit
        Largest innovation of each output, in either direction, ``(n_outputs,)``; a sample farther off counts as if
        it lay there, so that an outlier pulls no more than that (Masreliez and Martin, 1977). None: no limit.

    Returns
    -------
    mean : ``(n, n_outputs)``
    variance : ``(n,)``, of the noisy sample, in units of the covariance
    """
    factor = cholesky(covariance, lower=True, check_finite=False)
    if limit is None and not np.isnan(targets).any():
        innovations = solve_triangular(factor, targets, lower=True, check_finite=False)
    else:
        innovations = np.empty_like(targets)
        largest = np.inf if limit is None else limit
        for row in range(len(targets)):
            surprise = (targets[row] - factor[row, :row] @ innovations[:row]) / factor[row, row]
            innovations[row] = np.where(np.isnan(surprise), 0.0, np.clip(surprise, -largest, largest))
    known = np.tril(factor, -lag)
    return known @ innovations, np.diag(covariance) - (known**2).sum(axis=1)
