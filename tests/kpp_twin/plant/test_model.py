"""Constants of the compiled plant are those of its parameters, and each power has the speed that it needs."""

import math

import numpy as np
import pytest

from kpp_twin.plant.model import PlantModel, chain_demand_kw
from kpp_twin.plant.parameters import PlantParameters

PLANT = PlantParameters()


def test_a_model_is_made_once_for_a_plant_and_a_step() -> None:
    assert PlantModel.of(PLANT) is PlantModel.of(PlantParameters(floaters=66))
    assert PlantModel.of(PLANT, 0.5) is not PlantModel.of(PLANT)
    assert PlantModel.of(PLANT, 0.5).constants.step_s == 0.5


def test_constants_are_those_of_the_parameters() -> None:
    constants = PlantModel.of(PLANT).constants
    expected = {
        "step_s": 1.0,
        "ambient_kpa": 101.325,
        "receiver_m3": 100.0,
        "min_kpa": 400.0,
        "max_kpa": 1000.0,
        "compressor_kw": 150.0,
        "compressor_min_kw": 45.0,
        "compressor_ramp_kw": 50.0,
        "air_kj": 40.53,
        "full": 1.0,
        "full_kn": PLANT.full_force_kn,
        "arrival_kj": 49.8424,
        "heat_kj": 0.0,
        "spills": False,
        "chain_t": PLANT.chain_mass_t,
        "drag": PLANT.drag_kn_per_speed2,
        "friction_kn": 0.6,
        "ratio": 39.4 / 1.2,
        "flywheel_t": 0.5,
        "windage": 0.3 / (375 * math.tau / 60) ** 2,
        "gear_efficiency": 0.874,
        "min_speed": 150 * math.tau / 60,
        "max_speed": 450 * math.tau / 60,
        "generator_kw": 45.0,
        "standing_kw": 0.012 * 45.0,
        "linear": 0.02,
        "quadratic": 0.03 / 45.0,
    }
    assert {name: getattr(constants, name) for name in expected} == pytest.approx(expected, rel=1e-6)


def test_what_goes_by_the_step_goes_by_its_length() -> None:
    second, short = PlantModel.of(PLANT).constants, PlantModel.of(PLANT, 0.1).constants
    assert short.compressor_ramp_kw == pytest.approx(0.1 * second.compressor_ramp_kw)
    assert short.generator_ramp_kw == pytest.approx(0.1 * second.generator_ramp_kw)
    assert short.leak_keep**10 == pytest.approx(second.leak_keep, rel=1e-12)
    assert second.leak_keep**86_400 == pytest.approx(0.99)


@pytest.mark.parametrize("step_s", [0.1, 1.0, 2.0])
@pytest.mark.parametrize("speed", [1.0, 20.0])
def test_no_part_of_a_step_carries_air_across_a_cell(step_s: float, speed: float) -> None:
    plant = PlantParameters(column_cells=32, gear_ratio=39.4 / speed, generator_kw=10.0, friction_n=100.0)
    model = PlantModel.of(plant, step_s)
    farthest_m = plant.chain_speed(plant.flywheel_max_rpm) * step_s / model.constants.substeps
    assert farthest_m <= model.column.cell_m


def test_warm_water_and_spilling_are_known_to_the_constants() -> None:
    warm = PlantModel.of(PlantParameters(water_temperature_c=40.0, heat_source_kw=100.0)).constants
    assert warm.heat_kj > warm.heat_exergy_kj > 0.0
    assert warm.heat_source_kw == 100.0
    assert warm.full == pytest.approx(288.15 / 313.15)
    assert PlantModel.of(PlantParameters(fill_policy="full_at_depth")).constants.spills


def test_a_power_needs_its_shaft_the_gear_friction_and_drag() -> None:
    speed = PLANT.chain_speed(375.0)
    shaft_kw = 30.0 + 0.54 + 0.02 * 30.0 + 0.03 / 45.0 * 900.0 + 0.3
    expected = shaft_kw / 0.874 + (0.6 + 5.94 * speed**2) * speed
    assert chain_demand_kw(PLANT, 30.0, speed) == pytest.approx(expected)
    off_kw = 0.3 / 0.874 + (0.6 + 5.94 * speed**2) * speed
    assert chain_demand_kw(PLANT, 0.0, speed) == pytest.approx(off_kw), "no standing loss when it is off"


@pytest.mark.parametrize(
    "plant",
    [PLANT, PlantParameters(fill_policy="full_at_depth", generator_kw=90.0, converter_kva=90.0)],
    ids=["full_at_surface", "full_at_depth"],
)
def test_a_governed_power_has_a_speed_at_which_the_chain_can_give_it(plant: PlantParameters) -> None:
    speeds = PlantModel.of(plant).goal_speeds
    powers = np.linspace(0.0, plant.generator_kw, len(speeds))
    low, high = plant.chain_speed(plant.flywheel_min_rpm), plant.chain_speed(plant.flywheel_rated_rpm)
    assert (np.diff(speeds) >= 0).all()
    assert speeds.min() > low
    assert speeds.max() <= high * (1 + 1e-12)
    for power_kw, speed in zip(powers.tolist(), speeds.tolist(), strict=True):
        needed_kw = chain_demand_kw(plant, power_kw, speed)
        assert needed_kw <= plant.full_force_kn * speed or speed == pytest.approx(high)
