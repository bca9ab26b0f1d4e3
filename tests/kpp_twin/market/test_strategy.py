"""The optimizer of the public API: strategies, their risk, and what it refuses."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kpp_twin.errors import ConfigError
from kpp_twin.market.strategy import BiddingStrategy, EconomicOptimizer
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


def optimizer_of(risk_tolerance=0.2, **forecast):
    config = ECONOMIC_CONFIG | {"risk_tolerance": risk_tolerance}
    return EconomicOptimizer.from_config(config, forecast_of(**forecast))


def test_the_example_of_the_design_document():
    strategy = optimizer_of().optimize_strategy(available_capacity=100.0, time_horizon=timedelta(hours=24))
    assert isinstance(strategy, BiddingStrategy)
    assert strategy.plan.grid.n_steps == 24
    power = strategy.plan.setpoint_kw["battery"]
    assert np.abs(power).max() == 100.0
    assert strategy.bids
    assert all(abs(bid.quantity_kw) <= 100 + 1e-6 for bid in strategy.bids)
    assert {bid.valid_from for bid in strategy.bids} <= set(strategy.plan.grid.index.to_pydatetime())
    assert strategy.expected_revenue > 0
    assert strategy.risk_aversion == pytest.approx(0.8)
    assert strategy.energy_kwh[[0, -1]] == pytest.approx([500, 500])


def test_the_defaults_are_those_of_the_example():
    assert optimizer_of().optimize_strategy().expected_revenue == pytest.approx(
        optimizer_of().optimize_strategy(100.0, timedelta(hours=24)).expected_revenue
    )


def test_revenue_is_that_of_the_plan_less_wear():
    strategy = optimizer_of().optimize_strategy(500.0)
    power = strategy.plan.setpoint_kw["battery"]
    by_hand = (power * DAY).sum() / 1000 - power[power > 0].sum() * 20 / 1000
    assert strategy.expected_revenue == pytest.approx(by_hand)


def test_nothing_stored_is_sold_below_the_threshold():
    strategy = optimizer_of().optimize_strategy(500.0)
    assert np.all(DAY[strategy.plan.setpoint_kw["battery"] > 1e-6] >= 50)
    assert all(bid.price_per_mwh >= 50 for bid in strategy.bids if bid.quantity_kw > 0)
    assert optimizer_of(values=DAY - 60).optimize_strategy(500.0).bids == ()


def test_less_tolerance_expects_less_and_risks_less():
    found = [optimizer_of(risk, spread=30.0).optimize_strategy(500.0) for risk in (0.0, 0.5, 1.0)]
    revenues = [strategy.expected_revenue for strategy in found]
    risks = [strategy.conditional_value_at_risk for strategy in found]
    assert revenues == sorted(revenues)
    assert revenues[0] < revenues[-1]
    assert risks[0] <= risks[-1]


def test_the_worst_outcome_is_what_is_at_risk():
    """Of 19 outcomes alike in weight the worst is more than a twentieth."""
    strategy = optimizer_of(1.0).optimize_strategy(500.0)
    power = strategy.plan.setpoint_kw["battery"]
    worst_price = DAY - np.sign(power) * 4.0
    wear = power[power > 0].sum() * 20 / 1000
    assert strategy.conditional_value_at_risk == pytest.approx(wear - (power * worst_price).sum() / 1000)


def test_more_capacity_never_earns_less():
    revenues = [optimizer_of(1.0).optimize_strategy(kw).expected_revenue for kw in (0, 100, 300, 500, 5000)]
    assert revenues[0] == 0
    assert np.all(np.diff(revenues) >= -1e-6)
    assert revenues[-1] == revenues[-2]  # the battery gives 500 kW


def test_quarter_hours_are_steps_too():
    strategy = optimizer_of(values=np.repeat(DAY, 4), step_minutes=15).optimize_strategy(500.0)
    assert strategy.plan.grid.n_steps == 96
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
