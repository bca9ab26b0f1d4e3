"""Fit, forecast and rebuild: stored numbers give the same bits, and say what is wrong with them."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from market_examples import poisoned_series, series_of
from toy_ensemble import Toy

from kpp_twin.feeds import LOAD, PRICE, WEATHER, Feed
from kpp_twin.timegrid import TimeGrid
from kpp_twin.units import Array
from models import naive
from models.day_ahead import Record
from models.ensemble import Family
from models.errors import MissingInputError, TooLittleTrainingError, WeightsError
from models.families import persistence, regime
from models.forecaster import DayAheadForecaster
from models.horizons import next_local_day
from models.naming import content_name

CHICAGO = ZoneInfo("America/Chicago")
AS_OF = datetime(2024, 3, 9, 15, 30, tzinfo=UTC)  # 09:30 in Chicago, on the day before the clocks change


class Made(DayAheadForecaster):
    """Of one that learns and two that need not."""

    recipe = "made-1"
    families = (
        *Toy().families,
        Family(name="regime", fit=None, forecast=regime.forecast, least_days=28),
        Family(name="persistence", fit=None, forecast=persistence.forecast, least_days=2),
    )


def made(zone: ZoneInfo = CHICAGO) -> Made:
    return Made(zone=zone, issue_time=time(9, 30), market="ERCOT")


FEEDS = {"price": PRICE, "load": LOAD}
SERIES = {kind: series_of(feed, AS_OF, days=60, zone=CHICAGO) for kind, feed in FEEDS.items()}
WARMTH = series_of(WEATHER, AS_OF, days=60, zone=CHICAGO)
FITTED = {kind: made().fit(SERIES[kind], issued_at=AS_OF, exogenous=[WARMTH]) for kind in SERIES}


def issue(kind: str, forecaster: Made | None = None, *, garbage: float | None = None) -> tuple[Array, Array]:
    series, warmth = SERIES[kind], WARMTH
    if garbage is not None:
        series, warmth = poisoned_series(series, AS_OF, garbage), poisoned_series(warmth, AS_OF, garbage)
    return (forecaster or FITTED[kind]).forecast(
        series,
        issued_at=AS_OF,
        horizon=next_local_day(AS_OF, series.grid.step_minutes, CHICAGO),
        exogenous=[warmth],
    )


@pytest.mark.parametrize("kind", FEEDS)
@pytest.mark.parametrize("garbage", [-1e6, np.nan])
def test_what_becomes_known_after_the_issue_moves_no_bit(kind: str, garbage: float) -> None:
    series, warmth = poisoned_series(SERIES[kind], AS_OF, garbage), poisoned_series(WARMTH, AS_OF, garbage)
    other = made().fit(series, issued_at=AS_OF, exogenous=[warmth])
    assert other.scores_ == FITTED[kind].scores_
    for name, array in FITTED[kind].weights_.items():
        np.testing.assert_array_equal(other.weights_[name], array)
    for one, two in zip(issue(kind), issue(kind, other, garbage=garbage), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("kind", FEEDS)
def test_stored_numbers_forecast_the_same_bits(kind: str) -> None:
    """Through text and lists of numbers, as a table keeps them."""
    model = FITTED[kind]
    stored = {name: (array.ravel().tolist(), array.shape) for name, array in model.weights_.items()}
    weights = {name: np.array(numbers, dtype=np.float64).reshape(shape) for name, (numbers, shape) in stored.items()}
    parameters = json.loads(json.dumps(model.parameters_))
    loaded = Made.load(weights, parameters, zone=CHICAGO, issue_time=time(9, 30))
    for one, two in zip(issue(kind), issue(kind, loaded), strict=True):
        np.testing.assert_array_equal(one, two)
    names = [content_name(kind, "A", "made", m.parameters_, m.weights_) for m in (model, loaded)]
    assert names[0] == names[1]


@pytest.mark.parametrize("kind", FEEDS)
def test_a_short_day_is_forecast_whole(kind: str) -> None:
    values, quantiles = issue(kind)
    n_steps = {"price": 23, "load": 92}[kind]
    assert (values.shape, quantiles.shape) == ((n_steps,), (n_steps, len(naive.LEVELS)))
    assert (np.diff(quantiles, axis=1) >= 0).all()
    series = SERIES[kind]
    actual = series.values[series.grid.positions(next_local_day(AS_OF, series.grid.step_minutes, CHICAGO).index)]
    assert np.abs(values - actual).mean() < 3


@pytest.mark.parametrize(
    ("zone", "issued_at"),
    [
        ("America/Chicago", datetime(2024, 11, 2, 14, 30, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2024, 10, 26, 7, 30, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2024, 4, 5, 22, 30, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("later", [0, 1])
def test_long_days_and_those_after_them_are_forecast_whole(zone: str, issued_at: datetime, later: int) -> None:
    where, issued_at = ZoneInfo(zone), issued_at + timedelta(days=later)
    series = series_of(LOAD, issued_at, days=50, zone=where)
    horizon = next_local_day(issued_at, 15, where)
    assert (horizon.n_steps > 96) == (later == 0)
    values, _ = made(where).fit(series, issued_at=issued_at).forecast(series, issued_at=issued_at, horizon=horizon)
    assert np.isfinite(values).all()
    actual = series.values[series.grid.positions(horizon.index)]
    assert np.abs(values - actual).mean() < 3


def test_both_ways_to_ask_say_the_same() -> None:
    horizon = next_local_day(AS_OF, 60, CHICAGO)
    given = {"issued_at": AS_OF, "horizon": horizon, "exogenous": [WARMTH]}
    values, quantiles = issue("price")
    np.testing.assert_array_equal(FITTED["price"].predict(SERIES["price"], **given), values)
    np.testing.assert_array_equal(FITTED["price"].predict_quantiles(SERIES["price"], **given), quantiles)


def test_fitting_twice_gives_the_same_bits() -> None:
    again = made().fit(SERIES["price"], issued_at=AS_OF, exogenous=[WARMTH])
    for name, array in FITTED["price"].weights_.items():
        np.testing.assert_array_equal(again.weights_[name], array)


def test_a_record_of_before_is_taken_on() -> None:
    record = FITTED["price"].record.newest(20)
    doubled = Record(day=record.day, members=2 * record.members)
    other = made().fit(SERIES["price"], issued_at=AS_OF, record=doubled)
    np.testing.assert_array_equal(other.record.members, doubled.members)
    assert other.scores_["judged_days"] == 20
    assert other.scores_["mae"] > 10 * FITTED["price"].scores_["mae"]


def test_scores_are_those_of_days_not_seen() -> None:
    scores = FITTED["price"].scores_
    assert scores["judged_days"] == len(FITTED["price"].record.day) == 60 - 28
    assert scores["mae"] < min(scores[name] for name in naive.LAGS)
    assert 0.75 < scores["coverage_90"] <= 1


@pytest.mark.parametrize(
    "horizon",
    [
        TimeGrid(start=AS_OF + timedelta(minutes=30), step_minutes=60, n_steps=5),
        TimeGrid(start=datetime(2024, 3, 10, 5, tzinfo=UTC), step_minutes=60, n_steps=3),
        TimeGrid(start=datetime(2024, 3, 11, 4, tzinfo=UTC), step_minutes=60, n_steps=3),
    ],
)
def test_intervals_outside_the_next_day_are_refused(horizon: TimeGrid) -> None:
    with pytest.raises(MissingInputError, match="leave the next local day"):
        FITTED["price"].predict(SERIES["price"], issued_at=AS_OF, horizon=horizon)


def test_too_short_a_history_is_told() -> None:
    with pytest.raises(TooLittleTrainingError, match=r"day\(s\) lie before the one ahead"):
        made().fit(series_of(PRICE, AS_OF, days=35, zone=CHICAGO), issued_at=AS_OF)


def test_before_it_was_fitted_it_says_so() -> None:
    with pytest.raises(WeightsError, match="call fit or load first"):
        issue("price", made())


def test_where_no_member_can_speak_that_is_told() -> None:
    class Silent(Made):
        families = (Family(name="persistence", fit=None, forecast=persistence.forecast, least_days=28),)

    series = SERIES["price"]
    silent = Silent(zone=CHICAGO, issue_time=time(9, 30), market="ERCOT").fit(series, issued_at=AS_OF)
    at_three = series.grid.index.tz_convert(CHICAGO).hour == 3
    gone = replace(series, values=np.where(at_three, np.nan, series.values))
    with pytest.raises(MissingInputError, match="no member can say 1 of 23 intervals"):
        silent.predict(gone, issued_at=AS_OF, horizon=next_local_day(AS_OF, 60, CHICAGO))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda w: w.pop("record.toy"), r"record\.toy is missing"),
        (lambda w: w.pop("record.day"), r"record\.day is missing"),
        (lambda w: w.update({"other.shape": np.zeros(1)}), r"other\.shape is of no member"),
        (lambda w: w.update({"toy.shape": np.full(24, np.nan)}), r"toy\.shape is not finite"),
        (lambda w: w.update({"toy.bend": np.array([np.inf])}), r"toy\.bend is not finite"),
    ],
)
def test_faults_of_stored_numbers_are_told(change: Callable[[dict[str, Array]], Any], fault: str) -> None:
    weights = dict(FITTED["price"].weights_)
    change(weights)
    with pytest.raises(WeightsError, match=rf"^1 fault.*{fault}"):
        Made.load(weights, FITTED["price"].parameters_, zone=CHICAGO, issue_time=time(9, 30))


def test_all_faults_come_in_one_message() -> None:
    with pytest.raises(
        WeightsError, match=r"^5 fault.*recipe is 'other', known is 'made-1'.*record\.regime is missing"
    ):
        Made.load({}, {"recipe": "other"}, zone=CHICAGO, issue_time=time(9, 30))


@pytest.mark.parametrize("feed", FEEDS.values(), ids=FEEDS)
def test_what_was_learnt_tells_how_it_was_known(feed: Feed) -> None:
    fitted = FITTED[feed.name]
    assert fitted.parameters_["known_slots"] == {"price": 24, "load": 37}[feed.name]
    assert fitted.parameters_["families"] == ["toy", "regime", "persistence"]
    assert json.loads(json.dumps(fitted.parameters_)) == fitted.parameters_
