"""Each reason for not following a setpoint occurs where it should, and nowhere else."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from plant_examples import setpoints_of

from kpp_twin.plant.kernel_constants import Reason
from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.simulate import PlantRun, PlantState, simulate

RPM = 2 * np.pi / 60


@dataclass(frozen=True)
class Case:
    """A plant that turns at a speed with a full column, its compressor running or at rest, and what it is told."""

    told: dict[str, float]
    plant: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    rpm: float = 350.0
    steps: int = 10

    def run(self) -> PlantRun:
        plant = PlantParameters(**{"leak_per_day": 0.0, **self.plant})
        model = PlantModel.of(plant)
        turning = replace(
            PlantState.initial(plant),
            cell_air=tuple(model.column.held(model.column.full)[1:].tolist()),
            flywheel_rad_per_s=self.rpm * RPM,
            chain_speed_m_per_s=self.rpm * RPM / model.constants.ratio,
        )
        state = replace(turning, **self.state)
        return simulate(model, state, setpoints_of((self.steps, self.told)), record_every=1)


RUNNING = {"compressor_kw": 100.0, "compressor_runs": True, "compressor_since_s": 10.0}
HELD = {"fill": 0.0}
CASES = {
    Reason.COMPRESSOR_RATING: Case({**HELD, "compressor": 151.0}, {"compressor_ramp_kw_per_s": 1000.0}),
    Reason.COMPRESSOR_LEAST_POWER: Case({**HELD, "compressor": 44.0}),
    Reason.COMPRESSOR_MUST_RUN: Case(HELD, state=RUNNING),
    Reason.COMPRESSOR_RESTART_WAIT: Case({**HELD, "compressor": 50.0}, state={"compressor_since_s": 10.0}),
    Reason.COMPRESSOR_RAMP: Case({**HELD, "compressor": 150.0}),
    Reason.CONNECTION_LIMIT: Case({**HELD, "compressor": 100.0, "limit": 0.0}, state=RUNNING),
    Reason.RECEIVER_FULL: Case({**HELD, "compressor": 50.0}, state={"receiver_kpa": 1000.0}),
    Reason.RECEIVER_EMPTY: Case({"fill": 1.0}, state={"receiver_kpa": 400.0}, rpm=200.0),
    Reason.HEAT_SOURCE_LIMIT: Case({"fill": 1.0}, {"water_temperature_c": 40.0, "heat_source_kw": 1.0}, rpm=200.0),
    Reason.GENERATOR_RATING: Case({"fill": 1.0, "generator": 46.0}, state={"generator_kw": 45.0}),
    Reason.GENERATOR_RAMP: Case({"fill": 1.0, "generator": 40.0}, {"generator_ramp_kw_per_s": 5.0}, rpm=250.0),
    Reason.FLYWHEEL_TOO_SLOW: Case({"fill": 1.0, "generator": 20.0}, rpm=100.0, steps=2),
    Reason.CHAIN_POWER_SHORT: Case({"generator": 45.0}, state={"cell_air": (0.0,) * 16}, rpm=200.0, steps=3),
    Reason.CHAIN_TOO_FAST: Case({"fill": 1.0}, rpm=450.0),
}
BESIDES = {Reason.CHAIN_POWER_SHORT: {"flywheel_too_slow"}}


def test_every_reason_of_the_hot_loop_has_its_case() -> None:
    """The converter's rating limits no energy: `simulate` adds it to the trajectory."""
    assert set(CASES) == set(Reason) - {Reason.CONVERTER_RATING}


@pytest.mark.parametrize("reason", CASES, ids=lambda reason: reason.name.lower())
def test_a_reason_occurs_in_its_case_alone(reason: Reason) -> None:
    run = CASES[reason].run()
    assert reason.name.lower() in run.limited_s
    assert set(run.limited_s) - BESIDES.get(reason, set()) == {reason.name.lower()}


@pytest.mark.parametrize("reason", CASES, ids=lambda reason: reason.name.lower())
def test_seconds_and_records_tell_the_same_reasons(reason: Reason) -> None:
    run = CASES[reason].run()
    told = [run.by_second.reasons_of(second) for second in range(len(run.by_second.reasons))]
    assert run.limited_s == {name: float(sum(name in names for names in told)) for name in set().union(*told)}


def test_what_can_be_followed_has_no_reason() -> None:
    told = {"fill": 1.0, "generator": 40.0, "compressor": 100.0}
    state = {"generator_kw": 40.0, "compressor_kw": 100.0, "compressor_runs": True}
    run = Case(told, state=state, rpm=300.0, steps=20).run()
    assert run.limited_s == {}
    assert run.by_second.generator_kw == pytest.approx(40.0)
    assert run.by_second.compressor_kw == pytest.approx(100.0)


def test_a_trip_of_the_connection_is_at_once() -> None:
    assert CASES[Reason.CONNECTION_LIMIT].run().by_second.compressor_kw.max() == 0.0


def test_the_compressor_must_run_until_its_time_is_over() -> None:
    run = replace(CASES[Reason.COMPRESSOR_MUST_RUN], steps=80).run()
    assert run.limited_s == {"compressor_must_run": 50.0}
    assert (run.by_second.compressor_kw == np.where(np.arange(80) < 50, 45.0, 0.0)).all()


def test_the_compressor_waits_until_it_may_start_again() -> None:
    run = replace(CASES[Reason.COMPRESSOR_RESTART_WAIT], steps=80).run()
    assert run.limited_s == {"compressor_restart_wait": 50.0}
    assert (run.by_second.compressor_kw == np.where(np.arange(80) < 50, 0.0, 50.0)).all()


def test_an_empty_receiver_gives_no_air_and_a_poor_heat_source_a_little() -> None:
    empty = CASES[Reason.RECEIVER_EMPTY].run()
    assert empty.state.receiver_kpa == 400.0
    assert empty.state.cell_air[0] < 1e-3
    poor = CASES[Reason.HEAT_SOURCE_LIMIT].run()
    assert poor.energy_kwh["heat_in"] * 3600 / 10 == pytest.approx(1.0, rel=0.1)
    assert poor.energy_kwh["heat_in"] * 3600 / 10 <= 1.0


def test_the_generator_ramps_either_way() -> None:
    up = CASES[Reason.GENERATOR_RAMP].run().by_second.generator_kw
    assert up == pytest.approx(np.minimum(5.0 * np.arange(1, 11), 40.0))
    down = replace(CASES[Reason.GENERATOR_RAMP], told={"fill": 1.0}, state={"generator_kw": 40.0}).run()
    assert down.by_second.generator_kw == pytest.approx(np.maximum(35.0 - 5.0 * np.arange(10), 0.0))
    assert down.limited_s == {"generator_ramp": 7.0}
