"""The plant as a plain store, for planning."""

from dataclasses import dataclass

import numpy as np

from kpp_twin.plant.kernel_air import air_exergy_kj, compression_ratio
from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.simulate import PlantState
from kpp_twin.plant.steady import governed_point
from kpp_twin.units import KPA_PER_BAR, SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageEquivalent:
    """The plant as a plain store.

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


def storage_equivalent(plant: PlantParameters, state: PlantState | None = None) -> StorageEquivalent:
    """The plant as a plain store; without a state, as at the beginning.

    Efficiencies are those of a whole charge at rated power, from the lowest pressure to the highest, and of a whole
    discharge: throttling from a falling pressure, then all losses of the steady point at rated power.
    """
    model = PlantModel.of(plant)
    constants = model.constants
    receiver_kpa = (state or PlantState.initial(plant)).receiver_kpa
    floor_kj = air_exergy_kj(constants, constants.min_kpa)
    capacity_kj = air_exergy_kj(constants, constants.max_kpa) - floor_kj
    air_kj = constants.receiver_m3 * (constants.max_kpa - constants.min_kpa)
    pressures_kpa = np.linspace(constants.min_kpa, constants.max_kpa, 101)
    charge_kj = air_kj * float(np.mean([compression_ratio(constants, p) for p in pressures_kpa.tolist()]))
    point = governed_point(plant, plant.generator_kw)
    arriving = air_kj * constants.arrival_kj / constants.air_kj / capacity_kj

    def above_floor_kwh(pressure_kpa: float) -> float:
        return max(0.0, air_exergy_kj(constants, pressure_kpa) - floor_kj) / SECONDS_PER_HOUR

    return StorageEquivalent(
        energy_kwh=above_floor_kwh(receiver_kpa),
        capacity_kwh=capacity_kj / SECONDS_PER_HOUR,
        target_kwh=above_floor_kwh(plant.target_receiver_bar * KPA_PER_BAR),
        charge_efficiency=min(1.0, capacity_kj / charge_kj),
        discharge_efficiency=min(1.0, arriving * point.generator_kw / point.arrival_kw),
        max_charge_kw=plant.compressor_kw,
        max_discharge_kw=min(plant.generator_kw, point.generator_kw),
    )
