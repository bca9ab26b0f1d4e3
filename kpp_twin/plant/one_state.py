"""The kinetic power plant: compressed air fills floaters at the foot of a water shaft; their rise turns a generator.

It is a store with losses, not a source. At one temperature the buoyant work of rising air is exactly the work of its
ideal isothermal compression, so the balance is kept in exergy: what the air could do against the ambient. One state
stands for the ascending column and one for the receiver; the chain has no inertia at steps of a second.

Units within: kPa, m³, kN, m, s, kW, kJ, and water of 1 t/m³, in which the laws need no factors.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from kpp_twin.errors import ConfigError, TwinError
from kpp_twin.site import Plant
from kpp_twin.units import KPA_PER_BAR, N_PER_KN, SECONDS_PER_HOUR

AMBIENT_KPA = 101.325
GRAVITY = 9.81
WATER_T_PER_M3 = 1.0
AMBIENT_HEAD_M = AMBIENT_KPA / (WATER_T_PER_M3 * GRAVITY)
SECONDS_PER_DAY = 24 * SECONDS_PER_HOUR


def air_exergy_kj(pressure_kpa: float, volume_m3: float) -> float:
    """Exergy of air at ambient temperature in a vessel: ``V (p ln(p/p0) - p + p0)``. [kJ]"""
    return volume_m3 * (pressure_kpa * math.log(pressure_kpa / AMBIENT_KPA) - pressure_kpa + AMBIENT_KPA)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantModel:
    """Constants of the plant in the units of this module.

    Attributes
    ----------
    floater_air_kpa_m3
        Air of a floater, full at the surface, as pressure times volume.
    pitch_m
        Chain between two floaters.
    foot_ratio
        Pressure at the foot of the shaft over ambient.
    column_m
        Energy of the ascending column over its force on the chain.
    drag_kn_per_speed2
        Drag of all floaters over the square of the chain speed. [kN s²/m²]
    leak_per_s
        Share of the receiver's overpressure lost per second.
    """

    floater_air_kpa_m3: float
    pitch_m: float
    foot_ratio: float
    column_m: float
    drag_kn_per_speed2: float
    friction_kn: float
    compressor_kw: float
    compressor_efficiency: float
    generator_kw: float
    gear_efficiency: float
    generator_efficiency: float
    receiver_m3: float
    min_kpa: float
    max_kpa: float
    leak_per_s: float

    @classmethod
    def of_site(cls, plant: Plant) -> Self:
        """Constants of the site's plant.

        Raises
        ------
        ConfigError
            The receiver's least pressure cannot push air into the foot of the shaft, or a full column would pass
            within one second, which is too fast for the model.
        """
        foot_ratio = 1.0 + plant.shaft_height_m / AMBIENT_HEAD_M
        log_ratio = math.log(foot_ratio)
        column_m = ((plant.shaft_height_m + AMBIENT_HEAD_M) * log_ratio - plant.shaft_height_m) / log_ratio
        drag = 0.5 * WATER_T_PER_M3 * plant.drag_coefficient * plant.drag_area_m2 * plant.floaters
        model = cls(
            floater_air_kpa_m3=AMBIENT_KPA * plant.floater_volume_m3,
            pitch_m=plant.chain_length_m / plant.floaters,
            foot_ratio=foot_ratio,
            column_m=column_m,
            drag_kn_per_speed2=drag,
            friction_kn=plant.friction_n / N_PER_KN,
            compressor_kw=plant.compressor_kw,
            compressor_efficiency=plant.compressor_efficiency,
            generator_kw=plant.generator_kw,
            gear_efficiency=plant.gear_efficiency,
            generator_efficiency=plant.generator_efficiency,
            receiver_m3=plant.receiver_m3,
            min_kpa=plant.min_receiver_bar * KPA_PER_BAR,
            max_kpa=plant.max_receiver_bar * KPA_PER_BAR,
            leak_per_s=-math.log1p(-plant.leak_per_day) / SECONDS_PER_DAY,
        )
        faults = []
        foot_kpa = foot_ratio * AMBIENT_KPA
        if model.min_kpa < foot_kpa:
            faults.append(
                f"min_receiver_bar {plant.min_receiver_bar:g} is below the {foot_kpa / KPA_PER_BAR:.2f} bar at the foot"
                f" of a shaft of {plant.shaft_height_m:g} m"
            )
        if model.full_column_kj <= model.floater_kj:
            faults.append("fewer than one floater fits into the ascending column")
        if model.full_column_kj > model.column_m * model.friction_kn and model.top_speed > 0.5 * column_m:
            faults.append(f"a free chain would run at {model.top_speed:.1f} m/s, too fast for steps of a second")
        if faults:
            raise ConfigError("; ".join(faults), place="plant", next_step="correct the plant's section of the site")
        return model

    @property
    def floater_kj(self) -> float:
        """Exergy of a floater's air at the foot, all of which buoyancy could give. [kJ]"""
        return self.floater_air_kpa_m3 * math.log(self.foot_ratio)

    @property
    def full_column_kj(self) -> float:
        """Exergy of the ascending column when every floater was filled. [kJ]"""
        return self.floater_kj * self.column_m / self.pitch_m

    @property
    def top_speed(self) -> float:
        """Chain speed at which the full column gives most power to the gear. [m/s]"""
        force = self.full_column_kj / self.column_m - self.friction_kn
        return math.sqrt(max(force, 0.0) / (3.0 * self.drag_kn_per_speed2))


