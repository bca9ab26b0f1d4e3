"""What the plant says it could offer holds when it is run, and a little more does not."""

from dataclasses import replace

import numpy as np
import pytest

from kpp_twin.errors import TwinError
from kpp_twin.plant.capability import GIVEN, Capability, capability
from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.simulate import PlantSetpoints, PlantState, simulate

PLANT = PlantParameters()
MODEL = PlantModel.of(PLANT)


def run_for(state: PlantState, power_kw: float, seconds: int) -> np.ndarray:
    path = PlantSetpoints.of_power(np.full(seconds, power_kw))
    return simulate(MODEL, state, path, record_every=1).by_second.power_kw


def after(power_kw: float, seconds: int) -> PlantState:
    path = PlantSetpoints.of_power(np.full(seconds, power_kw))
    return simulate(MODEL, PlantState.initial(PLANT), path).state


STATES = {
    "at rest": PlantState.initial(PLANT),
    "generating": after(20.0, 600),
    "compressing": after(-100.0, 120),
    "nearly empty": replace(PlantState.initial(PLANT), receiver_kpa=402.0),
    "nearly full": replace(PlantState.initial(PLANT), receiver_kpa=999.0),
}
TIMES = [(10, 0), (300, 0), (300, 180), (900, 300)]


@pytest.mark.parametrize(("horizon_s", "notice_s"), TIMES)
@pytest.mark.parametrize("name", STATES)
def test_what_it_offers_holds_from_the_notice_to_the_horizon(name: str, horizon_s: int, notice_s: int) -> None:
    state = STATES[name]
    could = capability(MODEL, state, horizon_s=horizon_s, notice_s=notice_s)
    assert (could.horizon_s, could.notice_s) == (horizon_s, notice_s)
    assert could.lowest_kw <= could.highest_kw
    assert could.highest_kw <= PLANT.generator_kw
    assert could.lowest_kw >= -PLANT.compressor_kw
    if could.highest_kw > 0:
        assert run_for(state, could.highest_kw, horizon_s)[notice_s:].min() >= GIVEN * could.highest_kw
    if could.lowest_kw < 0:
        assert run_for(state, could.lowest_kw, horizon_s)[notice_s:].max() <= GIVEN * could.lowest_kw
    if 0 < could.highest_kw < PLANT.generator_kw:
        more_kw = could.highest_kw + PLANT.generator_kw / 1000
        assert run_for(state, more_kw, horizon_s)[notice_s:].min() < GIVEN * more_kw


@pytest.mark.parametrize("name", STATES)
def test_energy_is_that_of_the_rating_for_the_whole_horizon(name: str) -> None:
    state = STATES[name]
    could = capability(MODEL, state, horizon_s=600)
    out = run_for(state, PLANT.generator_kw, 600)
    into = run_for(state, -PLANT.compressor_kw, 600)
    assert could.most_out_kwh == pytest.approx(out[out > 0].sum() / 3600)
    assert could.most_in_kwh == pytest.approx(-into[into < 0].sum() / 3600)
    assert could.power_kw == pytest.approx(state.generator_kw - state.compressor_kw)


def test_a_plant_at_rest_gives_nothing_at_once_but_its_rating_with_notice() -> None:
    at_once = capability(MODEL, STATES["at rest"], horizon_s=60)
    assert at_once.highest_kw == 0.0
    assert at_once.up_kw == 0.0
    with_notice = capability(MODEL, STATES["at rest"], horizon_s=400, notice_s=300)
    assert with_notice.highest_kw == pytest.approx(PLANT.generator_kw, rel=0.02)
    assert with_notice.lowest_kw == -PLANT.compressor_kw


def test_a_compressor_can_be_shed_at_once() -> None:
    """As soon as it has run its least time."""
    could = capability(MODEL, STATES["compressing"], horizon_s=30)
    assert could.power_kw == -100.0
    assert could.highest_kw == 0.0
    assert could.up_kw == 100.0
    assert could.down_kw == pytest.approx(-100.0 - could.lowest_kw)


def test_a_compressor_that_must_run_can_be_shed_to_its_least_power() -> None:
    could = capability(MODEL, after(-100.0, 20), horizon_s=30)
    assert could.highest_kw == -PLANT.compressor_min_kw


def test_distances_are_from_the_power_now() -> None:
    could = Capability(
        horizon_s=10,
        notice_s=0,
        power_kw=-20.0,
        highest_kw=30.0,
        lowest_kw=-90.0,
        most_out_kwh=0.0,
        most_in_kwh=0.0,
        ramp_up_kw_per_s=1.0,
        ramp_down_kw_per_s=1.0,
    )
    assert (could.up_kw, could.down_kw) == (50.0, 70.0)


def test_ramps_are_those_of_generator_and_compressor() -> None:
    plant = PlantParameters(generator_ramp_kw_per_s=7.0, compressor_ramp_kw_per_s=3.0)
    could = capability(PlantModel.of(plant), PlantState.initial(plant), horizon_s=5)
    assert (could.ramp_up_kw_per_s, could.ramp_down_kw_per_s) == (7.0, 3.0)


@pytest.mark.parametrize(("horizon_s", "notice_s"), [(0, 0), (10, 10), (10, 11), (10, -1), (-5, 0)])
def test_a_notice_beyond_the_horizon_is_refused(horizon_s: int, notice_s: int) -> None:
    with pytest.raises(ValueError, match=f"notice_s {notice_s} must be at least 0 and below horizon_s {horizon_s}"):
        capability(MODEL, PlantState.initial(PLANT), horizon_s=horizon_s, notice_s=notice_s)


def test_a_state_that_cannot_be_is_refused() -> None:
    with pytest.raises(TwinError, match="receiver_kpa"):
        capability(MODEL, replace(PlantState.initial(PLANT), receiver_kpa=0.0), horizon_s=10)


def test_asking_leaves_the_plant_as_it_is() -> None:
    state = STATES["generating"]
    before = state.as_json()
    capability(MODEL, state, horizon_s=60)
    assert state.as_json() == before
