"""Risk of a plan under uncertain prices: cautious prices to plan on, and the mean of the worst outcomes."""

import numpy as np

from kpp_twin.market.inputs import broadcast, refuse
from kpp_twin.records import Array
from kpp_twin.units import KWH_PER_MWH

PLACE = "risk"
# Quartiles: over some six hours whose errors are independent they make the 5 % tail of the sum.
CAUTIOUS_LEVELS = (0.25, 0.75)


def conditional_value_at_risk(losses: Array, alpha: float = 0.95, probability: Array | None = None) -> float:
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


def cautious_prices(price_per_mwh: Array, quantiles: Array, risk_tolerance: float) -> Array:
    """Prices to plan on, ``(n,)``: the expected ones at a tolerance of 1, flattened ones at 0, between them a mixture.

    A store earns from differences, so caution is to believe in smaller ones: each price moves towards the median of
    all, as far as its own inner quartiles allow.

    Parameters
    ----------
    price_per_mwh
        Expected prices, ``(n,)``.
    quantiles
        Of the same hours, ``(n, n_levels)``, rising, at the levels k / (n_levels + 1).

    Raises
    ------
    ConfigError
        Shapes differ, values are not finite, quantiles fall, or the tolerance is outside [0, 1].
    """
    price, table = _checked(price_per_mwh, quantiles, risk_tolerance)
    levels = np.arange(1, table.shape[1] + 1) / (table.shape[1] + 1)
    low, high = (np.array([np.interp(level, levels, row) for row in table]) for level in CAUTIOUS_LEVELS)
    middle = np.median(price)
    # The expected price itself may lie outside its quartiles; caution never moves it away from the middle.
    flat = np.clip(middle, np.minimum(low, price), np.maximum(high, price))
    return risk_tolerance * price + (1 - risk_tolerance) * flat


def adverse_incomes(power_kw: Array, quantiles: Array, hours: float) -> Array:
    """Income of a plan, ``(n_levels,)``, if every hour turns out against it to the same degree, worst first. [currency]

    Sales get the quantile of a level, purchases that of the opposite level. Of all ways in which the hours may hang
    together this one has the highest conditional value at risk (comonotonic losses).

    Parameters
    ----------
    power_kw
        Plan, ``(n,)``; sales positive.
    quantiles
        Price quantiles ``(n, n_levels)``, rising, at levels that mirror one another.
    """
    power, table = np.asarray(power_kw, dtype=np.float64), np.asarray(quantiles, dtype=np.float64)
    faults: list[str] = []
    if power.ndim != 1 or table.shape[:1] != power.shape or table.ndim != 2 or not table.size:
        faults.append(f"power_kw has shape {power.shape}, quantiles {table.shape}; (n,) and (n, n_levels) are meant")
    elif not (np.isfinite(power).all() and np.isfinite(table).all()):
        faults.append("power_kw and quantiles must be finite")
    if not 0 < hours < np.inf:
        faults.append(f"hours must be above 0; it is {hours}")
    refuse(faults, place=PLACE, next_step="give the plan and the price quantiles of the same hours")
    got = np.where(power[:, None] > 0, table, table[:, ::-1])
    return power @ got * hours / KWH_PER_MWH


def _checked(price_per_mwh: Array, quantiles: Array, risk_tolerance: float) -> tuple[Array, Array]:
    price, table = np.asarray(price_per_mwh, dtype=np.float64), np.asarray(quantiles, dtype=np.float64)
    faults = []
    if price.ndim != 1 or not price.size or table.ndim != 2 or table.shape[0] != price.size or not table.size:
        faults.append(f"price has shape {price.shape}, quantiles {table.shape}; (n,) and (n, n_levels) are meant")
    elif not (np.isfinite(price).all() and np.isfinite(table).all()):
        faults.append("prices and quantiles must be finite")
    elif np.any(np.diff(table, axis=1) < 0):
        faults.append("quantiles must rise from level to level")
    if not 0 <= risk_tolerance <= 1:
        faults.append(f"risk_tolerance must be from 0 to 1; it is {risk_tolerance}")
    refuse(faults, place=PLACE, next_step="give prices with quantiles of the same hours")
    return price, table
