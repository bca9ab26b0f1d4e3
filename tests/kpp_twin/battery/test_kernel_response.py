"""Response to frequency, its rate of change and a signal, and what restores the stored energy, law by law."""

import math
from typing import Any

import numpy as np
import pytest
from battery_twin import DESIGN, model_of, response
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.kernel_constants import N_VARIABLES, Constants, Flag, Variable
from kpp_twin.battery.model import BatteryModel, SyntheticInertia, most_sold_kw
from kpp_twin.frequency.products import FrequencyProduct, products

MODELS = [BatteryModel.of(DESIGN, product, 0.5 * most_sold_kw(DESIGN, product)) for product in products()]
CURVES = [model for model in MODELS if len(model.curve_hz)]
DEADBAND_USE, OVER_FULFILMENT = 1 << Flag.DEADBAND_USE, 1 << Flag.OVER_FULFILMENT


def at_rest(**values: float) -> np.ndarray:
    v = np.zeros(N_VARIABLES)
    for name, value in values.items():
        v[Variable[name.upper()]] = value
    return v


def fast(shares_s: list[tuple[float, float]], model: BatteryModel) -> list[float]:
    """Share of fast response after each second of some deviations, each for its time."""
    v = at_rest()
    return [
        response.fast_share(model.constants, deviation, v)
        for deviation, seconds in shares_s
        for _ in range(round(seconds / model.constants.step_s))
    ]


@given(st.sampled_from(CURVES), st.floats(-2.0, 2.0))
def test_the_second_answers_as_the_product_says(model: BatteryModel, deviation_hz: float) -> None:
    product, frequency_hz = model.product, model.product.nominal_hz - deviation_hz
    exact_hz = product.nominal_hz - frequency_hz
    share = response.curve_share(model.constants, model.curve_hz, model.curve_share, exact_hz)
    assert share == pytest.approx(float(product.share(frequency_hz)), abs=1e-12)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=6, unique_by=lambda p: p[0]),
    st.floats(0, 2),
)
def test_a_curve_is_straight_between_its_points_and_flat_beyond(
    points: list[tuple[float, float]], size_hz: float
) -> None:
    hz, share = np.array(sorted(points)).T.copy()
    assert response.interpolated(hz, share, size_hz) == pytest.approx(np.interp(size_hz, hz, share), abs=1e-9)


def test_fast_response_comes_at_the_trigger_to_the_last_bit_of_a_float() -> None:
    for name, nominal_hz, trigger_hz in (("FFR", 60.0, 59.85), ("FFR Nordic", 50.0, 49.7)):
        model = model_of(name, 100.0, step_s=0.1)
        assert max(fast([(nominal_hz - trigger_hz - 1e-6, 2.0)], model)) == 0.0
        assert max(fast([(nominal_hz - trigger_hz, 2.0)], model)) == 1.0


def test_fast_response_waits_comes_at_once_is_held_and_is_taken_back_slowly() -> None:
    model = model_of("FFR Nordic", 100.0, step_s=0.1)  # 1.3 s, 30 s, all within a minute
    share = fast([(0.0, 1.0), (0.35, 2.0), (0.05, 100.0)], model)
    assert set(share[: 10 + 12]) == {0.0}
    assert set(share[10 + 12 : 10 + 12 + 300]) == {1.0}, "held for 30 s, though frequency is back"
    falling = np.diff(share[10 + 12 + 300 :])
    assert falling.min() == pytest.approx(-1 / 600)
    assert share[-1] == 0.0
    assert share.index(0.0, 30) == 10 + 12 + 300 + 599


def test_fast_response_goes_on_until_frequency_has_recovered() -> None:
    model = model_of("FFR Nordic", 100.0, step_s=0.1)
    assert set(fast([(0.35, 1.3), (0.15, 100.0)], model)[13:]) == {1.0}


def test_fast_response_is_not_triggered_by_a_shorter_dip() -> None:
    model = model_of("FFR Nordic", 100.0, step_s=0.1)
    assert set(fast([(0.35, 1.1), (0.0, 1.0), (0.35, 1.1), (0.0, 5.0)], model)) == {0.0}


def test_fast_response_comes_again_while_it_is_taken_back() -> None:
    model = model_of("FFR Nordic", 100.0, step_s=0.1)
    share = fast([(0.35, 31.3), (0.0, 30.0), (0.35, 2.0)], model)
    assert share[612] == pytest.approx(0.5, abs=0.01)
    assert min(share[613:]) > 0.45
    assert share[-1] == 1.0


