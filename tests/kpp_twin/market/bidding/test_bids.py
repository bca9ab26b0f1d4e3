"""Bids of a plan, the order book, and what a published price accepts."""

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError
from kpp_twin.market.bidding.bid_checks import Reservation, faults_of_bids
from kpp_twin.market.bidding.bids import MarketInterface, StoreTerms, bid_id, clear_bids, day_ahead_bids
from kpp_twin.market.bidding.curves import BidRules
from kpp_twin.market.rules.products import product_named
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


@given(st.lists(st.tuples(st.floats(-400, 400), st.floats(-200, 8000)), min_size=1, max_size=24))
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
    assert clear_bids([], price) == {}


def test_quantities_of_a_plan_are_rounded_down_to_the_markets_step():
    plan = plan_of([-400, 361], load_kw=[745, 99])
    rules = BidRules(step_kw=100.0)
    bids = day_ahead_bids(plan, np.array([40.0, 150.0]), MARKET, {"battery": TERMS}, rules)
    assert [(bid.product, bid.quantity_kw) for bid in bids] == [("load", -700), ("battery", -400), ("battery", 300)]
    assert all(receipt.state == "accepted" for receipt in MarketInterface(rules).submit(bids))


def test_clearing_refuses_several_intervals_and_a_missing_price():
    with pytest.raises(ConfigError, match=r"2 fault\(s\): price_per_mwh is nan; bids of 2 intervals"):
        clear_bids([bid_of(40.0, 100), bid_of(40.0, 100, hour=1)], math.nan)
    with pytest.raises(ConfigError, match="bids of several lengths"):
        clear_bids([bid_of(40.0, 100), replace(bid_of(40.0, 100), duration_minutes=15)], 40.0)


@pytest.mark.parametrize(
    ("name", "quantity_kw", "minimum_kw"),
    [pytest.param("SDAC", 80.0, 100, id="MK-19"), pytest.param("FCR", 500.0, 1000, id="MK-19-fcr")],
)
def test_mk_19_bids_below_the_smallest_are_rejected(name, quantity_kw, minimum_kw):
    market = MarketInterface(product_named(name).rules(date(2025, 11, 3)))
    (receipt,) = market.submit([bid_of(40.0, quantity_kw)])
    assert receipt.state == "rejected"
    assert receipt.reason.startswith(f"{quantity_kw:g} kW is below the smallest bid of {minimum_kw} kW")
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
    assert (changed.state, changed.reason) == (
        "rejected",
        "the id belongs to another bid; what replaces it needs a revision above 0",
    )
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


SDAC = product_named("SDAC")
DAY = date(2025, 11, 3)
NOON = SDAC.gate(DAY)
SECOND = timedelta(seconds=1)


def book_of_a_day(**others):
    return MarketInterface(SDAC.rules(DAY), gates=SDAC.gates(DAY), **others)


def bid_on(price, quantity_kw, *, quarter=0, step=1, minutes=15, product="battery"):
    start = SDAC.intervals(DAY).start + timedelta(minutes=15 * quarter)
    return replace(
        bid_of(price, quantity_kw, product=product),
        bid_id=bid_id("DE", product, "sell" if quantity_kw > 0 else "buy", start, step=step) + f"-{minutes}",
        valid_from=start,
        duration_minutes=minutes,
    )


def states(receipts):
    return [receipt.state for receipt in receipts]


def test_after_the_gate_no_bid_is_taken_but_one_that_is_known_is_known():
    market = book_of_a_day()
    early, late = bid_on(40.0, 200), bid_on(40.0, 200, quarter=1)
    assert states(market.submit([early], at=NOON - SECOND)) == ["accepted"]
    receipts = market.submit([early, late], at=NOON)
    assert states(receipts) == ["known", "rejected"]
    assert receipts[1].reason == "the gate closed at 2025-11-02T11:00Z"
    assert states(market.submit([replace(early, price_per_mwh=50.0)], at=NOON, revision=1)) == ["rejected"]
    assert states(market.withdraw([early.bid_id], at=NOON)) == ["rejected"]
    assert market.bids == (early,)


