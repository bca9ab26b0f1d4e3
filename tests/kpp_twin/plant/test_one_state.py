"""The plant obeys the laws: what comes out was put in, and less of it."""

import math
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError, TwinError
from kpp_twin.plant.one_state import (
    AMBIENT_KPA,
    PlantModel,
    PlantTotals,
    air_exergy_kj,
    chain_speed,
    checked_state,
    compressed_kpa,
    initial_plant_state,
    plant_step,
    storage_equivalent,
)
from kpp_twin.site import Plant, load_site

PLANT = load_site().plant
MODEL = PlantModel.of_site(PLANT)


def losses(totals: PlantTotals) -> float:
    return sum(energy for name, energy in asdict(totals).items() if name.endswith("loss"))


def stored_kj(model: PlantModel, p_kpa: float, column_kj: float) -> float:
    return air_exergy_kj(p_kpa, model.receiver_m3) + column_kj


def full_cycle(model: PlantModel, generate_kw: float) -> PlantTotals:
    """From the least pressure to the highest and back, the column empty at first."""
    totals, p_kpa, column_kj = PlantTotals(), model.min_kpa, 0.0
    while p_kpa < model.max_kpa - 0.01:
        p_kpa, column_kj, _ = plant_step(model, p_kpa, column_kj, -model.compressor_kw, 1.0, totals)
    power_kw = 1.0
    while power_kw > 1e-6:
        p_kpa, column_kj, power_kw = plant_step(model, p_kpa, column_kj, generate_kw, 1.0, totals)
    return totals


def test_the_figures_of_the_shaft() -> None:
    assert MODEL.foot_ratio == pytest.approx(3.420, abs=5e-4)
    assert MODEL.floater_kj == pytest.approx(49.84, abs=0.005)
    assert MODEL.column_m == pytest.approx(15.0, abs=0.01)
    assert MODEL.full_column_kj / 1000 == pytest.approx(0.86, abs=0.005)


@pytest.mark.parametrize(("generate_kw", "ratio"), [(10.0, 0.321), (20.0, 0.319), (75.0, 0.285)])
def test_a_full_cycle_gives_back_a_third(generate_kw: float, ratio: float) -> None:
    totals = full_cycle(MODEL, generate_kw)
    assert totals.compressor_in / 3600 == pytest.approx(52.8, abs=0.1)
    assert totals.generator_out / totals.compressor_in == pytest.approx(ratio, abs=2e-3)


def test_the_speed_balances_the_forces() -> None:
    for power_kw in (1.0, 30.0, 89.0):
        speed, given_kw = chain_speed(57.2, power_kw, MODEL)
        assert given_kw == power_kw
        drag_kw = MODEL.drag_kn_per_speed2 * speed**3
        assert (57.2 - MODEL.friction_kn) * speed == pytest.approx(drag_kw + power_kw, rel=1e-12)
    assert chain_speed(0.5, 10.0, MODEL) == (0.0, 0.0), "friction holds the chain"
    top_speed, most_kw = chain_speed(57.2, 1e9, MODEL)
    assert most_kw < 1e9
    assert chain_speed(57.2, most_kw * (1 - 1e-12), MODEL)[0] == pytest.approx(top_speed, rel=1e-5)


@given(st.floats(110, 3000), st.floats(0, 1e5))
def test_compression_adds_just_the_exergy(p_kpa: float, exergy_kj: float) -> None:
    after = compressed_kpa(p_kpa, exergy_kj, MODEL)
    gained = air_exergy_kj(after, MODEL.receiver_m3) - air_exergy_kj(p_kpa, MODEL.receiver_m3)
    assert gained == pytest.approx(exergy_kj, rel=1e-9, abs=1e-6)


def test_exergy_is_the_work_of_isothermal_compression() -> None:
    assert air_exergy_kj(AMBIENT_KPA, 100.0) == 0.0
    steps = 20_000
    width = (1000.0 - AMBIENT_KPA) / steps
    work = sum(100.0 * math.log((AMBIENT_KPA + (k + 0.5) * width) / AMBIENT_KPA) * width for k in range(steps))
    assert air_exergy_kj(1000.0, 100.0) == pytest.approx(work, rel=1e-6)


plants = st.fixed_dictionaries(
    {
        "floaters": st.integers(10, 150),
        "floater_volume_m3": st.floats(0.05, 1.0),
        "shaft_height_m": st.floats(5, 28),
        "drag_area_m2": st.floats(0.02, 1.0),
        "friction_n": st.floats(0, 5000),
        "compressor_efficiency": st.floats(0.2, 1.0),
        "gear_efficiency": st.floats(0.2, 1.0),
        "generator_efficiency": st.floats(0.2, 1.0),
        "receiver_m3": st.floats(1, 300),
        "compressor_kw": st.floats(1, 500),
        "generator_kw": st.floats(1, 500),
        "leak_per_day": st.floats(0, 0.5),
    }
)


