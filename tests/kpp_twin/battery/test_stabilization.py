"""The controller answers frequency and voltage as the reference cases say, in a run and step by step alike."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from battery_twin import DESIGN, bytes_of, model_of, models, spoiled, steady
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.model import BatteryModel
from kpp_twin.battery.simulate import BatteryOrders
from kpp_twin.battery.stabilization import GridStabilizationController, StabilizationRun
from kpp_twin.battery.voltage import (
    ConstantPowerFactor,
    ConstantReactivePower,
    VoltageControl,
    VoltVar,
    VoltWatt,
    WattVar,
)
from kpp_twin.errors import TwinError
from kpp_twin.frequency.products import FrequencyProduct, product_named, products
from kpp_twin.units import Array

SMALL = replace(DESIGN, max_power=100.0, min_soc=0.0, max_soc=1.0)
REACTIVE = [
    VoltVar(),
    VoltVar(response_time_s=0.1),
    ConstantReactivePower(reactive_share=0.3),
    ConstantReactivePower(reactive_share=-1.0),
    WattVar(),
    ConstantPowerFactor(),
    ConstantPowerFactor(power_factor=0.9),
    ConstantPowerFactor(power_factor=0.5, excitation="absorbing"),
]


def droop(setpoint_kw: float, frequency_hz: Array, step_s: float = 1.0) -> StabilizationRun:
    """The reference's battery of 100 kW, with its defaults."""
    controller = GridStabilizationController(BatteryModel.of(SMALL, product_named("IEEE 1547"), 100.0, step_s=step_s))
    return controller.run(frequency_hz, orders=BatteryOrders.steady(setpoint_kw), record_every=1)


def settled_kw(setpoint_kw: float, frequency_hz: float) -> float:
    return float(droop(setpoint_kw, steady(frequency_hz, 60, 60.0)).battery.records.end_power_kw[-1])


def test_fr_03_droop_of_a_battery_at_half_its_power() -> None:
    frequency = [60.036, 60.1, 60.5, 61.0, 59.964, 59.9, 59.5, 59.0]
    expected = [50, 47.867, 34.533, 17.867, 50, 52.133, 65.467, 82.133]
    assert [settled_kw(50.0, hz) for hz in frequency] == pytest.approx(expected, abs=1e-3)


def test_fr_04_droop_of_a_battery_at_rest_and_near_its_limit() -> None:
    found = [settled_kw(0.0, 61.0), settled_kw(0.0, 59.0), settled_kw(90.0, 59.0)]
    assert found == pytest.approx([-32.133, 32.133, 100.0], abs=1e-3)


@pytest.mark.parametrize("step_s", [0.1, 0.2])
def test_fr_05_droop_comes_with_its_open_loop_response_time(step_s: float) -> None:
    before = round(10 / step_s)
    frequency = np.r_[steady(60.0, before, 61.0), steady(59.5, round(12 / step_s), 60.0)]
    power = droop(50.0, frequency, step_s).battery.records.end_power_kw[before - 1 :]
    found = [power[round(seconds / step_s)] for seconds in (0.0, 1.0, 2.2, 5.0, 10.0)]
    assert found == pytest.approx([50.0, 55.47, 59.71, 63.88, 65.31], rel=0.01)


def test_the_design_battery_is_at_nine_tenths_after_its_time() -> None:
    """A hundredth of a second at a time; 0.1 s times ln 10."""
    controller = GridStabilizationController(model_of("FCR", step_s=0.01))
    run = controller.run(np.r_[np.full(5, 50.0), steady(49.8, 100)], record_every=1)
    power = run.battery.records.end_power_kw[5:]
    assert np.interp(0.9 * 400.0, power, 0.01 * np.arange(1, 101)) == pytest.approx(0.230, abs=0.003)


@given(
    st.sampled_from([p for p in products() if len(p.curve()[0])]), st.floats(-0.9, 0.9), st.floats(0, 0.5), st.data()
)
def test_power_falls_as_frequency_rises_whatever_the_energy(
    product: FrequencyProduct, deviation_hz: float, higher_by_hz: float, data: st.DataObject
) -> None:
    model = model_of(product.name, 100.0)
    energy_kwh = data.draw(st.floats(*model.window_kwh))
    powers = []
    for hz in (product.nominal_hz + deviation_hz, min(product.nominal_hz + deviation_hz + higher_by_hz, 60.9)):
        controller = GridStabilizationController(model)
        controller.state = controller.state.initial(model, energy_kwh)
        powers.append(controller.step(min(max(hz, product.nominal_hz - 0.9), product.nominal_hz + 0.9)).power_kw)
    assert powers[1] <= powers[0] + 1e-9


