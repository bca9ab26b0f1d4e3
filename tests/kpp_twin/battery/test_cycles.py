"""Cycles are those of the standard, however the series comes in."""

import itertools

import numpy as np
import pytest
import rainflow
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.cycles import Cycles, rainflow_cycles, turning_points
from kpp_twin.errors import TwinError

STANDARD = np.array([-2.0, 1, -3, 5, -1, 3, -4, 4, -2])
STATES_OF_CHARGE = np.array([0.5, 0.9, 0.3, 0.7, 0.5, 0.6, 0.2, 0.8, 0.5])
# Few levels, so that equal values and equal ranges come up often; sixteenths, so that sums are exact.
LEVELS = st.integers(0, 16).map(lambda level: level / 16)
SERIES = st.lists(LEVELS, min_size=2, max_size=60).map(np.array)


def rows(cycles: Cycles) -> list[tuple[float, ...]]:
    columns = (cycles.ranges, cycles.means, cycles.counts, cycles.first, cycles.last)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_ba_01_the_example_of_the_standard() -> None:
    assert rainflow_cycles(STANDARD).counts_by_range() == {3: 0.5, 4: 1.5, 6: 0.5, 8: 1.0, 9: 0.5}


def test_ba_02_each_cycle_has_its_mean_its_count_and_its_place() -> None:
    assert rows(rainflow_cycles(STANDARD)) == [
        (3, -0.5, 0.5, 0, 1),
        (4, -1, 0.5, 1, 2),
        (4, 1, 1, 4, 5),
        (8, 1, 0.5, 2, 3),
        (9, 0.5, 0.5, 3, 6),
        (8, 0, 0.5, 6, 7),
        (6, 1, 0.5, 7, 8),
    ]


def test_ba_03_states_of_charge_are_grouped_by_rounded_depth() -> None:
    cycles = rainflow_cycles(STATES_OF_CHARGE)
    assert cycles.counts_by_range() == {0.1: 1, 0.3: 0.5, 0.4: 1.5, 0.6: 0.5, 0.7: 0.5}
    assert cycles.equivalent_full_cycles == pytest.approx(1.5)
    assert np.abs(np.diff(STATES_OF_CHARGE)).sum() / 2 == pytest.approx(1.5)


def test_of_equal_values_the_last_is_the_turning_point() -> None:
    assert turning_points(np.array([0.0, 0, 1, 2, 2, 2, 1, 1, 0, 3])).tolist() == [0, 5, 8, 9]


@given(SERIES.filter(lambda series: len(series) > 2))
def test_finds_what_the_package_finds_in_all_values(series: np.ndarray) -> None:
    assert rows(rainflow_cycles(series)) == list(rainflow.extract_cycles(series.tolist()))


def test_two_values_make_half_a_cycle() -> None:
    assert rows(rainflow_cycles(np.array([0.25, 0.75]))) == [(0.5, 0.5, 0.5, 0, 1)]


@given(SERIES)
def test_equivalent_full_cycles_are_half_the_throughput(series: np.ndarray) -> None:
    assert rainflow_cycles(series).equivalent_full_cycles == np.abs(np.diff(series)).sum() / 2


@given(SERIES)
def test_open_half_cycles_shrink_and_hang_together(series: np.ndarray) -> None:
    cycles = rainflow_cycles(series)
    n_open = cycles.n_open
    assert (cycles.counts[-n_open:] == 0.5).all()
    assert (np.diff(cycles.ranges[-n_open:]) < 0).all()
    assert (cycles.first[-n_open:][1:] == cycles.last[-n_open:][:-1]).all()
    assert cycles.residue[-1] == len(series) - 1


@given(SERIES, st.lists(st.integers(1, 59), max_size=8))
def test_parts_give_the_cycles_of_the_whole(series: np.ndarray, cuts: list[int]) -> None:
    edges = sorted({0, *(cut for cut in cuts if cut < len(series) - 1), len(series) - 1})
    residue, counted = np.array([0]), []
    for start, stop in itertools.pairwise(edges):
        index = np.append(residue, np.arange(start, stop) + 1)
        cycles = rainflow_cycles(series[index])
        placed = [(*row[:3], index[row[3]], index[row[4]]) for row in rows(cycles)]
        counted += placed[: -cycles.n_open]
        residue = index[cycles.residue]
    assert counted + placed[-cycles.n_open :] == rows(rainflow_cycles(series))


def test_the_residue_of_equal_cycles_stays_short() -> None:
    assert len(rainflow_cycles(np.tile([0.1, 0.9], 500)).residue) == 2


@pytest.mark.parametrize("series", [[0.5], [], [[0.1, 0.2], [0.3, 0.4]], [0.1, np.nan, 0.3], [0.1, np.inf]])
def test_refuses_what_is_no_series(series: list[float]) -> None:
    with pytest.raises(TwinError, match="finite values"):
        rainflow_cycles(np.array(series))
