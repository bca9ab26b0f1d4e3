"""The laws give the figures of their sources."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.chemistry import CHEMISTRIES, ChemistryName, Lfp, LmoXu, Swings, anode_potential_v
from kpp_twin.units import SECONDS_PER_DAY

XU = LmoXu()
DAYS = 365
NAMES = st.sampled_from(list(CHEMISTRIES))


def swings(depth: float, mean: float = 0.5, temperature_c: float = 25.0, c_rate: float = 0.2) -> Swings:
    values = (np.array(value) for value in (depth, mean, temperature_c, c_rate))
    return Swings(**dict(zip(Swings.__dataclass_fields__, values, strict=True)))


def at(value: float) -> np.ndarray:
    return np.array([value])


def test_ba_09_depth_stress() -> None:
    depth_stress = XU.depth_stress(np.array([1.0, 0.8, 0.5, 0.2, 0.1]))
    assert depth_stress == pytest.approx([5.8824e-5, 2.9798e-5, 1.3311e-5, 5.2479e-6, 3.1178e-6], rel=2e-5)
    assert XU.depth_stress(at(0.0)) == 0


def test_ba_10_temperature_and_state_stress() -> None:
    assert XU.temperature_stress(np.array([35.0, 15.0, 25.0])) == pytest.approx([1.95524, 0.48819, 1.0], abs=5e-6)
    assert XU.state_stress(np.array([0.9, 0.2, 0.5])) == pytest.approx([1.51589, 0.73198, 1.0], abs=5e-6)


@pytest.mark.parametrize(
    ("years", "cycles", "damage", "loss"),
    [
        (1, 0, 0.013056, 0.05788),
        (1, 365, 0.023932, 0.07661),
        (10, 3650, 0.23932, 0.2581),
        (0, 1000, 0.029798, 0.08361),
    ],
    ids=["one year of rest", "one of daily cycles", "ten of them", "cycles alone"],
)
def test_ba_11_years_and_cycles(years: int, cycles: int, damage: float, loss: float) -> None:
    calendar = years * DAYS * float(XU.calendar_rate(at(0.5), at(25.0))[0])
    cycle = cycles * float(XU.cycle_damage(swings(0.8)))
    assert calendar + cycle == pytest.approx(damage, rel=5e-5)
    assert XU.capacity_loss(calendar, cycle) == pytest.approx(loss, abs=5e-5)


def test_rest_at_the_reference_is_damage_by_time_alone() -> None:
    assert XU.calendar_rate(at(0.5), at(25.0)) == pytest.approx(4.14e-10 * SECONDS_PER_DAY)


def test_lfp_power_laws_are_kept_by_damage_that_adds_up() -> None:
    law = Lfp()
    rate = float(law.calendar_rate(at(0.5), at(25.0))[0])
    daily = rate ** (1 / law.calendar_exponent)
    cycle = float(law.cycle_damage(swings(0.8)))
    k_cyc = (4.38e-8 + 1.55e-8 * 0.8 + 1.68e-7 * 0.2) * np.exp(2.19e3 / 298.15)
    expected = rate * DAYS**0.526 + k_cyc * (0.8 * DAYS) ** 0.828
    assert law.capacity_loss(DAYS * daily, DAYS * cycle) == pytest.approx(expected, rel=1e-12)


def test_a_full_anode_has_the_lowest_potential() -> None:
    potential_v = anode_potential_v(np.linspace(0, 1, 101))
    assert (np.diff(potential_v) < 0).all()
    assert potential_v[[0, 50, 100]] == pytest.approx([0.68435, 0.12330, 0.08638], abs=5e-6)


@given(NAMES, st.floats(0.01, 0.99), st.floats(0, 0.5), st.floats(10, 40))
def test_deeper_cycles_do_more_damage(name: ChemistryName, depth: float, mean: float, temperature_c: float) -> None:
    law = CHEMISTRIES[name]
    small, large = (law.cycle_damage(swings(depth * f, mean, temperature_c)) for f in (1.0, 1.01))
    assert 0 < small < large


@given(NAMES, st.floats(0, 1), st.floats(-10, 59))
def test_warm_rest_does_more_damage(name: ChemistryName, state_of_charge: float, temperature_c: float) -> None:
    law = CHEMISTRIES[name]
    cool, warm = (law.calendar_rate(at(state_of_charge), at(temperature_c + rise)) for rise in (0, 1))
    assert 0 < cool < warm


@given(NAMES, st.floats(0, 1), st.floats(0, 1))
def test_loss_rises_with_either_damage(name: ChemistryName, calendar: float, cycle: float) -> None:
    law = CHEMISTRIES[name]
    loss = law.capacity_loss(calendar, cycle)
    assert law.capacity_loss(0.0, 0.0) == 0
    assert loss <= law.capacity_loss(calendar + 1e-6, cycle)
    assert loss <= law.capacity_loss(calendar, cycle + 1e-6)
