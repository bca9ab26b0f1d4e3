"""Which forecasters a cycle chooses, and what it issues."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from kpp_twin.feeds import LOAD, PRICE, WEATHER, Feed
from kpp_twin.records import History, ModelVersion, Series, Serving
from kpp_twin.timegrid import TimeGrid
from models import naive
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
    assert len(decided.notes) == 2
    assert all("a ridge needs 28" in note for note in decided.notes)
    assert [row.model_version for row in decided.servings] == [m.model_version for m in decided.models]
    for model, forecast in zip(decided.models, decided.forecasts, strict=True):
        assert forecast.model_version == model.model_version
        assert forecast.issued_at == model.known_at == AS_OF
        assert model.scores["mae"] == model.scores[model.method] == min(model.scores[m] for m in naive.LAGS)
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
    assert decided.notes[0].startswith("no forecast: price new has ")
    assert decided.notes[1].startswith("no ridge of load A: ")
    assert len(decided.notes) == 2


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


LONG = history(series_of(PRICE, days=60), series_of(LOAD, days=60), series_of(WEATHER, days=60))
TRAINED = decide("daily", LONG, days=DAYS, zone=CHICAGO)


def serving(model: ModelVersion, chosen_by: str) -> Serving:
    return Serving(
        variable=model.variable,
        series=model.series,
        model_version=model.model_version,
        chosen_by=chosen_by,  # type: ignore[arg-type]
        known_at=AS_OF,
    )


def test_the_better_of_both_families_is_selected_and_serves() -> None:
    for variable in ("price", "load"):
        ridge, better_naive = sorted(
            (m for m in TRAINED.models if m.variable == variable), key=lambda m: m.method == "ridge", reverse=True
        )
        assert (ridge.method, better_naive.method in naive.LAGS) == ("ridge", True)
        assert ridge.scores["mae"] < better_naive.scores["mae"]
        assert ridge.model_version == f"{variable}-A-ridge-2024-03-09T15:30Z"
        assert (ridge.window_start, ridge.window_end) == (better_naive.window_start, better_naive.window_end)
        (row,) = [row for row in TRAINED.servings if row.variable == variable]
        assert row == serving(ridge, "selection")
    assert [f.model_version for f in TRAINED.forecasts] == [row.model_version for row in TRAINED.servings]
    assert TRAINED.notes == ()


@pytest.mark.parametrize("chosen_by", ["operator", "selection"])
def test_only_what_an_operator_chose_stays(chosen_by: str) -> None:
    (worse,) = [m for m in TRAINED.models if m.variable == "load" and m.method != "ridge"]
    mine = replace(worse, model_version="load-A-mine", method="naive_weekly")
    decided = decide(
        "daily", replace(LONG, models=(mine,), servings=(serving(mine, chosen_by),)), days=DAYS, zone=CHICAGO
    )
    assert [m.model_version for m in decided.models] == [m.model_version for m in TRAINED.models]
    (issued,) = [f for f in decided.forecasts if f.variable == "load"]
    rows = [row for row in decided.servings if row.variable == "load"]
    if chosen_by == "operator":
        assert (issued.model_version, rows) == ("load-A-mine", [])
    else:
        assert issued.model_version == rows[0].model_version == "load-A-ridge-2024-03-09T15:30Z"


def test_the_hourly_cycle_forecasts_with_the_ridge_of_an_earlier_one() -> None:
    (ridge,) = [m for m in TRAINED.models if m.variable == "load" and m.method == "ridge"]
    asked = replace(LONG, models=(ridge,), servings=(serving(ridge, "selection"),))
    decided = decide("hourly", asked, days=DAYS, zone=CHICAGO)
    assert (decided.models, decided.servings, decided.notes) == ((), (), ())
    assert [(f.model_version, f.grid) for f in decided.forecasts] == [(ridge.model_version, hours_ahead(AS_OF, 15))]


def test_where_the_ridge_cannot_forecast_the_naive_does_and_a_note_says_why() -> None:
    """Nothing is known at one time of the day on any day of that name."""
    (ridge,) = [m for m in TRAINED.models if m.variable == "load" and m.method == "ridge"]
    load = LONG.series[1]
    values = load.values.copy()
    first = load.grid.positions(hours_ahead(AS_OF, 15).index[:1])
    values[first - 96 * np.arange(7, 29, 7)] = np.nan
    asked = replace(LONG, series=(replace(load, values=values),), models=(ridge,))
    decided = decide("hourly", asked, days=DAYS, zone=CHICAGO)
    assert len(decided.notes) == 1
    assert decided.notes[0].startswith("naive_daily instead of the ridge for load A: too little is known")
    assert [m.method for m in decided.models] == ["naive_daily"]
    assert [f.model_version for f in decided.forecasts] == ["load-A-naive_daily-2024-03-09T15:30Z"]
    assert decided.servings == ()


def test_a_serving_version_that_is_not_there_is_told() -> None:
    row = serving(TRAINED.models[0], "selection")
    with pytest.raises(ValueError, match="serves price A, but is not in the history"):
        decide("daily", replace(LONG, servings=(row,)), days=DAYS, zone=CHICAGO)


@pytest.mark.parametrize("kind", ["promote", "rollback"])
def test_an_operators_choice_trains_and_issues_nothing(kind: str) -> None:
    decided = decide(kind, LONG, days=DAYS, zone=CHICAGO)  # type: ignore[arg-type]
    assert (decided.models, decided.servings, decided.forecasts, decided.notes) == ((), (), (), ())