@given(models(), st.integers(0, 2**32 - 1), st.sampled_from([None, VoltVar()]))
def test_step_by_step_is_the_same_as_a_run(model: BatteryModel, seed: int, reactive: VoltVar | None) -> None:
    rng = np.random.default_rng(seed)
    frequency = spoiled(rng.normal(model.product.nominal_hz, 0.1, 25), rng)
    voltage = np.where(rng.random(25) < 0.2, np.nan, rng.normal(1.0, 0.05, 25))
    signal = rng.uniform(-1, 1, 25) if model.product.follows_signal else None
    setpoint_kw = rng.uniform(-1, 1) * model.config.max_power
    kva = model.config.max_power
    control = reactive and VoltageControl(apparent_kva=kva, rated_kw=kva, reactive=reactive)
    whole, live = (GridStabilizationController(model, control) for _ in range(2))
    given_pu = None if control is None else voltage
    run = whole.run(frequency, given_pu, BatteryOrders.steady(setpoint_kw), signal=signal, record_every=1)
    steps = [
        live.step(
            hz,
            None if control is None else voltage[k],
            setpoint_kw=setpoint_kw,
            signal=None if signal is None else signal[k],
        )
        for k, hz in enumerate(frequency)
    ]
    assert np.array(live.state.variables).tobytes() == np.array(whole.state.variables).tobytes()
    assert [step.power_kw for step in steps] == run.battery.records.end_power_kw.tolist()
    assert [step.reactive_kvar for step in steps] == run.reactive_kvar.tolist()
    assert steps[-1].state_of_charge == run.battery.state.energy_kwh / model.config.capacity
    counted = {name: sum(name in step.flags for step in steps) for name in run.battery.flag_s}
    assert counted == pytest.approx({name: s / model.constants.step_s for name, s in run.battery.flag_s.items()})


def test_a_live_loop_survives_whatever_the_meter_shows() -> None:
    controller = GridStabilizationController(model_of("FCR"))
    assert controller.step(49.9).power_kw == pytest.approx(200.0, abs=0.01)
    for sample, flag in ((math.nan, "missing"), (0.0, "out_of_range"), (60.0, "other_nominal"), (51.9, "jump")):
        command = controller.step(sample)
        assert command.power_kw == pytest.approx(200.0, abs=0.01)
        assert set(command.flags) == {flag, "held"}
    for _ in range(6):
        controller.step(math.inf)
    degraded = controller.step(math.inf)
    assert degraded.power_kw == pytest.approx(0.0, abs=0.05)
    assert set(degraded.flags) == {"out_of_range", "degraded"}


def after_a_loss(product: FrequencyProduct, step_s: float = 0.1) -> tuple[Array, Array]:
    """Frequency and power of a system of 100 GVA s that loses 1.2 GW, of which the battery stands for 300 MW."""
    model = BatteryModel.of(DESIGN, product, 300.0, step_s=step_s)
    controller = GridStabilizationController(model)
    frequency, governor, power, trace = 50.0, 0.0, 0.0, []
    for k in range(round(100 / step_s)):
        # Governors with a lag of 6 s that give 6 GW/Hz up to 1.3 GW; load that falls by 1 GW/Hz.
        short_mw = (1200.0 if k * step_s >= 5 else 0.0) - governor - power - 1000.0 * (50.0 - frequency)
        frequency -= short_mw * 50.0 / (2 * 100_000.0) * step_s
        governor += (min(6000.0 * (50.0 - frequency), 1300.0) - governor) * step_s / 6.0
        power = controller.step(frequency).power_kw  # as many MW as the battery gives kW
        trace.append((frequency, power))
    hz, mw = np.array(trace).T
    return hz, mw


def test_fast_response_arrests_the_fall_and_its_recovery_makes_no_second() -> None:
    product = product_named("FFR Nordic").model_copy(update={"hold_s": 10.0})
    hz, mw = after_a_loss(product)
    never, _ = after_a_loss(product.model_copy(update={"trigger_hz": 5.0}))
    sudden, _ = after_a_loss(product.model_copy(update={"recovery_per_minute": 1e6}))
    assert hz.min() > never.min() + 0.05
    back = int(np.flatnonzero(mw > 299)[-1])
    assert np.diff(mw[back + 20 :]).min() >= -300.0 / 600 - 1e-6
    assert mw[-1] == pytest.approx(0.0, abs=1e-6)
    second = hz[back:].min()
    assert second > hz.min() + 0.1
    assert sudden[back:].min() < second - 0.05, "taken back at once, frequency falls again"


