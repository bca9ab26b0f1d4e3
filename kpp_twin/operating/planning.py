"""Setpoints of battery and plant over whole hours and the reserve that is held: one plan behind one connection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.battery.ageing import Health
from kpp_twin.battery.model import BatteryModel
from kpp_twin.coordination.hour import HourAllocation, reserve_window
from kpp_twin.market.bidding.bids import StoreTerms
from kpp_twin.market.bidding.emergency import fallback_schedule
from kpp_twin.market.bidding.strategy import storage_limits
from kpp_twin.market.dispatch.site_plan import SitePlan, plan_site
from kpp_twin.market.dispatch.site_problem import ReserveProduct, SiteProblem, SiteStore
from kpp_twin.market.dispatch.storage_plan import StorageLimits
from kpp_twin.market.settlement import sold_at
from kpp_twin.operation import AssetState, Plan
from kpp_twin.plant.equivalent import storage_equivalent
from kpp_twin.plant.simulate import PlantState
from kpp_twin.site import Market, Site
from kpp_twin.timegrid import Array, TimeGrid
from kpp_twin.twin.hour import local_month
from kpp_twin.units import MINUTES_PER_HOUR

RESPONSE = "frequency_response"
N_BINDINGS = 3  # of the limits that hold a plan back, those that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A store as the planner sees it.

    Attributes
    ----------
    least_kwh, most_kwh
        What a schedule can reach; beyond it lies the energy of the reserve that the site offers.
    min_kwh, max_kwh
        What a plan may use; less by a guard, since responses move the energy away from the plan.
    """

    limits: StorageLimits
    least_kwh: float
    most_kwh: float
    min_kwh: float
    max_kwh: float
    max_charge_kw: float
    max_discharge_kw: float
    energy_kwh: float
    target_kwh: float
    wear_per_mwh: float

    def after(self, power_kw: Sequence[float]) -> float:
        """Energy held after hours at these powers, as far as they can be followed: the reserve comes first. [kWh]"""
        energy_kwh = self.energy_kwh
        for power in power_kw:
            low, high = min(self.least_kwh, energy_kwh), max(self.most_kwh, energy_kwh)
            energy_kwh -= (
                power / self.limits.discharge_efficiency if power > 0 else power * self.limits.charge_efficiency
            )
            energy_kwh = min(max(energy_kwh, low), high)
        return energy_kwh

    def behind_connection(self) -> SiteStore:
        """The store for a plan of all that is behind the connection."""
        return SiteStore(
            limits=self.limits,
            min_kwh=self.min_kwh,
            max_kwh=self.max_kwh,
            energy_kwh=self.energy_kwh,
            target_kwh=self.target_kwh,
            max_charge_kw=self.max_charge_kw,
            max_discharge_kw=self.max_discharge_kw,
            wear_per_mwh=self.wear_per_mwh,
        )

    def terms(self, market: Market) -> StoreTerms:
        """On what terms it trades."""
        return StoreTerms(
            round_trip_efficiency=self.limits.round_trip_efficiency,
            max_power_kw=max(self.max_charge_kw, self.max_discharge_kw),
            wear_per_mwh=self.wear_per_mwh,
            floor_per_mwh=market.price_threshold_per_mwh,
        )


def site_as_it_is(site: Site, assets: AssetState | None) -> Site:
    """The site for plans and offers: with the battery as it has aged; without a state of the assets it is new."""
    return site.aged(Health.of_json(assets.battery_health).state_of_health if assets else 1.0)


