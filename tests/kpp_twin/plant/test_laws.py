"""No possible plant breaks the laws on any path: the ledger closes, and nothing comes from nothing (H1 to H3 too)."""

import numpy as np
import pytest
from conftest import IS_FULL
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from plant_examples import STEPS_S, check_ledger, check_limits, path_of, plants

from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.simulate import PlantSetpoints, PlantState, simulate

PATHS = 20
SECONDS_PER_HOUR, HOURS_PER_YEAR = 3600, 8760


@settings(max_examples=500 if IS_FULL else 100)
@given(plants(), st.sampled_from(STEPS_S), st.integers(0, 2**32 - 1))
def test_over_unity_is_impossible(plant: PlantParameters, step_s: float, seed: int) -> None:
    """Each path goes on from the state in which the one before ended, or begins anew."""
    model, rng = PlantModel.of(plant, step_s), np.random.default_rng(seed)
    state = PlantState.initial(plant)
    for path in range(PATHS):
        if path % 4 == 0:
            state = PlantState.initial(plant)
        run = simulate(model, state, path_of(plant, rng, 100), hold=int(rng.integers(1, 6)), record_every=1)
        check_ledger(model, state, run)
        check_limits(model, state, run)
        state = run.state


@settings(max_examples=500 if IS_FULL else 60)
@given(plants(), st.sampled_from(STEPS_S), st.integers(0, 2**32 - 1))
def test_the_ledger_closes_over_an_hour(plant: PlantParameters, step_s: float, seed: int) -> None:
    model, before = PlantModel.of(plant, step_s), PlantState.initial(plant)
    setpoints = path_of(plant, np.random.default_rng(seed), 60)
    check_ledger(model, before, simulate(model, before, setpoints, hold=round(60 / step_s)))


@pytest.mark.full
@settings(max_examples=4)
@given(plants(leak_per_day=0.01, windage_kw=0.3), st.integers(0, 2**32 - 1))
def test_the_ledger_closes_over_a_year(plant: PlantParameters, seed: int) -> None:
    """31,536,000 steps."""
    assume(plant.substeps <= 2)
    model, before = PlantModel.of(plant), PlantState.initial(plant)
    power = np.random.default_rng(seed).uniform(-plant.compressor_kw, plant.generator_kw, HOURS_PER_YEAR)
    run = simulate(model, before, PlantSetpoints.of_power(power), hold=SECONDS_PER_HOUR)
    check_ledger(model, before, run)
    assert run.trajectory is None
