"""Clearing by one price and pay as bid: reference cases, and what every cleared market must keep to."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from kpp_twin.errors import ConfigError
from kpp_twin.market.bidding.bids import clear_bids
from kpp_twin.market.clearing import Order, clear, hourly_index, orders_of
from kpp_twin.operation import Bid

START = datetime(2025, 11, 3, tzinfo=UTC)
CAP = 3000.0
GENERATORS = [("g1", 100.0, 300.0), ("g2", 50.0, 200.0)]
STACK = [
    ("A1", 50.0, 20.0),
    ("A2", 60.0, 20.0),
    ("A3", 100.0, 5.0),
    ("B1", 50.0, 50.0),
    ("B2", 55.0, 30.0),
    ("B3", 80.0, 10.0),
]


def order(name, side, price, kw):
    return Order(order_id=name, side=side, price_per_mwh=price, quantity_kw=kw)


def market(sales, demands):
    return [order(*row[:1], "sell", *row[1:]) for row in sales] + [
        order(f"d{i}", "buy", CAP, kw) for i, kw in enumerate(demands)
    ]


def test_mk_01_all_is_accepted_at_the_price_of_the_dearest_sale():
    result = clear(market(GENERATORS, [400.0, 100.0]))
    assert result.price_per_mwh == 100.0
    assert result.accepted_kw == {"g1": 300.0, "g2": 200.0, "d0": 400.0, "d1": 100.0}


def test_mk_02_demand_beyond_all_supply_is_served_in_part():
    result = clear(market(GENERATORS, [700.0]), unserved_sets_price=False)
    assert (result.price_per_mwh, result.accepted_kw["d0"]) == (100.0, 500.0)
    assert clear(market(GENERATORS, [700.0])).price_per_mwh == CAP


def test_mk_03_the_dearest_generator_is_rejected():
    result = clear(market([*GENERATORS, ("g3", 60.0, 230.0)], [400.0]))
    assert result.price_per_mwh == 60.0
    assert result.accepted_kw == {"g1": 0.0, "g2": 200.0, "g3": 200.0, "d0": 400.0}
    assert "g1" not in result.paid_per_mwh


@pytest.mark.parametrize(("demand", "of_a", "of_b"), [(115.0, 35.0, 80.0), (120.0, 40.0, 80.0)])
def test_mk_04_at_the_end_of_a_step_the_lower_price_holds(demand, of_a, of_b):
    result = clear(market(STACK, [demand]))
    assert result.price_per_mwh == 60.0
    assert sum(kw for name, kw in result.accepted_kw.items() if name[0] == "A") == of_a
    assert sum(kw for name, kw in result.accepted_kw.items() if name[0] == "B") == of_b


def test_a_step_that_ends_but_for_rounding_has_ended():
    assert clear(market([("a", 10.0, 0.1), ("b", 20.0, 0.2), ("c", 90.0, 1.0)], [0.1 + 0.2])).price_per_mwh == 20.0


def test_a_purchase_that_is_served_in_part_sets_the_price():
    orders = [order("s", "sell", 50.0, 100.0), order("high", "buy", 60.0, 80.0), order("low", "buy", 55.0, 50.0)]
    result = clear(orders)
    assert (result.price_per_mwh, result.accepted_kw["low"]) == (55.0, 20.0)


def test_pay_as_bid_pays_each_sale_its_price_and_the_buyer_pays_their_mean():
    result = clear(market([*GENERATORS, ("g3", 60.0, 230.0)], [400.0]), pricing="pay_as_bid")
    assert result.paid_per_mwh == {"g2": 50.0, "g3": 60.0, "d0": 55.0}
    assert result.price_per_mwh == 60.0


def test_without_a_trade_there_is_no_price():
    result = clear([order("s", "sell", 50.0, 100.0), order("b", "buy", 40.0, 100.0)])
    assert result.price_per_mwh is None
    assert result.accepted_kw == {"s": 0.0, "b": 0.0}
    assert clear([]).price_per_mwh is None


BOOKS = st.lists(
    st.tuples(st.booleans(), st.integers(-20, 20).map(float), st.integers(1, 50).map(float)), min_size=1, max_size=12
).map(lambda rows: [order(str(i), "sell" if sale else "buy", p, kw) for i, (sale, p, kw) in enumerate(rows)])


@given(BOOKS)
def test_a_cleared_market_is_balanced_and_leaves_nobody_worse_off(book):
    result = clear(book)
    sides = {side: [o for o in book if o.side == side] for side in ("sell", "buy")}
    traded = {side: sum(result.accepted_kw[o.order_id] for o in orders) for side, orders in sides.items()}
    assert traded["sell"] == pytest.approx(traded["buy"], abs=1e-5)
    price = result.price_per_mwh
    for o in book:
        kw = result.accepted_kw[o.order_id]
        assert 0 <= kw <= o.quantity_kw
        if price is not None:
            gain = (price - o.price_per_mwh) * (1 if o.side == "sell" else -1)
            assert not kw or gain >= 0
            assert kw == o.quantity_kw or gain <= 0  # nobody who would gain is left out


@given(BOOKS)
def test_what_is_accepted_has_the_highest_surplus_of_all(book):
    sign = np.array([1.0 if o.side == "sell" else -1.0 for o in book])
    cost = sign * [o.price_per_mwh for o in book]
    best = linprog(cost, A_eq=sign[None], b_eq=[0.0], bounds=[(0, o.quantity_kw) for o in book])
    accepted = np.array([clear(book).accepted_kw[o.order_id] for o in book])
    assert cost @ accepted == pytest.approx(best.fun, abs=1e-4)


@given(BOOKS, st.sampled_from(["uniform", "pay_as_bid"]), st.booleans())
def test_buyers_pay_what_sellers_get(book, pricing, unserved_sets_price):
    result = clear(book, pricing=pricing, unserved_sets_price=unserved_sets_price)
    paid = {"sell": 0.0, "buy": 0.0}
    for o in book:
        paid[o.side] += result.accepted_kw[o.order_id] * result.paid_per_mwh.get(o.order_id, 0.0)
    assert paid["sell"] == pytest.approx(paid["buy"], abs=1e-3)


def bid_of(price, quantity_kw, step=1):
    return Bid(
        bid_id=f"{'sell' if quantity_kw > 0 else 'buy'}-{step}",
        market="day_ahead",
        product="battery",
        series="DE",
        valid_from=START,
        duration_minutes=60,
        price_per_mwh=price,
        quantity_kw=quantity_kw,
    )


@pytest.mark.parametrize("rest_price", [20.0, 45.0, 55.0, 70.0])
def test_own_curves_clear_in_a_market_as_they_do_at_its_price(rest_price):
    """Against a rest of the market so large that it sets the price."""
    bids = [bid_of(50.0, 100.0), bid_of(60.0, 300.0, 2), bid_of(40.0, -200.0), bid_of(30.0, -500.0, 2)]
    rest = [order("supply", "sell", rest_price, 1e5), order("demand", "buy", rest_price + 0.01, 5e4)]
    result = clear([*rest, *orders_of(bids)])
    own = {side: sum(result.accepted_kw[f"{side}-{step}"] for step in (1, 2)) for side in ("sell", "buy")}
    assert own["sell"] - own["buy"] == clear_bids(bids, result.price_per_mwh)["battery"]


def test_orders_of_several_intervals_are_refused():
    later = bid_of(60.0, 300.0, 2)
    later = Bid(**{name: getattr(later, name) for name in later.__slots__} | {"valid_from": START.replace(hour=1)})
    with pytest.raises(ConfigError, match="bids of 2 intervals"):
        orders_of([bid_of(50.0, 100.0), later])


def test_all_faults_of_orders_come_in_one_message():
    with pytest.raises(ConfigError) as caught:
        clear([order("a", "sell", math.nan, 1.0), order("a", "buy", 5.0, 0.0), order("b", "buy", 5.0, math.inf)])
    told = str(caught.value)
    for part in ("4 fault(s)", "'a' stands 2 times", "price of nan", "quantity of 0.0 kW", "quantity of inf kW"):
        assert part in told


def test_mk_16_the_hourly_index_is_the_mean_of_its_quarters():
    assert hourly_index(np.array([10.0, 20.0, 30.0, 40.0])).tolist() == [25.0]
    assert hourly_index(np.arange(100.0)).shape == (25,)
    with pytest.raises(ConfigError, match=r"shape \(5,\) are no whole hours"):
        hourly_index(np.arange(5.0))
