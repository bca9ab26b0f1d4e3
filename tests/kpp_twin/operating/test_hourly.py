from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kpp_twin.operating.hourly import forecast_of, hourly_means, known_on, series_of
from kpp_twin.records import History, Series
from kpp_twin.timegrid import TimeGrid

NOON = datetime(2024, 3, 15, 12, tzinfo=UTC)


def quarters(n_hours: int) -> TimeGrid:
    return TimeGrid(start=NOON, step_minutes=15, n_steps=4 * n_hours)


def load(values: list[float], known_after_minutes: int = 30) -> Series:
    grid = TimeGrid(start=NOON, step_minutes=15, n_steps=len(values))
    known_at = grid.index.tz_localize(None).to_numpy("datetime64[us]") + np.timedelta64(known_after_minutes, "m")
    return Series(variable="load", name="SITE", grid=grid, values=np.array(values), known_at=known_at)


@pytest.mark.parametrize("step_minutes", [15, 30, 60])
def test_means_of_whole_hours(step_minutes: int):
    per_hour = 60 // step_minutes
    grid = TimeGrid(start=NOON, step_minutes=step_minutes, n_steps=3 * per_hour)
    values = np.arange(3 * per_hour, dtype=float)
    hours = TimeGrid(start=NOON, step_minutes=60, n_steps=3)
    expected = values.reshape(3, per_hour).mean(axis=1)
    assert hourly_means(values, grid, hours).tolist() == expected.tolist()


def test_an_hour_that_is_not_covered_whole_has_no_mean():
    hours = TimeGrid(start=NOON - timedelta(hours=1), step_minutes=60, n_steps=4)
    means = hourly_means(np.ones(6), TimeGrid(start=NOON, step_minutes=15, n_steps=6), hours)
    assert np.isnan(means).tolist() == [True, False, True, True]


def test_only_what_was_known_counts():
    series = load([1.0, 2.0, np.nan, 4.0])
    known = known_on(series, quarters(1), NOON + timedelta(minutes=50))
    assert known.tolist()[:2] == [1.0, 2.0]
    assert np.isnan(known[2:]).all()
    assert known_on(series, quarters(1), NOON + timedelta(minutes=75))[3] == 4.0
    assert np.isnan(known_on(None, quarters(1), NOON)).all()


def test_nothing_is_found_of_what_is_not_there():
    history = History(as_of=NOON, series=(load([1.0]),), models=())
    assert series_of(history, "load", "SITE") is history.series[0]
    assert series_of(history, "load", "OTHER") is None
    assert forecast_of((), "load", "SITE") is None
