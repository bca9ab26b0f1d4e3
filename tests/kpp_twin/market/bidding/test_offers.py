"""Curves of a store: of the sizes and prices that the market takes, and every scenario's day can be followed."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError
from kpp_twin.market.bidding.bids import MarketInterface, clear_bids
from kpp_twin.market.bidding.curves import BidRules
from kpp_twin.market.bidding.offer_programme import StoreOnOffer
from kpp_twin.market.bidding.offers import accepted_kw, curve_bids, followed_kw, offer
from kpp_twin.market.dispatch.storage_plan import StorageLimits, plan_storage
from kpp_twin.market.risk import conditional_value_at_risk
from kpp_twin.timegrid import TimeGrid

START = datetime(2021, 10, 14, 5, tzinfo=UTC)
ANY_SIZE = BidRules(minimum_kw=0.0, floor_per_mwh=-500.0, cap_per_mwh=4000.0)
DOCUMENT = StoreOnOffer(
    storage=StorageLimits(min_kwh=100, max_kwh=900, charge_efficiency=0.95, discharge_efficiency=0.95),
    min_kwh=100.0,
    max_kwh=900.0,
    energy_kwh=500.0,
    target_kwh=500.0,
    max_charge_kw=500.0,
    max_discharge_kw=500.0,
)
SHAPE = 60 + 40 * np.sin(np.arange(24) / 24 * 4 * np.pi - 2)


def scenarios_of(n_scenarios=10, n=24, seed=0, spread=4.0):
    generator = np.random.default_rng(seed)
    errors = np.cumsum(generator.normal(0.0, spread, (n_scenarios, n)), axis=1)
    return np.resize(SHAPE, n) + errors


def grid_of(n=24, step_minutes=60):
    return TimeGrid(start=START, step_minutes=step_minutes, n_steps=n)


def offered(scenarios, store=DOCUMENT, rules=ANY_SIZE, hours=1.0, risk_tolerance=1.0):
    offers = offer(scenarios, store, hours=hours, risk_tolerance=risk_tolerance, rules=rules)
    grid = grid_of(scenarios.shape[1], int(60 * hours))
    return offers, curve_bids(offers, store, grid, product="battery", series="HB_HOUSTON", rules=rules), grid


@st.composite
def cases(draw):
    n = draw(st.integers(1, 12))
    prices = st.lists(st.integers(-80, 200), min_size=n, max_size=n)
    scenarios = np.array(draw(st.lists(prices, min_size=1, max_size=8)), dtype=float)
    scenarios *= draw(st.sampled_from([1.0, 0.503]))
    rules = replace(
        ANY_SIZE,
        minimum_kw=draw(st.sampled_from([0.0, 80.0, 300.0])),
        step_kw=draw(st.sampled_from([0.0, 50.0, 100.0])),
    )
    store = replace(
        DOCUMENT,
        min_kwh=draw(st.sampled_from([100.0, 250.0])),
        energy_kwh=draw(st.sampled_from([250.0, 500.0, 900.0])),
        target_kwh=draw(st.sampled_from([250.0, 400.0, 900.0])),
        max_charge_kw=draw(st.sampled_from([0.0, 120.0, 500.0])),
        max_discharge_kw=draw(st.sampled_from([60.0, 500.0])),
        wear_per_mwh=draw(st.sampled_from([0.0, 20.0])),
        floor_per_mwh=draw(st.sampled_from([-math.inf, 30.0])),
    )
    return scenarios, store, rules, draw(st.sampled_from([0.25, 1.0])), draw(st.sampled_from([0.0, 0.2, 1.0]))


@given(cases())
def test_the_market_takes_curves_that_the_store_can_follow_in_every_scenario(case):
    """Sizes, steps, ticks, limits, rising curves and no crossing: all that the market checks."""
    scenarios, store, rules, hours, risk_tolerance = case
    offers, bids, grid = offered(scenarios, store, rules, hours, risk_tolerance)
    cleared = accepted_kw(bids, grid, offers.price_per_mwh)
    assert cleared == pytest.approx(offers.power_kw, abs=1e-6)
    followed, energy = followed_kw(cleared, store, hours=hours)
    assert followed == pytest.approx(cleared, abs=1e-4)
    assert energy == pytest.approx(offers.energy_kwh, abs=1e-4)
    assert energy.min() >= store.min_kwh - 1e-4
    assert energy.max() <= store.max_kwh + 1e-4
    assert cleared.max() <= store.max_discharge_kw + 1e-6
    assert cleared.min() >= -store.max_charge_kw - 1e-6
    assert {receipt.state for receipt in MarketInterface(rules, available_kw=500.0).submit(bids)} <= {"accepted"}
    assert all(bid.price_per_mwh >= store.floor_per_mwh for bid in bids if bid.quantity_kw > 0)
    rising = np.sort(
        np.concatenate([offers.price_per_mwh, offers.price_per_mwh + 0.3, offers.price_per_mwh - 99]), axis=0
    )
    assert np.all(np.diff(accepted_kw(bids, grid, rising), axis=0) >= 0)


def test_other_prices_can_mostly_be_followed():
    """Curves of 20 days are cleared at 200 other days; what cannot be followed is left to the intraday market."""
    _, bids, grid = offered(scenarios_of(20))
    cleared = accepted_kw(bids, grid, scenarios_of(200, seed=9))
    followed, _ = followed_kw(cleared, DOCUMENT, hours=1.0)
    assert np.abs(cleared - followed).sum() < 0.02 * np.abs(cleared).sum()


def test_accepted_is_what_the_market_clears():
    scenarios = scenarios_of()
    _, bids, grid = offered(scenarios)
    prices = scenarios_of(seed=5)[:1]
    for step, start in enumerate(grid.index.to_pydatetime()):
        of_step = [bid for bid in bids if bid.valid_from == start]
        cleared = clear_bids(of_step, float(prices[0, step])).get("battery", 0.0)
        assert accepted_kw(bids, grid, prices)[0, step] == cleared


@given(st.integers(0, 10_000), st.sampled_from([0.0, 15.0]))
def test_one_scenario_is_planned_as_exactly_as_a_plan(seed, wear_per_mwh):
    prices = scenarios_of(1, seed=seed)
    offers, _, _ = offered(prices, replace(DOCUMENT, wear_per_mwh=wear_per_mwh))
    plan = plan_storage(
        offers.price_per_mwh[0],
        hours=1.0,
        storage=DOCUMENT.storage,
        energy_kwh=500.0,
        target_kwh=500.0,
        max_charge_kw=500.0,
        max_discharge_kw=500.0,
        wear_per_mwh=wear_per_mwh,
    )
    assert offers.revenue[0] == pytest.approx(plan.profit, abs=1e-3)


def test_the_target_is_met_in_the_mean():
    offers, _, _ = offered(scenarios_of(), replace(DOCUMENT, target_kwh=300.0))
    assert offers.energy_kwh[:, -1].mean() == pytest.approx(300.0)


def test_less_tolerance_expects_less_and_risks_less():
    found = [offered(scenarios_of(20), risk_tolerance=risk)[0].revenue for risk in (0.0, 0.3, 0.7, 1.0)]
    means = [revenue.mean() for revenue in found]
    at_risk = [conditional_value_at_risk(-revenue) for revenue in found]
    assert np.all(np.diff(means) >= -1e-3)
    assert np.all(np.diff(at_risk) >= -1e-3)
    assert means[-1] > means[0]
    assert at_risk[-1] > at_risk[0]


def test_curves_are_worth_no_less_than_quantities_at_any_price():
    """Several levels hold what one level could do, and use what the price says."""
    scenarios = scenarios_of(20, spread=20.0)
    offers, bids, grid = offered(scenarios)
    fixed = plan_storage(
        scenarios.mean(axis=0),
        hours=1.0,
        storage=DOCUMENT.storage,
        energy_kwh=500.0,
        target_kwh=500.0,
        max_charge_kw=500.0,
        max_discharge_kw=500.0,
    )
    assert offers.revenue.mean() >= fixed.profit - 0.01
    assert any(sum(bid.valid_from == start for bid in bids) > 1 for start in grid.index.to_pydatetime())


def test_the_same_offers_have_the_same_ids_again():
    first, second = (offered(scenarios_of())[1] for _ in range(2))
    assert first == second
    market = MarketInterface(ANY_SIZE, available_kw=500.0)
    market.submit(first)
    assert {receipt.state for receipt in market.submit(second)} == {"known"}


def test_a_day_of_25_hours_and_one_of_quarter_hours():
    assert offered(scenarios_of(n=25))[0].revenue.mean() > 0
    offers, bids, _ = offered(np.repeat(scenarios_of(), 4, axis=1), hours=0.25)
    assert offers.energy_kwh.shape == (10, 97)
    assert {bid.duration_minutes for bid in bids} == {15}
    assert bids[-1].valid_from <= START + timedelta(hours=23.75)


def test_prices_beyond_the_limits_count_as_the_limit():
    scenarios = scenarios_of()
    scenarios[:, 18] = 9999.0
    offers, bids, _ = offered(scenarios)
    assert offers.price_per_mwh.max() == 4000.0
    assert all(-500 <= bid.price_per_mwh <= 4000 for bid in bids)
    assert offers.power_kw[:, 18] == pytest.approx(np.full(10, 500.0))


def test_a_megawatt_at_least_is_too_much_for_half_of_one():
    assert offered(scenarios_of(), rules=replace(ANY_SIZE, minimum_kw=1000.0))[1] == ()


@pytest.mark.parametrize(
    ("scenarios", "changes", "told"),
    [
        (np.zeros(24), {}, "the scenarios have shape (24,); (n_scenarios, n) is meant"),
        (np.zeros((0, 24)), {}, "the scenarios have shape (0, 24)"),
        (np.zeros((3, 0)), {}, "the scenarios have shape (3, 0)"),
        (np.array([[1.0, math.nan]]), {}, "the scenarios hold 1 values not finite"),
        (np.array([[1.0, math.inf]]), {}, "the scenarios hold 1 values not finite"),
        (np.zeros((1, 2)), {"min_kwh": 50.0}, "min_kwh 50 and max_kwh 900 must rise within 100 to 900 kWh"),
        (np.zeros((1, 2)), {"min_kwh": 800.0, "max_kwh": 700.0}, "must rise within"),
        (np.zeros((1, 2)), {"energy_kwh": 99.0}, "energy_kwh is 99, outside 100 to 900 kWh"),
        (np.zeros((1, 2)), {"target_kwh": math.nan}, "target_kwh is nan"),
        (np.zeros((1, 2)), {"max_charge_kw": -1.0}, "max_charge_kw must be finite and at least 0"),
        (np.zeros((1, 2)), {"max_discharge_kw": np.zeros(3)}, "max_discharge_kw has shape (3,)"),
        (np.zeros((1, 2)), {"wear_per_mwh": -1.0}, "wear_per_mwh must be finite and not negative"),
        (np.zeros((1, 2)), {"floor_per_mwh": math.nan}, "floor_per_mwh is no number"),
    ],
)
def test_absurd_input_is_refused(scenarios, changes, told):
    with pytest.raises(ConfigError) as error:
        offer(scenarios, replace(DOCUMENT, **changes), hours=1.0, risk_tolerance=0.5, rules=ANY_SIZE)
    assert told in str(error.value)


def test_all_faults_come_together():
    with pytest.raises(ConfigError, match=r"3 fault\(s\).*risk_tolerance.*hours.*energy_kwh"):
        offer(scenarios_of(), replace(DOCUMENT, energy_kwh=0.0), hours=0.0, risk_tolerance=math.nan, rules=ANY_SIZE)
