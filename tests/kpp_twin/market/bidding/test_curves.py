"""Shape of bid curves, ticks and limits."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError
from kpp_twin.market.bidding.curves import BidRules, bid_faults, curve_faults, safe_quantity, safe_tick

RULES = BidRules(floor_per_mwh=-500, cap_per_mwh=4000)


def test_mk_18_a_supply_that_falls_in_price_is_refused():
    faults = curve_faults([(50.0, 5000.0), (40.0, 10000.0)], "sell", RULES)
    assert faults == ["prices of a sale must not fall: 50 is followed by 40"]


@pytest.mark.parametrize(
    ("curve", "side", "told"),
    [
        ([(40.0, 100.0), (50.0, 100.0)], "sell", "quantities must rise: 100 kW is followed by 100 kW"),
        ([(40.0, 200.0), (50.0, 100.0)], "sell", "quantities must rise: 200 kW"),
        ([(40.0, 100.0), (50.0, 200.0)], "buy", "prices of a purchase must not rise"),
        ([(-501.0, 100.0)], "sell", "price -501 is outside -500 to 4000"),
        ([(4001.0, 100.0)], "buy", "price 4001 is outside"),
        ([(math.nan, 100.0)], "sell", "price nan is outside"),
        ([(40.0, 1000.0)], "sell", "quantity 1000 kW is outside 0 to 500 kW"),
        ([(40.0, -100.0)], "sell", "quantity -100 kW is outside"),
        ([(40.0, math.nan)], "sell", "quantity nan kW is outside"),
    ],
)
def test_a_faulty_curve_is_explained(curve, side, told):
    faults = curve_faults(curve, side, RULES, available_kw=500.0)
    assert any(told in fault for fault in faults)


@pytest.mark.parametrize(
    ("curve", "side"),
    [([(40.0, 100.0), (40.0, 200.0), (60.0, 300.0)], "sell"), ([(60.0, 100.0), (40.0, 500.0)], "buy"), ([], "sell")],
)
def test_a_good_curve_has_no_faults(curve, side):
    assert curve_faults(curve, side, RULES, available_kw=500.0) == []


@given(st.floats(-500, 4000), st.sampled_from(["sell", "buy"]), st.sampled_from([0.01, 0.1, 1.0]))
def test_a_tick_is_never_worse_for_the_bidder(price, side, tick):
    rounded = safe_tick(price, side, BidRules(floor_per_mwh=-500, cap_per_mwh=4000, tick_per_mwh=tick))
    assert (rounded >= price - 1e-6) if side == "sell" else (rounded <= price + 1e-6)
    assert abs(rounded - price) < tick + 1e-6
    assert rounded / tick == pytest.approx(round(rounded / tick), abs=1e-6)


@pytest.mark.parametrize(
    ("price", "side", "rounded"),
    [
        (55.401, "sell", 55.41),
        (55.409, "buy", 55.40),
        (55.41, "sell", 55.41),
        (9999.0, "sell", 4000),
        (-9e9, "buy", -500),
    ],
)
def test_ticks(price, side, rounded):
    assert safe_tick(price, side, RULES) == rounded


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"floor_per_mwh": 5000.0, "cap_per_mwh": 0.0}, "floor_per_mwh 5000.0 must be below cap_per_mwh 0.0"),
        ({"cap_per_mwh": math.inf}, "cap_per_mwh inf"),
        ({"floor_per_mwh": math.nan}, "floor_per_mwh nan"),
        ({"tick_per_mwh": 0.0}, "tick_per_mwh must be above 0"),
        ({"minimum_kw": -1.0}, "minimum_kw must not be negative"),
        ({"step_kw": math.nan}, "step_kw must not be negative; it is nan"),
        ({"most_steps": 0}, "most_steps must be at least 1; it is 0"),
    ],
)
def test_impossible_rules_are_refused(changes, told):
    with pytest.raises(ConfigError) as error:
        BidRules(**changes)
    assert told in str(error.value)


@given(
    st.floats(-10_000, 10_000),
    st.sampled_from([0.0, 0.1, 100.0, 1000.0]),
    st.sampled_from([0.0, 100.0, 1000.0]),
)
def test_a_quantity_is_never_rounded_up_and_what_is_left_is_taken(quantity_kw, step_kw, minimum_kw):
    rules = BidRules(minimum_kw=minimum_kw, step_kw=step_kw)
    rounded = safe_quantity(quantity_kw, rules)
    assert abs(rounded) <= abs(quantity_kw) + 1e-6 * max(step_kw, 1)
    assert rounded * quantity_kw >= 0
    if rounded:
        assert abs(quantity_kw) - abs(rounded) < max(step_kw, 1e-6)
        assert bid_faults(40.0, rounded, rules) == []
    else:
        assert abs(quantity_kw) < max(minimum_kw, step_kw, 1e-300)


@pytest.mark.parametrize(
    ("quantity_kw", "rounded"),
    [(99.99, 0), (100, 100), (199.9, 100), (-361, -300), (299.99999999, 300), (-99.0, 0), (0.0, 0)],
)
def test_quantities_on_steps_of_a_tenth_of_a_megawatt(quantity_kw, rounded):
    assert safe_quantity(quantity_kw, BidRules(minimum_kw=100.0, step_kw=100.0)) == rounded


@pytest.mark.parametrize(
    ("price", "quantity_kw", "told"),
    [
        (40.0, 80.0, "80 kW is below the smallest bid of 100 kW"),
        (40.0, 250.0, "250 kW is no multiple of 100 kW"),
        (40.0, -200.0, "capacity is only sold"),
        (40.005, 200.0, "price 40.005 is no multiple of the tick of 0.01"),
    ],
)
def test_a_faulty_bid_is_explained(price, quantity_kw, told):
    rules = BidRules(minimum_kw=100.0, step_kw=20.0 if quantity_kw == 80 else 100.0, direction="up")
    assert bid_faults(price, quantity_kw, rules) == [told]


def test_a_curve_has_no_more_steps_than_the_market_takes():
    curve = [(40.0 + step, 100.0 * (step + 1)) for step in range(3)]
    assert curve_faults(curve, "sell", BidRules(most_steps=3)) == []
    assert curve_faults(curve, "sell", BidRules(most_steps=2)) == ["3 steps are more than the 2 that a curve may have"]
