"""One-step-ahead forecasts against those of solving anew for every sample."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.units import Array
from models.families.gaussian_process import one_step_ahead


def samples(seed: int, n: int = 20, n_outputs: int = 3) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(n, 4))
    return inputs @ inputs.T + np.diag(rng.uniform(0.5, 2.0, n)), rng.normal(size=(n, n_outputs))


def solved(covariance: Array, targets: Array, row: int, known: Array) -> tuple[Array, float]:
    """Mean and variance of a sample given others (Rasmussen and Williams, 2006, equations 2.25 and 2.26)."""
    gain = np.linalg.solve(covariance[np.ix_(known, known)], covariance[known, row])
    return gain @ targets[known], float(covariance[row, row] - gain @ covariance[known, row])


@given(st.integers(0, 1000), st.integers(1, 3))
def test_each_forecast_is_that_of_the_samples_before_it(seed: int, lag: int) -> None:
    covariance, targets = samples(seed)
    mean, variance = one_step_ahead(covariance, targets, lag)
    for row in (0, lag, 10, 19):
        expected, spread = solved(covariance, targets, row, np.arange(max(0, row - lag + 1)))
        np.testing.assert_allclose(mean[row], expected, atol=1e-9)
        assert variance[row] == pytest.approx(spread)


@given(st.integers(0, 1000))
def test_an_unknown_output_tells_the_next_sample_nothing(seed: int) -> None:
    covariance, targets = samples(seed)
    targets[18, 1] = np.nan
    mean = one_step_ahead(covariance, targets)[0]
    np.testing.assert_allclose(mean[19, 1], solved(covariance, targets, 19, np.arange(18))[0][1], atol=1e-9)
    np.testing.assert_allclose(mean[19, 0], solved(covariance, targets, 19, np.arange(19))[0][0], atol=1e-9)


def test_a_limit_that_is_not_reached_changes_nothing() -> None:
    covariance, targets = samples(1)
    for without, limited in zip(
        one_step_ahead(covariance, targets), one_step_ahead(covariance, targets, 1, np.full(3, 1e6)), strict=True
    ):
        np.testing.assert_allclose(limited, without, atol=1e-12)


def test_an_outlier_pulls_no_more_than_the_limit() -> None:
    covariance, targets = samples(2)
    limit = np.array([2.0, 2.0, 2.0])
    pulled = []
    for outlier in (1e3, 1e6):
        targets[10, 0] = outlier
        pulled.append(one_step_ahead(covariance, targets, 1, limit)[0])
    np.testing.assert_array_equal(pulled[0], pulled[1])
    assert np.abs(pulled[0]).max() < 100


def test_later_samples_move_no_bit_of_earlier_forecasts() -> None:
    covariance, targets = samples(3, n=300)
    before = one_step_ahead(covariance, targets)
    covariance[200:, :200] *= 0.5
    covariance[:200, 200:] *= 0.5
    covariance[200:, 200:] *= 7.0
    targets[200:] = 1e9
    after = one_step_ahead(covariance, targets)
    np.testing.assert_array_equal(before[0][:200], after[0][:200])
    np.testing.assert_array_equal(before[1][:200], after[1][:200])
