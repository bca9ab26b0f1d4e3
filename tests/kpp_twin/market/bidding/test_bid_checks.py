"""Bids of one asset for intervals of several lengths, and what is reserved, never add up to more than it has."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError
from kpp_twin.market.bidding.bid_checks import Reservation, faults_of_bids, reservations_of, side_of, stop_of
from kpp_twin.market.bidding.curves import BidRules
from kpp_twin.operation import Bid

START = datetime(2025, 11, 3, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
RULES = BidRules(minimum_kw=1.0)
KW = st.integers(1, 300).map(float)


def bid_of(quantity_kw, *, quarter=0, quarters=1, price=40.0, step=1, product="battery"):
    return Bid(
        bid_id=f"{quarter}-{quarters}-{quantity_kw}-{step}",
        market="day_ahead",
        product=product,
        series="DE",
        valid_from=START + quarter * QUARTER,
        duration_minutes=15 * quarters,
        price_per_mwh=price,
        quantity_kw=quantity_kw,
    )


def test_a_good_curve_has_no_faults():
    steps = [bid_of(100.0), bid_of(200.0, price=50.0, step=2), bid_of(-100.0, price=30.0)]
    assert faults_of_bids(steps, RULES, available_kw=200.0) == {bid: [] for bid in steps}


def test_steps_in_force_are_part_of_the_curve_and_keep_their_word():
    held, new = bid_of(200.0, price=50.0), bid_of(300.0, price=45.0, step=2)
    assert faults_of_bids([new], RULES, held=[held]) == {new: ["prices of a sale must not fall: 50 is followed by 45"]}


def test_an_hour_and_its_quarters_draw_on_the_same_power():
    hour, quarter = bid_of(200.0, quarters=4), bid_of(200.0, quarter=2)
    assert faults_of_bids([quarter], RULES, held=[hour], available_kw=400.0) == {quarter: []}
    assert faults_of_bids([quarter], RULES, held=[hour], available_kw=300.0) == {
        quarter: ["quantity 200 kW is outside 0 to 100 kW"]
    }
    assert faults_of_bids([quarter], RULES, held=[bid_of(-200.0, quarters=4, price=30.0)], available_kw=200.0) == {
        quarter: []
    }


def test_reservations_of_other_assets_and_times_leave_a_bid_alone():
    def held(product, quarter):
        start = START + quarter * QUARTER
        return Reservation(product=product, start=start, stop=start + QUARTER, up_kw=150.0, down_kw=0.0)

    bid = bid_of(200.0, quarters=2)
    assert faults_of_bids([bid], RULES, available_kw=200.0, reservations=[held("plant", 0), held("battery", 2)]) == {
        bid: []
    }
    one_after_the_other = [held("battery", 0), held("battery", 1)]
    assert faults_of_bids([bid], RULES, available_kw=350.0, reservations=one_after_the_other) == {bid: []}
    assert faults_of_bids([bid], RULES, available_kw=349.0, reservations=one_after_the_other)[bid]


def test_symmetric_capacity_leaves_what_is_reserved_in_either_direction():
    held = [Reservation(product="battery", start=START, stop=START + QUARTER, up_kw=0.0, down_kw=150.0)]
    bid = bid_of(200.0)
    symmetric = BidRules(minimum_kw=1.0, direction="symmetric")
    assert faults_of_bids([bid], RULES, available_kw=300.0, reservations=held) == {bid: []}
    assert faults_of_bids([bid], symmetric, available_kw=300.0, reservations=held)[bid]


def test_capacity_downward_leaves_what_is_reserved_downward():
    held = [Reservation(product="battery", start=START, stop=START + QUARTER, up_kw=150.0, down_kw=50.0)]
    bid = bid_of(200.0)
    for direction, available_kw in (("down", 250.0), ("up", 350.0)):
        rules = BidRules(minimum_kw=1.0, direction=direction)
        assert faults_of_bids([bid], rules, available_kw=available_kw, reservations=held) == {bid: []}
        assert faults_of_bids([bid], rules, available_kw=available_kw - 1, reservations=held)[bid]


@pytest.mark.parametrize(("direction", "up_kw", "down_kw"), [("up", 300, 0), ("down", 0, 300), ("symmetric", 300, 300)])
def test_capacity_that_is_bid_is_kept_from_other_markets(direction, up_kw, down_kw):
    block = [bid_of(100.0, quarters=16), bid_of(300.0, quarters=16, price=50.0, step=2)]
    kept = reservations_of(block, BidRules(direction=direction))
    assert kept == (
        Reservation(product="battery", start=START, stop=START + 16 * QUARTER, up_kw=up_kw, down_kw=down_kw),
    )
    sale, purchase = bid_of(300.0, quarter=15), bid_of(-300.0, quarter=15, price=30.0)
    faults = faults_of_bids([sale, purchase], RULES, available_kw=500.0, reservations=kept)
    assert (bool(faults[sale]), bool(faults[purchase])) == (up_kw > 0, down_kw > 0)


def test_energy_reserves_nothing():
    with pytest.raises(ConfigError, match="bids for energy reserve nothing"):
        reservations_of([bid_of(100.0)], RULES)


BIDS = st.tuples(st.integers(0, 7), st.sampled_from([1, 2, 4]), KW, st.booleans())
RESERVATIONS = st.tuples(st.integers(0, 7), st.integers(1, 4), KW, KW)


@given(st.lists(BIDS, max_size=6, unique_by=lambda bid: bid[:2]), st.lists(RESERVATIONS, max_size=3))
def test_power_is_never_sold_twice(wanted, kept):
    """One by one into the book: at any instant what is sold and what is reserved stays within the power."""
    reservations = [
        Reservation(
            product="battery", start=START + q * QUARTER, stop=START + (q + n) * QUARTER, up_kw=up, down_kw=down
        )
        for q, n, up, down in kept
    ]
    taken = []
    for quarter, quarters, kw, is_sale in wanted:
        bid = bid_of(kw if is_sale else -kw, quarter=quarter, quarters=quarters, price=50.0 if is_sale else 30.0)
        if not faults_of_bids([bid], RULES, held=taken, available_kw=400.0, reservations=reservations)[bid]:
            taken.append(bid)
    for quarter in range(12):
        now = START + quarter * QUARTER
        for side in ("sell", "buy"):
            sold = [abs(b.quantity_kw) for b in taken if side_of(b) == side and b.valid_from <= now < stop_of(b)]
            held = [r.up_kw if side == "sell" else r.down_kw for r in reservations if r.start <= now < r.stop]
            assert not sold or sum(sold) + sum(held) <= 400.0 + 1e-6
