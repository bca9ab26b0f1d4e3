"""Each floater of the plant by itself, in steps of milliseconds: what the reduced model of the plant is judged by.

Written from the physics and sharing no law with the model but what the parameters derive from one another: a floater is
filled as it passes the nozzle, its air lifts with the weight of the water in whose place it is, expands as it rises,
spills what finds no room, dissolves, and is vented at the surface; on the way down it is water in water. The receiver
has no end. Units: kPa, m³, kN, t, m, s, kW, kJ; air in fillings of a floater at the surface.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np

from kpp_twin.plant.parameters import PlantParameters

STEP_S = 0.002
WATER_KN_PER_M3 = 9.81
AMBIENT_KPA = 101.325


class Loop(NamedTuple):
    """Constants of the loop and its drive."""

    length_m: float
    height_m: float
    volume_m3: float
    warmth: float
    index: float
    dissolving_per_s_kpa: float
    chain_t: float
    drag: float
    friction_kn: float
    ratio: float
    efficiency: float
    flywheel_t: float
    windage: float
    least_spin: float
    most_spin: float
    standing_kw: float
    linear: float
    quadratic: float


@numba.njit
def volume_of_filling(loop: Loop, depth_m: float) -> float:
    """Volume of one filling's air: warmed by the water at the foot, then rising along its polytrope."""
    foot_kpa = AMBIENT_KPA + WATER_KN_PER_M3 * loop.height_m
    expansion = foot_kpa / (AMBIENT_KPA + WATER_KN_PER_M3 * depth_m)
    if loop.index != 1.0:
        expansion = expansion ** (1.0 / loop.index)
    return loop.volume_m3 * loop.warmth * AMBIENT_KPA / foot_kpa * expansion


@numba.njit
def lift_kn(loop: Loop, dt: float, position_m: np.ndarray, air: np.ndarray) -> float:
    """Buoyant force of all floaters; their air expands, spills and dissolves."""
    lift = 0.0
    for i in range(len(air)):
        if air[i] > 0.0:
            depth = loop.height_m - position_m[i]
            volume = air[i] * volume_of_filling(loop, depth)
            if volume > loop.volume_m3:
                air[i] *= loop.volume_m3 / volume
                volume = loop.volume_m3
            lift += WATER_KN_PER_M3 * volume
            air[i] -= air[i] * loop.dissolving_per_s_kpa * (AMBIENT_KPA + WATER_KN_PER_M3 * depth) * dt
    return lift


@numba.njit
def speeds_after(loop: Loop, dt: float, lift: float, power_kw: float, v: float, spin: float) -> tuple[float, float]:
    """Speeds of chain and flywheel, one by the clutch where the chain drives."""
    shaft = 0.0
    if power_kw > 0.0:
        shaft = power_kw + loop.standing_kw + loop.linear * power_kw + loop.quadratic * power_kw**2
    wheel = loop.flywheel_t * loop.ratio**2
    net = lift - loop.friction_kn - loop.drag * v**2
    if spin <= loop.ratio * v:
        load = loop.windage * spin * loop.ratio
        if shaft > 0.0:
            load += shaft / v
        rise = (net - load / loop.efficiency) / (loop.chain_t + wheel / loop.efficiency)
        # The clutch can push the flywheel, and not be pushed by it.
        if net >= loop.chain_t * rise:
            after = max(0.0, v + rise * dt)
            return after, loop.ratio * after
    after = max(0.0, v + net / loop.chain_t * dt)
    spin -= (loop.windage * spin + (shaft / spin if shaft > 0.0 else 0.0)) / loop.flywheel_t * dt
    if loop.ratio * after > spin:
        # It takes hold of two speeds: an inelastic impact.
        after = (loop.chain_t * after + wheel * spin / loop.ratio) / (loop.chain_t + wheel)
        spin = loop.ratio * after
    return after, spin


@numba.njit
def turn(loop: Loop, distance_m: float, nozzle: float, position_m: np.ndarray, air: np.ndarray) -> float:
    """Turn the loop; air that is drawn by those that pass the nozzle."""
    drawn = 0.0
    for i in range(len(air)):
        position_m[i] += distance_m
        if position_m[i] >= loop.length_m:
            position_m[i] -= loop.length_m
            air[i] = nozzle
            drawn += nozzle
        if position_m[i] >= loop.height_m:
            air[i] = 0.0
    return drawn