@dataclass(slots=True, kw_only=True)
class PlantTotals:
    """Energy of some steps by where it went, each from its own law. [kJ]"""

    compressor_in: float = 0.0
    generator_out: float = 0.0
    compressor_loss: float = 0.0
    throttle_loss: float = 0.0
    leak_loss: float = 0.0
    drag_loss: float = 0.0
    friction_loss: float = 0.0
    gear_loss: float = 0.0
    generator_loss: float = 0.0


def chain_speed(force_kn: float, power_kw: float, model: PlantModel) -> tuple[float, float]:
    """Speed of the chain and the power that it gives to the gear, at most the power asked for.

    Quasi-steady balance of buoyant force, friction, drag and load: ``(F - F_f) v = c v³ + P``. Of the two speeds that
    balance, the slower is taken: it has the smaller drag. Where the load is too large, the speed of most power is.
    """
    net_kn = force_kn - model.friction_kn
    if net_kn <= 0 or power_kw <= 0:
        return 0.0, 0.0
    best_speed = math.sqrt(net_kn / (3.0 * model.drag_kn_per_speed2))
    most_kw = net_kn * best_speed * 2.0 / 3.0
    if power_kw >= most_kw:
        return best_speed, most_kw
    # v³ - 3 v*² v + 2 v*³ P/P* = 0 by the triple-angle formula.
    return 2.0 * best_speed * math.sin(math.asin(power_kw / most_kw) / 3.0), power_kw


def compressed_kpa(pressure_kpa: float, exergy_kj: float, model: PlantModel) -> float:
    """Pressure of the receiver after so much exergy was added, by Newton's method. [kPa]"""
    volume_m3 = model.receiver_m3
    goal = air_exergy_kj(pressure_kpa, volume_m3) + exergy_kj
    rise = exergy_kj / (volume_m3 * math.log(pressure_kpa / AMBIENT_KPA))
    after = pressure_kpa + exergy_kj / (volume_m3 * math.log((pressure_kpa + 0.5 * rise) / AMBIENT_KPA))
    for _ in range(50):
        step = (goal - air_exergy_kj(after, volume_m3)) / (volume_m3 * math.log(after / AMBIENT_KPA))
        after += step
        if abs(step) <= 1e-9 * after:  # errors are squared in each round: the next step would change nothing
            break
    return after


