"""Risk under uncertain prices: possible prices from quantiles, and the mean of the worst outcomes."""

import numpy as np

from kpp_twin.market.inputs import broadcast, refuse
from kpp_twin.records import Array

PLACE = "risk"
ALPHA = 0.95
N_SCENARIOS = 20
PRIOR_HOURS = 8.0  # over which the correlation of forecast errors fades by e


def conditional_value_at_risk(losses: Array, alpha: float = ALPHA, probability: Array | None = None) -> float:
    """Mean of the worst ``1 - alpha`` of the losses; of the atom at the edge only the share that is needed counts.

    Rockafellar and Uryasev, Conditional value-at-risk for general loss distributions (2002).

    Parameters
    ----------
    losses
        ``(n,)``; a profit is a negative loss.
    probability
        Of each loss, ``(n,)``; all alike by default.

    Raises
    ------
    ConfigError
        No losses, values that are not finite, ``alpha`` outside [0, 1), or probabilities that do not add up to 1.
    """
    n = np.asarray(losses).size
    faults: list[str] = [] if n else ["there are no losses"]
    loss = broadcast("losses", losses, n, faults)
    weight = broadcast("probability", 1 / max(n, 1) if probability is None else probability, n, faults, least=0.0)
    if not 0 <= alpha < 1:
        faults.append(f"alpha must be at least 0 and below 1; it is {alpha}")
    if n and not faults and abs(weight.sum() - 1) > 1e-9:
        faults.append(f"the probabilities must add up to 1; they are {weight.sum()}")
    refuse(faults, place=PLACE, next_step="give one finite loss per outcome, and alpha as in 0.95")
    worst_first = np.argsort(-loss, kind="stable")
    tail = 1 - alpha
    before = np.concatenate([[0.0], np.cumsum(weight[worst_first])[:-1]])
    share = np.clip(tail - before, 0.0, weight[worst_first])
    return float(share @ loss[worst_first] / share.sum())


def price_scenarios(quantiles: Array, *, hours: float, n_scenarios: int) -> Array:
    """Possible prices from quantiles, each as likely as the others, ``(n_scenarios, n)``; the same at every call.

    For forecasts that come without scenarios of their own. The scores of the hours follow one another as in a
    first-order autoregression that fades by e over `PRIOR_HOURS` (Pinson and others, From probabilistic forecasts to
    statistical scenarios of short-term wind power production, 2009), and each hour takes evenly spread levels in the
    order of its scores, so that its quantiles hold with few scenarios (Iman and Conover, 1982). Beyond the outermost
    levels it takes these.

    Parameters
    ----------
    quantiles
        Of each step, ``(n, n_levels)``, rising, at the levels k / (n_levels + 1).
    hours
        Length of each step.

    Raises
    ------
    ConfigError
        Quantiles of another shape, not finite or falling, no scenario, or steps of no length.
    """
    table = np.asarray(quantiles, dtype=np.float64)
    faults = []
    if table.ndim != 2 or not table.size:
        faults.append(f"the quantiles have shape {table.shape}; (n, n_levels) is meant")
    elif not np.isfinite(table).all():
        faults.append("the quantiles must be finite")
    elif np.any(np.diff(table, axis=1) < 0):
        faults.append("the quantiles must rise from level to level")
    if n_scenarios < 1:
        faults.append(f"n_scenarios must be at least 1; it is {n_scenarios}")
    if not 0 < hours < np.inf:
        faults.append(f"hours must be above 0; it is {hours}")
    refuse(faults, place=PLACE, next_step="give the rising quantiles of each step")
    n, n_levels = table.shape
    fade = np.exp(-hours / PRIOR_HOURS)
    score = np.random.default_rng(0).standard_normal((n_scenarios, n))
    for step in range(1, n):
        score[:, step] = fade * score[:, step - 1] + np.sqrt(1 - fade**2) * score[:, step]
    at = (np.argsort(np.argsort(score, axis=0), axis=0) + 0.5) / n_scenarios
    levels = np.arange(1, n_levels + 1) / (n_levels + 1)
    return np.column_stack([np.interp(at[:, step], levels, table[step]) for step in range(n)])
