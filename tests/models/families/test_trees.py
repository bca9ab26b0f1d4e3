"""Trees on made days: they say what the library that grew them says, see nothing ahead, and bear what is missing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.days import DayTables
from models.errors import TooLittleTrainingError
from models.families import trees

DAYS = 64
UNTIL = 60


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "N_TREES", 12)


def made(n_slots: int = 24, n_series: int = 1, known_slots: int | None = None) -> DayTables:
    """A price that follows the day's load, its hour and its weekday."""
    rng = np.random.default_rng(3)
    load = 5 * rng.normal(size=(n_series, DAYS, 1)) + rng.normal(size=(n_series, DAYS, 24))
    hour = np.sin(np.arange(n_slots) / n_slots * 2 * np.pi)
    target = 40 + 10 * hour + 5 * (np.arange(DAYS)[:, None] % 7 == 6) + rng.normal(size=(DAYS, n_slots))
    return DayTables(
        day=np.arange(DAYS) + 18_000,
        target=target + (load[0].mean(axis=1)[:, None] if n_series else 0),
        exogenous=load,
        holiday=(np.arange(DAYS) % 30 == 0).astype(float),
        known_slots=n_slots if known_slots is None else known_slots,
    )


@pytest.mark.parametrize("known_slots", [24, 9, 0])
def test_nothing_after_the_issue_moves_a_forecast_by_one_bit(known_slots: int) -> None:
    tables = made(known_slots=known_slots)
    target, exogenous, holiday = tables.target.copy(), tables.exogenous.copy(), tables.holiday.copy()
    target[UNTIL - 1, known_slots:] = 1e9
    target[UNTIL:] = -1e9
    exogenous[:, UNTIL + 1 :] = np.nan
    holiday[UNTIL + 1 :] = 7.0
    garbage = replace(tables, target=target, exogenous=exogenous, holiday=holiday)
    weights = trees.fit(tables, UNTIL)
    for name, array in trees.fit(garbage, UNTIL).items():
        np.testing.assert_array_equal(array, weights[name])
    plain = trees.forecast(weights, tables, UNTIL - 2, UNTIL + 1)
    np.testing.assert_array_equal(trees.forecast(weights, garbage, UNTIL - 2, UNTIL + 1), plain)


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_stored_trees_say_what_the_library_says(seed: int, has_gaps: bool) -> None:
    from sklearn.ensemble import HistGradientBoostingRegressor

    rng = np.random.default_rng(seed)
    inputs, target = rng.normal(size=(120, 4)), rng.normal(size=120)
    if has_gaps:
        inputs[rng.random(inputs.shape) < 0.2] = np.nan
    model = HistGradientBoostingRegressor(max_iter=8, min_samples_leaf=5, early_stopping=False)
    model.fit(inputs, target + np.nan_to_num(inputs[:, 0]))
    asked = rng.normal(size=(50, 4))
    asked[rng.random(asked.shape) < 0.2] = np.nan
    weights = trees.nodes_of(model)
    np.testing.assert_allclose(trees.answer(weights, asked), model.predict(asked), rtol=0, atol=1e-12)


def test_a_price_that_follows_the_load_is_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "N_TREES", 60)
    tables = made()
    forecast = trees.forecast(trees.fit(tables, UNTIL - 10), tables, UNTIL - 10, UNTIL)
    error = np.abs(forecast - tables.target[UNTIL - 10 : UNTIL]).mean()
    assert error < 0.7 * np.abs(tables.target[UNTIL - 17 : UNTIL - 7] - tables.target[UNTIL - 10 : UNTIL]).mean()


def test_quarter_hours_without_any_other_series_are_forecast() -> None:
    tables = made(n_slots=96, n_series=0)
    forecast = trees.forecast(trees.fit(tables, UNTIL), tables, UNTIL, DAYS)
    assert forecast.shape == (DAYS - UNTIL, 96)
    assert np.isfinite(forecast).all()


def _gaps(tables: DayTables) -> DayTables:
    hidden = np.random.default_rng(5).random(tables.target.shape) < 0.3
    return replace(tables, target=np.where(hidden, np.nan, tables.target))


def _outage(tables: DayTables) -> DayTables:
    target = tables.target.copy()
    target[UNTIL - 2 : UNTIL] = np.nan
    return replace(tables, target=target)


def _no_load(tables: DayTables) -> DayTables:
    exogenous = tables.exogenous.copy()
    exogenous[:, UNTIL - 1 :] = np.nan
    return replace(tables, exogenous=exogenous)


def _never_any_load(tables: DayTables) -> DayTables:
    return replace(tables, exogenous=np.full_like(tables.exogenous, np.nan))


@pytest.mark.parametrize("fault", [_gaps, _outage, _no_load, _never_any_load])
def test_missing_values_still_give_a_forecast(fault: Callable[[DayTables], DayTables]) -> None:
    tables = fault(made())
    assert np.isfinite(trees.forecast(trees.fit(tables, UNTIL), tables, UNTIL, DAYS)).all()


@pytest.mark.parametrize("value", [0.0, 3000.0, -500.0])
def test_a_constant_price_is_forecast_as_it_is(value: float) -> None:
    tables = replace(made(), target=np.full((DAYS, 24), value))
    forecast = trees.forecast(trees.fit(tables, UNTIL), tables, UNTIL, DAYS)
    np.testing.assert_allclose(forecast, value, atol=1e-9)


def test_a_fit_repeats_itself_bit_for_bit_as_numbers_of_64_bits() -> None:
    first: dict[str, Any] = trees.fit(made(), UNTIL)
    for name, array in trees.fit(made(), UNTIL).items():
        assert array.dtype == np.float64
        np.testing.assert_array_equal(array, first[name])


def test_too_few_days_are_told() -> None:
    with pytest.raises(TooLittleTrainingError, match="need 7 days to grow on, not 5"):
        trees.fit(made(), 12)
