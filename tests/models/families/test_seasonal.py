"""The seasonal model of statsmodels as a tier."""

from dataclasses import replace

import numpy as np
import pytest
from load_tables import made_up_load, poisoned

from models.families import seasonal

FIRST, STOP = 80, 94


def test_a_weekly_pattern_is_found() -> None:
    tables = made_up_load(noise=0.001)
    values = seasonal.forecast(seasonal.fit(tables, FIRST), tables, FIRST, STOP)
    week_before = tables.target[FIRST - 7 : STOP - 7]
    actual = tables.target[FIRST:STOP]
    assert np.abs(values - actual).mean() < 0.9 * np.abs(week_before - actual).mean()


@pytest.mark.parametrize("garbage", [np.nan, 1e9, -5.0])
def test_what_comes_after_the_issue_moves_nothing(garbage: float) -> None:
    tables = made_up_load()
    other = poisoned(tables, FIRST, garbage)
    weights, others = seasonal.fit(tables, FIRST), seasonal.fit(other, FIRST)
    assert all(np.array_equal(weights[name], others[name]) for name in weights)
    values = seasonal.forecast(weights, tables, FIRST, STOP)[0]
    np.testing.assert_array_equal(values, seasonal.forecast(weights, other, FIRST, STOP)[0])


def test_days_that_are_missing_leave_a_forecast() -> None:
    tables = made_up_load()
    target = tables.target.copy()
    target[60:63] = np.nan
    target[70, 3] = np.nan
    broken = replace(tables, target=target)
    assert np.isfinite(seasonal.forecast(seasonal.fit(broken, FIRST), broken, FIRST, STOP)).all()


def test_a_constant_series_is_forecast_as_it_is() -> None:
    tables = made_up_load()
    flat = replace(tables, target=np.full_like(tables.target, 7.0))
    np.testing.assert_allclose(seasonal.forecast(seasonal.fit(flat, FIRST), flat, FIRST, STOP), 7.0)


def test_without_three_weeks_it_says_nothing() -> None:
    tables = made_up_load()
    assert np.isnan(seasonal.forecast(seasonal.fit(tables, 20), tables, 20, 24)).all()
