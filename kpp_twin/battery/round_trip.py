"""The round-trip test of a battery: complete cycles, what comes back of the energy, and how fast its power steps.

In outline after IEC 62933-2-1 and the protocol PNNL-22010 Rev 2, whose practice is known; neither was opened. A cycle
begins and ends discharged, so that it returns to the same state of charge; the first brings the battery to that state
and to the temperature of use, and is not counted.
"""

import math
from dataclasses import dataclass

import numpy as np

from kpp_twin.battery.delivery import RESPONDED, response_time_s
from kpp_twin.battery.heat import BatteryHeat
from kpp_twin.battery.model import BatteryModel
from kpp_twin.battery.simulate import BatteryOrders, BatteryRun, BatteryState, simulate
from kpp_twin.battery.storage import StorageConfiguration
from kpp_twin.errors import ConfigError, TwinError
from kpp_twin.frequency.products import product_named
from kpp_twin.units import SECONDS_PER_HOUR

LEAST_CYCLES = 3
# A charge or discharge is complete where the taper leaves this share of the power: the usual end of a cell's charge.
CUT_OFF = 0.05
# As good as at a limit; what self-discharge takes in a second is less. [fraction of capacity]
AT_LIMIT = 1e-6
# A charge or discharge may take this many times as long as at full power.
PATIENCE = 4.0
# Ramps are measured from here to where a step counts as answered. [share of the step]
RAMP_FROM = 0.1
# Steps of a response are so much shorter than the converter's time constant, and as many time constants are looked at.
RESPONSE_STEPS, RESPONSE_TIMES = 50, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResponse:
    """How the power steps from rest, half charged, to that of the test; none if it never gets there.

    Attributes
    ----------
    response_time_s
        Until 90 % are reached.
    ramp_kw_per_s
        Mean from 10 % to 90 %, positive.
    """

    response_time_s: float | None
    ramp_kw_per_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """What a round-trip test came to; energies are sums over the counted cycles, at the grid side.

    Attributes
    ----------
    gained_kwh
        By how much the stored energy misses that of the beginning.
    charging_auxiliary_kwh, discharging_auxiliary_kwh
        Drawn by auxiliaries and cooling meanwhile; the charged and discharged energy is without them.
    """

    cycles: int
    power_kw: float
    ambient_temperature_c: float
    hours: float
    charged_kwh: float
    discharged_kwh: float
    gained_kwh: float
    charging_auxiliary_kwh: float
    discharging_auxiliary_kwh: float
    charge_response: StepResponse
    discharge_response: StepResponse

    @property
    def efficiency(self) -> float:
        """Discharged over charged energy, without auxiliaries. [fraction]"""
        return self.discharged_kwh / self.charged_kwh

    @property
    def efficiency_with_auxiliaries(self) -> float:
        """The same where auxiliaries draw from the connection of the battery: given over taken there. [fraction]"""
        given_kwh = self.discharged_kwh - self.discharging_auxiliary_kwh
        return given_kwh / (self.charged_kwh + self.charging_auxiliary_kwh)


def round_trip_test(
    config: StorageConfiguration, cycles: int = 3, power_kw: float | None = None, heat: BatteryHeat | None = None
) -> RoundTrip:
    """Cycle a battery between the limits of its state of charge.

    Parameters
    ----------
    cycles
        That are counted, 3 or more.
    power_kw
        Of charge and discharge; the largest for none.
    heat
        Of the battery, and the ambient temperature; the default for none.

    Raises
    ------
    ConfigError
        Cycles or power are wrong.
    TwinError
        Charge or discharge does not come to its end.
    """
    power_kw, heat = config.max_power if power_kw is None else power_kw, heat or BatteryHeat()
    faults = [] if cycles >= LEAST_CYCLES else [f"cycles must be {LEAST_CYCLES} or more, not {cycles!r}"]
    if not 0 < power_kw <= config.max_power:
        faults.append(f"power_kw must be above 0 and at most {config.max_power:g}, not {power_kw!r}")
    if faults:
        raise ConfigError("; ".join(faults), place="round-trip test", next_step="correct them")
    model = _model(config, heat, step_s=1.0)
    state = BatteryState.initial(model, config.min_kwh)
    charges, discharges = [], []
    for _ in range(1 + cycles):
        charges.append(_to_limit(model, state, -power_kw))
        discharges.append(_to_limit(model, charges[-1].state, power_kw))
        state = discharges[-1].state
    charges, discharges = charges[1:], discharges[1:]
    counted = [*charges, *discharges]
    return RoundTrip(
        cycles=cycles,
        power_kw=power_kw,
        ambient_temperature_c=heat.ambient_temperature_c,
        hours=sum(run.seconds for run in counted) / SECONDS_PER_HOUR,
        charged_kwh=_energy_kwh(counted, "charged"),
        discharged_kwh=_energy_kwh(counted, "discharged"),
        gained_kwh=_energy_kwh(counted, "gained"),
        charging_auxiliary_kwh=_energy_kwh(charges, "auxiliary"),
        discharging_auxiliary_kwh=_energy_kwh(discharges, "auxiliary"),
        charge_response=_step_response(config, heat, -power_kw),
        discharge_response=_step_response(config, heat, power_kw),
    )


