import json
from datetime import timedelta

import duckdb
import pandas as pd
import pytest
from conftest import FILLED_SLOTS

from kpp_twin.operation import Operation
from kpp_twin.settings import Settings
from kpp_twin.store.connection import open_live
from kpp_twin.store.migrate import migrate
from kpp_twin.store.operation_frames import operation_frames

OF_AN_HOUR = {
    "battery_hour",
    "energy_ledger",
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
