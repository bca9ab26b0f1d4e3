"""Figures of the power system: the swing equation, control performance, and the alert state."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.power_system import (
    alert_state,
    area_control_error_mw,
    cps1_percent,
    frequency_gradient_hz_per_s,
    kinetic_energy_mws,
    least_kinetic_energy_mws,
)
from kpp_twin.errors import TwinError


def test_kinetic_energy_is_summed_over_machines() -> None:
    assert kinetic_energy_mws(np.array([4.0, 6.0]), np.array([500.0, 1000.0])) == 8000


@pytest.mark.parametrize(("imbalance_mw", "gradient"), [(1000, 0.1786), (700, 0.1250), (-1000, -0.1786)])
def test_fr_07_frequency_gradient_of_an_imbalance(imbalance_mw: float, gradient: float) -> None:
    figure = frequency_gradient_hz_per_s(imbalance_mw, kinetic_energy_mws=140e3, nominal_hz=50.0)
    assert figure == pytest.approx(gradient, abs=5e-5)


def test_fr_08_least_kinetic_energy_for_a_limit() -> None:
    energy = least_kinetic_energy_mws(loss_mw=1000.0, gradient_limit_hz_per_s=0.125, nominal_hz=50.0)
    assert energy == pytest.approx(200e3)


@given(st.floats(1, 1e5), st.floats(0.01, 5), st.sampled_from([50.0, 60.0]))
def test_at_the_least_energy_the_loss_just_keeps_the_limit(loss_mw: float, limit: float, nominal_hz: float) -> None:
    energy = least_kinetic_energy_mws(loss_mw=loss_mw, gradient_limit_hz_per_s=limit, nominal_hz=nominal_hz)
    gradient = frequency_gradient_hz_per_s(-loss_mw, kinetic_energy_mws=energy, nominal_hz=nominal_hz)
    assert gradient == pytest.approx(-limit)


def test_area_control_error_counts_interchange_and_frequency() -> None:
    error = area_control_error_mw(
        np.array([510.0, 500.0, 500.0]),
        np.full(3, 500.0),
        np.array([60.0, 59.98, 60.02]),
        scheduled_hz=60.0,
        bias_mw_per_tenth_hz=-50.0,
        meter_error_mw=1.0,
    )
    assert error == pytest.approx([9, -11, 9])


def test_an_area_that_answers_by_its_bias_has_no_control_error() -> None:
    """Its interchange rises by 10 B for each Hz that frequency is low."""
    frequency_hz = np.array([59.9, 59.97, 60.0, 60.04])
    answered = 200 + 500 * (60 - frequency_hz)
    area = {"scheduled_hz": 60.0, "bias_mw_per_tenth_hz": -50.0}
    assert area_control_error_mw(answered, np.full(4, 200.0), frequency_hz, **area) == pytest.approx(np.zeros(4))


def test_cps1_is_200_on_schedule_less_for_a_burden_and_more_for_a_help() -> None:
    area = {"bias_mw_per_tenth_hz": -50.0, "epsilon1_hz": 0.018}
    deviation_hz = np.array([0.018, -0.018])
    assert cps1_percent(np.zeros(2), deviation_hz, **area) == 200
    as_all = 500 * deviation_hz  # errs as the whole interconnection does: compliance factor 1
    assert cps1_percent(as_all, deviation_hz, **area) == pytest.approx(100)
    assert cps1_percent(-as_all, deviation_hz, **area) == pytest.approx(300)


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(("deviation_hz", "after_s"), [(0.06, 900), (0.12, 300), (0.05, None), (0.1, 900)])
def test_alert_begins_after_a_deviation_has_lasted(side: int, deviation_hz: float, after_s: int | None) -> None:
    frequency_hz = np.where(np.arange(1200) < 100, 50.0, 50.0 + side * deviation_hz)
    alert = alert_state(frequency_hz, nominal_hz=50.0, step_s=1.0)
    expected = np.zeros(1200, dtype=bool) if after_s is None else np.arange(1200) > 100 + after_s
    assert (alert == expected).all()


def test_a_return_within_the_limit_starts_the_time_anew() -> None:
    frequency_hz = np.full(2000, 49.93)
    frequency_hz[800] = 49.97
    alert = alert_state(frequency_hz, nominal_hz=50.0, step_s=1.0)
    assert np.flatnonzero(alert).tolist() == list(range(801 + 901, 2000))


@given(st.lists(st.sampled_from([0.0, 0.06, -0.07, 0.11, -0.2]), min_size=1, max_size=60))
def test_alert_is_what_counting_sample_by_sample_gives(deviations: list[float]) -> None:
    lasted, expected = {0.05: -60, 0.1: -60}, []
    for deviation in deviations:
        for limit in lasted:
            lasted[limit] = lasted[limit] + 60 if abs(deviation) > limit else -60
        expected.append(lasted[0.05] > 900 or lasted[0.1] > 300)
    found = alert_state(60 + np.array(deviations), nominal_hz=60.0, step_s=60.0)
    assert found.tolist() == expected


def test_values_that_give_no_figure_are_refused() -> None:
    with pytest.raises(TwinError, match=r"imbalance_mw must be finite.*kinetic_energy_mws must be positive"):
        frequency_gradient_hz_per_s(math.nan, kinetic_energy_mws=0.0, nominal_hz=50.0)
    with pytest.raises(TwinError, match="frequency_hz holds 1"):
        alert_state(np.array([50.0, math.nan]), nominal_hz=50.0, step_s=1.0)
    with pytest.raises(TwinError, match=r"minus_bias_mw_per_tenth_hz must be positive, not -50\.0"):
        cps1_percent(np.zeros(2), np.zeros(2), bias_mw_per_tenth_hz=50.0, epsilon1_hz=0.018)
    with pytest.raises(TwinError, match=r"meter_error_mw must be finite.*shapes differ"):
        area_control_error_mw(
            np.zeros(2),
            np.zeros(1),
            np.full(2, 60.0),
            scheduled_hz=60.0,
            bias_mw_per_tenth_hz=-1.0,
            meter_error_mw=math.nan,
        )
