"""The compiled battery does what its source says, keeps every limit, and closes its ledger by its laws."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from battery_twin import (
    FOLDER,
    KERNELS,
    Change,
    model_of,
    models,
    orders_of,
    signal_of,
    simulate_plainly,
    spoiled,
    steady,
    uncompiled,
)
from conftest import IS_FULL
from hypothesis import given, settings
from hypothesis import strategies as st

from kpp_twin.battery.heat import BatteryHeat
from kpp_twin.battery.kernel_constants import Flag
from kpp_twin.battery.model import BatteryModel, SyntheticInertia
from kpp_twin.battery.simulate import BatteryOrders, BatteryRun, BatteryState, simulate
from kpp_twin.battery.storage import StorageConfiguration, power_window_kw, stored_after
from kpp_twin.frequency.products import product_named

LOSSY = StorageConfiguration(
    capacity=100.0,
    max_power=500.0,
    min_soc=0.1,
    max_soc=0.9,
    charge_efficiency=0.95,
    discharge_efficiency=0.9,
    response_time=0.8,
    self_discharge_per_month=0.5,
    taper_soc=0.1,
    auxiliary_kw=2.5,
)
NO_COOLING = BatteryHeat(ambient_temperature_c=20.0, cooling_kw=0.0)


def ledger_faults(before: BatteryState, run: BatteryRun) -> Iterator[str]:
    """What does not add up to a billionth of what moved, beside the digits of what is stored."""
    energy = run.energy_kwh
    moved = run.throughput_kwh + energy["self_discharge"]
    gained = run.state.energy_kwh - before.energy_kwh
    if not abs(run.residual_kwh) <= 1e-9 * moved:
        yield f"residual {run.residual_kwh}"
    if not abs(gained - energy["gained"]) <= 1e-9 * moved + 1e-11 * before.energy_kwh:
        yield f"the store gained {gained}, not {energy['gained']}"
    if any(not amount >= 0 for name, amount in energy.items() if name != "gained"):
        yield f"a loss gives energy: {energy}"


def test_every_hot_loop_of_the_second_has_its_plain_twin() -> None:
    alone = {"kernel_constants", "kernel_voltage"}
    assert {path.stem for path in FOLDER.glob("kernel*.py")} == {*KERNELS, *alone}


@settings(max_examples=1000 if IS_FULL else 60)
@given(models(), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_limits_hold_and_all_energy_is_accounted_for_whatever_comes(
    model: BatteryModel, share: float, seed: int
) -> None:
    config, c = model.config, model.constants
    start = BatteryState.initial(model, config.min_kwh + share * (config.max_kwh - config.min_kwh))
    rng = np.random.default_rng(seed)
    frequency = spoiled(rng.normal(model.product.nominal_hz + rng.choice([-0.3, 0.0, 0.3]), 0.1, 200), rng)
    orders, signal = orders_of(model, rng, 8), signal_of(model, rng, 200)
    run = simulate(model, start, frequency, orders, signal=signal, record_every=1)
    seen = run.records
    assert list(ledger_faults(start, run)) == []
    assert seen.energy_kwh.min() >= config.min_kwh - 1e-9 * config.capacity
    assert seen.energy_kwh.max() <= config.max_kwh + 1e-9 * config.capacity
    rounding = 1e-9 * config.max_power
    for power in (seen.power_kw, seen.end_power_kw):
        assert np.abs(power).max() <= config.max_power + rounding
        assert (power <= np.repeat(orders.highest_kw, 25) + rounding).all()
        # Only what holds the least energy against self-discharge may pass the lower limit.
        holding_kw = config.max_kwh * c.leak_share / (config.charge_efficiency * c.step_s / 3600)
        assert (power >= np.repeat(orders.lowest_kw, 25) - holding_kw - rounding).all()
    assert np.isfinite(np.stack([getattr(seen, name) for name in seen.__slots__])).all()


@given(models(), st.integers(0, 2**32 - 1))
def test_what_was_sold_is_left_in_power(model: BatteryModel, seed: int) -> None:
    c, rng = model.constants, np.random.default_rng(seed)
    orders = BatteryOrders.steady(float(rng.choice([-np.inf, np.inf])))
    seen = simulate(
        model,
        BatteryState.initial(model),
        steady(model.product.nominal_hz, 50),
        orders,
        signal=np.zeros(50) if model.product.follows_signal else None,
        record_every=1,
    ).records
    room = seen.flags & (1 << Flag.HOT_OR_COLD) == 0
    assert (seen.scheduled_kw[room] <= c.max_kw - c.reserve_up_kw + 1e-9 * c.max_kw).all()
    assert (seen.scheduled_kw[room] >= -c.max_kw + c.reserve_down_kw - 1e-9 * c.max_kw).all()


@given(st.sampled_from(["FCR", "FCR-D", "DC", "FFR", "PFR", "FCR-N"]), st.integers(0, 2**32 - 1))
def test_no_power_answers_a_frequency_that_cannot_be(product: str, seed: int) -> None:
    """What the good samples ask for, with what may be over-fulfilled, is the most that is ever delivered."""
    model, rng = model_of(product, 200.0), np.random.default_rng(seed)
    nominal = model.product.nominal_hz
    good = nominal + rng.uniform(-0.02, 0.02, 300)
    energy_kwh = rng.uniform(*model.window_kwh)
    run = simulate(model, BatteryState.initial(model, energy_kwh), spoiled(good, rng), record_every=1)
    most_kw = 1.2 * 200.0 * float(model.product.share(nominal - 0.02))
    assert np.abs(run.records.asked_kw).max() <= most_kw / 1.2 + 1e-9
    assert np.abs(run.records.response_kw).max() <= most_kw + 1e-9
    degraded = run.records.flags & (1 << Flag.DEGRADED) != 0
    assert not run.records.asked_kw[degraded].any()


def twins() -> dict[str, BatteryModel]:
    return {
        "FCR": model_of("FCR"),
        "DC": BatteryModel.of(LOSSY, product_named("DC"), 80.0, heat=BatteryHeat(ambient_temperature_c=47.0)),
        "FFR": model_of("FFR", 300.0, step_s=0.1),
        "aFRR": BatteryModel.of(LOSSY, product_named("aFRR"), 30.0),
        "FCR-N": model_of("FCR-N", 200.0, inertia=SyntheticInertia(constant_s=5.0)),
        "PFR": BatteryModel.of(LOSSY, product_named("PFR"), 100.0, heat=BatteryHeat(ambient_temperature_c=-5.0)),
    }


@pytest.mark.parametrize("name", twins())
def test_compiled_and_plain_agree(name: str) -> None:
    model, rng = twins()[name], np.random.default_rng(len(name))
    frequency = spoiled(rng.normal(model.product.nominal_hz - 0.1, 0.15, 300), rng, 0.1)
    orders, signal = orders_of(model, rng, 12), signal_of(model, rng, 300)
    start = BatteryState.initial(model, model.window_kwh[0])
    fast, plain = (
        run(model, start, frequency, orders, signal=signal, record_every=3) for run in (simulate, simulate_plainly)
    )
    for column in fast.records.__slots__:
        one, other = getattr(fast.records, column), getattr(plain.records, column)
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12, err_msg=column)
    np.testing.assert_allclose(fast.state.variables, plain.state.variables, rtol=1e-12, atol=1e-12)
    assert list(fast.energy_kwh.values()) == pytest.approx(list(plain.energy_kwh.values()), rel=1e-12, abs=1e-15)
    assert fast.flag_s == pytest.approx(plain.flag_s)
    assert fast.endurance_violation_s == plain.endurance_violation_s


def storage_faults() -> Iterator[str]:
    """The second against the laws of `storage`, both ways to the end, and against the heat of its losses."""
    config = replace(LOSSY, capacity=10.0)
    model = BatteryModel.of(config, product_named("IEEE 1547"), 0.0, heat=NO_COOLING)
    start = BatteryState.initial(model, 6.0)
    setpoints = np.repeat([300.0, -400.0, 50.0, 500.0], [20, 90, 10, 130])
    free = np.full(250, np.inf)
    orders = BatteryOrders(setpoint_kw=setpoints, lowest_kw=-free, highest_kw=free, lowest_scheduled_kw=-free)
    run = simulate(model, start, steady(60.0, 250, 60.0), orders, record_every=1)

    energy, power, losses, lag, seen = 6.0, 0.0, 0.0, math.exp(-1.0 / 0.8), run.records
    for step, setpoint in enumerate(setpoints):
        window = power_window_kw(energy, 1 / 3600, config)
        target = np.clip(setpoint, *window)
        mean = np.clip(target + (power - target) * (1 - lag) * 0.8, *window)
        power = np.clip(target + (power - target) * lag, *window)
        energy = stored_after(energy, mean, 1 / 3600, config)
        losses += mean * (1 / 0.9 - 1) if mean > 0 else -mean * 0.05
        found = [seen.power_kw[step], seen.end_power_kw[step], seen.energy_kwh[step]]
        if not np.abs(np.array(found) - [mean, power, energy]).max() < 1e-6:
            yield f"step {step}: {found}, not {mean} and {power} kW, {energy} kWh"
            break
    warmed_kj = losses - 0.074 * float(np.sum(seen.temperature_c - 20.0))
    if not abs(run.state.temperature_c - 20.0 - warmed_kj / 9000.0) < 1e-4:
        yield f"{run.state.temperature_c} °C"
    yield from ledger_faults(start, run)


def response_faults() -> Iterator[str]:
    """FCR by hand, in and beyond its deadband, both ways; a missing sample; and restoring."""
    model = model_of("FCR")
    for frequency_hz, power_kw in ((49.95, 100.0), (50.1, -200.0), (49.995, 0.0)):
        run = simulate(model, BatteryState.initial(model), steady(frequency_hz, 10), record_every=1)
        if not abs(run.state.power_kw - power_kw) < 0.01:
            yield f"{run.state.power_kw} kW at {frequency_hz} Hz"
    gone = np.r_[steady(49.9, 5), np.full(15, np.nan)]
    run = simulate(model, BatteryState.initial(model), gone, record_every=1)
    if not np.abs(run.records.asked_kw - np.repeat([200.0, 0.0], [15, 5])).max() < 0.01:
        yield "a missing sample is not held, then none"
    run = simulate(model, BatteryState.initial(model, 700.0), steady(50.0, 905))
    if not abs(run.state.power_kw - 100.0) < 0.01:
        yield f"restoring at {run.state.power_kw} kW"
    model = model_of("FCR", inertia=SyntheticInertia(constant_s=5.0, filter_s=0.1))
    falling = simulate(model, BatteryState.initial(model), 50.0 - 0.12 * np.arange(6.0), record_every=1)
    if not abs(falling.records.sought_kw[-1] - 400.0 - 10.0) < 0.01:
        yield f"inertia brings it to {falling.records.sought_kw[-1]} kW"


# Each makes the battery wrong by little or by much; something above must see it.
CHANGED_LAWS = {
    "discharge efficiency": ("drawn = mean / up if", "drawn = mean * hours if"),
    "charge efficiency": ("else mean / down\n", "else mean * hours\n"),
    "sign of what is drawn": ("energy = stored - drawn", "energy = stored + drawn"),
    "leak": ("stored = energy - leaked", "stored = energy - 2.0 * leaked"),
    "leak that is not counted": ("SELF_DISCHARGE] += leaked", "SELF_DISCHARGE] += 0.99 * leaked"),
    "discharge loss": ("hours * (1.0 / c.discharge_efficiency - 1.0)", "hours * (1.0 - c.discharge_efficiency)"),
    "charge loss": ("hours * (1.0 - c.charge_efficiency)", "hours * (1.0 / c.charge_efficiency - 1.0)"),
    "unit of time": ("hours = c.step_s / SECONDS_PER_HOUR\n    up", "hours = c.step_s / 3000\n    up"),
    "unit of power": ("return asked * c.sold_kw, flags", "return asked * c.sold_kw * 1000.0, flags"),
    "mean of the lag": ("(power - target) * c.lagging_share", "(power - target) * c.settled_share"),
    "end of the lag": ("power + (target - power) * c.settled_share", "power + (target - power) * c.lagging_share"),
    "taper": ("highest = above * up * tapered_up", "highest = above * up"),
    "least energy": ("stored - c.min_kwh", "stored - 0.9 * c.min_kwh"),
    "most energy": ("c.max_kwh - stored", "1.05 * c.max_kwh - stored"),
    "heat": ("heat_kw = lost / hours", "heat_kw = 0.9 * lost / hours"),
    "sign of the deviation": ("c.nominal_hz - v[Variable.TRUSTED_HZ] if", "v[Variable.TRUSTED_HZ] - c.nominal_hz if"),
    "deadband": ("c.deadband_hz + EDGE_HZ or", "0.0 or"),
    "sign of inertia": ("return -math.copysign(beyond", "return math.copysign(beyond"),
    "sign of restoring": ("if restoring > 0.0", "if restoring < 0.0"),
    "trust in a missing sample": ("return 1 << Flag.MISSING", "return 0"),
    "time to hold": ("v[Variable.UNTRUSTED_S] <= c.hold_s and", "v[Variable.UNTRUSTED_S] <= 2.0 * c.hold_s and"),
}


def test_the_laws_are_those_of_the_storage_system_and_of_the_product() -> None:
    with uncompiled():
        assert [*storage_faults(), *response_faults()] == []
    assert [*storage_faults(), *response_faults()] == []


@pytest.mark.parametrize("law", CHANGED_LAWS)
def test_a_changed_law_is_noticed(law: str) -> None:
    change: Change = CHANGED_LAWS[law]
    with uncompiled([change]):
        assert next(storage_faults(), None) or next(response_faults(), None)


def test_a_battery_outside_its_limits_comes_back_without_passing_its_power() -> None:
    """Its capacity may have faded since it was filled."""
    model = BatteryModel.of(
        StorageConfiguration(
            capacity=1e4, max_power=10.0, min_soc=0.1, max_soc=0.9, charge_efficiency=0.9, discharge_efficiency=0.9
        ),
        product_named("IEEE 1547"),
        10.0,
    )
    for energy_kwh, sign in ((999.9, -1), (9000.1, 1)):
        run = simulate(model, BatteryState.initial(model, energy_kwh), steady(60.0, 120, 60.0), record_every=1)
        assert np.abs(run.records.power_kw).max() <= 10.0
        assert (sign * run.records.power_kw[:10]).min() > 5.0
        assert 1000.0 - 1e-6 <= run.state.energy_kwh <= 9000.0 + 1e-6


def test_seconds_are_counted_by_flag() -> None:
    model = model_of("FCR", step_s=0.5)
    frequency = np.r_[steady(50.0, 10), np.full(30, math.nan), steady(50.0, 30)]
    flag_s = simulate(model, BatteryState.initial(model), frequency).flag_s
    assert flag_s == {"missing": 15.0, "returning": 9.5, "held": 10.0, "degraded": 14.5}
