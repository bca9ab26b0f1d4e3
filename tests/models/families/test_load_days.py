"""The Gaussian processes of a load: what they gain, what they may not see, and what they survive."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from load_tables import made_up_load, poisoned

from kpp_twin.units import Array
from models.days import DayTables
from models.families.load_days import OPERATOR_ERROR, OWN_LOAD, Process, fit, forecast, usual_load, without_operator

FIRST, STOP = 100, 120
PROCESSES = pytest.mark.parametrize("process", [OPERATOR_ERROR, OWN_LOAD], ids=["operator", "own"])


def seen_by(process: Process, tables: DayTables) -> DayTables:
    return tables if process is OPERATOR_ERROR else without_operator(tables)


def forecast_of(process: Process, tables: DayTables) -> Array:
    tables = seen_by(process, tables)
    return forecast(process, fit(process, tables, FIRST), tables, FIRST, STOP)


def mean_error(values: Array, tables: DayTables) -> float:
    return float(np.abs(values - tables.target[FIRST:STOP]).mean())


def test_a_steady_error_of_the_operator_is_taken_out() -> None:
    tables = made_up_load(noise=0.005)
    operator = mean_error(tables.exogenous[0, FIRST:STOP], tables)
    assert mean_error(forecast_of(OPERATOR_ERROR, tables), tables) < 0.6 * operator


def test_an_error_that_cannot_be_foretold_leaves_the_operator_s_forecast() -> None:
    tables = made_up_load(noise=0.0)
    rng = np.random.default_rng(3)
    exact = np.array([tables.target * (1 + 0.02 * rng.normal(size=tables.target.shape)), tables.exogenous[1]])
    tables = replace(tables, exogenous=exact)
    operator = mean_error(exact[0, FIRST:STOP], tables)
    assert mean_error(forecast_of(OPERATOR_ERROR, tables), tables) < 1.15 * operator


def test_the_own_model_beats_the_usual_shape() -> None:
    tables = made_up_load(noise=0.005)
    assert mean_error(forecast_of(OWN_LOAD, tables), tables) < 0.9 * mean_error(usual_load(tables)[FIRST:STOP], tables)


@PROCESSES
@pytest.mark.parametrize("garbage", [np.nan, 1e9, -3.0])
@pytest.mark.parametrize("n_slots", [24, 96])
def test_what_comes_after_the_issue_moves_nothing(process: Process, garbage: float, n_slots: int) -> None:
    tables = seen_by(process, made_up_load(n_slots=n_slots))
    row = FIRST + 5
    other = poisoned(tables, row, garbage)
    weights, others = fit(process, tables, row), fit(process, other, row)
    assert list(weights) == list(others)
    assert all(np.array_equal(weights[name], others[name]) for name in weights)
    np.testing.assert_array_equal(
        forecast(process, weights, tables, FIRST, STOP)[: row - FIRST + 1],
        forecast(process, weights, other, FIRST, STOP)[: row - FIRST + 1],
    )


@PROCESSES
@given(seed=st.integers(0, 1000), share=st.floats(0.0, 0.3))
def test_missing_values_leave_a_forecast(process: Process, seed: int, share: float) -> None:
    tables = made_up_load(n_days=60, seed=seed)
    rng = np.random.default_rng(seed)
    target = np.where(rng.random(tables.target.shape) < share, np.nan, tables.target)
    exogenous = tables.exogenous.copy()
    exogenous[1][rng.random(exogenous[1].shape) < share] = np.nan
    broken = seen_by(process, replace(tables, target=target, exogenous=exogenous))
    assert np.isfinite(forecast(process, fit(process, broken, 50), broken, 50, 60)).all()


@PROCESSES
@pytest.mark.parametrize("value", [0.0, 7.0, -7.0])
def test_a_constant_load_is_forecast_as_it_is(process: Process, value: float) -> None:
    tables = made_up_load()
    flat = replace(
        tables, target=np.full_like(tables.target, value), exogenous=np.array([np.full((tables.n_days, 24), value)])
    )
    np.testing.assert_allclose(forecast_of(process, flat), value, atol=1e-9)


def test_after_an_outage_of_weeks_the_operator_still_helps() -> None:
    tables = made_up_load()
    target = tables.target.copy()
    target[FIRST - 30 : FIRST] = np.nan
    assert np.isfinite(forecast_of(OPERATOR_ERROR, replace(tables, target=target))).all()


def test_on_the_first_days_the_operator_is_believed() -> None:
    tables = made_up_load(n_days=4)
    values = forecast(OPERATOR_ERROR, fit(OPERATOR_ERROR, tables, 1), tables, 0, 2)
    np.testing.assert_allclose(values, tables.exogenous[0, :2])


def test_weights_are_numbers_by_name() -> None:
    weights = fit(OPERATOR_ERROR, made_up_load(), FIRST)
    assert all(numbers.dtype == np.float64 and np.isfinite(numbers).all() for numbers in weights.values())
