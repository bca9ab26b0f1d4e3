"""The compiled plant does what its source says, and its ledger closes by its laws, not by its bookkeeping."""

from dataclasses import fields, replace

import numpy as np
import pytest
from plant_examples import path_of, setpoints_of
from plant_twin import FOLDER, KERNELS, Change, kernel, simulate_plainly

from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.simulate import PlantRun, PlantSetpoints, PlantState, simulate

# A small, fast plant in which every loss occurs.
BUSY = PlantParameters(
    floaters=24,
    floater_volume_m3=0.2,
    shaft_height_m=8.0,
    chain_length_m=20.0,
    friction_n=300.0,
    column_cells=3,
    fill_policy="full_at_depth",
    ascent_index=1.2,
    dissolution_per_s_bar=1e-3,
    water_temperature_c=40.0,
    heat_source_kw=1e4,
    nanobubble_drag_reduction=0.1,
    nanobubble_air_m3_per_s=0.01,
    min_receiver_bar=2.5,
    receiver_m3=20.0,
    flywheel_kg_m2=100.0,
    windage_kw=0.5,
    generator_kw=12.0,
    compressor_min_run_s=0.0,
    compressor_restart_s=0.0,
    leak_per_day=0.5,
)
MODEL = PlantModel.of(BUSY)
# Start, drive the flywheel to its highest speed, give power, coast, hold the chain, give power from the flywheel alone,
# catch up with it, and start too slow for the power.
BUSY_PATH = setpoints_of(
    (35, {"fill": 1.0, "compressor": 100.0}),
    (15, {"fill": 1.0, "generator": 12.0}),
    (10, {"fill": 0.0, "generator": 12.0}),
    (4, {"fill": 0.0}),
    (12, {"fill": 1.0}),
    (8, {"fill": 0.0, "generator": 8.0}),
    (8, {"fill": 1.0, "generator": 10.0}),
    (8, {"fill": np.nan, "generator": 6.0}),
)

# What drives or brakes, where the air goes, or what is written down of it: at the ``@``, a hundredth is taken away.
CHANGED_LAWS = {
    "drag of the driving chain": "square * square + 4.0 * @c.drag * linear",
    "drag under load": "step = (((@c.drag * u + square)",
    "drag of the free chain": "square * square + 4.0 * @c.drag * goal",
    "friction of the driving chain": "lift_kn - @c.friction_kn, asked_kw",
    "friction of the free chain": "net = lift_kn - @c.friction_kn -",
    "brake": "c.friction_kn - @brake_kn",
    "chain's mass": "goal = @2.0 * c.chain_t * v / dt",
    "flywheel's mass": "linear = @square * omega",
    "inertia of both": "linear = (@c.chain_t + turning) * per_s * v",
    "windage of the driven flywheel": "windage = @c.chain_windage",
    "windage of the free flywheel": "square += @c.windage",
    "gear": "generator_kw) * @c.per_gear_efficiency\n    lowest",
    "clutch": "return after, @c.ratio * after, x, reasons",
    "generator": "load = @shaft_kw(c, generator_kw) * c.per_gear_efficiency\n    lowest",
    "generator of the free flywheel": "shaft = @shaft_kw(c, generator_kw)\n",
    "lift": "    return @work * c.floaters_per_m",
    "lift of what spills": "work += air * value[j] - kept * value[j + 1] - @(air - kept) * spill[j]",
    "distance of the air": "share = @x * c.cells_per_m",
    "air that comes into a cell": "cells[j] + share * (@coming - rising[j + 1])",
    "air that leaves a cell": "cells[j] + share * (coming - @rising[j + 1])",
    "spilled exergy": "spilled += @(rising[j] - coming) * spill[j]",
    "dissolving": "air -= @gone",
    "expansion": "@drawn * c.expansion_loss_kj",
    "heat": "@drawn * c.heat_exergy_kj",
}


def changed(law: str) -> Change:
    return law.replace("@", ""), law.replace("@", "0.99 * ")


def missed(run: PlantRun) -> float:
    """Share of the supplied energy by which the ledger misses."""
    return abs(run.residual_kwh) / run.supplied_kwh


def arrays_of(run: PlantRun) -> np.ndarray:
    return np.stack([getattr(run.by_second, column.name) for column in fields(run.by_second)])


def test_every_hot_loop_has_its_plain_twin() -> None:
    assert {path.stem for path in FOLDER.glob("kernel*.py")} == {*KERNELS, "kernel_constants"}


