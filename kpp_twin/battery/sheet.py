"""The battery's sheet: what it is, what it could sell, how it answers, how it ages and warms up."""

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from kpp_twin.battery.ageing import Health, aged
from kpp_twin.battery.ageing_cost import marginal_cost_per_mwh, mean_cost_per_mwh, years_until
from kpp_twin.battery.chemistry import CHEMISTRIES, Swings
from kpp_twin.battery.delivery import response_time_s
from kpp_twin.battery.heat import BatteryHeat
from kpp_twin.battery.model import BatteryModel, FrequencyMeter, most_sold_kw
from kpp_twin.battery.simulate import BatteryOrders, BatteryRun, BatteryState, BatteryTrajectory, simulate
from kpp_twin.battery.storage import StorageConfiguration
from kpp_twin.frequency.products import EDGE_HZ, FrequencyProduct, product_named, products
from kpp_twin.site import Battery, ChemistryName, Site
from kpp_twin.units import (
    HOURS_PER_DAY,
    HOURS_PER_YEAR,
    MINUTES_PER_HOUR,
    SECONDS_PER_DAY,
    SECONDS_PER_HOUR,
    SECONDS_PER_MINUTE,
    Array,
)

# At which the response is told: deviations [Hz]; signals, where the product follows one.
DEVIATIONS_HZ, SIGNALS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5), (0.1, 0.2, 0.5, 1.0)
SAMPLES, CURVE_POINTS = 1000, 201
# Time constants after which an approach has come to its end: within 0.005 %.
SETTLED = 10.0
# Cycles that discharge less of the energy between the limits are not full.
FULL = 0.99
MINUTES_PER_DAY, YEAR_DAYS = HOURS_PER_DAY * MINUTES_PER_HOUR, 365
RECORDED_MINUTES = 10
# Depths of a cycle at which its cost is told; and the cost of a new battery, an assumption. [currency/kWh]
DEPTHS = (0.2, 0.5, 0.8)
REPLACEMENT_COST_PER_KWH = 250.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What of a product the battery could sell.

    Attributes
    ----------
    sold_kw
        What the site offers of its own product; of another, or if it offers nothing, the most.
    window
        States of charge between which full response of that can be held for the product's endurance.
    """

    product: FrequencyProduct
    most_kw: float
    sold_kw: float
    window: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """How the battery answers for a product, from the middle of its window.

    Sizes are those of deviations, nominal minus measured frequency [Hz], or of the signal that the product follows.

    Attributes
    ----------
    held_kw
        Size; power at the end of a long step of that size, and of its opposite.
    curve
        Size, and power that the product asks for.
    step_size, asked_kw
        Of the step to full response, or as far as the meter believes a jump.
    time_s, power_kw
        After that step; before it, 0 kW.
    t90_s
        Until 90 % of what is asked for is delivered; none if it never is.
    """

    offer: Offer
    held_kw: tuple[tuple[float, float, float], ...]
    curve: tuple[tuple[float, float], ...]
    step_size: float
    asked_kw: float
    time_s: tuple[float, ...]
    power_kw: tuple[float, ...]
    t90_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ageing:
    """How cells age in a year: at rest in the middle at ambient temperature, and in the cycles of the sheet.

    Attributes
    ----------
    rest_loss, cycled_loss
        Of the first capacity. [fraction]
    rest_years, cycled_years
        Until `END_OF_LIFE_HEALTH` is left, if it went on so.
    mean_cost_per_mwh
        Of all that the cells discharge in those cycles until then.
    marginal_cost_per_mwh
        After the year, of cycles of each of the `DEPTHS` at full power.
    """

    chemistry: ChemistryName
    rest_loss: float
    rest_years: float
    cycled_loss: float
    cycled_years: float
    mean_cost_per_mwh: float
    marginal_cost_per_mwh: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySheet:
    """All figures of the sheet.

    Attributes
    ----------
    discharge_kwh, charge_kwh
        At the grid side, from one limit of the state of charge to the other.
    offers
        Of the products that hold.
    days_per_cycle
        Of a year of full cycles at full power, resting in the middle between them.
    round_trips
        In that year: discharged over charged at the grid side, and over charged and what auxiliaries and cooling drew
        at all times; none where heat or cold forbids full cycles.
    loss_kw, uncooled_c, cooled_c
        Of full power for ever: heat; steady temperature without cooling, and the highest one with it.
    """

    battery: Battery
    discharge_kwh: float
    charge_kwh: float
    offers: tuple[Offer, ...]
    response: Response
    days_per_cycle: int
    round_trips: tuple[float, float] | None
    replacement_cost_per_kwh: float
    ageing: tuple[Ageing, ...]
    heat: BatteryHeat
    loss_kw: float
    uncooled_c: float
    cooled_c: float

    def as_json(self) -> dict[str, Any]:
        """All figures by name, of plain values."""
        return TypeAdapter(BatterySheet).dump_python(self, mode="json")


def battery_sheet(site: Site, product: str | None = None, on: date | None = None) -> BatterySheet:
    """Compute the sheet of a site's battery.

    Parameters
    ----------
    product
        Name of the one that it answers for; none: the site's.
    on
        Day of the products; none: those that still hold, and the latest row of the one that is named.

    Raises
    ------
    ConfigError
        There is no such product, or it or the site's does not hold on that day.
    """
    offered_kw = site.services.frequency_response_kw
    model = BatteryModel.of_site(site, offered_kw, on)
    own, config, heat = model.product, model.config, model.heat

    def offer(row: FrequencyProduct) -> Offer:
        return _offer(config, own, offered_kw) if row.name == own.name else _offer(config, row, 0.0)

    chosen = offer(product_named(product or own.name, on))
    usable_kwh = config.max_kwh - config.min_kwh
    discharge_kwh = usable_kwh * config.discharge_efficiency
    days_per_cycle, run, stored = _year(model)
    full_kwh = discharge_kwh * run.seconds / (SECONDS_PER_DAY * days_per_cycle)
    loss_kw = config.max_power * max(1.0 / config.discharge_efficiency - 1.0, 1.0 - config.charge_efficiency)
    uncooled_c, all_cooled_c = (heat.steady_temperature_c(kw) for kw in (loss_kw, loss_kw - heat.cooling_kw))
    return BatterySheet(
        battery=site.battery,
        discharge_kwh=discharge_kwh,
        charge_kwh=usable_kwh / config.charge_efficiency,
        offers=tuple(offer(row) for row in products() if (row.holds(on) if on else row.valid_until is None)),
        response=_response(config, heat, chosen),
        days_per_cycle=days_per_cycle,
        round_trips=_round_trips(run, full_kwh),
        replacement_cost_per_kwh=REPLACEMENT_COST_PER_KWH,
        ageing=tuple(_ageing(model, chemistry, run, stored) for chemistry in CHEMISTRIES),
        heat=heat,
        loss_kw=loss_kw,
        uncooled_c=uncooled_c,
        cooled_c=min(uncooled_c, max(all_cooled_c, heat.cooling_on_c)),
    )


def _offer(config: StorageConfiguration, product: FrequencyProduct, offered_kw: float) -> Offer:
    most_kw = most_sold_kw(config, product)
    sold_kw = offered_kw or most_kw
    least_kwh, highest_kwh = BatteryModel.of(config, product, sold_kw).window_kwh
    window = (least_kwh / config.capacity, highest_kwh / config.capacity)
    return Offer(product=product, most_kw=most_kw, sold_kw=sold_kw, window=window)


def _response(config: StorageConfiguration, heat: BatteryHeat, offer: Offer) -> Response:
    """Let the battery answer steps of what the product follows."""
    product = offer.product
    seconds = SETTLED * (config.response_time + product.response_lag_s) + product.initiation_s
    seconds += product.full_activation_s if product.limit_ramp else 0.0
    meter = FrequencyMeter(frozen_after_s=2.0 * seconds)
    model = BatteryModel.of(config, product, offer.sold_kw, step_s=seconds / SAMPLES, heat=heat, meter=meter)
    if product.follows_signal:
        full = most = 1.0
    else:
        full = product.trigger_hz + EDGE_HZ if product.trigger_hz else float(model.curve_hz[-1])
        most = meter.max_jump_hz
    step_size = min(full, most) * (-1.0 if product.direction == "down" else 1.0)
    step, time_s = _after_step(model, step_size), model.constants.step_s * np.arange(SAMPLES + 1, dtype=np.float64)
    asked_kw = float(step.asked_kw[-1])
    reach = min(1.25 * full, most)
    return Response(
        offer=offer,
        held_kw=tuple(
            (size, float(_after_step(model, size).end_power_kw[-1]), float(_after_step(model, -size).end_power_kw[-1]))
            for size in (SIGNALS if product.follows_signal else DEVIATIONS_HZ)
        ),
        curve=tuple(
            (size, float(_after_step(model, size).asked_kw[-1]))
            for size in np.linspace(-reach, reach, CURVE_POINTS).tolist()
        ),
        step_size=step_size,
        asked_kw=asked_kw,
        time_s=tuple(time_s.tolist()),
        power_kw=tuple(step.end_power_kw.tolist()),
        t90_s=response_time_s(time_s, step.end_power_kw, trigger_s=0.0, before_kw=0.0, requested_kw=asked_kw),
    )


def _after_step(model: BatteryModel, size: float) -> BatteryTrajectory:
    """One sample before a step, and `SAMPLES` after it."""
    stepped = np.append(0.0, np.full(SAMPLES, size))
    signal = stepped if model.product.follows_signal else None
    frequency_hz = model.product.nominal_hz - (stepped if signal is None else np.zeros_like(stepped))
    return simulate(model, BatteryState.initial(model), frequency_hz, signal=signal, record_every=1).records


def _year(model: BatteryModel) -> tuple[int, BatteryRun, Array]:
    """Days for a full cycle at full power, a year of such cycles with nothing sold, and its states of charge."""
    config = model.config
    idle = BatteryModel.of(config, model.product, 0.0, step_s=float(SECONDS_PER_MINUTE), heat=model.heat)
    half_h = 0.5 * (config.max_kwh - config.min_kwh) / config.max_power
    charge_h, discharge_h = half_h / config.charge_efficiency, 2.0 * half_h * config.discharge_efficiency
    taper_h = SETTLED * config.taper_soc * config.capacity / config.max_power
    minutes = [math.ceil(h * MINUTES_PER_HOUR) for h in (charge_h + taper_h, discharge_h + taper_h, charge_h)]
    back_kw = -config.max_power * charge_h * MINUTES_PER_HOUR / minutes[-1]
    # Rest in the middle, to full, to empty, and back to the middle.
    setpoint_kw = np.repeat(
        (0.0, -config.max_power, config.max_power, back_kw), (-sum(minutes) % MINUTES_PER_DAY, *minutes)
    )
    days_per_cycle = len(setpoint_kw) // MINUTES_PER_DAY
    year_kw = np.tile(setpoint_kw, math.ceil(YEAR_DAYS / days_per_cycle))
    free = np.full(len(year_kw), math.inf)
    orders = BatteryOrders(setpoint_kw=year_kw, lowest_kw=-free, highest_kw=free, lowest_scheduled_kw=-free)
    quiet_hz = np.full(len(year_kw), model.product.nominal_hz)
    run = simulate(idle, BatteryState.initial(idle), quiet_hz, orders, record_every=RECORDED_MINUTES)
    return days_per_cycle, run, np.append(idle.middle_kwh, run.records.energy_kwh) / config.capacity


def _round_trips(run: BatteryRun, full_kwh: float) -> tuple[float, float] | None:
    discharged, charged, auxiliary = (run.energy_kwh[name] for name in ("discharged", "charged", "auxiliary"))
    if discharged < FULL * full_kwh:
        return None
    return discharged / charged, discharged / (charged + auxiliary)


def _ageing(model: BatteryModel, chemistry: ChemistryName, run: BatteryRun, stored: Array) -> Ageing:
    hours, middle, temperature_c = run.seconds / SECONDS_PER_HOUR, float(stored[0]), run.records.temperature_c
    new = Health.initial(middle, chemistry)
    at_rest = aged(new, np.full(2, middle), model.heat.ambient_temperature_c, hours, chemistry)
    cycled = aged(new, stored, temperature_c, hours, chemistry)
    years = years_until(cycled)
    cycles = cycled.equivalent_full_cycles / hours * years * HOURS_PER_YEAR
    depths = np.array(DEPTHS)
    swings = Swings(
        depth=depths,
        mean_state_of_charge=np.full_like(depths, middle),
        temperature_c=np.full_like(depths, temperature_c.mean()),
        c_rate=np.full_like(depths, model.config.max_power / model.config.capacity),
    )
    return Ageing(
        chemistry=chemistry,
        rest_loss=1.0 - at_rest.state_of_health,
        rest_years=years_until(at_rest),
        cycled_loss=1.0 - cycled.state_of_health,
        cycled_years=years,
        mean_cost_per_mwh=mean_cost_per_mwh(REPLACEMENT_COST_PER_KWH, cycles),
        marginal_cost_per_mwh=tuple(marginal_cost_per_mwh(cycled, swings, REPLACEMENT_COST_PER_KWH).tolist()),
    )