def test_a_market_with_gates_must_know_when_bids_arrive():
    for act in (lambda market: market.submit([bid_on(40.0, 200)]), lambda market: market.withdraw(["x"])):
        with pytest.raises(ConfigError, match="at is missing"):
            act(book_of_a_day())


@pytest.mark.parametrize(
    ("minutes", "quarter", "is_traded"), [(15, 3, True), (30, 2, True), (60, 1, False), (5, 0, False)]
)
def test_only_intervals_of_the_day_are_traded(minutes, quarter, is_traded):
    bid = bid_on(40.0, 200, minutes=minutes, quarter=quarter)
    (receipt,) = book_of_a_day().submit([bid], at=NOON - SECOND)
    assert receipt.state == ("accepted" if is_traded else "rejected")
    assert is_traded or "minutes from" in receipt.reason


def test_a_continuous_market_closes_interval_by_interval():
    product = product_named("SIDC")
    market = MarketInterface(product.rules(DAY), gates=product.gates(DAY))
    at = product.intervals(DAY).start - timedelta(minutes=60)
    assert states(market.submit([bid_on(40.0, 200), bid_on(40.0, 200, quarter=1)], at=at)) == ["rejected", "accepted"]


def test_a_higher_revision_takes_the_place_of_a_bid_and_older_ones_come_too_late():
    market = book_of_a_day()
    first = bid_on(40.0, 200)
    second, third = replace(first, price_per_mwh=45.0), replace(first, quantity_kw=300.0)
    at = NOON - SECOND
    assert states(market.submit([first], at=at)) == ["accepted"]
    assert states(market.submit([third], at=at, revision=2)) == ["replaced"]
    assert states(market.submit([second], at=at, revision=1)) == ["rejected"]
    assert states(market.submit([first], at=at)) == ["rejected"]
    assert states(market.submit([third], at=at, revision=2)) == ["known"]
    assert market.bids == (third,)


def test_a_replacement_is_checked_against_the_curve_without_the_old_step():
    market = book_of_a_day()
    steps = [bid_on(40.0, 200), bid_on(50.0, 300, step=2)]
    assert states(market.submit(steps, at=NOON - SECOND)) == ["accepted"] * 2
    moved = [replace(step, price_per_mwh=step.price_per_mwh + 20) for step in steps]
    assert states(market.submit(moved[:1], at=NOON - SECOND, revision=1)) == ["rejected"]  # 60 is followed by 50
    assert states(market.submit(moved, at=NOON - SECOND, revision=1)) == ["replaced"] * 2
    assert market.bids == tuple(moved)


def test_a_withdrawn_bid_comes_back_only_by_a_higher_revision():
    market, bid, at = book_of_a_day(), bid_on(40.0, 200), NOON - SECOND
    assert states(market.withdraw([bid.bid_id], at=at)) == ["rejected"]
    market.submit([bid], at=at)
    assert states(market.withdraw([bid.bid_id, bid.bid_id], at=at)) == ["withdrawn", "known"]
    assert market.bids == ()
    (receipt,) = market.submit([bid], at=at)
    assert receipt.reason == "the bid was withdrawn; what replaces it needs a revision above 0"
    assert states(market.submit([bid], at=at, revision=1)) == ["accepted"]
    assert market.bids == (bid,)


@given(st.data())
def test_whatever_is_sent_again_in_whatever_order_the_book_stays_as_it_is(data):
    """The newest revision of every id is in force; all that was ever sent may come again."""
    revisions = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=8))
    sent = [(bid_on(40.0 + 0.5 * revision, 200, quarter=q % 3), revision) for q, revision in enumerate(revisions)]
    market = book_of_a_day()
    for bid, revision in sent:
        market.submit([bid], at=NOON - SECOND, revision=revision)
    before = market.bids
    newest = {bid.bid_id: max(r for other, r in sent if other.bid_id == bid.bid_id) for bid, _ in sent}
    assert {bid.bid_id: bid.price_per_mwh for bid in before} == {name: 40 + 0.5 * r for name, r in newest.items()}
    for bid, revision in data.draw(st.permutations(sent)):
        (receipt,) = market.submit([bid], at=data.draw(st.sampled_from([NOON - SECOND, NOON])), revision=revision)
        assert receipt.state in ("known", "rejected")
    assert market.bids == before