def plant_step(
    model: PlantModel, receiver_kpa: float, column_kj: float, setpoint_kw: float, seconds: float, totals: PlantTotals
) -> tuple[float, float, float]:
    """Pressure of the receiver, exergy of the column and mean grid-side power after a step.

    A positive setpoint generates, a negative one compresses, both as far as the machines and the receiver allow.
    What comes in, goes out and is lost is added to ``totals``.
    """
    p_kpa = receiver_kpa
    power_kw = 0.0
    if model.leak_per_s > 0:
        p_kpa = AMBIENT_KPA + (receiver_kpa - AMBIENT_KPA) * math.exp(-model.leak_per_s * seconds)
        # Exergy that goes with the air; the midpoint is exact to the last digits for so small a drop.
        middle_kpa = 0.5 * (receiver_kpa + p_kpa)
        totals.leak_loss += model.receiver_m3 * math.log(middle_kpa / AMBIENT_KPA) * (receiver_kpa - p_kpa)
    if setpoint_kw < 0:
        room_kj = air_exergy_kj(model.max_kpa, model.receiver_m3) - air_exergy_kj(p_kpa, model.receiver_m3)
        most_kw = max(0.0, room_kj) / (model.compressor_efficiency * seconds)
        power_kw = -min(-setpoint_kw, model.compressor_kw, most_kw)
        energy_kj = -power_kw * seconds
        p_kpa = compressed_kpa(p_kpa, model.compressor_efficiency * energy_kj, model)
        totals.compressor_in += energy_kj
        totals.compressor_loss += (1.0 - model.compressor_efficiency) * energy_kj
    elif setpoint_kw > 0:
        p_kpa, column_kj, power_kw = _generate(model, p_kpa, column_kj, setpoint_kw, seconds, totals)
    return p_kpa, column_kj, power_kw


def _generate(
    model: PlantModel, p_kpa: float, column_kj: float, setpoint_kw: float, seconds: float, totals: PlantTotals
) -> tuple[float, float, float]:
    spare_air = max(0.0, (p_kpa - model.min_kpa) * model.receiver_m3)
    # The floater at the nozzle is filled before the chain can move.
    start_air = max(0.0, 1.0 - column_kj / model.floater_kj) * model.floater_air_kpa_m3
    start_air = min(start_air, spare_air)
    column_kj += start_air * math.log(model.foot_ratio)

    gear_kw = min(setpoint_kw, model.generator_kw) / (model.gear_efficiency * model.generator_efficiency)
    speed, gear_kw = chain_speed(column_kj / model.column_m, gear_kw, model)
    air = start_air + min(model.floater_air_kpa_m3 * speed * seconds / model.pitch_m, spare_air - start_air)
    column_kj += (air - start_air) * math.log(model.foot_ratio) - column_kj / model.column_m * speed * seconds

    after_kpa = p_kpa - air / model.receiver_m3
    shaft_kw = model.gear_efficiency * gear_kw
    power_kw = model.generator_efficiency * shaft_kw
    totals.throttle_loss += _throttle_kj(p_kpa, after_kpa, model)
    totals.drag_loss += model.drag_kn_per_speed2 * speed**3 * seconds
    totals.friction_loss += model.friction_kn * speed * seconds
    totals.gear_loss += (1.0 - model.gear_efficiency) * gear_kw * seconds
    totals.generator_loss += (1.0 - model.generator_efficiency) * shaft_kw * seconds
    totals.generator_out += power_kw * seconds
    return after_kpa, column_kj, power_kw


def _throttle_kj(before_kpa: float, after_kpa: float, model: PlantModel) -> float:
    """Exergy that air loses between receiver and foot of the shaft: the integral of ``V ln(p/p_foot) dp``."""
    foot_kpa = model.foot_ratio * AMBIENT_KPA
    return model.receiver_m3 * (
        before_kpa * (math.log(before_kpa / foot_kpa) - 1.0) - after_kpa * (math.log(after_kpa / foot_kpa) - 1.0)
    )


