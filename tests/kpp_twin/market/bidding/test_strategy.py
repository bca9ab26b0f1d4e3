"""The optimizer of the public API: strategies, their risk, and what it refuses."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kpp_twin.errors import ConfigError
from kpp_twin.market.bidding.curves import BidRules
from kpp_twin.market.bidding.offers import accepted_kw
from kpp_twin.market.bidding.reserve_offers import ReserveTerms
from kpp_twin.market.bidding.strategy import BiddingStrategy, EconomicOptimizer
from kpp_twin.market.rules.products import product_named
from kpp_twin.records import Forecast
from kpp_twin.site import load_site
from kpp_twin.timegrid import TimeGrid

START = datetime(2021, 10, 14, 5, tzinfo=UTC)
ECONOMIC_CONFIG = {
    "market_update_interval": 300,
    "min_bid_size": 100.0,
    "price_threshold": 50.0,
    "risk_tolerance": 0.2,
}
DAY = 60 + 40 * np.sin(np.arange(24) / 24 * 2 * np.pi - 2)


def forecast_of(values=DAY, spread=2.0, step_minutes=60):
    values = np.array(values, dtype=float)
    return Forecast(
        variable="price",
        series="HB_HOUSTON",
        grid=TimeGrid(start=START, step_minutes=step_minutes, n_steps=len(values)),
        issued_at=START - timedelta(hours=15),
        model_version="test",
        values=values,
        quantiles=values[:, None] + spread * np.linspace(-2, 2, 19),
        tier="ensemble",
    )


def optimizer_of(risk_tolerance=0.2, min_bid_size=100.0, site=None, **forecast):
    config = ECONOMIC_CONFIG | {"risk_tolerance": risk_tolerance, "min_bid_size": min_bid_size}
    return EconomicOptimizer.from_config(config, forecast_of(**forecast), site=site)


def test_the_example_of_the_design_document():
    strategy = optimizer_of().optimize_strategy(available_capacity=100.0, time_horizon=timedelta(hours=24))
    assert isinstance(strategy, BiddingStrategy)
    assert strategy.plan.grid.n_steps == 24
    power = strategy.plan.setpoint_kw["battery"]
    assert np.abs(power).max() == 100.0
    assert strategy.bids
    assert {abs(bid.quantity_kw) for bid in strategy.bids} == {100.0}
    assert {bid.valid_from for bid in strategy.bids} <= set(strategy.plan.grid.index.to_pydatetime())
    assert strategy.expected_revenue > 0
    assert strategy.risk_aversion == pytest.approx(0.8)
    assert strategy.energy_kwh[0] == 500
    assert strategy.energy_kwh[-1] == pytest.approx(500, abs=110)  # by the energy of the smallest bid at most


def test_the_defaults_are_those_of_the_example():
    assert optimizer_of().optimize_strategy().bids == optimizer_of().optimize_strategy(100.0, timedelta(hours=24)).bids


def test_any_size_ends_at_the_target_in_the_mean():
    strategy = optimizer_of(min_bid_size=0.0).optimize_strategy(500.0)
    power = np.array(strategy.scenario_kw)
    change = np.where(power > 0, power / 0.95, power * 0.95).sum(axis=1)
    assert change.mean() == pytest.approx(0.0, abs=1e-6)


def test_revenue_is_that_of_the_scenarios_less_wear():
    strategy = optimizer_of(min_bid_size=0.0, spread=0.0).optimize_strategy(500.0)
    power, price = strategy.scenario_kw, strategy.scenarios_per_mwh
    by_hand = (power * price).sum(axis=1) / 1000 - np.maximum(power, 0).sum(axis=1) * 20 / 1000
    assert strategy.revenue == pytest.approx(by_hand, abs=1e-3)
    assert strategy.expected_revenue == pytest.approx(by_hand.mean(), abs=1e-3)
    assert strategy.conditional_value_at_risk == pytest.approx(-by_hand.min(), abs=1e-3)


def test_the_bids_trade_the_scenarios_when_they_come():
    strategy = optimizer_of(spread=20.0).optimize_strategy(500.0)
    assert accepted_kw(strategy.bids, strategy.plan.grid, strategy.scenarios_per_mwh) == pytest.approx(
        strategy.scenario_kw
    )


def test_the_plan_is_what_the_expected_prices_accept():
    strategy = optimizer_of().optimize_strategy(500.0)
    assert accepted_kw(strategy.bids, strategy.plan.grid, DAY[None])[0] == pytest.approx(
        strategy.plan.setpoint_kw["battery"]
    )


def test_nothing_stored_is_sold_below_the_threshold():
    strategy = optimizer_of().optimize_strategy(500.0)
    assert np.all(DAY[strategy.plan.setpoint_kw["battery"] > 1e-6] >= 50)
    assert all(bid.price_per_mwh >= 50 for bid in strategy.bids if bid.quantity_kw > 0)
    low = optimizer_of(values=DAY - 60).optimize_strategy(500.0)
    assert low.bids == ()
    assert "no sale is bid: no scenario reaches the price threshold of 50 per MWh" in low.notes


def test_less_tolerance_expects_less_and_risks_less():
    found = [optimizer_of(risk, 0.0, spread=30.0).optimize_strategy(500.0) for risk in (0.0, 0.5, 1.0)]
    revenues = [strategy.expected_revenue for strategy in found]
    risks = [strategy.conditional_value_at_risk for strategy in found]
    assert np.all(np.diff(revenues) >= -1e-3)
    assert revenues[0] < revenues[-1]
    assert np.all(np.diff(risks) >= -1e-3)


def test_more_capacity_never_earns_less():
    revenues = [optimizer_of(1.0, 0.0).optimize_strategy(kw).expected_revenue for kw in (0, 100, 300, 400, 5000)]
    assert revenues[0] == 0
    assert np.all(np.diff(revenues) >= -1e-6)
    assert revenues[-1] == revenues[-2]  # the battery gives 500 kW, of which 100 kW are sold as frequency response


def test_what_is_reserved_is_not_bid():
    """By default the site's frequency response: 100 kW for a quarter of an hour, either way."""
    strategy = optimizer_of(1.0, 0.0).optimize_strategy(500.0)
    assert np.abs(strategy.scenario_kw).max() == pytest.approx(400.0)
    assert strategy.energy_kwh.min() >= 100 + 25 / 0.95 - 1e-6
    assert strategy.energy_kwh.max() <= 900 - 25 * 0.95 + 1e-6
    assert set(strategy.plan.reserved_up_kw) == {100.0}
    assert "100 kW up and 100 kW down are reserved" in strategy.notes[0]
    free = EconomicOptimizer(load_site(), forecast_of(), reserved_up_kw=0.0, reserved_down_kw=0.0)
    strategy = free.optimize_strategy(500.0)
    assert np.abs(strategy.scenario_kw).max() == pytest.approx(500.0)
    assert strategy.notes == ()


