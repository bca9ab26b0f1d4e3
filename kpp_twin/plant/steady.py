"""Steady operating points: what the plant gives and takes when nothing changes any more."""

from dataclasses import dataclass

import numpy as np

from kpp_twin.plant.kernel_air import compression_ratio
from kpp_twin.plant.model import PlantModel, chain_demand_kw
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.values import electric_kw
from kpp_twin.units import KPA_PER_BAR, Array


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyPoint:
    """The plant at a chain speed and fill, the compressor replacing the air at the receiver's pressure.

    Attributes
    ----------
    fill_fraction
        Of a full floater's air.
    arrival_kw
        Exergy of the air that arrives at the nozzle.
    buoyant_kw, drag_kw
        Power of the column on the chain, and of the water against it.
    generator_kw, compressor_kw, net_kw
        At the grid side; the net is what remains when the compressor has replaced the air.
    heat_kw
        That warm water gives.
    """

    chain_speed_m_per_s: float
    flywheel_rpm: float
    fill_fraction: float
    receiver_bar: float
    arrival_kw: float
    buoyant_kw: float
    drag_kw: float
    generator_kw: float
    compressor_kw: float
    heat_kw: float

    @property
    def net_kw(self) -> float:
        """Generator less compressor."""
        return self.generator_kw - self.compressor_kw

    @property
    def round_trip(self) -> float:
        """Generator over compressor."""
        return self.generator_kw / self.compressor_kw if self.compressor_kw > 0 else 0.0


def held_air(model: PlantModel, speed: float, fill_fraction: float) -> Array:
    """Air of a floater at the nozzle and in each cell, filled so for long; less what dissolves. [fillings]"""
    air = [fill_fraction * model.column.full]
    for most, dissolving in zip(model.column.capacity[:-1], model.dissolving, strict=True):
        per_s = dissolving * model.constants.substeps / model.constants.step_s
        air.append(min(air[-1], most) / (1.0 + per_s * model.column.cell_m / speed))
    return np.array(air)


def steady_point(
    plant: PlantParameters, chain_speed_m_per_s: float, *, fill_fraction: float = 1.0, receiver_bar: float | None = None
) -> SteadyPoint:
    """Steady point at a chain speed and fill; the generator takes what the chain gives, whatever its rating.

    Parameters
    ----------
    receiver_bar
        Pressure that the compressor holds; without it, the one that plans end with.
    """
    model = PlantModel.of(plant)
    speed = chain_speed_m_per_s
    pressure_bar = plant.target_receiver_bar if receiver_bar is None else receiver_bar
    floaters_per_s = speed / plant.pitch_m
    buoyant_kw = float(np.sum(model.column.lift_kj(held_air(model, speed, fill_fraction)))) * floaters_per_s
    chain_kw = buoyant_kw - chain_demand_kw(plant, 0.0, speed)
    air_per_s = fill_fraction * model.column.full * floaters_per_s
    compressor_kw = air_per_s * model.constants.air_kj * compression_ratio(model.constants, pressure_bar * KPA_PER_BAR)
    rated = plant.chain_speed(plant.flywheel_rated_rpm)
    return SteadyPoint(
        chain_speed_m_per_s=speed,
        flywheel_rpm=plant.flywheel_rated_rpm * speed / rated,
        fill_fraction=fill_fraction,
        receiver_bar=pressure_bar,
        arrival_kw=air_per_s * model.column.arrival_kj,
        buoyant_kw=buoyant_kw,
        drag_kw=plant.drag_kn_per_speed2 * speed**3,
        generator_kw=max(0.0, electric_kw(plant.gear_efficiency * chain_kw, *plant.generator_loss)),
        compressor_kw=compressor_kw + plant.nanobubble_kw,
        heat_kw=air_per_s * model.column.heat_kj,
    )


def governed_point(plant: PlantParameters, generator_kw: float, *, receiver_bar: float | None = None) -> SteadyPoint:
    """Steady point that the governor seeks for a power; at full fill where the chain cannot give it."""
    model = PlantModel.of(plant)
    powers = np.linspace(0.0, plant.generator_kw, len(model.goal_speeds))
    speed = float(np.interp(generator_kw, powers, model.goal_speeds))
    low, high = 0.0, 1.0
    for _ in range(50):
        fill = 0.5 * (low + high)
        if steady_point(plant, speed, fill_fraction=fill).generator_kw < generator_kw:
            low = fill
        else:
            high = fill
    return steady_point(plant, speed, fill_fraction=high, receiver_bar=receiver_bar)
