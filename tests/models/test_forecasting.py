"""Which tier speaks in a cycle, why, and what it says."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from market_examples import poisoned_series, series_of
from toy_ensemble import PRACTICE, Toy, Twin

from kpp_twin.feeds import LOAD, PRICE, WEATHER
from kpp_twin.records import History, ModelVersion, Serving
from kpp_twin.timegrid import TimeGrid
from models import naive
from models.forecasting import decide, hours_ahead, next_local_day
from models.load import LoadForecaster
from models.price import PriceForecaster

CHICAGO = ZoneInfo("America/Chicago")
AS_OF = datetime(2024, 6, 1, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quick families in place of those of the market."""
    monkeypatch.setattr(PriceForecaster, "families", Toy().families)
    monkeypatch.setattr(LoadForecaster, "families", Toy().families)


def twin_of(days: int, *feeds: object) -> Twin:
    """Three days past the first issue."""
    return Twin(tuple(series_of(feed, AS_OF + 3 * DAY, days=days + 3) for feed in feeds or (PRICE, LOAD, WEATHER)))


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


@pytest.fixture(scope="module")
def lived() -> Twin:
    """After the first day of a price and a load; copy it before it lives on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PriceForecaster, "families", Toy().families)
        patch.setattr(LoadForecaster, "families", Toy().families)
        twin = twin_of(50)
        twin.run("daily", AS_OF)
    return twin


def copy_of(twin: Twin) -> Twin:
    return Twin(twin.series, list(twin.models), list(twin.servings), list(twin.trials), list(twin.members))


def test_a_daily_cycle_trains_and_speaks_for_price_and_load(lived: Twin) -> None:
    assert [(m.variable, m.method) for m in lived.models] == [("price", "ensemble"), ("load", "ensemble")]
    assert [row.chosen_by for row in lived.servings] == ["first", "first"]
    decided = copy_of(lived).run("daily", AS_OF + DAY)
    assert [(f.variable, f.tier, f.reason) for f in decided.forecasts] == [
        ("price", "ensemble", ""),
        ("load", "ensemble", ""),
    ]
    for forecast, serving in zip(decided.forecasts, lived.servings, strict=True):
        assert forecast.model_version == serving.model_version
        assert forecast.quantiles.shape == (forecast.grid.n_steps, 99)
    assert decided.notes == []


def test_the_next_hours_of_a_load_are_said_by_the_version_that_serves(lived: Twin) -> None:
    decided = copy_of(lived).run("hourly", AS_OF + 45 * HOUR / 60)
    (forecast,) = decided.forecasts
    assert (forecast.variable, forecast.tier, forecast.reason) == ("load", "hours_ahead", "")
    assert forecast.model_version == lived.servings[1].model_version
    assert forecast.grid == hours_ahead(AS_OF + 45 * HOUR / 60, 15)
    assert forecast.quantiles.shape == (96, 19)
    assert (decided.models, decided.servings, decided.members, decided.notes) == ([], [], [], [])


def test_with_too_little_to_train_a_naive_forecast_speaks_and_says_why() -> None:
    decided = twin_of(15).run("daily", AS_OF)
    for forecast, model, serving in zip(decided.forecasts, decided.models, decided.servings, strict=True):
        assert forecast.tier == model.method
        assert forecast.tier in naive.LAGS
        assert "day(s) lie before the one ahead; a fit needs" in forecast.reason
        assert forecast.model_version == model.model_version == serving.model_version
        assert serving.chosen_by == "first"
        assert model.scores["mae"] == model.scores[model.method] == min(model.scores[name] for name in naive.LAGS)
        assert model.weights == {}
    assert [f.variable for f in decided.forecasts] == ["price", "load"]


def test_with_a_few_weeks_a_seasonal_model_speaks() -> None:
    (forecast,) = twin_of(35, PRICE).run("daily", AS_OF).forecasts
    assert forecast.tier == "seasonal"
    assert "a fit needs" in forecast.reason
    assert (np.diff(forecast.quantiles, axis=1) >= 0).all()
    assert np.abs(forecast.values - 100).max() < 40


def test_a_naive_version_gives_way_as_soon_as_there_is_enough() -> None:
    twin = twin_of(41, PRICE)
    days = twin.days(AS_OF, 3)
    tiers = [decided.forecasts[0].tier for decided in days]
    assert tiers[0] != "ensemble"
    assert tiers[-1] == "ensemble"
    assert {row.chosen_by for row in twin.servings} == {"first"}


def test_the_hourly_forecast_is_naive_until_an_ensemble_is_trained() -> None:
    twin = twin_of(15)
    twin.run("daily", AS_OF)
    (forecast,) = twin.run("hourly", AS_OF + HOUR).forecasts
    assert forecast.tier in naive.LAGS
    assert forecast.reason == "no ensemble has been trained yet"
    assert forecast.model_version == twin.servings[1].model_version


def test_without_a_model_the_hourly_cycle_says_so() -> None:
    decided = twin_of(15).run("hourly", AS_OF)
    assert decided.forecasts == []
    assert decided.notes == ["no forecast of load A: no model has been trained yet"]


def test_where_the_ensemble_cannot_speak_the_next_tier_does(lived: Twin) -> None:
    """At one time of the day nothing is known on the same weekday of four weeks."""
    twin = copy_of(lived)
    load = twin.series[1]
    target = hours_ahead(AS_OF + HOUR, 15).index[5]
    gone = load.grid.positions(pd.DatetimeIndex([target - weeks * 7 * DAY for weeks in range(1, 5)]))
    values = load.values.copy()
    values[gone] = np.nan
    twin.series = (twin.series[0], replace(load, values=values), twin.series[2])
    decided = twin.run("hourly", AS_OF + HOUR)
    (forecast,) = decided.forecasts
    assert forecast.tier == "naive_daily"
    assert forecast.reason.startswith("too little is known at the issue for 1 of 96 intervals")
    assert [m.model_version for m in decided.models] == [forecast.model_version]
    assert decided.servings == []
    assert decided.notes == [f"naive_daily speaks for load A: {forecast.reason}"]


def test_where_not_even_a_naive_forecast_finds_a_value_there_is_none(lived: Twin) -> None:
    """Nothing is known at one time of the day in four weeks."""
    twin = copy_of(lived)
    load = twin.series[1]
    gone = (load.grid.index >= AS_OF - 33 * DAY) & (load.grid.index.hour == 15)
    twin.series = (twin.series[0], replace(load, values=np.where(gone, np.nan, load.values)), twin.series[2])
    decided = twin.run("hourly", AS_OF + HOUR)
    assert decided.forecasts == []
    assert len(decided.notes) == 1
    assert decided.notes[0].startswith("no forecast: load A")


def naive_pinned(twin: Twin) -> ModelVersion:
    """An operator promotes a naive version of the price."""
    model = ModelVersion(
        model_version="price-A-mine",
        variable="price",
        series="A",
        method="naive_weekly",
        parameters={"lags_days": [7]},
        window_start=AS_OF - 10 * DAY,
        window_end=AS_OF,
        scores={"naive_weekly": 1.0},
        known_at=AS_OF,
    )
    twin.models.append(model)
    twin.servings.append(
        Serving(variable="price", series="A", model_version="price-A-mine", chosen_by="operator", known_at=AS_OF)
    )
    return model


def test_a_naive_version_that_an_operator_chose_speaks(lived: Twin) -> None:
    twin = copy_of(lived)
    model = naive_pinned(twin)
    decided = twin.run("daily", AS_OF + DAY)
    price = decided.forecasts[0]
    assert (price.model_version, price.tier, price.reason) == (
        model.model_version,
        "naive_weekly",
        "an operator chose it",
    )
    week_before = twin.series[0].grid.positions(price.grid.index - 7 * DAY)
    np.testing.assert_array_equal(price.values, twin.series[0].values[week_before])
    assert [row for row in decided.servings if row.variable == "price"] == []


def test_a_series_with_too_little_history_does_not_stop_the_others() -> None:
    twin = twin_of(15)
    new = replace(series_of(PRICE, AS_OF, days=3), name="new")
    decided = Twin((new, twin.series[1])).run("daily", AS_OF)
    assert [f.variable for f in decided.forecasts] == ["load"]
    assert decided.notes[0].startswith("no forecast: price new has ")


def test_training_on_too_little_is_noted() -> None:
    decided = twin_of(15).run("retrain", AS_OF)
    assert (decided.models, decided.servings, decided.forecasts) == ([], [], [])
    assert [note.partition(": ")[0] for note in decided.notes] == ["no ensemble of price A", "no ensemble of load A"]


def test_each_series_has_a_version_of_its_own() -> None:
    north, west = (replace(series_of(PRICE, AS_OF, days=50), name=name) for name in ("NORTH", "WEST"))
    decided = Twin((north, west)).run("daily", AS_OF)
    assert [f.series for f in decided.forecasts] == ["NORTH", "WEST"]
    assert len({m.model_version for m in decided.models}) == 2


@pytest.mark.parametrize("kind", ["daily", "hourly", "retrain"])
def test_what_becomes_known_later_changes_no_number(kind: str, lived: Twin) -> None:
    later = AS_OF + DAY
    history = replace(lived.history(later), series=lived.series)
    other = replace(history, series=tuple(poisoned_series(series, later) for series in lived.series))
    one, two = (decide(kind, known, PRACTICE) for known in (history, other))  # type: ignore[arg-type]
    assert [m.model_version for m in one.models] == [m.model_version for m in two.models]
    assert (one.servings, one.trials, one.alarms) == (two.servings, two.trials, two.alarms)
    assert len(one.forecasts) == {"daily": 2, "hourly": 1, "retrain": 0}[kind]
    for before, after in zip(one.forecasts, two.forecasts, strict=True):
        np.testing.assert_array_equal(before.values, after.values)
        np.testing.assert_array_equal(before.quantiles, after.quantiles)


def test_nothing_known_decides_nothing() -> None:
    decided = decide("daily", History(as_of=AS_OF, series=(), models=()), PRACTICE)
    assert (decided.models, decided.forecasts, decided.notes) == ([], [], [])


@pytest.mark.parametrize("kind", ["promote", "rollback"])
def test_an_operators_choice_trains_and_issues_nothing(kind: str, lived: Twin) -> None:
    decided = decide(kind, lived.history(AS_OF + DAY), PRACTICE)  # type: ignore[arg-type]
    assert (decided.models, decided.servings, decided.forecasts, decided.notes) == ([], [], [], [])
