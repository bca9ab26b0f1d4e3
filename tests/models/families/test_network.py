"""Networks on made days: what they learn from, what they must not see, and what they bear."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.units import Array
from models.days import DayTables
from models.errors import TooLittleTrainingError
from models.families import network

DAYS = 64
UNTIL = 60


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "EPOCHS", 3)
    monkeypatch.setattr(network, "LEAST_STEPS", 3)


def made(n_days: int = DAYS, n_slots: int = 24, n_series: int = 1, known_slots: int | None = None) -> DayTables:
    """A price that follows the day's load, its hour and its weekday."""
    rng = np.random.default_rng(3)
    load = 5 * rng.normal(size=(n_series, n_days, 1)) + rng.normal(size=(n_series, n_days, 24))
    hour = np.sin(np.arange(n_slots) / n_slots * 2 * np.pi)
    target = 40 + 10 * hour + 5 * (np.arange(n_days)[:, None] % 7 == 6) + rng.normal(size=(n_days, n_slots))
    return DayTables(
        day=np.arange(n_days) + 18_000,
        target=target + (load[0].mean(axis=1)[:, None] if n_series else 0),
        exogenous=load,
        holiday=(np.arange(n_days) % 30 == 0).astype(float),
        known_slots=n_slots if known_slots is None else known_slots,
    )


def poisoned(tables: DayTables, day: int) -> DayTables:
    """Garbage wherever nothing is known at the issue of a day."""
    target, exogenous, holiday = tables.target.copy(), tables.exogenous.copy(), tables.holiday.copy()
    target[day - 1, tables.known_slots :] = 1e9
    target[day:] = -1e9
    exogenous[:, day + 1 :] = np.nan
    holiday[day + 1 :] = 7.0
    return replace(tables, target=target, exogenous=exogenous, holiday=holiday)


@pytest.mark.parametrize("known_slots", [24, 9, 0])
def test_nothing_after_the_issue_moves_a_forecast_by_one_bit(known_slots: int) -> None:
    tables = made(known_slots=known_slots)
    weights = network.fit(tables, UNTIL)
    garbage = poisoned(tables, UNTIL)
    for name, array in network.fit(garbage, UNTIL).items():
        np.testing.assert_array_equal(array, weights[name])
    plain = network.forecast(weights, tables, UNTIL - 2, UNTIL + 1)
    np.testing.assert_array_equal(network.forecast(weights, garbage, UNTIL - 2, UNTIL + 1), plain)


def test_a_price_that_follows_the_load_is_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "EPOCHS", 60)
    tables = made(n_days=170)
    forecast = network.forecast(network.fit(tables, 150), tables, 150, 170)
    error = np.abs(forecast - tables.target[150:]).mean()
    assert error < 0.7 * np.abs(tables.target[143:163] - tables.target[150:]).mean()


def test_quarter_hours_without_any_other_series_are_forecast() -> None:
    tables = made(n_slots=96, n_series=0)
    forecast = network.forecast(network.fit(tables, UNTIL), tables, UNTIL, DAYS)
    assert forecast.shape == (DAYS - UNTIL, 96)
    assert np.isfinite(forecast).all()


@given(st.integers(0, 2**32 - 1))
def test_missing_values_still_give_a_forecast(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tables = made(n_days=40)
    gaps = replace(
        tables,
        target=np.where(rng.random(tables.target.shape) < 0.3, np.nan, tables.target),
        exogenous=np.where(rng.random((1, 40, 1)) < 0.3, np.nan, tables.exogenous),
    )
    assert np.isfinite(network.forecast(network.fit(gaps, 36), gaps, 36, 40)).all()


@pytest.mark.parametrize("value", [0.0, 3000.0, -500.0])
def test_a_constant_price_is_forecast_as_it_is(value: float) -> None:
    tables = replace(made(), target=np.full((DAYS, 24), value))
    forecast = network.forecast(network.fit(tables, UNTIL), tables, UNTIL, DAYS)
    np.testing.assert_allclose(forecast, value, atol=0.5)


def test_a_series_that_is_missing_altogether_counts_for_nothing() -> None:
    tables = made()
    empty = replace(tables, exogenous=np.full_like(tables.exogenous, np.nan))
    assert np.isfinite(network.forecast(network.fit(empty, UNTIL), empty, UNTIL, DAYS)).all()


def test_a_fit_repeats_itself_bit_for_bit_as_numbers_of_64_bits() -> None:
    first, second = (network.fit(made(), UNTIL) for _ in range(2))
    for name, array in first.items():
        assert array.dtype == np.float64
        np.testing.assert_array_equal(array, second[name])


def test_too_few_days_are_told() -> None:
    with pytest.raises(TooLittleTrainingError, match="needs 7 days to learn from, not 5"):
        network.fit(made(), 12)


def test_the_slope_is_that_of_the_error() -> None:
    rng = np.random.default_rng(1)
    even, wanted = rng.normal(size=(5, 6)), rng.normal(size=(5, 3))
    layers = {name: rng.normal(size=array.shape) for name, array in network._start(rng, 6, 3).items()}
    slope: dict[str, Array] = {name: np.empty_like(array) for name, array in layers.items()}
    network._back(layers, slope, even, wanted, rng, dropout=0.0)

    def error() -> float:
        return float(np.abs(network._answer(layers, even) - wanted).sum() / len(even))

    for name, array in layers.items():
        flat, at = array.reshape(-1), int(np.abs(slope[name]).argmax())
        before, flat[at] = error(), flat[at] + 1e-7
        assert (error() - before) / 1e-7 == pytest.approx(slope[name].reshape(-1)[at], rel=1e-4), name
        flat[at] -= 1e-7
