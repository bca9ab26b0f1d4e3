"""A converter supports the voltage as its curves say, and never beyond its rating."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.voltage import (
    ConstantPowerFactor,
    ConstantReactivePower,
    VoltageControl,
    VoltVar,
    VoltWatt,
    WattVar,
    limited,
    on_curve,
    reactive_capability_kvar,
    time_constant_s,
)
from kpp_twin.errors import ConfigError, TwinError

VOLTAGES = np.linspace(0.8, 1.2, 81)
POWERS = np.linspace(-120.0, 120.0, 49)[:, np.newaxis]


def control(reactive: Any = None, **changes: Any) -> VoltageControl:
    ratings = {"apparent_kva": 100.0, "rated_kw": 100.0}
    return VoltageControl(reactive=reactive or ConstantPowerFactor(), **(ratings | changes))


shares = st.floats(-1, 1)
modes = st.one_of(
    st.just(VoltVar()),
    st.builds(ConstantReactivePower, reactive_share=shares),
    st.builds(
        ConstantPowerFactor,
        power_factor=st.floats(0.1, 1),
        excitation=st.sampled_from(["injecting", "absorbing"]),
    ),
    st.lists(st.tuples(st.integers(-20, 20), shares), min_size=2, max_size=8, unique_by=lambda p: p[0]).map(
        lambda points: WattVar(points=tuple((x / 20, y) for x, y in sorted(points)))
    ),
)
controls = st.builds(
    VoltageControl,
    reactive=modes,
    volt_watt=st.sampled_from([None, VoltWatt(), VoltWatt(points=((1.02, 1.0), (1.06, -1.0)))]),
    apparent_kva=st.floats(100, 130),
    rated_kw=st.just(100.0),
    reactive_limit_share=st.floats(0, 1),
)


def test_vv_01_volt_var_gives_reactive_power_by_voltage() -> None:
    real_kw, reactive_kvar = control(VoltVar()).power(
        np.array([0.90, 0.92, 0.95, 0.98, 1.0, 1.02, 1.05, 1.08, 1.09]), 50.0
    )
    assert reactive_kvar == pytest.approx([44, 44, 22, 0, 0, 0, -22, -44, -44], abs=1e-3)
    assert real_kw == pytest.approx([50] * 9, abs=1e-3)


def test_vv_02_reactive_power_goes_first() -> None:
    real_kw, reactive_kvar = control(VoltVar()).power(0.92, np.array([100.0, 95.0, 90.0, 80.0, -100.0]))
    assert real_kw == pytest.approx([89.7998, 89.7998, 89.7998, 80.0, -89.7998], abs=1e-3)
    assert reactive_kvar == pytest.approx([44.0] * 5, abs=1e-3)


def test_vv_03_volt_watt_is_a_ceiling_on_active_power() -> None:
    voltage = np.array([1.05, 1.06, 1.07, 1.08, 1.09, 1.12])
    real_kw, reactive_kvar = control(volt_watt=VoltWatt()).power(voltage, 100.0)
    assert real_kw == pytest.approx([100, 100, 75, 50, 25, 0], abs=1e-3)
    assert not reactive_kvar.any()


def test_vv_04_reactive_capability_is_the_rest_of_the_circle_within_its_limit() -> None:
    power = np.array([0.0, 50.0, 80.0, 90.0, 100.0])
    assert reactive_capability_kvar(power, 100.0, 1.0) == pytest.approx([100, 86.6025, 60, 43.5890, 0], abs=1e-3)
    assert reactive_capability_kvar(power, 100.0) == pytest.approx([44, 44, 44, 43.5890, 0], abs=1e-3)


def test_vv_05_a_constant_power_factor_fills_the_rating() -> None:
    real_kw, reactive_kvar = control(ConstantPowerFactor(power_factor=0.9)).power(1.0, 90.0)
    assert (real_kw, reactive_kvar) == pytest.approx((90.0, 43.5890), abs=1e-3)
    assert np.hypot(real_kw, reactive_kvar) == pytest.approx(100.0, abs=1e-3)


@given(controls)
def test_the_rating_and_the_reactive_limit_hold_and_nothing_is_added_to_what_was_asked(control: VoltageControl) -> None:
    real_kw, reactive_kvar = control.power(VOLTAGES, POWERS)
    assert real_kw.shape == reactive_kvar.shape == (49, 81)
    assert (real_kw**2 + reactive_kvar**2 <= control.apparent_kva**2 * (1 + 1e-12)).all()
    assert np.abs(reactive_kvar).max() <= control.reactive_limit_share * control.apparent_kva
    assert np.abs(real_kw).max() <= control.rated_kw
    if control.volt_watt is None:
        assert (np.abs(real_kw) <= np.abs(POWERS)).all()
        assert (real_kw * POWERS >= 0).all()


@given(controls)
def test_reactive_power_is_what_the_function_asks_for_at_the_power_that_is_left(control: VoltageControl) -> None:
    real_kw, reactive_kvar = control.power(VOLTAGES, POWERS)
    limit_kvar = control.reactive_limit_share * control.apparent_kva
    asked_kvar = np.clip(control.reactive_asked_kvar(VOLTAGES, real_kw), -limit_kvar, limit_kvar)
    left_kw = np.clip(POWERS, *control.real_power_limits_kw(VOLTAGES))
    assert np.abs(reactive_kvar - asked_kvar).max() <= 1e-6
    assert np.abs(real_kw - left_kw).max() <= 1e-6


@given(st.lists(st.tuples(st.integers(800, 1200), shares), min_size=2, max_size=8, unique_by=lambda p: p[0]))
def test_volt_var_never_injects_more_at_a_higher_voltage(points: list[tuple[int, float]]) -> None:
    falling = sorted((y for _, y in points), reverse=True)
    curve = tuple((v / 1000, y) for v, y in zip(sorted(v for v, _ in points), falling, strict=True))
    assert (np.diff(control(VoltVar(points=curve)).power(VOLTAGES, 50.0)[1]) <= 0).all()


def test_watt_var_is_symmetric_and_leaves_low_power_alone() -> None:
    power = np.array([-100.0, -75.0, -50.0, 0.0, 50.0, 75.0])
    real_kw, reactive_kvar = control(WattVar()).power(1.0, power)
    assert reactive_kvar[1:] == pytest.approx([22, 0, 0, 0, -22], abs=1e-3)
    assert real_kw[1:] == pytest.approx(power[1:])
    assert math.hypot(real_kw[0], reactive_kvar[0]) == pytest.approx(100.0)


def test_a_reduced_power_keeps_its_power_factor_until_reactive_power_is_at_its_limit() -> None:
    slight, deep = (control(ConstantPowerFactor(power_factor=f, excitation="absorbing")) for f in (0.95, 0.8))
    assert slight.power(1.0, 100.0) == pytest.approx((95.0, -31.2250), abs=1e-3)
    assert slight.power(1.0, -100.0) == pytest.approx((-95.0, -31.2250), abs=1e-3)
    assert deep.power(1.0, 100.0) == pytest.approx((89.7998, -44.0), abs=1e-3)


def test_volt_watt_lets_a_battery_charge_unless_its_curve_asks_for_it() -> None:
    assert control(volt_watt=VoltWatt()).power(1.10, np.array([-80.0, 80.0]))[0] == pytest.approx([-80.0, 0.0])
    absorbing = VoltWatt(points=((1.06, 1.0), (1.10, -1.0)))
    assert control(volt_watt=absorbing).power(1.09, 80.0)[0] == pytest.approx(-50.0)


def test_rated_power_below_the_apparent_power_is_the_base_of_active_power() -> None:
    wide = control(WattVar(), apparent_kva=120.0, volt_watt=VoltWatt())
    assert wide.power(1.0, 100.0) == pytest.approx((100.0, -52.8))
    assert wide.power(1.08, 100.0) == pytest.approx((50.0, 0.0))


def test_a_converter_does_nothing_for_the_voltage_until_it_is_told_to() -> None:
    real_kw, reactive_kvar = control().power(VOLTAGES, 70.0)
    assert (real_kw == 70.0).all()
    assert not reactive_kvar.any()


def test_no_more_reactive_power_than_was_offered() -> None:
    assert limited(100.0, np.array([30.0, 10.0, -30.0]), 100.0, 0.2)[1] == pytest.approx([20.0, 10.0, -20.0])


def test_an_open_loop_response_time_is_ninety_percent_of_a_step() -> None:
    assert 1 - math.exp(-5.0 / time_constant_s(5.0)) == pytest.approx(0.9)


def test_a_curve_is_straight_between_its_points_and_constant_beyond() -> None:
    assert on_curve(((0.0, 1.0), (1.0, 0.0)), np.array([-1.0, 0.25, 2.0])) == pytest.approx([1.0, 0.75, 0.0])


def test_all_faults_of_a_curve_come_in_one_message() -> None:
    with pytest.raises(ConfigError, match="5 fault") as caught:
        VoltVar(points=((1.02, -0.1), (0.98, 1.2), (math.nan, 0.0)), response_time_s=0.0)
    for part in ("voltage nan", "power 1.2", "must rise", "must not rise", "response_time_s"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("build", "fault"),
    [
        (lambda: WattVar(points=((0.0, 0.0),)), "at least 2 points"),
        (lambda: WattVar(points=((-1.0, 0.0), (1.5, math.nan))), "2 fault"),
        (lambda: VoltWatt(points=((1.06, 0.0), (1.10, 1.0))), "must not rise"),
        (lambda: ConstantPowerFactor(power_factor=math.nan, excitation="both"), "2 fault"),  # type: ignore[arg-type]
        (lambda: ConstantReactivePower(reactive_share=-1.1), "reactive_share"),
        (lambda: control(apparent_kva=math.nan, reactive_limit_share=2.0), "3 fault"),
        (lambda: control(rated_kw=101.0), "rated_kw"),
        (lambda: limited(0.0, 0.0, -1.0, math.nan), "2 fault"),
        (lambda: reactive_capability_kvar(0.0, 0.0), "apparent_kva"),
    ],
)
def test_impossible_settings_are_refused(build: Any, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        build()


def test_a_voltage_or_power_that_was_not_measured_is_refused() -> None:
    with pytest.raises(TwinError, match="1 of voltage_pu, 2 of real_power_kw"):
        control().power(np.array([1.0, math.nan]), np.array([math.inf, math.nan]))
    with pytest.raises(TwinError, match="reactive_power_kvar"):
        limited(0.0, math.nan, 100.0)
