"""UTC grids and local calendars, across clocks that change by an hour, by half an hour, or never."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.timegrid import (
    TimeGrid,
    daily_slots,
    fill_variable_blocks,
    hour_label,
    hourly_slots,
    local_day_bounds,
    utc,
)

ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/Berlin",
        "Europe/London",
        "America/New_York",
        "America/Chicago",
        "Australia/Sydney",
        "Australia/Lord_Howe",
        "UTC",
    )
]
zones = st.sampled_from(ZONES)
days = st.dates(date(2015, 1, 1), date(2030, 12, 31))
instants = st.datetimes(datetime(2015, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2025, 3, 30), 23),
        ("Europe/Berlin", date(2025, 10, 26), 25),
        ("Europe/London", date(2025, 3, 30), 23),
        ("Europe/London", date(2025, 10, 26), 25),
        ("America/New_York", date(2025, 3, 9), 23),
        ("America/New_York", date(2025, 11, 2), 25),
        ("Australia/Sydney", date(2025, 4, 6), 25),
        ("Australia/Sydney", date(2025, 10, 5), 23),
        ("Australia/Brisbane", date(2025, 4, 6), 24),
        ("Australia/Brisbane", date(2025, 10, 5), 24),
    ],
)
def test_dq_01_local_days_have_23_24_or_25_hours(zone: str, day: date, hours: int) -> None:
    lengths = [TimeGrid.local_day(day, ZoneInfo(zone), minutes).n_steps for minutes in (60, 30, 15)]
    assert lengths == [hours, 2 * hours, 4 * hours]


def test_lord_howe_changes_by_half_an_hour() -> None:
    zone = ZoneInfo("Australia/Lord_Howe")
    assert TimeGrid.local_day(date(2025, 10, 5), zone, 30).n_steps == 47
    assert TimeGrid.local_day(date(2025, 4, 6), zone, 30).n_steps == 49
    with pytest.raises(ValueError, match="whole number"):
        TimeGrid.local_day(date(2025, 4, 6), zone, 60)


@given(day=days, zone=zones)
def test_a_local_day_holds_exactly_the_instants_of_that_date(day: date, zone: ZoneInfo) -> None:
    grid = TimeGrid.local_day(day, zone, 15)
    noon = datetime.combine(day, time(12), tzinfo=zone).astimezone(UTC)
    around = [noon + timedelta(minutes=15 * k) for k in range(-80, 81)]
    assert list(grid.index) == [t for t in around if t.astimezone(zone).date() == day]
    assert local_day_bounds(day, zone) == (grid.start, grid.stop)
    assert grid.stop == TimeGrid.local_day(day + timedelta(days=1), zone, 15).start


@given(
    start=instants,
    step_minutes=st.sampled_from([1, 5, 15, 30, 60]),
    n_steps=st.integers(0, 300),
    shift=st.integers(-400, 400),
)
def test_positions_are_the_inverse_of_the_index(start: datetime, step_minutes: int, n_steps: int, shift: int) -> None:
    grid = TimeGrid(start=start, step_minutes=step_minutes, n_steps=n_steps)
    assert grid.positions(grid.index).tolist() == list(range(n_steps))
    moved = grid.positions(grid.index + timedelta(minutes=step_minutes) * shift)
    assert moved.tolist() == [k + shift if 0 <= k + shift < n_steps else -1 for k in range(n_steps)]
    between_steps = grid.positions(grid.index + timedelta(microseconds=1))
    assert (between_steps == -1).all()
    assert TimeGrid.between(grid.start, grid.stop, step_minutes) == grid


def test_positions_do_not_depend_on_zone_or_resolution() -> None:
    grid = TimeGrid(start=datetime(2021, 10, 14, 6, tzinfo=UTC), step_minutes=15, n_steps=8)
    local = grid.index.tz_convert("America/Chicago").as_unit("ns")
    assert grid.positions(local).tolist() == list(range(8))
    assert grid.positions(pd.DatetimeIndex([], tz="UTC")).tolist() == []


def test_a_grid_keeps_its_start_in_utc() -> None:
    berlin = datetime(2021, 10, 14, 8, tzinfo=ZoneInfo("Europe/Berlin"))
    grid = TimeGrid(start=berlin, step_minutes=60, n_steps=2)
    assert grid.start == datetime(2021, 10, 14, 6, tzinfo=UTC)
    assert grid.start.tzinfo is UTC
    assert grid.index[1].isoformat() == "2021-10-14T07:00:00+00:00"


@pytest.mark.parametrize(("step_minutes", "n_steps"), [(0, 4), (-15, 4), (15, -1)])
def test_a_grid_without_length_is_refused(step_minutes: int, n_steps: int) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        TimeGrid(start=datetime(2021, 1, 1, tzinfo=UTC), step_minutes=step_minutes, n_steps=n_steps)


def test_between_refuses_a_rest_and_a_turned_span() -> None:
    start = datetime(2021, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="whole number"):
        TimeGrid.between(start, start + timedelta(minutes=50), 15)
    with pytest.raises(ValueError, match="not negative"):
        TimeGrid.between(start, start - timedelta(hours=1), 15)


def test_naive_instants_are_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        utc(datetime(2021, 10, 14, 6))  # noqa: DTZ001
    with pytest.raises(ValueError, match="no time zone"):
        TimeGrid(start=datetime(2021, 10, 14, 6), step_minutes=15, n_steps=1)  # noqa: DTZ001


def test_labels_are_utc_and_sort_by_time() -> None:
    chicago = datetime(2021, 10, 14, 1, 15, tzinfo=ZoneInfo("America/Chicago"))
    assert hour_label(chicago) == "2021-10-14T06:15Z"
    assert hour_label(chicago) < hour_label(chicago + timedelta(hours=20))


@given(after=instants, hours=st.integers(0, 60), minute=st.integers(0, 59), zone=zones)
def test_hourly_slots_are_complete_in_whatever_zone_the_bounds_come(
    after: datetime, hours: int, minute: int, zone: ZoneInfo
) -> None:
    until = after + timedelta(hours=hours)
    slots = list(hourly_slots(after.astimezone(zone), until.astimezone(zone), minute))
    first = after.replace(minute=minute, second=0, microsecond=0) - timedelta(hours=1)
    every_hour = [first + timedelta(hours=k) for k in range(hours + 4)]
    assert slots == [t for t in every_hour if after < t <= until]


@pytest.mark.parametrize(("day", "hours"), [(date(2021, 3, 14), 23), (date(2021, 6, 1), 24), (date(2021, 11, 7), 25)])
def test_the_hourly_cycle_fires_once_per_hour_of_a_local_day(day: date, hours: int) -> None:
    start, stop = local_day_bounds(day, ZoneInfo("America/Chicago"))
    slots = list(hourly_slots(start, stop, 15))
    assert len(slots) == len(set(slots)) == hours


def test_slots_exclude_the_last_done_and_include_the_bound() -> None:
    first = datetime(2021, 10, 14, 6, 15, tzinfo=UTC)
    assert list(hourly_slots(first, first, 15)) == []
    assert list(hourly_slots(first, first + timedelta(hours=1), 15)) == [first + timedelta(hours=1)]
    zone = ZoneInfo("America/Chicago")
    daily = datetime(2021, 10, 14, 9, 30, tzinfo=zone).astimezone(UTC)
    assert list(daily_slots(daily, daily, time(9, 30), zone)) == []
    assert list(daily_slots(daily - timedelta(seconds=1), daily, time(9, 30), zone)) == [daily]


@given(after=instants, span_hours=st.integers(0, 24 * 12), at=st.times(), zone=zones)
def test_daily_slots_rise_and_fire_once_per_local_day(
    after: datetime, span_hours: int, at: time, zone: ZoneInfo
) -> None:
    at = at.replace(microsecond=0)
    until = after + timedelta(hours=span_hours)
    slots = list(daily_slots(after, until, at, zone))
    assert all(earlier < later for earlier, later in pairwise(slots))
    assert all(after < slot <= until and slot.tzinfo is UTC for slot in slots)
    first = after.astimezone(zone).date() - timedelta(days=1)
    calendar = [first + timedelta(days=k) for k in range(span_hours // 24 + 4)]
    fires = [datetime.combine(day, at, tzinfo=zone).astimezone(UTC) for day in calendar]
    assert slots == [t for t in fires if after < t <= until]


@pytest.mark.parametrize("day", [date(2021, 3, 14), date(2021, 11, 7)])
def test_a_daily_time_in_the_changed_hour_fires_once(day: date) -> None:
    zone = ZoneInfo("America/Chicago")
    start, stop = local_day_bounds(day, zone)
    for at in (time(1, 30), time(2, 30)):
        assert len(list(daily_slots(start - timedelta(seconds=1), stop - timedelta(seconds=1), at, zone))) == 1


def test_dq_04_variable_blocks_repeat_the_value_before() -> None:
    assert fill_variable_blocks([1, 4, 5], [10, 12, 9], 6).tolist() == [10, 10, 10, 12, 9, 9]


@given(data=st.data(), n_steps=st.integers(1, 100))
def test_variable_blocks_agree_with_a_plain_loop(data: st.DataObject, n_steps: int) -> None:
    later = data.draw(st.sets(st.integers(2, n_steps))) if n_steps > 1 else set()
    positions = [1, *sorted(later)]
    values = data.draw(st.lists(st.floats(-1e3, 1e3), min_size=len(positions), max_size=len(positions)))
    given_at = dict(zip(positions, values, strict=True))
    expected = []
    for position in range(1, n_steps + 1):
        expected.append(given_at.get(position, expected[-1] if expected else np.nan))
    assert fill_variable_blocks(positions, values, n_steps).tolist() == expected


@pytest.mark.parametrize(
    "positions",
    [
        pytest.param([], id="none"),
        pytest.param([2, 3], id="does not begin at 1"),
        pytest.param([1, 3, 2], id="falls"),
        pytest.param([1, 1], id="twice"),
        pytest.param([1, 7], id="beyond the end"),
    ],
)
def test_variable_blocks_refuse_impossible_positions(positions: list[int]) -> None:
    with pytest.raises(ValueError, match="positions must rise from 1 to at most 6"):
        fill_variable_blocks(positions, [1.0] * len(positions), 6)


def test_variable_blocks_need_one_value_per_position() -> None:
    with pytest.raises(ValueError, match=r"broadcast|repeat"):
        fill_variable_blocks([1, 2, 3], [1.0, 2.0], 6)
