"""Conditional value at risk, cautious prices, and incomes when everything turns against a plan."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError
from kpp_twin.market.risk import adverse_incomes, cautious_prices, conditional_value_at_risk

losses_of = st.lists(st.floats(-1000, 1000), min_size=1, max_size=30).map(np.array)


@pytest.mark.parametrize(
    ("losses", "alpha", "expected"),
    [
        pytest.param(range(1, 101), 0.90, 95.5, id="MK-17-90"),
        pytest.param(range(1, 101), 0.95, 98.0, id="MK-17-95"),
        pytest.param([100, 50, 20, 0, -10, -20, -30, -40, -50, -60], 0.80, 75.0, id="MK-17-atom-80"),
        pytest.param([100, 50, 20, 0, -10, -20, -30, -40, -50, -60], 0.75, 64.0, id="MK-17-atom-75"),
    ],
)
def test_mk_17_conditional_value_at_risk(losses, alpha, expected):
    assert conditional_value_at_risk(np.array(losses, dtype=float), alpha) == pytest.approx(expected)


@given(losses_of, st.floats(0, 0.99))
def test_equals_the_minimum_of_rockafellar_and_uryasev(losses, alpha):
    """The auxiliary function is convex and piecewise linear with its kinks at the losses."""
    minimum = min(theta + np.maximum(losses - theta, 0).mean() / (1 - alpha) for theta in losses)
    assert conditional_value_at_risk(losses, alpha) == pytest.approx(minimum, abs=1e-6)


@given(losses_of)
def test_from_the_mean_up_to_the_worst(losses):
    at = [conditional_value_at_risk(losses, alpha) for alpha in (0.0, 0.3, 0.6, 0.9, 0.99)]
    assert at[0] == pytest.approx(losses.mean(), abs=1e-6)
    assert np.all(np.diff(at) >= -1e-6)
    assert at[-1] == pytest.approx(losses.max(), abs=1e-6)


def test_probabilities_weigh():
    assert conditional_value_at_risk(np.array([10.0, 0.0]), 0.5, np.array([0.1, 0.9])) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("losses", "alpha", "probability", "told"),
    [
        ([], 0.95, None, "there are no losses"),
        ([1.0, math.nan], 0.95, None, "losses must be finite; it is nan at step 1"),
        ([1.0], 1.0, None, "alpha must be at least 0 and below 1; it is 1.0"),
        ([1.0], -0.1, None, "alpha must be"),
        ([1.0], math.nan, None, "alpha must be"),
        ([1.0, 2.0], 0.9, [0.5, 0.4], "the probabilities must add up to 1"),
        ([1.0, 2.0], 0.9, [1.5, -0.5], "probability must be finite and at least 0"),
    ],
)
def test_bad_losses_are_refused(losses, alpha, probability, told):
    with pytest.raises(ConfigError) as error:
        conditional_value_at_risk(np.array(losses), alpha, None if probability is None else np.array(probability))
    assert told in str(error.value)


@st.composite
def forecasts(draw):
    n = draw(st.integers(1, 12))
    price = np.array(draw(st.lists(st.floats(-200, 5000), min_size=n, max_size=n)))
    steps = np.array(draw(st.lists(st.floats(0, 50), min_size=19 * n, max_size=19 * n))).reshape(n, 19)
    quantiles = price[:, None] - 300 + np.cumsum(steps, axis=1)
    return price, quantiles


@given(forecasts(), st.floats(0, 1))
def test_caution_only_flattens(forecast, risk_tolerance):
    price, quantiles = forecast
    cautious = cautious_prices(price, quantiles, risk_tolerance)
    middle = np.median(price)
    assert np.all(np.abs(cautious - middle) <= np.abs(price - middle) + 1e-6)
    assert cautious_prices(price, quantiles, 1.0) == pytest.approx(price)


def test_full_caution_stops_at_the_quartiles():
    quantiles = np.array([20.0, 80.0])[:, None] + np.linspace(-18, 18, 19)  # quartiles 10 off
    assert cautious_prices(np.array([20.0, 80.0]), quantiles, 0.0) == pytest.approx([30, 70])
    assert cautious_prices(np.array([20.0, 80.0]), quantiles, 0.5) == pytest.approx([25, 75])


@pytest.mark.parametrize(
    ("price", "quantiles", "tolerance", "told"),
    [
        ([1.0, 2.0], np.zeros((3, 19)), 0.2, "price has shape (2,), quantiles (3, 19)"),
        ([1.0, 2.0], np.zeros(2), 0.2, "quantiles (2,)"),
        ([], np.zeros((0, 19)), 0.2, "price has shape (0,)"),
        ([1.0, math.nan], np.zeros((2, 19)), 0.2, "must be finite"),
        ([1.0, 2.0], np.array([[2.0, 1.0], [1.0, 2.0]]), 0.2, "quantiles must rise"),
        ([1.0], np.zeros((1, 19)), 1.5, "risk_tolerance must be from 0 to 1; it is 1.5"),
        ([1.0], np.zeros((1, 19)), math.nan, "risk_tolerance"),
    ],
)
def test_bad_forecasts_are_refused(price, quantiles, tolerance, told):
    with pytest.raises(ConfigError) as error:
        cautious_prices(np.array(price), quantiles, tolerance)
    assert told in str(error.value)


def test_adverse_incomes_rise_with_the_level():
    quantiles = np.array([[10.0, 20.0, 30.0], [60.0, 80.0, 100.0]])
    incomes = adverse_incomes(np.array([-500.0, 400.0]), quantiles, 0.5)
    assert incomes == pytest.approx([(-500 * 30 + 400 * 60) / 2000, (-500 * 20 + 400 * 80) / 2000, 17.5])
    assert np.all(np.diff(incomes) > 0)


@pytest.mark.parametrize(
    ("power", "quantiles", "hours", "told"),
    [
        ([1.0], np.zeros((2, 3)), 1.0, "power_kw has shape (1,)"),
        ([math.nan], np.zeros((1, 3)), 1.0, "must be finite"),
        ([1.0], np.zeros((1, 3)), 0.0, "hours must be above 0"),
    ],
)
def test_bad_plans_are_refused(power, quantiles, hours, told):
    with pytest.raises(ConfigError) as error:
        adverse_incomes(np.array(power), quantiles, hours)
    assert told in str(error.value)
