"""How good forecasts are: errors of a point, of quantiles and of scenarios, and whether one forecaster beats another.

A target that is not known, or has no forecast, is NaN and counts nowhere; a score over no target at all is NaN.
"""

import numpy as np

from kpp_twin.units import DAYS_PER_WEEK, Array

HAC_LAGS = 7  # daily losses are like those of the week before
MIN_TEST_DAYS = 14


def mae(actual: Array, forecast: Array) -> float:
    """Mean absolute error, in the unit of the target; arrays of one shape."""
    return _mean(np.abs(actual - forecast))


def rmse(actual: Array, forecast: Array) -> float:
    """Root of the mean squared error, in the unit of the target; arrays of one shape."""
    return float(np.sqrt(_mean((actual - forecast) ** 2)))


def smape(actual: Array, forecast: Array) -> float:
    """Symmetric mean absolute percentage error, a fraction of 0 to 2, over targets above 0: near 0 it says nothing."""
    positive = np.where(actual > 0, actual, np.nan)
    return _mean(2 * np.abs(positive - forecast) / (positive + np.abs(forecast)))


def rmae(actual: Array, forecast: Array) -> float:
    """Mean absolute error relative to that of the weekly naive, which forecasts each day by the one a week before.

    The naive sees no more than the rows given, so its mean begins with the second week; that of the forecast is over
    all days. NaN where the naive has no error (Hyndman and Koehler, 2006; Lago et al., 2021).

    Parameters
    ----------
    actual, forecast
        ``(n_days, n_slots)``, days without a gap.
    """
    naive = mae(actual[DAYS_PER_WEEK:], actual[:-DAYS_PER_WEEK])
    return mae(actual, forecast) / naive if naive > 0 else float("nan")


def pinball(actual: Array, quantile: Array, level: float | Array) -> float:
    """Mean pinball loss of a quantile, in the unit of the target (Koenker and Bassett, 1978).

    Parameters
    ----------
    actual, quantile, level
        Shapes that broadcast: `level` is one number of 0 to 1, or one for each of the quantiles along the last axis.
    """
    above = actual - quantile
    return _mean(np.maximum(level * above, (level - 1) * above))


def crps_from_quantiles(actual: Array, quantiles: Array, levels: Array) -> float:
    """Mean continuous ranked probability score: twice the mean pinball loss over even levels (Laio and Tamea, 2007).

    Parameters
    ----------
    actual, quantiles, levels
        ``(...)``, ``(..., n_levels)`` and ``(n_levels,)``; in the unit of the target.
    """
    return 2 * pinball(actual[..., None], quantiles, levels)


def crps_ensemble(actual: Array, members: Array) -> float:
    """Mean continuous ranked probability score of scenarios: ``E|X - y| - E|X - X'| / 2`` (Gneiting and Raftery, 2007).

    Parameters
    ----------
    actual, members
        ``(...)`` and ``(..., n_members)``; in the unit of the target.
    """
    n_members = members.shape[-1]
    # The sum of the distances of all pairs, by rank: each member lies above those before it and below those after.
    rank = 2 * np.arange(n_members) - n_members + 1
    between = 2 * (np.sort(members, axis=-1) * rank).sum(axis=-1) / n_members**2
    return _mean(np.abs(members - actual[..., None]).mean(axis=-1) - between / 2)


def energy_score(actual: Array, scenarios: Array) -> float:
    """Energy score of scenarios of one day, ``E||X - y|| - E||X - X'|| / 2`` (Gneiting and Raftery, 2007).

    Parameters
    ----------
    actual, scenarios
        ``(n_slots,)`` and ``(n_scenarios, n_slots)``, all finite; in the unit of the target.
    """
    apart = np.linalg.norm(scenarios[:, None] - scenarios[None], axis=-1)
    return float(np.linalg.norm(scenarios - actual, axis=-1).mean() - apart.mean() / 2)


def coverage(actual: Array, quantiles: Array, levels: Array, nominal: float) -> Array:
    """Share of targets within the central band, by slot, ``(n_slots,)``; NaN for a slot without any.

    Parameters
    ----------
    actual, quantiles, levels
        ``(n_days, n_slots)``, ``(n_days, n_slots, n_levels)`` and ``(n_levels,)``.
    nominal
        What the band should hold, 0.9 for that between the levels 0.05 and 0.95.

    Raises
    ------
    ValueError
        The levels do not hold both bounds of the band.
    """
    bounds = [np.flatnonzero(np.isclose(levels, bound)) for bound in ((1 - nominal) / 2, (1 + nominal) / 2)]
    if not all(len(found) for found in bounds):
        raise ValueError(f"a band of {nominal:g} needs the levels {(1 - nominal) / 2:g} and {(1 + nominal) / 2:g}")
    lower, upper = (quantiles[..., found[0]] for found in bounds)
    known = np.isfinite(actual) & np.isfinite(lower) & np.isfinite(upper)
    inside = known & (actual >= lower) & (actual <= upper)
    count = known.sum(axis=0)
    return np.where(count > 0, inside.sum(axis=0) / np.maximum(count, 1), np.nan)


def diebold_mariano(candidate: Array, reference: Array) -> float | None:
    """One-sided p-value of equal daily mean absolute errors against a better candidate; none with too few days.

    The mean difference of the daily losses by its heteroskedasticity and autocorrelation consistent standard error
    (Diebold and Mariano, 1995; Newey and West, 1987, 7 lags).

    Parameters
    ----------
    candidate, reference
        Errors of the two forecasters, ``(n_days, n_slots)``.
    """
    from statsmodels.regression.linear_model import OLS

    difference = np.abs(candidate) - np.abs(reference)
    count = np.isfinite(difference).sum(axis=1)
    judged = count > 0
    daily = np.nansum(difference, axis=1)[judged] / count[judged]
    if len(daily) < MIN_TEST_DAYS or not daily.std() > 0:
        return None
    fitted = OLS(daily, np.ones(len(daily))).fit(cov_type="HAC", cov_kwds={"maxlags": HAC_LAGS})
    two_sided = float(fitted.pvalues[0])
    return two_sided / 2 if daily.mean() < 0 else 1 - two_sided / 2


def _mean(values: Array) -> float:
    """Mean of those that are known."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
