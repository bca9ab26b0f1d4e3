"""The Gaussian process of a day-ahead price, on markets that are made up."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpp_twin.units import HOURS_PER_DAY, Array
from models.days import DayTables
from models.families.day_process import fit, forecast

N_DAYS = 90
FIRST = 76


def market(n_days: int = N_DAYS, n_series: int = 2, n_slots: int = 24, seed: int = 1) -> DayTables:
    """A price that follows its series, less on weekends, with a level that drifts and some spikes."""
    rng = np.random.default_rng(seed)
    day = 19_000 + np.arange(n_days)
    exogenous = 100 + 10 * rng.normal(size=(n_series, n_days, 1)) + rng.normal(size=(n_series, n_days, HOURS_PER_DAY))
    shape = 10 * np.sin(np.arange(n_slots) / n_slots * 4 * np.pi)
    price = 50 + shape - 8.0 * ((day + 3) % 7 > 4)[:, None] + rng.normal(size=(n_days, n_slots)).cumsum(axis=0) / 3
    if n_series:
        price += np.repeat(exogenous.sum(axis=0) - 100 * n_series, n_slots // HOURS_PER_DAY, axis=1)
    price[rng.integers(0, n_days, 3)] *= 4
    return DayTables(
        day=day, target=price, exogenous=exogenous, holiday=(rng.random(n_days) < 0.05) * 1.0, known_slots=n_slots
    )


def poisoned(tables: DayTables, row: int, garbage: float) -> DayTables:
    """All that is not known at the issue of a day is garbage."""
    known_days = row - tables.lag + 1
    target = tables.target.copy()
    target[known_days:] = garbage
    if tables.lag == 2:
        target[row - 1, : tables.known_slots] = tables.target[row - 1, : tables.known_slots]
    exogenous, holiday = tables.exogenous.copy(), tables.holiday.copy()
    exogenous[:, row + 1 :] = garbage
    holiday[row + 1 :] = garbage
    return replace(tables, target=target, exogenous=exogenous, holiday=holiday)


@pytest.fixture(scope="module")
def weights() -> dict[str, Array]:
    return fit(market(), FIRST)


def weekly_naive(tables: DayTables) -> Array:
    return tables.target[FIRST - 7 : -7]


def error(tables: DayTables, forecasted: Array) -> float:
    """Of the usual day: spikes are not foreseen."""
    return float(np.median(np.abs(forecasted - tables.target[FIRST:]).mean(axis=1)))


def test_it_beats_the_weekly_naive(weights: dict[str, Array]) -> None:
    tables = market()
    assert error(tables, forecast(weights, tables, FIRST, N_DAYS)) < 0.6 * error(tables, weekly_naive(tables))


@pytest.mark.parametrize("garbage", [1e12, -500.0, np.nan])
@pytest.mark.parametrize("known_slots", [24, 9])
def test_what_comes_after_the_issue_moves_no_bit(weights: dict[str, Array], garbage: float, known_slots: int) -> None:
    tables = replace(market(), known_slots=known_slots)
    whole = forecast(weights, tables, FIRST, N_DAYS)
    for row in (FIRST, FIRST + 5, N_DAYS - 1):
        walked = forecast(weights, poisoned(tables, row, garbage), FIRST, N_DAYS)
        np.testing.assert_array_equal(walked[row - FIRST], whole[row - FIRST])


def test_what_comes_after_the_issue_moves_no_bit_of_the_fit(weights: dict[str, Array]) -> None:
    for name, array in fit(poisoned(market(), FIRST, 1e12), FIRST).items():
        np.testing.assert_array_equal(array, weights[name])


def test_a_day_at_a_time_says_what_a_walk_says(weights: dict[str, Array]) -> None:
    tables = market()
    walked = forecast(weights, tables, FIRST, N_DAYS)
    one = forecast(weights, tables, FIRST + 3, FIRST + 4)[0]
    np.testing.assert_allclose(one, walked[3], rtol=1e-3)  # the noise of old days grows from the end of the walk


@pytest.mark.parametrize(("n_series", "n_slots"), [(0, 24), (0, 96), (1, 96), (3, 24)])
def test_any_number_of_series_and_quarter_hours(n_series: int, n_slots: int) -> None:
    tables = market(n_series=n_series, n_slots=n_slots)
    weights = fit(tables, FIRST)
    assert all(array.dtype == np.float64 and np.isfinite(array).all() for array in weights.values())
    found = forecast(weights, tables, FIRST, N_DAYS)
    assert found.shape == (N_DAYS - FIRST, n_slots)
    assert error(tables, found) < error(tables, weekly_naive(tables))


def test_four_weeks_are_enough() -> None:
    tables = market(n_days=30)
    assert np.isfinite(forecast(fit(tables, 28), tables, 28, 30)).all()


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_gaps_anywhere_leave_a_finite_forecast_better_than_the_naive(weights: dict[str, Array], seed: int) -> None:
    tables, rng = market(), np.random.default_rng(seed)
    target, exogenous = tables.target.copy(), tables.exogenous.copy()
    target[rng.random(target.shape) < 0.1] = np.nan
    target[rng.integers(0, N_DAYS)] = np.nan
    exogenous[rng.random(exogenous.shape) < 0.1] = np.nan
    gappy = replace(tables, target=target, exogenous=exogenous)
    found = forecast(weights, gappy, FIRST, N_DAYS)
    assert np.isfinite(found).all()
    assert error(tables, found) < error(tables, weekly_naive(tables))


def test_a_series_that_never_came_leaves_a_finite_forecast() -> None:
    tables = market()
    exogenous = tables.exogenous.copy()
    exogenous[1] = np.nan
    gone = replace(tables, exogenous=exogenous)
    assert np.isfinite(forecast(fit(gone, FIRST), gone, FIRST, N_DAYS)).all()


def test_a_constant_price_is_foreseen() -> None:
    tables = market()
    flat = replace(tables, target=np.full_like(tables.target, -20.0))
    np.testing.assert_allclose(forecast(fit(flat, FIRST), flat, FIRST, N_DAYS), -20.0)


def test_days_at_the_cap_leave_a_sane_forecast(weights: dict[str, Array]) -> None:
    tables = market()
    target = tables.target.copy()
    target[FIRST - 3 : FIRST] = 4000.0
    found = forecast(weights, replace(tables, target=target), FIRST, N_DAYS)
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 4000.0
    assert np.abs(found[7:]).max() < 400.0


def test_weights_of_other_series_are_refused(weights: dict[str, Array]) -> None:
    with pytest.raises(ValueError, match="other series"):
        forecast(weights, market(n_series=1), FIRST, N_DAYS)


def test_a_fit_needs_days() -> None:
    with pytest.raises(ValueError, match="at least two"):
        fit(market(), 1)