def test_too_little_capacity_for_the_smallest_bid_is_said():
    strategy = optimizer_of().optimize_strategy(99.0)
    assert strategy.bids == ()
    assert "no purchase is bid: 99 kW are less than the smallest bid" in strategy.notes


def test_a_spread_below_losses_and_wear_is_not_traded():
    strategy = optimizer_of(values=np.full(24, 60.0)).optimize_strategy(500.0)
    assert strategy.bids == ()
    assert strategy.notes[1:] == (
        "no sale is bid: it would not pay for losses and wear",
        "no purchase is bid: it would not pay for losses and wear",
    )


def test_scenarios_that_are_given_are_used():
    scenarios = DAY + np.array([[-5.0], [5.0]])
    optimizer = EconomicOptimizer(load_site(), forecast_of(), scenarios_per_mwh=scenarios)
    assert optimizer.optimize_strategy().scenarios_per_mwh == pytest.approx(scenarios, abs=0.01)
    short = optimizer.optimize_strategy(time_horizon=timedelta(hours=6))
    assert short.scenarios_per_mwh.shape == (2, 6)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scenarios_per_mwh": DAY}, "the scenarios have shape (24,); (n_scenarios, 24) is meant"),
        ({"scenarios_per_mwh": np.zeros((3, 23))}, "the scenarios have shape (3, 23)"),
        ({"scenarios_per_mwh": np.zeros((0, 24))}, "the scenarios have shape (0, 24)"),
        ({"scenarios_per_mwh": np.full((3, 24), math.nan)}, "the scenarios must be finite"),
        ({"reserved_up_kw": 501.0}, "reserved_up_kw is 501.0; the battery has 500 kW"),
        ({"reserved_down_kw": -1.0}, "reserved_down_kw is -1.0"),
        ({"reserved_down_kw": math.nan}, "reserved_down_kw is nan"),
        ({"reserved_up_kw": -1.0, "scenarios_per_mwh": DAY}, "2 fault(s)"),
    ],
)
def test_reserves_and_scenarios_that_cannot_be_are_refused(changes, told):
    with pytest.raises(ConfigError) as error:
        EconomicOptimizer(load_site(), forecast_of(), **changes)
    assert told in str(error.value)


