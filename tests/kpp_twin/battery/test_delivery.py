"""Delivery is measured from power, and nothing is made up where nothing was delivered."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.delivery import (
    band_error,
    energy_neutrality,
    k_factor,
    response_time_s,
    response_times,
    time_on_trajectory,
)
from kpp_twin.errors import TwinError

POWERS = st.lists(st.floats(-500, 500), min_size=1, max_size=40).map(np.array)


def lagged(time_s: np.ndarray, tau_s: float, trigger_s: float = 0.0) -> np.ndarray:
    """First-order answer to a step of 100 kW."""
    return 100 * -np.expm1(-np.maximum(time_s - trigger_s, 0) / tau_s)


@pytest.mark.parametrize("sample_s", [0.001, 0.01, 0.02])
def test_co_07_time_to_nine_tenths_of_a_first_order_step(sample_s: float) -> None:
    time_s = np.arange(-0.5, 2, sample_s)
    measured = response_time_s(time_s, lagged(time_s, 0.1), trigger_s=0.0, before_kw=0.0, requested_kw=100.0)
    assert measured == pytest.approx(0.230, abs=1e-3)


def test_the_trigger_need_not_be_a_sample() -> None:
    time_s = np.arange(0, 3, 0.01)
    power_kw = 50 - lagged(time_s, 0.1, trigger_s=1.0037)
    measured = response_time_s(time_s, power_kw, trigger_s=1.0037, before_kw=50.0, requested_kw=-50.0)
    assert measured == pytest.approx(0.1 * math.log(10), abs=5e-4)


def test_power_is_linear_between_samples() -> None:
    whole = response_time_s(np.array([1.0]), np.array([100.0]), trigger_s=0.0, before_kw=0.0, requested_kw=100.0)
    assert whole == pytest.approx(0.9)
    late = response_time_s(np.array([0.0, 1.0]), np.array([0.0, 100.0]), trigger_s=0.5, before_kw=0, requested_kw=100)
    assert late == pytest.approx(0.45), "samples up to the trigger are not looked at"


@pytest.mark.parametrize(
    ("power_kw", "expected"),
    [
        ([0, 95, 40, 95, 88, 100], 2 + 50 / 55),  # it came, went, came again and stayed
        ([0, 95, 86, 86, 86, 86], 90 / 95),  # within the tolerance
        ([0, 95, 84, 84, 84, 84], None),
        ([0, 80, 80, 80, 80, 80], None),
        ([0, -100, -100, -100, -100, -100], None),
        ([0, 0, 0, 0, 0, 130], 4 + 90 / 130),
    ],
)
def test_a_step_counts_when_it_is_reached_and_kept(power_kw: list[float], expected: float | None) -> None:
    measured = response_time_s(
        np.arange(6.0), np.array(power_kw, dtype=float), trigger_s=0.0, before_kw=0.0, requested_kw=100.0
    )
    assert measured == (None if expected is None else pytest.approx(expected))


@given(st.floats(0.05, 5), st.floats(0, 3), st.sampled_from([-80.0, 250.0]), st.floats(-100, 100))
def test_response_time_is_that_of_the_lag_whatever_the_step(tau_s: float, trigger_s: float, step: float, before: float):
    time_s = np.arange(0, 20, 0.01)
    power_kw = before + step / 100 * lagged(time_s, tau_s, trigger_s)
    measured = response_time_s(time_s, power_kw, trigger_s=trigger_s, before_kw=before, requested_kw=before + step)
    assert measured == pytest.approx(tau_s * math.log(10), abs=2e-3)


def test_a_trace_that_tells_nothing_is_refused() -> None:
    with pytest.raises(TwinError) as caught:
        response_time_s(
            np.array([0.0, 0.0]), np.array([0.0, math.nan]), trigger_s=math.nan, before_kw=5.0, requested_kw=5.0
        )
    for fault in (
        "4 fault(s)",
        "trigger_s must be finite",
        "time_s must rise",
        "no step is requested",
        "power_kw holds",
    ):
        assert fault in str(caught.value)


def test_response_times_count_failures_apart() -> None:
    summed = response_times([0.2, None, 0.4, 0.3, None])
    assert (summed.activations, summed.failures) == (5, 2)
    assert (summed.mean_s, summed.median_s, summed.longest_s) == pytest.approx((0.3, 0.3, 0.4))
    assert summed.p95_s == pytest.approx(0.39)
    for times, failures in (([], 0), ([None, None], 2)):
        none = response_times(times)
        assert (none.failures, none.mean_s, none.median_s, none.p95_s, none.longest_s) == (failures, *[None] * 4)
    with pytest.raises(TwinError, match="times_s holds 1"):
        response_times([0.1, math.nan])


def test_what_the_last_second_asked_for_is_no_error() -> None:
    expected = np.array([0.0, 0.0, 50.0, 50.0, 50.0, 20.0])
    delivered = np.array([2.0, 0.0, 0.0, 40.0, 55.0, 30.0])
    error = band_error(delivered, expected, contracted_kw=100.0, memory_s=1.0, step_s=1.0)
    assert error == pytest.approx([0.02, 0, 0, 0.10, 0.05, 0])
    longer = band_error(delivered, expected, contracted_kw=100.0, memory_s=2.0, step_s=1.0)
    assert longer == pytest.approx([0.02, 0, 0, 0, 0.05, 0])


@given(POWERS, st.integers(0, 5))
def test_a_late_answer_within_the_memory_is_no_error(expected: np.ndarray, late: int) -> None:
    delivered = np.concatenate([np.full(late, expected[0]), expected])[: len(expected)]
    assert not band_error(delivered, expected, contracted_kw=100.0, memory_s=0.05 * late + 0.01, step_s=0.05).any()


def test_k_factor_falls_from_full_pay_to_none() -> None:
    error = np.array([0.0, 0.03, 0.04, 0.05, 0.07, 0.5])
    assert k_factor(error) == pytest.approx([1, 1, 0.75, 0.5, 0, 0])
    assert k_factor(error, full_until=0.0, none_from=0.1) == pytest.approx([1, 0.7, 0.6, 0.5, 0.3, 0])


def test_impossible_errors_and_limits_are_refused() -> None:
    with pytest.raises(TwinError, match=r"0 <= 0\.1 < 0\.07 must hold.*an error is negative"):
        k_factor(np.array([-0.1]), full_until=0.1)
    with pytest.raises(TwinError, match="error holds 1"):
        k_factor(np.array([math.nan]))
    with pytest.raises(TwinError, match="contracted_kw must be positive"):
        band_error(np.zeros(2), np.zeros(2), contracted_kw=0.0, memory_s=1.0, step_s=1.0)


def test_time_on_trajectory_is_the_share_within_the_band() -> None:
    setpoint = np.array([0.0, 50.0, 100.0, 100.0, -30.0])
    delivered = np.array([5.0, 44.0, 105.0, 95.1, -36.0])
    assert time_on_trajectory(delivered, setpoint, contracted_kw=100.0) == pytest.approx(0.6)
    assert time_on_trajectory(delivered, setpoint, contracted_kw=100.0, band_share=0.1) == 1
    with pytest.raises(TwinError, match=r"shapes differ.*band_share must be positive"):
        time_on_trajectory(delivered[1:], setpoint, contracted_kw=100.0, band_share=-0.1)


def test_neutrality_is_net_energy_over_throughput() -> None:
    hour = energy_neutrality(np.repeat([100.0, -50.0], 1800), step_s=1.0)
    assert (hour.net_kwh, hour.throughput_kwh, hour.net_share) == pytest.approx((25, 75, 1 / 3))
    assert energy_neutrality(np.zeros(5), step_s=1.0).net_share is None


@given(POWERS)
def test_a_response_and_its_mirror_are_neutral(power_kw: np.ndarray) -> None:
    both = energy_neutrality(np.concatenate([power_kw, -power_kw]), step_s=4.0)
    assert both.net_kwh == pytest.approx(0, abs=1e-9)
    once = energy_neutrality(power_kw, step_s=4.0)
    assert abs(once.net_kwh) <= once.throughput_kwh + 1e-12
    assert once.throughput_kwh == pytest.approx(both.throughput_kwh / 2)
