"""The load of the next 24 hours: no look ahead, gaps, and what the last hours tell."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from market_examples import UTC_ZONE, poisoned_series, series_of

from kpp_twin.feeds import LOAD, WEATHER
from kpp_twin.records import Series
from kpp_twin.units import Array
from models import hours_ahead
from models.errors import MissingInputError, TooLittleTrainingError
from models.horizons import hours_ahead as next_hours

AS_OF = datetime(2024, 6, 1, 14, 15, tzinfo=UTC)
WARMTH = series_of(WEATHER, AS_OF, days=50)
LOADS = series_of(LOAD, AS_OF, days=50)
WANDERING = np.random.default_rng(2).normal(0, 1, LOADS.grid.n_steps).cumsum() / 2
LOADS = replace(LOADS, values=LOADS.values + WANDERING)
HORIZON = next_hours(AS_OF, 15)


def fit(series: Series = LOADS, temperature: Series | None = WARMTH) -> tuple[dict[str, Array], dict[str, float]]:
    return hours_ahead.fit(series, issued_at=AS_OF, zone=UTC_ZONE, temperature=temperature)


WEIGHTS, SCORES = fit()


def issue(series: Series = LOADS, temperature: Series | None = WARMTH) -> tuple[Array, Array]:
    return hours_ahead.forecast(
        WEIGHTS, series, issued_at=AS_OF, horizon=HORIZON, zone=UTC_ZONE, temperature=temperature
    )


def test_it_says_a_day_with_bands_that_rise() -> None:
    values, quantiles = issue()
    assert (values.shape, quantiles.shape) == ((96,), (96, 19))
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert np.abs(values - LOADS.values[LOADS.grid.positions(HORIZON.index)]).mean() < 8


def test_it_is_judged_beside_the_better_naive() -> None:
    assert 0 < SCORES["hours_ahead_mae"] < 1.1 * SCORES["hours_ahead_naive_mae"]  # a random walk leaves little to learn


@pytest.mark.parametrize("garbage", [-1e6, np.nan])
def test_what_becomes_known_after_the_issue_moves_no_bit(garbage: float) -> None:
    series, temperature = (poisoned_series(item, AS_OF, garbage) for item in (LOADS, WARMTH))
    other, scores = fit(series, temperature)
    assert scores == SCORES
    for name, array in WEIGHTS.items():
        np.testing.assert_array_equal(other[name], array)
    for one, two in zip(issue(), issue(series, temperature), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_last_hours_count_most_for_the_next() -> None:
    recent = LOADS.grid.index >= AS_OF - timedelta(hours=3)
    moved = issue(replace(LOADS, values=LOADS.values + 5.0 * recent))[0] - issue()[0]
    assert moved[:4].mean() > moved[20:40].mean() + 0.1


def test_gaps_are_bridged_by_older_values() -> None:
    gone = np.random.default_rng(3).random(LOADS.grid.n_steps) < 0.1
    gone |= np.asarray(LOADS.grid.index >= AS_OF - timedelta(hours=48))
    values, quantiles = issue(replace(LOADS, values=np.where(gone, np.nan, LOADS.values)))
    assert np.isfinite(quantiles).all()
    assert np.abs(values - np.median(LOADS.values)).max() < 80


def test_a_missing_temperature_counts_as_no_deviation() -> None:
    unknown = replace(WARMTH, values=np.full(WARMTH.grid.n_steps, np.nan))
    np.testing.assert_array_equal(issue(temperature=unknown)[0], issue(temperature=None)[0])


def test_four_weeks_of_silence_are_told() -> None:
    old = LOADS.grid.index < AS_OF - timedelta(days=29)
    with pytest.raises(MissingInputError, match="for 96 of 96 intervals"):
        issue(replace(LOADS, values=np.where(old, LOADS.values, np.nan)))


def test_too_short_a_history_is_told() -> None:
    with pytest.raises(TooLittleTrainingError, match="a ridge needs 28"):
        fit(series_of(LOAD, AS_OF, days=20), None)
