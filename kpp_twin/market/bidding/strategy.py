"""Bidding strategy: the curves that a site bids under uncertain prices, and what to expect of them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from numbers import Real
from typing import Any, Self

import numpy as np

from kpp_twin.configuration import site_with
from kpp_twin.errors import TwinError
from kpp_twin.market.bidding.bids import MarketInterface
from kpp_twin.market.bidding.curves import BidRules
from kpp_twin.market.bidding.offer_programme import StoreOnOffer
from kpp_twin.market.bidding.offers import Offers, accepted_kw, curve_bids, followed_kw, offer
from kpp_twin.market.bidding.reserve_offers import ReserveTerms, reserve_bids
from kpp_twin.market.dispatch.expected_prices import expected_prices
from kpp_twin.market.dispatch.storage_plan import StorageLimits
from kpp_twin.market.inputs import refuse
from kpp_twin.market.risk import ALPHA, N_SCENARIOS, conditional_value_at_risk, price_scenarios
from kpp_twin.operation import Bid, Plan
from kpp_twin.records import Forecast
from kpp_twin.site import Battery, Site, load_site
from kpp_twin.timegrid import TimeGrid
from kpp_twin.units import MINUTES_PER_HOUR, Array

PLACE = "optimize_strategy"
BATTERY = "battery"


@dataclass(frozen=True, slots=True, kw_only=True)
class BiddingStrategy:
    """What to bid over a horizon, and what to expect of it.

    Attributes
    ----------
    bids
        Price-quantity curves, a bid for each step of them.
    plan
        Setpoints of the battery if the prices come as the means of their quantiles; nothing of plant and load.
    energy_kwh
        Energy in the battery at the start and after each step of the plan, ``(n_steps + 1,)``.
    scenarios_per_mwh
        Prices that the curves were made on, ``(n_scenarios, n_steps)``.
    scenario_kw
        What the curves trade at each of them, ``(n_scenarios, n_steps)``; sales positive.
    revenue
        By scenario, ``(n_scenarios,)``: income less purchases and wear; energy off the target at the end counts at the
        scenario's mean price. [currency]
    expected_revenue
        Mean of the revenue. [currency]
    conditional_value_at_risk
        Mean loss of the worst twentieth of the scenarios; negative where even these earn. [currency]
    risk_aversion
        Weight of the conditional value at risk: 1 - risk_tolerance. [fraction]
    notes
        What is not bid, and why.
    """

    bids: tuple[Bid, ...]
    plan: Plan
    energy_kwh: Array
    scenarios_per_mwh: Array
    scenario_kw: Array
    revenue: Array
    expected_revenue: float
    conditional_value_at_risk: float
    risk_aversion: float
    notes: tuple[str, ...]


class EconomicOptimizer:
    """Makes the bids of a site's battery on a price forecast.

    Parameters
    ----------
    forecast
        Prices with quantiles.
    energy_kwh
        Energy in the battery when the forecast begins; by default that of the site's initial state of charge. The
        battery ends at the site's target.
    rules
        Of the market; by default `BidRules` with the site's smallest bid.
    scenarios_per_mwh
        Possible prices over the forecast, each row as likely as the others, ``(n_scenarios, n_steps)``; by default made
        of the quantiles (`price_scenarios`).
    reserved_up_kw, reserved_down_kw
        Power that is sold elsewhere over the horizon, with the energy for the endurance of the site's frequency
        product; by default the frequency response that the site sells every hour. None of it is bid.

    Raises
    ------
    ConfigError
        The energy is outside the battery's limits, a reserve is more than the battery holds, or scenarios have another
        shape: all faults in one message.
    """

    def __init__(
        self,
        site: Site,
        forecast: Forecast,
        *,
        energy_kwh: float | None = None,
        rules: BidRules | None = None,
        scenarios_per_mwh: Array | None = None,
        reserved_up_kw: float | None = None,
        reserved_down_kw: float | None = None,
    ) -> None:
        battery, sold_kw = site.battery, site.services.frequency_response_kw
        self.site, self.forecast, self.scenarios_per_mwh = site, forecast, scenarios_per_mwh
        self.rules = rules or BidRules(minimum_kw=site.market.minimum_bid_kw)
        self.storage = storage_limits(battery)
        self.energy_kwh = battery.initial_state_of_charge * battery.capacity_kwh if energy_kwh is None else energy_kwh
        self.reserved_up_kw = sold_kw if reserved_up_kw is None else reserved_up_kw
        self.reserved_down_kw = sold_kw if reserved_down_kw is None else reserved_down_kw
        endurance_h = site.frequency_product().endurance_h
        self.min_kwh = self.storage.min_kwh + self.reserved_up_kw * endurance_h / battery.discharge_efficiency
        self.max_kwh = self.storage.max_kwh - self.reserved_down_kw * endurance_h * battery.charge_efficiency
        refuse(
            self._faults(),
            place="EconomicOptimizer",
            next_step="give energy and reserves that the battery holds, and scenarios of the whole forecast",
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
        """Curves for day-ahead energy from the start of the forecast, all for one auction.

        They have the best mean revenue less the conditional value at risk, weighed by the site's risk tolerance, that
        the battery can follow in every scenario; see `offer`. Nothing is sold below the site's price threshold.

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
        market, hours = self.site.market, grid.step_minutes / MINUTES_PER_HOUR
        store = self._store(float(available_capacity))
        offers = offer(
            self._scenarios(grid, hours), store, hours=hours, risk_tolerance=market.risk_tolerance, rules=self.rules
        )
        bids = self._submitted(
            curve_bids(offers, store, grid, product=BATTERY, series=market.price_series, rules=self.rules), store
        )
        expected = expected_prices(self.forecast.quantiles[None, : grid.n_steps])
        power_kw, energy_kwh = followed_kw(accepted_kw(bids, grid, expected), store, hours=hours)
        return BiddingStrategy(
            bids=bids,
            plan=self._plan(grid, power_kw[0]),
            energy_kwh=energy_kwh[0],
            scenarios_per_mwh=offers.price_per_mwh,
            scenario_kw=offers.power_kw,
            revenue=offers.revenue,
            expected_revenue=float(offers.revenue.mean()),
            conditional_value_at_risk=conditional_value_at_risk(-offers.revenue, ALPHA),
            risk_aversion=1 - market.risk_tolerance,
            notes=self._notes(offers, store),
        )

    def optimize_reserve(
        self, terms: ReserveTerms, available_capacity: float = 100.0, time_horizon: timedelta = timedelta(hours=24)
    ) -> tuple[tuple[Bid, ...], tuple[str, ...]]:
        """Bids for reserve capacity at its opportunity cost, and what is not bid and why; see `reserve_bids`.

        Its auction is over before that of energy. What it sells is then reserved in the optimizer that bids energy.

        Parameters
        ----------
        available_capacity, time_horizon
            As in `optimize_strategy`; so are the errors.
        """
        grid = self._grid(available_capacity, time_horizon)
        return reserve_bids(
            expected_prices(self.forecast.quantiles[: grid.n_steps]),
            self._store(float(available_capacity)),
            grid,
            terms,
            product=BATTERY,
            series=self.site.market.price_series,
        )

    def _faults(self) -> list[str]:
        """What is wrong with what the optimizer is made with."""
        battery, faults = self.site.battery, []
        for name, reserved in (("up", self.reserved_up_kw), ("down", self.reserved_down_kw)):
            if not 0 <= reserved <= battery.max_power_kw:
                faults.append(f"reserved_{name}_kw is {reserved}; the battery has {battery.max_power_kw:g} kW")
        if self.min_kwh > self.max_kwh:
            faults.append(f"the reserves need {self.min_kwh - self.max_kwh:g} kWh more than the battery holds")
        target_kwh = battery.target_state_of_charge * battery.capacity_kwh
        for name, energy in (("energy_kwh", self.energy_kwh), ("the target", target_kwh)):
            if not faults and not self.min_kwh <= energy <= self.max_kwh:
                faults.append(
                    f"{name} is {energy}, outside {self.min_kwh:g} to {self.max_kwh:g} kWh beside the reserves"
                )
        if self.scenarios_per_mwh is None:
            return faults
        shape = self.scenarios_per_mwh.shape
        if len(shape) != 2 or not shape[0] or shape[1] != self.forecast.grid.n_steps:
            faults.append(f"the scenarios have shape {shape}; (n_scenarios, {self.forecast.grid.n_steps}) is meant")
        elif not np.isfinite(self.scenarios_per_mwh).all():
            faults.append("the scenarios must be finite")
        return faults

    def _scenarios(self, grid: TimeGrid, hours: float) -> Array:
        if self.scenarios_per_mwh is None:
            return price_scenarios(self.forecast.quantiles[: grid.n_steps], hours=hours, n_scenarios=N_SCENARIOS)
        return self.scenarios_per_mwh[:, : grid.n_steps]

    def _store(self, available_kw: float) -> StoreOnOffer:
        """The battery as it may trade beside what is reserved."""
        battery, most_kw = self.site.battery, min(self.site.battery.max_power_kw, self.site.connection.limit_kw)
        return StoreOnOffer(
            storage=self.storage,
            min_kwh=self.min_kwh,
            max_kwh=self.max_kwh,
            energy_kwh=self.energy_kwh,
            target_kwh=battery.target_state_of_charge * battery.capacity_kwh,
            max_charge_kw=min(available_kw, most_kw - self.reserved_down_kw),
            max_discharge_kw=min(available_kw, most_kw - self.reserved_up_kw),
            wear_per_mwh=battery.degradation_cost_per_mwh,
            floor_per_mwh=self.site.market.price_threshold_per_mwh,
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
            setpoint_kw={BATTERY: power_kw, "plant": nothing, "load": nothing, "site": power_kw},
            reserved_up_kw=nothing + self.reserved_up_kw,
            reserved_down_kw=nothing + self.reserved_down_kw,
        )

    def _submitted(self, bids: tuple[Bid, ...], store: StoreOnOffer) -> tuple[Bid, ...]:
        """Return the bids, having seen that the market takes every one of them."""
        most_kw = float(np.max([store.max_charge_kw, store.max_discharge_kw]))
        receipts = MarketInterface(self.rules, available_kw=most_kw).submit(bids)
        refused = [f"{receipt.bid_id}: {receipt.reason}" for receipt in receipts if receipt.state == "rejected"]
        if refused:
            raise TwinError("; ".join(refused), place=PLACE, next_step="report it: its own bids break the rules")
        return bids

    def _notes(self, offers: Offers, store: StoreOnOffer) -> tuple[str, ...]:
        """Why no sale, or no purchase, is bid."""
        notes = []
        if self.reserved_up_kw or self.reserved_down_kw:
            notes.append(
                f"{self.reserved_up_kw:g} kW up and {self.reserved_down_kw:g} kW down are reserved; energy is bid from"
                f" {store.min_kwh:.0f} to {store.max_kwh:.0f} kWh"
            )
        sides = (
            ("sale", store.max_discharge_kw, offers.power_kw > 0),
            ("purchase", store.max_charge_kw, offers.power_kw < 0),
        )
        for name, most_kw, is_traded in sides:
            if is_traded.any():
                continue
            if np.max(most_kw) < max(self.rules.minimum_kw, self.rules.step_kw):
                why = f"{np.max(most_kw):g} kW are less than the smallest bid"
            elif name == "sale" and offers.price_per_mwh.max() < store.floor_per_mwh:
                why = f"no scenario reaches the price threshold of {store.floor_per_mwh:g} per MWh"
            else:
                why = "it would not pay for losses and wear"
            notes.append(f"no {name} is bid: {why}")
        return tuple(notes)


def storage_limits(battery: Battery) -> StorageLimits:
    """Limits of the site's battery as the planner takes them."""
    return StorageLimits(
        min_kwh=battery.min_state_of_charge * battery.capacity_kwh,
        max_kwh=battery.max_state_of_charge * battery.capacity_kwh,
        charge_efficiency=battery.charge_efficiency,
        discharge_efficiency=battery.discharge_efficiency,
    )
