"""When a row can first have been known, across changing clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.feeds import LOAD, PRICE, WEATHER, Feed, offer_cap

CHICAGO = ZoneInfo("America/Chicago")
zones = st.sampled_from(["America/Chicago", "Europe/Berlin", "Europe/London", "Australia/Sydney", "UTC"]).map(ZoneInfo)
feeds = st.sampled_from([PRICE, LOAD, WEATHER])
instants = st.datetimes(datetime(2015, 1, 2), datetime(2030, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


def stamps(*texts: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), utc=True)).dt.as_unit("us")


def known_at(feed: Feed, text: str, zone: ZoneInfo = CHICAGO) -> str:
    return feed.known_at(stamps(text), zone).dt.strftime("%Y-%m-%dT%H:%MZ")[0]


@pytest.mark.parametrize(
    ("interval", "published"),
    [
        pytest.param("2021-10-14T05:00Z", "2021-10-13T18:30Z", id="first hour of a summer day"),
        pytest.param("2021-10-15T04:00Z", "2021-10-13T18:30Z", id="last hour of it"),
        pytest.param("2021-03-14T06:00Z", "2021-03-13T19:30Z", id="first hour of the 23-hour day"),
        pytest.param("2021-03-15T04:00Z", "2021-03-13T19:30Z", id="last hour of it"),
        pytest.param("2021-03-15T05:00Z", "2021-03-14T18:30Z", id="the day after, published in summer time"),
        pytest.param("2021-11-08T05:00Z", "2021-11-06T18:30Z", id="last hour of the 25-hour day"),
        pytest.param("2021-11-08T06:00Z", "2021-11-07T19:30Z", id="the day after, published in winter time"),
    ],
)
def test_day_ahead_prices_are_known_at_half_past_one_on_the_day_before(interval: str, published: str) -> None:
    assert known_at(PRICE, interval) == published


def test_published_before_the_clocks_change_in_berlin() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert known_at(PRICE, "2025-03-30T12:00Z", berlin) == "2025-03-29T12:30Z"
    assert known_at(PRICE, "2025-03-31T12:00Z", berlin) == "2025-03-30T11:30Z"


@pytest.mark.parametrize("feed", [LOAD, WEATHER], ids=lambda feed: feed.name)
def test_metered_rows_are_known_a_quarter_hour_after_their_interval(feed: Feed) -> None:
    assert known_at(feed, "2021-03-14T07:45Z") == "2021-03-14T08:15Z"


def test_nothing_delivered_is_known_at_no_time() -> None:
    for feed in (PRICE, LOAD):
        assert len(feed.known_at(stamps(), CHICAGO)) == 0


def test_known_at_keeps_the_index() -> None:
    valid_from = stamps("2021-10-14T05:00Z", "2021-10-15T05:00Z").set_axis([7, 3])
    for feed in (PRICE, LOAD):
        assert feed.known_at(valid_from, CHICAGO).index.tolist() == [7, 3]
        assert feed.known_at(valid_from, CHICAGO).is_monotonic_increasing


@given(feed=feeds, moment=instants, zone=zones)
def test_prices_are_known_before_and_measurements_after_their_interval(
    feed: Feed, moment: datetime, zone: ZoneInfo
) -> None:
    valid_from = pd.Series(pd.DatetimeIndex([moment]).as_unit("us"))
    known = feed.known_at(valid_from, zone)[0]
    if feed is PRICE:
        assert known < valid_from[0]
        assert known >= valid_from[0] - timedelta(hours=36)
    else:
        assert known == valid_from[0] + timedelta(minutes=30)


@given(feed=feeds, as_of=instants, zone=zones)
def test_latest_known_is_the_end_of_the_last_interval_that_is_known(
    feed: Feed, as_of: datetime, zone: ZoneInfo
) -> None:
    first = pd.Timestamp(as_of).floor("h") - timedelta(days=3)
    valid_from = pd.Series(pd.date_range(first, periods=6 * 24 * 4, freq="15min", unit="us"))
    if feed is PRICE:
        valid_from = valid_from[::4]
    is_known = feed.known_at(valid_from, zone) <= as_of
    end = valid_from[is_known].max() + timedelta(minutes=feed.step_minutes)
    assert feed.latest_known(as_of, zone) == end


@pytest.mark.parametrize(
    ("interval", "cap"),
    [
        ("2014-01-01T00:00Z", 9000.0),
        ("2021-02-15T12:00Z", 9000.0),
        ("2022-01-01T05:00Z", 9000.0),
        ("2022-01-01T06:00Z", 5000.0),
        ("2023-07-01T00:00Z", 5000.0),
    ],
)
def test_offer_cap_changes_at_local_midnight(interval: str, cap: float) -> None:
    assert offer_cap(stamps(interval), CHICAGO).tolist() == [cap]
