"""A run of the plant: the same bytes each time, its records, its limits, and what it refuses."""

import json
import math
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plant_examples import path_of, plants, setpoints_of

from kpp_twin.errors import TwinError
from kpp_twin.plant.kernel_constants import Reason, Total
from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.simulate import PlantRun, PlantSetpoints, PlantState, PlantTrajectory, simulate

PLANT = PlantParameters(column_cells=8)
MODEL = PlantModel.of(PLANT)
START = PlantState.initial(PLANT)
GOOD = setpoints_of((3, {"fill": 1.0}))


def bytes_of(trajectory: PlantTrajectory) -> dict[str, bytes]:
    return {column.name: getattr(trajectory, column.name).tobytes() for column in fields(trajectory)}


def part_of(setpoints: PlantSetpoints, start: int, end: int | None = None) -> PlantSetpoints:
    named = {column.name: getattr(setpoints, column.name) for column in fields(setpoints)}
    return PlantSetpoints(**{name: value if value is None else value[start:end] for name, value in named.items()})


def through_json(state: PlantState) -> PlantState:
    return PlantState.of_json(json.loads(json.dumps(state.as_json())))


def fault_of_state(**changes: Any) -> str:
    with pytest.raises(TwinError) as told:
        simulate(MODEL, replace(START, **changes), GOOD)
    assert told.value.place == "state of the plant"
    return told.value.fault


def fault_of_setpoints(**changes: Any) -> str:
    with pytest.raises(TwinError) as told:
        simulate(MODEL, START, replace(GOOD, **changes))
    assert told.value.place == "setpoints of the plant"
    return told.value.fault


@given(plants(), st.integers(0, 2**32 - 1), st.integers(1, 59), st.sampled_from([1, 3]))
def test_the_same_inputs_give_the_same_bytes_at_once_or_in_two_parts(
    plant: PlantParameters, seed: int, cut: int, hold: int
) -> None:
    """Between the parts, the state goes through JSON."""
    model, start = PlantModel.of(plant), PlantState.initial(plant)
    path = path_of(plant, np.random.default_rng(seed), 60)
    whole = simulate(model, start, path, hold=hold, record_every=1)
    again = simulate(model, start, path, hold=hold, record_every=1)
    assert whole.state == again.state
    assert whole.energy_kwh == again.energy_kwh
    assert bytes_of(whole.by_second) == bytes_of(again.by_second)

    first = simulate(model, start, part_of(path, 0, cut), hold=hold, record_every=1)
    second = simulate(model, through_json(first.state), part_of(path, cut), hold=hold, record_every=1)
    assert second.state == whole.state
    whole_bytes, first_bytes, second_bytes = (bytes_of(run.by_second) for run in (whole, first, second))
    assert {name: first_bytes[name] + second_bytes[name] for name in whole_bytes} == whole_bytes
    together = {name: first.energy_kwh[name] + second.energy_kwh[name] for name in whole.energy_kwh}
    assert together == pytest.approx(whole.energy_kwh, rel=1e-9, abs=1e-12)


def test_holding_a_setpoint_is_repeating_it() -> None:
    path = path_of(PLANT, np.random.default_rng(1), 40)
    named = ("compressor_kw", "generator_kw", "fill_fraction", "compressor_limit_kw")
    repeated = PlantSetpoints(**{name: np.repeat(getattr(path, name), 5) for name in named})
    held = simulate(MODEL, START, path, hold=5, record_every=1)
    told = simulate(MODEL, START, repeated, record_every=1)
    for column in fields(held.by_second):
        one, other = getattr(held.by_second, column.name), getattr(told.by_second, column.name)
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12, err_msg=column.name)


