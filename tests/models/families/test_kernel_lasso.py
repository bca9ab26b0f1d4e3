from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_python import plain_kernels

import models.families.kernel_lasso
from kpp_twin.units import Array
from models.families.kernel_lasso import descend, rolling_level

PLAIN = plain_kernels(Path(models.families.kernel_lasso.__file__).parent, ["kernel_lasso"])["kernel_lasso"]


def moments_of(seed: int, n: int, n_inputs: int, n_outputs: int) -> tuple[Array, Array, Array]:
    """Second moments and penalties of inputs that go along with one another."""
    return rows_of(seed, n, n_inputs, n_outputs)[2:]


def rows_of(seed: int, n: int, n_inputs: int, n_outputs: int) -> tuple[Array, Array, Array, Array, Array]:
    random = np.random.default_rng(seed)
    inputs = random.normal(size=(n, n_inputs)) + random.normal(size=(n, 1))
    outputs = inputs[:, :n_outputs] - inputs[:, n_outputs : 2 * n_outputs] + random.normal(size=(n, n_outputs))
    moments = outputs.T @ inputs / n
    penalties = np.abs(moments).max(axis=1)[:, None] * np.array([0.3, 0.1, 0.03])
    return inputs, outputs, inputs.T @ inputs / n, moments, penalties


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), n=st.integers(40, 60), n_inputs=st.integers(6, 20))
def test_the_descent_agrees_with_that_of_scikit_learn(seed: int, n: int, n_inputs: int) -> None:
    from sklearn.linear_model import lasso_path

    inputs, outputs, gram, moments, penalties = rows_of(seed, n, n_inputs, 2)
    coefficients = np.zeros((2, 3, n_inputs))
    descend(gram, moments, penalties, 1e-10, coefficients)
    for output in range(2):
        _, path, _ = lasso_path(
            inputs,
            outputs[:, output],
            alphas=penalties[output],
            precompute=gram * n,
            Xy=moments[output] * n,
            tol=1e-12,
            max_iter=100_000,
        )
        assert coefficients[output] == pytest.approx(path.T, abs=1e-6)


@given(seed=st.integers(0, 1000))
def test_where_the_descent_ends_nothing_pulls_harder_than_the_penalty(seed: int) -> None:
    gram, moments, penalties = moments_of(seed, 60, 20, 3)
    coefficients = np.zeros((3, 3, 20))
    descend(gram, moments, penalties, 1e-10, coefficients)
    pull = moments[:, None] - coefficients @ gram
    used = coefficients != 0
    assert (np.abs(pull) <= penalties[:, :, None] + 1e-7).all()
    assert pull[used] == pytest.approx((np.sign(coefficients) * penalties[:, :, None])[used], abs=1e-7)


def test_the_descent_ends_at_the_same_place_from_another_start() -> None:
    gram, moments, penalties = moments_of(1, 60, 30, 2)
    cold, warm = np.zeros((2, 3, 30)), np.random.default_rng(2).normal(size=(2, 3, 30))
    for coefficients in (cold, warm):
        descend(gram, moments, penalties, 1e-10, coefficients)
    assert cold == pytest.approx(warm, abs=1e-7)


def test_an_input_of_no_variance_is_not_used() -> None:
    gram, moments, penalties = moments_of(3, 60, 10, 2)
    gram[4], gram[:, 4], moments[:, 4] = 0.0, 0.0, 0.0
    coefficients = np.zeros((2, 3, 10))
    descend(gram, moments, penalties, 1e-8, coefficients)
    assert (coefficients[:, :, 4] == 0).all()
    assert np.isfinite(coefficients).all()


@given(seed=st.integers(0, 1000))
def test_the_descent_in_plain_python_is_the_same(seed: int) -> None:
    gram, moments, penalties = moments_of(seed, 30, 8, 2)
    found, plain = np.zeros((2, 2, 3, 8))
    descend(gram, moments, penalties, 1e-6, found)
    PLAIN.descend(gram, moments, penalties, 1e-6, plain)
    assert found == pytest.approx(plain, abs=1e-10)


def test_the_level_is_the_median_of_the_days_that_are_known() -> None:
    values = np.random.default_rng(4).normal(size=(12, 5))
    values[3] = np.nan
    level, scale, plain_level, plain_scale = np.full((4, 12), np.nan)
    rolling_level(values, 4, 2, level, scale)
    PLAIN.rolling_level(values, 4, 2, plain_level, plain_scale)
    assert level == pytest.approx(plain_level, nan_ok=True)
    assert scale == pytest.approx(plain_scale, nan_ok=True)
    assert np.isnan(level[:2]).all()
    assert level[2] == np.median(values[0])
    window = values[[4, 5, 6]]
    assert level[8] == pytest.approx(np.nanmedian(values[3:7]))
    assert level[8] == pytest.approx(np.median(window))
    assert scale[8] == pytest.approx(np.median(np.abs(window - level[8])))
