import duckdb
import pytest

from kpp_twin.errors import StoreError
from kpp_twin.store.migrate import migrate
from kpp_twin.store.queries import names


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


@pytest.mark.parametrize("upto", range(1, len(names("migrations"))))
def test_migrating_from_each_version_ends_in_the_same_schema(upto: int, monkeypatch: pytest.MonkeyPatch):
    with duckdb.connect() as whole, duckdb.connect() as stepwise:
        migrate(whole)
        only = names("migrations")[:upto]
        with monkeypatch.context() as patch:
            patch.setattr("kpp_twin.store.migrate.names", lambda folder: only if folder == "migrations" else ())
            migrate(stepwise)
        assert migrate(stepwise) == names("migrations")[upto:]
        assert schema(stepwise) == schema(whole)


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
