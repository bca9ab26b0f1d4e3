"""The exact plan of one store on given prices: when to charge, when to discharge, never both at once."""

from dataclasses import dataclass

import numpy as np

from kpp_twin.errors import TwinError
from kpp_twin.market.dispatch.kernel_storage import optimal_paths
from kpp_twin.market.inputs import broadcast, refuse
from kpp_twin.units import KWH_PER_MWH, Array

PLACE = "storage plan"
NEXT_STEP = "correct the values; power and energy limits are positive, in kW and kWh"
TOLERANCE = 1e-6  # of kW and kWh; below it is rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageLimits:
    """What a store can hold, and what it loses; efficiencies are one way, grid side to store and back."""

    min_kwh: float
    max_kwh: float
    charge_efficiency: float
    discharge_efficiency: float

    def __post_init__(self) -> None:
        faults = [
            f"{name} must be above 0 and at most 1; it is {value}"
            for name, value in (
                ("charge_efficiency", self.charge_efficiency),
                ("discharge_efficiency", self.discharge_efficiency),
            )
            if not 0 < value <= 1
        ]
        if not 0 <= self.min_kwh <= self.max_kwh < np.inf:
            faults.append(f"min_kwh {self.min_kwh} and max_kwh {self.max_kwh} must rise from 0 and be finite")
        refuse(faults, place="storage limits", next_step="give energies in kWh and efficiencies as fractions")

    @property
    def round_trip_efficiency(self) -> float:
        """Energy out per energy in, both at the grid side. [fraction]"""
        return self.charge_efficiency * self.discharge_efficiency


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """What has been sold of each step, and what it costs to deliver less and earns to deliver more; arrays ``(n,)``.

    Attributes
    ----------
    power_kw
        Sold power, a purchase negative.
    short_per_mwh, long_per_mwh
        Prices of missing and of surplus energy; surplus is never dearer.
    """

    power_kw: Array
    short_per_mwh: Array
    long_per_mwh: Array


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """What plans of the same steps share; all arrays ``(n,)``."""

    hours: Array
    storage: StorageLimits
    max_charge_kw: Array
    max_discharge_kw: Array
    wear_per_mwh: float

    @property
    def kwh_per_charge_kw(self) -> Array:
        """Energy stored in a step by each kW charged. [kWh/kW]"""
        return self.hours * self.storage.charge_efficiency

    @property
    def kwh_per_discharge_kw(self) -> Array:
        """Energy taken from the store in a step by each kW discharged. [kWh/kW]"""
        return self.hours / self.storage.discharge_efficiency


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
    """Plan of the highest profit that ends at the target, by exact dynamic programming (see `kernel_storage`).

    A store that is held to limits or a target that it cannot reach goes as near as it can, and the plan says so: after
    a deviation the next plan still comes. Of plans that earn the same it is one that moves least energy.

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
        What was found breaks a limit.
    """
    price = np.asarray(price_per_mwh, dtype=np.float64)
    faults: list[str] = []
    if price.ndim != 1 or price.size == 0:
        refuse([f"price_per_mwh has shape {price.shape}"], place=PLACE, next_step="give at least one price in a row")
    n = price.size
    price = broadcast("price_per_mwh", price, n, faults)
    agreed = _sold(sold, price, faults)
    steps = _steps(n, hours, storage, max_charge_kw, max_discharge_kw, wear_per_mwh, faults)
    energy = broadcast("energy_kwh", energy_kwh, 1, faults, least=-TOLERANCE)
    target = broadcast("target_kwh", target_kwh, 1, faults, least=0.0)
    low, high = np.full(n + 1, float(storage.min_kwh)), np.full(n + 1, float(storage.max_kwh))
    if min_kwh is not None:
        low = np.maximum(low, broadcast("min_kwh", min_kwh, n + 1, faults, least=0.0))
    if max_kwh is not None:
        high = np.minimum(high, broadcast("max_kwh", max_kwh, n + 1, faults, least=0.0))
    if np.any(low > high):
        step = int(np.argmax(low > high))
        faults.append(f"the energy limits leave nothing at step {step}: {low[step]:g} to {high[step]:g} kWh")
    refuse(faults, place=PLACE, next_step=NEXT_STEP)
    eased_low, eased_high = low[np.newaxis].copy(), high[np.newaxis].copy()
    (power,), (path,), (profit,) = _solve(
        price[np.newaxis], agreed, steps, np.maximum(energy, 0.0), target, eased_low, eased_high
    )
    is_met = (low - TOLERANCE <= path) & (path <= high + TOLERANCE)
    return StoragePlan(
        power_kw=power,
        energy_kwh=path,
        profit=float(profit),
        target_kwh=float(path[-1]),
        is_target_met=bool(abs(path[-1] - target[0]) <= TOLERANCE),
        are_limits_met=bool(np.all(is_met)),
    )


