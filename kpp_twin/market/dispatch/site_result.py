"""A site's plan, and what it earns and keeps by its own arithmetic: the solver is not believed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kpp_twin.errors import TwinError
from kpp_twin.market.dispatch.binding import Binding
from kpp_twin.market.dispatch.site_parts import Key
from kpp_twin.market.dispatch.site_problem import LOAD, SiteProblem, SiteStore
from kpp_twin.units import KW_PER_MW, KWH_PER_MWH, Array

PLACE = "site plan"
TOLERANCE = 1e-4  # [kW] or [kWh]


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePlan:
    """Plan of everything behind one connection; steps are those of the problem.

    Attributes
    ----------
    power_kw
        Mean power before any call, ``(n,)`` by store; discharge positive.
    energy_kwh
        Energy at the start and after each step with the expected calls, ``(n + 1,)`` by store.
    curtailed_kw, rebound_kw
        Load taken off, and what comes back of it later, ``(n,)``.
    reserve_kw
        Quantity held, ``(n,)`` by product; of a symmetric one that of each side.
    shares_kw
        Who holds it, ``(n,)``: by side, way, product and store, where the way is the discharge or the charge that a
        call changes; of load by side, product and `LOAD`.
    profit, profit_by_scenario
        Income less all costs, the load's energy included: expected, and ``(n_scenarios,)``. [currency]
    conditional_value_at_risk
        Mean loss of the worst twentieth of the scenarios; negative where even these earn. [currency]
    shortfalls
        What could not be kept, by tier in the order of `site_programme.TIERS`: kWh of excess at the connection, kWh
        outside the energy limits, kWh of committed reserve, kW of peak, kWh of the target. Empty if all is kept.
    gap
        How far the plan, or what it falls short of in a tier, may be from the best, relative to it (to 1 where it is
        smaller): where many choices come to nearly the same, as at equal negative prices, the search for it ends early.
    binding
        What holds the plan back, in the order of its worth.
    """

    power_kw: Mapping[str, Array]
    energy_kwh: Mapping[str, Array]
    curtailed_kw: Array
    rebound_kw: Array
    reserve_kw: Mapping[str, Array]
    shares_kw: Mapping[Key, Array]
    profit: float
    profit_by_scenario: Array
    conditional_value_at_risk: float
    shortfalls: Mapping[str, float]
    gap: float
    binding: tuple[Binding, ...]

    @property
    def site_kw(self) -> Array:
        """Power to the grid before any call, less the load that is not planned, ``(n,)``."""
        return np.sum([*self.power_kw.values(), self.curtailed_kw - self.rebound_kw], axis=0)

    def held_kw(self, side: str, asset: str) -> Array:
        """What an asset holds of all products to one side, ``(n,)``."""
        held = [kw for key, kw in self.shares_kw.items() if key[0] == side and key[-1] == asset]
        return np.sum([np.zeros_like(self.curtailed_kw), *held], axis=0)


def settled_kw(problem: SiteProblem, plan: SitePlan) -> Array:
    """Expected power that is settled as energy, calls without a price of their own included, ``(n,)``."""
    settled = plan.site_kw
    for key, kw in plan.shares_kw.items():
        product = problem.reserves[key[-2]]
        expected = product.activation_up if key[0] == "up" else -product.activation_down
        if key[-1] == LOAD:
            settled = settled - expected * kw @ problem.rebound_share()
        if product.activation_price_per_mwh is None:
            settled = settled + expected * _settlement(problem, key) * kw
    return settled


def profits(problem: SiteProblem, plan: SitePlan) -> Array:
    """Income less all costs by scenario, ``(n_scenarios,)``. [currency]"""
    hours, surplus = problem.step_hours, settled_kw(problem, plan) - problem.load_kw
    if problem.sold is None:
        energy = problem.price_per_mwh * surplus
    else:
        sold = problem.sold
        over, under = np.maximum(surplus - sold.power_kw, 0.0), np.minimum(surplus - sold.power_kw, 0.0)
        energy = problem.price_per_mwh * sold.power_kw + sold.long_per_mwh * over + sold.short_per_mwh * under
    peak = np.max(problem.load_kw - plan.site_kw, axis=1)
    charge = problem.demand_charge_per_kw * np.maximum(peak - problem.peak_so_far_kw, 0.0)
    return energy @ hours / KWH_PER_MWH - charge + _income_of_all_scenarios(problem, plan)


def _income_of_all_scenarios(problem: SiteProblem, plan: SitePlan) -> float:
    """Reserves held and called at their own prices, less wear and what curtailment costs."""
    per_hour = np.zeros(problem.n_steps)
    for name, power in plan.power_kw.items():
        per_hour -= problem.stores[name].wear_per_mwh * np.maximum(power, 0.0) / KWH_PER_MWH
    if problem.curtailment is not None:
        per_hour -= problem.curtailment.cost_per_mwh * plan.curtailed_kw / KWH_PER_MWH
    for name, kw in plan.reserve_kw.items():
        per_hour += problem.reserves[name].price_per_mw_hour * kw / KW_PER_MW
    for key, kw in plan.shares_kw.items():
        product = problem.reserves[key[-2]]
        expected = product.activation_up if key[0] == "up" else -product.activation_down
        if product.activation_price_per_mwh is not None:
            per_hour += product.activation_price_per_mwh * expected * _settlement(problem, key) * kw / KWH_PER_MWH
        if key[-1] == LOAD and problem.curtailment is not None:
            per_hour -= problem.curtailment.cost_per_mwh * expected * kw / KWH_PER_MWH
        elif key[1] == "discharge":
            per_hour -= problem.stores[key[-1]].wear_per_mwh * expected * kw / KWH_PER_MWH
    return float(per_hour @ problem.step_hours)


def _settlement(problem: SiteProblem, key: Key) -> float:
    return problem.reserves[key[-2]].charge_settlement if key[1] == "charge" else 1.0


def energy_path(problem: SiteProblem, name: str, power_kw: Array, shares_kw: Mapping[Key, Array]) -> Array:
    """Energy of a store at the start and after each step with the expected calls, ``(n + 1,)``. [kWh]"""
    store = problem.stores[name]
    change = _stored_kw(store, power_kw)
    for (side, way, *rest), kw in shares_kw.items():
        if rest[-1] == name:
            product = problem.reserves[rest[0]]
            expected = product.activation_up if side == "up" else -product.activation_down
            limits = store.limits
            change = change - expected * kw * (
                limits.charge_efficiency if way == "charge" else 1 / limits.discharge_efficiency
            )
    return store.energy_kwh + np.concatenate([[0.0], np.cumsum(change * problem.step_hours)])


def _stored_kw(store: SiteStore, power_kw: Array) -> Array:
    """Power into the store at a power to the grid, ``(n,)``."""
    limits = store.limits
    return np.where(power_kw > 0, -power_kw / limits.discharge_efficiency, -power_kw * limits.charge_efficiency)


def recheck(problem: SiteProblem, plan: SitePlan) -> None:
    """See that a plan keeps all limits but those that it says it falls short of.

    Raises
    ------
    TwinError
        It does not: all faults in one message.
    """
    faults: list[str] = []
    for name, store in problem.stores.items():
        _recheck_store(problem, plan, name, store, faults)
    _recheck_connection(problem, plan, faults)
    for name, product in problem.reserves.items():
        if product.committed_kw is not None and "committed reserve" not in plan.shortfalls:
            _say(f"{name} is held below what is committed", product.committed_kw - plan.reserve_kw[name], faults)
        if product.max_kw is not None:
            _say(f"{name} is held beyond its most", plan.reserve_kw[name] - product.max_kw, faults)
        if product.block_of_step is not None:
            same = np.diff(product.block_of_step) == 0
            _say(f"{name} changes within a block", np.abs(np.diff(plan.reserve_kw[name])) * same, faults)
    _say("more load is taken off than there is", _taken_off(plan) - problem.most_curtailed_kw(), faults)
    if faults:
        raise TwinError("; ".join(faults), place=PLACE, next_step="report it: the solver broke its own limits")


def _taken_off(plan: SitePlan) -> Array:
    return plan.curtailed_kw + plan.held_kw("up", LOAD)


def _say(fault: str, excess: Array, faults: list[str]) -> None:
    """Add a fault where something is exceeded."""
    worst = np.max(excess, initial=0.0)
    if worst > TOLERANCE:
        faults.append(f"{fault} by {worst:g} in step {int(np.argmax(excess))}")


def _recheck_store(problem: SiteProblem, plan: SitePlan, name: str, store: SiteStore, faults: list[str]) -> None:
    power, energy = plan.power_kw[name], plan.energy_kwh[name]
    up, down = plan.held_kw("up", name), plan.held_kw("down", name)
    _say(f"{name} cannot discharge so much", power + up - store.max_discharge_kw, faults)
    _say(f"{name} cannot charge so much", down - power - store.max_charge_kw, faults)
    if "energy target" not in plan.shortfalls:
        _say(f"{name} misses its target", abs(energy[-1:] - store.target_kwh), faults)
    if "energy limits" in plan.shortfalls:
        return
    low, high = store.energy_band(problem.n_steps)
    _say(f"{name} holds too little", (low - energy)[1:], faults)
    _say(f"{name} holds too much", (energy - high)[1:], faults)
    for side, sign, kwh_per_kwh in (
        ("up", -1.0, 1 / store.limits.discharge_efficiency),
        ("down", 1.0, store.limits.charge_efficiency),
    ):
        at_start, at_end, is_sure = np.zeros(problem.n_steps), np.zeros(problem.n_steps), False
        for key, kw in plan.shares_kw.items():
            product = problem.reserves[key[-2]]
            if key[-1] == name:
                kwh = sign * kw * product.duration_h * kwh_per_kwh * (key[0] == side)
                at_start, at_end = at_start + kwh, at_end + kwh * product.is_held_at_end
                is_sure |= product.is_held_at_end
        uncalled = energy[:-1] + _stored_kw(store, power) * problem.step_hours
        points = [("start", energy[:-1], at_start), ("end", energy[1:], at_end)]
        for point, level, called in [*points, *([("uncalled end", uncalled, at_end)] if is_sure else [])]:
            reached = level + called
            outside = store.limits.min_kwh - reached if side == "up" else reached - store.limits.max_kwh
            # At the start it may be outside; it only may not hold a reserve then.
            outside[0] *= point != "start" or called[0] != 0
            _say(f"{name} has no energy for reserve {side} at the {point}", outside, faults)


def _recheck_connection(problem: SiteProblem, plan: SitePlan, faults: list[str]) -> None:
    if "connection limit" in plan.shortfalls:
        return
    assets = (*problem.stores, LOAD)
    up, down = (np.sum([plan.held_kw(side, asset) for asset in assets], axis=0) for side in ("up", "down"))
    back = plan.held_kw("up", LOAD) @ problem.rebound_share()
    if problem.import_limit_kw is not None:
        drawn = problem.load_kw.max(axis=0) - plan.site_kw + down + back
        _say("the import exceeds the connection", drawn - problem.import_limit_kw, faults)
    if problem.export_limit_kw is not None:
        fed = plan.site_kw + up - problem.load_kw.min(axis=0)
        _say("the export exceeds the connection", fed - problem.export_limit_kw, faults)
