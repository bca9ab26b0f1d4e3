"""The exact plan of one store on given prices: when to charge, when to discharge, never both at once."""

from dataclasses import dataclass

import numpy as np

from kpp_twin.errors import TwinError
from kpp_twin.market.inputs import broadcast, refuse
from kpp_twin.market.storage_programme import PLACE, Sold, StorageLimits, StorageProblem, solve
from kpp_twin.records import Array
from kpp_twin.units import KWH_PER_MWH

__all__ = ["Sold", "StorageLimits", "StoragePlan", "plan_storage"]

TOLERANCE_KWH = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePlan:
    """A store's plan.

    Attributes
    ----------
    power_kw
        Mean power of each step, ``(n,)``; discharge positive.
    energy_kwh
        Energy held at the start and after each step, ``(n + 1,)``.
    profit
        Income less cost of energy and wear, on the prices that the plan was made on. [currency]
    target_kwh
        Energy at the end: the one asked for, or the nearest that can be reached.
    is_target_met, are_limits_met
        False where the target or the energy limits were out of reach from the energy at the start.
    """

    power_kw: Array
    energy_kwh: Array
    profit: float
    target_kwh: float
    is_target_met: bool
    are_limits_met: bool


def plan_storage(
    price_per_mwh: Array,
    *,
    hours: float | Array,
    storage: StorageLimits,
    energy_kwh: float,
    target_kwh: float,
    max_charge_kw: float | Array,
    max_discharge_kw: float | Array,
    wear_per_mwh: float = 0.0,
    min_kwh: float | Array | None = None,
    max_kwh: float | Array | None = None,
    sold: Sold | None = None,
) -> StoragePlan:
    """Plan of the highest profit that ends at the target, from a mixed-integer linear programme.

    A store that is held to limits or a target that it cannot reach goes as near as it can, and the plan says so: after
    a deviation the next plan still comes.

    Parameters
    ----------
    price_per_mwh
        Price at which energy is bought and sold, ``(n,)``; may be negative.
    hours
        Length of the steps; one value or ``(n,)``.
    energy_kwh, target_kwh
        Energy held at the start, and to be held at the end.
    max_charge_kw, max_discharge_kw
        Largest power at the grid side, both positive; one value or ``(n,)``.
    wear_per_mwh
        Cost of wear on energy discharged, at the grid side.
    min_kwh, max_kwh
        Limits of the energy held, tighter than those of the store; one value or ``(n + 1,)``.
    sold
        After an auction: what was sold at ``price_per_mwh``. Only what differs from it still moves the profit, at the
        prices of imbalance. Without it everything is sold at ``price_per_mwh``.

    Raises
    ------
    ConfigError
        Shapes do not match, or values are not finite or of the wrong sign.
    TwinError
        The solver failed, or what it found breaks a limit.
    """
    price = np.asarray(price_per_mwh, dtype=np.float64)
    faults: list[str] = []
    if price.ndim != 1 or price.size == 0:
        refuse([f"price_per_mwh has shape {price.shape}"], place=PLACE, next_step="give at least one price in a row")
    n = price.size
    problem = StorageProblem(
        price_per_mwh=broadcast("price_per_mwh", price, n, faults),
        sold=_sold(sold, price, faults),
        hours=broadcast("hours", hours, n, faults, least=1e-6),
        storage=storage,
        energy_kwh=max(float(broadcast("energy_kwh", energy_kwh, 1, faults, least=-TOLERANCE_KWH)[0]), 0.0),
        max_charge_kw=broadcast("max_charge_kw", max_charge_kw, n, faults, least=0.0),
        max_discharge_kw=broadcast("max_discharge_kw", max_discharge_kw, n, faults, least=0.0),
        wear_per_mwh=float(broadcast("wear_per_mwh", wear_per_mwh, 1, faults, least=0.0)[0]),
    )
    target = float(broadcast("target_kwh", target_kwh, 1, faults, least=0.0)[0])
    low = broadcast("min_kwh", storage.min_kwh if min_kwh is None else min_kwh, n + 1, faults, least=0.0)
    high = broadcast("max_kwh", storage.max_kwh if max_kwh is None else max_kwh, n + 1, faults, least=0.0)
    low, high = np.maximum(low, storage.min_kwh), np.minimum(high, storage.max_kwh)
    if np.any(low > high):
        step = int(np.argmax(low > high))
        faults.append(f"the energy limits leave nothing at step {step}: {low[step]:g} to {high[step]:g} kWh")
    refuse(faults, place=PLACE, next_step="correct the values; power and energy limits are positive, in kW and kWh")
    eased_low, eased_high = _reachable(problem, low, high)
    end = float(np.clip(target, eased_low[-1], eased_high[-1]))
    eased_low[-1] = eased_high[-1] = end
    charge, discharge = solve(problem, eased_low, eased_high)
    return _checked(problem, charge, discharge, eased_low, eased_high, target=target, limits=(low, high))


