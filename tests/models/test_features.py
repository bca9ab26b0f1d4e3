"""What is looked at, by small tables by hand."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.records import Array, Series
from kpp_twin.timegrid import TimeGrid
from models import naive
from models.features import NAMES, Inputs, inputs, instant_us, known_of, mean_of

START = datetime(2024, 1, 1, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
DAYS = 30


def hourly(values: Array, start: datetime = START) -> Series:
    """Known a quarter of an hour after the end of each hour."""
    grid = TimeGrid(start=start, step_minutes=60, n_steps=len(values))
    known_at = (grid.index + timedelta(minutes=75)).tz_localize(None).to_numpy("datetime64[us]")
    return Series(variable="load", name="A", grid=grid, values=np.asarray(values, dtype=float), known_at=known_at)


def look(series: Series, hours: int, zone: ZoneInfo = UTC_ZONE, temperature: Series | None = None) -> Inputs:
    """At one target, some hours after the issue at 09:30 on the last day."""
    issued_at = START + timedelta(days=DAYS - 1, hours=9, minutes=30)
    target = pd.DatetimeIndex([issued_at + timedelta(minutes=30) + timedelta(hours=hours)])
    weather = known_of(temperature, zone) if temperature else None
    return inputs(known_of(series, zone), target, np.array([instant_us(issued_at)]), zone, weather)


def value(seen: Inputs, name: str) -> float:
    """A feature, back in the unit of the series."""
    return float(seen.center[0] + seen.scale[0] * np.sinh(seen.features[0, NAMES.index(name)]))


RISING = hourly(np.arange(DAYS * 24.0))  # the value is the number of the hour
LAST_KNOWN = (DAYS - 1) * 24 + 7  # 07 to 08 is known at 09:15, 08 to 09 too
NEWEST = LAST_KNOWN + 1


def test_levels_and_lags_by_hand() -> None:
    seen = look(RISING, 20)  # the target is 06:00 tomorrow
    target = NEWEST + 2 + 20
    assert value(seen, "newest_same_time") == pytest.approx(target - 24)
    assert value(seen, "last_hour") == pytest.approx(NEWEST)
    assert seen.lead_hours.tolist() == [21.0]
    assert seen.hour.tolist() == [6]
    assert seen.features[0, NAMES.index("hour_6")] == 1
    assert seen.features[0, NAMES.index("weekday_2")] == 1  # 31 January 2024 is a Wednesday


def test_what_is_not_known_yet_is_taken_from_the_day_before_it() -> None:
    seen = look(RISING, 30)  # 16:00 tomorrow: that of today is not measured
    assert value(seen, "newest_same_time") == pytest.approx(NEWEST + 2 + 30 - 48)


def test_the_same_time_is_that_of_the_naive_forecast_over_clock_changes() -> None:
    zone = ZoneInfo("America/Chicago")
    start = datetime(2024, 10, 10, tzinfo=UTC)
    series = hourly(np.random.default_rng(2).normal(50, 5, 24 * 40), start)
    issued_at = start + timedelta(days=25, hours=15)
    targets = pd.date_range(issued_at, periods=24, freq="h", unit="us")
    issues_us = np.full(24, instant_us(issued_at))
    seen = inputs(known_of(series, zone), targets, issues_us, zone)
    # Of a week ago, what is far from the level of now counts a little less.
    for name, method, within in (("newest_same_time", "naive_daily", 1e-9), ("same_weekday", "naive_weekly", 0.6)):
        bounded = seen.features[:, NAMES.index(name)]
        expected = naive.point_forecast(series, targets, issues_us.astype("datetime64[us]"), method, zone)
        np.testing.assert_allclose(seen.center + seen.scale * np.sinh(bounded), expected, rtol=0, atol=within)


def test_without_a_week_of_values_a_row_stays_open() -> None:
    values = np.where(np.arange(DAYS * 24) < (DAYS - 6) * 24, np.nan, 5.0)
    assert np.isnan(look(hourly(values), 20).features).any()
    assert np.isnan(look(hourly(np.array([])), 20).features).any()


def test_a_series_that_never_changes_has_a_scale() -> None:
    seen = look(hourly(np.full(DAYS * 24, 5.0)), 20)
    assert (seen.center[0], seen.scale[0]) == (5.0, 1.0)
    assert np.isfinite(seen.features).all()


def test_temperature_is_the_last_day_against_its_week() -> None:
    warm = np.full(DAYS * 24, 10.0)
    warm[NEWEST - 23 :] = 17.0
    at = NAMES.index("temperature_deviation")
    assert look(RISING, 20, temperature=hourly(warm)).features[0, at] == pytest.approx(6.0)
    assert look(RISING, 20).features[0, at] == 0
    old = np.where(np.arange(DAYS * 24) > NEWEST - 60, np.nan, warm)
    assert look(RISING, 20, temperature=hourly(old)).features[0, at] == 0


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_a_day_after_a_shutdown_the_level_of_before_is_past(noise: float) -> None:
    level = np.full(DAYS * 24, 700.0)
    level[NEWEST - 47 :] = 150 + noise * np.random.default_rng(4).normal(size=len(level) - NEWEST + 47)
    level[: NEWEST - 47] += np.random.default_rng(4).normal(0, 10, NEWEST - 47)
    seen = look(hourly(level), 20)
    assert seen.center[0] == pytest.approx(150, abs=1)
    assert seen.scale[0] < 5
    for name in ("newest_same_time", "same_weekday", "mean_7_days", "mean_28_days", "last_7_days"):
        assert value(seen, name) == pytest.approx(150, abs=5)


def test_half_a_day_far_off_is_no_regime_where_changes_are_large() -> None:
    """The last day is no quiet one: the level of the four weeks still counts."""
    level = np.full(DAYS * 24, 700.0) + np.random.default_rng(4).normal(0, 100, DAYS * 24)
    level[NEWEST - 11 :] += 300
    assert look(hourly(level), 20).center[0] == pytest.approx(700, rel=0.1)


def test_the_center_of_a_level_that_stays_is_its_median() -> None:
    values = np.random.default_rng(4).normal(700, 10, DAYS * 24)
    seen = look(hourly(values), 20)
    known = values[NEWEST + 1 - 28 * 24 : NEWEST + 1]
    assert seen.center[0] == pytest.approx(np.median(known), abs=1)
    assert seen.scale[0] == pytest.approx(10, rel=0.15)


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_means_are_those_of_the_finite_values(seed: int, gaps: float) -> None:
    rng = np.random.default_rng(seed)
    rows = np.where(rng.random((5, 9)) < gaps, np.nan, rng.normal(size=(5, 9)))
    for row, mean in zip(rows, mean_of(rows), strict=True):
        finite = row[np.isfinite(row)]
        assert np.isnan(mean) if not len(finite) else mean == pytest.approx(finite.mean())