def test_records_are_means_of_powers_and_the_state_at_the_end_of_each() -> None:
    path = setpoints_of((130, {"generator": 30.0, "compressor": 100.0}))
    fine = simulate(MODEL, START, path, record_every=1)
    coarse = simulate(MODEL, START, path, record_every=30).by_second
    assert len(coarse.generator_kw) == 4
    seen = fine.by_second
    for name in ("generator_kw", "compressor_kw", "auxiliary_kw"):
        means = getattr(seen, name)[:120].reshape(4, 30).mean(axis=1)
        assert getattr(coarse, name) == pytest.approx(means, rel=1e-12)
    for name in ("receiver_kpa", "column_kwh", "chain_speed_m_per_s", "flywheel_rad_per_s", "stored_kwh"):
        assert (getattr(coarse, name) == getattr(seen, name)[29:120:30]).all()
    assert coarse.reasons.tolist() == [int(np.bitwise_or.reduce(part)) for part in seen.reasons[:120].reshape(4, 30)]
    assert {"compressor_ramp", "chain_power_short"} <= set(coarse.reasons_of(0))
    assert seen.power_kw.sum() / 3600 == pytest.approx(
        fine.energy_kwh["generator_out"] - fine.energy_kwh["compressor_in"], rel=1e-12
    )


def test_the_end_of_the_trajectory_is_the_state() -> None:
    run = simulate(MODEL, START, setpoints_of((200, {"generator": 30.0, "compressor": 100.0})), record_every=1)
    seen, state = run.by_second, run.state
    assert seen.receiver_kpa[-1] == state.receiver_kpa
    assert seen.chain_speed_m_per_s[-1] == state.chain_speed_m_per_s
    assert seen.flywheel_rad_per_s[-1] == state.flywheel_rad_per_s
    assert seen.generator_kw[-1] == pytest.approx(state.generator_kw, rel=1e-12)
    assert seen.compressor_kw[-1] == state.compressor_kw
    assert seen.stored_kwh[-1] == pytest.approx(state.stored_kwh(MODEL), rel=1e-12)


def test_there_is_no_trajectory_unless_it_is_asked_for() -> None:
    run = simulate(MODEL, START, GOOD, hold=1000)
    assert run.trajectory is None
    with pytest.raises(ValueError, match="record_every"):
        _ = run.by_second


@pytest.mark.parametrize("index", [1.0, 1.3])
def test_what_is_stored_is_exergy_of_the_receiver_work_of_the_column_and_motion(index: float) -> None:
    """The column by the integral over its depth of what its air can still lift."""
    plant = PlantParameters(ascent_index=index, column_cells=4, generator_kw=30.0)
    state = PlantState(
        receiver_kpa=700.0, cell_air=(0.4, 0.3, 0.2, 0.1), chain_speed_m_per_s=0.7, flywheel_rad_per_s=30.0
    )
    receiver_kj = 100.0 * (700.0 * math.log(700.0 / 101.325) - 700.0 + 101.325)
    step_m = 1e-3
    depth_m = np.arange(step_m / 2, 25.0, step_m)
    ratio, foot = 1 + depth_m / (101.325 / 9.81), 1 + 25.0 / (101.325 / 9.81)
    volume_m3 = 0.4 / foot * (foot / ratio) ** (1 / index)
    liftable_kj = np.cumsum(9.81 * volume_m3 * step_m)
    air = np.repeat(state.cell_air[::-1], 6250)
    column_kj = float(np.sum(air * liftable_kj) * step_m / (57.5 / 66))
    motion_kj = 0.5 * (66 * 0.416 + 0.575) * 0.7**2 + 0.5 * 0.5 * 30.0**2
    stored_kj = state.stored_kwh(PlantModel.of(plant)) * 3600
    assert stored_kj == pytest.approx(receiver_kj + column_kj + motion_kj, rel=1e-6)
    assert column_kj > 100.0


@pytest.mark.parametrize("warm", [False, True])
def test_the_air_that_leaves_the_receiver_is_that_of_the_floaters(warm: bool) -> None:
    """Counted by the distance that the chain went, and in warm water by the heat that each floater took."""
    heat = {"water_temperature_c": 40.0, "heat_source_kw": 1e4} if warm else {}
    plant = PlantParameters(leak_per_day=0.0, **heat)
    model, start = PlantModel.of(plant), PlantState.initial(plant)
    run = simulate(model, start, setpoints_of((600, {"fill": 0.6, "generator": 20.0})), record_every=1)
    drawn = (start.receiver_kpa - run.state.receiver_kpa) * plant.receiver_m3 / model.constants.air_kj
    distance_m = np.trapezoid(np.append(0.0, run.by_second.chain_speed_m_per_s))
    assert drawn == pytest.approx(0.6 * model.column.full * distance_m / plant.pitch_m, rel=1e-6)
    if warm:
        assert run.energy_kwh["heat_in"] * 3600 == pytest.approx(drawn * model.column.heat_kj, rel=1e-9)


