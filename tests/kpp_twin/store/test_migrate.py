import hashlib
import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from operation_by_hand import operation_of

from kpp_twin.errors import StoreError
from kpp_twin.settings import Settings
from kpp_twin.store import journal
from kpp_twin.store.commit import LATER_COLUMNS, digest_of, insert
from kpp_twin.store.connection import open_live
from kpp_twin.store.history import committed_cycles
from kpp_twin.store.migrate import migrate
from kpp_twin.store.operation_frames import operation_frames
from kpp_twin.store.queries import names, query
from kpp_twin.store.recovery import recover, repair
from kpp_twin.store.verify import verify

MigrateBefore = Callable[[duckdb.DuckDBPyConnection, str], None]


@pytest.fixture
def migrate_before(monkeypatch: pytest.MonkeyPatch) -> MigrateBefore:
    """Bring a database to the schema that there was before a migration."""

    def only_earlier(connection: duckdb.DuckDBPyConnection, migration: str) -> None:
        earlier = tuple(name for name in names("migrations") if name < migration)
        with monkeypatch.context() as patch:
            patch.setattr("kpp_twin.store.migrate.names", lambda folder: earlier if folder == "migrations" else ())
            migrate(connection)

    return only_earlier


def schema(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    return connection.execute(
        "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() WHERE NOT internal ORDER BY ALL"
    ).fetchall()


def test_migrating_twice_changes_nothing():
    with duckdb.connect() as connection:
        assert migrate(connection) == names("migrations")
        before = schema(connection)
        assert migrate(connection) == ()
        assert schema(connection) == before


@pytest.mark.parametrize("first", names("migrations")[1:])
def test_migrating_from_each_version_ends_in_the_same_schema(first: str, migrate_before: MigrateBefore):
    with duckdb.connect() as whole, duckdb.connect() as stepwise:
        migrate(whole)
        migrate_before(stepwise, first)
        assert migrate(stepwise) == tuple(name for name in names("migrations") if name >= first)
        assert schema(stepwise) == schema(whole)


def test_rows_from_before_settlements_had_revisions_keep_their_digests(migrate_before: MigrateBefore):
    """So `verify` and `repair` still know a history of that version."""
    as_of = datetime(2024, 3, 17, 5, tzinfo=UTC)
    frames = operation_frames(operation_of(as_of - timedelta(days=1), 4), as_of)
    with duckdb.connect() as connection:
        migrate_before(connection, "0008")
        insert(connection, frames, 1)
        before = digest_of(connection, frames, 1, "", "hourly")
        assert migrate(connection)[0] == "0008_market"
        assert digest_of(connection, frames, 1, "", "hourly") == before


# Of tables that no version had written into before they were added.
ADDED_TO_EMPTY_TABLES = {
    ("settlement_line", "asset"),
    ("simulation_minute", "voltage_pu"),
    ("simulation_minute", "reactive_power_kvar"),
}


def test_digests_know_of_every_column_that_came_later():
    added = {
        column
        for name in names("migrations")
        for column in re.findall(r"ALTER TABLE (\w+) ADD COLUMN (\w+)", query(name, "migrations"))
    }
    later = {(table, column) for table, columns in LATER_COLUMNS.items() for column in columns}
    assert added == later | ADDED_TO_EMPTY_TABLES


DIGEST_OF_0_4_0 = """
SELECT count(*), coalesce(sum(md5_number_lower(r::VARCHAR)::HUGEINT), 0)::VARCHAR
FROM (SELECT * EXCLUDE (recorded_at, cycle_number) FROM query_table($table) WHERE cycle_number = $number) AS r
"""


@pytest.fixture
def of_0_4_0(filled: Settings, migrate_before: MigrateBefore) -> Settings:
    """The filled history as version 0.4.0 would have left it: in its schema, with its digests, published."""
    present = filled.store_path.rename(filled.store_path.with_suffix(".present"))
    with duckdb.connect(filled.store_path) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        migrate_before(connection, "0007")
        tables = {table for (table,) in connection.execute(query("history_tables")).fetchall()}
        connection.execute(f"ATTACH '{present}' AS present (READ_ONLY)")
        for table in tables:
            columns = "* EXCLUDE (tier, reason)" if table == "forecast" else "*"
            connection.execute(f"INSERT INTO {table} BY NAME SELECT {columns} FROM present.{table}")
        connection.execute("DETACH present")
        before = ""
        for number, entry in committed_cycles(connection).items():
            counts, text = {}, f"{before}\n{entry.cycle_id}\n"
            for table in sorted(tables & set(entry.row_counts)):
                ((counts[table], digest),) = connection.execute(
                    DIGEST_OF_0_4_0, {"table": table, "number": number}
                ).fetchall()
                text += f"{table} {counts[table]} {digest}\n"
            digest = hashlib.sha256(text.encode()).hexdigest()
            connection.execute(
                "UPDATE cycle SET software_version = '0.4.0', row_counts = ?, digest = ?, predecessor_digest = ? "
                "WHERE cycle_number = ?",
                [json.dumps(counts), digest, before, number],
            )
            before = digest
        journal.rewrite(filled.journal_path, list(committed_cycles(connection).values()))
    shutil.copyfile(filled.store_path, filled.snapshot_path)
    return filled


def broken(settings: Settings) -> list[str]:
    return [finding.invariant for finding in verify(settings) if not finding.holds]


def test_a_history_from_before_forecasts_had_tiers_stays_whole(of_0_4_0: Settings):
    found = recover(of_0_4_0)
    assert (found.lost, found.repairs) == ((), ())
    assert broken(of_0_4_0) == []
    assert repair(of_0_4_0) == ()
    with open_live(of_0_4_0) as connection:
        assert connection.execute("SELECT DISTINCT tier, reason FROM forecast").fetchall() == [("served", "")]


def test_a_changed_row_from_before_forecasts_had_tiers_is_noticed(of_0_4_0: Settings):
    with open_live(of_0_4_0) as connection:
        connection.execute("UPDATE forecast SET forecast_value = forecast_value + 1e-9 WHERE cycle_number = 2")
    assert broken(of_0_4_0) == ["I7"]


def test_a_damaged_store_comes_back_from_a_snapshot_of_before_forecasts_had_tiers(of_0_4_0: Settings):
    of_0_4_0.store_path.write_bytes(bytes(4096) + of_0_4_0.store_path.read_bytes()[4096:])
    assert "restored from the snapshot" in repair(of_0_4_0)[0]
    assert broken(of_0_4_0) == []


def test_a_failing_migration_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch):
    broken = {"0001_cycles": "CREATE TABLE half (a INTEGER); SELECT nonsense;"}
    with duckdb.connect() as connection:
        with monkeypatch.context() as patch:
            patch.setattr(
                "kpp_twin.store.migrate.names", lambda folder: ("0001_cycles",) if folder == "migrations" else ()
            )
            patch.setattr("kpp_twin.store.migrate.query", lambda name, folder: broken[name])
            with pytest.raises(duckdb.Error):
                migrate(connection)
        assert [row[0] for row in schema(connection)] == ["schema_migration"] * 3
        assert migrate(connection) == names("migrations")


def test_a_newer_database_is_refused():
    with duckdb.connect() as connection:
        migrate(connection)
        connection.execute("INSERT INTO schema_migration (name, sha256) VALUES ('9999_future', 'x')")
        with pytest.raises(StoreError, match=r"schema 9999_future; this version knows.*Next: update kpp-twin"):
            migrate(connection)


def test_an_edited_migration_is_refused():
    with duckdb.connect() as connection:
        migrate(connection)
        connection.execute("UPDATE schema_migration SET sha256 = 'x' WHERE name = '0002_market'")
        with pytest.raises(StoreError, match=r"0002_market was edited.*Next: restore"):
            migrate(connection)
