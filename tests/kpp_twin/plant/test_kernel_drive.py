"""Chain, clutch, flywheel and generator by themselves: Newton's laws, and every bit of work accounted for."""

import math
from typing import Any

import numpy as np
import pytest
from conftest import IS_FULL
from hypothesis import given, settings
from hypothesis import strategies as st
from plant_examples import plants
from plant_twin import drive

from kpp_twin.plant.kernel_constants import Constants, Reason, Total
from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.parameters import PlantParameters


def constants_of(**changes: Any) -> Constants:
    return PlantModel.of(PlantParameters(**changes)).constants


C = constants_of()
HIGHEST, LOWEST = C.max_speed / C.ratio, C.min_speed / C.ratio
LOSSES = [total for total in Total if total.name.endswith("_LOSS")]


class Moved:
    """What became of chain and flywheel in a time."""

    def __init__(
        self,
        constants: Constants = C,
        *,
        v: float,
        omega: float | None = None,
        lift: float = 0.0,
        brake: float = 0.0,
        asked: float = 0.0,
        dt: float = 1.0,
    ) -> None:
        """Without a speed of its own, the flywheel is engaged."""
        c, self.sums = constants, np.zeros(len(Total))
        omega = c.ratio * v if omega is None else omega
        self.v, self.omega, self.x, why = drive.move(c, v, omega, lift, brake, asked, dt, self.sums)
        self.reasons = {reason for reason in Reason if why >> reason & 1}
        self.generated_kw = self.sums[Total.GENERATOR_OUT] / dt
        before = 0.5 * c.chain_t * v**2 + 0.5 * c.flywheel_t * omega**2
        after = 0.5 * c.chain_t * self.v**2 + 0.5 * c.flywheel_t * self.omega**2
        self.size = before + after + abs(lift) * self.x + 1e-9
        spent = self.sums[Total.GENERATOR_OUT] + self.sums[LOSSES].sum()
        self.missed = abs(before + lift * self.x - after - spent) / self.size


def slowly(c: Constants, v: float, lift: float, asked: float, seconds: float) -> float:
    """Speed of the engaged chain after a time, by Newton's second law in steps of a millisecond."""
    inertia = c.chain_t + c.flywheel_t * c.ratio**2 / c.gear_efficiency

    def force(v: float) -> float:
        turned = (drive.shaft_kw(c, asked) / v + c.windage * c.ratio**2 * v) / c.gear_efficiency
        return lift - c.friction_kn - c.drag * v * v - turned

    step = 1e-3
    for _ in range(round(seconds / step)):
        middle = v + 0.5 * step * force(v) / inertia
        v += step * force(middle) / inertia
    return v


@pytest.mark.parametrize("losses", [(0.0, 0.0, 0.0), (0.012, 0.02, 0.03), (0.1, 0.0, 0.3)])
@given(power_kw=st.floats(0, 15))
def test_shaft_and_electric_power_are_each_other_s_inverse(losses: tuple[float, ...], power_kw: float) -> None:
    names = ("generator_standing_loss", "generator_linear_loss", "generator_quadratic_loss")
    c = constants_of(generator_kw=15.0, **dict(zip(names, losses, strict=True)))
    assert drive.shaft_kw(c, power_kw) >= power_kw
    assert drive.electric_kw(c, drive.shaft_kw(c, power_kw)) == pytest.approx(power_kw, rel=1e-9, abs=1e-9)


def test_a_generator_that_is_off_or_gets_less_than_its_standing_loss_gives_nothing() -> None:
    assert drive.shaft_kw(C, 0.0) == 0.0
    assert drive.electric_kw(C, C.standing_kw) == 0.0
    assert drive.electric_kw(C, -5.0) == 0.0


