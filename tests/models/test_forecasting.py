"""Which forecasters a cycle chooses, and what it issues."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from kpp_twin.feeds import LOAD, PRICE, WEATHER, Feed
from kpp_twin.records import History, ModelVersion, Series
from kpp_twin.timegrid import TimeGrid
from models.forecasting import decide, hours_ahead, next_local_day

CHICAGO = ZoneInfo("America/Chicago")
AS_OF = datetime(2024, 3, 9, 15, 30, tzinfo=UTC)  # 09:30 in Chicago, on the day before the clocks change
DAYS = 10


def series_of(feed: Feed, days: int = 20, name: str = "A") -> Series:
    start = AS_OF.replace(hour=6, minute=0) - timedelta(days=days)
    grid = TimeGrid(start=start, step_minutes=feed.step_minutes, n_steps=(days + 2) * 24 * 60 // feed.step_minutes)
    known_at = feed.known_at(pd.Series(grid.index), CHICAGO).dt.tz_localize(None).to_numpy("datetime64[us]")
    values = np.random.default_rng(11).normal(100, 10, grid.n_steps)
    return Series(variable=feed.name, name=name, grid=grid, values=values, known_at=known_at)


def history(*series: Series, models: tuple[ModelVersion, ...] = ()) -> History:
    return History(as_of=AS_OF, series=series, models=models)


ALL = history(series_of(PRICE), series_of(LOAD), series_of(WEATHER))


@pytest.mark.parametrize(
    ("as_of", "day", "hours"),
    [
        (datetime(2024, 3, 9, 15, 30, tzinfo=UTC), date(2024, 3, 10), 23),
        (datetime(2024, 11, 2, 14, 30, tzinfo=UTC), date(2024, 11, 3), 25),
        (datetime(2024, 6, 2, 4, 30, tzinfo=UTC), date(2024, 6, 2), 24),
        (datetime(2024, 6, 2, 5, 0, tzinfo=UTC), date(2024, 6, 3), 24),
    ],
)
def test_the_next_local_day_has_the_hours_that_it_has(as_of: datetime, day: date, hours: int) -> None:
    grid = next_local_day(as_of, 15, CHICAGO)
    assert grid == TimeGrid.local_day(day, CHICAGO, 15)
    assert grid.n_steps == 4 * hours
    assert grid.start > as_of


@pytest.mark.parametrize(
    ("clock", "first"), [("06:15:00", "06:15"), ("06:14:59", "06:15"), ("06:15:01", "06:30"), ("23:59:00", "00:00")]
)
def test_hours_ahead_begin_with_the_first_interval_that_has_not_begun(clock: str, first: str) -> None:
    as_of = datetime.fromisoformat(f"2024-03-09T{clock}Z")
    grid = hours_ahead(as_of, 15)
    assert f"{grid.start:%H:%M}" == first
    assert timedelta(0) <= grid.start - as_of < timedelta(minutes=15)
    assert (grid.n_steps, grid.stop - grid.start) == (96, timedelta(hours=24))


def test_a_daily_cycle_chooses_and_issues_for_price_and_load() -> None:
    decided = decide("daily", ALL, days=DAYS, zone=CHICAGO)
    assert [(m.variable, m.model_version) for m in decided.models] == [
        ("price", f"price-A-{decided.models[0].method}-2024-03-09T15:30Z"),
        ("load", f"load-A-{decided.models[1].method}-2024-03-09T15:30Z"),
    ]
    assert [(f.variable, f.grid.n_steps) for f in decided.forecasts] == [("price", 23), ("load", 92)]
    assert decided.notes == ()
    for model, forecast in zip(decided.models, decided.forecasts, strict=True):
        assert forecast.model_version == model.model_version
        assert forecast.issued_at == model.known_at == AS_OF
        assert model.method == min(model.scores, key=lambda method: model.scores[method])
        assert model.window_end <= AS_OF.replace(hour=6, minute=0) + timedelta(days=1)
        assert forecast.quantiles.shape == (forecast.grid.n_steps, 19)


def test_a_retraining_chooses_and_issues_nothing() -> None:
    decided = decide("retrain", ALL, days=DAYS, zone=CHICAGO)
    assert [m.variable for m in decided.models] == ["price", "load"]
    assert decided.forecasts == ()


def test_an_hourly_cycle_issues_load_by_the_model_that_serves() -> None:
    trained = decide("daily", ALL, days=DAYS, zone=CHICAGO).models
    method = {"naive_daily": "naive_weekly", "naive_weekly": "naive_daily"}[trained[1].method]
    serving = replace(trained[1], method=method, model_version="mine")
    decided = decide("hourly", replace(ALL, models=(trained[0], serving)), days=DAYS, zone=CHICAGO)
    other = decide("hourly", replace(ALL, models=trained), days=DAYS, zone=CHICAGO)
    assert decided.models == ()
    assert [(f.variable, f.model_version) for f in decided.forecasts] == [("load", "mine")]
    assert decided.forecasts[0].grid == hours_ahead(AS_OF, 15)
    assert not np.array_equal(decided.forecasts[0].values, other.forecasts[0].values)


def test_without_a_model_the_hourly_cycle_says_so() -> None:
    decided = decide("hourly", ALL, days=DAYS, zone=CHICAGO)
    assert decided.forecasts == ()
    assert decided.notes == ("no forecast of load A: no model has been trained yet",)


def test_a_series_with_too_little_history_does_not_stop_the_others() -> None:
    decided = decide("daily", history(series_of(PRICE, days=3, name="new"), series_of(LOAD)), days=DAYS, zone=CHICAGO)
    assert [f.variable for f in decided.forecasts] == ["load"]
    assert len(decided.notes) == 1
    assert decided.notes[0].startswith("no forecast: price new has ")


def test_each_series_has_a_model_of_its_own() -> None:
    hubs = history(series_of(PRICE, name="NORTH"), series_of(PRICE, name="WEST"))
    decided = decide("daily", hubs, days=DAYS, zone=CHICAGO)
    assert [f.series for f in decided.forecasts] == ["NORTH", "WEST"]
    assert len({m.model_version for m in decided.models}) == 2


@pytest.mark.parametrize("kind", ["daily", "hourly"])
def test_what_becomes_known_later_changes_no_forecast(kind: str) -> None:
    models = decide("daily", ALL, days=DAYS, zone=CHICAGO).models
    later = np.datetime64(AS_OF.replace(tzinfo=None), "us")
    changed = tuple(replace(s, values=np.where(s.known_at > later, -1e6, s.values)) for s in ALL.series)
    assert all((s.known_at > later).any() for s in ALL.series)
    one = decide(kind, replace(ALL, models=models), days=DAYS, zone=CHICAGO)  # type: ignore[arg-type]
    other = decide(kind, replace(ALL, series=changed, models=models), days=DAYS, zone=CHICAGO)  # type: ignore[arg-type]
    assert one.models == other.models
    for before, after in zip(one.forecasts, other.forecasts, strict=True):
        np.testing.assert_array_equal(before.values, after.values)
        np.testing.assert_array_equal(before.quantiles, after.quantiles)


def test_nothing_known_decides_nothing() -> None:
    decided = decide("daily", history(), days=DAYS, zone=CHICAGO)
    assert (decided.models, decided.forecasts, decided.notes) == ((), (), ())
