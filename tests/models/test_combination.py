"""Weights that are learnt from past errors only."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.combination import combine, disagreement

N_DAYS, N_SLOTS = 120, 6
NAN = float("nan")


def members(*errors: float, seed: int = 1, n_days: int = N_DAYS) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts of members of so large errors of their own, and what came."""
    rng = np.random.default_rng(seed)
    actual = 40 + rng.normal(0, 10, (n_days, N_SLOTS))
    return np.array([actual + rng.normal(0, error, actual.shape) for error in errors]), actual


def loss(forecast: np.ndarray, actual: np.ndarray) -> float:
    return float(np.nanmean(np.abs(forecast - actual)))


def test_a_bad_member_loses_its_weight() -> None:
    forecasts, actual = members(1.0, 1.0, 8.0)
    combined, weights = combine(forecasts, actual, 1)
    assert np.abs(weights[2, -20:].mean()) < 0.1
    assert loss(combined[20:], actual[20:]) < 0.5 * loss(forecasts.mean(axis=0)[20:], actual[20:])


def test_members_alike_are_weighed_alike() -> None:
    forecasts, actual = members(1.0, 1.0, 1.0, 1.0)
    actual = actual + np.random.default_rng(2).normal(0, 3, actual.shape)  # what all of them miss
    combined, weights = combine(forecasts, actual, 1)
    assert np.abs(weights.mean(axis=(1, 2)) - 0.25).max() < 0.08
    assert loss(combined, actual) < 1.01 * loss(forecasts.mean(axis=0), actual)


def test_weights_follow_a_change_of_the_better_member() -> None:
    forecasts, actual = members(1.0, 4.0, n_days=240)
    forecasts[:, 120:] = forecasts[::-1, 120:].copy()
    weights = combine(forecasts, actual, 1)[1].mean(axis=2)
    assert weights[0, 119] > 0.8
    assert weights[1, -1] > 0.7


@pytest.mark.parametrize("lag", [1, 2])
def test_nothing_that_is_not_known_at_the_issue_moves_a_weight(lag: int) -> None:
    forecasts, actual = members(1.0, 2.0, 5.0)
    combined, weights = combine(forecasts, actual, lag)
    for day in (0, 1, 2, 57, N_DAYS - 1):
        poisoned, garbage = actual.copy(), forecasts.copy()
        poisoned[max(0, day - lag + 1) :] = 1e6
        garbage[:, day + 1 :] = NAN
        again, weights_again = combine(garbage, poisoned, lag)
        assert again[day].tobytes() == combined[day].tobytes()
        assert weights_again[:, day].tobytes() == weights[:, day].tobytes()


def test_an_absent_member_leaves_its_weight_to_the_others() -> None:
    forecasts, actual = members(1.0, 2.0, 3.0)
    forecasts[0, 30:60] = NAN
    combined, weights = combine(forecasts, actual, 1)
    assert np.isfinite(combined).all()
    assert (weights[0, 30:60] == 0).all()
    assert weights.sum(axis=0) == pytest.approx(1)
    assert weights[0, 61].mean() > weights[2, 61].mean()


def test_a_day_without_any_member_has_no_forecast() -> None:
    forecasts, actual = members(1.0, 2.0)
    forecasts[:, 10, 3] = NAN
    combined, weights = combine(forecasts, actual, 1)
    assert np.argwhere(np.isnan(combined)).tolist() == [[10, 3]]
    assert (weights[:, 10, 3] == 0).all()
    assert np.isnan(disagreement(forecasts, combined)[10, 3])


def test_one_member_is_the_combination() -> None:
    forecasts, actual = members(1.0)
    assert combine(forecasts, actual, 1)[0] == pytest.approx(forecasts[0])


@given(st.integers(1, 5), st.integers(0, 9), st.floats(1e-3, 1e4), st.floats(-1e4, 1e4))
def test_a_forecast_is_made_from_any_days_and_in_any_unit(n_members: int, seed: int, unit: float, shift: float) -> None:
    forecasts, actual = members(*range(1, n_members + 1), seed=seed, n_days=20)
    actual[np.random.default_rng(seed).random(actual.shape) < 0.2] = NAN
    combined, weights = combine(forecasts, actual, 1)
    assert np.isfinite(combined).all()
    assert weights.sum(axis=0) == pytest.approx(1)
    assert combine(unit * forecasts + shift, unit * actual + shift, 1)[0] == pytest.approx(
        unit * combined + shift, rel=1e-4, abs=1e-3 * unit
    )


def test_a_constant_series_is_forecast() -> None:
    assert combine(np.full((3, 9, 4), 7.0), np.full((9, 4), 7.0), 1)[0] == pytest.approx(7)


def test_disagreement_is_the_mean_distance_of_the_members() -> None:
    forecasts = np.array([[[1.0, 2.0]], [[3.0, NAN]]])
    assert disagreement(forecasts, np.array([[2.5, 4.0]])).tolist() == [[1.0, 2.0]]