@settings(max_examples=500 if IS_FULL else 20)
@given(plants(), st.integers(0, 2**32 - 1))
def test_all_work_is_accounted_for(plant: PlantParameters, seed: int) -> None:
    """Of a chain that drives, catches up, is held or coasts."""
    c, rng = PlantModel.of(plant).constants, np.random.default_rng(seed)
    for _ in range(50):
        omega = rng.choice([0.0, 0.999, 1.0, rng.random()]) * c.max_speed
        moved = Moved(
            c,
            v=rng.choice([0.0, 1.0, rng.random()]) * omega / c.ratio,
            omega=omega,
            lift=rng.choice([0.0, 1.0, rng.random()]) * c.full_kn,
            brake=rng.choice([0.0, 0.0, 1.5]) * c.full_kn,
            asked=rng.choice([0.0, 1.0, rng.random()]) * c.generator_kw,
            dt=1.0 / c.substeps,
        )
        assert moved.missed < 1e-9
        assert moved.sums.min() >= -1e-9 * moved.size
        assert moved.omega <= c.max_speed * (1 + 1e-12)
        assert 0 <= moved.v * c.ratio <= moved.omega * (1 + 1e-12)
        assert moved.x >= 0


@pytest.mark.parametrize(
    ("v", "lift", "asked"),
    [(0.5, 40.0, 0.0), (0.6, 40.0, 20.0), (1.0, 20.0, 45.0), (1.2, 15.0, 30.0), (0.01, 1.0, 0.0)],
)
def test_the_driving_chain_obeys_newton(v: float, lift: float, asked: float) -> None:
    expected = slowly(C, v, lift, asked, 4.0)
    errors = []
    for dt in (1.0, 0.5):
        speed = v
        for _ in range(round(4.0 / dt)):
            moved = Moved(v=speed, lift=lift, asked=asked, dt=dt)
            assert moved.omega == pytest.approx(C.ratio * moved.v)
            speed = moved.v
        errors.append(abs(speed - expected))
    assert errors[0] < 2e-3 * expected
    assert errors[1] < 0.3 * errors[0] + 1e-6, "the error falls with the square of the step"


def test_a_chain_is_driven_to_where_the_lift_balances_what_brakes() -> None:
    speed = 1.0
    for _ in range(1000):
        speed = Moved(v=speed, lift=20.0, asked=8.0).v
    turned_kw = (drive.shaft_kw(C, 8.0) + C.windage * (C.ratio * speed) ** 2) / C.gear_efficiency
    assert 20.0 * speed == pytest.approx(turned_kw + C.friction_kn * speed + C.drag * speed**3, rel=1e-6)


def test_a_free_chain_slows_by_its_drag_and_friction() -> None:
    """The flywheel is far ahead: v(t) of drag alone is v/(1 + c v t/M)."""
    c = constants_of(friction_n=0.0)
    speed, omega = 1.0, c.max_speed
    for _ in range(1000):
        moved = Moved(c, v=speed, omega=omega, dt=0.01)
        speed, omega = moved.v, moved.omega
    assert speed == pytest.approx(1.0 / (1.0 + c.drag * 10.0 / c.chain_t), rel=1e-6)
    assert omega == pytest.approx(c.max_speed * math.exp(-c.windage / c.flywheel_t * 10.0), rel=1e-6)


def test_the_brake_stops_the_chain_within_the_step_and_not_the_flywheel() -> None:
    moved = Moved(v=1.0, lift=30.0, brake=C.brake_kn)
    assert moved.v == 0.0
    assert moved.omega > 0.99 * C.ratio
    net_kn = C.brake_kn + C.friction_kn - 30.0
    assert moved.x == pytest.approx(0.5 * C.chain_t * 1.0 / net_kn, rel=0.02)
    assert moved.sums[Total.BRAKE_LOSS] == pytest.approx(C.brake_kn * moved.x)


@pytest.mark.parametrize("lift", [0.0, C.friction_kn])
def test_friction_holds_a_chain_at_rest(lift: float) -> None:
    moved = Moved(v=0.0, omega=30.0, lift=lift)
    assert (moved.v, moved.x) == (0.0, 0.0)
    assert Moved(v=0.0, omega=30.0, lift=C.friction_kn + 0.01).v > 0.0


def test_a_chain_that_catches_up_drives_the_flywheel_without_an_impact() -> None:
    moved = Moved(v=0.8, omega=0.85 * C.ratio, lift=57.0, dt=1.0)
    assert moved.omega == pytest.approx(C.ratio * moved.v, rel=1e-12)
    assert moved.v > 0.85
    assert moved.sums[Total.CLUTCH_LOSS] < 1e-12
    assert moved.sums[Total.GEAR_LOSS] > 0.0
    halved = Moved(v=0.8, omega=0.85 * C.ratio, lift=57.0, dt=0.5)
    again = Moved(v=halved.v, omega=halved.omega, lift=57.0, dt=0.5)
    assert again.v == pytest.approx(moved.v, rel=1e-3)


