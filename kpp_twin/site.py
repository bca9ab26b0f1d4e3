"""The reference site: what no source gives, read from one TOML file into typed values.

Every value is an assumption; `reference_site.toml` says what each means and in which unit. All faults of a file come
in one `ConfigError`. A value that came with a later version has a default, under which a site from before it means
what it meant.
"""

import hashlib
import json
import math
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from kpp_twin.errors import ConfigError, faults_of
from kpp_twin.frequency.load_shedding import SheddingPlan, load_shedding_plans, shedding_plan
from kpp_twin.frequency.products import FrequencyProduct, product_named
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.units import SECONDS_PER_HOUR

# Of the energy, this share is left to what the battery may age between an offer and its hour.
AGEING_AHEAD = 0.01

REFERENCE_SITE = Path(__file__).parent / "reference_site.toml"

Fraction = Annotated[float, Field(gt=0, le=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
# Name for a site whose load is not shed at low frequency.
NO_RELAY = "none"

ChemistryName = Literal["lmo_xu", "lfp"]
PriorityName = Literal["HIGH", "MEDIUM", "LOW"]
ServiceName = Literal[
    "frequency_response",
    "emergency_demand_response",
    "critical_grid_support",
    "voltage_support",
    "peak_shaving",
    "load_balancing",
    "energy_arbitrage",
    "non_critical_demand_response",
    "market_participation",
]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Connection(_Section):
    """The point of connection."""

    limit_kw: Positive


def _divides_hour(seconds: float) -> float:
    if seconds % 1 or SECONDS_PER_HOUR % seconds:
        raise ValueError("must be whole seconds that divide an hour")
    return seconds


class Market(_Section):
    """Where the site buys and sells, and what it pays.

    Attributes
    ----------
    product
        Day-ahead product by a name of `kpp_twin/market/rules/products.toml`: its gate, price limits and ticks hold for
        bids, and prices that are late or outside the limits are no basis for a plan. None: nothing is known of the
        market.
    minimum_bid_kw
        Smallest bid that the market takes; what is smaller is dropped, never rounded up.
    price_threshold_per_mwh
        No stored energy is offered for sale below it: a floor of bids. Whether a trade is worth its losses and its
        wear is another test, which the plan makes.
    risk_tolerance
        A strategy maximises ``(1 - w) * mean profit - w * CVaR of the loss`` at 95 %, with ``w = 1 - risk_tolerance``
        (Rockafellar and Uryasev, 2000): at 1 only the mean counts, at 0 only the worst twentieth.
    update_interval_s
        Within a simulated hour prices and bids are looked at anew every so many seconds, and the battery's setpoint is
        revised (`kpp_twin.twin.market_hour`). It divides an hour; an hour itself means that nothing is revised.
    """

    product: str | None = None
    price_series: Annotated[str, Field(min_length=1)]
    load_series: Annotated[str, Field(min_length=1)]
    minimum_bid_kw: NotNegative
    price_threshold_per_mwh: float
    risk_tolerance: Share
    update_interval_s: Annotated[float, Field(gt=0), AfterValidator(_divides_hour)]
    short_price_factor: NotNegative
    short_price_adder_per_mwh: float
    long_price_factor: NotNegative
    long_price_adder_per_mwh: float
    demand_charge_per_kw_month: NotNegative
    imbalance_pricing: Literal["single", "dual"] = "dual"
    fee_per_mwh: NotNegative = 0.0
    opening_peak_kw: NotNegative


class Battery(_Section):
    """The battery with its converter."""

    capacity_kwh: Positive
    max_power_kw: Positive
    min_state_of_charge: Share
    max_state_of_charge: Share
    charge_efficiency: Fraction
    discharge_efficiency: Fraction
    self_discharge_per_month: Annotated[float, Field(ge=0, lt=1)]
    response_time_s: Positive
    converter_kva: Positive
    initial_state_of_charge: Share
    target_state_of_charge: Share
    guard_state_of_charge: Annotated[float, Field(ge=0, le=0.2)]
    taper_state_of_charge: Annotated[float, Field(ge=0, le=0.2)]
    auxiliary_kw: NotNegative
    ambient_temperature_c: Annotated[float, Field(ge=-60, le=60)]
    cooling_kw: NotNegative
    chemistry: ChemistryName
    degradation_cost_per_mwh: NotNegative

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.min_state_of_charge < self.max_state_of_charge:
            raise ValueError("min_state_of_charge must be below max_state_of_charge")
        for name in ("initial_state_of_charge", "target_state_of_charge"):
            if not self.min_state_of_charge <= getattr(self, name) <= self.max_state_of_charge:
                raise ValueError(f"{name} must lie between min_state_of_charge and max_state_of_charge")
        if self.taper_state_of_charge > (self.max_state_of_charge - self.min_state_of_charge) / 2:
            raise ValueError("taper_state_of_charge must not exceed half of max_state_of_charge - min_state_of_charge")
        if self.converter_kva < self.max_power_kw:
            raise ValueError("converter_kva must not be below max_power_kw")
        return self

    @property
    def usable_kwh(self) -> float:
        """Energy between the limits of the state of charge."""
        return (self.max_state_of_charge - self.min_state_of_charge) * self.capacity_kwh

    def both_ways_h(self, product: FrequencyProduct) -> float:
        """Usable energy that each kW of a product needs for full response, first one way, then the other. [kWh/kW]"""
        return product.endurance_h * (1 / self.discharge_efficiency + self.charge_efficiency)


class DemandResponse(_Section):
    """What of the load may be curtailed, how fast and how often."""

    min_reduction_kw: NotNegative
    max_reduction_kw: Positive
    ramp_kw_per_minute: Positive
    forecast_horizon_hours: Annotated[int, Field(ge=1, le=24)]
    peak_target_kw: Positive
    max_event_hours: Annotated[int, Field(ge=1, le=24)]
    max_events_per_day: Annotated[int, Field(ge=0, le=24)]
    rebound_fraction: Annotated[float, Field(ge=0, le=1.1)]
    rebound_minutes: Annotated[int, Field(ge=1, le=1440)]
    net_benefits_price_per_mwh: float | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.min_reduction_kw > self.max_reduction_kw:
            raise ValueError("min_reduction_kw must not exceed max_reduction_kw")
        return self


class LoadBlock(_Section):
    """A part of the load; tier 1 is never shed, the highest tier goes first."""

    name: Annotated[str, Field(min_length=1)]
    share: Share
    tier: Annotated[int, Field(ge=1, le=9)]


class Coordinator(_Section):
    """How requests for services are treated."""

    available_capacity_kw: Positive
    update_interval_s: Positive
    service_priorities: Mapping[ServiceName, PriorityName]


class Services(_Section):
    """What is offered every hour."""

    frequency_product: str
    frequency_response_kw: NotNegative
    frequency_response_price_per_mw_hour: NotNegative
    voltage_support_kvar: NotNegative
    least_availability: Share = 0.0
    unavailability_penalty_factor: NotNegative = 0.0


class Grid(_Section):
    """The synthetic grid."""

    seed: Annotated[int, Field(ge=0)]
    nominal_hz: Annotated[float, Field(ge=45, le=65)]
    frequency_noise_hz: NotNegative
    frequency_time_constant_s: Positive
    frequency_wander_hz: NotNegative
    frequency_wander_time_constant_s: Positive
    hourly_swing_hz: NotNegative
    hourly_swing_time_constant_s: Positive
    events_per_day: NotNegative
    event_depth_hz: Positive
    event_recovery_s: Positive
    voltage_mean_pu: Annotated[float, Field(gt=0.8, lt=1.2)]
    voltage_noise_pu: NotNegative
    voltage_time_constant_s: Positive
    voltage_daily_swing_pu: NotNegative
    load_shedding: str


class Site(_Section):
    """The whole site."""

    connection: Connection
    market: Market
    battery: Battery
    plant: PlantParameters
    demand_response: DemandResponse
    load_blocks: Annotated[tuple[LoadBlock, ...], Field(strict=False)]
    coordinator: Coordinator
    services: Services
    grid: Grid

    @model_validator(mode="after")
    def _fits(self) -> Self:
        total = sum(block.share for block in self.load_blocks)
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the shares of load_blocks must add up to 1; they are {total:g}")
        names = [block.name for block in self.load_blocks]
        if len(set(names)) < len(names):
            raise ValueError(f"load_blocks need different names; got {names}")
        faults = list(self._unkeepable_services())
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _unkeepable_services(self) -> Iterator[str]:
        """What is offered every hour, but could never be given."""
        battery, services = self.battery, self.services
        reserve_kw, reactive_kvar = services.frequency_response_kw, services.voltage_support_kvar
        for name, limit in (
            ("battery.max_power_kw", battery.max_power_kw),
            ("coordinator.available_capacity_kw", self.coordinator.available_capacity_kw),
            ("connection.limit_kw", self.connection.limit_kw),
        ):
            if reserve_kw > limit:
                yield f"services.frequency_response_kw must not exceed {name}"
        if math.hypot(reserve_kw, reactive_kvar) > battery.converter_kva:
            yield "services.voltage_support_kvar with services.frequency_response_kw exceeds battery.converter_kva"
        plans = load_shedding_plans()
        known = {NO_RELAY, *(p.system for p in plans if abs(p.nominal_hz - self.grid.nominal_hz) < 1)}
        if self.grid.load_shedding not in known:
            yield f"grid.load_shedding must be one of {', '.join(sorted(known))} at {self.grid.nominal_hz:g} Hz"
        try:
            product = self.frequency_product()
        except ConfigError as error:
            yield f"services.frequency_product: {error.fault}; {error.next_step}"
            return
        if product.endurance_minutes == 0 or product.follows_signal:
            yield f"services.frequency_product: {product.name} asks for no power that could be reserved by the hour"
            return
        if reserve_kw * product.rated_per_sold > battery.max_power_kw:
            yield f"services.frequency_response_kw times {product.rated_per_sold:g} exceeds battery.max_power_kw"
        both_ways_kwh = reserve_kw * battery.both_ways_h(product)
        if both_ways_kwh > battery.usable_kwh:
            yield (
                f"services.frequency_response_kw for {product.endurance_minutes:g} minutes needs {both_ways_kwh:g} "
                f"kWh; the battery has {battery.usable_kwh:g} between min_state_of_charge and max_state_of_charge"
            )

    def aged(self, state_of_health: float) -> Self:
        """The site with what is left of its battery's capacity, and no more frequency response than that can hold."""
        capacity_kwh = self.battery.capacity_kwh * state_of_health
        battery = self.battery.model_copy(update={"capacity_kwh": capacity_kwh})
        held_kw = (1 - AGEING_AHEAD) * battery.usable_kwh / battery.both_ways_h(self.frequency_product())
        offered_kw = min(self.services.frequency_response_kw, held_kw)
        services = self.services.model_copy(update={"frequency_response_kw": offered_kw})
        return self.model_copy(update={"battery": battery, "services": services})

    def load_shedding_plan(self, on: date) -> SheddingPlan | None:
        """How load is shed at low frequency, as it holds on a day; none without a relay.

        Raises
        ------
        ConfigError
            There is no such system, or no plan of it for that day.
        """
        return None if self.grid.load_shedding == NO_RELAY else shedding_plan(self.grid.load_shedding, on)

    def frequency_product(self, on: date | None = None) -> FrequencyProduct:
        """What is offered as frequency response, as it holds on a day; as its latest row has it for none.

        Raises
        ------
        ConfigError
            There is no such product, or not on that day.
        """
        return product_named(self.services.frequency_product, on).at(self.grid.nominal_hz)

    @property
    def content(self) -> str:
        """Everything as JSON, the same for the same values."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    @property
    def digest(self) -> str:
        """Short name of the content. [hex]"""
        return content_digest(self.content)


def content_digest(content: str) -> str:
    """Short name of a site's content, as it was when it was stored: later versions may give it more values. [hex]"""
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def load_site(path: Path = REFERENCE_SITE) -> Site:
    """Read a site from its TOML file.

    Raises
    ------
    ConfigError
        The file is missing, is no TOML, or holds wrong values: all of them in one message.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _config_error(path, [str(error)]) from error
    return site_of(content, place=str(path))


def site_of(content: Mapping[str, Any] | str, *, place: str) -> Site:
    """Site of its values, or of the JSON that `Site.content` gave."""
    try:
        if isinstance(content, str):
            return Site.model_validate_json(content)
        return Site.model_validate(content)
    except ValidationError as error:
        faults = faults_of(error.errors(), "site")
        raise _config_error(place, faults) from error


def _config_error(place: Path | str, faults: list[str]) -> ConfigError:
    return ConfigError(
        f"{len(faults)} fault(s) in the site: " + "; ".join(faults),
        place=str(place),
        next_step="correct them; reference_site.toml shows every value with its unit",
    )