def test_fast_response_downward_charges() -> None:
    upward = model_of("FFR", 100.0)
    downward = BatteryModel.of(DESIGN, upward.product.model_copy(update={"direction": "down"}), 100.0)
    assert fast([(-0.2, 5.0)], downward) == [-1.0] * 5
    assert fast([(0.2, 5.0)], downward) == [0.0] * 5


def test_a_missing_signal_is_held_then_none() -> None:
    model, v = model_of("RegD", 400.0), at_rest(signal_age_s=math.inf)
    told = [math.nan, 0.5, *[math.nan] * 12, -0.25]
    shares, flags = zip(*(response.signal_share(model.constants, value, v) for value in told), strict=True)
    assert list(shares) == [0.0, *[0.5] * 11, 0.0, 0.0, -0.25]
    assert [bool(seen) for seen in flags] == [math.isnan(value) for value in told]


def inertia_at(hz_per_s: float, seconds: float, step_s: float = 0.1, **options: float) -> np.ndarray:
    model = model_of("FCR", 100.0, step_s=step_s, inertia=SyntheticInertia(constant_s=5.0, **options))
    v, before = at_rest(), 50.0
    powers = []
    for _ in range(round(seconds / step_s)):
        powers.append(response.inertia_kw(model.constants, before, before + hz_per_s * step_s, v))
        before += hz_per_s * step_s
    return np.array(powers)


def test_synthetic_inertia_is_against_the_rate_of_change_beyond_its_deadband() -> None:
    """2 * 5 s * 500 kW / 50 Hz: 100 kW for each Hz/s."""
    assert inertia_at(-0.52, 10.0)[-1] == pytest.approx(50.0, rel=1e-6)
    assert inertia_at(0.52, 10.0)[-1] == pytest.approx(-50.0, rel=1e-6)
    assert not inertia_at(-0.0199, 10.0).any()


def test_synthetic_inertia_is_filtered() -> None:
    power = inertia_at(-1.0, 2.0, deadband_hz_per_s=1e-9)
    assert power[4] == pytest.approx(100 * (1 - math.exp(-1.0)), rel=1e-6)
    assert (np.diff(power) > 0).all()


def test_synthetic_inertia_answers_no_change_across_a_gap() -> None:
    model = model_of("FCR", 100.0, inertia=SyntheticInertia(constant_s=5.0))
    assert response.inertia_kw(model.constants, math.nan, 49.0, at_rest()) == 0.0


def helpful(product: str, deviation_hz: float, energy_kwh: float) -> tuple[float, int]:
    model = model_of(product)
    asked = 400.0 * response.curve_share(model.constants, model.curve_hz, model.curve_share, deviation_hz)
    return response.helpful_kw(model.constants, model.curve_hz, model.curve_share, deviation_hz, asked, energy_kwh)


@pytest.mark.parametrize(
    ("deviation_hz", "energy_kwh", "power_kw", "flag"),
    [
        (0.05, 700.0, 120.0, OVER_FULFILMENT),
        (-0.05, 300.0, -120.0, OVER_FULFILMENT),
        (0.3, 700.0, 480.0, OVER_FULFILMENT),
        (0.05, 300.0, 100.0, 0),
        (-0.05, 700.0, -100.0, 0),
        (0.05, 505.0, 100.0, 0),
        (0.008, 700.0, 16.0, DEADBAND_USE),
        (-0.008, 300.0, -16.0, DEADBAND_USE),
        (0.008, 300.0, 0.0, 0),
        (0.008, 505.0, 0.0, 0),
        (0.0, 700.0, 0.0, 0),
    ],
)
def test_the_freedom_of_fcr_is_used_only_where_it_restores_energy(
    deviation_hz: float, energy_kwh: float, power_kw: float, flag: int
) -> None:
    assert helpful("FCR", deviation_hz, energy_kwh) == (pytest.approx(power_kw), flag)


@pytest.mark.parametrize("product", ["FCR-D", "DC", "FFR", "PFR"])
def test_other_products_leave_no_such_freedom(product: str) -> None:
    for deviation_hz in (-0.3, -0.005, 0.005, 0.3):
        for energy_kwh in (110.0, 890.0):
            model = model_of(product, 100.0)
            found = response.helpful_kw(
                model.constants, model.curve_hz, model.curve_share, deviation_hz, 7.0, energy_kwh
            )
            assert found == (7.0, 0)


def restored(c: Constants, energy_kwh: float, steps: int, **start: float) -> list[float]:
    v = at_rest(**({"block_s": c.block_s} | start))
    return [response.restoring_kw(c, energy_kwh, 0.0, v) for _ in range(steps)]


