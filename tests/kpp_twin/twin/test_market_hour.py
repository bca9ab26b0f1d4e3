"""Within an hour the battery's setpoint follows what market and meter show, and nothing that is not known yet."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpp_twin.market.settlement import imbalance_price
from kpp_twin.operation import DemandEvent, HourOrders, MarketOutlook, SimulatedHour
from kpp_twin.site import Site, load_site
from kpp_twin.twin.hour import initial_state, simulate_hour
from tests.conftest import IS_FULL

SITE = load_site()
ZONE = ZoneInfo("America/Chicago")
START = datetime(2021, 10, 14, 18, tzinfo=UTC)
STATE = initial_state(SITE, START, ZONE)
HOURS = 8
LOOKS = 11
LOAD_KW = 700.0
RISING = np.linspace(500.0, 900.0, 60)
# In the first hour missing energy costs 117.5 and surplus earns 62.5; to buy it back costs 81 with losses and wear.
DEAR = [90.0, *[40.0] * 7]


def site(*, interval_s: float = 300.0, grid: dict[str, float] | None = None, **market: Any) -> Site:
    """The site on a grid that stands still, but for the changes, with a battery that draws nothing beside its power."""
    still = dict.fromkeys(("frequency_noise_hz", "frequency_wander_hz", "hourly_swing_hz", "events_per_day"), 0.0)
    return SITE.model_copy(
        update={
            "grid": SITE.grid.model_copy(update=still | (grid or {})),
            "battery": SITE.battery.model_copy(update={"auxiliary_kw": 0.0, "cooling_kw": 0.0}),
            "market": SITE.market.model_copy(update={"update_interval_s": interval_s, **market}),
        }
    )


def outlook(
    price: float | list[float] = 40.0, known_s: float | list[float] = -36_000.0, battery_kw: float = 0.0
) -> MarketOutlook:
    """Eight hours for which the load was bought, and the battery sold in the first."""
    sold = [{"load": -LOAD_KW, "battery": battery_kw if hour == 0 else 0.0} for hour in range(HOURS)]
    return MarketOutlook(
        price_per_mwh=np.array(np.broadcast_to(price, HOURS), dtype=float),
        known_s=np.array(np.broadcast_to(known_s, HOURS), dtype=float),
        sold_kw=tuple(sold),
    )


def run(market: MarketOutlook | None, load_kw: Any = LOAD_KW, on: Site | None = None, **changes: Any) -> SimulatedHour:
    values: dict[str, Any] = {
        "battery_kw": 0.0,
        "plant_kw": 0.0,
        "reserve_kw": 100.0,
        "voltage_support_kvar": 200.0,
        "import_limit_kw": 1050.0,
    }
    orders = HourOrders(start=START, market=market, **(values | changes))
    return simulate_hour(on or site(), orders, np.broadcast_to(load_kw, 60).copy(), STATE, ZONE)


def setpoints(hour: SimulatedHour) -> list[float]:
    """Of the battery, one for each five minutes, less what the frequency asks for."""
    return hour.minutes["battery"].setpoint_kw[::5].round(6).tolist()


def imbalance_kwh(hour: SimulatedHour, market: MarketOutlook) -> float:
    net_kwh = hour.energy_out_kwh["site"] - hour.energy_in_kwh["site"]
    return net_kwh - hour.activation_kwh - sum(market.sold_kw[0].values())


def test_without_an_outlook_the_setpoint_holds() -> None:
    hour = run(None, RISING, battery_kw=120.0)
    assert setpoints(hour) == [120.0] * 12
    assert hour.market_looks == {}


def test_a_look_once_an_hour_is_none_within_it() -> None:
    whole = run(outlook(), RISING, site(interval_s=3600.0), battery_kw=120.0)
    assert repr(asdict(whole)) == repr(asdict(run(None, RISING, battery_kw=120.0)))


def test_an_hour_as_it_was_sold_keeps_its_setpoint() -> None:
    hour = run(outlook(DEAR, battery_kw=200.0), battery_kw=200.0)
    assert setpoints(hour) == [200.0] * 12
    assert hour.market_looks == {"kept": LOOKS}


def test_the_same_hour_twice_is_the_same() -> None:
    once, again = (run(outlook(60.0), RISING, SITE, battery_kw=100.0, plant_kw=-100.0) for _ in range(2))
    assert repr(asdict(once)) == repr(asdict(again))
    assert once.market_looks["imbalance"] > 0


def test_missing_energy_that_is_dear_comes_from_the_battery() -> None:
    market = outlook(DEAR)
    hour = run(market, LOAD_KW + 60.0)
    assert hour.market_looks["imbalance"] == 1
    assert setpoints(hour) == pytest.approx([0.0, *[60.0 * 12 / 11] * 11], abs=0.2)
    assert imbalance_kwh(hour, market) == pytest.approx(0.0, abs=0.1)


def test_missing_energy_that_costs_less_than_wear_and_stored_energy_is_left_missing() -> None:
    market = outlook()
    hour = run(market, LOAD_KW + 60.0)
    assert hour.market_looks == {"kept": LOOKS}
    assert imbalance_kwh(hour, market) == pytest.approx(-60.0, abs=0.1)


def test_surplus_that_earns_little_is_stored_for_dearer_hours() -> None:
    market = MarketOutlook(
        price_per_mwh=np.array([20.0, *[150.0] * 7]),
        known_s=np.full(8, -1.0),
        sold_kw=({"load": -LOAD_KW}, *[{"load": -LOAD_KW, "battery": 50.0}] * 7),  # more than it holds
    )
    hour = run(market, LOAD_KW - 60.0)
    assert imbalance_kwh(hour, market) < 1.0
    assert min(setpoints(hour)) < -60.0


def test_a_price_that_comes_within_the_hour_decides_what_was_sold() -> None:
    late = outlook(DEAR, [1100.0, *[-1.0] * 7], battery_kw=200.0)
    hour = run(late)
    assert hour.market_looks == {"price_unknown": 3, "price_came": 1, "kept": 7}
    assert setpoints(hour)[:4] == [0.0] * 4
    assert setpoints(hour)[4:] == pytest.approx([300.0] * 8, abs=0.2), "200 kWh in 40 minutes"
    assert imbalance_kwh(hour, late) == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("missing", [0, 5])
def test_without_a_price_the_setpoint_holds_and_it_is_counted(missing: int) -> None:
    known_s = np.full(HOURS, -1.0)
    known_s[missing] = np.inf
    hour = run(outlook(known_s=list(known_s)), RISING, battery_kw=90.0)
    assert setpoints(hour) == [90.0] * 12
    assert hour.market_looks == {"price_unknown": LOOKS}


def test_frequency_response_is_no_imbalance() -> None:
    events = {"events_per_day": 96.0, "event_depth_hz": 0.2, "event_recovery_s": 60.0}
    hour = run(outlook([41.0, *[40.0] * 7]), on=site(grid=events))
    assert hour.activation_kwh > 1
    assert hour.market_looks == {"kept": LOOKS}


def test_a_paid_reduction_of_the_load_is_no_surplus() -> None:
    event = DemandEvent(
        event_id="e",
        start=START + timedelta(minutes=15),
        duration_minutes=60,
        target_reduction_kw=150.0,
        ramp_kw_per_minute=10.0,
        forecast_peak_kw=1000.0,
    )
    prices = [30.0, *[31.0] * 7]  # storing a surplus would pay
    assert run(outlook(prices), events=(event,)).market_looks == {"kept": LOOKS}
    unpaid = site()
    unpaid = unpaid.model_copy(
        update={"demand_response": unpaid.demand_response.model_copy(update={"net_benefits_price_per_mwh": None})}
    )
    dear_later = MarketOutlook(
        price_per_mwh=np.array([30.0, *[200.0] * 7]),
        known_s=np.full(8, -1.0),
        sold_kw=({"load": -LOAD_KW}, *[{"load": -LOAD_KW, "battery": 60.0}] * 7),
    )
    assert imbalance_kwh(run(dear_later, on=unpaid, events=(event,)), dear_later) < 20.0


def test_a_revision_does_not_raise_the_import_above_its_limit() -> None:
    bought = MarketOutlook(
        price_per_mwh=np.array([20.0, *[150.0] * 7]),
        known_s=np.full(8, -1.0),
        sold_kw=({"load": -1300.0}, *[{"load": -LOAD_KW, "battery": 60.0}] * 7),
    )
    hour = run(bought, 1100.0, battery_kw=50.0)
    assert setpoints(hour) == [50.0] * 12
    assert run(bought, 1100.0, battery_kw=80.0).quarter_import_kw.max() == pytest.approx(1050.0, abs=0.1)


def test_arbitrage_is_measured_on_the_revised_setpoint() -> None:
    hour = run(outlook(DEAR), LOAD_KW + 60.0)
    arbitrage = next(p for p in hour.performance if p.service == "energy_arbitrage")
    assert arbitrage.committed == pytest.approx(60.0 * 12 / 11, abs=0.2)
    assert arbitrage.accuracy == pytest.approx(1.0, abs=1e-3)


loads = st.lists(st.floats(300, 1200), min_size=12, max_size=12)
prices = st.lists(st.floats(-100, 300), min_size=HOURS, max_size=HOURS)


@settings(max_examples=200 if IS_FULL else 8)
@given(load=loads, other=loads, price=prices, look=st.integers(1, 11), plant_kw=st.sampled_from([-100.0, 0.0, 30.0]))
def test_a_setpoint_depends_on_nothing_that_comes_later(
    load: list[float], other: list[float], price: list[float], look: int, plant_kw: float
) -> None:
    changed = [*load[:look], *other[look:]]
    first, second = (
        run(outlook(price), np.repeat(trace, 5), plant_kw=plant_kw, battery_kw=50.0) for trace in (load, changed)
    )
    until = 5 * (look + 1)
    for asset in ("battery", "plant"):
        told = [hour.minutes[asset].setpoint_kw[:until].tobytes() for hour in (first, second)]
        assert told[0] == told[1]


@settings(max_examples=200 if IS_FULL else 10)
@given(load=loads, price=prices, sold_kw=st.floats(-500, 500), battery_kw=st.floats(-400, 400))
def test_revised_setpoints_keep_the_reserve_and_its_energy(
    load: list[float], price: list[float], sold_kw: float, battery_kw: float
) -> None:
    hour = run(outlook(price, battery_kw=sold_kw), np.repeat(load, 5), battery_kw=battery_kw)
    assert np.abs(hour.minutes["battery"].setpoint_kw).max() <= 400.0 + 1e-6
    stored_kwh = hour.minutes["battery"].energy_stored_kwh
    assert stored_kwh is not None
    least_kwh, most_kwh = 100 + 25 / 0.95, 900 - 25 * 0.95
    assert least_kwh - 0.5 <= stored_kwh.min() <= stored_kwh.max() <= most_kwh + 0.5
    assert sum(hour.market_looks.values()) == LOOKS
    assert hour.battery.endurance_violation_s == 0.0


@pytest.mark.parametrize(("price", "looks"), [(60.0, {"kept": 11}), (61.5, {"imbalance": 1, "kept": 10})])
def test_a_revision_is_worth_wear_losses_and_the_price_of_buying_back(price: float, looks: dict[str, int]) -> None:
    later = imbalance_price(40.0, -1.0, SITE.market)
    break_even = later / 0.9025 + 20.0
    assert imbalance_price(60.0, -1.0, SITE.market) < break_even < imbalance_price(61.5, -1.0, SITE.market)
    assert run(outlook([price, *[40.0] * 7]), LOAD_KW + 60.0).market_looks == looks