def test_a_chain_slower_than_the_flywheel_does_not_drive_it() -> None:
    moved = Moved(v=0.3, omega=C.ratio, lift=5.0, asked=20.0)
    assert moved.generated_kw == 20.0
    assert moved.sums[Total.GEAR_LOSS] == 0.0
    shaft_kj = drive.shaft_kw(C, 20.0) + moved.sums[Total.WINDAGE_LOSS]
    assert moved.omega == pytest.approx(math.sqrt(C.ratio**2 - 2 * shaft_kj / C.flywheel_t))


def test_the_generator_gives_nothing_below_its_least_speed() -> None:
    moved = Moved(v=0.9 * LOWEST, lift=0.7, asked=20.0)
    assert moved.generated_kw == 0.0
    assert moved.reasons == {Reason.FLYWHEEL_TOO_SLOW}
    free = Moved(v=0.0, omega=0.9 * C.min_speed, asked=20.0)
    assert (free.generated_kw, free.reasons) == (0.0, {Reason.FLYWHEEL_TOO_SLOW})


def test_the_generator_draws_the_flywheel_down_to_its_least_speed_and_no_further() -> None:
    engaged = Moved(v=1.05 * LOWEST, lift=5.0, asked=45.0)
    assert 0.0 < engaged.generated_kw < 45.0
    assert engaged.v == pytest.approx(LOWEST, rel=1e-9)
    assert engaged.reasons == {Reason.FLYWHEEL_TOO_SLOW}
    free = Moved(v=0.0, omega=1.05 * C.min_speed, asked=45.0)
    assert 0.0 < free.generated_kw < 45.0
    assert free.omega == pytest.approx(C.min_speed, rel=1e-12)
    assert free.reasons == {Reason.FLYWHEEL_TOO_SLOW}


@pytest.mark.parametrize("windage", [0.0, 0.3])
@pytest.mark.parametrize("excess", [0.0, 2.3e-16, 1e-15])
def test_a_chain_at_its_highest_speed_is_braked(windage: float, excess: float) -> None:
    """Even where the digits of the flywheel's speed lie a little above it."""
    c = constants_of(windage_kw=windage)
    moved = Moved(c, v=HIGHEST, omega=c.max_speed * (1 + excess), lift=50.0)
    assert moved.omega <= c.max_speed * (1 + 1e-12)
    assert moved.sums[Total.BRAKE_LOSS] > 0.0
    assert moved.reasons == {Reason.CHAIN_TOO_FAST}
    assert moved.missed < 1e-12


@pytest.mark.parametrize("short_kn", [0.0, 0.01, 0.3, 3.0])
def test_a_light_chain_at_its_highest_speed_with_a_little_too_much_load_gives_no_more_than_it_gets(
    short_kn: float,
) -> None:
    light = {"flywheel_kg_m2": 1.0, "flywheel_rated_rpm": 280.0, "flywheel_max_rpm": 300.0}
    c = constants_of(fill_policy="full_at_depth", generator_kw=80.0, converter_kva=80.0, **light)
    speed = c.max_speed / c.ratio
    turned_kw = (drive.shaft_kw(c, 80.0) + c.windage * c.max_speed**2) / c.gear_efficiency
    balance_kn = turned_kw / speed + c.friction_kn + c.drag * speed**2
    moved = Moved(c, v=speed, omega=c.max_speed, lift=balance_kn - short_kn, asked=80.0)
    assert moved.missed < 1e-9


def test_the_flywheel_alone_gives_its_energy_for_seconds() -> None:
    """450 to 300 1/min give 308 kJ: 100 kW for 3.1 s."""
    rpm = math.tau / 60
    lossless = {f"generator_{name}_loss": 0.0 for name in ("standing", "linear", "quadratic")}
    c = constants_of(windage_kw=0.0, flywheel_min_rpm=300.0, **lossless)
    omega, given_kj = 450 * rpm, 0.0
    for _ in range(40):
        moved = Moved(c, v=0.0, omega=omega, asked=100.0, dt=0.1)
        omega, given_kj = moved.omega, given_kj + moved.sums[Total.GENERATOR_OUT]
    assert given_kj == pytest.approx(308.0, abs=0.5)
    assert omega == pytest.approx(300 * rpm)
