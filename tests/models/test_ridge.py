"""The fit by itself, the quantiles of its errors, and a forecast from plain numbers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.records import Array
from models import ridge
from models.errors import MissingInputError
from models.features import Inputs

TARGETS = pd.date_range("2024-03-01", periods=3, freq="h", tz="UTC")


def test_a_straight_line_is_found_in_spite_of_outliers() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(3000, 2))
    target = 2 * features[:, 0] + 1 + rng.normal(0, 0.1, 3000)
    target[::20] += 50
    coefficients = ridge.fit(features, target, np.ones(3000))
    np.testing.assert_allclose(coefficients, [2, 0, 1], atol=0.15)


def test_a_feature_that_never_changes_weighs_nothing() -> None:
    features = np.column_stack([np.linspace(0, 1, 100), np.full(100, 7.0)])
    assert ridge.fit(features, features[:, 0], np.ones(100))[1] == pytest.approx(0)


def known() -> Inputs:
    """One feature of three targets, 2, 3 and 30 hours ahead."""
    return Inputs(
        features=np.array([[0.0], [1.0], [2.0]]),
        center=np.array([100.0, 100.0, 200.0]),
        scale=np.array([10.0, 10.0, 20.0]),
        hour=np.array([0, 1, 2]),
        lead_hours=np.array([2.5, 3.0, 30.0]),
    )


def weights() -> dict[str, Array]:
    """The error is up to 1 scale in the first hour, and 10 in the third."""
    sizes = np.ones(24)
    sizes[2] = 10.0
    return {
        "coefficients": np.array([0.5, 0.1]),
        "errors": sizes[:, None] * np.linspace(-1, 1, 19),
        "spread": np.where(np.arange(24) == 23, 2.0, 1.0),
    }


def test_a_forecast_by_hand() -> None:
    values, quantiles = ridge.forecast(weights(), known(), TARGETS)
    np.testing.assert_allclose(values, [100 + 10 * np.sinh(0.1), 100 + 10 * np.sinh(0.6), 200 + 20 * np.sinh(1.1)])
    np.testing.assert_allclose(quantiles[:, 18] - values, [10.0, 10.0, 20 * 10 * 2.0])
    np.testing.assert_allclose(quantiles[:, 9], values)


def test_bounding_is_undone_by_predicting() -> None:
    at = ridge.bounded(np.array([90.0, 105.0, 1e6]), known())
    back = ridge.predict(np.array([1.0, 0.0]), replace(known(), features=at[:, None]))
    np.testing.assert_allclose(back, [90.0, 105.0, 1e6])


def test_a_feature_out_of_any_range_gives_a_finite_forecast() -> None:
    assert np.isfinite(ridge.predict(np.array([1.0, 0.0]), replace(known(), features=np.full((3, 1), 1e9)))).all()


def test_too_little_known_is_told_with_the_first_interval() -> None:
    features = np.array([[0.0], [np.nan], [np.nan]])
    with pytest.raises(MissingInputError, match=r"for 2 of 3 intervals from 2024-03-01T01:00Z: a ridge forecast needs"):
        ridge.forecast(weights(), replace(known(), features=features), TARGETS)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.integers(0, 23))
def test_quantiles_of_errors_rise_and_stay_within_them(errors: list[float], hour: int) -> None:
    table = ridge.error_table(np.array(errors), np.full(len(errors), hour))
    assert (np.diff(table, axis=1) >= -1e-9).all()
    assert table.min() >= min(errors) - 1e-6
    assert table.max() <= max(errors) + 1e-6


def test_the_spread_is_relative_and_1_where_nothing_was_judged() -> None:
    errors, lead = np.array([1.0, -1, 3, -3, np.nan]), np.array([0, 0, 1, 1, 2])
    assert ridge.spread_of(errors, lead)[:3].tolist() == [0.5, 1.5, 1.0]
