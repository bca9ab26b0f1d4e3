"""Pulse and coast (H3) stores in the flywheel, and creates nothing."""

import numpy as np
import pytest
from plant_examples import check_ledger

from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.patterns import pulse_and_coast
from kpp_twin.plant.simulate import PlantState, simulate
from kpp_twin.plant.steady import steady_point


def test_pulses_and_coasts_alternate_and_the_generator_does_not() -> None:
    told = pulse_and_coast(7, pulse_steps=2, coast_steps=1, generator_kw=9.0, fill_fraction=0.8)
    assert told.fill_fraction.tolist() == [0.8, 0.8, 0.0, 0.8, 0.8, 0.0, 0.8]
    assert told.generator_kw.tolist() == [9.0] * 7
    assert told.compressor_kw.tolist() == [0.0] * 7
    told.check()
    steady = pulse_and_coast(3, pulse_steps=1, coast_steps=0, generator_kw=9.0)
    assert steady.fill_fraction.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(("pulse", "coast"), [(0, 1), (-1, 1), (1, -1)])
def test_lengths_that_are_none_are_refused(pulse: int, coast: int) -> None:
    with pytest.raises(ValueError, match=f"pulse_steps {pulse} .* coast_steps {coast}"):
        pulse_and_coast(10, pulse_steps=pulse, coast_steps=coast, generator_kw=1.0)


@pytest.mark.parametrize(("pulse", "coast"), [(2, 1), (5, 5), (30, 20)])
def test_pulsing_gives_no_more_for_its_air_than_filling_steadily(pulse: int, coast: int) -> None:
    """Electricity per air over the same time, what is stored at the end reckoned as electricity."""
    plant = PlantParameters(receiver_m3=1e4, leak_per_day=0.0)
    model, start = PlantModel.of(plant), PlantState.initial(plant)
    path = pulse_and_coast(3000, pulse_steps=pulse, coast_steps=coast, generator_kw=20.0)
    run = simulate(model, start, path, record_every=1)
    check_ledger(model, start, run)
    arrived_kwh = run.energy_kwh["generator_out"] + sum(
        energy for name, energy in run.energy_kwh.items() if name.endswith("_loss") and name != "throttle_loss"
    )
    mean_speed = float(np.mean(run.by_second.chain_speed_m_per_s))
    steady = steady_point(plant, mean_speed)
    assert run.energy_kwh["generator_out"] < arrived_kwh
    assert run.energy_kwh["generator_out"] / arrived_kwh <= steady.generator_kw / steady.arrival_kw
