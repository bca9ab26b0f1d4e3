from datetime import UTC, datetime

import numpy as np
import pytest

from kpp_twin.day_operation import AssetDay, DayOperation, LedgerLine
from kpp_twin.timegrid import Array, TimeGrid

START = datetime(2024, 3, 16, 5, tzinfo=UTC)
HOURS = TimeGrid(start=START, step_minutes=60, n_steps=3)
MINUTES = TimeGrid(start=START, step_minutes=1, n_steps=180)
NOTHING = np.full(3, np.nan)


def asset(power_kw: Array, name: str = "battery") -> AssetDay:
    return AssetDay(
        asset=name, planned_kw=NOTHING, sold_kw=NOTHING, power_kw=power_kw, energy_stored_kwh=np.arange(180.0)
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
        bids=(),
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


def test_a_day_of_nothing_is_empty_and_not_an_error():
    day = operation()
    assert (day.n_simulated, day.n_settled, day.net_amount) == (0, 0, 0.0)
    assert day.asset("battery") is None


def test_a_ledger_that_does_not_close_shows_its_residual():
    assert operation().residual_kwh == {"battery": 1.0, "load": 1.0}
