"""A day by hand in a database of its own, read back as records."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd
import pytest
from operation_by_hand import HOUR, NET_EVEN, NET_ODD, operation_of

from kpp_twin.day_operation import DayOperation
from kpp_twin.store.commit import insert
from kpp_twin.store.connection import Connection
from kpp_twin.store.migrate import migrate
from kpp_twin.store.operation_frames import operation_frames
from kpp_twin.store.reporting_operation import read_operation, read_servings
from kpp_twin.timegrid import local_day_bounds

CHICAGO = ZoneInfo("America/Chicago")
DAY = date(2024, 3, 16)
START, STOP = local_day_bounds(DAY, CHICAGO)
N_SIMULATED = 20


def fill(connection: Connection, start: datetime, n_hours: int, n_simulated: int, number: int = 1) -> None:
    """A day of operation, prices of 45 known for all but its last hour, and a metered load of 500 kW."""
    as_of = start + timedelta(days=1)
    insert(connection, operation_frames(operation_of(start, n_hours, n_simulated=n_simulated), as_of), number)
    common = {"known_at": start, "source": "", "flags": ""}
    prices = [{"valid_from": start + n * HOUR, "price_per_mwh": 45.0, **common} for n in range(n_hours - 1)]
    loads = [{"valid_from": start + n * HOUR / 4, "load_kw": 500.0, **common} for n in range(4 * n_hours)]
    frames = {
        "price": pd.DataFrame(prices).assign(series="HB_HOUSTON", duration_minutes=60, currency="USD"),
        "site_load": pd.DataFrame(loads).assign(series="SITE", duration_minutes=15),
    }
    insert(connection, frames, number)


@pytest.fixture(scope="module")
def made_once() -> Iterator[Connection]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        migrate(connection)
        yield connection


@pytest.fixture
def empty(made_once: Connection) -> Iterator[Connection]:
    """A database without rows, to be filled by the test."""
    made_once.begin()
    yield made_once
    made_once.rollback()


def read(connection: Connection, day: date = DAY, through_cycle: int = 9) -> DayOperation:
    _, stop = local_day_bounds(day, CHICAGO)
    found = read_operation(connection, day, CHICAGO, as_of=stop + 24 * HOUR, through_cycle=through_cycle)
    assert found is not None
    return found


@pytest.fixture
def operation(empty: Connection) -> DayOperation:
    fill(empty, START, 24, N_SIMULATED)
    return read(empty)


def test_plan_position_and_flow_of_each_asset(operation: DayOperation):
    assert [asset.asset for asset in operation.assets] == ["battery", "plant", "load", "site"]
    battery, plant = operation.asset("battery"), operation.asset("plant")
    assert battery.planned_kw.tolist() == [-100.0, 90.0] * 12
    np.testing.assert_array_equal(battery.sold_kw, [*([0.0, 45.0] * 11), 0.0, np.nan])  # buys at 20, sells at 40
    np.testing.assert_array_equal(battery.hourly_kw, [*([-100.0, 90.0] * 10), *[np.nan] * 4])
    assert np.isnan(plant.sold_kw).all()
    np.testing.assert_array_equal(operation.asset("site").sold_kw[[0, 1, -1]], [-500.0, -455.0, np.nan])
    assert (operation.n_simulated, operation.n_settled) == (N_SIMULATED, N_SIMULATED)


def test_state_of_charge_and_frequency_by_the_minute(operation: DayOperation):
    health = 1 - 1e-5 * N_SIMULATED
    assert operation.battery_capacity_kwh == pytest.approx(1000.0 * health)
    assert operation.state_of_charge[[59, 119]] == pytest.approx(np.array([0.595, 0.5005]) / health)
    assert np.isnan(operation.state_of_charge[60 * N_SIMULATED :]).all()
    assert operation.frequency_hz[[0, 60]].tolist() == [60.0, 60.01]
    assert operation.nominal_hz == 60.0


def test_money_is_summed_over_assets_and_the_net_over_services(operation: DayOperation):
    assert operation.money["energy"][:2].tolist() == pytest.approx([-24.0, -16.4])
    assert operation.net[:2].tolist() == pytest.approx([NET_EVEN, NET_ODD])
    assert operation.net_amount == pytest.approx(10 * (NET_EVEN + NET_ODD))
    assert operation.currency == "USD"


def test_the_ledger_of_the_day_closes(operation: DayOperation):
    entries = {(line.asset, line.entry): line.energy_kwh for line in operation.ledger}
    assert entries["battery", "in"] == 1000.0
    assert entries["battery", "charge_loss"] == -50.0
    assert entries["load", "consumed"] == -(18 * 500.0 + 2 * 400.0)
    assert operation.residual_kwh == pytest.approx({"battery": 0.0, "load": 0.0})
    assert [line.entry for line in operation.ledger if line.asset == "battery"] == [
        *("in", "out", "charge_loss", "discharge_loss"),
        "store_change",
    ]


def test_a_broken_hour_shows_even_where_the_day_closes(empty: Connection):
    fill(empty, START, 24, N_SIMULATED)
    for hour, kwh in ((0, 7.0), (2, -7.0)):
        change = "UPDATE energy_ledger SET energy_kwh = energy_kwh + ?"
        empty.execute(f"{change} WHERE entry = 'in' AND asset = 'load' AND valid_from = ?", [kwh, START + hour * HOUR])
    operation = read(empty)
    assert operation.residual_kwh["load"] == pytest.approx(0.0)
    assert {line.largest_residual_kwh for line in operation.ledger if line.asset == "load"} == {7.0}


def test_services_bids_and_curtailments(operation: DayOperation):
    (service,) = operation.services
    assert (service.n_requests, service.n_cut, service.n_hours) == (24, 1, N_SIMULATED)
    assert service.granted == pytest.approx((23 * 100 + 60) / 24)
    assert service.uptime == pytest.approx((60 * 0.5 + 19 * 100) / (60 + 19 * 100))
    assert operation.response_delivered_kwh[:2].tolist() == [1.8, 1.8]
    bids = {line.asset: line for line in operation.bids}
    assert (bids["battery"].n_bids, bids["battery"].n_accepted, bids["battery"].position_kwh) == (48, 11, 495.0)
    assert (bids["load"].n_accepted, bids["load"].position_kwh) == (23, -11500.0)
    (event,) = operation.events
    assert (event.start, event.stop) == (START + 2 * HOUR, START + 4 * HOUR)
    assert event.reduced_kwh == pytest.approx(200.0)


def test_the_battery_of_the_day(operation: DayOperation):
    battery = operation.battery
    assert (battery.product, battery.performance_score, battery.mileage) == ("PFR", pytest.approx(0.9), 40.0)
    assert (battery.state_of_health, battery.equivalent_full_cycles) == pytest.approx((1 - 2e-4, 1.0))
    assert (battery.endurance_violation_s, battery.flag_s) == (1800.0, {"missing": 60.0})


def test_a_day_that_is_only_planned(empty: Connection):
    fill(empty, START, 24, 0)
    operation = read(empty)
    assert (operation.n_simulated, operation.n_settled, operation.money, operation.ledger) == (0, 0, {}, ())
    assert (operation.battery, operation.battery_capacity_kwh) == (None, 1000.0)
    assert operation.asset("site").planned_kw[0] == -540.0
    assert operation.events[0].reduced_kwh is None


def test_what_later_cycles_wrote_is_not_known_yet(empty: Connection):
    fill(empty, START, 24, 2)
    insert(empty, {"settlement_line": operation_frames(operation_of(START, 3), STOP)["settlement_line"]}, 2)
    assert read(empty, through_cycle=1).n_settled == 2
    assert read(empty, through_cycle=2).n_settled == 3


def test_a_day_without_operation_is_none(empty: Connection):
    assert read_operation(empty, DAY, CHICAGO, as_of=STOP, through_cycle=9) is None
    fill(empty, START - timedelta(days=7), 24, 24)
    assert read_operation(empty, DAY, CHICAGO, as_of=STOP, through_cycle=9) is None


def test_a_snapshot_from_before_there_were_stations_tells_of_none():
    with duckdb.connect() as old:
        assert read_operation(old, DAY, CHICAGO, as_of=STOP, through_cycle=9) is None
        assert read_servings(old, START, STOP, 9) == ()


@pytest.mark.parametrize(("day", "n_hours"), [(date(2024, 3, 10), 23), (date(2024, 11, 3), 25)], ids=["23 h", "25 h"])
def test_a_day_on_which_clocks_change_is_whole(empty: Connection, day: date, n_hours: int):
    start, _ = local_day_bounds(day, CHICAGO)
    fill(empty, start - HOUR, n_hours + 2, n_hours + 2)
    operation = read(empty, day)
    assert (operation.n_simulated, operation.n_settled) == (n_hours, n_hours)
    assert operation.minutes.n_steps == 60 * n_hours


def test_servings_of_the_day_are_those_that_held_on_it(empty: Connection):
    moments = {
        "before": START - 30 * HOUR,
        "until": START,
        "kept": START - HOUR,
        "changed": START + HOUR,
        "after": STOP,
    }
    rows = [
        {"series": "A", "model_version": "old", "known_at": moments["before"]},
        {"series": "A", "model_version": "kept", "known_at": moments["kept"]},
        {"series": "A", "model_version": "changed", "known_at": moments["changed"]},
        {"series": "A", "model_version": "after", "known_at": moments["after"]},
        {"series": "B", "model_version": "ended", "known_at": moments["before"]},
        {"series": "B", "model_version": "begun", "known_at": moments["until"]},
    ]
    insert(empty, {"model_serving": pd.DataFrame(rows).assign(variable="load", chosen_by="refit")}, 1)
    assert [line.model_version for line in read_servings(empty, START, STOP, 1)] == ["kept", "changed", "begun"]