def _sold(sold: Sold | None, price: Array, faults: list[str]) -> Sold:
    n = price.size
    if sold is None:
        return Sold(power_kw=np.zeros(n), short_per_mwh=price, long_per_mwh=price)
    short = broadcast("sold.short_per_mwh", sold.short_per_mwh, n, faults)
    long = broadcast("sold.long_per_mwh", sold.long_per_mwh, n, faults)
    if np.any(long > short):
        faults.append(f"sold.long_per_mwh exceeds sold.short_per_mwh at step {int(np.argmax(long > short))}")
    power = broadcast("sold.power_kw", sold.power_kw, n, faults)
    return Sold(power_kw=power, short_per_mwh=short, long_per_mwh=long)


def _reachable(problem: StorageProblem, low: Array, high: Array) -> tuple[Array, Array]:
    """Energy limits ``(n + 1,)``, eased to the nearest that can be reached from the start where they cannot be met.

    What can be reached is an interval at every step, and every point of it lies on a feasible path.
    """
    rise = problem.max_charge_kw * problem.kwh_per_charge_kw
    fall = problem.max_discharge_kw * problem.kwh_per_discharge_kw
    lows, highs = np.empty_like(low), np.empty_like(high)
    lows[0] = highs[0] = problem.energy_kwh
    for step in range(problem.price_per_mwh.size):
        most, least = highs[step] + rise[step], lows[step] - fall[step]
        lows[step + 1] = min(max(low[step + 1], least), most)
        highs[step + 1] = max(min(high[step + 1], most), least)
    return lows, highs


def _checked(
    problem: StorageProblem,
    charge: Array,
    discharge: Array,
    low: Array,
    high: Array,
    *,
    target: float,
    limits: tuple[Array, Array],
) -> StoragePlan:
    """Plan from the powers alone: what the solver says of energy and profit is not believed."""
    change = charge * problem.kwh_per_charge_kw - discharge * problem.kwh_per_discharge_kw
    energy = problem.energy_kwh + np.concatenate([[0.0], np.cumsum(change)])
    faults = []
    if np.any((charge > 0) & (discharge > 0)):
        faults.append(f"step {int(np.argmax((charge > 0) & (discharge > 0)))} charges and discharges at once")
    if np.any(charge > problem.max_charge_kw) or np.any(discharge > problem.max_discharge_kw):
        faults.append("a power exceeds its limit")
    outside = np.maximum(low - energy, energy - high)
    if np.any(outside[1:] > TOLERANCE_KWH):
        worst = int(np.argmax(outside[1:])) + 1
        faults.append(f"energy after step {worst} is {energy[worst]} kWh, outside {low[worst]} to {high[worst]} kWh")
    if faults:
        raise TwinError("; ".join(faults), place=PLACE, next_step="report it: the solver broke its own limits")
    power = discharge - charge
    surplus = power - problem.sold.power_kw
    income_per_hour = (
        problem.price_per_mwh * problem.sold.power_kw
        + problem.sold.long_per_mwh * np.maximum(surplus, 0.0)
        + problem.sold.short_per_mwh * np.minimum(surplus, 0.0)
        - problem.wear_per_mwh * discharge
    )
    energy[1:] = np.clip(energy[1:], low[1:], high[1:])
    is_met = (limits[0] - TOLERANCE_KWH <= energy) & (energy <= limits[1] + TOLERANCE_KWH)
    return StoragePlan(
        power_kw=power + 0.0,
        energy_kwh=energy,
        profit=float(income_per_hour @ problem.hours) / KWH_PER_MWH,
        target_kwh=float(energy[-1]),
        is_target_met=bool(abs(energy[-1] - target) <= TOLERANCE_KWH),
        are_limits_met=bool(np.all(is_met)),
    )
