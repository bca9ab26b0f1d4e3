"""The ridge forecasters: no look ahead, clock changes, gaps, stored numbers, and the error on the bundled data."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

import kpp_twin.sources
from kpp_twin.feeds import LOAD, PRICE, WEATHER, Feed
from kpp_twin.records import Array, History, Series
from kpp_twin.settings import Settings
from kpp_twin.timegrid import TimeGrid
from models import naive, ridge
from models.candidates import RIDGE
from models.forecaster import RidgeForecaster
from models.forecasting import decide
from models.horizons import hours_ahead, next_local_day
from models.load import LoadForecaster
from models.price import PriceForecaster
from models.training import TooLittleTrainingError

CHICAGO = ZoneInfo("America/Chicago")
AS_OF = datetime(2024, 3, 9, 15, 30, tzinfo=UTC)  # 09:30 in Chicago, on the day before the clocks change
DAYS = 10
BUNDLED = Path(kpp_twin.sources.__file__).parent / "sample"
DEFAULTS = Settings.model_construct()
REACH_DAYS = DEFAULTS.selection_days + DEFAULTS.training_days  # how far back a daily cycle looks


def made_up(feed: Feed, as_of: datetime = AS_OF, days: int = 60, zone: ZoneInfo = CHICAGO) -> Series:
    """A daily shape on a level that wanders; known by the publication rule of the feed, two days past the issue."""
    start = as_of.replace(hour=0, minute=0) - timedelta(days=days)
    grid = TimeGrid(start=start, step_minutes=feed.step_minutes, n_steps=(days + 2) * 24 * 60 // feed.step_minutes)
    known_at = feed.known_at(pd.Series(grid.index), zone).dt.tz_localize(None).to_numpy("datetime64[us]")
    rng = np.random.default_rng(5)
    hour = np.arange(grid.n_steps) * feed.step_minutes / 60
    level = np.interp(hour / 24, np.arange(days + 3), np.cumsum(rng.normal(0, 4, days + 3)))
    values = 100 + level + 20 * np.sin(2 * np.pi * hour / 24) + rng.normal(0, 5, grid.n_steps)
    return Series(variable=feed.name, name="A", grid=grid, values=values, known_at=known_at)


PRICES, LOADS, TEMPERATURES = made_up(PRICE), made_up(LOAD), made_up(WEATHER)
CASES = {
    "price": (PriceForecaster, PRICES, None),
    "load": (LoadForecaster, LOADS, TEMPERATURES),
}


def fitted(kind: str) -> RidgeForecaster:
    forecaster, series, temperature = CASES[kind]
    return forecaster(zone=CHICAGO).fit(series, issued_at=AS_OF, days=DAYS, temperature=temperature)


FITTED = {kind: fitted(kind) for kind in CASES}


def issue(kind: str, series: Series | None = None, temperature: Series | None = None) -> tuple[Array, Array]:
    _, own, weather = CASES[kind]
    own = series or own
    horizon = next_local_day(AS_OF, own.grid.step_minutes, CHICAGO)
    return FITTED[kind].forecast(own, issued_at=AS_OF, horizon=horizon, temperature=temperature or weather)


def poisoned(series: Series, as_of: datetime) -> Series:
    later = series.known_at > np.datetime64(as_of.replace(tzinfo=None), "us")
    assert later.any()
    return replace(series, values=np.where(later, -1e6, series.values))


@pytest.mark.parametrize("kind", CASES)
def test_what_becomes_known_after_the_issue_changes_no_number(kind: str) -> None:
    forecaster, series, temperature = CASES[kind]
    weather = poisoned(temperature, AS_OF) if temperature else None
    other = forecaster(zone=CHICAGO).fit(poisoned(series, AS_OF), issued_at=AS_OF, days=DAYS, temperature=weather)
    for name, array in FITTED[kind].weights_.items():
        np.testing.assert_array_equal(other.weights_[name], array)
    for one, two in zip(issue(kind), issue(kind, poisoned(series, AS_OF), weather), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("kind", CASES)
def test_a_past_day_is_judged_by_what_was_known_before_it(kind: str) -> None:
    """What came after a past issue moves its error by the actual alone."""
    forecaster, series, temperature = CASES[kind]
    then = np.datetime64((AS_OF - timedelta(days=DAYS)).replace(tzinfo=None), "us")
    shifted = replace(series, values=series.values + 1000.0 * (series.known_at > then))
    other = forecaster(zone=CHICAGO).fit(shifted, issued_at=AS_OF, days=DAYS, temperature=temperature)
    before, after = FITTED[kind].walked_["day_ahead"], other.walked_["day_ahead"]
    first_day = before.issues_us == before.issues_us[0]
    np.testing.assert_allclose(after.errors[first_day] - before.errors[first_day], 1000.0)


@pytest.mark.parametrize("kind", CASES)
def test_stored_numbers_forecast_the_same_bits(kind: str) -> None:
    """Through text and lists of numbers, as a table keeps them."""
    model = FITTED[kind]
    stored = {name: (array.ravel().tolist(), array.shape) for name, array in model.weights_.items()}
    weights = {name: np.array(numbers, dtype=np.float64).reshape(shape) for name, (numbers, shape) in stored.items()}
    loaded = type(model).load(weights, json.loads(json.dumps(model.parameters_)), zone=CHICAGO)
    _, series, temperature = CASES[kind]
    for horizon in (next_local_day(AS_OF, series.grid.step_minutes, CHICAGO), hours_ahead(AS_OF, 60)):
        pair = [m.forecast(series, issued_at=AS_OF, horizon=horizon, temperature=temperature) for m in (model, loaded)]
        np.testing.assert_array_equal(pair[0][0], pair[1][0])
        np.testing.assert_array_equal(pair[0][1], pair[1][1])
    assert sum(array.size for array in weights.values()) < 10_000


@pytest.mark.parametrize("kind", CASES)
def test_fitting_twice_gives_the_same_bits(kind: str) -> None:
    again = fitted(kind)
    for name, array in FITTED[kind].weights_.items():
        np.testing.assert_array_equal(again.weights_[name], array)


@pytest.mark.parametrize("kind", CASES)
def test_quantiles_rise_and_enclose_the_made_up_values(kind: str) -> None:
    values, quantiles = issue(kind)
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert np.abs(values - np.median(CASES[kind][1].values[-24 * 7 :])).max() < 60


def test_the_load_has_coefficients_of_its_own_for_the_next_hours() -> None:
    horizon = hours_ahead(AS_OF, 15)
    ahead = FITTED["load"].predict(LOADS, issued_at=AS_OF, horizon=horizon, temperature=TEMPERATURES)
    later = replace(horizon, start=horizon.start + timedelta(minutes=15))
    day = FITTED["load"].predict(LOADS, issued_at=AS_OF, horizon=later, temperature=TEMPERATURES)
    assert not np.allclose(ahead[1:], day[:-1], rtol=1e-6)
    quantiles = FITTED["load"].predict_quantiles(LOADS, issued_at=AS_OF, horizon=horizon, temperature=TEMPERATURES)
    assert quantiles.shape == (96, naive.N_QUANTILES)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Chicago", date(2024, 3, 10)),
        ("America/Chicago", date(2024, 11, 3)),
        ("Europe/Berlin", date(2024, 3, 31)),
        ("Europe/Berlin", date(2024, 10, 27)),
        ("Australia/Lord_Howe", date(2024, 4, 7)),
        ("Australia/Lord_Howe", date(2024, 10, 6)),
    ],
)
@pytest.mark.parametrize("around", [-1, 0, 1, 2])
def test_long_and_short_days_and_those_around_them_are_forecast_whole(zone: str, day: date, around: int) -> None:
    where = ZoneInfo(zone)
    issued_at = datetime.combine(day + timedelta(days=around - 1), datetime.min.time(), tzinfo=where).astimezone(UTC)
    issued_at = (issued_at + timedelta(hours=9)).replace(minute=30)
    loads = made_up(LOAD, issued_at, days=45, zone=where)
    horizon = next_local_day(issued_at, 15, where)
    model = LoadForecaster.load(FITTED["load"].weights_, FITTED["load"].parameters_, zone=where)
    values, quantiles = model.forecast(loads, issued_at=issued_at, horizon=horizon)
    assert quantiles.shape == (horizon.n_steps, naive.N_QUANTILES)
    assert np.isfinite(values).all()
    if around == 0:
        assert horizon.n_steps in (92, 94, 98, 100)


def test_a_history_with_clock_changes_can_be_learnt_from() -> None:
    issued_at = datetime(2024, 4, 10, 14, 30, tzinfo=UTC)
    model = PriceForecaster(zone=CHICAGO).fit(made_up(PRICE, issued_at, days=70), issued_at=issued_at, days=DAYS)
    assert len(model.walked_["day_ahead"].errors) == DAYS * 24
    assert np.isfinite(model.walked_["day_ahead"].errors).all()


def test_gaps_are_bridged_by_older_values() -> None:
    rng = np.random.default_rng(3)
    values = np.where(rng.random(LOADS.grid.n_steps) < 0.3, np.nan, LOADS.values)
    values[-4 * 24 * 4 :] = np.nan  # and nothing of the last days
    forecast, quantiles = issue("load", replace(LOADS, values=values))
    assert np.isfinite(forecast).all()
    assert np.isfinite(quantiles).all()
    assert np.abs(forecast - 100).max() < 80


def test_a_missing_temperature_counts_as_no_deviation() -> None:
    unknown = replace(TEMPERATURES, values=np.full(TEMPERATURES.grid.n_steps, np.nan))
    horizon = next_local_day(AS_OF, 15, CHICAGO)
    without = FITTED["load"].predict(LOADS, issued_at=AS_OF, horizon=horizon)
    np.testing.assert_array_equal(issue("load", temperature=unknown)[0], without)
    assert not np.array_equal(issue("load")[0], without)


def test_too_little_known_at_the_issue_is_told() -> None:
    values = np.where(np.arange(PRICES.grid.n_steps) < PRICES.grid.n_steps - 6 * 24, np.nan, PRICES.values)
    with pytest.raises(ridge.MissingInputError, match=r"for 23 of 23 intervals from 2024-03-10T06:00Z"):
        issue("price", replace(PRICES, values=values))


@pytest.mark.parametrize("days", [1, 8, 20, 34])
def test_too_short_a_history_is_told(days: int) -> None:
    with pytest.raises(TooLittleTrainingError, match=r"a ridge needs 28"):
        PriceForecaster(zone=CHICAGO).fit(made_up(PRICE, days=days), issued_at=AS_OF, days=DAYS)


def test_before_it_was_fitted_it_says_so() -> None:
    with pytest.raises(ridge.WeightsError, match="call fit or load first"):
        PriceForecaster(zone=CHICAGO).predict(PRICES, issued_at=AS_OF, horizon=next_local_day(AS_OF, 60, CHICAGO))


def bundled(feed: Feed, as_of: datetime, days: int) -> list[Series]:
    rows = pd.read_parquet(BUNDLED / f"{feed.name}.parquet").drop_duplicates(["series", "interval_start"])
    found = []
    for name, part in rows.groupby("series"):
        starts = pd.DatetimeIndex(part["interval_start"]).as_unit("us")
        starts = starts if starts.tz else starts.tz_localize("UTC")
        near = (starts >= as_of - timedelta(days=days)) & (starts < as_of + timedelta(days=2))
        starts, values = starts[near], part[feed.value_column].to_numpy(float)[near]
        stop = starts.max().to_pydatetime() + timedelta(minutes=feed.step_minutes)
        grid = TimeGrid.between(starts.min().to_pydatetime(), stop, feed.step_minutes)
        known_at = feed.known_at(pd.Series(grid.index), CHICAGO).dt.tz_localize(None).to_numpy("datetime64[us]")
        on_grid = np.full(grid.n_steps, np.nan)
        on_grid[grid.positions(starts)] = values
        found.append(Series(variable=feed.name, name=str(name), grid=grid, values=on_grid, known_at=known_at))
    return found


def test_on_the_bundled_data_the_ridge_is_a_tenth_better_than_the_better_naive() -> None:
    """Out of sample over the 60 days before 2021-10-13, issued at 09:30 for the next local day."""
    as_of = datetime(2021, 10, 13, 14, 30, tzinfo=UTC)
    series = [s for feed in (PRICE, LOAD, WEATHER) for s in bundled(feed, as_of, REACH_DAYS)]
    decided = decide("daily", History(as_of=as_of, series=tuple(series), models=()), days=60, zone=CHICAGO)
    scores = {(m.variable, m.series): m.scores for m in decided.models if m.method == RIDGE}
    assert set(scores) == {("price", "HB_HOUSTON"), ("price", "HB_WEST"), ("load", "SITE")}
    for found in scores.values():
        assert found["judged_days"] == 60
        assert found["mae"] <= 0.9 * min(found[method] for method in naive.LAGS)
        assert found["rmae"] <= 0.9
        assert found["dm_p_value"] < 0.05
        assert found["coverage_90"] > 0.75
    load = scores["load", "SITE"]
    assert load["hours_ahead_mae"] <= 0.9 * load["hours_ahead_naive_mae"]
    assert {row.model_version.split("-")[2] for row in decided.servings} == {RIDGE}
    assert decided.notes == ()


def test_on_the_bundled_data_the_ridge_keeps_up_when_the_load_changes_for_good() -> None:
    """Over the 60 days before 2021-12-13 the site falls from 700 to 185 kW: the daily naive is hard to beat then."""
    as_of = datetime(2021, 12, 13, 15, 30, tzinfo=UTC)
    load, weather = (bundled(feed, as_of, REACH_DAYS)[0] for feed in (LOAD, WEATHER))
    decided = decide("daily", History(as_of=as_of, series=(load, weather), models=()), days=60, zone=CHICAGO)
    (scores,) = (m.scores for m in decided.models if m.method == RIDGE)
    assert scores["rmae"] <= 1
    assert scores["hours_ahead_mae"] <= 0.95 * scores["hours_ahead_naive_mae"]