def test_a_replacement_that_is_refused_does_not_help_another_into_the_book():
    market = book_of_a_day()
    steps = [bid_on(40.0, 200), bid_on(50.0, 300, step=2)]
    market.submit(steps, at=NOON - SECOND)
    moved = [replace(steps[0], price_per_mwh=30.001), replace(steps[1], price_per_mwh=35.0)]
    receipts = market.submit(moved, at=NOON - SECOND, revision=1)
    assert [receipt.reason for receipt in receipts] == [
        "price 30.001 is no multiple of the tick of 0.01",
        "prices of a sale must not fall: 40 is followed by 35",
    ]
    assert market.bids == tuple(steps)


ACTS = st.tuples(
    st.sampled_from([15, 30, 60]),
    st.integers(0, 3),
    st.integers(1, 2),
    st.sampled_from([-300.0, -200.0, -100.0, -50.0, 100.0, 200.0, 300.0]),
    st.sampled_from([30.0, 40.0, 50.0, 50.005]),
)


@given(st.lists(st.lists(ACTS, min_size=1, max_size=4), max_size=6), st.floats(0, 500))
def test_whatever_is_submitted_replaced_and_withdrawn_the_book_keeps_to_the_rules(submissions, available_kw):
    market = book_of_a_day(available_kw=available_kw)
    for revision, acts in enumerate(submissions):
        bids = [
            bid_on(price, kw, quarter=q - q % (minutes // 15), step=step, minutes=minutes)
            for minutes, q, step, kw, price in acts
        ]
        market.submit(bids, at=NOON - SECOND, revision=revision)
        market.withdraw([bid.bid_id for bid in bids[3:]], at=NOON - SECOND)
        assert not any(faults_of_bids(market.bids, market.rules, available_kw=available_kw).values())


def test_a_book_that_is_opened_anew_knows_what_was_accepted_before():
    bid, next_bid = bid_on(40.0, 200), bid_on(40.0, 200, quarter=1)
    market = book_of_a_day(held=[bid])
    assert states(market.submit([bid, next_bid], at=NOON - SECOND)) == ["known", "accepted"]
    assert market.bids == (bid, next_bid)


def test_nothing_is_bid_that_is_reserved_elsewhere():
    start, half_hour = SDAC.intervals(DAY).start, timedelta(minutes=30)
    reserved = Reservation(product="battery", start=start, stop=start + half_hour, up_kw=300.0, down_kw=100.0)
    market = book_of_a_day(available_kw=500.0, reservations=[reserved])
    sizes = [(60.0, 300, 0), (60.0, 200, 1), (40.0, -400, 1), (60.0, 500, 2)]
    receipts = market.submit([bid_on(price, kw, quarter=q) for price, kw, q in sizes], at=NOON - SECOND)
    assert states(receipts) == ["rejected", "accepted", "accepted", "accepted"]
    assert receipts[0].reason == "quantity 300 kW is outside 0 to 200 kW"


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
    without = replace(plan_of([0.0]), setpoint_kw={"load": np.zeros(1)})
    with pytest.raises(ConfigError, match="battery has terms but no setpoints"):
        day_ahead_bids(without, np.array([40.0]), MARKET, {"battery": TERMS})


@pytest.mark.parametrize(
    ("name", "value"),
    [("round_trip_efficiency", 0.0), ("max_power_kw", -1.0), ("wear_per_mwh", math.inf), ("floor_per_mwh", math.nan)],
)
def test_impossible_terms_are_refused(name, value):
    with pytest.raises(ConfigError, match=f"{name} must be"):
        replace(TERMS, **{name: value})