@pytest.mark.parametrize(
    ("plant", "step_s"),
    [
        (PlantParameters(), 1.0),
        (PlantParameters(fill_policy="full_at_depth", column_cells=3, leak_per_day=0.0), 0.5),
        (PlantParameters(ascent_index=1.3, dissolution_per_s_bar=0.0, generator_kw=40.0, column_cells=1), 2.0),
        (PlantParameters(receiver_m3=0.1, gear_efficiency=1.0, friction_n=0.0, windage_kw=0.0), 1.0),
        (PlantParameters(drag_area_m2=2.0, generator_kw=15.0, generator_quadratic_loss=0.0), 0.1),
        (BUSY, 1.0),
    ],
)
def test_compiled_and_plain_agree(plant: PlantParameters, step_s: float) -> None:
    model = PlantModel.of(plant, step_s)
    state = PlantState.initial(plant)
    for seed in range(4):
        path = path_of(plant, np.random.default_rng(seed), 60)
        fast = simulate(model, state, path, hold=2, record_every=1)
        plain = simulate_plainly(model, state, path, hold=2, record_every=1)
        np.testing.assert_allclose(arrays_of(fast), arrays_of(plain), rtol=1e-12, atol=1e-12)
        assert list(fast.energy_kwh.values()) == pytest.approx(list(plain.energy_kwh.values()), rel=1e-12, abs=1e-15)
        assert fast.limited_s == plain.limited_s
        state = fast.state


def test_every_loss_occurs_on_the_path_and_the_ledger_closes() -> None:
    run = simulate_plainly(MODEL, PlantState.initial(BUSY), BUSY_PATH)
    assert missed(run) < 1e-12
    assert {name for name, energy in run.energy_kwh.items() if energy <= 1e-4} == {"clutch_loss"}


@pytest.mark.parametrize("law", CHANGED_LAWS)
def test_the_ledger_notices_a_changed_law(law: str) -> None:
    run = simulate_plainly(MODEL, PlantState.initial(BUSY), BUSY_PATH, changes=[changed(CHANGED_LAWS[law])])
    assert missed(run) > 1e-6


def test_the_ledger_notices_a_clutch_that_loses_nothing() -> None:
    """Where the chain may run ahead for the rest of a step, the clutch takes hold with an impact, which is booked."""
    late: Change = ("c.ratio * after > spin_after and part < 2", "c.ratio * after > spin_after and part < 0")
    run = simulate_plainly(MODEL, PlantState.initial(BUSY), BUSY_PATH, changes=[late])
    assert run.energy_kwh["clutch_loss"] > 1e-5
    assert missed(run) < 1e-12
    hard: Change = ("v = (c.chain_t * v + c.flywheel_t * c.ratio * omega) / (c.chain_t + turning)", "v = v")
    lossless = simulate_plainly(MODEL, PlantState.initial(BUSY), BUSY_PATH, changes=[late, hard])
    assert missed(lossless) > 1e-6


def test_a_change_that_is_none_is_refused() -> None:
    with pytest.raises(AssertionError, match="stands in"):
        simulate_plainly(MODEL, PlantState.initial(BUSY), BUSY_PATH, changes=[("no such text", "")])


def test_seconds_are_counted_by_reason() -> None:
    limited = np.zeros(4)
    kernel.count(0b1010, 2.5, limited)
    kernel.count(0b0010, 1.0, limited)
    assert limited.tolist() == [0.0, 3.5, 0.0, 2.5]


def test_a_governed_plant_settles_at_its_power_within_minutes_and_never_passes_it() -> None:
    plant = PlantParameters(receiver_m3=1000.0)
    for share in (0.3, 0.6, 1.0):
        asked_kw = share * plant.generator_kw
        run = simulate(
            PlantModel.of(plant),
            PlantState.initial(plant),
            PlantSetpoints.of_power(np.full(1200, asked_kw)),
            record_every=1,
        )
        given_kw = run.by_second.generator_kw
        assert given_kw.max() <= asked_kw * (1 + 1e-12)
        assert given_kw[600:] == pytest.approx(asked_kw, rel=1e-9)
        assert run.by_second.flywheel_rad_per_s.max() < PlantModel.of(plant).constants.max_speed


def test_a_governed_plant_at_rest_that_is_asked_nothing_stays_at_rest() -> None:
    state = replace(PlantState.initial(BUSY), cell_air=(1.0, 1.0, 1.0))
    run = simulate(MODEL, state, PlantSetpoints.of_power(np.zeros(600)), record_every=1)
    assert run.by_second.chain_speed_m_per_s.max() == 0.0
    assert run.energy_kwh["dissolution_loss"] > 0.0
    assert run.energy_kwh["brake_loss"] == 0.0
    assert run.limited_s == {}


def test_the_brake_stops_the_chain_and_keeps_its_air_while_the_flywheel_runs_on() -> None:
    plant = PlantParameters(dissolution_per_s_bar=0.0)
    model = PlantModel.of(plant)
    state = replace(
        PlantState.initial(plant),
        cell_air=(0.5,) * plant.column_cells,
        chain_speed_m_per_s=1.0,
        flywheel_rad_per_s=model.constants.ratio,
    )
    run = simulate(model, state, PlantSetpoints.of_power(np.zeros(10)), record_every=1)
    assert run.by_second.chain_speed_m_per_s[0] == 0.0
    assert run.energy_kwh["brake_loss"] > 0.0
    assert np.mean(run.state.cell_air) == pytest.approx(0.5, abs=0.01)
    assert run.state.flywheel_rad_per_s == pytest.approx(model.constants.ratio, rel=0.01)
