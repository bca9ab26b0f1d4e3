import json
from dataclasses import replace
from datetime import timedelta

import duckdb
import pandas as pd
import pytest
from conftest import DATA_START, FILLED_SLOTS, HOURLY
from operation_by_hand import operation_of

from kpp_twin.operation import MarketLook, Operation
from kpp_twin.settings import Settings
from kpp_twin.store.commit import insert
from kpp_twin.store.connection import open_live
from kpp_twin.store.migrate import migrate
from kpp_twin.store.operation_frames import operation_frames
from kpp_twin.store.queries import query

OF_AN_HOUR = {
    "battery_hour",
    "energy_ledger",
    "market_look",
    "schedule",
    "service_performance",
    "service_request",
    "settlement_line",
    "simulation_hour",
    "simulation_minute",
}


def test_an_empty_operation_writes_nothing():
    assert operation_frames(Operation(), FILLED_SLOTS[0].as_of) == {}


def test_columns_are_those_of_the_tables(filled: Settings):
    """Rows go in by name: a column that the frame does not bring would be null, or take its default."""
    written_by_the_store = {"cycle_number", "recorded_at"}
    with duckdb.connect() as connection:
        migrate(connection)
        columns = connection.execute("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal").df()
    with open_live(filled) as connection:
        for table in sorted(OF_AN_HOUR | {"bid", "site"}):
            of_table = set(columns.loc[columns["table_name"] == table, "column_name"]) - written_by_the_store
            rows = connection.execute(f"SELECT * FROM {table}").to_arrow_table().to_pandas()
            assert len(rows), table
            never_null = of_table - {
                *("energy_stored_kwh", "frequency_hz", "voltage_pu", "reactive_power_kvar"),
                *("uptime", "response_time_s", "accuracy", "performance_score"),
            }
            assert not rows[sorted(never_null)].isna().any().any(), table


def test_every_hourly_cycle_writes_its_hour(filled: Settings):
    with open_live(filled) as connection:
        counts = [
            json.loads(text)
            for (text,) in connection.execute(
                "SELECT row_counts FROM cycle WHERE kind = 'hourly' ORDER BY cycle_number"
            ).fetchall()
        ]
        minutes = (
            connection.execute("SELECT asset, valid_from FROM simulation_minute ORDER BY asset, valid_from")
            .to_arrow_table()
            .to_pandas()
        )
    assert all(set(count) >= OF_AN_HOUR for count in counts)
    assert {count["simulation_minute"] for count in counts} == {240}
    assert {count["simulation_hour"] for count in counts} == {4}
    assert {count["battery_hour"] for count in counts} == {1}
    first = FILLED_SLOTS[1].as_of.replace(minute=0) - timedelta(hours=1)
    expected = pd.date_range(first, periods=60 * len(counts), freq="min")
    for _, part in minutes.groupby("asset"):
        assert part["valid_from"].to_list() == expected.to_list()


@pytest.mark.parametrize(
    ("asset", "column", "is_there"),
    [
        ("battery", "energy_stored_kwh", True),
        ("plant", "energy_stored_kwh", True),
        ("load", "energy_stored_kwh", False),
        ("battery", "frequency_hz", True),
        ("load", "voltage_pu", False),
    ],
)
def test_only_what_an_asset_has_is_stored(filled: Settings, asset: str, column: str, is_there: bool):
    with open_live(filled) as connection:
        ((found, rows),) = connection.execute(
            f"SELECT count({column}), count(*) FROM simulation_minute WHERE asset = ?", [asset]
        ).fetchall()
    assert rows > 0
    assert found == (rows if is_there else 0)


def looks_of(first: dict[MarketLook, int], second: dict[MarketLook, int], third: dict[MarketLook, int]) -> Operation:
    """Three hours by hand, and what the looks at the market in each came to."""
    made = operation_of(DATA_START, 3)
    pairs = zip(made.hours, (first, second, third), strict=True)
    return replace(made, hours=tuple(replace(hour, market_looks=looks) for hour, looks in pairs))


def test_looks_at_the_market_are_kept_by_hour_and_outcome():
    made = looks_of({"price_unknown": 3, "kept": 8}, {}, {"imbalance": 11})
    rows = operation_frames(made, HOURLY[0].as_of)["market_look"]
    assert rows[["outcome", "looks"]].to_numpy().tolist() == [["price_unknown", 3], ["kept", 8], ["imbalance", 11]]
    assert rows["valid_from"].to_list() == [DATA_START, DATA_START, DATA_START + timedelta(hours=2)]
    assert set(rows["known_at"]) == {HOURLY[0].as_of}


def test_hours_without_a_look_at_the_market_write_none():
    assert "market_look" not in operation_frames(operation_of(DATA_START, 3), HOURLY[0].as_of)


def test_looks_at_the_market_stand_beside_the_imbalance_of_their_hours(filled: Settings):
    """As simulated last: the third hour is simulated again, and no look is taken."""
    tables = ["battery_hour", "settlement_line"]
    looked = looks_of({"kept": 11}, {"price_came": 1, "kept": 9, "imbalance": 1}, {"imbalance": 11})
    first = operation_frames(looked, HOURLY[0].as_of)
    again = operation_frames(operation_of(DATA_START + timedelta(hours=2), 1), HOURLY[1].as_of)
    with open_live(filled) as connection:
        connection.execute("DELETE FROM market_look; DELETE FROM battery_hour; DELETE FROM settlement_line")
        insert(connection, {table: first[table] for table in [*tables, "market_look"]}, 2)
        insert(connection, {table: again[table] for table in tables}, 3)
        shares = "SELECT outcome, is_revision, share_of_looks FROM out_market_look ORDER BY valid_from, outcome"
        assert connection.execute(shares).fetchall() == [
            ("kept", False, 1.0),
            ("imbalance", True, pytest.approx(1 / 11)),
            ("kept", False, pytest.approx(9 / 11)),
            ("price_came", True, pytest.approx(1 / 11)),
        ]
        assert connection.execute(query("market_looks_by_day", "analysis")).fetchall() == [
            (DATA_START.date(), 2, 1, 22, 0, 1, 1, 10.0, 10.0)
        ]
