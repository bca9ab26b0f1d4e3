"""Bidding strategy: plan of the battery under uncertain prices, the bids that carry it out, and its risk."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from numbers import Real
from typing import Any, Self

import numpy as np

from kpp_twin.configuration import site_with
from kpp_twin.errors import TwinError
from kpp_twin.market.bids import MarketInterface, StoreTerms, day_ahead_bids
from kpp_twin.market.curves import BidRules
from kpp_twin.market.inputs import refuse
from kpp_twin.market.risk import adverse_incomes, cautious_prices, conditional_value_at_risk
from kpp_twin.market.storage_plan import StorageLimits, plan_storage
from kpp_twin.operation import Bid, Plan
from kpp_twin.records import Array, Forecast
from kpp_twin.site import Battery, Site, load_site
from kpp_twin.timegrid import TimeGrid
from kpp_twin.units import KWH_PER_MWH, MINUTES_PER_HOUR

PLACE = "optimize_strategy"
ALPHA = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class BiddingStrategy:
    """What to bid over a horizon, and what to expect of it.

    Attributes
    ----------
    plan
        Setpoints of the battery; nothing of plant and load.
    energy_kwh
        Energy in the battery at the start and after each step, ``(n_steps + 1,)``.
    bids
        Bids of the plan; steps below the smallest bid are not among them.
    planning_price_per_mwh
        Prices that the plan was made on, ``(n_steps,)``.
    expected_revenue
        Income of the whole plan less purchases and wear, at the expected prices. [currency]
    conditional_value_at_risk
        Mean loss of the worst twentieth of outcomes, all hours turning out against the plan together; negative where
        even these earn. [currency]
    risk_aversion
        Weight of caution: 1 - risk_tolerance. [fraction]
    """

    plan: Plan
    energy_kwh: Array
    bids: tuple[Bid, ...]
    planning_price_per_mwh: Array
    expected_revenue: float
    conditional_value_at_risk: float
    risk_aversion: float


class EconomicOptimizer:
    """Plans the battery of a site on a price forecast and makes its bids.

    Parameters
    ----------
    forecast
        Prices with quantiles.
    energy_kwh
        Energy in the battery when the forecast begins; by default that of the site's initial state of charge. The plan
        ends at the site's target.
    rules
        Of the market; by default `BidRules` with the site's smallest bid.

    Raises
    ------
    ConfigError
        The energy is outside the battery's limits.
    """

    def __init__(
        self, site: Site, forecast: Forecast, *, energy_kwh: float | None = None, rules: BidRules | None = None
    ) -> None:
        battery = site.battery
        self.site, self.forecast = site, forecast
        self.rules = rules or BidRules(minimum_kw=site.market.minimum_bid_kw)
        self.storage = storage_limits(battery)
        self.energy_kwh = battery.initial_state_of_charge * battery.capacity_kwh if energy_kwh is None else energy_kwh
        if not self.storage.min_kwh <= self.energy_kwh <= self.storage.max_kwh:
            refuse(
                [f"energy_kwh is {energy_kwh}, outside {self.storage.min_kwh:g} to {self.storage.max_kwh:g} kWh"],
                place="EconomicOptimizer",
                next_step="give the energy in the battery in kWh",
            )

    @classmethod
    def from_config(cls, config: Mapping[str, Any], forecast: Forecast, *, site: Site | None = None) -> Self:
        """Optimizer of a site, by default the reference site, with the values of a configuration dictionary.

        The keys are market_update_interval [s], min_bid_size [kW], price_threshold [currency/MWh] and risk_tolerance
        [fraction]; what is left out stays as the site has it.

        Raises
        ------
        ConfigError
            Unknown keys, wrong types or values: all of them in one message.
        """
        return cls(site_with(site or load_site(), economic=config), forecast)

    def optimize_strategy(
        self, available_capacity: float = 100.0, time_horizon: timedelta = timedelta(hours=24)
    ) -> BiddingStrategy:
        """Plan and bids from the start of the forecast.

        The plan is exact on prices that lie between the expected ones and cautious ones, by the site's risk tolerance
        (`cautious_prices`). It sells nothing where the expected price is below the site's price threshold.

        Parameters
        ----------
        available_capacity
            Largest power either way. [kW]
        time_horizon
            A whole number of the forecast's steps, at most all of them.

        Raises
        ------
        ConfigError
            Wrong arguments, or a forecast that is not finite over the horizon: all faults in one message.
        """
        grid = self._grid(available_capacity, time_horizon)
        market, battery = self.site.market, self.site.battery
        expected, quantiles = self.forecast.values[: grid.n_steps], self.forecast.quantiles[: grid.n_steps]
        planning = cautious_prices(expected, quantiles, market.risk_tolerance)
        power_kw = min(float(available_capacity), battery.max_power_kw, self.site.connection.limit_kw)
        hours = grid.step_minutes / MINUTES_PER_HOUR
        storage_plan = plan_storage(
            planning,
            hours=hours,
            storage=self.storage,
            energy_kwh=self.energy_kwh,
            target_kwh=battery.target_state_of_charge * battery.capacity_kwh,
            max_charge_kw=power_kw,
            max_discharge_kw=np.where(expected >= market.price_threshold_per_mwh, power_kw, 0.0),
            wear_per_mwh=battery.degradation_cost_per_mwh,
        )
        plan = self._plan(grid, storage_plan.power_kw)
        terms = StoreTerms(
            round_trip_efficiency=self.storage.round_trip_efficiency,
            max_power_kw=power_kw,
            wear_per_mwh=battery.degradation_cost_per_mwh,
            floor_per_mwh=market.price_threshold_per_mwh,
        )
        wear = np.maximum(storage_plan.power_kw, 0).sum() * hours / KWH_PER_MWH * battery.degradation_cost_per_mwh
        return BiddingStrategy(
            plan=plan,
            energy_kwh=storage_plan.energy_kwh,
            bids=self._taken(day_ahead_bids(plan, expected, market, {"battery": terms}, self.rules), power_kw),
            planning_price_per_mwh=planning,
            expected_revenue=float(storage_plan.power_kw @ expected * hours / KWH_PER_MWH - wear),
            conditional_value_at_risk=conditional_value_at_risk(
                wear - adverse_incomes(storage_plan.power_kw, quantiles, hours), ALPHA
            ),
            risk_aversion=1 - market.risk_tolerance,
        )

    def _grid(self, available_capacity: float, time_horizon: timedelta) -> TimeGrid:
        """Steps of the horizon, if it and the capacity make sense."""
        grid, faults = self.forecast.grid, []
        if not isinstance(available_capacity, Real) or isinstance(available_capacity, bool):
            faults.append(f"available_capacity must be a number of kW, not {available_capacity!r}")
        elif not 0 <= available_capacity < math.inf:
            faults.append(f"available_capacity must be finite and not negative; it is {available_capacity} kW")
        steps, step = 0, timedelta(minutes=grid.step_minutes)
        if not isinstance(time_horizon, timedelta):
            faults.append(f"time_horizon must be a timedelta, not {time_horizon!r}")
        elif time_horizon <= timedelta(0) or time_horizon % step:
            faults.append(f"time_horizon must be a whole number of {grid.step_minutes} minutes; it is {time_horizon}")
        elif time_horizon // step > grid.n_steps:
            faults.append(f"time_horizon is {time_horizon}; the price forecast holds {grid.n_steps * step}")
        else:
            steps = time_horizon // step
            shown = (self.forecast.values[:steps], self.forecast.quantiles[:steps])
            if not all(np.isfinite(values).all() for values in shown):
                faults.append("the price forecast has gaps within the time_horizon")
        refuse(
            faults, place=PLACE, next_step="give a power in kW and a horizon within the forecast, or a longer forecast"
        )
        return TimeGrid(start=grid.start, step_minutes=grid.step_minutes, n_steps=steps)

    def _plan(self, grid: TimeGrid, power_kw: Array) -> Plan:
        nothing = np.zeros(grid.n_steps)
        return Plan(
            grid=grid,
            issued_at=self.forecast.issued_at,
            setpoint_kw={"battery": power_kw, "plant": nothing, "load": nothing, "site": power_kw},
            reserved_up_kw=nothing,
            reserved_down_kw=nothing,
        )

    def _taken(self, bids: tuple[Bid, ...], power_kw: float) -> tuple[Bid, ...]:
        """Return the bids, having seen that the market takes every one of them."""
        receipts = MarketInterface(self.rules, available_kw=power_kw).submit(bids)
        refused = [f"{receipt.bid_id}: {receipt.reason}" for receipt in receipts if receipt.state == "rejected"]
        if refused:
            raise TwinError("; ".join(refused), place=PLACE, next_step="report it: its own bids break the rules")
        return bids


def storage_limits(battery: Battery) -> StorageLimits:
    """Limits of the site's battery as the planner takes them."""
    return StorageLimits(
        min_kwh=battery.min_state_of_charge * battery.capacity_kwh,
        max_kwh=battery.max_state_of_charge * battery.capacity_kwh,
        charge_efficiency=battery.charge_efficiency,
        discharge_efficiency=battery.discharge_efficiency,
    )
