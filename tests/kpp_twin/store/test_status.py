from datetime import timedelta

from conftest import HOURLY

from kpp_twin.settings import Settings
from kpp_twin.store.connection import open_live
from kpp_twin.store.snapshot import open_snapshot
from kpp_twin.store.status import read_status


def levels(settings: Settings, later: timedelta) -> dict[str, str]:
    with open_snapshot(settings) as connection:
        status = read_status(connection, settings, HOURLY[2].as_of + later)
    return {item.what: item.level for item in status.freshness}


def test_all_is_fresh_right_after_a_cycle(filled: Settings):
    with open_snapshot(filled) as connection:
        status = read_status(connection, filled, None)
    assert status.now == HOURLY[2].as_of
    assert not status.is_stale
    assert status.missing == ()
    assert {item.what for item in status.freshness} >= {
        "price HB_HOUSTON",
        "load SITE",
        "load forecast SITE",
        "hourly cycle",
    }


def test_a_feed_ages_from_late_to_stale(filled: Settings):
    assert levels(filled, timedelta(hours=1.5))["load SITE"] == "fresh"
    assert levels(filled, timedelta(hours=1.6))["load SITE"] == "late"
    assert levels(filled, timedelta(hours=3.1))["load SITE"] == "stale"
    assert levels(filled, timedelta(hours=3.1))["price HB_HOUSTON"] == "fresh"
    assert levels(filled, timedelta(days=3))["price HB_HOUSTON"] == "stale"


def test_an_empty_store_is_stale_and_says_so(twin_settings: Settings):
    with open_live(twin_settings) as connection:
        status = read_status(connection, twin_settings, None)
    assert status.is_stale
    assert status.missing == ("any cycle",)
