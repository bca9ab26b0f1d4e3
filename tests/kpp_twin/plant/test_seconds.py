"""Second by second the plant is its steps in a row, within what the connection leaves."""

import numpy as np
import pytest

from kpp_twin.plant.one_state import PlantModel, PlantTotals, initial_plant_state, plant_step
from kpp_twin.plant.seconds import plant_seconds
from kpp_twin.site import load_site

PLANT = load_site().plant
MODEL = PlantModel.of_site(PLANT)
FREE = np.full(300, np.inf)


def test_it_is_its_steps_in_a_row() -> None:
    ran = plant_seconds(MODEL, initial_plant_state(PLANT), 40.0, most_compressor_kw=FREE)
    p_kpa, column_kj, totals = 600.0, 0.0, PlantTotals()
    for power_kw in ran.power_kw:
        p_kpa, column_kj, mean_kw = plant_step(MODEL, p_kpa, column_kj, 40.0, 1.0, totals)
        assert mean_kw == power_kw
    assert ran.totals == totals
    assert ran.state == {"receiver_bar": p_kpa / 100, "column_kwh": column_kj / 3600}
    assert ran.power_kw[-1] == pytest.approx(40.0)


def test_the_compressor_takes_what_is_left() -> None:
    left = np.linspace(0, 200, 300)
    ran = plant_seconds(MODEL, initial_plant_state(PLANT), -120.0, most_compressor_kw=left)
    assert ran.power_kw == pytest.approx(-np.minimum(left, 120.0))
    assert ran.energy_kwh[-1] > ran.energy_kwh[0]


def test_hours_in_a_row_carry_the_state() -> None:
    once = plant_seconds(MODEL, initial_plant_state(PLANT), 40.0, most_compressor_kw=np.full(600, np.inf))
    first = plant_seconds(MODEL, initial_plant_state(PLANT), 40.0, most_compressor_kw=FREE)
    second = plant_seconds(MODEL, first.state, 40.0, most_compressor_kw=FREE)
    assert second.energy_kwh[-1] == pytest.approx(once.energy_kwh[-1], rel=1e-12)
