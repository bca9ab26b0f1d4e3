"""Wrong orders, loads and states are named before anything is simulated."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kpp_twin.errors import TwinError
from kpp_twin.operation import AssetState, HourOrders, MarketOutlook
from kpp_twin.site import load_site
from kpp_twin.twin.hour import initial_state
from kpp_twin.twin.inputs import check_inputs

SITE = load_site()
START = datetime(2021, 10, 14, 18, tzinfo=UTC)
STATE = initial_state(SITE, START, ZoneInfo("America/Chicago"))
ORDERS = HourOrders(
    start=START, battery_kw=0.0, plant_kw=0.0, reserve_kw=100.0, voltage_support_kvar=200.0, import_limit_kw=1050.0
)


def run(load_kw: Any = (700.0,) * 4, state: AssetState = STATE, **changes: Any) -> None:
    check_inputs(replace(ORDERS, **changes), np.asarray(load_kw), state)


def test_right_input_passes() -> None:
    run()
    run(np.zeros(60), replace(STATE, battery_kvar=-200.0))


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        ({"load_kw": np.full(24, 700.0)}, r"load_kw has shape \(24,\)"),
        ({"load_kw": np.array([700.0, np.nan, 700.0, -1.0])}, "negative at 2 place.s., first at 1"),
        ({"state": replace(STATE, battery_kvar=np.nan)}, "state.battery_kvar nan"),
        ({"state": replace(STATE, rebound_kwh=-1.0)}, "rebound_kwh -1.0"),
        ({"battery_kw": np.nan}, "orders.battery_kw is no number"),
        ({"reserve_kw": -1.0}, "orders.reserve_kw -1.0 is negative"),
        ({"start": START + timedelta(minutes=15)}, "no full hour"),
        ({"start": START.replace(tzinfo=None)}, "no full hour"),
    ],
    ids=["shape", "load", "kvar", "rebound", "order", "reserve", "start", "zone"],
)
def test_bad_input_is_refused(bad: dict[str, Any], fault: str) -> None:
    with pytest.raises(TwinError, match=fault):
        run(**bad)


MARKET = MarketOutlook(price_per_mwh=np.array([40.0, np.nan]), known_s=np.array([-1.0, np.inf]), sold_kw=({}, {}))


def test_a_price_may_be_unknown() -> None:
    run(market=MARKET)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"sold_kw": ({},)}, r"prices, instants and sales of \(2,\), \(2,\) and 1 hours"),
        ({"known_s": np.zeros(3)}, "not one number of at least 2"),
        ({"known_s": np.array([0.0, np.nan])}, "known_s is no number in hour 1"),
        ({"known_s": np.zeros(2)}, "price_per_mwh is known and no number in hour 1"),
        ({"sold_kw": ({"load": np.inf}, {})}, "sold_kw is no number in hour 0"),
    ],
    ids=["short", "shapes", "instant", "price", "sold"],
)
def test_a_bad_outlook_is_refused(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(TwinError, match=fault):
        run(market=replace(MARKET, **changes))


def test_all_faults_come_in_one_message() -> None:
    with pytest.raises(TwinError, match=r"3 fault.*battery_kw.*load_kw.*rebound_kwh"):
        run([np.nan] * 4, replace(STATE, rebound_kwh=np.nan), battery_kw=np.nan)