def test_a_receiver_that_only_leaks_loses_its_share_a_day() -> None:
    plant = PlantParameters(leak_per_day=0.01)
    run = simulate(PlantModel.of(plant), START.initial(plant), setpoints_of((1, {})), hold=86_400)
    assert run.state.receiver_kpa - 101.325 == pytest.approx(0.99 * (600.0 - 101.325), rel=1e-9)
    assert run.energy_kwh["leak_loss"] == pytest.approx(-run.store_change_kwh, rel=1e-9)
    assert {name for name, energy in run.energy_kwh.items() if energy} == {"leak_loss"}


def test_bubbles_take_their_power_while_the_chain_moves() -> None:
    plant = PlantParameters(nanobubble_drag_reduction=0.12, nanobubble_air_m3_per_s=0.05)
    model, start = PlantModel.of(plant), PlantState.initial(plant)
    run = simulate(model, start, setpoints_of((10, {"fill": 0.0}), (50, {"fill": 1.0})), record_every=1)
    assert (run.by_second.auxiliary_kw[:10] == 0).all()
    assert run.by_second.auxiliary_kw[10:] == pytest.approx(plant.nanobubble_kw)
    assert run.energy_kwh["nanobubble_in"] == pytest.approx(50 * plant.nanobubble_kw / 3600)
    assert (run.by_second.power_kw[10:] < 0).all()


def test_the_converter_gives_what_its_real_power_leaves() -> None:
    asked = np.array([0.0, 50.0, -100.0, 10.0])
    path = replace(setpoints_of((4, {"fill": 0.0})), reactive_kvar=asked)
    seen = simulate(MODEL, START, path, hold=2, record_every=1).by_second
    assert seen.reactive_kvar.tolist() == [0.0, 0.0, 50.0, 50.0, -60.0, -60.0, 10.0, 10.0]
    rating = 1 << Reason.CONVERTER_RATING
    assert [bool(reasons & rating) for reasons in seen.reasons] == [False] * 4 + [True] * 2 + [False] * 2


def test_reactive_power_is_a_number_with_the_generator_at_the_converter_s_rating() -> None:
    path = replace(setpoints_of((300, {"fill": 1.0}), (900, {"generator": 1e9})), reactive_kvar=np.full(1200, 1e9))
    for rating in (7.7, 30.3, 44.9, 45.0):
        plant = PlantParameters(generator_kw=rating, converter_kva=rating, receiver_m3=1e4)
        for every in (1, 7, 60):
            seen = simulate(PlantModel.of(plant), PlantState.initial(plant), path, record_every=every).by_second
            assert np.isfinite(seen.reactive_kvar).all()
            assert (np.hypot(seen.reactive_kvar, seen.generator_kw) <= rating * (1 + 1e-12)).all()


def test_records_of_reactive_power_end_with_the_setpoints() -> None:
    path = replace(setpoints_of((27, {"fill": 0.0})), reactive_kvar=np.arange(27.0))
    seen = simulate(MODEL, START, path, hold=7, record_every=9).by_second
    assert seen.reactive_kvar.tolist() == [float((9 * record - 1) // 7) for record in range(1, 22)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"receiver_kpa": 101.0}, "receiver_kpa 101.0 is outside ambient to 1000"),
        ({"receiver_kpa": 1000.1}, "receiver_kpa"),
        ({"receiver_kpa": math.nan}, "receiver_kpa"),
        ({"cell_air": (0.0,) * 7}, "cell_air has 7 cells, the plant 8"),
        ({"cell_air": (0.0,) * 7 + (-0.1,)}, "cell_air holds less than nothing"),
        ({"cell_air": (0.0,) * 7 + (1.1,)}, "cell_air holds less than nothing or more than full floaters"),
        ({"cell_air": (0.0,) * 7 + (math.nan,)}, "cell_air holds"),
        ({"flywheel_rad_per_s": 48.0}, "flywheel_rad_per_s 48.0 is outside 0 to 47.1239"),
        ({"flywheel_rad_per_s": -1.0}, "flywheel_rad_per_s"),
        ({"chain_speed_m_per_s": 0.1}, "chain_speed_m_per_s 0.1 is outside 0 to 0"),
        ({"chain_speed_m_per_s": -0.1}, "chain_speed_m_per_s"),
        ({"generator_kw": 45.1}, "generator_kw 45.1 is outside 0 to 45"),
        ({"compressor_kw": -1.0}, "compressor_kw -1.0 is outside 0 to 150"),
        ({"compressor_since_s": -1.0}, "compressor_since_s -1.0 is outside 0 to inf"),
        ({"compressor_since_s": math.nan}, "compressor_since_s nan"),
    ],
)
def test_a_state_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    assert fault_of_state(**changes).startswith(message)


