from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kpp_twin.day_report import DayForecast, DayReport, DaySeries, FeedReach, Judgement
from kpp_twin.timegrid import TimeGrid

START = datetime(2024, 3, 16, 5, tzinfo=UTC)
GRID = TimeGrid(start=START, step_minutes=60, n_steps=4)
JUDGEMENT = Judgement(
    method="naive_daily", scores={"naive_daily": 1.0}, window_start=START - timedelta(days=10), window_end=START
)
FORECAST = DayForecast(
    issued_at=START,
    values=np.array([10.0, 10.0, np.nan, 10.0]),
    low=np.array([8.0, 8.0, np.nan, 8.0]),
    high=np.array([12.0, 12.0, np.nan, 12.0]),
    judgement=JUDGEMENT,
)
SERIES = DaySeries(
    variable="price",
    name="HUB",
    unit="USD/MWh",
    grid=GRID,
    values=np.array([12.0, 6.0, 10.0, np.nan]),
    known_from=START,
    known_until=START,
    context_grid=GRID,
    context_values=np.full(4, np.nan),
    forecast=FORECAST,
)


def report_of(*series: DaySeries, day: date = date(2024, 3, 16)) -> DayReport:
    return DayReport(
        day=day,
        zone=ZoneInfo("America/Chicago"),
        as_of=START,
        last_cycle_id="",
        digest="",
        sources=(),
        series=series,
        quality=(),
        broken_rules=(),
        quarantined=(),
        freshness=(),
        cycles=(),
    )


def test_an_interval_is_scored_where_both_value_and_forecast_are_there():
    np.testing.assert_array_equal(SERIES.errors, [2.0, -4.0, np.nan, np.nan])
    assert (SERIES.n_known, SERIES.n_scored) == (3, 2)
    assert SERIES.mean_absolute_error == pytest.approx((2.0 + 4.0) / 2)


def test_a_value_on_the_border_of_the_band_is_inside():
    assert SERIES.n_inside_band == 1


def test_without_forecast_nothing_is_scored():
    bare = replace(SERIES, forecast=None)
    assert (bare.n_scored, bare.n_inside_band, bare.mean_absolute_error) == (0, 0, None)


def test_a_window_over_a_change_of_clocks_has_whole_days():
    assert JUDGEMENT.days == 10
    assert replace(JUDGEMENT, window_end=START - timedelta(hours=1)).days == 10
    assert replace(JUDGEMENT, window_end=START + timedelta(hours=1)).days == 10


@pytest.mark.parametrize(("day", "hours"), [("2024-03-10", 23), ("2024-03-16", 24), ("2024-11-03", 25)])
def test_a_day_has_the_hours_that_its_clocks_give_it(day: str, hours: int):
    assert report_of(day=date.fromisoformat(day)).hours == hours


def test_forecasts_and_methods_are_those_of_the_forecast_series():
    both = replace(FORECAST, judgement=replace(JUDGEMENT, scores={"naive_weekly": 2.0, "naive_daily": 1.0}))
    report = report_of(replace(SERIES, forecast=None), replace(SERIES, forecast=both), SERIES)
    assert [forecast for _, forecast in report.forecasts] == [both, FORECAST]
    assert report.methods == ("naive_daily", "naive_weekly")


def test_a_feed_is_behind_by_what_could_be_known_and_never_ahead():
    reach = FeedReach(feed="load", series="SITE", known_until=START, could_be_known_until=START + timedelta(minutes=45))
    assert reach.behind == timedelta(minutes=45)
    assert replace(reach, could_be_known_until=START - timedelta(hours=1)).behind == timedelta(0)
    assert replace(reach, known_until=None).behind is None
