"""A store's best profit from a mixed-integer linear programme: slow, plain, and independent of what it checks."""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from kpp_twin.units import Array

GAP = 1e-9


def best_profit(
    price: Array,
    *,
    hours: Array,
    efficiencies: tuple[float, float],
    max_charge: Array,
    max_discharge: Array,
    wear: float,
    start: float,
    low: Array,
    high: Array,
    sold: tuple[Array, Array, Array],
) -> float:
    """Highest profit of charging or discharging in each step; ``sold`` is power, short price and long price.

    Six variables a step: charge, discharge, missing and surplus power, energy after the step, and whether it charges.
    Limits of the energy are ``(n,)``, after each step.
    """
    n = len(price)
    power, short, long = sold
    charge, discharge, missing, surplus, energy, charges = (np.eye(6 * n)[k * n : (k + 1) * n] for k in range(6))
    before = np.vstack([np.zeros((1, 6 * n)), energy[:-1]])
    stored = charge * (hours * efficiencies[0])[:, None] - discharge * (hours / efficiencies[1])[:, None]
    first = np.concatenate([[start], np.zeros(n - 1)])
    rules = [
        LinearConstraint(energy - before - stored, first, first),
        LinearConstraint(discharge - charge + missing - surplus, power, power),
        LinearConstraint(charge - max_charge[:, None] * charges, -np.inf, 0.0),
        LinearConstraint(discharge + max_discharge[:, None] * charges, -np.inf, max_discharge),
    ]
    cost = (hours * short) @ missing - (hours * long) @ surplus + wear * (hours @ discharge)
    result = milp(
        cost,
        integrality=np.repeat([0, 1], [5 * n, n]),
        bounds=Bounds(
            np.concatenate([np.zeros(4 * n), low, np.zeros(n)]),
            np.concatenate([max_charge, max_discharge, np.full(2 * n, np.inf), high, np.ones(n)]),
        ),
        constraints=rules,
        options={"mip_rel_gap": GAP},
    )
    assert result.status == 0, result.message
    return float(hours @ (price * power) - result.fun) / 1000