def _model(config: StorageConfiguration, heat: BatteryHeat, step_s: float) -> BatteryModel:
    """The battery with nothing sold, so that no frequency moves it."""
    return BatteryModel.of(config, product_named("PFR"), 0.0, step_s=step_s, heat=heat)


def _to_limit(model: BatteryModel, state: BatteryState, setpoint_kw: float) -> BatteryRun:
    """Charge or discharge until the limit is reached, or as near to it as the taper allows before the cut-off."""
    config = model.config
    limit_kwh = config.min_kwh if setpoint_kw > 0 else config.max_kwh
    near_kwh = (CUT_OFF * config.taper_soc * abs(setpoint_kw) / config.max_power + AT_LIMIT) * config.capacity
    efficiency = min(config.charge_efficiency, config.discharge_efficiency)
    longest_h = PATIENCE * (config.max_kwh - config.min_kwh) / (abs(setpoint_kw) * efficiency)
    frequency_hz = np.full(math.ceil(longest_h * SECONDS_PER_HOUR), model.product.nominal_hz)
    orders = BatteryOrders.steady(setpoint_kw)
    tried = simulate(model, state, frequency_hz, orders, record_every=1)
    reached = np.flatnonzero(np.abs(tried.records.energy_kwh - limit_kwh) <= near_kwh)
    if not len(reached):
        raise TwinError(
            f"at {setpoint_kw:g} kW from {state.energy_kwh:.4g} kWh, {limit_kwh:.4g} kWh are not reached within "
            f"{longest_h:.3g} h; then it holds {tried.state.energy_kwh:.4g} kWh at {tried.state.temperature_c:.1f} °C",
            place="round-trip test",
            next_step="test at less power or a milder ambient temperature, or with more cooling",
        )
    return simulate(model, state, frequency_hz[: reached[0] + 1], orders)


def _energy_kwh(runs: list[BatteryRun], name: str) -> float:
    return math.fsum(run.energy_kwh[name] for run in runs)


def _step_response(config: StorageConfiguration, heat: BatteryHeat, requested_kw: float) -> StepResponse:
    """Step from rest in the middle of what the state of charge may be."""
    model = _model(config, heat, step_s=config.response_time / RESPONSE_STEPS)
    steps = RESPONSE_STEPS * RESPONSE_TIMES
    run = simulate(
        model,
        BatteryState.initial(model),
        np.full(steps, model.product.nominal_hz),
        BatteryOrders.steady(requested_kw),
        record_every=1,
    )
    step_s, power_kw = model.constants.step_s, run.records.end_power_kw
    time_s = np.linspace(step_s, steps * step_s, steps)
    answered_s = response_time_s(time_s, power_kw, trigger_s=0.0, before_kw=0.0, requested_kw=requested_kw)
    if answered_s is None:
        return StepResponse(response_time_s=None, ramp_kw_per_s=None)
    started_s = float(np.interp(RAMP_FROM, power_kw / requested_kw, time_s))
    ramp_kw_per_s = (RESPONDED - RAMP_FROM) * abs(requested_kw) / (answered_s - started_s)
    return StepResponse(response_time_s=answered_s, ramp_kw_per_s=ramp_kw_per_s)
