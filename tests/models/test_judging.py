"""Scores by hand."""

import numpy as np
import pytest

from models import naive
from models.judging import band_scores, diebold_mariano, mean_absolute


def test_methods_are_compared_where_all_have_an_error() -> None:
    errors = {"a": np.array([1.0, -3.0, np.nan]), "b": np.array([2.0, 2.0, 100.0])}
    assert mean_absolute(errors) == {"a": 2.0, "b": 2.0}
    assert np.isnan(mean_absolute({"a": np.array([np.nan])})["a"])


def test_the_band_of_even_errors_covers_nine_tenths() -> None:
    errors = np.random.default_rng(1).uniform(-1, 1, 400 * 24)
    hour = np.tile(np.arange(24), 400)
    found = band_scores(errors, np.ones(len(errors)), hour, 400, naive.error_table)
    assert found["coverage_90"] == pytest.approx(0.9, abs=0.02)
    assert found["pinball"] == pytest.approx(1 / 6, abs=0.02)


def test_the_band_knows_only_earlier_days() -> None:
    """Errors that jump far out on the last days are never within it."""
    errors = np.random.default_rng(1).uniform(-1, 1, 21 * 24)
    errors[14 * 24 :] += 100
    found = band_scores(errors, np.ones(len(errors)), np.tile(np.arange(24), 21), 21, naive.error_table)
    assert found["coverage_90"] == 0


def test_too_few_days_judge_no_band() -> None:
    assert band_scores(np.ones(240), np.ones(240), np.tile(np.arange(24), 10), 10, naive.error_table) == {}


def test_diebold_mariano_tells_better_from_worse_and_from_equal() -> None:
    rng = np.random.default_rng(4)
    small, large = rng.normal(0, 1, 60 * 24), rng.normal(0, 2, 60 * 24)
    better, worse = diebold_mariano(small, large, 60), diebold_mariano(large, small, 60)
    assert better is not None
    assert worse is not None
    assert better < 1e-6
    assert worse == pytest.approx(1 - better)
    equal = diebold_mariano(rng.normal(0, 1, 60 * 24), rng.normal(0, 1, 60 * 24), 60)
    assert equal is not None
    assert 0.01 < equal < 0.99


def test_without_days_or_a_difference_there_is_no_test() -> None:
    assert diebold_mariano(np.zeros(240), np.ones(240), 10) is None
    assert diebold_mariano(np.ones(1440), np.ones(1440), 60) is None
