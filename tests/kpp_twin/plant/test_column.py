"""What air is worth in the column: the reference figures, and that no air is worth more than it cost."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.plant.column import (
    AMBIENT_HEAD_M,
    AMBIENT_KPA,
    Column,
    buoyant_work_kj,
    capacity,
    column_of,
    compression_work_kj,
    pressure_ratio,
)

HEIGHT_M, VOLUME_M3 = 25.0, 0.4

indices = st.sampled_from([1.0, 1.4]) | st.floats(1.0, 1.4)
ratios = st.sampled_from([1.0, 1.25]) | st.floats(1.0, 1.25)
columns = st.builds(
    column_of,
    shaft_height_m=st.floats(0.6, 1000),
    floater_volume_m3=st.floats(0.001, 100),
    cells=st.integers(1, 64),
    policy=st.sampled_from(["full_at_depth", "full_at_surface"]),
    index=indices,
    temperature_ratio=st.floats(0.8, 1.25),
)


def the_column(policy: str = "full_at_surface", cells: int = 8, **law: Any) -> Column:
    return column_of(shaft_height_m=HEIGHT_M, floater_volume_m3=VOLUME_M3, cells=cells, policy=policy, **law)


def test_pressure_in_the_shaft() -> None:
    assert pressure_ratio(0.0) == 1.0
    assert pressure_ratio(HEIGHT_M) == pytest.approx(3.420, abs=5e-4)
    assert pressure_ratio(HEIGHT_M) * AMBIENT_KPA == pytest.approx(346.6, abs=0.05)
    assert pytest.approx(10.33, abs=0.005) == AMBIENT_HEAD_M


@pytest.mark.parametrize(
    ("work_kj", "reference_kj"),
    [
        (compression_work_kj(HEIGHT_M, VOLUME_M3), 49.84),
        (compression_work_kj(HEIGHT_M, VOLUME_M3) * pressure_ratio(HEIGHT_M), 170.48),
        (compression_work_kj(HEIGHT_M, VOLUME_M3, index=1.4), 59.72),
        (compression_work_kj(HEIGHT_M, VOLUME_M3, index=1.4, stages=2), 54.49),
        (compression_work_kj(HEIGHT_M, VOLUME_M3, index=1.4) * pressure_ratio(HEIGHT_M), 204.3),
        (float(buoyant_work_kj(np.array(HEIGHT_M), HEIGHT_M, VOLUME_M3)), 49.84),
        (float(buoyant_work_kj(np.array(HEIGHT_M), HEIGHT_M, VOLUME_M3, index=1.4)), 42.03),
        (the_column().full_work_kj, 49.84),
        (the_column(index=1.4).full_work_kj, 42.03),
        (the_column("full_at_depth").full_work_kj, 98.10),
        (the_column("full_at_depth").full * the_column().arrival_kj, 170.48),
    ],
)
def test_work_of_a_floater_is_that_of_the_reference(work_kj: float, reference_kj: float) -> None:
    digits = 0.05 if reference_kj > 200 else 0.005
    assert work_kj == pytest.approx(reference_kj, abs=digits)


def test_a_full_floater_spills_the_rest_of_what_its_air_cost() -> None:
    column = the_column("full_at_depth")
    air = column.held(column.full)
    spilled = float(np.sum((air - np.minimum(air, column.capacity)) * column.spill_kj))
    assert spilled == pytest.approx(72.38, abs=0.005)
    assert column.full_work_kj + spilled == pytest.approx(column.full * column.arrival_kj, rel=1e-12)


@pytest.mark.parametrize("index", [1.0, 1.2, 1.4])
def test_buoyant_work_is_the_volume_over_the_pressure(index: float) -> None:
    depth_m = np.linspace(0.0, 20.0, 200_001)
    ratio, foot = 1 + depth_m / AMBIENT_HEAD_M, pressure_ratio(HEIGHT_M)
    volume_m3 = 1.1 * VOLUME_M3 / foot * (foot / ratio) ** (1 / index)
    by_hand = float(np.trapezoid(volume_m3 * 9.81, depth_m))
    law = buoyant_work_kj(np.array(20.0), HEIGHT_M, VOLUME_M3, index=index, temperature_ratio=1.1)
    assert float(law) == pytest.approx(by_hand, rel=1e-8)


@pytest.mark.parametrize("index", [1.0, 1.3])
def test_air_that_fills_a_floater_is_that_of_its_volume_there(index: float) -> None:
    at_foot = float(capacity(np.array(HEIGHT_M), HEIGHT_M, index=index, temperature_ratio=1.1))
    assert at_foot == pytest.approx(pressure_ratio(HEIGHT_M) / 1.1)
    at_surface = float(capacity(np.array(0.0), HEIGHT_M, index=index, temperature_ratio=1.1))
    assert at_surface == pytest.approx(pressure_ratio(HEIGHT_M) ** (1 - 1 / index) / 1.1)


@given(columns, st.lists(st.floats(0, 1), min_size=65, max_size=65))
def test_all_air_comes_out_again_as_work_or_as_what_spills(column: Column, filled: list[float]) -> None:
    """Lift and spill from each middle of a cell to the next, and the value there, telescope for any air."""
    air = np.array(filled[: len(column.capacity)]) * column.full
    kept = np.minimum(air, column.capacity)
    out = column.lift_kj(air) + (air - kept) * column.spill_kj + kept * column.value_kj[1:]
    np.testing.assert_allclose(out, air * column.value_kj[:-1], rtol=1e-12, atol=1e-12 * column.value_kj[0])

    rising = column.held(float(air[0]))
    spilled = float(np.sum((rising - np.minimum(rising, column.capacity)) * column.spill_kj))
    work = float(np.sum(column.lift_kj(rising)))
    assert work + spilled == pytest.approx(rising[0] * column.value_kj[0], rel=1e-12, abs=1e-12 * column.value_kj[0])


@given(columns)
def test_air_is_worth_less_the_higher_it_is_and_spills_at_a_value_between(column: Column) -> None:
    value, room = column.value_kj, column.capacity
    assert value[-1] == 0
    assert (np.diff(value) < 0).all()
    assert (np.diff(room) < 0).all()
    slack = 1e-9 * value[0]
    assert (column.spill_kj <= value[:-1] + slack).all()
    assert (column.spill_kj >= value[1:] - slack).all()
    assert (column.lift_kj(column.held(column.full)) > 0).all()


@given(st.floats(0.6, 300), st.sampled_from(["full_at_depth", "full_at_surface"]), indices, ratios, st.integers(1, 64))
def test_the_number_of_cells_does_not_change_the_work(
    height_m: float, policy: str, index: float, ratio: float, cells: int
) -> None:
    def cut(cells: int) -> Column:
        return column_of(
            shaft_height_m=height_m,
            floater_volume_m3=VOLUME_M3,
            cells=cells,
            policy=policy,
            index=index,
            temperature_ratio=ratio,
        )

    assert cut(cells).full_work_kj == pytest.approx(cut(1).full_work_kj, rel=1e-9)
    displaced = 9.81 * VOLUME_M3 * height_m
    assert cut(cells).full_work_kj <= displaced * (1 + 1e-9), "no floater lifts more than its whole volume"
    if policy == "full_at_depth":
        assert cut(cells).full_work_kj == pytest.approx(displaced, rel=1e-9)


@given(st.floats(0.6, 1000), indices, ratios)
def test_air_gives_at_most_what_it_cost_and_carnot_s_share_of_the_heat(
    height_m: float, index: float, ratio: float
) -> None:
    column = column_of(
        shaft_height_m=height_m,
        floater_volume_m3=VOLUME_M3,
        cells=4,
        policy="full_at_surface",
        index=index,
        temperature_ratio=ratio,
    )
    paid = column.arrival_kj + column.heat_exergy_kj
    assert column.value_kj[0] <= paid * (1 + 1e-12)
    assert column.expansion_loss_kj >= -1e-12 * paid
    assert column.arrival_kj == pytest.approx(compression_work_kj(height_m, VOLUME_M3))
    assert column.heat_exergy_kj == pytest.approx(column.heat_kj * (1 - 1 / ratio), rel=1e-9, abs=1e-12)


@given(st.floats(0.6, 300), indices, st.floats(0.8, 1.0))
def test_cold_water_gives_no_more_than_the_air_cost(height_m: float, index: float, ratio: float) -> None:
    column = column_of(
        shaft_height_m=height_m,
        floater_volume_m3=VOLUME_M3,
        cells=4,
        policy="full_at_depth",
        index=index,
        temperature_ratio=ratio,
    )
    assert column.heat_kj == 0
    assert column.value_kj[0] <= column.arrival_kj * (1 + 1e-12)


def test_warm_water_pays_for_what_it_adds() -> None:
    """At 40 °C the work of air rises with the temperature; the heat for it warms the air and lets it expand."""
    ratio = 313.15 / 288.15
    warm, cold = the_column(temperature_ratio=ratio), the_column()
    assert warm.value_kj[0] == pytest.approx(ratio * cold.value_kj[0])
    warming = AMBIENT_KPA * VOLUME_M3 * (ratio - 1) * 3.5
    assert warm.heat_kj == pytest.approx(warming + warm.value_kj[0])
    gained = warm.value_kj[0] - cold.value_kj[0]
    assert gained < warm.heat_kj * (1 - 1 / ratio)


def test_air_that_takes_up_no_heat_gives_less() -> None:
    losses = [the_column(index=index).expansion_loss_kj for index in (1.0, 1.1, 1.2, 1.3, 1.4)]
    assert losses[0] == pytest.approx(0.0, abs=1e-12)
    assert (np.diff(losses) > 0).all()
    assert losses[-1] == pytest.approx(49.84 - 42.03, abs=0.01)


@given(st.floats(0.5, 500), st.floats(1.0, 1.4), st.integers(1, 6))
def test_no_machine_compresses_for_less_than_the_isothermal_work(depth_m: float, index: float, stages: int) -> None:
    least = AMBIENT_KPA * VOLUME_M3 * math.log(pressure_ratio(depth_m))
    work = compression_work_kj(depth_m, VOLUME_M3, index=index, stages=stages)
    assert work >= least * (1 - 1e-12)
    assert work >= compression_work_kj(depth_m, VOLUME_M3, index=index, stages=stages + 1) * (1 - 1e-12)
