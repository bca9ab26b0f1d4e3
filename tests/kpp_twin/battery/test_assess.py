"""An assessment says what the battery did, by figures that can be had otherwise too."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.assess import assess, frequency_statistics, step_response_time_s
from kpp_twin.battery.kernel_constants import Flag
from kpp_twin.battery.storage import StorageConfiguration
from kpp_twin.errors import ConfigError, TwinError
from kpp_twin.frequency.products import product_named

CONFIG = StorageConfiguration(
    capacity=1000.0, max_power=500.0, min_soc=0.1, max_soc=0.9, charge_efficiency=0.95, discharge_efficiency=0.95
)
FCR = product_named("FCR")
SECONDS = np.arange(3600)


def sine_hz(deviation_hz: float, period_s: float = 300.0, seconds: np.ndarray = SECONDS) -> np.ndarray:
    return 50.0 + deviation_hz * np.sin(2 * np.pi * (seconds + 0.5) / period_s)


@pytest.mark.parametrize(
    ("name", "sold_kw", "t90_s"),
    [
        ("FCR", 400.0, 0.1 * math.log(10)),
        ("FCR-D down", 400.0, 0.1 * math.log(10)),
        ("FFR", 300.0, 0.25 + 0.1 * math.log(10)),  # its curve is a trigger
        ("IEEE 1547", 500.0, 5.1),  # a lag of 5 s to 90 %, and the converter's; full response is beyond a jump
    ],
)
def test_t90_is_that_of_the_converter_and_of_what_the_product_prescribes(
    name: str, sold_kw: float, t90_s: float
) -> None:
    assert step_response_time_s(CONFIG, product_named(name), sold_kw) == pytest.approx(t90_s, abs=0.011)


def test_a_battery_that_never_gets_there_has_no_t90() -> None:
    slow = StorageConfiguration(
        capacity=1000.0,
        max_power=500.0,
        min_soc=0.1,
        max_soc=0.9,
        charge_efficiency=0.95,
        discharge_efficiency=0.95,
        response_time=60.0,
    )
    assert step_response_time_s(slow, FCR, 400.0) is None


def test_a_response_without_faults_scores_almost_all() -> None:
    frequency_hz = sine_hz(0.1)
    found = assess(CONFIG, FCR, 400.0, frequency_hz)
    assert found.performance is not None
    assert found.performance.delay == 1.0
    assert found.performance.accuracy == pytest.approx(1.0, abs=1e-3)
    assert 0.99 < found.performance.precision < 1.0, "the converter's lag costs a little"
    assert found.performance.score == pytest.approx(
        (found.performance.accuracy + found.performance.delay + found.performance.precision) / 3
    )
    assert found.mileage == pytest.approx(np.abs(np.diff(FCR.share(frequency_hz), prepend=0.0)).sum())
    assert found.endurance_violation_s == 0.0
    assert set(found.flag_shares) == {flag.name.lower() for flag in Flag}
    assert not any(found.flag_shares.values())


def test_energy_drifts_by_the_losses_of_what_went_in_and_out() -> None:
    frequency_hz = sine_hz(0.1)
    found = assess(CONFIG, FCR, 400.0, frequency_hz)
    out_kwh = 400.0 * np.maximum(FCR.share(frequency_hz), 0.0).sum() / 3600
    assert found.energy_drift_kwh == pytest.approx(out_kwh * (0.95 - 1 / 0.95), rel=0.02)


def test_management_and_violations_of_a_long_deviation_show() -> None:
    found = assess(CONFIG, FCR, 500.0, np.where(SECONDS < 2400, 49.83, 50.005) + 1e-5 * (SECONDS % 2))
    assert found.energy_drift_kwh < -100.0
    assert found.endurance_violation_s > 0.0
    assert {flag for flag, share in found.flag_shares.items() if share} == {"restoring_down", "deadband_use"}
    assert found.flag_shares["deadband_use"] == pytest.approx(1 / 3)


def test_nothing_is_scored_where_nothing_is_asked() -> None:
    found = assess(CONFIG, FCR, 400.0, sine_hz(0.009))
    assert found.performance is None
    assert (found.mileage, found.energy_drift_kwh) == (0.0, 0.0)


def test_a_gap_is_counted_and_costs_no_score() -> None:
    frequency_hz = sine_hz(0.1)
    frequency_hz[1000:1060] = np.nan
    found = assess(CONFIG, FCR, 400.0, frequency_hz)
    assert found.flag_shares["missing"] == pytest.approx(60 / 3600)
    assert found.flag_shares["degraded"] == pytest.approx(39 / 3600, abs=1 / 3600), (
        "30 s of the gap, and 9 s to be sure again"
    )
    assert found.performance is not None
    assert found.performance.score > 0.98


def test_what_cannot_be_true_is_no_measure_of_the_response() -> None:
    frequency_hz = sine_hz(0.1)
    frequency_hz[1000:1005], frequency_hz[2000:2005] = 0.0, 60.0
    found = assess(CONFIG, FCR, 400.0, frequency_hz)
    assert found.performance is not None
    assert found.performance.precision > 0.98


def test_a_true_frequency_that_is_taken_for_frozen_costs_score() -> None:
    found = assess(CONFIG, FCR, 400.0, np.where(SECONDS % 600 < 300, 49.9, 50.1))
    assert found.flag_shares["frozen"] > 0.9
    assert found.performance is not None
    assert found.performance.precision < 0.3


def test_a_tail_of_less_than_ten_seconds_is_not_scored() -> None:
    frequency_hz = sine_hz(0.1)
    assert assess(CONFIG, FCR, 400.0, frequency_hz[:3609]).performance is not None
    with pytest.raises(TwinError, match="600 s or more"):
        assess(CONFIG, FCR, 400.0, frequency_hz[:599])


def test_more_than_the_battery_can_sell_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"sell at most 373\.1 kW"):
        assess(CONFIG, product_named("FCR-N"), 450.0, sine_hz(0.1))


@pytest.mark.parametrize("name", ["RegD", "aFRR"])
def test_a_product_that_follows_a_signal_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} follows a signal"):
        assess(CONFIG, product_named(name), 100.0, sine_hz(0.1))


@given(st.floats(0.0, 0.6), st.floats(5.0, 3000.0), st.sampled_from(["FCR", "DC", "FCR-D up", "FFR Nordic"]))
def test_scores_and_shares_are_within_none_and_all(deviation_hz: float, period_s: float, name: str) -> None:
    found = assess(CONFIG, product_named(name), 300.0, sine_hz(deviation_hz, period_s, np.arange(1200)))
    if found.performance is not None:
        score = found.performance
        assert all(0.0 <= value <= 1.0 for value in (score.score, score.accuracy, score.delay, score.precision))
    assert all(0.0 <= share <= 1.0 for share in found.flag_shares.values())
    assert 0.0 <= found.endurance_violation_s <= 1200.0


def test_statistics_of_a_sine() -> None:
    found = frequency_statistics(sine_hz(0.15, period_s=120.0), 50.0)
    turn = 2 * np.pi / 120
    expected = {"mean_mhz": 0.0, "std_mhz": 150 / np.sqrt(2), "zero_crossing_s": 60.0}
    expected |= {f"change_std_{lag}s_mhz": 150 * np.sqrt(1 - np.cos(turn * lag)) for lag in (1, 10, 60)}
    expected |= {f"autocorrelation_{lag}s": np.cos(turn * lag) for lag in (10, 60, 300)}
    expected |= {f"share_beyond_{limit}_mhz": 1 - 2 * np.arcsin(limit / 150) / np.pi for limit in (10, 50, 100)}
    expected |= {"share_beyond_200_mhz": 0.0}
    assert found == pytest.approx(expected, rel=0.03, abs=1e-3)


def test_gaps_are_left_out_of_the_statistics() -> None:
    frequency_hz = 60.0 + np.random.default_rng(3).normal(0.01, 0.02, 20_000)
    frequency_hz[::3], frequency_hz[1::300] = np.nan, np.inf
    found = frequency_statistics(frequency_hz, 60.0)
    assert found["mean_mhz"] == pytest.approx(10.0, rel=0.05)
    assert found["std_mhz"] == pytest.approx(20.0, rel=0.03)
    assert found["change_std_1s_mhz"] == pytest.approx(20.0 * np.sqrt(2), rel=0.03)
    assert found["autocorrelation_10s"] == pytest.approx(0.0, abs=0.05)
    assert found["share_beyond_50_mhz"] == pytest.approx(0.0241, abs=0.005)


def test_what_a_short_or_steady_frequency_cannot_tell_is_none() -> None:
    short, steady = frequency_statistics(sine_hz(0.1)[:50], 50.0), frequency_statistics(np.full(400, 50.1), 50.0)
    assert {name for name, value in short.items() if value is None} == {
        "change_std_60s_mhz",
        "autocorrelation_60s",
        "autocorrelation_300s",
        "zero_crossing_s",
    }
    assert {name for name, value in steady.items() if value is None} == {
        "autocorrelation_10s",
        "autocorrelation_60s",
        "autocorrelation_300s",
        "zero_crossing_s",
    }
