"""Compressor, receiver and column by themselves: what is paid, what is kept, and what rises."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plant_twin import air

from kpp_twin.plant.kernel_constants import Constants, Reason
from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.parameters import PlantParameters

PLANT = PlantParameters(column_cells=8)
MODEL = PlantModel.of(PLANT)
C = MODEL.constants
SPILLING = PlantModel.of(PlantParameters(fill_policy="full_at_depth", column_cells=8))

OFF, ON = 0.0, 1.0


def compressor(
    setpoint_kw: float,
    *,
    constants: Constants = C,
    limit_kw: float = math.inf,
    p_kpa: float = 600.0,
    last_kw: float = 0.0,
    on: float = OFF,
    since_s: float = 1e6,
) -> tuple[float, bool, float, set[Reason]]:
    """One step: power, whether it runs, for how long that has been so, and reasons."""
    ratio = air.compression_ratio(constants, p_kpa)
    power, runs, since_s, reasons = air.compressor_step(
        constants, setpoint_kw, limit_kw, p_kpa, ratio, last_kw, on, since_s
    )
    return power, runs > 0, since_s, {reason for reason in Reason if reasons >> reason & 1}


def running(setpoint_kw: float, last_kw: float, **told: float) -> tuple[float, bool, float, set[Reason]]:
    return compressor(setpoint_kw, last_kw=last_kw, on=ON, **told)


def test_exergy_is_the_work_of_isothermal_compression() -> None:
    assert air.air_exergy_kj(C, C.ambient_kpa) == 0.0
    pressures = np.linspace(C.ambient_kpa, 1000.0, 200_001)
    work = np.trapezoid(C.receiver_m3 * np.log(pressures / C.ambient_kpa), pressures)
    assert air.air_exergy_kj(C, 1000.0) == pytest.approx(work, rel=1e-8)


@pytest.mark.parametrize(("index", "stages", "work_kj"), [(1.0, 1, 49.84), (1.4, 1, 59.72), (1.4, 2, 54.49)])
def test_air_costs_the_work_of_its_stages_over_the_efficiency(index: float, stages: int, work_kj: float) -> None:
    plant = PlantParameters(compression_index=index, compressor_stages=stages, compressor_efficiency=0.5)
    constants = PlantModel.of(plant).constants
    foot_kpa = plant.foot_bar * 100
    cost_kj = constants.air_kj * air.compression_ratio(constants, foot_kpa)
    assert cost_kj == pytest.approx(work_kj / 0.5, rel=1e-4)


@given(st.floats(210, 900), st.floats(0.1, 1e5))
def test_no_more_air_comes_in_than_is_paid_for(p_kpa: float, energy_kj: float) -> None:
    after = air.compressed_kpa(C, p_kpa, air.compression_ratio(C, p_kpa), energy_kj)
    assert after > p_kpa
    pressures = np.linspace(p_kpa, after, 2001)
    cost_kj = np.trapezoid([C.receiver_m3 * air.compression_ratio(C, float(p)) for p in pressures], pressures)
    assert cost_kj <= energy_kj * (1 + 1e-6)
    if after < 1.02 * p_kpa:
        assert cost_kj == pytest.approx(energy_kj, rel=1e-3)


def test_a_compressor_without_losses_gives_all_that_was_paid() -> None:
    ideal = PlantModel.of(PlantParameters(compressor_efficiency=1.0, compression_index=1.0)).constants
    p_kpa = first_kpa = 400.0
    for _ in range(1000):
        p_kpa = air.compressed_kpa(ideal, p_kpa, air.compression_ratio(ideal, p_kpa), 100.0)
    gained = air.air_exergy_kj(ideal, p_kpa) - air.air_exergy_kj(ideal, first_kpa)
    assert gained == pytest.approx(1e5, rel=1e-6)
    assert gained <= 1e5


def test_it_starts_and_rises_by_its_ramp() -> None:
    assert compressor(150.0) == (50.0, True, 1.0, {Reason.COMPRESSOR_RAMP})
    assert running(150.0, 50.0, since_s=1.0) == (100.0, True, 2.0, {Reason.COMPRESSOR_RAMP})
    assert running(150.0, 100.0, since_s=2.0) == (150.0, True, 3.0, set())
    assert running(60.0, 150.0, since_s=2.0) == (60.0, True, 3.0, set()), "downward it unloads at once"


def test_it_starts_at_its_least_power_however_slow_its_ramp() -> None:
    slow = C._replace(compressor_ramp_kw=1.0)
    assert compressor(150.0, constants=slow) == (45.0, True, 1.0, {Reason.COMPRESSOR_RAMP})
    assert compressor(46.0, constants=slow, last_kw=45.0, on=ON) == (46.0, True, 1e6 + 1, set())


def test_it_is_told_no_more_than_its_rating() -> None:
    assert running(200.0, 150.0)[0] == 150.0
    assert running(200.0, 150.0)[3] == {Reason.COMPRESSOR_RATING}


def test_it_does_not_run_below_its_least_power() -> None:
    assert compressor(44.0) == (0.0, False, 1e6 + 1, {Reason.COMPRESSOR_LEAST_POWER})
    assert running(44.0, 100.0) == (0.0, False, 1.0, {Reason.COMPRESSOR_LEAST_POWER})
    assert running(45.0, 100.0)[:2] == (45.0, True)


def test_it_runs_at_least_for_its_time_and_rests_for_its_time() -> None:
    assert running(0.0, 100.0, since_s=59.0) == (45.0, True, 60.0, {Reason.COMPRESSOR_MUST_RUN})
    assert running(0.0, 45.0, since_s=60.0) == (0.0, False, 1.0, set())
    assert compressor(100.0, since_s=59.0) == (0.0, False, 60.0, {Reason.COMPRESSOR_RESTART_WAIT})
    assert compressor(100.0, since_s=60.0)[:2] == (50.0, True)


def test_the_connection_stops_it_at_once_however_short_it_ran() -> None:
    assert running(100.0, 100.0, since_s=1.0, limit_kw=44.0)[:3] == (0.0, False, 1.0)
    assert running(100.0, 100.0, since_s=1.0, limit_kw=0.0) == (0.0, False, 1.0, {Reason.CONNECTION_LIMIT})
    assert running(100.0, 100.0, since_s=1.0, limit_kw=-50.0)[:2] == (0.0, False)
    assert running(100.0, 100.0, since_s=1.0, limit_kw=60.0) == (60.0, True, 2.0, {Reason.CONNECTION_LIMIT})
    assert running(0.0, 100.0, since_s=1.0, limit_kw=44.0)[:2] == (0.0, False), "not even to run out its time"


def test_it_fills_the_receiver_and_no_more() -> None:
    small = PlantModel.of(
        PlantParameters(receiver_m3=0.2, compressor_min_kw=0.0, compressor_ramp_kw_per_s=1e4)
    ).constants
    p_kpa = 900.0
    on, since_s, power = OFF, 1e6, 0.0
    reasons: set[Reason] = set()
    for _ in range(200):
        power, runs, since_s, reasons = compressor(
            150.0, constants=small, p_kpa=p_kpa, last_kw=power, on=float(on), since_s=since_s
        )
        on = ON if runs else OFF
        p_kpa = air.compressed_kpa(small, p_kpa, air.compression_ratio(small, p_kpa), power)
        assert p_kpa <= small.max_kpa
    assert p_kpa == pytest.approx(small.max_kpa, rel=1e-6)
    assert reasons == {Reason.RECEIVER_FULL}
    assert compressor(150.0, p_kpa=C.max_kpa) == (0.0, False, 1e6 + 1, {Reason.RECEIVER_FULL})
    assert Reason.RECEIVER_FULL in running(150.0, 150.0, p_kpa=C.max_kpa, since_s=1.0)[3], (
        "not even to run out its time"
    )


def test_power_in_an_hour_of_random_setpoints_keeps_the_times() -> None:
    rng = np.random.default_rng(3)
    power, on, since_s = 0.0, OFF, 1e6
    ran: list[bool] = []
    for _ in range(120):
        setpoint_kw = float(rng.choice([0.0, 30.0, 100.0, 200.0]))
        for _ in range(30):
            power, runs, since_s, _ = compressor(setpoint_kw, last_kw=power, on=on, since_s=since_s)
            on = ON if runs else OFF
            assert (power >= C.compressor_min_kw) == runs
            ran.append(runs)
    changes = np.flatnonzero(np.diff(ran))
    assert len(changes) > 10
    assert np.diff(changes).min() >= 60, "it neither runs nor rests for less than a minute"


class Carried:
    """A column carried up by a share of a cell, filled at the nozzle with a share of a full floater's air."""

    def __init__(self, model: PlantModel, cells: np.ndarray, share: float, nozzle: float) -> None:
        c, column = model.constants, model.column
        laws = (column.value_kj, column.capacity, column.spill_kj)
        self.cells, rising = cells.copy(), np.zeros(len(cells) + 1)
        distance = share * column.cell_m
        self.came_kj = nozzle * c.full * column.value_kj[0] * distance / model.parameters.pitch_m
        self.before_kj = air.column_kj(c, column.value_kj, self.cells)
        air.rising_air(c, column.capacity, nozzle * c.full, self.cells, share, rising)
        self.force_kn = air.lift_kn(c, *laws, rising)
        self.work_kj = self.force_kn * distance
        self.spilled_kj, self.dissolved_kj, self.held_kj, _ = air.carry(
            c, *laws, model.dissolving, rising, distance, self.cells
        )


