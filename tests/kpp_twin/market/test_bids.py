"""Bids of a plan, the order book, and what a published price accepts."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError
from kpp_twin.market.bids import MarketInterface, StoreTerms, clear_bids, day_ahead_bids
from kpp_twin.market.curves import BidRules
from kpp_twin.operation import Bid, Plan
from kpp_twin.site import load_site
from kpp_twin.timegrid import TimeGrid

START = datetime(2021, 10, 14, 5, tzinfo=UTC)
MARKET = load_site().market
TERMS = StoreTerms(round_trip_efficiency=0.9025, max_power_kw=400.0, wear_per_mwh=20.0, floor_per_mwh=50.0)


def plan_of(battery_kw, load_kw=None, plant_kw=None):
    n = len(battery_kw)
    battery, nothing = np.array(battery_kw, dtype=float), np.zeros(n)
    load = nothing if load_kw is None else -np.array(load_kw, dtype=float)
    plant = nothing if plant_kw is None else np.array(plant_kw, dtype=float)
    return Plan(
        grid=TimeGrid(start=START, step_minutes=60, n_steps=n),
        issued_at=START - timedelta(hours=15),
        setpoint_kw={"battery": battery, "plant": plant, "load": load, "site": battery + plant + load},
        reserved_up_kw=nothing,
        reserved_down_kw=nothing,
    )


def bids_of(battery_kw, prices, terms=TERMS, **others):
    return day_ahead_bids(plan_of(battery_kw, **others), np.array(prices, dtype=float), MARKET, {"battery": terms})


def bid_of(price, quantity_kw, *, step=1, product="battery", hour=0, market="day_ahead"):
    return Bid(
        bid_id=f"{product}-{hour}-{step}-{'sell' if quantity_kw > 0 else 'buy'}",
        market=market,
        product=product,
        series="HB_HOUSTON",
        valid_from=START + timedelta(hours=hour),
        duration_minutes=60,
        price_per_mwh=price,
        quantity_kw=quantity_kw,
    )


def test_a_sale_is_offered_at_its_break_even_and_a_purchase_bids_up_to_its():
    charge, discharge = bids_of([-400, 361], [40, 150])
    assert discharge.price_per_mwh == 64.33  # 40 / 0.9025 + 20 = 64.321, up to the tick
    assert charge.price_per_mwh == 117.32  # (150 - 20) * 0.9025 = 117.325, down to the tick
    assert (charge.quantity_kw, discharge.quantity_kw) == (-400, 361)
    assert {charge.product, discharge.product} == {"battery"}
    assert discharge.valid_from == START + timedelta(hours=1)


def test_stored_energy_is_never_offered_below_the_threshold():
    assert bids_of([-400, 361], [5, 45])[1].price_per_mwh == 50.0
    assert bids_of([0, 361], [20, 30])[0].price_per_mwh == 50.0


def test_a_trade_that_the_plan_needs_is_priced_at_the_forecast():
    """The mean of two purchases is dearer than the sale between them; without that sale the plan would not hold."""
    bids = bids_of([-400, 361, -400, 361], [10, 60, 100, 300])
    assert bids[1].price_per_mwh == 60.0
    assert bids_of([-200], [80])[0].price_per_mwh == 80.0


def test_the_load_buys_as_a_price_taker():
    (bid,) = bids_of([0.0], [40], load_kw=[700])
    assert (bid.product, bid.quantity_kw, bid.price_per_mwh) == ("load", -700, BidRules().cap_per_mwh)


@pytest.mark.parametrize(("power_kw", "n_bids"), [(99.0, 0), (-99.0, 0), (99.9999999, 1), (100.0, 1), (0.0, 0)])
def test_small_steps_are_dropped_and_never_rounded_up(power_kw, n_bids):
    bids = bids_of([power_kw], [80])
    assert len(bids) == n_bids
    assert all(bid.quantity_kw == power_kw for bid in bids)


def test_the_same_plan_gives_the_same_ids_and_every_bid_its_own():
    first, second = (bids_of([-400, 361], [40, 150], load_kw=[500, 600]) for _ in range(2))
    assert first == second
    assert len({bid.bid_id for bid in first}) == len(first) == 4


def test_a_plant_with_terms_trades_too():
    terms = StoreTerms(round_trip_efficiency=0.2, max_power_kw=150.0)
    plan = plan_of([0, 0], plant_kw=[-150, 120])
    bids = day_ahead_bids(plan, np.array([5.0, 200.0]), MARKET, {"plant": terms})
    assert [(bid.product, bid.quantity_kw, bid.price_per_mwh) for bid in bids] == [
        ("plant", -150, 40.0),
        ("plant", 120, 25.0),
    ]


@given(
    st.lists(st.tuples(st.floats(-400, 400), st.floats(-200, 8000)), min_size=1, max_size=24),
)
def test_if_prices_come_as_forecast_the_plan_is_accepted(hours):
    """But for small steps; the threshold is set out of the way, and the tick may stand between price and bid."""
    power, prices = (np.array(values) for values in zip(*hours, strict=True))
    prices = prices.round(2)
    bids = bids_of(power, prices, replace(TERMS, floor_per_mwh=-math.inf))
    market = MarketInterface(BidRules(minimum_kw=MARKET.minimum_bid_kw), available_kw=400.0)
    assert all(receipt.state == "accepted" for receipt in market.submit(bids))
    accepted = market.clear({START + timedelta(hours=h): float(price) for h, price in enumerate(prices)})
    for h, planned in enumerate(power):
        expected = planned if abs(planned) >= 100 else None
        assert accepted.get(START + timedelta(hours=h), {}).get("battery") == expected


@pytest.mark.parametrize(
    ("price", "sale_kw", "purchase_kw"),
    [(39.99, 0, -300), (40.0, 100, -300), (49.0, 100, -300), (50.0, 250, -300), (60.0, 250, -300), (61, 250, -200)],
)
def test_clearing_takes_the_largest_step_within_the_price(price, sale_kw, purchase_kw):
    bids = [bid_of(40.0, 100), bid_of(50.0, 250, step=2)]
    bids += [bid_of(70.0, -200, product="load"), bid_of(60.0, -300, step=2, product="load")]
    assert clear_bids(bids, price) == {"battery": sale_kw, "load": purchase_kw}


def test_no_bids_no_power():
    assert clear_bids([], 40.0) == {}


def test_clearing_refuses_several_intervals_and_a_missing_price():
    with pytest.raises(ConfigError, match=r"2 fault\(s\): price_per_mwh is nan; bids of 2 intervals"):
        clear_bids([bid_of(40.0, 100), bid_of(40.0, 100, hour=1)], math.nan)


@pytest.mark.parametrize(
    ("bid", "minimum_kw"),
    [
        pytest.param(bid_of(40.0, 80.0), 100, id="MK-19"),
        pytest.param(bid_of(40.0, 500.0, product="fcr"), 1000, id="MK-19-fcr"),
    ],
)
def test_mk_19_bids_below_the_smallest_are_rejected(bid, minimum_kw):
    market = MarketInterface(BidRules(minimum_kw=100.0, minimum_kw_of={"fcr": 1000.0}))
    (receipt,) = market.submit([bid])
    assert receipt.state == "rejected"
    assert receipt.reason == f"{bid.quantity_kw:g} kW is below the smallest bid of {minimum_kw} kW"
    assert market.bids == ()


def test_mk_18_steps_that_fall_in_price_are_rejected_together():
    market = MarketInterface()
    receipts = market.submit([bid_of(50.0, 5000), bid_of(40.0, 10000, step=2), bid_of(45.0, 200, hour=1)])
    assert [receipt.state for receipt in receipts] == ["rejected", "rejected", "accepted"]
    assert "prices of a sale must not fall: 50 is followed by 40" in receipts[0].reason


def test_the_book_takes_a_bid_once():
    market = MarketInterface()
    bid = bid_of(40.0, 200)
    assert [receipt.state for receipt in market.submit([bid, bid])] == ["accepted", "known"]
    assert market.submit([bid])[0].state == "known"
    changed = market.submit([replace(bid, quantity_kw=300.0)])[0]
    assert (changed.state, changed.reason) == ("rejected", "the id belongs to another bid")
    assert market.bids == (bid,)


@pytest.mark.parametrize(
    ("bid", "told"),
    [
        (bid_of(9001.0, 300, step=2), "price 9001 is outside -250 to 9000"),
        (bid_of(-251.0, -200), "price -251 is outside"),
        (bid_of(math.inf, 300, step=2), "price inf is outside"),
        (bid_of(40.0, 2000, step=2), "quantity 2000 kW is outside 0 to 1500 kW"),
        (bid_of(40.0, math.nan), "quantity nan kW is outside"),
        (bid_of(40.0, 0.0), "0 kW is below the smallest bid"),
        (bid_of(45.0, -200), "a purchase is priced at or above a sale of the same interval"),
        (bid_of(39.0, 300, step=2), "prices of a sale must not fall: 40 is followed by 39"),
    ],
)
def test_a_bid_against_the_rules_is_rejected_with_the_reason(bid, told):
    market = MarketInterface(available_kw=1500.0)
    market.submit([bid_of(40.0, 200)])
    (receipt,) = market.submit([bid])
    assert receipt.state == "rejected"
    assert told in receipt.reason
    assert len(market.bids) == 1


def test_the_market_clears_what_has_a_price():
    market = MarketInterface()
    market.submit([bid_of(40.0, 200), bid_of(40.0, 300, hour=1), bid_of(60.0, -300, product="load", hour=1)])
    assert market.clear({START + timedelta(hours=1): 45.0, START + timedelta(hours=9): 45.0}) == {
        START + timedelta(hours=1): {"battery": 300, "load": -300}
    }


@pytest.mark.parametrize(
    ("power", "prices", "stores", "told"),
    [
        ([-400, 361], [40], {"battery": TERMS}, "price_per_mwh has shape (1,); it needs one value or 2"),
        ([-400, 361], [40, math.nan], {"battery": TERMS}, "price_per_mwh must be finite"),
        ([-400, math.nan], [40, 50], {"battery": TERMS}, "setpoint_kw of battery must be finite"),
        ([-400, 401], [40, 50], {"battery": TERMS}, "battery is planned at 401 kW in step 1; it may trade 400 kW"),
        ([-400, 361], [40, 50], {"load": TERMS}, "'load' is no store"),
    ],
)
def test_bad_input_is_refused(power, prices, stores, told):
    with pytest.raises(ConfigError) as error:
        day_ahead_bids(plan_of(power), np.array(prices, dtype=float), MARKET, stores)
    assert told in str(error.value)


def test_terms_need_setpoints():
    plan = plan_of([0.0])
    without = replace(plan, setpoint_kw={"load": plan.setpoint_kw["load"]})
    with pytest.raises(ConfigError, match="battery has terms but no setpoints"):
        day_ahead_bids(without, np.array([40.0]), MARKET, {"battery": TERMS})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"round_trip_efficiency": 0.0}, "round_trip_efficiency must be above 0"),
        ({"round_trip_efficiency": math.nan}, "round_trip_efficiency"),
        ({"max_power_kw": -1.0}, "max_power_kw must be finite and not negative"),
        ({"wear_per_mwh": math.inf}, "wear_per_mwh must be finite"),
        ({"floor_per_mwh": math.nan}, "floor_per_mwh must be a price"),
    ],
)
def test_impossible_terms_are_refused(changes, told):
    with pytest.raises(ConfigError) as error:
        replace(TERMS, **changes)
    assert told in str(error.value)
