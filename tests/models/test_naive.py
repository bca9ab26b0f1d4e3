"""Naive forecasts: small tables by hand, no look ahead, days of 23 and 25 hours, gaps."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_examples import market, poisoned

from kpp_twin.feeds import LOAD, PRICE
from kpp_twin.records import Series
from kpp_twin.timegrid import TimeGrid
from models import naive
from models.errors import TooLittleHistoryError

CHICAGO = ZoneInfo("America/Chicago")
UTC_ZONE = ZoneInfo("UTC")
FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)


def series(
    values: np.ndarray, start: datetime = FIRST_DAY, variable: str = "price", zone: ZoneInfo = UTC_ZONE
) -> Series:
    """Hourly series, known by the publication rule of its feed."""
    grid = TimeGrid(start=start, step_minutes=60, n_steps=len(values))
    feed = replace(PRICE if variable == "price" else LOAD, step_minutes=60)
    known_at = feed.known_at(pd.Series(grid.index), zone).dt.tz_localize(None).to_numpy("datetime64[us]")
    return Series(variable=variable, name="A", grid=grid, values=np.asarray(values, dtype=float), known_at=known_at)


def day_and_hour(days: int) -> np.ndarray:
    """100 per day and 1 per hour: the value tells where it was taken from."""
    return np.array([100.0 * day + hour for day in range(days) for hour in range(24)])


def day_grid(day: int) -> TimeGrid:
    return TimeGrid(start=FIRST_DAY + timedelta(days=day), step_minutes=60, n_steps=24)


def issue_of(day: int) -> datetime:
    """09:30 on the day before."""
    return FIRST_DAY + timedelta(days=day - 1, hours=9, minutes=30)


def point(given_series: Series, day: int, method: str, issued_at: datetime | None = None) -> list[float]:
    targets = day_grid(day).index
    issued_at = issued_at or issue_of(day)
    issues = np.repeat(np.datetime64(issued_at.replace(tzinfo=None), "us"), len(targets))
    return naive.point_forecast(given_series, targets, issues, method, UTC_ZONE).tolist()


@pytest.mark.parametrize(
    ("target", "days", "source"),
    [
        pytest.param("2021-06-15T05:00Z", 1, "2021-06-14T05:00Z", id="summer"),
        pytest.param("2021-03-14T18:00Z", 1, "2021-03-13T19:00Z", id="13 o'clock, an hour later in UTC the day before"),
        pytest.param(
            "2021-11-07T19:00Z", 7, "2021-10-31T18:00Z", id="13 o'clock, an hour earlier in UTC the week before"
        ),
        pytest.param("2021-03-15T07:30Z", 1, "2021-03-14T08:30Z", id="half past two did not exist: half past three"),
        pytest.param("2021-11-08T07:30Z", 1, "2021-11-07T06:30Z", id="half past one came twice: its first pass"),
        pytest.param("2021-11-07T06:30Z", 1, "2021-11-06T06:30Z", id="from the first pass"),
        pytest.param("2021-11-07T07:30Z", 1, "2021-11-06T06:30Z", id="from the second pass"),
    ],
)
def test_the_same_clock_time_some_days_before(target: str, days: int, source: str) -> None:
    earlier = naive.same_time_earlier(pd.DatetimeIndex([target]), days, CHICAGO)
    assert earlier.tolist() == [pd.Timestamp(source)]


@given(
    moment=st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    days=st.integers(1, 28),
    zone=st.sampled_from(["America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "UTC"]).map(ZoneInfo),
)
def test_the_clock_shows_the_same_time_unless_it_was_skipped(moment: datetime, days: int, zone: ZoneInfo) -> None:
    (earlier,) = naive.same_time_earlier(pd.DatetimeIndex([moment]), days, zone)
    wall, wall_before = moment.astimezone(zone).replace(tzinfo=None), earlier.tz_convert(zone).tz_localize(None)
    shift = wall_before - (pd.Timestamp(wall) - timedelta(days=days))
    assert shift in (timedelta(0), timedelta(hours=1))
    if shift:
        skipped = (wall - timedelta(days=days)).replace(tzinfo=zone)
        assert skipped.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != skipped.replace(tzinfo=None)


@pytest.mark.parametrize(("method", "from_day"), [("naive_daily", 14), ("naive_weekly", 8)])
def test_prices_of_an_earlier_day_by_hand(method: str, from_day: int) -> None:
    """Issued at 09:30 on day 14: the prices of day 14 came out on day 13."""
    assert point(series(day_and_hour(15)), 15, method) == [100.0 * from_day + hour for hour in range(24)]


@pytest.mark.parametrize(("clock", "hours_known"), [((9, 14, 59), 8), ((9, 15, 0), 9), ((9, 30, 0), 9)])
def test_load_that_was_not_measured_yet_is_taken_from_the_day_before_it(
    clock: tuple[int, int, int], hours_known: int
) -> None:
    """The hour from 8 to 9 is known at 09:15."""
    issued_at = (FIRST_DAY + timedelta(days=14)).replace(hour=clock[0], minute=clock[1], second=clock[2])
    expected = [1400.0 + hour if hour < hours_known else 1300.0 + hour for hour in range(24)]
    assert point(series(day_and_hour(16), variable="load"), 15, "naive_daily", issued_at) == expected


def test_over_a_gap_the_next_earlier_day_serves() -> None:
    values = day_and_hour(30)
    values[24 * 28 + 3] = values[24 * 28 + 4] = values[24 * 27 + 4] = np.nan
    values[24 * 22 + 3] = np.nan
    daily, weekly = point(series(values), 29, "naive_daily"), point(series(values), 29, "naive_weekly")
    assert daily[2:6] == [2802.0, 2703.0, 2604.0, 2805.0]
    assert weekly[2:5] == [2202.0, 1503.0, 2204.0]


def test_what_no_earlier_day_has_stays_open() -> None:
    values = day_and_hour(3)
    values[[5, 29, 53]] = np.nan
    forecast = point(series(values), 3, "naive_daily")
    assert np.flatnonzero(np.isnan(forecast)).tolist() == [5]
    assert np.isnan(point(series(values), 3, "naive_weekly")).all()


def judged(given_series: Series, day: int, days: int = 7, zone: ZoneInfo = UTC_ZONE) -> naive.Judged:
    return naive.judge(given_series, issued_at=issue_of(day), horizon=day_grid(day), days=days, zone=zone)


def test_the_candidates_are_scored_on_the_days_before_by_hand() -> None:
    """A price that rises by 1 a day is missed by 1 from yesterday, by 7 from last week."""
    rising = np.repeat(np.arange(30.0), 24)
    result = judged(series(rising), 29, days=10)
    assert result.scores == {"naive_daily": 1.0, "naive_weekly": 7.0}
    assert result.best == "naive_daily"
    assert result.errors["naive_weekly"].tolist() == [7.0] * 240
    assert result.local_hour.tolist() == list(range(24)) * 10
    assert result.window_start == FIRST_DAY + timedelta(days=19)
    assert result.window_end == FIRST_DAY + timedelta(days=29)


def test_a_weekly_shape_is_best_told_from_last_week() -> None:
    weekly = np.repeat([1.0, 1, 1, 1, 1, 5, 5] * 5, 24)
    result = judged(series(weekly), 34, days=14)
    assert (result.best, result.scores["naive_weekly"]) == ("naive_weekly", 0.0)
    assert result.scores["naive_daily"] == pytest.approx(4 * 4 / 14)


def test_of_equals_the_first_serves() -> None:
    assert judged(series(np.full(24 * 20, 30.0)), 20).best == "naive_daily"


def test_the_candidates_are_compared_where_both_have_a_forecast() -> None:
    rising = np.repeat(np.arange(12.0), 24)
    result = judged(series(rising), 11, days=10)
    assert np.isnan(result.errors["naive_weekly"]).sum() == 24 * 6
    assert result.scores == {"naive_daily": 1.0, "naive_weekly": 7.0}


def test_too_little_history_says_how_much_there_is() -> None:
    with pytest.raises(TooLittleHistoryError, match="price A has 120 known intervals; judging needs more than a week"):
        judged(series(day_and_hour(5)), 5)


def issue(given_series: Series, day: int, method: str = "naive_daily") -> tuple[np.ndarray, np.ndarray]:
    return naive.forecast(
        given_series,
        judged(given_series, day),
        method=method,
        issued_at=issue_of(day),
        horizon=day_grid(day),
        zone=UTC_ZONE,
    )


def test_quantiles_are_the_point_and_the_errors_of_its_hour() -> None:
    """Hour h rises by h a day, so yesterday's value is always h too low, at each level."""
    values = np.outer(np.arange(20.0), np.arange(24.0)).ravel()
    point_values, quantiles = issue(series(values), 19)
    hours = np.arange(24.0)
    assert point_values.tolist() == (18 * hours).tolist()
    np.testing.assert_allclose(quantiles, np.repeat(19 * hours[:, None], len(naive.LEVELS), axis=1))


