"""Frozen records of what is planned, ordered, simulated and settled; the stations hand them to one another.

Positive power flows to the grid: generation and discharge +, load and charge -. "up" is more injection or less
consumption.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from kpp_twin.bill import SettledHour, SettlementLine
from kpp_twin.timegrid import Array, TimeGrid

Asset = Literal["battery", "plant", "load", "site"]
ASSETS: tuple[Asset, ...] = ("battery", "plant", "load", "site")
# What a look at the market within an hour comes to; see `kpp_twin.twin.market_hour.revised_schedule`.
MarketLook = Literal["price_unknown", "kept", "price_came", "imbalance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Setpoints of the assets over consecutive hours; all arrays ``(grid.n_steps,)``.

    Attributes
    ----------
    setpoint_kw
        Planned mean power by asset: battery, plant, load (minus its forecast, after curtailment) and their sum, site.
    reserved_up_kw, reserved_down_kw
        Battery power kept free for services.
    """

    grid: TimeGrid
    issued_at: datetime
    setpoint_kw: Mapping[str, Array]
    reserved_up_kw: Array
    reserved_down_kw: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Bid:
    """One step of a price-quantity curve; a sale is positive, a purchase negative."""

    bid_id: str
    market: str
    product: str
    series: str
    valid_from: datetime
    duration_minutes: int
    price_per_mwh: float
    quantity_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandEvent:
    """A curtailment that was called; the reduction rises and falls with the ramp, both within the event.

    Attributes
    ----------
    target_reduction_kw
        Largest reduction.
    forecast_peak_kw
        Load forecast that called it.
    """

    event_id: str
    start: datetime
    duration_minutes: int
    target_reduction_kw: float
    ramp_kw_per_minute: float
    forecast_peak_kw: float

    @property
    def stop(self) -> datetime:
        """First instant after the event."""
        return self.start + timedelta(minutes=self.duration_minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRecord:
    """A request for a service, and what became of it; upward and downward grants are in kW (kvar for voltage)."""

    request_id: str
    service: str
    priority: str
    valid_from: datetime
    duration_minutes: int
    requested: float
    granted: float
    unit: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePerformance:
    """What was measured of a service over an hour; none where nothing was committed or asked.

    Attributes
    ----------
    uptime
        Committed time in which the service was deliverable. [fraction]
    response_time_s
        Mean time to 90 % of a requested step. [s]
    accuracy
        ``1 - sum|requested - delivered| / sum|requested|``, clipped to [0, 1]. [fraction]
    requested_kwh, delivered_kwh
        Sums of the absolute values (kvarh for voltage).
    """

    service: str
    committed: float
    uptime: float | None
    response_time_s: float | None
    accuracy: float | None
    requested_kwh: float
    delivered_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One entry of the energy ledger; those of an asset and hour sum to zero.

    What comes in is positive; what goes out, a loss and what the store gains are negative.
    """

    asset: str
    entry: str
    energy_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetState:
    """The state of the assets between two hours; goes into the cycle's ``state`` as JSON.

    Attributes
    ----------
    battery, plant
        State variables by name.
    battery_health
        Damage and state of health of the battery by name.
    month
        Local month of ``peak_import_kw``, as in 2021-10.
    peak_import_kw
        Highest 15-minute import of that month so far.
    rebound_kwh
        Curtailed energy that is still to be drawn.
    rebound_minutes
        Time in which it is drawn.
    battery_kvar
        Reactive power at the last instant.
    load_shedding
        Of the relay, by name; none for a site without one.
    """

    battery: Mapping[str, Any]
    battery_health: Mapping[str, Any]
    plant: Mapping[str, Any]
    month: str
    peak_import_kw: float
    rebound_kwh: float = 0.0
    rebound_minutes: float = 0.0
    battery_kvar: float = 0.0
    load_shedding: Mapping[str, Any] | None = None

    @property
    def battery_kwh(self) -> float:
        """Energy in the battery."""
        return float(self.battery["energy_kwh"])


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketOutlook:
    """What the market says of an hour and of the hours after it, as far as a plan looks; of ``n`` hours.

    Attributes
    ----------
    price_per_mwh
        Day-ahead price, ``(n,)``; not a number where none is known.
    known_s
        When it became known, ``(n,)``: seconds from the start of the first hour, infinite where it is not known.
    sold_kw
        What the price sold of the bids, by asset; a purchase is negative.
    """

    price_per_mwh: Array
    known_s: Array
    sold_kw: tuple[Mapping[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HourOrders:
    """What the assets are told for an hour.

    Attributes
    ----------
    battery_kw, plant_kw
        Setpoints.
    reserve_kw
        Battery power sold as frequency response, either way.
    voltage_support_kvar
        Reactive power offered, either way.
    import_limit_kw
        What battery and compressor are scheduled to charge keeps the site's import below it; frequency response, which
        was sold, may pass it within the limit of the connection.
    events
        Curtailments that touch the hour.
    market
        By which the battery's setpoint is revised within the hour; none: it holds.
    """

    start: datetime
    battery_kw: float
    plant_kw: float
    reserve_kw: float
    voltage_support_kvar: float
    import_limit_kw: float
    events: tuple[DemandEvent, ...] = ()
    market: MarketOutlook | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MinuteSeries:
    """An asset by the minute, ``(60,)``: means of the 1 s steps; energy at the minute's end, none without a store."""

    setpoint_kw: Array
    power_kw: Array
    energy_stored_kwh: Array | None = None
    reactive_power_kvar: Array | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryHour:
    """What an hour was to the battery beside its energy.

    Attributes
    ----------
    product
        Name of the frequency product that it served.
    performance_score
        Of the response, as PJM scores it; none where nothing was asked.
    mileage
        Sum of the changes of the response asked for, of what was sold.
    endurance_violation_s
        In which the stored energy was outside of what full response for its endurance needs.
    temperature_c
        At the hour's end.
    state_of_health
        Capacity that is left, at the hour's end. [fraction]
    equivalent_full_cycles
        Since the battery was new.
    flag_s
        Seconds by what was special in them: faults of the frequency, and management of the energy.
    """

    product: str
    performance_score: float | None
    mileage: float
    endurance_violation_s: float
    temperature_c: float
    state_of_health: float
    equivalent_full_cycles: float
    auxiliary_kwh: float
    flag_s: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedHour:
    """An hour simulated at 1 s.

    Attributes
    ----------
    minutes
        By asset.
    frequency_hz, voltage_pu
        Of the grid by the minute, ``(60,)``.
    energy_out_kwh, energy_in_kwh
        At the grid side by asset, never negative.
    seconds_limited
        By asset: seconds in which it could not follow its setpoint.
    activation_kwh
        Net energy that the frequency response delivered; up positive.
    curtailed_kwh
        Load not drawn because of events, less what was drawn later.
    quarter_import_kw
        Mean import of each quarter-hour, ``(4,)``; negative for export.
    battery
        What the battery's controller and its ageing came to.
    market_looks
        How many looks at the market within the hour came to what.
    """

    start: datetime
    minutes: Mapping[str, MinuteSeries]
    frequency_hz: Array
    voltage_pu: Array
    energy_out_kwh: Mapping[str, float]
    energy_in_kwh: Mapping[str, float]
    energy_stored_kwh: Mapping[str, float]
    seconds_limited: Mapping[str, int]
    ledger: tuple[LedgerEntry, ...]
    performance: tuple[ServicePerformance, ...]
    activation_kwh: float
    curtailed_kwh: float
    quarter_import_kw: Array
    battery: BatteryHour
    state: AssetState
    market_looks: Mapping[MarketLook, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setpoint:
    """What the newest plan says of an asset and an hour."""

    setpoint_kw: float
    reserved_up_kw: float
    reserved_down_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What earlier cycles left for this one to go on with.

    Attributes
    ----------
    setpoints
        By asset and start of the hour, from the newest plan that was issued before the hour.
    bids, events, requests
        Of the hours that are still to be simulated or settled, and of those ahead.
    repriced
        Settled hours of which another price has come since.
    state
        What the stations put into the state of the cycle before.
    site_digest
        The site that the history knows last; empty before the first.
    """

    setpoints: Mapping[tuple[str, datetime], Setpoint] = field(default_factory=dict)
    bids: tuple[Bid, ...] = ()
    events: tuple[DemandEvent, ...] = ()
    requests: tuple[ServiceRecord, ...] = ()
    repriced: tuple[SettledHour, ...] = ()
    state: Mapping[str, Any] = field(default_factory=dict)
    site_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """All that the stations of a cycle made besides forecasts.

    Attributes
    ----------
    site_digest, site_content
        The site that was used, where the history does not know it yet.
    state
        What the next cycle needs to go on.
    """

    currency: str = ""
    site_digest: str = ""
    site_content: str = ""
    plans: tuple[Plan, ...] = ()
    bids: tuple[Bid, ...] = ()
    events: tuple[DemandEvent, ...] = ()
    requests: tuple[ServiceRecord, ...] = ()
    hours: tuple[SimulatedHour, ...] = ()
    lines: tuple[SettlementLine, ...] = ()
    notes: tuple[str, ...] = ()
    state: Mapping[str, Any] = field(default_factory=dict)