def full_column(model: PlantModel) -> np.ndarray:
    return model.column.held(model.column.full)[1:]


BOTH = pytest.mark.parametrize("model", [MODEL, SPILLING], ids=["full_at_surface", "full_at_depth"])


@BOTH
@given(filled=st.lists(st.floats(0, 1), min_size=8, max_size=8), share=st.floats(0, 1), nozzle=st.floats(0, 1))
def test_what_the_column_loses_is_its_work_and_what_spills_and_dissolves(
    model: PlantModel, filled: list[float], share: float, nozzle: float
) -> None:
    """And no cell falls below empty, or rises above full."""
    full = full_column(model)
    carried = Carried(model, np.array(filled) * full, share, nozzle)
    lost_kj = carried.work_kj + carried.spilled_kj + carried.dissolved_kj
    size_kj = carried.before_kj + carried.came_kj + 1e-3
    assert carried.held_kj == pytest.approx(carried.before_kj + carried.came_kj - lost_kj, abs=1e-12 * size_kj)
    assert carried.held_kj == pytest.approx(air.column_kj(model.constants, model.column.value_kj, carried.cells))
    assert carried.spilled_kj >= -1e-12 * size_kj
    assert carried.dissolved_kj >= 0.0
    assert (carried.cells >= -1e-12).all()
    assert (carried.cells <= full * (1 + 1e-12)).all()


