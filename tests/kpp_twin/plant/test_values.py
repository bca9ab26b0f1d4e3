"""What follows from the values of a plant, and that each is described."""

import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.values import PlantValues, electric_kw


def test_figures_of_the_default_plant() -> None:
    plant = PlantParameters()
    assert plant.pitch_m == pytest.approx(0.871, abs=5e-4)
    assert plant.foot_bar == pytest.approx(3.466, abs=5e-4)
    assert plant.chain_mass_t == pytest.approx(28.0, abs=0.1)
    assert plant.full_force_kn == pytest.approx(57.2, abs=0.05)
    assert plant.chain_speed(375.0) == pytest.approx(1.196, abs=5e-4)
    assert plant.drag_kn_per_speed2 == pytest.approx(0.5 * 0.6 * 0.3 * 66)
    assert plant.temperature_ratio == 1.0
    assert plant.nanobubble_kw == 0.0


@pytest.mark.parametrize("name", PlantValues.model_fields)
def test_every_value_has_unit_meaning_source_and_range_or_choice(name: str) -> None:
    field = PlantValues.model_fields[name]
    assert isinstance(field.json_schema_extra, dict)
    assert field.json_schema_extra["unit"]
    assert field.json_schema_extra["source"]
    assert field.description
    assert field.metadata or len(get_args(field.annotation)) > 1, "a range, or a choice"


def test_values_within_their_ranges_are_taken_however_little_they_go_together() -> None:
    assert PlantValues(generator_kw=530.0, min_receiver_bar=20.0).generator_kw == 530.0


@given(st.floats(0, 1e4), st.floats(0, 100), st.floats(0, 0.5), st.sampled_from([0.0]) | st.floats(0, 0.1))
def test_the_generator_gives_what_its_shaft_has_less_its_loss(
    power_kw: float, standing_kw: float, linear: float, quadratic: float
) -> None:
    shaft_kw = power_kw + standing_kw + linear * power_kw + quadratic * power_kw**2
    assert electric_kw(shaft_kw, standing_kw, linear, quadratic) == pytest.approx(power_kw, rel=1e-9, abs=1e-9)


def test_the_most_that_a_chain_gives_is_the_best_of_all_speeds() -> None:
    """The best point of a chain with much drag lies below the flywheel's highest speed; that of the default at it."""
    for changes in ({}, {"drag_area_m2": 3.0, "generator_kw": 10.0}):
        plant = PlantParameters(**changes)
        most_kw, best = plant.most_generator_kw()
        highest = plant.chain_speed(plant.flywheel_max_rpm)

        def power_kw(speed: float, plant: PlantParameters = plant) -> float:
            chain_kw = (plant.full_force_kn - plant.friction_n / 1000) * speed - plant.drag_kn_per_speed2 * speed**3
            windage = plant.windage_kw * (speed / plant.chain_speed(plant.flywheel_rated_rpm)) ** 2
            return electric_kw(plant.gear_efficiency * chain_kw - windage, *plant.generator_loss)

        assert best <= highest * (1 + 1e-12)
        assert power_kw(best) == pytest.approx(most_kw)
        assert max(power_kw(highest * share / 1000) for share in range(1, 1001)) <= most_kw * (1 + 2e-3)


def test_bubbles_cost_the_compression_of_their_air() -> None:
    plant = PlantParameters(nanobubble_drag_reduction=0.12, nanobubble_air_m3_per_s=0.01)
    isothermal_kw = 0.01 * 101.325 * math.log(3.420)
    assert plant.nanobubble_kw == pytest.approx(isothermal_kw * 54.49 / 49.84 / plant.compressor_efficiency, rel=1e-3)
    assert plant.drag_kn_per_speed2 == pytest.approx(0.88 * PlantParameters().drag_kn_per_speed2)
