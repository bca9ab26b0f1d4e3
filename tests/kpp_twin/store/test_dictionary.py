import re

import duckdb
import pytest

from kpp_twin.settings import Settings
from kpp_twin.store.connection import Connection
from kpp_twin.store.dictionary import Entry, dictionary
from kpp_twin.store.migrate import migrate
from kpp_twin.store.queries import names
from kpp_twin.store.snapshot import open_snapshot


@pytest.fixture
def migrated() -> Connection:
    connection = duckdb.connect()
    migrate(connection)
    return connection


def test_every_table_view_and_column_is_there_with_its_meaning(migrated: Connection):
    entries = dictionary(migrated)
    columns = migrated.execute("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal").fetchall()
    assert sorted((e.table, e.column) for e in entries if e.column) == sorted(columns)
    assert {e.table for e in entries if not e.column} == {table for table, _ in columns}
    assert {e.table for e in entries if e.type == "view"} == set(names("views"))
    assert [e for e in entries if not e.meaning] == []


def test_every_comment_of_a_column_ends_in_its_unit(migrated: Connection):
    comments = migrated.execute(
        "SELECT table_name || '.' || column_name, coalesce(comment, '') FROM duckdb_columns() WHERE NOT internal"
    ).fetchall()
    assert len(comments) > 100
    assert [name for name, comment in comments if not re.search(r"\S \[[^\[\]]+\]$", comment)] == []


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("_kw", "kW"),
        ("_kwh", "kWh"),
        ("_hz", "Hz"),
        ("_c", "°C"),
        ("_hours", "h"),
        ("_per_mwh", "currency/MWh"),
        ("_at", "UTC"),
    ],
)
def test_the_unit_agrees_with_the_name(migrated: Connection, name: str, unit: str):
    units = {e.unit for e in dictionary(migrated) if e.column.endswith(name)}
    assert units == {unit}


def test_an_entry_splits_unit_and_meaning(migrated: Connection):
    migrated.execute("CREATE TABLE made_up (a_kw DOUBLE, b INTEGER)")
    migrated.execute("COMMENT ON COLUMN made_up.a_kw IS 'Power [of it], mean [kW]'")
    assert [e for e in dictionary(migrated) if e.table == "made_up"] == [
        Entry(table="made_up", column="", type="table", unit="", meaning=""),
        Entry(table="made_up", column="a_kw", type="DOUBLE", unit="kW", meaning="Power [of it], mean"),
        Entry(table="made_up", column="b", type="INTEGER", unit="", meaning=""),
    ]


def test_views_come_first_and_columns_in_their_order(migrated: Connection):
    entries = dictionary(migrated)
    tables = list(dict.fromkeys(e.table for e in entries))
    assert tables == sorted(tables, key=lambda table: (not table.startswith("out_"), table))
    assert [e.column for e in entries if e.table == "out_price"][:3] == ["", "series", "valid_from"]


def test_it_can_be_read_from_the_published_snapshot(filled: Settings, migrated: Connection):
    with open_snapshot(filled) as connection:
        assert dictionary(connection) == dictionary(migrated)
