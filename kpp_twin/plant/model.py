"""Constants of a plant for its compiled loop, and the chain speed that each power asks for."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np

from kpp_twin.plant.column import AMBIENT_KPA, Column, pressure_ratio
from kpp_twin.plant.kernel_constants import Constants
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.units import KG_PER_T, KPA_PER_BAR, N_PER_KN, RAD_PER_S_PER_RPM, SECONDS_PER_DAY, Array, Number

# The governor seeks the speed at which so much of a full column would give the power: the rest is its reach.
GOVERNED_FILL = 0.9
# ... and stays this far above the least speed of the generator,
LEAST_SPEED_MARGIN = 1.1
# and where the power takes no more than this share of the kinetic energy while the column empties: a slow chain with a
# constant load falls behind before the air that is let in has risen.
GOVERNED_PULL = 1.5
GOAL_POINTS = 65
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantModel:
    """A plant, cut into steps of a length.

    Attributes
    ----------
    constants
        Of the compiled loop.
    column
        Constants of the ascending column.
    dissolving
        Share of each cell's air that dissolves in a part of a step, ``(cells,)``.
    goal_speeds
        Chain speeds to seek at powers evenly spaced from 0 to the generator's rating. [m/s]
    """

    parameters: PlantParameters
    constants: Constants
    column: Column
    dissolving: Array
    goal_speeds: Array

    @classmethod
    @lru_cache(maxsize=32)
    def of(cls, plant: PlantParameters, step_s: float = 1.0) -> Self:
        """Model of a plant for steps of a length."""
        column = plant.column
        substeps = math.ceil(plant.substeps * step_s)
        depth_m = plant.shaft_height_m - column.cell_m * (np.arange(plant.column_cells) + 0.5)
        water_bar = np.array([pressure_ratio(float(depth)) * AMBIENT_KPA / KPA_PER_BAR for depth in depth_m])
        dissolving = -np.expm1(-plant.dissolution_per_s_bar * water_bar * step_s / substeps)
        held_kj = column.held(column.full)[1:] * column.value_kj[1:-1] * column.cell_m / plant.pitch_m
        full_column_kj = float(np.sum(held_kj))
        turning_t = plant.flywheel_kg_m2 / KG_PER_T * plant.flywheel_per_chain**2
        windage = plant.windage_kw_per_speed2
        standing_kw, linear, quadratic = plant.generator_loss
        constants = Constants(
            step_s=step_s,
            substeps=substeps,
            ambient_kpa=AMBIENT_KPA,
            per_ambient_kpa=1.0 / AMBIENT_KPA,
            receiver_m3=plant.receiver_m3,
            min_kpa=plant.min_receiver_bar * KPA_PER_BAR,
            max_kpa=plant.max_receiver_bar * KPA_PER_BAR,
            leak_keep=(1.0 - plant.leak_per_day) ** (step_s / SECONDS_PER_DAY),
            compressor_kw=plant.compressor_kw,
            compressor_min_kw=plant.compressor_min_kw,
            compressor_efficiency=plant.compressor_efficiency,
            compression_share=(plant.compression_index - 1.0) / (plant.compression_index * plant.compressor_stages),
            compressor_min_run_s=plant.compressor_min_run_s,
            compressor_restart_s=plant.compressor_restart_s,
            compressor_ramp_kw=plant.compressor_ramp_kw_per_s * step_s,
            air_kj=AMBIENT_KPA * plant.floater_volume_m3,
            full=column.full,
            full_kn=plant.full_force_kn,
            full_column_kj=full_column_kj,
            arrival_kj=column.arrival_kj,
            heat_kj=column.heat_kj,
            heat_exergy_kj=column.heat_exergy_kj,
            expansion_loss_kj=column.expansion_loss_kj,
            heat_source_kw=plant.heat_source_kw,
            nanobubble_kw=plant.nanobubble_kw,
            spills=bool(column.full > column.capacity[-1] * (1.0 + ROUNDING)),
            dissolving_per_s=float(dissolving @ held_kj) / full_column_kj * substeps / step_s,
            floaters_per_m=1.0 / plant.pitch_m,
            cells_per_m=1.0 / column.cell_m,
            floaters_per_cell=column.cell_m / plant.pitch_m,
            chain_t=plant.chain_mass_t,
            drag=plant.drag_kn_per_speed2,
            friction_kn=plant.friction_n / N_PER_KN,
            brake_kn=plant.brake_force_kn,
            free_m_per_s2=plant.full_force_kn / plant.chain_mass_t,
            locked_m_per_s2=plant.full_force_kn / (plant.chain_mass_t + turning_t / plant.gear_efficiency),
            ratio=plant.flywheel_per_chain,
            flywheel_t=plant.flywheel_kg_m2 / KG_PER_T,
            turning_t=turning_t,
            windage=windage,
            chain_windage=windage * plant.flywheel_per_chain**2,
            gear_efficiency=plant.gear_efficiency,
            per_gear_efficiency=1.0 / plant.gear_efficiency,
            min_speed=plant.flywheel_min_rpm * RAD_PER_S_PER_RPM,
            max_speed=plant.flywheel_max_rpm * RAD_PER_S_PER_RPM,
            min_chain_speed=plant.chain_speed(plant.flywheel_min_rpm),
            max_chain_speed=plant.chain_speed(plant.flywheel_max_rpm),
            generator_kw=plant.generator_kw,
            standing_kw=standing_kw,
            linear=linear,
            quadratic=quadratic,
            generator_ramp_kw=plant.generator_ramp_kw_per_s * step_s,
        )
        return cls(
            parameters=plant,
            constants=constants,
            column=column,
            dissolving=dissolving,
            goal_speeds=_goal_speeds(plant, constants),
        )


def chain_demand_kw(plant: PlantParameters, generator_kw: Number, speed: Number) -> Number:
    """Buoyant power that a generator power needs in steady state at a chain speed; scalars or arrays."""
    standing, linear, quadratic = plant.generator_loss
    shaft = standing * np.sign(generator_kw) + (1.0 + linear) * generator_kw + quadratic * generator_kw**2
    shaft = shaft + plant.windage_kw * (speed / plant.chain_speed(plant.flywheel_rated_rpm)) ** 2
    drag_kn = plant.drag_kn_per_speed2 * speed**2
    return shaft / plant.gear_efficiency + (plant.friction_n / N_PER_KN + drag_kn) * speed


def _goal_speeds(plant: PlantParameters, constants: Constants) -> Array:
    """Slowest chain speed at which a nearly full column gives each power; else that of its most power."""
    low = LEAST_SPEED_MARGIN * plant.chain_speed(plant.flywheel_min_rpm)
    high = plant.chain_speed(plant.flywheel_rated_rpm)
    force_kn = GOVERNED_FILL * constants.full_kn
    speeds = np.linspace(min(low, high), high, 257)
    powers = np.linspace(0.0, plant.generator_kw, GOAL_POINTS)
    surplus_kw = force_kn * speeds - chain_demand_kw(plant, powers[:, None], speeds[None, :])
    emptying_m = constants.full_column_kj / constants.full_kn
    inertia_t = constants.chain_t + constants.turning_t
    pull = (force_kn * speeds - surplus_kw) * emptying_m / (inertia_t * speeds**3)
    enough = (surplus_kw >= 0) & (pull <= GOVERNED_PULL)
    speeds_at_most = np.where(surplus_kw.max(axis=1) >= 0, len(speeds) - 1, surplus_kw.argmax(axis=1))
    return speeds[np.where(enough.any(axis=1), enough.argmax(axis=1), speeds_at_most)]