def test_reserve_is_bid_by_the_terms_of_its_product():
    day = START.date()
    product = product_named("FCR", day)
    start = START + timedelta(hours=1)
    terms = ReserveTerms(
        name="FCR",
        directions=("up", "down"),
        duration_h=0.25,
        blocks=((start, start + timedelta(hours=4)),),
        rules=product.rules(day),
    )
    bids, notes = optimizer_of().optimize_reserve(terms, 500.0)
    assert bids == ()
    assert "can hold at most 400 kW for 0.25 h, the smallest bid is 1000 kW" in notes[0]
    bids, notes = optimizer_of().optimize_reserve(replace(terms, rules=BidRules(minimum_kw=100.0)), 500.0)
    assert [bid.quantity_kw for bid in bids] == [100, 200, 300, 400]
    assert notes == ()


def test_quarter_hours_are_steps_too():
    strategy = optimizer_of(values=np.repeat(DAY, 4), step_minutes=15).optimize_strategy(500.0)
    assert strategy.plan.grid.n_steps == 96
    assert strategy.bids
    assert {bid.duration_minutes for bid in strategy.bids} == {15}


@pytest.mark.parametrize(
    ("capacity", "horizon", "told"),
    [
        (-1.0, timedelta(hours=24), "available_capacity must be finite and not negative; it is -1.0 kW"),
        (math.nan, timedelta(hours=24), "available_capacity must be finite"),
        (math.inf, timedelta(hours=24), "available_capacity must be finite"),
        ("100", timedelta(hours=24), "available_capacity must be a number of kW, not '100'"),
        (None, timedelta(hours=24), "available_capacity must be a number"),
        (True, timedelta(hours=24), "available_capacity must be a number"),
        (100.0, timedelta(0), "time_horizon must be a whole number of 60 minutes; it is 0:00:00"),
        (100.0, timedelta(hours=-1), "time_horizon must be a whole number"),
        (100.0, timedelta(minutes=90), "time_horizon must be a whole number of 60 minutes; it is 1:30:00"),
        (100.0, timedelta(hours=25), "time_horizon is 1 day, 1:00:00; the price forecast holds 1 day"),
        (100.0, 24, "time_horizon must be a timedelta, not 24"),
    ],
)
def test_bad_arguments_are_refused(capacity, horizon, told):
    with pytest.raises(ConfigError) as error:
        optimizer_of().optimize_strategy(available_capacity=capacity, time_horizon=horizon)
    assert told in str(error.value)
    assert "[optimize_strategy]. Next: " in str(error.value)


def test_all_faults_come_together():
    with pytest.raises(ConfigError, match=r"2 fault\(s\).*available_capacity.*time_horizon"):
        optimizer_of().optimize_strategy(available_capacity=-1.0, time_horizon=timedelta(0))


def test_a_forecast_with_gaps_is_refused():
    values = DAY.copy()
    values[5] = math.nan
    with pytest.raises(ConfigError, match="gaps within the time_horizon"):
        optimizer_of(values=values).optimize_strategy()
    assert optimizer_of(values=values).optimize_strategy(time_horizon=timedelta(hours=5)).plan.grid.n_steps == 5


@pytest.mark.parametrize("energy_kwh", [99.0, 901.0, math.nan])
def test_energy_outside_the_battery_is_refused(energy_kwh):
    with pytest.raises(ConfigError, match="energy_kwh is"):
        EconomicOptimizer(load_site(), forecast_of(), energy_kwh=energy_kwh)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"risk_tolerance": 1.5}, "risk_tolerance"),
        ({"risk_tolerance": "low"}, "risk_tolerance"),
        ({"min_bid_size": -1.0}, "min_bid_size"),
        ({"market_update_interval": 0}, "market_update_interval"),
        ({"price_threshold": math.nan}, "price_threshold"),
        ({"min_bid": 100.0}, "min_bid"),
    ],
)
def test_a_bad_configuration_is_refused(config, told):
    with pytest.raises(ConfigError) as error:
        EconomicOptimizer.from_config(ECONOMIC_CONFIG | config, forecast_of())
    assert told in str(error.value)


def test_the_configuration_reaches_the_strategy():
    optimizer = EconomicOptimizer.from_config(ECONOMIC_CONFIG | {"min_bid_size": 600.0}, forecast_of())
    assert optimizer.optimize_strategy(500.0).bids == ()
    assert EconomicOptimizer(load_site(), forecast_of()).optimize_strategy(500.0).bids
