"""Series laid out by local day: clock changes, gaps, what is known when."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_examples import UTC_ZONE, poisoned_series, series_of

from kpp_twin.feeds import LOAD, PRICE, WEATHER, Feed
from kpp_twin.records import Series
from kpp_twin.timegrid import TimeGrid
from kpp_twin.units import Array
from models.days import DayTables, Int
from models.layout import by_slot, day_tables, slots_of

CHICAGO = ZoneInfo("America/Chicago")
BERLIN = ZoneInfo("Europe/Berlin")
AS_OF = datetime(2024, 6, 12, 14, 30, tzinfo=UTC)  # 09:30 in Chicago
HALF_PAST_NINE = time(9, 30)
EPOCH = date(1970, 1, 1)
HOUR_US = 3_600_000_000


def no_holiday(day: Int) -> Array:
    return np.zeros(len(day))


def tables_of(
    series: Series, *, as_of: datetime = AS_OF, zone: ZoneInfo = CHICAGO, **others: tuple[Series, ...]
) -> DayTables:
    return day_tables(series, issued_at=as_of, issue_time=HALF_PAST_NINE, zone=zone, holiday_share=no_holiday, **others)


def number(day: date) -> int:
    return (day - EPOCH).days


def local_hours(first: date, last: date, zone: ZoneInfo, step_minutes: int) -> Series:
    """Each value is 100 times the pass of its local time, plus its local hour; known when it is over."""
    start = datetime.combine(first, time(), tzinfo=zone).astimezone(UTC)
    stop = datetime.combine(last + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)
    grid = TimeGrid.between(start, stop, step_minutes)
    local = grid.index.tz_convert(zone)
    second_pass = np.array([moment.fold for moment in local])
    known_at = (grid.index + timedelta(minutes=step_minutes)).tz_localize(None).to_numpy("datetime64[us]")
    values = 100.0 * second_pass + local.hour.to_numpy()
    return Series(variable="load", name="A", grid=grid, values=values, known_at=known_at)


@pytest.mark.parametrize("step_minutes", [15, 60])
@pytest.mark.parametrize(
    ("zone", "short", "long"),
    [(CHICAGO, date(2024, 3, 10), date(2024, 11, 3)), (BERLIN, date(2024, 3, 31), date(2024, 10, 27))],
)
def test_every_day_has_as_many_slots(zone: ZoneInfo, short: date, long: date, step_minutes: int) -> None:
    per_hour = 60 // step_minutes
    for day in (short, long):
        series = local_hours(day - timedelta(days=1), day + timedelta(days=1), zone, step_minutes)
        values, known_us = by_slot(series, np.arange(number(day) - 1, number(day) + 2), zone)
        expected = np.repeat(np.arange(24.0), per_hour)
        hour_of_change = 1 if zone == CHICAGO and day == long else 2
        changed = slice(hour_of_change * per_hour, (hour_of_change + 1) * per_hour)
        expected[changed] = hour_of_change - 1 if day == short else hour_of_change + 50
        np.testing.assert_array_equal(values[1], expected)
        np.testing.assert_array_equal(values[[0, 2]], np.tile(np.repeat(np.arange(24.0), per_hour), (2, 1)))
        assert (np.diff(known_us[1]) >= 0).all()


def test_a_repeated_hour_is_known_when_its_last_pass_is_over() -> None:
    day = date(2024, 11, 3)
    series = local_hours(day, day, CHICAGO, 60)
    _, known_us = by_slot(series, np.array([number(day)]), CHICAGO)
    midnight_us = pd.DatetimeIndex(["2024-11-03T05:00Z"]).as_unit("us").asi8[0]
    assert (known_us[0, :3] - midnight_us).tolist() == [HOUR_US, 3 * HOUR_US, 4 * HOUR_US]


def test_a_clock_that_skips_midnight_takes_the_hour_before_it() -> None:
    day = date(2024, 9, 8)  # in Santiago the day begins at one
    series = local_hours(day - timedelta(days=1), day, ZoneInfo("America/Santiago"), 60)
    values, _ = by_slot(series, np.arange(number(day) - 1, number(day) + 1), ZoneInfo("America/Santiago"))
    assert values[1, :3].tolist() == [23.0, 1.0, 2.0]


@given(
    st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(["America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
)
def test_a_slot_is_the_time_on_the_wall_clock(moment: datetime, zone: str) -> None:
    wall = moment.astimezone(ZoneInfo(zone))
    (slot,) = slots_of(pd.DatetimeIndex([moment]), ZoneInfo(zone), HOUR_US)
    assert divmod(int(slot), 24) == (number(wall.date()), wall.hour)


def test_days_begin_with_the_first_whole_one_and_end_with_the_one_after_the_issue() -> None:
    tables = tables_of(series_of(PRICE, AS_OF, days=20, zone=CHICAGO))
    assert tables.day[0] == number(date(2024, 5, 24))
    assert tables.day[-1] == number(date(2024, 6, 13))
    assert (np.diff(tables.day) == 1).all()


def test_a_day_of_the_zone_is_not_one_of_utc() -> None:
    """At 23:30 in Chicago it is tomorrow in UTC."""
    as_of = datetime(2024, 6, 13, 4, 30, tzinfo=UTC)
    assert tables_of(series_of(PRICE, as_of, days=20, zone=CHICAGO), as_of=as_of).day[-1] == number(date(2024, 6, 13))


def test_a_price_is_known_for_the_whole_day_of_the_issue() -> None:
    tables = tables_of(series_of(PRICE, AS_OF, days=20, zone=CHICAGO))
    assert (tables.known_slots, tables.lag) == (24, 1)
    assert np.isfinite(tables.target[:-1]).all()
    assert np.isnan(tables.target[-1]).all()


def test_a_load_is_known_until_a_quarter_of_an_hour_before_the_issue() -> None:
    tables = tables_of(series_of(LOAD, AS_OF, days=20, zone=CHICAGO))
    assert (tables.n_slots, tables.known_slots, tables.lag) == (96, 37, 2)
    assert np.isfinite(tables.target[-2]).sum() == 37
    assert np.isfinite(tables.target[:-2]).all()


def without(series: Series, since: datetime, until: datetime) -> Series:
    gone = (series.grid.index >= since) & (series.grid.index < until)
    assert gone.any()
    return replace(series, values=np.where(gone, np.nan, series.values))


@pytest.mark.parametrize("hours", [3, 48])
def test_an_outage_of_today_does_not_change_how_much_is_usually_known(hours: int) -> None:
    series = without(series_of(LOAD, AS_OF, days=20, zone=CHICAGO), AS_OF - timedelta(hours=hours), AS_OF)
    tables = tables_of(series)
    assert tables.known_slots == 37
    assert np.isnan(tables.target[-2, 30:37]).all()


def test_missing_values_stay_missing() -> None:
    noon = datetime(2024, 6, 5, 17, tzinfo=UTC)
    series = without(series_of(LOAD, AS_OF, days=20, zone=CHICAGO), noon, noon + timedelta(hours=1))
    tables = tables_of(series)
    row = number(date(2024, 6, 5)) - tables.day[0]
    assert np.flatnonzero(np.isnan(tables.target[row])).tolist() == [48, 49, 50, 51]
    assert np.isnan(tables.target[:-2]).sum() == 4


def test_a_value_that_comes_after_the_issue_is_not_seen() -> None:
    series = series_of(LOAD, AS_OF, days=20, zone=CHICAGO)
    late = series.grid.positions(pd.DatetimeIndex([datetime(2024, 6, 5, 17, tzinfo=UTC)]))
    known_at = series.known_at.copy()
    known_at[late] = np.datetime64(AS_OF.replace(tzinfo=None) + timedelta(seconds=1), "us")
    tables = tables_of(replace(series, known_at=known_at))
    assert np.isnan(tables.target[number(date(2024, 6, 5)) - tables.day[0], 48])
    assert np.isnan(tables.target[:-2]).sum() == 1


def test_what_is_known_ahead_is_laid_out_by_the_hours_of_its_day() -> None:
    wind = replace(series_of(LOAD, AS_OF, days=20, zone=CHICAGO), variable="wind")
    wind = replace(wind, known_at=wind.known_at - np.timedelta64(48, "h"))
    tables = tables_of(series_of(PRICE, AS_OF, days=20, zone=CHICAGO), exogenous=(wind,))
    assert tables.exogenous.shape == (1, tables.n_days, 24)
    assert np.isfinite(tables.exogenous).all()
    quarters = wind.values[-2 * 96 : -96].reshape(24, 4)
    np.testing.assert_allclose(tables.exogenous[0, -2], quarters.mean(axis=1))


def test_of_a_measured_series_the_newest_day_stands_for_the_one_ahead() -> None:
    """At 09:30 the quarter from 9 is known of today, the hours from 10 on are those of yesterday."""
    warmth = series_of(WEATHER, AS_OF, days=20, zone=CHICAGO)
    tables = tables_of(series_of(LOAD, AS_OF, days=20, zone=CHICAGO), measured=(warmth,))
    hourly = warmth.values.reshape(-1, 24, 4).mean(axis=2)
    today = len(hourly) - 2
    np.testing.assert_allclose(tables.exogenous[0, -1], [*hourly[today, :9], *hourly[today - 1, 9:]])
    assert np.isfinite(tables.exogenous[0, 2:]).all()


def test_without_other_series_there_is_a_table_of_none() -> None:
    tables = tables_of(series_of(PRICE, AS_OF, days=20, zone=CHICAGO))
    assert tables.exogenous.shape == (0, tables.n_days, 24)


@pytest.mark.parametrize("garbage", [-1e9, np.nan])
@pytest.mark.parametrize("feed", [PRICE, LOAD])
@pytest.mark.parametrize(
    "as_of", [AS_OF, datetime(2024, 3, 10, 14, 30, tzinfo=UTC), datetime(2024, 11, 3, 15, 30, tzinfo=UTC)]
)
def test_what_becomes_known_after_the_issue_moves_no_bit(feed: Feed, as_of: datetime, garbage: float) -> None:
    series, warmth = series_of(feed, as_of, days=20, zone=CHICAGO), series_of(WEATHER, as_of, days=20, zone=CHICAGO)
    wind = replace(series_of(LOAD, as_of, days=20, zone=CHICAGO), variable="wind")
    whole = tables_of(series, as_of=as_of, exogenous=(wind,), measured=(warmth,))
    others = [poisoned_series(item, as_of, garbage) for item in (series, wind, warmth)]
    other = tables_of(others[0], as_of=as_of, exogenous=(others[1],), measured=(others[2],))
    np.testing.assert_array_equal(other.target, whole.target)
    np.testing.assert_array_equal(other.exogenous, whole.exogenous)
    assert other.known_slots == whole.known_slots


def test_holidays_are_asked_of_the_same_days() -> None:
    tables = day_tables(
        series_of(PRICE, AS_OF, days=20),
        issued_at=AS_OF,
        issue_time=HALF_PAST_NINE,
        zone=UTC_ZONE,
        holiday_share=lambda day: day % 2 * 0.5,
    )
    np.testing.assert_array_equal(tables.holiday, tables.day % 2 * 0.5)
