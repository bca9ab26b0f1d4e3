"""Delivery days by local clocks, also where these change."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError
from kpp_twin.market.rules.calendar import blocks, delivery_bounds, delivery_day, local_hour, local_instant

CET, LONDON, BRISBANE = ZoneInfo("Europe/Brussels"), ZoneInfo("Europe/London"), ZoneInfo("Australia/Brisbane")
START = datetime(2020, 1, 1, tzinfo=UTC)
SPRING, AUTUMN = date(2025, 3, 30), date(2025, 10, 26)


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (date(2025, 6, 1), 24), (AUTUMN, 25)])
def test_a_day_is_an_hour_shorter_or_longer_where_clocks_change(day, hours):
    start, stop = delivery_bounds(day, CET)
    assert stop - start == timedelta(hours=hours)


def test_days_may_begin_and_end_at_other_hours():
    assert delivery_bounds(date(2025, 1, 2), LONDON, -1, 23) == (
        datetime(2025, 1, 1, 23, tzinfo=UTC),
        datetime(2025, 1, 2, 23, tzinfo=UTC),
    )
    assert delivery_bounds(date(2025, 1, 2), BRISBANE, 4, 28) == (
        datetime(2025, 1, 1, 18, tzinfo=UTC),
        datetime(2025, 1, 2, 18, tzinfo=UTC),
    )


def test_noon_of_the_day_before_follows_the_local_clock():
    assert local_instant(SPRING, CET, time(12), days_before=1) == datetime(2025, 3, 29, 11, tzinfo=UTC)
    assert local_instant(date(2025, 3, 31), CET, time(12), days_before=1) == datetime(2025, 3, 30, 10, tzinfo=UTC)
    assert local_hour(SPRING, CET, 28) == datetime(2025, 3, 31, 2, tzinfo=UTC)


@pytest.mark.parametrize(("day", "first_hours"), [(SPRING, 3), (date(2025, 6, 1), 4), (AUTUMN, 5)])
def test_blocks_follow_the_clock_so_one_of_them_is_shorter_or_longer(day, first_hours):
    lengths = [(stop - start) / timedelta(hours=1) for start, stop in blocks(day, CET, 4)]
    assert lengths == [first_hours, 4, 4, 4, 4, 4]


HOURS = [(0, 24), (-1, 23), (4, 28)]


@given(
    st.integers(0, 10 * 365 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes)),
    st.sampled_from([CET, LONDON, BRISBANE, ZoneInfo("America/Chicago")]),
    st.sampled_from(HOURS),
)
def test_every_instant_lies_in_one_delivery_day(moment, zone, hours):
    day = delivery_day(moment, zone, *hours)
    start, stop = delivery_bounds(day, zone, *hours)
    assert start <= moment < stop
    assert delivery_bounds(day + timedelta(days=1), zone, *hours)[0] == stop


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.sampled_from(HOURS))
def test_blocks_fill_a_day(day, hours):
    of_day = list(blocks(day, LONDON, 4, *hours))
    assert len(of_day) == 6
    assert (of_day[0][0], of_day[-1][1]) == delivery_bounds(day, LONDON, *hours)
    assert all(stop == start for (_, stop), (start, _) in pairwise(of_day))


def test_a_morning_is_no_part_of_an_auction_for_the_afternoon():
    noon = datetime(2025, 6, 1, 10, tzinfo=UTC)
    assert delivery_day(noon, CET, 12) == date(2025, 6, 1)
    with pytest.raises(ConfigError, match="2025-06-01T09:59Z is in no delivery day from 12:00 to 24:00"):
        delivery_day(noon - timedelta(minutes=1), CET, 12)