def initial_plant_state(plant: Plant) -> dict[str, float]:
    """State at the beginning: the receiver as the site says, all floaters of water."""
    return {"receiver_bar": plant.initial_receiver_bar, "column_kwh": 0.0}


def checked_state(state: Mapping[str, float], model: PlantModel) -> tuple[float, float]:
    """Receiver pressure and column exergy of a state. [kPa, kJ]

    Raises
    ------
    TwinError
        Names or values are wrong.
    """
    faults = []
    if set(state) != {"receiver_bar", "column_kwh"}:
        faults.append(f"it needs receiver_bar and column_kwh, not {sorted(state)}")
    else:
        p_kpa, column_kj = state["receiver_bar"] * KPA_PER_BAR, state["column_kwh"] * SECONDS_PER_HOUR
        if not AMBIENT_KPA < p_kpa <= model.max_kpa * (1 + 1e-9):
            faults.append(
                f"receiver_bar {state['receiver_bar']!r} is outside ambient to {model.max_kpa / KPA_PER_BAR:g}"
            )
        if not 0 <= column_kj <= model.full_column_kj * (1 + 1e-9):
            faults.append(f"column_kwh {state['column_kwh']!r} is outside 0 to the full column's")
    if faults:
        raise TwinError(
            "; ".join(faults),
            place="state of the plant",
            next_step="start from initial_plant_state or an hour's end state",
        )
    return p_kpa, column_kj


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageEquivalent:
    """The plant as a plain store, for planning.

    Attributes
    ----------
    energy_kwh, capacity_kwh
        Exergy in the receiver above its least pressure, now and at most.
    target_kwh
        The same at the pressure that plans end with.
    charge_efficiency, discharge_efficiency
        Grid to exergy, and exergy to grid at the generator's rated power. [fraction]
    """

    energy_kwh: float
    capacity_kwh: float
    target_kwh: float
    charge_efficiency: float
    discharge_efficiency: float
    max_charge_kw: float
    max_discharge_kw: float


def storage_equivalent(plant: Plant, state: Mapping[str, float] | None = None) -> StorageEquivalent:
    """The plant as a plain store; without a state, as at the beginning.

    The discharge efficiency is that of a whole discharge at rated power with a full column: drag, friction, gear and
    generator, and the throttling from a pressure that falls from the highest to the lowest.
    """
    model = PlantModel.of_site(plant)
    receiver_kpa, _ = checked_state(initial_plant_state(plant) if state is None else state, model)
    floor_kj = air_exergy_kj(model.min_kpa, model.receiver_m3)
    capacity_kj = air_exergy_kj(model.max_kpa, model.receiver_m3) - floor_kj
    injected_share = model.receiver_m3 * (model.max_kpa - model.min_kpa) * math.log(model.foot_ratio) / capacity_kj
    chain_to_grid = model.gear_efficiency * model.generator_efficiency
    force_kn = model.full_column_kj / model.column_m
    speed, gear_kw = chain_speed(force_kn, model.generator_kw / chain_to_grid, model)
    mechanical = gear_kw / (force_kn * speed) if speed > 0 else 1.0

    def above_floor_kwh(pressure_kpa: float) -> float:
        return max(0.0, air_exergy_kj(pressure_kpa, model.receiver_m3) - floor_kj) / SECONDS_PER_HOUR

    return StorageEquivalent(
        energy_kwh=above_floor_kwh(receiver_kpa),
        capacity_kwh=capacity_kj / SECONDS_PER_HOUR,
        target_kwh=above_floor_kwh(plant.target_receiver_bar * KPA_PER_BAR),
        charge_efficiency=model.compressor_efficiency,
        discharge_efficiency=injected_share * mechanical * chain_to_grid,
        max_charge_kw=model.compressor_kw,
        max_discharge_kw=gear_kw * chain_to_grid,
    )