def stores_of(site: Site, assets: AssetState | None = None) -> dict[str, Store]:
    """Battery and plant in a state of the assets; without one, at the target with which every plan ends."""
    battery = site.battery
    least_kwh, most_kwh, _ = reserve_window(site, site.services.frequency_response_kw)
    # Where the offer needs nearly all of the battery, the guard gives way, and so does the target.
    guard_kwh = min(battery.guard_state_of_charge * battery.capacity_kwh, (most_kwh - least_kwh) / 2)
    min_kwh, max_kwh = least_kwh + guard_kwh, most_kwh - guard_kwh
    target_kwh = min(max(battery.target_state_of_charge * battery.capacity_kwh, min_kwh), max_kwh)
    plant = storage_equivalent(site.plant, PlantState.of_json(assets.plant) if assets else None)
    return {
        "battery": Store(
            limits=storage_limits(battery),
            least_kwh=least_kwh,
            most_kwh=most_kwh,
            min_kwh=min_kwh,
            max_kwh=max_kwh,
            max_charge_kw=battery.max_power_kw,
            max_discharge_kw=battery.max_power_kw,
            energy_kwh=assets.battery_kwh if assets else target_kwh,
            target_kwh=target_kwh,
            wear_per_mwh=battery.degradation_cost_per_mwh,
        ),
        "plant": Store(
            limits=StorageLimits(
                min_kwh=0.0,
                max_kwh=plant.capacity_kwh,
                charge_efficiency=plant.charge_efficiency,
                discharge_efficiency=plant.discharge_efficiency,
            ),
            least_kwh=0.0,
            most_kwh=plant.capacity_kwh,
            min_kwh=0.0,
            max_kwh=plant.capacity_kwh,
            max_charge_kw=plant.max_charge_kw,
            max_discharge_kw=plant.max_discharge_kw,
            energy_kwh=plant.energy_kwh if assets else plant.target_kwh,
            target_kwh=plant.target_kwh,
            wear_per_mwh=0.0,
        ),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a plan has to serve, hour by hour.

    Attributes
    ----------
    load_kw
        Consumption, ``(grid.n_steps,)``.
    peak_kw
        Import beyond which each kW costs the demand charge of a month.
    reserve_kw
        Frequency response that has been sold, ``(grid.n_steps,)``. None before the auction: as much of what the site
        offers as earns more than what the battery could do instead, hour by hour.
    """

    grid: TimeGrid
    issued_at: datetime
    load_kw: Array
    peak_kw: float
    reserve_kw: Array | None = None


def plan_hours(
    site: Site,
    stores: Mapping[str, Store],
    need: Need,
    *,
    price_per_mwh: Array,
    sold_kw: Sequence[Mapping[str, float]] | None = None,
) -> tuple[Plan, SitePlan]:
    """Plan of the highest profit of battery, plant and frequency response together, and what is to be said of it.

    The battery's auxiliaries have room at the connection; in no setpoint are they drawn.

    Parameters
    ----------
    price_per_mwh
        Of each hour, ``(grid.n_steps,)``.
    sold_kw
        What has been sold of each hour by asset, ``grid.n_steps`` of them; what the site delivers beside the sum is
        settled at the imbalance price. None before the auction: everything is still for sale at the price.
    """
    beside_kw = auxiliaries_kw(site)
    planned = plan_site(
        SiteProblem(
            start=need.grid.start,
            hours=need.grid.step_minutes / MINUTES_PER_HOUR,
            price_per_mwh=price_per_mwh[np.newaxis],
            load_kw=need.load_kw[np.newaxis],
            stores={asset: store.behind_connection() for asset, store in stores.items()},
            reserves={RESPONSE: _response(site, need.reserve_kw)},
            sold=None if sold_kw is None else sold_at(_sold_by_site(sold_kw), price_per_mwh, site.market),
            import_limit_kw=max(site.connection.limit_kw - beside_kw, 0.0),
            export_limit_kw=site.connection.limit_kw,
            demand_charge_per_kw=site.market.demand_charge_per_kw_month,
            peak_so_far_kw=max(need.peak_kw - beside_kw, 0.0),
        )
    )
    return _plan(need, planned.power_kw, planned.reserve_kw[RESPONSE]), planned


def shortfall_notes(planned: SitePlan) -> tuple[str, ...]:
    """What could not be kept, a line for each; of the energy only the physical limits count, which always are."""
    kept = {tier: by for tier, by in planned.shortfalls.items() if tier != "energy limits"}
    return tuple(f"the plan falls short of the {tier} by {by:.3g} kW or kWh" for tier, by in kept.items())


def binding_note(planned: SitePlan) -> str:
    """What holds the plan back most, and how far it may be from the best."""
    words = "; ".join(binding.words for binding in planned.binding[:N_BINDINGS]) or "no limit"
    return f"plan within {planned.gap:.0e} of the best, held back by {words}"


def plan_without_prices(
    site: Site, stores: Mapping[str, Store], need: Need, *, in_force_kw: Mapping[str, Array]
) -> Plan:
    """Plan while the market cannot be relied on: what was sold of the reserve is held, and the plan in force goes on.

    Where there is none the battery shaves peaks and moves to its middle, and the plant rests.

    Parameters
    ----------
    in_force_kw
        Setpoints by asset, ``(grid.n_steps,)``; NaN where there are none.
    """
    battery = stores["battery"]
    reserve_kw = np.zeros(need.grid.n_steps) if need.reserve_kw is None else need.reserve_kw
    battery_kw = fallback_schedule(
        in_force_kw["battery"],
        load_kw=need.load_kw,
        hours=need.grid.step_minutes / MINUTES_PER_HOUR,
        storage=replace(battery.limits, min_kwh=battery.min_kwh, max_kwh=battery.max_kwh),
        energy_kwh=battery.energy_kwh,
        max_charge_kw=battery.max_charge_kw - reserve_kw,
        max_discharge_kw=battery.max_discharge_kw - reserve_kw,
        peak_kw=max(need.peak_kw - auxiliaries_kw(site), 0.0),
    )
    power_kw = {**{asset: np.nan_to_num(kw) for asset, kw in in_force_kw.items()}, "battery": battery_kw}
    return _plan(need, power_kw, reserve_kw)


def month_peak_kw(site: Site, assets: AssetState | None, start: datetime, zone: ZoneInfo) -> float:
    """Import from which on an hour raises the demand charge of its local month, or exceeds the site's own target."""
    if assets is None:
        so_far_kw = site.market.opening_peak_kw
    else:
        so_far_kw = assets.peak_import_kw if assets.month == local_month(start, zone) else 0.0
    return max(so_far_kw, site.demand_response.peak_target_kw)


def auxiliaries_kw(site: Site) -> float:
    """What the battery draws at most beside its power."""
    return BatteryModel.of_site(site, site.services.frequency_response_kw).extra_kw


def _plan(need: Need, power_kw: Mapping[str, Array], reserve_kw: Array) -> Plan:
    setpoint_kw = {**power_kw, "load": -need.load_kw}
    return Plan(
        grid=need.grid,
        issued_at=need.issued_at,
        setpoint_kw={**setpoint_kw, "site": np.sum(list(setpoint_kw.values()), axis=0)},
        reserved_up_kw=reserve_kw,
        reserved_down_kw=reserve_kw,
    )


def _response(site: Site, reserve_kw: Array | None) -> ReserveProduct:
    """Frequency response: what was sold is held before all else, else the offer is all or nothing of each hour."""
    services = site.services
    offered_kw = services.frequency_response_kw
    return ReserveProduct(
        direction="symmetric",
        providers=("battery",),
        price_per_mw_hour=services.frequency_response_price_per_mw_hour,
        duration_h=site.frequency_product().endurance_h,
        committed_kw=reserve_kw,
        max_kw=offered_kw if reserve_kw is None else reserve_kw,
        minimum_kw=min(site.market.minimum_bid_kw, offered_kw) if reserve_kw is None else 0.0,
    )


def admitted(plan: Plan, allocation: HourAllocation) -> Plan:
    """Plan whose first hour is what the coordinator admitted."""
    battery_kw, reserved_kw = plan.setpoint_kw["battery"].copy(), plan.reserved_up_kw.copy()
    battery_kw[0], reserved_kw[0] = allocation.battery_kw, allocation.reserve_kw
    return replace(with_battery(plan, battery_kw), reserved_up_kw=reserved_kw, reserved_down_kw=reserved_kw)


def first_hours(plan: Plan, n_steps: int) -> Plan:
    """The beginning of a plan."""
    return replace(
        plan,
        grid=replace(plan.grid, n_steps=n_steps),
        setpoint_kw={asset: kw[:n_steps] for asset, kw in plan.setpoint_kw.items()},
        reserved_up_kw=plan.reserved_up_kw[:n_steps],
        reserved_down_kw=plan.reserved_down_kw[:n_steps],
    )


def with_battery(plan: Plan, battery_kw: Array) -> Plan:
    """Plan with other setpoints of the battery, ``(plan.grid.n_steps,)``."""
    parts = {**plan.setpoint_kw, "battery": battery_kw}
    return replace(plan, setpoint_kw={**parts, "site": parts["battery"] + parts["plant"] + parts["load"]})


def _sold_by_site(sold_kw: Sequence[Mapping[str, float]]) -> Array:
    return np.array([sum(of_hour.values()) for of_hour in sold_kw])
