"""Scores by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import scores

LEVELS = np.arange(1, 100) / 100
NAN = float("nan")


def test_errors_of_a_point_by_hand() -> None:
    actual, forecast = np.array([[1.0, -3.0, NAN]]), np.array([[2.0, -1.0, 5.0]])
    assert scores.mae(actual, forecast) == pytest.approx(1.5)
    assert scores.rmse(actual, forecast) == pytest.approx(np.sqrt(2.5))
    assert scores.smape(actual, forecast) == pytest.approx(2 / 3)


def test_a_score_over_no_target_is_nan() -> None:
    nothing = np.full((8, 2), NAN)
    found = [f(nothing, nothing) for f in (scores.mae, scores.rmse, scores.smape, scores.rmae)]
    assert np.isnan(found).all()


def test_the_weekly_naive_is_measured_from_the_second_week_on() -> None:
    actual = np.arange(14.0)[:, None]  # the naive errs by 7
    forecast = actual + np.where(np.arange(14) < 7, 4.0, 2.0)[:, None]
    assert scores.rmae(actual, forecast) == pytest.approx(3 / 7)
    assert np.isnan(scores.rmae(np.ones((14, 1)), forecast))


def test_crps_of_many_even_members_is_that_of_their_quantiles() -> None:
    actual = np.array([0.3, 2.0])
    members = np.tile(np.linspace(-1, 1, 4001), (2, 1))
    by_quantile = scores.crps_from_quantiles(actual, np.tile(2 * LEVELS - 1, (2, 1)), LEVELS)
    assert scores.crps_ensemble(actual, members) == pytest.approx(by_quantile, rel=0.01)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=8), st.floats(-100, 100))
def test_crps_of_an_ensemble_is_its_definition(members: list[float], actual: float) -> None:
    x = np.array(members)
    direct = np.abs(x - actual).mean() - np.abs(x[:, None] - x).mean() / 2
    assert scores.crps_ensemble(np.array(actual), x) == pytest.approx(direct, abs=1e-9)
    assert scores.energy_score(np.array([actual]), x[:, None]) == pytest.approx(direct, abs=1e-9)


def test_crps_of_one_member_is_its_absolute_error() -> None:
    assert scores.crps_ensemble(np.array([1.0, NAN]), np.array([[3.0], [0.0]])) == 2


def test_coverage_by_slot() -> None:
    quantiles = np.tile(LEVELS, (4, 2, 1))
    actual = np.array([[0.5, 0.01], [0.05, NAN], [0.96, NAN], [0.949, NAN]])
    assert scores.coverage(actual, quantiles, LEVELS, 0.9).tolist() == [0.75, 0.0]
    assert np.isnan(scores.coverage(actual[1:, 1:], quantiles[1:, 1:], LEVELS, 0.9)).all()


def test_a_band_without_its_levels_is_refused() -> None:
    with pytest.raises(ValueError, match=r"needs the levels 0\.025 and 0\.975"):
        scores.coverage(np.zeros((1, 1)), np.zeros((1, 1, 99)), LEVELS, 0.95)


def test_diebold_mariano_tells_better_from_worse_and_from_equal() -> None:
    rng = np.random.default_rng(4)
    small, large = rng.normal(0, 1, (60, 24)), rng.normal(0, 2, (60, 24))
    small[3] = NAN
    better, worse = scores.diebold_mariano(small, large), scores.diebold_mariano(large, small)
    assert better is not None
    assert worse is not None
    assert better < 1e-6
    assert worse == pytest.approx(1 - better)
    assert scores.diebold_mariano(small, small) is None
    assert scores.diebold_mariano(small[:13], large[:13]) is None
