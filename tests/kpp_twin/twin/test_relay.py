from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kpp_twin.operation import HourOrders
from kpp_twin.site import Site, load_site
from kpp_twin.twin import hour as twin_hour
from kpp_twin.twin.hour import initial_state, simulate_hour
from kpp_twin.twin.relay import shed_hour

SITE = load_site()
START = datetime(2021, 10, 14, 6, tzinfo=UTC)
LOAD = np.full(3600, 600.0)
ZONE = ZoneInfo("America/Chicago")


def falling(low_hz: float, end_hz: float = 60.0) -> np.ndarray:
    """An hour that falls to a frequency for a minute, and ends at another."""
    return np.concatenate([np.linspace(60.0, low_hz, 600), np.full(60, low_hz), np.linspace(low_hz, end_hz, 2940)])


def with_relay(system: str) -> Site:
    return SITE.model_copy(update={"grid": SITE.grid.model_copy(update={"load_shedding": system})})


def test_a_relay_sheds_and_an_hour_that_begins_near_nominal_restores():
    shed_kw, after = shed_hour(SITE, START, falling(59.2, 59.8), LOAD, None)
    assert shed_kw[0] == 0.0
    assert shed_kw[-1] == pytest.approx(0.05 * 600.0)
    still_kw, still = shed_hour(SITE, START, np.full(3600, 59.8), LOAD, after)
    assert (still_kw == shed_kw[-1]).all()
    restored_kw, _ = shed_hour(SITE, START, np.full(3600, 59.95), LOAD, still)
    assert (restored_kw == 0.0).all()


def test_a_site_without_a_relay_sheds_nothing():
    shed_kw, after = shed_hour(with_relay("none"), START, falling(58.0), LOAD, None)
    assert (shed_kw == 0.0).all()
    assert after is None


def test_a_new_plan_begins_anew_where_nothing_is_shed():
    _, before = shed_hour(SITE, START, np.full(3600, 60.0), LOAD, None)
    _, after = shed_hour(SITE, datetime(2026, 10, 1, 6, tzinfo=UTC), np.full(3600, 60.0), LOAD, before)
    assert after is not None
    assert before is not None
    assert len(after["shed"]) > len(before["shed"])


def test_what_is_shed_is_not_drawn_and_stands_in_the_ledger(monkeypatch: pytest.MonkeyPatch):
    frequency_hz = falling(59.2, 59.8)
    monkeypatch.setattr(twin_hour, "grid_hour", lambda grid, start, zone: (frequency_hz, np.ones(3600)))
    orders = HourOrders(
        start=START, battery_kw=0.0, plant_kw=0.0, reserve_kw=0.0, voltage_support_kvar=0.0, import_limit_kw=1500.0
    )
    state = initial_state(SITE, START, ZONE)
    hour = simulate_hour(SITE, orders, np.full(60, 600.0), state, ZONE)
    entries = {entry.entry: entry.energy_kwh for entry in hour.ledger if entry.asset == "load"}
    shed_kw, _ = shed_hour(SITE, START, frequency_hz, LOAD, None)
    assert entries["shed"] == pytest.approx(shed_kw.sum() / 3600)
    assert entries["in"] == pytest.approx(600.0 - entries["shed"])
