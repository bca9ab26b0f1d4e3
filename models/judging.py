"""How candidates are compared: the same days, issued as they would have been, by forecasters that had not seen them."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from kpp_twin.records import Array
from models.naive import LEVELS

FIRST_BAND_DAYS = 14  # of errors before a band is judged
BAND_BLOCK_DAYS = 7
BAND = (0, -1)  # 5 % and 95 %: the 90 % band
MIN_TEST_DAYS = 14
HAC_LAGS = 7

Int = npt.NDArray[np.int64]


def mean_absolute(errors: Mapping[str, Array]) -> dict[str, float]:
    """Mean absolute error of each method over the targets of which all have one; NaN without any."""
    common = np.all([np.isfinite(e) for e in errors.values()], axis=0)
    return {name: float(np.mean(np.abs(e[common]))) if common.any() else float("nan") for name, e in errors.items()}


def band_scores(
    errors: Array, width: Array, hour: Int, n_days: int, error_table: Callable[[Array, Int], Array]
) -> dict[str, float]:
    """Pinball loss and coverage of the 90 % band, each block of days by the errors of the days before it.

    Parameters
    ----------
    errors, width, hour
        Actual minus forecast, what the error is measured in, and the local hour, ``(n_days * n_steps,)``.
    error_table
        How the forecaster makes quantiles of its errors by local hour.

    Returns
    -------
    dict
        ``pinball``: mean over levels, in the unit of the errors; ``coverage_90``: fraction. Empty with too few days.
    """
    relative, n_steps = errors / width, len(errors) // n_days
    losses, inside = [], []
    for begin in range(FIRST_BAND_DAYS, n_days, BAND_BLOCK_DAYS):
        past = slice(0, (begin - 1) * n_steps)  # the day before the issue has not ended
        ahead = np.arange(begin * n_steps, min(begin + BAND_BLOCK_DAYS, n_days) * n_steps)
        ahead = ahead[np.isfinite(errors[ahead])]
        if not np.isfinite(errors[past]).any() or not len(ahead):
            continue
        above = errors[ahead, None] - width[ahead, None] * error_table(relative[past], hour[past])[hour[ahead]]
        losses.append(np.maximum(LEVELS * above, (LEVELS - 1) * above).mean(axis=1))
        inside.append((above[:, BAND[0]] >= 0) & (above[:, BAND[1]] <= 0))
    if not losses:
        return {}
    return {
        "pinball": float(np.concatenate(losses).mean()),
        "coverage_90": float(np.concatenate(inside).mean()),
    }


def diebold_mariano(candidate: Array, reference: Array, n_days: int) -> float | None:
    """One-sided p-value of equal daily mean absolute errors against a better candidate; none with too few days.

    The mean difference of the daily losses by its heteroskedasticity and autocorrelation consistent standard error
    (Diebold and Mariano, 1995; Newey and West, 1987, 7 lags).
    """
    from statsmodels.regression.linear_model import OLS

    difference = np.abs(candidate) - np.abs(reference)
    finite = np.isfinite(difference).reshape(n_days, -1)
    has_any = finite.any(axis=1)
    total = np.where(finite, difference.reshape(n_days, -1), 0.0).sum(axis=1)
    daily = total[has_any] / finite.sum(axis=1)[has_any]
    if len(daily) < MIN_TEST_DAYS or not daily.std() > 0:
        return None
    fitted = OLS(daily, np.ones(len(daily))).fit(cov_type="HAC", cov_kwds={"maxlags": HAC_LAGS})
    two_sided = float(fitted.pvalues[0])
    return two_sided / 2 if daily.mean() < 0 else 1 - two_sided / 2