def test_all_faults_of_a_state_come_in_one_message() -> None:
    numbers = ("receiver_kpa", "flywheel_rad_per_s", "generator_kw", "compressor_kw", "compressor_since_s")
    fault = fault_of_state(**dict.fromkeys(numbers, -1.0), cell_air=(), chain_speed_m_per_s=-1.0)
    for name in (*numbers, "cell_air", "chain_speed_m_per_s"):
        assert name in fault


@pytest.mark.parametrize("content", [{}, {"receiver_kpa": 600.0}, {**START.as_json(), "colour": "red"}])
def test_a_state_of_other_names_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(TwinError, match="it needs receiver_kpa, cell_air"):
        PlantState.of_json(content)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"generator_kw": np.array([1.0, -1.0, 0.0])}, "generator_kw must be a number, not below 0"),
        ({"generator_kw": np.array([1.0, math.nan, 0.0])}, "generator_kw must be a number"),
        ({"compressor_kw": np.array([1.0, math.inf, 0.0])}, "compressor_kw must be a number"),
        ({"fill_fraction": np.array([0.0, 1.1, 0.0])}, "fill_fraction must lie between 0 and 1"),
        ({"fill_fraction": np.array([0.0, -0.1, math.nan])}, "fill_fraction must lie between 0 and 1"),
        ({"compressor_limit_kw": np.array([1.0, math.nan, 0.0])}, "compressor_limit_kw must be a number"),
        ({"reactive_kvar": np.array([1.0, math.nan, 0.0])}, "reactive_kvar must be a number"),
        ({"generator_kw": np.zeros(2)}, "lengths differ"),
        ({"reactive_kvar": np.zeros(4)}, "lengths differ"),
    ],
)
def test_setpoints_that_are_none_are_refused(changes: dict[str, Any], message: str) -> None:
    assert fault_of_setpoints(**changes).startswith(message)


def test_all_faults_of_setpoints_come_in_one_message() -> None:
    bad = np.full(3, -1.0)
    fault = fault_of_setpoints(generator_kw=bad, compressor_kw=bad[:2], fill_fraction=bad)
    for part in ("lengths differ", "generator_kw must", "compressor_kw must", "fill_fraction must"):
        assert part in fault
    table = np.zeros((2, 3))
    tables = PlantSetpoints(compressor_kw=table, generator_kw=table, fill_fraction=table, compressor_limit_kw=table)
    with pytest.raises(TwinError, match="lengths differ"):
        tables.check()


def test_a_power_is_a_generator_or_a_compressor_governed() -> None:
    told = PlantSetpoints.of_power(np.array([10.0, 0.0, -20.0]))
    assert told.generator_kw.tolist() == [10.0, 0.0, 0.0]
    assert told.compressor_kw.tolist() == [0.0, 0.0, 20.0]
    assert np.isnan(told.fill_fraction).all()
    assert np.isinf(told.compressor_limit_kw).all()
    limited = PlantSetpoints.of_power(np.array([-20.0]), np.array([15.0]))
    assert limited.compressor_limit_kw.tolist() == [15.0]


def test_energies_are_named_and_sum_up() -> None:
    run: PlantRun = simulate(MODEL, START, setpoints_of((600, {"generator": 30.0, "compressor": 100.0})))
    assert set(run.energy_kwh) == {total.name.lower() for total in Total}
    assert run.supplied_kwh == pytest.approx(run.energy_kwh["compressor_in"])
    assert run.lost_kwh == pytest.approx(sum(e for name, e in run.energy_kwh.items() if name.endswith("_loss")))
    assert abs(run.residual_kwh) < 1e-9 * run.supplied_kwh
    assert {"chain_power_short", "compressor_ramp"} <= set(run.limited_s) <= {reason.name.lower() for reason in Reason}