@given(
    st.sampled_from(REACTIVE),
    st.sampled_from([None, VoltWatt()]),
    st.sampled_from(["FCR", "RegD"]),
    st.integers(0, 2**32 - 1),
)
def test_active_and_reactive_power_stay_within_the_converter(
    reactive: Any, volt_watt: VoltWatt | None, product: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    model = model_of(product, 100.0)
    nominal = model.product.nominal_hz
    voltage = rng.uniform(0.85, 1.15, 100)
    voltage[rng.random(100) < 0.2] = rng.choice([np.nan, 0.0, np.inf, 400.0])
    control = VoltageControl(apparent_kva=520.0, rated_kw=500.0, reactive=reactive, volt_watt=volt_watt)
    run = GridStabilizationController(model, control).run(
        spoiled(rng.normal(nominal, 0.2, 100), rng),
        voltage,
        BatteryOrders.steady(float(rng.uniform(-600, 600))),
        signal=rng.uniform(-1, 1, 100) if product == "RegD" else None,
        record_every=1,
    )
    seen, reactive_kvar = run.battery.records, run.reactive_kvar
    most = 520.0**2 * (1 + 1e-9)
    for active_kw in (seen.power_kw, seen.end_power_kw):
        assert (active_kw**2 + reactive_kvar**2).max() <= most
    if isinstance(reactive, VoltVar):  # only its reactive power is still that of the last step when one begins
        assert (seen.power_kw[1:] ** 2 + reactive_kvar[:-1] ** 2).max() <= most
    assert np.abs(reactive_kvar).max() <= 0.44 * 520.0 + 1e-9
    assert np.isfinite(reactive_kvar).all()


@pytest.mark.parametrize("reactive", REACTIVE, ids=lambda mode: type(mode).__name__)
def test_reactive_power_is_what_the_voltage_and_the_delivered_power_ask_for(reactive: Any) -> None:
    control = VoltageControl(apparent_kva=500.0, rated_kw=500.0, reactive=reactive)
    run = GridStabilizationController(model_of("FCR", 100.0), control).run(
        steady(49.95, 60), np.full(60, 0.95), BatteryOrders.steady(80.0), record_every=1
    )
    expected_kw, expected_kvar = control.power(0.95, 105.0)
    assert run.battery.records.power_kw[-1] == pytest.approx(float(expected_kw), abs=0.01)
    assert run.reactive_kvar[-1] == pytest.approx(float(expected_kvar), abs=0.01)
    assert run.reactive_asked_kvar[-1] == pytest.approx(float(expected_kvar), abs=0.01)


def test_volt_var_comes_with_its_response_time() -> None:
    controller = GridStabilizationController(
        model_of("FCR", step_s=0.5), VoltageControl(apparent_kva=500.0, rated_kw=500.0, reactive=VoltVar())
    )
    reactive = controller.run(steady(50.0, 40), np.full(40, 0.95)).reactive_kvar
    assert reactive[9] == pytest.approx(0.9 * 110.0)
    assert controller.reactive_kvar == reactive[-1]


def test_a_missing_voltage_is_held_then_nominal() -> None:
    control = VoltageControl(apparent_kva=500.0, rated_kw=500.0, reactive=VoltVar(response_time_s=0.01))
    controller = GridStabilizationController(model_of("FCR"), control)
    voltage = np.r_[np.full(5, 0.95), np.full(15, np.nan), np.full(5, 1.05)]
    reactive = controller.run(steady(50.0, 25), voltage).reactive_kvar
    assert reactive == pytest.approx(np.repeat([110.0, 0.0, -110.0], [15, 5, 5]), abs=1e-6)


def test_voltage_limits_active_power_beside_the_orders() -> None:
    control = VoltageControl(apparent_kva=500.0, rated_kw=500.0, volt_watt=VoltWatt())
    controller = GridStabilizationController(model_of("FCR", 100.0), control)
    run = controller.run(
        steady(50.0, 30), np.repeat([1.0, 1.09, 1.12], 10), BatteryOrders.steady(300.0), record_every=1
    )
    assert run.battery.records.end_power_kw[[9, 19, 29]] == pytest.approx([300.0, 25.0, 0.0], abs=0.05)


def test_one_run_is_two_that_follow_each_other() -> None:
    rng = np.random.default_rng(3)
    frequency, voltage = rng.normal(50.0, 0.05, 90), np.where(rng.random(90) < 0.4, np.nan, rng.normal(1.0, 0.04, 90))
    control = VoltageControl(apparent_kva=500.0, rated_kw=500.0, reactive=VoltVar())
    whole, parts = (GridStabilizationController(model_of("FCR"), control) for _ in range(2))
    one = whole.run(frequency, voltage, record_every=1)
    first, second = (parts.run(frequency[part], voltage[part], record_every=1) for part in (slice(33), slice(33, None)))
    assert np.concatenate([first.reactive_kvar, second.reactive_kvar]).tolist() == one.reactive_kvar.tolist()
    before, after = bytes_of(first.battery), bytes_of(second.battery)
    assert {name: before[name] + after[name] for name in before} == bytes_of(one.battery)


def test_what_does_not_fit_together_is_refused() -> None:
    control = VoltageControl(apparent_kva=500.0, rated_kw=500.0, reactive=VoltVar())
    plain, supporting = (
        GridStabilizationController(model_of("FCR")),
        GridStabilizationController(model_of("FCR"), control),
    )
    with pytest.raises(TwinError, match="with voltage support, and to no other"):
        plain.run(np.full(4, 50.0), np.ones(4))
    with pytest.raises(TwinError, match="3 voltages and 1 orders for 4 samples"):
        supporting.run(np.full(4, 50.0), np.ones(3))
    following = GridStabilizationController(model_of("FCR"), replace(control, reactive=WattVar()))
    with pytest.raises(TwinError, match="record_every=1"):
        following.run(np.full(4, 50.0), np.ones(4))
    assert plain.state.energy_kwh == supporting.state.energy_kwh == following.state.energy_kwh
