"""Reserve capacity at its opportunity cost: rising prices, whole sizes, and nothing that the store cannot hold."""

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError
from kpp_twin.market.bidding.bids import MarketInterface
from kpp_twin.market.bidding.offer_programme import StoreOnOffer
from kpp_twin.market.bidding.reserve_offers import ReserveTerms, reserve_bids
from kpp_twin.market.dispatch.storage_plan import StorageLimits
from kpp_twin.market.rules.products import product_named
from kpp_twin.timegrid import TimeGrid

DAY = date(2024, 5, 7)
FCR = product_named("FCR", DAY)
GRID = TimeGrid(start=FCR.blocks(DAY)[0][0], step_minutes=60, n_steps=24)
STORE = StoreOnOffer(
    storage=StorageLimits(min_kwh=1000, max_kwh=9000, charge_efficiency=0.95, discharge_efficiency=0.95),
    min_kwh=1000.0,
    max_kwh=9000.0,
    energy_kwh=5000.0,
    target_kwh=5000.0,
    max_charge_kw=5000.0,
    max_discharge_kw=5000.0,
)
TERMS = ReserveTerms(
    name="FCR", directions=("up", "down"), duration_h=0.25, blocks=FCR.blocks(DAY), rules=FCR.rules(DAY)
)
PRICES = 60 + 40 * np.sin(np.arange(24) / 24 * 4 * np.pi - 2)


def bids_of(prices=PRICES, store=STORE, **terms):
    return reserve_bids(prices, store, GRID, replace(TERMS, **terms), product="battery", series="DE")


def test_each_block_of_the_auction_gets_a_curve():
    bids, notes = bids_of()
    assert notes == ()
    assert {bid.valid_from for bid in bids} == {start for start, _ in TERMS.blocks}
    assert {bid.duration_minutes for bid in bids} == {240}
    assert {bid.market for bid in bids} == {"FCR"}
    assert len({bid.bid_id for bid in bids}) == len(bids)


@given(st.lists(st.floats(-100, 300), min_size=24, max_size=24), st.sampled_from([0.25, 1.0]))
def test_the_market_takes_curves_that_rise(prices, duration_h):
    bids, _ = bids_of(np.array(prices), duration_h=duration_h)
    receipts = MarketInterface(TERMS.rules, available_kw=5000.0).submit(bids)
    assert {receipt.state for receipt in receipts} <= {"accepted"}
    assert all(bid.price_per_mwh >= 0 for bid in bids)


def test_a_store_of_half_a_megawatt_bids_nothing_and_says_why():
    small = replace(
        STORE,
        storage=StorageLimits(min_kwh=100, max_kwh=900, charge_efficiency=0.95, discharge_efficiency=0.95),
        min_kwh=100.0,
        max_kwh=900.0,
        energy_kwh=500.0,
        target_kwh=500.0,
        max_charge_kw=500.0,
        max_discharge_kw=500.0,
    )
    bids, notes = bids_of(store=small)
    assert bids == ()
    assert len(notes) == 6
    assert "battery can hold at most 500 kW for 0.25 h, the smallest bid is 1000 kW" in notes[0]


def test_the_price_is_what_the_plan_earns_less():
    """Without losses, 1 MW of discharge kept free in the only dear block loses its spread in each of four hours."""
    prices = np.repeat([10.0, 10.0, 50.0, 10.0, 10.0, 10.0], 4)
    lossless = replace(
        STORE,
        storage=StorageLimits(min_kwh=0, max_kwh=100_000, charge_efficiency=1, discharge_efficiency=1),
        min_kwh=0.0,
        max_kwh=100_000.0,
        energy_kwh=50_000.0,
        target_kwh=50_000.0,
    )
    bids, _ = bids_of(prices, lossless, directions=("up",), duration_h=0.0)
    dear = [bid for bid in bids if bid.valid_from == TERMS.blocks[2][0]]
    assert [bid.price_per_mwh for bid in dear] == pytest.approx([40.0] * len(dear))
    assert [bid.price_per_mwh for bid in bids if bid.valid_from == TERMS.blocks[4][0]] == pytest.approx(
        [0.0] * len(dear)
    )


def test_what_is_reserved_before_is_not_bid():
    bids, _ = bids_of(store=replace(STORE, max_discharge_kw=2500.0))
    assert max(bid.quantity_kw for bid in bids) == 2000.0
    assert bids_of(store=replace(STORE, min_kwh=4900.0, max_kwh=5100.0))[0] == ()


def test_bad_terms_are_refused():
    late = ((GRID.stop, GRID.stop + timedelta(hours=4)),)
    with pytest.raises(ConfigError, match=r"2 fault\(s\): the block from 2024-05-07T22:00Z lies outside.*duration_h"):
        bids_of(blocks=late, duration_h=math.nan)
