"""Conditional value at risk, and possible prices from quantiles."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError
from kpp_twin.market.risk import conditional_value_at_risk, price_scenarios

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


QUANTILES = np.linspace(20.0, 60.0, 24)[:, None] + np.linspace(-18.0, 18.0, 19)


def test_scenarios_keep_the_quantiles_of_each_step():
    prices = price_scenarios(QUANTILES, hours=1.0, n_scenarios=200)
    assert prices.shape == (200, 24)
    levels = np.arange(1, 20) / 20
    assert pytest.approx(QUANTILES, abs=0.2) == np.quantile(prices, levels, axis=0).T


def test_scenarios_are_the_same_at_every_call():
    first, second = (price_scenarios(QUANTILES, hours=1.0, n_scenarios=10) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_hours_that_are_near_go_together():
    prices = price_scenarios(QUANTILES, hours=1.0, n_scenarios=400)
    correlation = np.corrcoef(prices.T)
    near, far = np.diag(correlation, 1).mean(), np.diag(correlation, 20).mean()
    assert near == pytest.approx(np.exp(-1 / 8), abs=0.1)
    assert far < 0.3


@pytest.mark.parametrize(
    ("quantiles", "hours", "n_scenarios", "told"),
    [
        (np.zeros(3), 1.0, 10, "the quantiles have shape (3,); (n, n_levels) is meant"),
        (np.zeros((0, 19)), 1.0, 10, "shape (0, 19)"),
        (np.full((2, 3), math.nan), 1.0, 10, "the quantiles must be finite"),
        (np.array([[2.0, 1.0]]), 1.0, 10, "the quantiles must rise from level to level"),
        (np.zeros((1, 3)), 0.0, 10, "hours must be above 0"),
        (np.zeros((1, 3)), 1.0, 0, "n_scenarios must be at least 1; it is 0"),
        (np.zeros(3), 0.0, 0, "3 fault(s)"),
    ],
)
def test_bad_quantiles_are_refused(quantiles, hours, n_scenarios, told):
    with pytest.raises(ConfigError) as error:
        price_scenarios(quantiles, hours=hours, n_scenarios=n_scenarios)
    assert told in str(error.value)