def test_levels_are_even_and_their_values_those_of_the_errors() -> None:
    """Over 7 days with the errors 0 to 6 in each hour, the level 0.5 lies at 3, the level 0.01 at 0.06."""
    steps = np.cumsum([0.0] * 13 + [3, 0, 6, 1, 5, 2, 4])
    point_values, quantiles = issue(series(np.repeat(steps, 24)), 20)
    above = quantiles[0] - point_values[0]
    np.testing.assert_allclose(naive.LEVELS, np.arange(1, 100) / 100)
    np.testing.assert_allclose(above, 6 * naive.LEVELS)


def test_an_hour_without_errors_takes_those_of_all_hours() -> None:
    values = np.repeat(np.arange(40.0), 24)
    values.reshape(40, 24)[32:39, 3] = np.nan
    _, quantiles = issue(series(values), 39)
    np.testing.assert_allclose(quantiles[3], 31.0 + 1.0)


def test_an_interval_without_any_earlier_value_is_told() -> None:
    values = day_and_hour(20)
    values.reshape(20, 24)[:, 5:8] = np.nan
    with pytest.raises(TooLittleHistoryError, match=r"no value known for 3 of 24 intervals from 2024-01-20T05:00Z"):
        issue(series(values), 19)


@pytest.mark.parametrize(("day", "hours"), [(date(2021, 3, 14), 23), (date(2021, 11, 7), 25), (date(2021, 11, 8), 24)])
def test_long_and_short_days_are_forecast_whole(day: date, hours: int) -> None:
    horizon = TimeGrid.local_day(day, CHICAGO, 60)
    start = horizon.start - timedelta(days=25)
    local_hour = pd.date_range(start, horizon.start, freq="h", inclusive="left").tz_convert(CHICAGO).hour
    given_series = series(np.asarray(local_hour, dtype=float), start, zone=CHICAGO)
    issued_at = datetime.combine(day - timedelta(days=1), datetime.min.time(), tzinfo=CHICAGO).astimezone(
        UTC
    ) + timedelta(hours=10)
    result = naive.judge(given_series, issued_at=issued_at, horizon=horizon, days=7, zone=CHICAGO)
    values, quantiles = naive.forecast(
        given_series, result, method="naive_daily", issued_at=issued_at, horizon=horizon, zone=CHICAGO
    )
    assert (len(values), quantiles.shape) == (hours, (hours, len(naive.LEVELS)))
    assert values.tolist() == horizon.index.tz_convert(CHICAGO).hour.tolist() or day == date(2021, 11, 8)


