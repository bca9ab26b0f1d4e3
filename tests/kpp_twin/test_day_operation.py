from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kpp_twin.day_operation import AssetDay, BidCurve, BidStep, DayOperation, LedgerLine
from kpp_twin.timegrid import Array, TimeGrid

START = datetime(2024, 3, 16, 5, tzinfo=UTC)
HOURS = TimeGrid(start=START, step_minutes=60, n_steps=3)
MINUTES = TimeGrid(start=START, step_minutes=1, n_steps=180)
NOTHING = np.full(3, np.nan)


def asset(power_kw: Array, name: str = "battery") -> AssetDay:
    return AssetDay(
        asset=name,
        planned_kw=NOTHING,
        sold_kw=NOTHING,
        reserved_kw=NOTHING,
        power_kw=power_kw,
        energy_stored_kwh=np.arange(180.0),
    )


def operation(
    *assets: AssetDay, money: dict[str, Array] | None = None, capacity_kwh: float | None = 1000.0
) -> DayOperation:
    return DayOperation(
        hours=HOURS,
        minutes=MINUTES,
        price_series="HUB",
        load_series="SITE",
        assets=assets,
        frequency_hz=np.full(180, np.nan),
        nominal_hz=60.0,
        battery_capacity_kwh=capacity_kwh,
        battery=None,
        response_asked_kwh=NOTHING,
        response_delivered_kwh=NOTHING,
        money=money or {},
        currency="USD",
        ledger=tuple(
            LedgerLine(asset=name, entry=entry, energy_kwh=kwh, largest_residual_kwh=0.0)
            for name, entry, kwh in (("battery", "in", 3.0), ("battery", "out", -2.0), ("load", "in", 1.0))
        ),
        services=(),
        events=(),
        curves=(),
    )


def test_an_hour_with_a_missing_minute_has_no_mean():
    power_kw = np.repeat([10.0, 20.0, 30.0], 60)
    power_kw[:30] = 0.0
    power_kw[100] = np.nan
    one = asset(power_kw)
    np.testing.assert_array_equal(one.hourly_kw, [5.0, np.nan, 30.0])
    assert one.stored_at_end_kwh.tolist() == [59.0, 119.0, 179.0]
    assert operation(one).n_simulated == 2


def test_the_state_of_charge_needs_a_battery_and_its_capacity():
    battery = asset(np.zeros(180))
    assert operation(battery).state_of_charge[59] == pytest.approx(0.059)
    assert np.isnan(operation(battery, capacity_kwh=None).state_of_charge).all()
    assert np.isnan(operation(asset(np.zeros(180), "plant")).state_of_charge).all()


def test_the_net_is_of_settled_hours_only():
    day = operation(money={"energy": np.array([1.0, -3.0, np.nan]), "capacity": np.array([0.5, np.nan, np.nan])})
    np.testing.assert_array_equal(day.net, [1.5, -3.0, np.nan])
    assert (day.n_settled, day.net_amount) == (2, -1.5)
    assert day.money_by_service == {"energy": -2.0, "capacity": 0.5}


def test_curves_are_summed_by_market_and_asset():
    def curve(market: str, hour: int, *steps: tuple[float, bool | None], sold_kw: float | None) -> BidCurve:
        return BidCurve(
            market=market,
            asset="battery",
            valid_from=START + timedelta(hours=hour),
            steps=tuple(BidStep(price_per_mwh=40.0, quantity_kw=kw, is_accepted=accepted) for kw, accepted in steps),
            sold_kw=sold_kw,
        )

    curves = (
        curve("day_ahead", 0, (100.0, True), (200.0, False), sold_kw=100.0),
        curve("day_ahead", 1, (-150.0, True), sold_kw=-150.0),
        curve("day_ahead", 2, (300.0, None), sold_kw=None),
        curve("PFR", 0, (100.0, True), sold_kw=100.0),
    )
    reserve, energy = replace(operation(), curves=curves).bids
    assert (reserve.market, reserve.n_bids, reserve.n_accepted, reserve.position_kwh) == ("PFR", 1, 1, 100.0)
    assert (energy.market, energy.n_bids, energy.n_accepted, energy.position_kwh) == ("day_ahead", 4, 2, -50.0)


def test_a_day_of_nothing_is_empty_and_not_an_error():
    day = operation()
    assert (day.n_simulated, day.n_settled, day.net_amount) == (0, 0, 0.0)
    assert day.asset("battery") is None


def test_a_ledger_that_does_not_close_shows_its_residual():
    assert operation().residual_kwh == {"battery": 1.0, "load": 1.0}
