"""The plain store that plans see is the plant that runs: both ways, simulated from empty to full and back."""

from dataclasses import replace

import numpy as np
import pytest

from kpp_twin.plant.equivalent import StorageEquivalent, storage_equivalent
from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.simulate import PlantRun, PlantSetpoints, PlantState, simulate

PLANTS = {
    "reference": PlantParameters(leak_per_day=0.0),
    "full at depth": PlantParameters(
        leak_per_day=0.0, fill_policy="full_at_depth", generator_kw=80.0, converter_kva=80.0, receiver_m3=500.0
    ),
    "one stage, adiabatic ascent": PlantParameters(
        leak_per_day=0.0, compressor_stages=1, ascent_index=1.4, generator_kw=35.0, max_receiver_bar=16.0
    ),
}


def told(plant: PlantParameters, receiver_bar: float, power_kw: float, hours: float) -> PlantRun:
    state = replace(PlantState.initial(plant), receiver_kpa=receiver_bar * 100)
    path = PlantSetpoints.of_power(np.full(round(hours * 3600), power_kw))
    return simulate(PlantModel.of(plant), state, path)


@pytest.mark.parametrize("name", PLANTS)
def test_a_whole_charge_has_the_planned_efficiency(name: str) -> None:
    plant = PLANTS[name]
    store = storage_equivalent(plant)
    hours = 1.2 * store.capacity_kwh / store.charge_efficiency / plant.compressor_kw
    run = told(plant, plant.min_receiver_bar, -plant.compressor_kw, hours)
    assert run.store_change_kwh == pytest.approx(store.capacity_kwh, rel=0.03), "the receiver is full"
    efficiency = run.store_change_kwh / run.energy_kwh["compressor_in"]
    assert efficiency == pytest.approx(store.charge_efficiency, rel=0.01)


@pytest.mark.parametrize("name", ["reference", "one stage, adiabatic ascent"])
def test_a_whole_discharge_has_the_planned_efficiency(name: str) -> None:
    """Start and end at rest, which the plan does not see, cost some percent."""
    plant = PLANTS[name]
    store = storage_equivalent(plant)
    assert store.max_discharge_kw == plant.generator_kw
    hours = 1.5 * store.capacity_kwh * store.discharge_efficiency / plant.generator_kw + 0.1
    run = told(plant, plant.max_receiver_bar, plant.generator_kw, hours)
    assert run.state.receiver_kpa == pytest.approx(plant.min_receiver_bar * 100, rel=1e-6), "the receiver is empty"
    efficiency = run.energy_kwh["generator_out"] / store.capacity_kwh
    assert efficiency == pytest.approx(store.discharge_efficiency, rel=0.05)


def test_energies_are_the_exergy_above_the_least_pressure() -> None:
    def exergy_kwh(bar: float) -> float:
        p = bar * 100
        return 100.0 * (p * np.log(p / 101.325) - p + 101.325) / 3600

    plant = PlantParameters()
    store = storage_equivalent(plant)
    assert store.capacity_kwh == pytest.approx(exergy_kwh(10.0) - exergy_kwh(4.0))
    assert store.energy_kwh == pytest.approx(exergy_kwh(6.0) - exergy_kwh(4.0))
    assert store.target_kwh == store.energy_kwh
    assert store.max_charge_kw == plant.compressor_kw


def test_the_energy_is_that_of_the_state_and_never_below_nothing() -> None:
    plant = PlantParameters()

    def at(bar: float) -> StorageEquivalent:
        return storage_equivalent(plant, replace(PlantState.initial(plant), receiver_kpa=bar * 100))

    assert at(10.0).energy_kwh == pytest.approx(at(10.0).capacity_kwh)
    assert at(4.0).energy_kwh == 0.0
    assert at(3.9).energy_kwh == 0.0
    assert at(5.0).capacity_kwh == at(8.0).capacity_kwh


def test_a_round_trip_is_that_of_such_a_plant() -> None:
    """100 m³ from 4 to 10 bar: 52.8 kWh in and 17.2 kWh out, with the assumptions of the reference and no drag."""
    plant = PlantParameters(
        compressor_efficiency=0.60,
        compression_index=1.0,
        friction_n=0.0,
        windage_kw=0.0,
        dissolution_per_s_bar=0.0,
        drag_area_m2=0.01,
        generator_kw=20.0,
        generator_standing_loss=0.0,
        generator_linear_loss=1 / 0.96 - 1,
        generator_quadratic_loss=0.0,
    )
    store = storage_equivalent(plant)
    assert store.capacity_kwh / store.charge_efficiency == pytest.approx(52.8, abs=0.1)
    assert store.capacity_kwh * store.discharge_efficiency == pytest.approx(17.2, rel=0.01)


@pytest.mark.parametrize("name", PLANTS)
def test_no_round_trip_gives_more_than_it_took(name: str) -> None:
    store = storage_equivalent(PLANTS[name])
    assert 0 < store.charge_efficiency < 1
    assert 0 < store.discharge_efficiency < 1