def test_the_zone_in_which_the_issue_is_written_does_not_matter() -> None:
    given_series = series(np.repeat(np.arange(20.0), 24), variable="load")
    moment = issue_of(19)
    both = [
        naive.judge(given_series, issued_at=moment.astimezone(zone), horizon=day_grid(19), days=7, zone=CHICAGO)
        for zone in (UTC_ZONE, ZoneInfo("Australia/Sydney"))
    ]
    for method in naive.LAGS:
        np.testing.assert_array_equal(both[0].errors[method], both[1].errors[method])


numbers = st.floats(-100, 9000) | st.just(np.nan)


@given(
    seed=st.integers(0, 10_000),
    later=st.lists(numbers, min_size=4, max_size=4),
    variable=st.sampled_from(["price", "load"]),
)
@settings(max_examples=15)
def test_what_becomes_known_after_the_issue_changes_nothing(seed: int, later: list[float], variable: str) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(50, 20, 24 * 24)
    day = 21
    given_series = series(values, variable=variable)
    is_later = given_series.known_at > np.datetime64(issue_of(day).replace(tzinfo=None), "us")
    assert is_later.sum() > 24
    changed = replace(given_series, values=np.where(is_later, rng.choice(later, len(values)), values))
    before, after = judged(given_series, day), judged(changed, day)
    assert after.scores == before.scores
    for method in naive.LAGS:
        np.testing.assert_array_equal(after.errors[method], before.errors[method])
        assert point(given_series, day, method) == point(changed, day, method)
        for one, other in zip(issue(given_series, day, method), issue(changed, day, method), strict=True):
            np.testing.assert_array_equal(one, other)