def plan_storage_batch(
    price_per_mwh: Array,
    *,
    hours: float | Array,
    storage: StorageLimits,
    energy_kwh: float | Array,
    target_kwh: float | Array,
    max_charge_kw: float | Array,
    max_discharge_kw: float | Array,
    wear_per_mwh: float = 0.0,
) -> tuple[Array, Array]:
    """Plans of separate problems that have the same steps, such as days or scenarios, in one call.

    Parameters
    ----------
    price_per_mwh
        Prices of each problem, ``(m, n)``.
    energy_kwh, target_kwh
        Energy held at the start and at the end; one value or ``(m,)``.
    hours, storage, max_charge_kw, max_discharge_kw, wear_per_mwh
        As for `plan_storage`, the same in all problems.

    Returns
    -------
    tuple of Array
        Power ``(m, n)``, discharge positive [kW], and profit ``(m,)`` [currency].

    Raises
    ------
    ConfigError
        Shapes do not match, values are not finite or of the wrong sign, or a problem cannot keep its limits and reach
        its target.
    TwinError
        What was found breaks a limit.
    """
    price = np.asarray(price_per_mwh, dtype=np.float64)
    faults: list[str] = []
    if price.ndim != 2 or price.size == 0:
        refuse([f"price_per_mwh has shape {price.shape}"], place=PLACE, next_step="give a row of prices per problem")
    m, n = price.shape
    price = broadcast("price_per_mwh, row by row,", price.ravel(), m * n, faults).reshape(m, n)
    steps = _steps(n, hours, storage, max_charge_kw, max_discharge_kw, wear_per_mwh, faults)
    energy = broadcast("energy_kwh", energy_kwh, m, faults, least=0.0)
    target = broadcast("target_kwh", target_kwh, m, faults, least=0.0)
    refuse(faults, place=PLACE, next_step=NEXT_STEP)
    low, high = np.full((m, n + 1), float(storage.min_kwh)), np.full((m, n + 1), float(storage.max_kwh))
    power, path, profit = _solve(price, _sold(None, price, faults), steps, energy, target, low, high)
    is_met = np.all((storage.min_kwh - TOLERANCE <= path) & (path <= storage.max_kwh + TOLERANCE), axis=1)
    is_met &= np.abs(path[:, -1] - target) <= TOLERANCE
    faults = [f"problem {row} cannot keep its energy limits and reach its target" for row in np.flatnonzero(~is_met)]
    refuse(faults, place=PLACE, next_step="give energies within reach; only plan_storage goes as near as it can")
    return power, profit


def _sold(sold: Sold | None, price: Array, faults: list[str]) -> Sold:
    n = price.shape[-1]
    if sold is None:
        return Sold(power_kw=np.zeros(n), short_per_mwh=price, long_per_mwh=price)
    short = broadcast("sold.short_per_mwh", sold.short_per_mwh, n, faults)
    long = broadcast("sold.long_per_mwh", sold.long_per_mwh, n, faults)
    if np.any(long > short):
        faults.append(f"sold.long_per_mwh exceeds sold.short_per_mwh at step {int(np.argmax(long > short))}")
    power = broadcast("sold.power_kw", sold.power_kw, n, faults)
    return Sold(power_kw=power, short_per_mwh=short, long_per_mwh=long)


def _steps(
    n: int,
    hours: float | Array,
    storage: StorageLimits,
    max_charge_kw: float | Array,
    max_discharge_kw: float | Array,
    wear_per_mwh: float,
    faults: list[str],
) -> _Steps:
    return _Steps(
        hours=broadcast("hours", hours, n, faults, least=1e-6),
        storage=storage,
        max_charge_kw=broadcast("max_charge_kw", max_charge_kw, n, faults, least=0.0),
        max_discharge_kw=broadcast("max_discharge_kw", max_discharge_kw, n, faults, least=0.0),
        wear_per_mwh=float(broadcast("wear_per_mwh", wear_per_mwh, 1, faults, least=0.0)[0]),
    )


def _solve(
    price: Array, sold: Sold, steps: _Steps, energy_kwh: Array, target_kwh: Array, low: Array, high: Array
) -> tuple[Array, Array, Array]:
    """Power ``(m, n)``, energy ``(m, n + 1)`` and profit ``(m,)``; the limits ``(m, n + 1)`` are eased in place."""
    per_charge, per_discharge = steps.kwh_per_charge_kw, steps.kwh_per_discharge_kw
    path = np.empty_like(low)
    path[:, 0] = energy_kwh
    optimal_paths(
        np.atleast_2d(sold.short_per_mwh),
        np.atleast_2d(sold.long_per_mwh),
        np.where(sold.power_kw > 0, per_discharge, per_charge) * sold.power_kw,
        steps.max_charge_kw * per_charge,
        steps.max_discharge_kw * per_discharge,
        low,
        high,
        target_kwh,
        steps.storage.charge_efficiency,
        steps.storage.discharge_efficiency,
        steps.wear_per_mwh,
        path,
    )
    out = path[:, :-1] - path[:, 1:]
    asked = out / np.where(out > 0, per_discharge, per_charge)
    power = np.clip(asked, -steps.max_charge_kw, steps.max_discharge_kw)
    _check(path, np.abs(asked - power), low, high)
    surplus = power - sold.power_kw
    income_per_hour = (
        price * sold.power_kw
        + np.where(surplus > 0, sold.long_per_mwh, sold.short_per_mwh) * surplus
        - steps.wear_per_mwh * np.maximum(power, 0.0)
    )
    return power, path, income_per_hour @ steps.hours / KWH_PER_MWH


def _check(path: Array, excess_kw: Array, low: Array, high: Array) -> None:
    """Limits hold: what the kernel found is not believed. ``excess_kw`` is power above what is allowed, ``(m, n)``."""
    outside = np.maximum(low - path, path - high)[:, 1:]
    if not (outside.max() <= TOLERANCE and excess_kw.max() <= TOLERANCE):
        row, step = np.unravel_index(np.argmax(np.maximum(outside, excess_kw)), outside.shape)
        raise TwinError(
            f"step {step} of plan {row} exceeds its power by {excess_kw[row, step]} kW and leaves the store "
            f"{outside[row, step]} kWh outside {low[row, step + 1]} to {high[row, step + 1]} kWh",
            place=PLACE,
            next_step="report it with these figures: every such plan should exist",
        )
