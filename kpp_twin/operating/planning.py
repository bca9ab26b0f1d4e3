"""Setpoints of battery and plant over whole hours, within what connection, reserve and peak leave free."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from kpp_twin.battery.ageing import Health
from kpp_twin.battery.model import BatteryModel
from kpp_twin.coordination.hour import HourAllocation, reserve_window
from kpp_twin.market.bids import StoreTerms
from kpp_twin.market.settlement import imbalance_price
from kpp_twin.market.storage_plan import Sold, StorageLimits, plan_storage
from kpp_twin.operation import AssetState, Plan
from kpp_twin.plant.equivalent import storage_equivalent
from kpp_twin.plant.simulate import PlantState
from kpp_twin.site import Market, Site
from kpp_twin.timegrid import Array, TimeGrid
from kpp_twin.units import MINUTES_PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A store as the planner sees it.

    Attributes
    ----------
    min_kwh, max_kwh
        What a plan may use; less than what the store can hold where a reserve is kept.
    """

    limits: StorageLimits
    min_kwh: float
    max_kwh: float
    max_charge_kw: float
    max_discharge_kw: float
    energy_kwh: float
    target_kwh: float
    wear_per_mwh: float

    def after(self, power_kw: Sequence[float]) -> float:
        """Energy held after hours at these powers, as far as they can be followed. [kWh]"""
        energy_kwh = self.energy_kwh
        for power in power_kw:
            energy_kwh -= (
                power / self.limits.discharge_efficiency if power > 0 else power * self.limits.charge_efficiency
            )
            energy_kwh = min(max(energy_kwh, self.limits.min_kwh), self.limits.max_kwh)
        return energy_kwh

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
    target_kwh = battery.target_state_of_charge * battery.capacity_kwh
    min_kwh, max_kwh, max_power_kw = reserve_window(site, site.services.frequency_response_kw)
    guard_kwh = battery.guard_state_of_charge * battery.capacity_kwh  # responses move the energy away from the plan
    plant = storage_equivalent(site.plant, PlantState.of_json(assets.plant) if assets else None)
    return {
        "battery": Store(
            limits=StorageLimits(
                min_kwh=battery.min_state_of_charge * battery.capacity_kwh,
                max_kwh=battery.max_state_of_charge * battery.capacity_kwh,
                charge_efficiency=battery.charge_efficiency,
                discharge_efficiency=battery.discharge_efficiency,
            ),
            min_kwh=min(min_kwh + guard_kwh, target_kwh),
            max_kwh=max(max_kwh - guard_kwh, target_kwh),
            max_charge_kw=max_power_kw,
            max_discharge_kw=max_power_kw,
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
            min_kwh=0.0,
            max_kwh=plant.capacity_kwh,
            max_charge_kw=plant.max_charge_kw,
            max_discharge_kw=plant.max_discharge_kw,
            energy_kwh=plant.energy_kwh if assets else plant.target_kwh,
            target_kwh=plant.target_kwh,
            wear_per_mwh=0.0,
        ),
    }


def plan_hours(
    site: Site,
    stores: Mapping[str, Store],
    *,
    grid: TimeGrid,
    issued_at: datetime,
    price_per_mwh: Array,
    load_kw: Array,
    peak_kw: float,
    sold_kw: Sequence[Mapping[str, float]] | None = None,
) -> Plan:
    """Plan of the highest profit; the battery first, the plant in what it leaves free.

    The battery's auxiliaries have room at the connection; in no setpoint are they drawn.

    Parameters
    ----------
    price_per_mwh, load_kw
        Price and consumption of each hour, ``(grid.n_steps,)``.
    peak_kw
        Import beyond which no store charges: the demand charge of a new peak costs more than a cheap hour saves.
    sold_kw
        What has been sold of each hour by asset, ``grid.n_steps`` of them; whatever differs is settled at the imbalance
        price. None before the auction: everything is still for sale at the price.
    """
    reserve_kw = site.services.frequency_response_kw
    beside_kw = BatteryModel.of_site(site, reserve_kw).extra_kw
    free_import_kw = min(peak_kw, site.connection.limit_kw - reserve_kw) - load_kw - beside_kw
    free_export_kw = site.connection.limit_kw - reserve_kw + load_kw
    setpoint_kw: dict[str, Array] = {}
    for asset, store in stores.items():
        plan = plan_storage(
            price_per_mwh,
            hours=grid.step_minutes / MINUTES_PER_HOUR,
            storage=store.limits,
            energy_kwh=store.energy_kwh,
            target_kwh=store.target_kwh,
            max_charge_kw=np.clip(free_import_kw, 0.0, store.max_charge_kw),
            max_discharge_kw=np.clip(free_export_kw, 0.0, store.max_discharge_kw),
            wear_per_mwh=store.wear_per_mwh,
            min_kwh=store.min_kwh,
            max_kwh=store.max_kwh,
            sold=None if sold_kw is None else _sold(site, asset, sold_kw, price_per_mwh),
        )
        setpoint_kw[asset] = plan.power_kw
        free_import_kw, free_export_kw = free_import_kw + plan.power_kw, free_export_kw - plan.power_kw
    setpoint_kw["load"] = -load_kw
    reserved_kw = np.full(grid.n_steps, reserve_kw)
    return Plan(
        grid=grid,
        issued_at=issued_at,
        setpoint_kw={**setpoint_kw, "site": np.sum(list(setpoint_kw.values()), axis=0)},
        reserved_up_kw=reserved_kw,
        reserved_down_kw=reserved_kw,
    )


def admitted(plan: Plan, allocation: HourAllocation) -> Plan:
    """Plan whose first hour is what the coordinator admitted."""
    battery_kw, reserved_kw = plan.setpoint_kw["battery"].copy(), plan.reserved_up_kw.copy()
    battery_kw[0], reserved_kw[0] = allocation.battery_kw, allocation.reserve_kw
    parts = {**plan.setpoint_kw, "battery": battery_kw}
    site_kw = parts["battery"] + parts["plant"] + parts["load"]
    return replace(
        plan, setpoint_kw={**parts, "site": site_kw}, reserved_up_kw=reserved_kw, reserved_down_kw=reserved_kw
    )


def _sold(site: Site, asset: str, sold_kw: Sequence[Mapping[str, float]], price_per_mwh: Array) -> Sold:
    return Sold(
        power_kw=np.array([of_hour.get(asset, 0.0) for of_hour in sold_kw]),
        short_per_mwh=np.array([imbalance_price(price, -1.0, site.market) for price in price_per_mwh]),
        long_per_mwh=np.array([imbalance_price(price, 1.0, site.market) for price in price_per_mwh]),
    )
