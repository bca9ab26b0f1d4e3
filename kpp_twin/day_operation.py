"""Frozen records of what was planned, simulated, delivered and earned on one market-local day.

Positive power flows to the grid: generation and discharge +, load and charge -.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from kpp_twin.timegrid import Array, TimeGrid
from kpp_twin.units import MINUTES_PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetDay:
    """An asset on the day; NaN where nothing was planned, sold or simulated.

    Attributes
    ----------
    planned_kw, sold_kw
        Setpoint of the plan in force and position sold day-ahead by the hour, ``(n_hours,)``.
    reserved_kw
        Power that this plan keeps free for services, upward, ``(n_hours,)``.
    power_kw, energy_stored_kwh
        Simulated, by the minute, ``(n_minutes,)``; energy at the minute's end, NaN without a store.
    """

    asset: str
    planned_kw: Array
    sold_kw: Array
    reserved_kw: Array
    power_kw: Array
    energy_stored_kwh: Array

    @property
    def hourly_kw(self) -> Array:
        """Mean power of each hour, ``(n_hours,)``; NaN where not all of it was simulated."""
        return np.asarray(self.power_kw.reshape(-1, MINUTES_PER_HOUR).mean(axis=1))

    @property
    def stored_at_end_kwh(self) -> Array:
        """Energy in store at the end of each hour, ``(n_hours,)``."""
        return self.energy_stored_kwh[MINUTES_PER_HOUR - 1 :: MINUTES_PER_HOUR]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """An entry of the energy ledger, summed over the day.

    Attributes
    ----------
    largest_residual_kwh
        Of the asset in any hour; zero but for rounding.
    """

    asset: str
    entry: str
    energy_kwh: float
    largest_residual_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLine:
    """A service on the day; means over its hours, in `unit`.

    Attributes
    ----------
    n_cut
        Requests that were not granted whole.
    uptime, accuracy
        Weighted by what was committed; none where nothing was. [fraction]
    """

    service: str
    unit: str
    n_requests: int
    n_cut: int
    requested: float | None
    granted: float | None
    n_hours: int
    uptime: float | None
    response_time_s: float | None
    accuracy: float | None
    requested_kwh: float | None
    delivered_kwh: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryDay:
    """The battery over the hours of the day that were simulated.

    Attributes
    ----------
    product
        Frequency product of the last hour.
    performance_score
        Mean of the hours' scores; none where nothing was asked. [fraction]
    mileage, auxiliary_kwh
        Sums over the hours.
    endurance_violation_s
        In which the energy was outside of what full response for its endurance needs.
    lowest_temperature_c, highest_temperature_c
        Of the hours' ends.
    state_of_health, equivalent_full_cycles
        At the end of the last hour, since the battery was new.
    flag_s
        Seconds by what was special in them, longest first; several may hold in one.
    """

    product: str
    performance_score: float | None
    mileage: float
    endurance_violation_s: float
    lowest_temperature_c: float
    highest_temperature_c: float
    state_of_health: float
    equivalent_full_cycles: float
    auxiliary_kwh: float
    flag_s: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """A curtailment that touches the day; ``reduced_kwh`` is none before it was simulated."""

    event_id: str
    start: datetime
    stop: datetime
    called_at: datetime
    target_reduction_kw: float
    forecast_peak_kw: float
    reduced_kwh: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BidStep:
    """A step of a curve.

    Attributes
    ----------
    price_per_mwh
        Its limit; of reserve per MW and hour.
    quantity_kw
        All that is traded with this step and those before it; a purchase negative.
    is_accepted
        None while the price is not known.
    """

    price_per_mwh: float
    quantity_kw: float
    is_accepted: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BidCurve:
    """What an asset bid for an hour.

    Attributes
    ----------
    market
        ``day_ahead`` of energy, or the frequency product whose reserve is sold.
    steps
        From the largest purchase to the largest sale.
    sold_kw
        Largest step that was accepted, a purchase negative; none while the price is not known.
    """

    market: str
    asset: str
    valid_from: datetime
    steps: tuple[BidStep, ...]
    sold_kw: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BidLine:
    """Bids of an asset at a market for the day, steps of its curves.

    Attributes
    ----------
    position_kwh
        What the known prices accepted, purchases negative; of reserve its power times the hours.
    """

    market: str
    asset: str
    n_bids: int
    n_accepted: int
    position_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingLine:
    """From when on a forecaster served a series."""

    variable: str
    series: str
    method: str
    model_version: str
    chosen_by: str
    serves_from: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOperation:
    """All that the stations did on the day.

    Attributes
    ----------
    hours, minutes
        Both cover the day.
    frequency_hz
        Of the grid by the minute, ``(n_minutes,)``; NaN where nothing was simulated.
    price_series, load_series
        At which the site trades, and its metered load; empty if the history knows no site.
    nominal_hz, battery_capacity_kwh
        Of the site as set last, and what is left of it; none if the history knows no site.
    battery
        None if no hour was simulated.
    response_asked_kwh, response_delivered_kwh
        Frequency response by the hour, ``(n_hours,)``.
    money
        Amounts by service and hour, ``(n_hours,)``, earned positive; NaN where nothing is settled.
    currency
        Of the amounts; empty without any.
    """

    hours: TimeGrid
    minutes: TimeGrid
    price_series: str
    load_series: str
    assets: tuple[AssetDay, ...]
    frequency_hz: Array
    nominal_hz: float | None
    battery_capacity_kwh: float | None
    battery: BatteryDay | None
    response_asked_kwh: Array
    response_delivered_kwh: Array
    money: Mapping[str, Array]
    currency: str
    ledger: tuple[LedgerLine, ...]
    services: tuple[ServiceLine, ...]
    events: tuple[EventLine, ...]
    curves: tuple[BidCurve, ...]

    def asset(self, name: str) -> AssetDay | None:
        """Asset by name; none if nothing was planned or simulated of it."""
        return next((asset for asset in self.assets if asset.asset == name), None)

    @property
    def is_simulated(self) -> Array:
        """Whether each hour was simulated, as 0 or 1, ``(n_hours,)``."""
        known = [np.isfinite(asset.hourly_kw) for asset in self.assets]
        return np.any(known, axis=0).astype(np.float64) if known else np.zeros(self.hours.n_steps)

    @property
    def n_simulated(self) -> int:
        """Hours of the day that were simulated."""
        return int(self.is_simulated.sum())

    @property
    def n_settled(self) -> int:
        """Hours of the day that were settled."""
        return int(np.isfinite(self.net).sum())

    @property
    def state_of_charge(self) -> Array:
        """Of the battery at the end of each minute, ``(n_minutes,)``; NaN where it is not known. [fraction]"""
        battery = self.asset("battery")
        if battery is None or self.battery_capacity_kwh is None:
            return np.full(self.minutes.n_steps, np.nan)
        return battery.energy_stored_kwh / self.battery_capacity_kwh

    @property
    def net(self) -> Array:
        """Sum of all services by the hour, ``(n_hours,)``; NaN where nothing is settled."""
        amounts = np.array(list(self.money.values())).reshape(-1, self.hours.n_steps)
        settled = np.isfinite(amounts).any(axis=0)
        return np.where(settled, np.nansum(amounts, axis=0), np.nan)

    @property
    def money_by_service(self) -> Mapping[str, float]:
        """Amounts of the settled hours."""
        return {service: float(np.nansum(amounts)) for service, amounts in self.money.items()}

    @property
    def net_amount(self) -> float:
        """Sum over all services and settled hours."""
        return float(np.nansum(self.net))

    @property
    def bids(self) -> tuple[BidLine, ...]:
        """The curves of the day summed, by market and asset."""
        return tuple(
            _bid_line(market, asset, [c for c in self.curves if (c.market, c.asset) == (market, asset)])
            for market, asset in sorted({(curve.market, curve.asset) for curve in self.curves})
        )

    @property
    def residual_kwh(self) -> Mapping[str, float]:
        """Sum of the ledger's entries by asset; zero but for rounding."""
        sums: dict[str, float] = {}
        for line in self.ledger:
            sums[line.asset] = sums.get(line.asset, 0.0) + line.energy_kwh
        return sums


def _bid_line(market: str, asset: str, curves: Sequence[BidCurve]) -> BidLine:
    return BidLine(
        market=market,
        asset=asset,
        n_bids=sum(len(curve.steps) for curve in curves),
        n_accepted=sum(bool(step.is_accepted) for curve in curves for step in curve.steps),
        position_kwh=sum(curve.sold_kw or 0.0 for curve in curves),  # kW over whole hours
    )
