"""The fit by itself, and the faults of stored numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.records import Array
from models import ridge
from models.features import NAMES

PARAMETERS = {"recipe": ridge.RECIPE, "features": list(NAMES)}


def sound() -> dict[str, Array]:
    weights = {f"day_ahead.{name}": np.zeros(shape) for name, shape in ridge.SHAPES.items()}
    return weights | {"day_ahead.spread": np.ones(ridge.LEAD_HOURS)}


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


def test_sound_numbers_pass() -> None:
    ridge.check(sound(), PARAMETERS, ("day_ahead",))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda w: w.pop("day_ahead.errors"), "day_ahead.errors is missing"),
        (lambda w: w.update({"extra": np.zeros(1)}), "extra is not known"),
        (lambda w: w.update({"day_ahead.errors": np.zeros((24, 9))}), r"has the shape \(24, 9\), not \(24, 19\)"),
        (lambda w: w["day_ahead.coefficients"].put([0, 3], np.nan), "has 2 number"),
        (lambda w: w["day_ahead.coefficients"].put(0, np.inf), "has 1 number"),
        (lambda w: w["day_ahead.errors"].put(0, 1.0), "does not rise"),
        (lambda w: w["day_ahead.spread"].put(0, 0.0), "must be positive"),
        (lambda w: w.update({"day_ahead.spread": np.ones(24, dtype=int)}), "int64, not float64"),
    ],
)
def test_faults_of_stored_numbers_are_told(change: Callable[[dict[str, Array]], Any], fault: str) -> None:
    weights = sound()
    change(weights)
    with pytest.raises(ridge.WeightsError, match=fault):
        ridge.check(weights, PARAMETERS, ("day_ahead",))


def test_all_faults_come_in_one_message() -> None:
    with pytest.raises(ridge.WeightsError, match=r"^5 fault.*recipe is 'other'.*features are not.*errors is missing"):
        ridge.check({}, {"recipe": "other"}, ("day_ahead",))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.integers(0, 23))
def test_quantiles_of_errors_rise_and_stay_within_them(errors: list[float], hour: int) -> None:
    table = ridge.error_table(np.array(errors), np.full(len(errors), hour))
    assert (np.diff(table, axis=1) >= -1e-9).all()
    assert table.min() >= min(errors) - 1e-6
    assert table.max() <= max(errors) + 1e-6


def test_the_spread_is_relative_and_1_where_nothing_was_judged() -> None:
    errors, lead = np.array([1.0, -1, 3, -3, np.nan]), np.array([0, 0, 1, 1, 2])
    assert ridge.spread_of(errors, lead)[:3].tolist() == [0.5, 1.5, 1.0]