@BOTH
def test_a_full_column_lifts_with_its_full_force_and_stays_full(model: PlantModel) -> None:
    carried = Carried(model, full_column(model), 1e-6, 1.0)
    assert carried.force_kn == pytest.approx(model.parameters.full_force_kn, rel=0.01)
    cells = full_column(model)
    for _ in range(100):
        cells = Carried(model, cells, 0.3, 1.0).cells
    assert cells == pytest.approx(full_column(model), rel=0.01)


def test_air_rises_with_the_chain_and_is_gone_at_the_surface() -> None:
    """A front of filled floaters is in the middle of the shaft after half of it, and steep."""
    model = PlantModel.of(PlantParameters(column_cells=8, dissolution_per_s_bar=0.0))
    cells = np.zeros(8)
    for _ in range(8):
        cells = Carried(model, cells, 0.5, 1.0).cells
    assert float(np.sum(cells)) == pytest.approx(4.0, rel=1e-12)
    assert cells[:2].min() > 0.95
    assert cells[6:].max() < 0.05
    for _ in range(30):
        cells = Carried(model, cells, 0.5, 0.0).cells
    assert cells.max() < 1e-2


def test_air_dissolves_faster_the_deeper_it_is() -> None:
    carried = Carried(MODEL, np.ones(8), 0.0, 0.0)
    assert (np.diff(carried.cells) > 0).all()
    # 1e-4 a second and bar of the water's absolute pressure in the middle of the lowest cell.
    pressure_bar = 1.01325 + 0.0981 * (25.0 - 25.0 / 16)
    seconds = C.step_s / C.substeps
    assert 1.0 - carried.cells[0] == pytest.approx(1e-4 * pressure_bar * seconds, rel=1e-3)
    assert carried.dissolved_kj + carried.held_kj == pytest.approx(carried.before_kj, rel=1e-12)
