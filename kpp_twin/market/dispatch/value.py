"""What a plan was worth beside the one that knew the prices."""

import numpy as np

from kpp_twin.market.inputs import broadcast, refuse
from kpp_twin.units import Array

PLACE = "value of a plan"
TOLERANCE = 1e-9  # by which sums in another order may come out above perfect foresight [of it]


def value_capture(profit: float | Array, perfect_profit: float | Array) -> float:
    """Share that plans earned of what perfect foresight would have: the value capture ratio. [fraction]

    Parameters
    ----------
    profit, perfect_profit
        Of each plan, ``(n,)`` or one value, settled at the same prices and with the same costs. [currency]

    Raises
    ------
    ConfigError
        Values that are not finite, a perfect foresight that earns nothing, or a plan that earned more than it.
    """
    earned, perfect = _sums(profit, perfect_profit)
    if not perfect > 0:
        refuse(
            [f"perfect foresight earns {perfect:g}; there is nothing to capture"],
            place=PLACE,
            next_step="judge over more days, or over prices that differ",
        )
    return earned / perfect


def regret(profit: float | Array, perfect_profit: float | Array) -> float:
    """What perfect foresight would have earned more; parameters and errors as those of `value_capture`. [currency]"""
    earned, perfect = _sums(profit, perfect_profit)
    return perfect - earned


def _sums(profit: float | Array, perfect_profit: float | Array) -> tuple[float, float]:
    faults: list[str] = []
    n = np.size(perfect_profit)
    earned = broadcast("profit", np.atleast_1d(profit), n, faults)
    perfect = broadcast("perfect_profit", np.atleast_1d(perfect_profit), n, faults)
    above = np.flatnonzero(earned > perfect + TOLERANCE * np.maximum(np.abs(perfect), 1.0))
    if above.size and not faults:
        faults.append(f"plan {above[0]} earned {earned[above[0]]:g}, more than the {perfect[above[0]]:g} of foresight")
    refuse(faults, place=PLACE, next_step="give profits of plans of one store on the same prices, with the same costs")
    return float(earned.sum()), float(perfect.sum())