@given(plants, st.floats(0, 1), st.lists(st.tuples(st.floats(-600, 600), st.integers(1, 200)), max_size=8))
def test_never_more_comes_out_than_went_in(
    values: dict[str, Any], share: float, schedule: list[tuple[float, int]]
) -> None:
    plant = PLANT.model_copy(update=values | {"chain_length_m": 2.3 * values["shaft_height_m"]})
    try:
        model = PlantModel.of_site(plant)
    except ConfigError:
        assume(False)
    p_kpa = first_kpa = model.min_kpa + share * (model.max_kpa - model.min_kpa)
    column_kj, totals = 0.0, PlantTotals()
    for setpoint_kw, seconds in schedule:
        for _ in range(seconds):
            p_kpa, column_kj, power_kw = plant_step(model, p_kpa, column_kj, setpoint_kw, 1.0, totals)
            assert -model.compressor_kw - 1e-9 <= power_kw <= model.generator_kw + 1e-9
            assert power_kw * setpoint_kw >= 0
            assert 0 <= column_kj <= model.full_column_kj * (1 + 1e-9)
            assert p_kpa <= model.max_kpa * (1 + 1e-9)
    before, after = stored_kj(model, first_kpa, 0.0), stored_kj(model, p_kpa, column_kj)
    residual = before + totals.compressor_in - totals.generator_out - losses(totals) - after
    assert abs(residual) <= 1e-9 * (before + totals.compressor_in)
    assert all(energy >= -1e-9 for energy in asdict(totals).values()), "no loss gives energy"
    assert totals.generator_out <= totals.compressor_in + before


def test_nothing_is_generated_from_an_empty_receiver() -> None:
    totals = PlantTotals()
    assert plant_step(MODEL, MODEL.min_kpa, 0.0, 50.0, 1.0, totals)[2] == 0.0


def test_a_resting_plant_only_leaks() -> None:
    totals, p_kpa = PlantTotals(), 600.0
    for _ in range(24):
        p_kpa, _, power_kw = plant_step(MODEL, p_kpa, 0.0, 0.0, 3600.0, totals)
        assert power_kw == 0.0
    assert p_kpa - AMBIENT_KPA == pytest.approx((600.0 - AMBIENT_KPA) * (1 - PLANT.leak_per_day))
    assert totals.leak_loss == losses(totals)


def test_the_equivalent_store_is_what_a_full_cycle_measures() -> None:
    store = storage_equivalent(PLANT)
    totals = full_cycle(MODEL, MODEL.generator_kw)
    assert store.capacity_kwh == pytest.approx(31.67, abs=0.005)
    assert store.charge_efficiency * totals.compressor_in / 3600 == pytest.approx(store.capacity_kwh, rel=1e-3)
    measured = totals.generator_out / 3600 / store.capacity_kwh
    assert store.discharge_efficiency == pytest.approx(measured, rel=0.01)
    assert store.energy_kwh == store.target_kwh == pytest.approx(8.83, abs=0.005)
    assert (store.max_charge_kw, store.max_discharge_kw) == (150.0, pytest.approx(75.0))
    drained = storage_equivalent(PLANT, {"receiver_bar": 3.9, "column_kwh": 0.1})
    assert drained.energy_kwh == 0.0


def changed(**values: Any) -> Plant:
    return PLANT.model_copy(update=values)


@pytest.mark.parametrize(
    ("plant", "fault"),
    [
        (changed(min_receiver_bar=3.0), "3.47 bar at the foot"),
        (changed(drag_coefficient=1e-4), "too fast for steps of a second"),
        (changed(floaters=3), "fewer than one floater"),
    ],
    ids=["pressure", "speed", "floaters"],
)
def test_a_plant_that_cannot_work_is_refused(plant: Plant, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        PlantModel.of_site(plant)


@pytest.mark.parametrize(
    "state",
    [{}, {"receiver_bar": 6.0}, {"receiver_bar": 11.0, "column_kwh": 0.0}, {"receiver_bar": 6.0, "column_kwh": -1.0}],
    ids=["empty", "short", "pressure", "column"],
)
def test_a_wrong_state_is_refused(state: dict[str, float]) -> None:
    with pytest.raises(TwinError, match=r"receiver_bar|column_kwh"):
        checked_state(state, MODEL)


def test_nan_in_a_state_is_refused() -> None:
    with pytest.raises(TwinError, match="nan"):
        checked_state({"receiver_bar": math.nan, "column_kwh": 0.0}, MODEL)


def test_the_initial_state_is_the_sites() -> None:
    assert initial_plant_state(PLANT) == {"receiver_bar": 6.0, "column_kwh": 0.0}
