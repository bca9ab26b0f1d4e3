"""Rows to learn from, and what each refit may see; the walk itself is in test_forecaster.py."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kpp_twin.records import Series
from kpp_twin.timegrid import TimeGrid
from models.features import instant_us
from models.horizons import hours_ahead, next_local_day
from models.training import TooLittleTrainingError, day_ahead_rows, fit_at, hours_ahead_rows, walk

ZONE = ZoneInfo("America/Chicago")
AS_OF = datetime(2024, 6, 1, 14, 30, tzinfo=UTC)


def quarters(days: int = 50) -> Series:
    grid = TimeGrid(start=AS_OF.replace(minute=0) - timedelta(days=days), step_minutes=15, n_steps=(days + 1) * 96)
    known_at = (grid.index + timedelta(minutes=30)).tz_localize(None).to_numpy("datetime64[us]")
    values = 100 + np.random.default_rng(1).normal(0, 5, grid.n_steps)
    return Series(variable="load", name="A", grid=grid, values=values, known_at=known_at)


LOADS = quarters()


def test_of_each_hour_and_day_one_quarter_is_a_lesson() -> None:
    horizon = next_local_day(AS_OF, 15, ZONE)
    rows = day_ahead_rows(LOADS, horizon, issued_at=AS_OF, days=8, zone=ZONE, temperature=None)
    assert len(rows.targets) == 8 * 96
    assert rows.is_lesson.reshape(8, 24, 4).sum(axis=2).tolist() == [[1] * 24] * 8
    assert set(np.flatnonzero(rows.is_lesson) % 4) == {0, 1, 2, 3}
    assert (rows.issues_us < instant_us(AS_OF)).all()


def test_hours_ahead_are_issued_at_every_hour_of_the_day() -> None:
    horizon = hours_ahead(AS_OF, 15)
    rows = hours_ahead_rows(LOADS, horizon, issued_at=AS_OF, days=10, zone=ZONE, temperature=None)
    hour = rows.issues_us // 3_600_000_000 % 24
    assert set(hour) == set(range(24))
    ahead_us = rows.targets.as_unit("us").asi8 - rows.issues_us
    assert ahead_us.min() >= 0
    assert ahead_us.max() < 24 * 3_600_000_000
    assert (rows.known.lead_hours >= 0).all()


def test_a_fit_sees_nothing_that_is_known_later() -> None:
    horizon = next_local_day(AS_OF, 15, ZONE)
    rows = day_ahead_rows(LOADS, horizon, issued_at=AS_OF, days=40, zone=ZONE, temperature=None)
    now = instant_us(AS_OF - timedelta(days=3))
    one = fit_at(rows, now, 40)
    rows.actual[rows.actual_us > now] = -1e9
    np.testing.assert_array_equal(fit_at(rows, now, 40), one)


def test_fewer_than_four_weeks_are_too_little() -> None:
    horizon = next_local_day(AS_OF, 15, ZONE)
    rows = day_ahead_rows(LOADS, horizon, issued_at=AS_OF, days=20, zone=ZONE, temperature=None)
    with pytest.raises(TooLittleTrainingError, match=r"20 day\(s\) can be learnt from; a ridge needs 28"):
        fit_at(rows, instant_us(AS_OF), 240)
    with pytest.raises(TooLittleTrainingError, match="only 0 day"):
        walk(rows, issued_at=AS_OF, days=10, training_days=240)
