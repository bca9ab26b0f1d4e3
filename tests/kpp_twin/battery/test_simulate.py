"""A run of the battery: the same bytes each time and in parts, its energy managed, and what it refuses."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from battery_twin import DESIGN, bytes_of, model_of, models, orders_of, signal_of, spoiled, steady
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.heat import BatteryHeat
from kpp_twin.battery.kernel_constants import Flag, Variable
from kpp_twin.battery.model import BatteryModel, FrequencyMeter, SyntheticInertia
from kpp_twin.battery.simulate import BatteryOrders, BatteryRun, BatteryState, simulate
from kpp_twin.errors import TwinError
from kpp_twin.frequency.products import product_named
from kpp_twin.units import Array

FCR = model_of("FCR")
HOUR_S, DAY_S = 3600, 86_400


def run(model: BatteryModel, frequency: Array, energy_kwh: float | None = None, **options: Any) -> BatteryRun:
    start = BatteryState.initial(model, energy_kwh)
    return simulate(model, start, frequency, **({"record_every": 1} | options))


def through_json(state: BatteryState) -> BatteryState:
    return BatteryState.of_json(json.loads(json.dumps(state.as_json(), allow_nan=False)))


def raw(state: BatteryState) -> bytes:
    return np.array(state.variables).tobytes()


def part_of(orders: BatteryOrders, steps: slice) -> BatteryOrders:
    return BatteryOrders(**{name: getattr(orders, name)[steps] for name in orders.__slots__})


@given(models(), st.integers(0, 2**32 - 1), st.integers(1, 119))
def test_the_same_inputs_give_the_same_bytes_at_once_or_in_two_parts(model: BatteryModel, seed: int, cut: int) -> None:
    """Between the parts, the state goes through JSON; the frequency has every fault."""
    rng = np.random.default_rng(seed)
    frequency = spoiled(rng.normal(model.product.nominal_hz, 0.1, 120), rng)
    orders, signal = orders_of(model, rng, 120), signal_of(model, rng, 120)
    start = BatteryState.initial(model)

    def part(state: BatteryState, steps: slice) -> BatteryRun:
        told = None if signal is None else signal[steps]
        return simulate(model, state, frequency[steps], part_of(orders, steps), signal=told, record_every=1)

    whole, again = part(start, slice(None)), part(start, slice(None))
    assert raw(whole.state) == raw(again.state)
    assert whole.energy_kwh == again.energy_kwh
    assert bytes_of(whole) == bytes_of(again)
    first = part(start, slice(cut))
    second = part(through_json(first.state), slice(cut, None))
    assert raw(second.state) == raw(whole.state)
    one, other = bytes_of(first), bytes_of(second)
    assert {name: one[name] + other[name] for name in one} == bytes_of(whole)
    together = {name: first.energy_kwh[name] + second.energy_kwh[name] for name in whole.energy_kwh}
    assert together == pytest.approx(whole.energy_kwh, rel=1e-9, abs=1e-9)


def test_records_are_means_of_powers_and_the_state_at_the_end_of_each() -> None:
    frequency = np.random.default_rng(1).normal(50.0, 0.05, 130)
    fine, coarse = run(FCR, frequency), run(FCR, frequency, record_every=30).records
    seen = fine.records
    for name in ("power_kw", "scheduled_kw", "asked_kw", "sought_kw", "target_kw", "auxiliary_kw", "deliverable"):
        means = getattr(seen, name)[:120].reshape(4, 30).mean(axis=1)
        assert getattr(coarse, name) == pytest.approx(means, rel=1e-9, abs=1e-12), name
    for name in ("end_power_kw", "energy_kwh", "temperature_c"):
        assert (getattr(coarse, name) == getattr(seen, name)[29:120:30]).all()
    assert coarse.gained_kwh == pytest.approx(seen.gained_kwh[:120].reshape(4, 30).sum(axis=1))
    assert coarse.flags.tolist() == [int(np.bitwise_or.reduce(part)) for part in seen.flags[:120].reshape(4, 30)]
    assert fine.mileage == pytest.approx(np.abs(np.diff(seen.asked_kw, prepend=0.0)).sum() / 400.0)
    assert (fine.seconds, fine.state.energy_kwh) == (130.0, seen.energy_kwh[-1])
    with pytest.raises(ValueError, match="record_every"):
        _ = run(FCR, frequency, record_every=0).records


def test_ba_06_headroom_is_net_of_energy_and_reserve() -> None:
    """10 kW are scheduled already, and 50 kW down or 30 kW up are sold, on 100 kW: 60 kW more, either way."""
    config = replace(DESIGN, max_power=100.0)
    for product, sold_kw, told_kw, further_kw in (("FCR-D up", 30.0, 500.0, 60.0), ("FCR-D down", 50.0, -500.0, -60.0)):
        model = BatteryModel.of(config, product_named(product), sold_kw)
        seen = run(model, steady(50.0, 30), 500.0, orders=BatteryOrders.steady(told_kw))
        assert seen.state.power_kw - 10.0 == pytest.approx(further_kw, abs=0.01)
        assert seen.flag_s == {"setpoint_cut": 30.0}
        assert (seen.records.deliverable == 1.0).all()


@pytest.mark.parametrize("response_time", [0.1, 5.0])
@pytest.mark.parametrize(("told_kw", "end"), [(500.0, 0), (-500.0, 1)])
def test_the_setpoint_leaves_the_energy_of_what_was_sold(told_kw: float, end: int, response_time: float) -> None:
    """Also what the lag still brings of it."""
    config = replace(DESIGN, response_time=response_time)
    model = BatteryModel.of(config, product_named("PFR"), 10.0)
    seen = run(model, steady(60.0, HOUR_S, 60.0), orders=BatteryOrders.steady(told_kw))
    assert np.abs(seen.records.energy_kwh - model.window_kwh[end]).min() == pytest.approx(0.0, abs=1e-9)
    assert np.abs(seen.records.power_kw).max() == pytest.approx(490.0, abs=1e-3)
    assert seen.endurance_violation_s == 0.0
    assert (seen.records.deliverable == 1.0).all()


def test_scheduled_charging_keeps_its_limit_and_the_response_may_pass_it() -> None:
    one = np.ones(1)
    orders = BatteryOrders(
        setpoint_kw=-300.0 * one,
        lowest_kw=-500.0 * one,
        highest_kw=500.0 * one,
        lowest_scheduled_kw=-50.0 * one,
    )
    seen = run(FCR, steady(50.05, 60), orders=orders).records
    assert seen.scheduled_kw[-1] == pytest.approx(-50.0)
    assert seen.power_kw[-1] == pytest.approx(-150.0, abs=0.01)


@pytest.mark.parametrize("product", ["FCR", "DC", "PFR", "FFR", "IEEE 1547"])
def test_nothing_is_charged_when_load_is_about_to_be_shed(product: str) -> None:
    for nominal_hz, least_hz in ((50.0, 49.2), (60.0, 59.4)):
        for frequency_hz, charges in ((least_hz + 1e-4, True), (least_hz - 1e-4, False)):
            model = model_of(product, 10.0, nominal_hz)
            orders = BatteryOrders.steady(-400.0)
            frequency = steady(frequency_hz, 60, nominal_hz)
            assert (run(model, frequency, 500.0, orders=orders).records.end_power_kw < 0).any() == charges


def biased(deviation_mhz: float, seconds: int, seed: int = 0) -> Array:
    return 50.0 + deviation_mhz / 1000 + np.random.default_rng(seed).normal(0.0, 1e-3, seconds)


@pytest.mark.parametrize(("energy_kwh", "sign"), [(790.0, 1.0), (225.0, -1.0)])
def test_fcr_comes_back_to_the_middle_by_blocks_that_are_known_a_block_ahead(energy_kwh: float, sign: float) -> None:
    state, known, blocks = BatteryState.initial(FCR, energy_kwh), 0.0, []
    for block in range(16):
        ran = simulate(FCR, state, biased(0.0, 900, block), record_every=1)
        state = ran.state
        assert ran.records.scheduled_kw[5:] == pytest.approx(known, abs=0.01), "as was known a block ahead"
        known = state.as_json()["block_kw"][1]
        blocks.append(known)
    assert blocks[0] == sign * 100.0
    assert blocks[-1] == 0.0
    assert FCR.constants.restore_below_kwh < state.energy_kwh < FCR.constants.restore_above_kwh


def test_fcr_uses_its_deadband_and_delivers_more_only_where_it_restores_energy() -> None:
    for energy_kwh, helps in ((700.0, 1.0), (300.0, -1.0)):
        for deviation_hz in (-0.008, 0.008, -0.08, 0.08):
            seen = run(FCR, steady(50.0 - deviation_hz, 60), energy_kwh)
            sought_kw = seen.records.sought_kw[-1]
            asked_kw = 0.0 if abs(deviation_hz) < 0.01 else 2000.0 * deviation_hz
            if deviation_hz * helps > 0:
                assert sought_kw == pytest.approx(1.2 * asked_kw or 2000.0 * deviation_hz, abs=0.01)
                assert seen.flag_s.keys() & {"deadband_use", "over_fulfilment"}
            else:
                assert sought_kw == pytest.approx(asked_kw, abs=0.01)


@given(st.integers(0, 2**32 - 1), st.floats(110, 890))
def test_over_fulfilment_is_a_fifth_at_most(seed: int, energy_kwh: float) -> None:
    frequency = np.random.default_rng(seed).normal(50.0, 0.1, 200)
    seen = run(FCR, frequency, energy_kwh).records
    share = FCR.product.share(frequency)
    assert seen.asked_kw == pytest.approx(400.0 * share, abs=1e-6)
    assert (np.abs(seen.sought_kw) <= 480.0 * np.abs(share) + 20.0 * (share == 0) + 1e-6).all()
    assert (seen.sought_kw * (50.0 - frequency) >= 0).all()


@pytest.mark.parametrize("deviation_mhz", [-40.0, 40.0])
def test_a_day_of_biased_frequency_ends_within_the_endurance(deviation_mhz: float) -> None:
    seen = run(FCR, biased(deviation_mhz, DAY_S), record_every=900)
    least, most = FCR.window_kwh
    assert least <= seen.records.energy_kwh.min() <= seen.records.energy_kwh.max() <= most
    assert seen.endurance_violation_s == 0.0
    assert seen.records.deliverable.min() == 1.0


def test_a_day_that_asks_for_more_than_may_be_restored_is_counted() -> None:
    """60 mHz take 120 kW of 400; a quarter, 100 kW, may be brought back: the energy is gone after some 17 hours."""
    seen = run(FCR, biased(-60.0, DAY_S), record_every=60)
    first_s = 60 * int(np.argmax(seen.records.energy_kwh < FCR.window_kwh[0]))
    assert 10 * HOUR_S < first_s < 14 * HOUR_S
    assert seen.endurance_violation_s == pytest.approx(DAY_S - first_s, abs=120)
    assert seen.records.energy_kwh.min() >= 100.0 - 1e-6
    assert seen.flag_s["response_cut"] > HOUR_S
    assert not seen.records.deliverable[-1]


def test_nordic_reserve_is_restored_at_any_time_in_proportion() -> None:
    model = model_of("FCR-N", 300.0)
    seen = run(model, steady(50.0, 4 * HOUR_S), 700.0)
    above = seen.records.energy_kwh - model.constants.restore_above_kwh
    assert seen.records.scheduled_kw[5:] == pytest.approx(np.minimum(4.0 * above[4:-1], 102.0), abs=0.05)
    assert above[-1] == pytest.approx(0.0, abs=0.1)


def test_regulation_is_not_restored() -> None:
    model = model_of("RegD")
    for energy_kwh in (150.0, 850.0):
        seen = run(model, steady(60.0, HOUR_S, 60.0), energy_kwh, signal=np.zeros(HOUR_S))
        assert not seen.records.power_kw.any()


def test_containment_changes_its_schedule_slowly() -> None:
    seen = run(model_of("DC", 300.0), steady(50.0, 3 * HOUR_S), 880.0).records
    assert np.abs(np.diff(seen.scheduled_kw)).max() <= 300.0 * 0.05 / 60 + 1e-6
    assert seen.scheduled_kw.max() == pytest.approx(120.0, rel=1e-3)


@pytest.mark.parametrize("missing", [math.nan, 1.1, -400.0, math.inf])
def test_regulation_follows_its_signal_and_holds_it_when_it_is_missing(missing: float) -> None:
    signal = np.r_[np.full(5, 0.5), np.full(12, missing), np.full(5, -1.0)]
    seen = run(model_of("RegD"), steady(60.0, 22, 60.0), signal=signal)
    expected = np.r_[np.full(15, 200.0), np.zeros(2), np.full(5, -400.0)]
    assert seen.records.target_kw == pytest.approx(expected)
    assert seen.flag_s == {"signal_missing": 12.0}
    assert seen.mileage == pytest.approx(0.5 + 0.5 + 1.0)


def test_regulation_goes_on_without_a_frequency() -> None:
    seen = run(model_of("RegD"), np.full(30, np.nan), signal=np.full(30, 0.5))
    assert seen.records.target_kw == pytest.approx(200.0)


def test_restoration_reserve_is_full_after_five_minutes() -> None:
    seen = run(model_of("aFRR", 300.0), steady(50.0, 700), signal=np.repeat([1.0, -1.0], 350)).records
    assert seen.sought_kw[:300] == pytest.approx(np.arange(1.0, 301.0))
    assert np.abs(np.diff(seen.sought_kw)).max() <= 1.0 + 1e-9


@pytest.mark.parametrize(("product", "left"), [("DC", "restoring"), ("aFRR", "response"), ("FCR", "restoring")])
def test_what_was_sold_an_hour_ago_is_answered_no_longer(product: str, left: str) -> None:
    before, after = model_of(product, 300.0), model_of(product, 0.0)
    signal = {"signal": np.ones(2 * HOUR_S)} if product == "aFRR" else {}
    state = run(before, steady(50.0, 2 * HOUR_S), 850.0, **signal).state
    assert abs(state.power_kw) > 50.0
    ended = simulate(after, state, steady(50.0, 60), signal=np.ones(60) if signal else None)
    assert ended.state.power_kw == pytest.approx(0.0, abs=1e-6), left


def test_inertia_pushes_against_the_change_and_fades() -> None:
    model = model_of("DC", 100.0, step_s=0.1, inertia=SyntheticInertia(constant_s=5.0))
    falling = np.r_[steady(50.0, 20), 50.0 - 0.05 * np.arange(1, 11), steady(49.5, 50)]
    seen = run(model, falling).records
    beyond = seen.sought_kw - seen.asked_kw
    assert 30.0 < beyond[:30].max() < 100.0 * 0.48 + 1e-6
    assert beyond[-1] == pytest.approx(0.0, abs=0.01)
    assert beyond.min() >= 0.0


@pytest.mark.parametrize("gap", [3, 60])
def test_inertia_answers_no_step_across_a_gap(gap: int) -> None:
    model = model_of("FCR-D", 100.0, inertia=SyntheticInertia(constant_s=5.0))
    seen = run(model, np.r_[steady(50.0, 20), np.full(gap, np.nan), steady(49.92, 30)]).records
    assert np.abs(seen.power_kw).max() < 0.01


@pytest.mark.parametrize(
    ("ambient_c", "told_kw", "most_kw"), [(50.0, 500.0, 250.0), (50.0, -500.0, 250.0), (-5.0, -500.0, 0.0)]
)
def test_heat_and_cold_take_power_and_are_flagged(ambient_c: float, told_kw: float, most_kw: float) -> None:
    heat = BatteryHeat(ambient_temperature_c=ambient_c, cooling_kw=0.0)
    model = BatteryModel.of(DESIGN, product_named("IEEE 1547"), 100.0, heat=heat)
    seen = run(model, steady(60.0, 30, 60.0), 500.0, orders=BatteryOrders.steady(told_kw))
    assert np.abs(seen.records.power_kw).max() <= most_kw
    assert np.abs(seen.records.power_kw[-1]) >= 0.99 * most_kw
    assert seen.flag_s["hot_or_cold"] == 30.0


def test_other_limits_of_the_meter_are_kept() -> None:
    model = model_of("FCR", meter=FrequencyMeter(hold_s=3.0, frozen_after_s=5.0))
    asked = run(model, np.full(20, 49.9)).records.asked_kw
    assert asked == pytest.approx(np.repeat([200.0, 0.0], [6 + 3, 11]))


def test_no_samples_change_nothing() -> None:
    before = BatteryState.initial(FCR)
    assert raw(simulate(FCR, before, np.empty(0)).state) == raw(before)


def changed(**values: float) -> BatteryState:
    variables = list(BatteryState.initial(FCR).variables)
    for name, value in values.items():
        variables[Variable[name.upper()]] = value
    return BatteryState(tuple(variables))


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"energy_kwh": 98.0}, "energy_kwh 98.0 is outside 100 to 900"),
        ({"energy_kwh": math.nan}, "energy_kwh nan is outside"),
        ({"power_kw": 501.0}, "power_kw 501.0 is above 500"),
        ({"power_kw": math.nan}, "power_kw nan"),
        ({"trusted_hz": 60.0}, "trusted_hz 60.0 is not of a grid of 50 Hz"),
        ({"trusted_hz": math.inf}, "trusted_hz inf"),
        ({"temperature_c": math.nan, "block_kw": math.inf}, "no number: temperature_c, block_kw"),
    ],
)
def test_a_state_that_cannot_be_is_refused(values: dict[str, float], fault: str) -> None:
    with pytest.raises(TwinError, match="state of the battery") as caught:
        simulate(FCR, changed(**values), steady(50.0, 5))
    assert fault in caught.value.fault


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"energy_kwh": "much"}, "could not convert"),
        ({"colour": 1.0}, r"unknown \['colour'\]"),
        ({"block_kw": [0.0]}, "1 blocks"),
        ({"block_kw": None}, "it needs energy_kwh"),
    ],
)
def test_a_state_that_cannot_be_read_is_refused(change: dict[str, Any], fault: str) -> None:
    with pytest.raises(TwinError, match=fault):
        BatteryState.of_json(BatteryState.initial(FCR).as_json() | change)


def test_all_faults_of_orders_come_in_one_message() -> None:
    orders = BatteryOrders(
        setpoint_kw=np.array([math.nan, 0.0]),
        lowest_kw=np.array([1.0]),
        highest_kw=np.array([0.0]),
        lowest_scheduled_kw=np.array([0.0]),
    )
    with pytest.raises(TwinError, match=r"1 NaN.*shapes differ.*must not be above 0"):
        simulate(FCR, BatteryState.initial(FCR), steady(50.0, 4), orders)


@pytest.mark.parametrize(
    ("product", "options", "fault"),
    [
        ("FCR", {"signal": np.zeros(9)}, "follows no signal"),
        ("RegD", {}, "follows a signal, and none was given"),
        ("RegD", {"signal": np.zeros(8)}, "8 values for 9 steps"),
        ("FCR", {"orders": part_of(BatteryOrders.steady(), slice(0))}, "0 orders do not divide 9 steps"),
    ],
)
def test_what_does_not_fit_together_is_refused(product: str, options: dict[str, Any], fault: str) -> None:
    with pytest.raises(TwinError, match=fault):
        run(model_of(product), np.full(9, 50.0), **options)


def test_flags_are_counted_by_name() -> None:
    seen = run(FCR, np.r_[steady(50.0, 5), 52.0, math.nan, 60.0, 10.0, steady(50.0, 5)])
    assert seen.flag_s == {"jump": 1.0, "missing": 1.0, "other_nominal": 1.0, "out_of_range": 1.0, "held": 4.0}
    assert seen.records.flags[5] == 1 << Flag.JUMP | 1 << Flag.HELD