@given(seed=st.integers(0, 10_000), back=st.integers(1, 7))
@settings(max_examples=15)
def test_a_past_forecast_is_judged_as_it_would_have_been_issued_then(seed: int, back: int) -> None:
    """What became known between a past issue and now moves that past error by the actual alone."""
    values = np.random.default_rng(seed).normal(500, 20, 24 * 24)
    day = 21
    given_series = series(values, variable="load")
    then = np.datetime64(issue_of(day - back).replace(tzinfo=None), "us")
    shifted = replace(given_series, values=values + 1000.0 * (given_series.known_at > then))
    before, after = judged(given_series, day), judged(shifted, day)
    of_that_day = slice(24 * (7 - back), 24 * (8 - back))
    for method in naive.LAGS:
        moved = after.errors[method][of_that_day] - before.errors[method][of_that_day]
        np.testing.assert_allclose(moved[np.isfinite(moved)], 1000.0)


@given(seed=st.integers(0, 10_000), gap_share=st.floats(0, 0.2), scale=st.sampled_from([1e-3, 1.0, 1e6]))
def test_quantiles_never_cross_and_are_finite(seed: int, gap_share: float, scale: float) -> None:
    rng = np.random.default_rng(seed)
    values = scale * rng.standard_t(2, 24 * 40)
    values[rng.random(len(values)) < gap_share] = np.nan
    point_values, quantiles = issue(series(values), 39)
    assert np.isfinite(point_values).all()
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()


@pytest.mark.parametrize("method", naive.LAGS)
@pytest.mark.parametrize("known_slots", [24, 9])
def test_on_day_tables_it_says_what_it_says_of_the_series(method: str, known_slots: int) -> None:
    """Known as a price, or until nine o'clock of the day of the issue."""
    tables = market(n_days=30, known_slots=known_slots)
    target = np.where(np.random.default_rng(3).random(tables.target.shape) < 0.1, np.nan, tables.target)
    laid_out = series(target.ravel(), variable="price" if known_slots == 24 else "load")
    found = naive.on_days(replace(tables, target=target), np.arange(20, 30), method)
    np.testing.assert_array_equal(found, [point(laid_out, day, method) for day in range(20, 30)])


@pytest.mark.parametrize("method", naive.LAGS)
@pytest.mark.parametrize("known_slots", [24, 9])
def test_on_day_tables_what_comes_after_the_issue_moves_no_bit(method: str, known_slots: int) -> None:
    tables = market(n_days=30, known_slots=known_slots)
    rows = np.array([20])
    np.testing.assert_array_equal(
        naive.on_days(poisoned(tables, 20, -1e9), rows, method), naive.on_days(tables, rows, method)
    )


def test_before_the_first_day_there_is_nothing_to_repeat() -> None:
    tables = market(n_days=30)
    assert np.isnan(naive.on_days(tables, np.array([0]), "naive_daily")).all()
    assert np.isnan(naive.on_days(tables, np.array([6]), "naive_weekly")).all()
    np.testing.assert_array_equal(naive.on_days(tables, np.array([7]), "naive_weekly")[0], tables.target[0])