@numba.njit
def advance(
    loop: Loop,
    steps: int,
    dt: float,
    nozzle: float,
    generator_kw: float,
    position_m: np.ndarray,
    air: np.ndarray,
    v: float,
    spin: float,
) -> tuple[float, float, float, float, float]:
    """Move the loop; speeds of chain and flywheel after, buoyant work, air drawn and energy generated."""
    lifted_kj = drawn = generated_kj = 0.0
    for _ in range(steps):
        lift = lift_kn(loop, dt, position_m, air)
        power_kw = generator_kw if spin >= loop.least_spin else 0.0
        after, spin = speeds_after(loop, dt, lift, power_kw, v, spin)
        if spin > loop.most_spin:
            spin = loop.most_spin
            after = min(after, spin / loop.ratio)
        distance_m = 0.5 * (v + after) * dt
        v = after
        lifted_kj += lift * distance_m
        generated_kj += power_kw * dt
        drawn += turn(loop, distance_m, nozzle, position_m, air)
    return v, spin, lifted_kj, drawn, generated_kj


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What a plant does, second by second: means of each, the speed at its end; all ``(n,)``."""

    speed: np.ndarray
    generator_kw: np.ndarray
    buoyant_kw: np.ndarray
    air_per_s: np.ndarray


class Floaters:
    """The loop at rest, full of water, with a floater at the nozzle; goes on from where it is."""

    def __init__(self, plant: PlantParameters, step_s: float = STEP_S) -> None:
        standing_kw, linear, quadratic = plant.generator_loss
        rad_per_s = 2.0 * np.pi / 60.0
        self.loop = Loop(
            length_m=plant.chain_length_m,
            height_m=plant.shaft_height_m,
            volume_m3=plant.floater_volume_m3,
            warmth=(plant.water_temperature_c + 273.15) / (plant.ambient_temperature_c + 273.15),
            index=plant.ascent_index,
            dissolving_per_s_kpa=plant.dissolution_per_s_bar / 100.0,
            chain_t=plant.chain_mass_t,
            drag=plant.drag_kn_per_speed2,
            friction_kn=plant.friction_n / 1000.0,
            ratio=plant.flywheel_per_chain,
            efficiency=plant.gear_efficiency,
            flywheel_t=plant.flywheel_kg_m2 / 1000.0,
            windage=plant.windage_kw / (plant.flywheel_rated_rpm * rad_per_s) ** 2,
            least_spin=plant.flywheel_min_rpm * rad_per_s,
            most_spin=plant.flywheel_max_rpm * rad_per_s,
            standing_kw=standing_kw,
            linear=linear,
            quadratic=quadratic,
        )
        self.steps_per_s = round(1.0 / step_s)
        full_depth = plant.shaft_height_m if plant.fill_policy == "full_at_depth" else 0.0
        self.full = plant.floater_volume_m3 / volume_of_filling(self.loop, full_depth)
        if plant.fill_policy == "full_at_surface":
            self.full = 1.0 / self.loop.warmth
        self.position_m = np.arange(plant.floaters) * plant.pitch_m
        self.air = np.zeros(plant.floaters)
        self.speed = self.spin = 0.0

    def follow(self, law: Callable[[float], float], fills: np.ndarray) -> Course:
        """Hold for each second a fill fraction, and the generator power that the law gives at the speed before."""
        rows = []
        for fill in fills:
            at_nozzle = (self.position_m == 0.0) & (self.air == 0.0)
            self.air[at_nozzle] = fill * self.full
            first = float(np.sum(at_nozzle)) * fill * self.full
            self.speed, self.spin, lifted_kj, drawn, generated_kj = advance(
                self.loop,
                self.steps_per_s,
                1.0 / self.steps_per_s,
                fill * self.full,
                law(self.speed),
                self.position_m,
                self.air,
                self.speed,
                self.spin,
            )
            rows.append((self.speed, generated_kj, lifted_kj, drawn + first))
        return Course(**dict(zip(Course.__dataclass_fields__, np.array(rows).T, strict=True)))