def test_continuous_restoring_is_in_proportion_to_what_is_missing() -> None:
    c = model_of("FCR-N", 300.0).constants
    assert c.restore_above_kwh - c.restore_below_kwh == pytest.approx(0.1 * (c.most_kwh - c.least_kwh))
    assert restored(c, c.restore_above_kwh + 10.0, 1) == [pytest.approx(40.0)]
    assert restored(c, c.restore_below_kwh - 10.0, 1) == [pytest.approx(-40.0)]
    assert restored(c, c.middle_kwh, 1) == [0.0]
    assert restored(c, 900.0, 1) == [pytest.approx(0.34 * 300.0)]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_block_brings_the_energy_to_the_middle_with_its_losses(sign: float) -> None:
    c = model_of("DC", 400.0).constants
    v = at_rest(block_s=c.block_s)
    response.restoring_kw(c, c.middle_kwh + sign * 40.0, 0.0, v)
    power_kw = v[Variable.BLOCK_KW + c.lead_blocks]
    stored_kw = power_kw / 0.95 if sign > 0 else power_kw * 0.95
    assert stored_kw * 0.5 == pytest.approx(sign * 40.0)


@pytest.mark.parametrize(("energy_kwh", "power_kw"), [(620.0, 100.0), (520.0, 0.0), (490.0, 0.0), (380.0, -100.0)])
def test_fcr_restores_with_a_quarter_of_what_was_sold_from_the_second_block(energy_kwh: float, power_kw: float) -> None:
    power = restored(model_of("FCR", 400.0).constants, energy_kwh, 901)
    assert power == [0.0] * 900 + [power_kw]


def test_blocks_are_fixed_ahead_with_those_that_are_fixed_already_in_mind() -> None:
    """10 kWh too much: one block is called, and while it is still to come, no second."""
    c = model_of("DC", 400.0).constants
    v, known = at_rest(block_s=c.block_s), []
    for step in range(4 * 1800):
        response.restoring_kw(c, c.restore_above_kwh + 10.0 if step < 1800 else c.middle_kwh, 0.0, v)
        known.append(v[Variable.BLOCK_KW : Variable.BLOCK_KW + 3].tolist())
    called = known[0][2]
    assert called > 0
    assert [known[step] for step in (0, 1799)] == [[0.0, 0.0, called]] * 2
    assert known[1800][:2] == [0.0, called]
    assert known[3600][0] == called


def test_restoring_of_containment_changes_by_at_most_a_twentieth_a_minute() -> None:
    c = model_of("DC", 300.0).constants
    power = np.array(restored(c, 880.0, 3 * 1800))
    assert power[3599] == 0.0
    assert np.diff(power[3599:]).max() == pytest.approx(300.0 * 0.05 / 60)
    assert power[-1] == pytest.approx(0.4 * 300.0)


@pytest.mark.parametrize("product", ["RegD", "IEEE 1547", "FERC 842"])
def test_without_a_rule_nothing_is_restored(product: str) -> None:
    assert restored(model_of(product, 100.0).constants, 880.0, 100) == [0.0] * 100


@pytest.mark.parametrize(
    "product", [product for product in products() if product.restoring != "none"], ids=lambda p: p.name
)
def test_what_restored_for_more_that_was_sold_ends_with_it(product: FrequencyProduct) -> None:
    c = BatteryModel.of(DESIGN, product, 0.0).constants
    assert restored(c, 500.0, 1, restoring_kw=80.0, block_kw=80.0) == [0.0]


@given(st.sampled_from(MODELS), st.floats(100, 900), st.integers(0, 2**32 - 1))
def test_restoring_stays_within_its_share(model: BatteryModel, energy_kwh: float, seed: int) -> None:
    rng: Any = np.random.default_rng(seed)
    most_kw = model.product.restoring_share * model.sold_kw
    v = at_rest(block_s=model.constants.block_s)
    for _ in range(20):
        v[Variable.BLOCK_S] += rng.uniform(0, 3600)
        assert abs(response.restoring_kw(model.constants, energy_kwh, 0.0, v)) <= most_kw


@pytest.mark.parametrize(("name", "goes_on"), [("FCR-N", True), ("FCR-D", False), ("PFR", False)])
def test_energy_is_restored_against_the_response_only_where_the_product_lets_it(name: str, goes_on: bool) -> None:
    model = model_of(name, 300.0)
    short_kwh, v = model.constants.restore_below_kwh - 20.0, at_rest()
    assert bool(response.restoring_kw(model.constants, short_kwh, 50.0, v) < 0.0) is goes_on
    assert response.restoring_kw(model.constants, short_kwh, -50.0, v) < 0.0
    assert response.restoring_kw(model.constants, short_kwh, 0.0, v) < 0.0
