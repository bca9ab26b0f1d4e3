import csv
import io
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Timer
from uuid import UUID

import pandas as pd
import pytest
from conftest import settings_of

from kpp_twin.errors import IncompleteError, QueryError
from kpp_twin.settings import Settings
from kpp_twin.store import adhoc
from kpp_twin.store.adhoc import QueryResult, as_csv, as_json, run_query

CANARY = "canary-7f3a"
ENDLESS = "SELECT count(*) FROM range(10_000_000) AS a, range(10_000_000) AS b"


@pytest.fixture(scope="module")
def published(filled_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A snapshot that only this module reads, without the live store beside it."""
    root = tmp_path_factory.mktemp("adhoc")
    (root / "home").mkdir()
    shutil.copyfile(settings_of(filled_template).snapshot_path, settings_of(root).snapshot_path)
    return settings_of(root)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with something to leak: files, a variable of the environment, one of Python."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KPP_TWIN_CANARY", CANARY)
    monkeypatch.setattr(adhoc, "frame_in_reach", pd.DataFrame({"name": [CANARY]}), raising=False)
    (tmp_path / "secret.csv").write_text(f"name,value\n{CANARY},1\n")
    pd.DataFrame({"name": [CANARY]}).to_parquet(tmp_path / "secret.parquet")
    return tmp_path


REFUSED = [
    "COPY price TO 'out.csv'",
    "COPY (SELECT 1) TO 'out.parquet' (FORMAT parquet)",
    "COPY price FROM 'secret.csv'",
    "COPY FROM DATABASE snapshot TO memory",
    "EXPORT DATABASE 'out'",
    "IMPORT DATABASE 'out'",
    "ATTACH 'out.duckdb' AS other",
    "ATTACH ':memory:' AS other",
    "DETACH snapshot",
    "USE temp",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD 'secret.csv'",
    "SET memory_limit = '64GB'",
    "SET threads = 64",
    "SET temp_directory = 'spill'",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "RESET memory_limit",
    "SET VARIABLE x = 1",
    "PRAGMA memory_limit = '64GB'",
    "PRAGMA enable_profiling = 'json'",
    "CREATE TABLE mine AS SELECT 1",
    "CREATE TEMP TABLE mine AS SELECT 1",
    "CREATE VIEW mine AS SELECT 1",
    "CREATE MACRO mine() AS 1",
    "CREATE SECRET mine (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "INSERT INTO cycle SELECT * FROM cycle",
    "WITH c AS (SELECT * FROM cycle) INSERT INTO cycle SELECT * FROM c",
    "UPDATE price SET price_per_mwh = 0",
    "DELETE FROM price",
    "TRUNCATE price",
    "MERGE INTO cycle USING cycle AS c ON false WHEN NOT MATCHED THEN INSERT",
    "DROP TABLE price",
    "ALTER TABLE price RENAME TO cheap",
    "COMMENT ON TABLE price IS 'mine'",
    "BEGIN",
    "CHECKPOINT",
    "VACUUM",
    "CALL enable_logging(storage = 'file', storage_path = 'logs')",
    "PREPARE mine AS SELECT 1",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY price TO 'out.csv'",
    "SELECT 1 /* ; */; DROP TABLE price",
    "EXPLAIN ANALYZE COPY price TO 'out.csv'",
    "EXPLAIN ANALYZE DELETE FROM price",
    "EXPLAIN ANALYZE EXPORT DATABASE 'out'",
    "SELECT * FROM read_text('secret.csv')",
    "SELECT * FROM read_blob('secret.csv')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM glob('*')",
    "SELECT * FROM read_parquet('secret.parquet')",
    "SELECT * FROM parquet_schema('secret.parquet')",
    "SELECT * FROM read_json('secret.csv')",
    "SELECT * FROM read_duckdb('other.duckdb')",
    "SELECT * FROM 'secret.csv'",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_csv('https://example.org/a.csv')",
    "SELECT * FROM frame_in_reach",
    "SELECT getenv('KPP_TWIN_CANARY')",
    "SELECT * FROM query_table('secret.csv')",
    "SELECT * FROM query('COPY price TO ''out.csv''')",
    "SELECT * FROM query('SELECT * FROM read_text(''secret.csv'')')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''secret.csv'')'))",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM which_secret('s3://a', 's3')",
    "SELECT * FROM pandas_scan(1)",
    "SELECT * FROM duckdb_extensions()",
    "SELECT $canary",
]
HARMLESS = [
    "SELECT * FROM enable_logging(storage = 'file', storage_path = 'logs')",
    "SELECT * FROM enable_logging(storage = 'file', storage_path = 'logs'), price",
    "SELECT * FROM enable_profiling(format = 'json', save_location = 'profile.json')",
    "SELECT * FROM enable_profiling(format = 'json', save_location = 'profile.json'), price",
    "SELECT * FROM checkpoint()",
    "SELECT write_log('x')",
    "SELECT * FROM duckdb_variables()",
    "SELECT * FROM duckdb_settings()",
    "EXPLAIN ANALYZE CREATE TEMP TABLE mine AS SELECT 1",
    "EXPLAIN ANALYZE SELECT * FROM price",
    "PRAGMA database_list",
]


@pytest.fixture
def nothing_happens(published: Settings, workplace: Path) -> Iterator[None]:
    """No file appears or changes, neither here nor beside the snapshot."""

    def files() -> dict[Path, bytes]:
        folders = (workplace, published.home)
        return {file: file.read_bytes() for folder in folders for file in folder.rglob("*") if file.is_file()}

    before = files()
    yield
    assert files() == before


@pytest.mark.usefixtures("nothing_happens")
@pytest.mark.parametrize("text", REFUSED)
def test_what_an_analyst_does_not_need_is_refused(published: Settings, text: str):
    with pytest.raises(QueryError) as caught:
        run_query(published, text)
    assert CANARY not in str(caught.value)
    assert "root:" not in str(caught.value)
    assert caught.value.fault
    assert caught.value.place.startswith("the query")
    assert caught.value.next_step


@pytest.mark.usefixtures("nothing_happens")
@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_let_through_does_nothing_and_leaks_nothing(published: Settings, text: str):
    assert CANARY not in repr(run_query(published, text).rows)
    assert run_query(published, "SELECT count(*) AS n FROM cycle").rows == [(4,)]


def test_the_limits_hold_inside_the_query(published: Settings):
    settings = dict(run_query(published, "SELECT name, value FROM duckdb_settings()").rows)
    expected = {
        **adhoc.HARDENED,
        "lock_configuration": "true",
        "memory_limit": "488.2 MiB",
        "max_temp_directory_size": "0 bytes",
    }
    assert {name: settings[name] for name in expected} == expected
    assert settings["TimeZone"] == "UTC"


def test_it_reads_the_snapshot_without_the_live_store(published: Settings):
    result = run_query(published, "SELECT kind, count(*) AS n FROM cycle GROUP BY kind ORDER BY kind")
    assert result == QueryResult(columns=("kind", "n"), rows=[("daily", 1), ("hourly", 3)])


@pytest.mark.parametrize(
    "text",
    [
        "FROM cycle",
        "VALUES (1)",
        "TABLE cycle",
        "SHOW TABLES",
        "DESCRIBE cycle",
        "SUMMARIZE price",
        "EXPLAIN SELECT 1",
        "WITH c AS (FROM cycle) SELECT * FROM c",
        "-- why\nSELECT 1;\n-- done",
        "PIVOT cycle ON kind IN ('daily') USING count(*)",
    ],
)
def test_other_ways_to_ask_are_allowed(published: Settings, text: str):
    assert run_query(published, text).rows


@pytest.mark.parametrize("text", ["", "  \n ;; ", "-- only a comment", "/* the same */"])
def test_a_text_without_a_statement_is_told(published: Settings, text: str):
    with pytest.raises(QueryError, match="there is no statement"):
        run_query(published, text)


@pytest.mark.parametrize("text", [ENDLESS, "SELECT a.range FROM range(10_000_000) AS a, range(10_000_000) AS b"])
def test_an_endless_query_is_stopped(published: Settings, text: str):
    began = time.monotonic()
    with pytest.raises(QueryError, match=r"longer than 0\.3 s") as caught:
        run_query(published, text, timeout_s=0.3)
    assert time.monotonic() - began < 5.0
    assert "EXPLAIN" in caught.value.next_step
    assert run_query(published, "SELECT 1 AS one").rows == [(1,)]


def test_ctrl_c_stops_the_query_at_once(published: Settings):
    timer = Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    began = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        run_query(published, ENDLESS)
    assert time.monotonic() - began < 5.0


def test_memory_is_capped_and_nothing_spills(published: Settings, nothing_happens: None):
    with pytest.raises(QueryError, match="more memory than 512MB") as caught:
        run_query(published, "SELECT list(range) FROM range(1_000_000_000)")
    assert "SET" not in str(caught.value)  # DuckDB's own advice is to change settings, which are locked


def test_an_answer_too_large_for_python_is_refused_whole(published: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(adhoc, "MAX_CELLS", 50_000)
    assert len(run_query(published, "SELECT range FROM range(50_000)").rows) == 50_000
    with pytest.raises(QueryError, match="more than 50,000 values"):
        run_query(published, "SELECT range, range + 1 FROM range(50_000)")


@pytest.mark.parametrize(
    ("text", "fault", "place", "next_step"),
    [
        (
            "SELECT *\nFROM price WHERE x y",
            'syntax error at or near "y"',
            "the query, line 2: FROM price WHERE x y",
            "correct",
        ),
        (
            "SELECT * FROM prices",
            'Table with name prices does not exist! Did you mean "price',
            "line 1",
            "kpp-twin dictionary",
        ),
        ("SELECT nope FROM price", 'Referenced column "nope" not found', "line 1", "kpp-twin dictionary"),
        ("SELECT 'x'::INTEGER", "Could not convert string 'x'", "line 1", "correct"),
        ("DROP TABLE price", "DROP is refused", "the query", "SELECT or EXPLAIN"),
        ("SELECT 1; SELECT 2", "2 statements (SELECT, SELECT)", "the query", "one by one"),
        ("PIVOT cycle ON kind USING count(*)", "2 statements", "the query", "ON kind IN ('daily', 'hourly')"),
        (
            "FROM read_text('secret.csv')",
            "file system operations are disabled",
            "the query",
            "only the snapshot can be read",
        ),
    ],
)
def test_an_error_names_fault_place_and_next_step(
    published: Settings, text: str, fault: str, place: str, next_step: str
):
    with pytest.raises(QueryError) as caught:
        run_query(published, text)
    assert fault in caught.value.fault
    assert "\n" not in str(caught.value)
    assert place in caught.value.place
    assert next_step in caught.value.next_step
    assert caught.value.exit_code == 1


def test_a_vanished_snapshot_is_incomplete(twin_settings: Settings):
    with pytest.raises(IncompleteError) as caught:
        run_query(twin_settings, "SELECT 1")
    assert caught.value.exit_code == 3


def test_names_that_occur_twice_are_told_apart(published: Settings):
    assert run_query(published, "SELECT 1 AS a, 2 AS a, 3 AS a_1, 4 AS b").columns == ("a", "a_1", "a_1_1", "b")


def test_text_of_all_scripts_comes_through(published: Settings):
    text = 'Größe "5 °C", 电力\n🦆'
    result = run_query(published, f"SELECT '{text}' AS \"Wärme, °C\"")
    assert list(csv.reader(io.StringIO(as_csv(result)))) == [["Wärme, °C"], [text]]
    assert json.loads(as_json(result)) == [{"Wärme, °C": text}]


VALUES = {
    "TIMESTAMPTZ '2024-03-10 01:30:00-06'": ("2024-03-10T07:30:00Z", "2024-03-10T07:30:00Z"),
    "TIMESTAMPTZ '2024-03-10 07:30:00+00' AT TIME ZONE 'America/Chicago'": (
        "2024-03-10T01:30:00",
        "2024-03-10T01:30:00",
    ),
    "DATE '2024-03-10'": ("2024-03-10", "2024-03-10"),
    "TIME '07:30:00'": ("07:30:00", "07:30:00"),
    "INTERVAL 90 MINUTES": ("1:30:00", "1:30:00"),
    "NULL": ("", None),
    "'NaN'::DOUBLE": ("nan", None),
    "'inf'::DOUBLE": ("inf", None),
    "1e-9::DOUBLE": ("1e-09", 1e-9),
    "0.1::DOUBLE + 0.2::DOUBLE": ("0.30000000000000004", 0.1 + 0.2),
    "12.50::DECIMAL(9, 2)": ("12.50", 12.5),
    "170141183460469231731687303715884105727::HUGEINT": ("170141183460469231731687303715884105727", 2**127 - 1),
    "true": ("true", True),
    "[1.5, NULL, 'nan'::DOUBLE]": ("[1.5, null, null]", [1.5, None, None]),
    "{'a': [true], 'b': DATE '2024-03-10'}": ('{"a": [true], "b": "2024-03-10"}', {"a": [True], "b": "2024-03-10"}),
    "'\\xAB\\x01'::BLOB": ("ab01", "ab01"),
    "UUID '12345678-1234-5678-1234-567812345678'": ("12345678-1234-5678-1234-567812345678",) * 2,
    "'=1+1'": ("=1+1", "=1+1"),
}


@pytest.mark.parametrize("expression", VALUES)
def test_values_as_csv_and_json(published: Settings, expression: str):
    result = run_query(published, f"SELECT {expression} AS value, 1 AS one")
    in_csv, in_json = VALUES[expression]
    assert as_csv(result).splitlines()[0] == "value,one"
    assert next(csv.DictReader(io.StringIO(as_csv(result)))) == {"value": in_csv, "one": "1"}
    assert json.loads(as_json(result)) == [{"value": in_json, "one": 1}]


def test_every_type_of_the_database_can_be_printed(published: Settings):
    result = run_query(published, "SELECT * EXCLUDE (timestamp_ns) FROM test_all_types()")
    assert (
        len(json.loads(as_json(result))) == len(result.rows) == len(list(csv.reader(io.StringIO(as_csv(result))))) - 1
    )


def test_a_table_round_trips_through_csv_and_json(published: Settings):
    result = run_query(published, "SELECT series, valid_from, price_per_mwh FROM out_price ORDER BY ALL")
    frame = pd.DataFrame(result.rows, columns=result.columns)
    for again in (pd.read_csv(io.StringIO(as_csv(result))), pd.DataFrame(json.loads(as_json(result)))):
        pd.testing.assert_series_equal(again["price_per_mwh"], frame["price_per_mwh"], check_exact=True)
        assert (pd.to_datetime(again["valid_from"]) == pd.to_datetime(frame["valid_from"], utc=True)).all()
        assert len(again) == len(frame) > 300


def test_an_empty_answer_still_has_its_header():
    empty = QueryResult(columns=("a", "b"), rows=[])
    assert as_csv(empty) == "a,b\n"
    assert json.loads(as_json(empty)) == []


def test_rows_made_by_hand_print_without_a_database():
    row = (
        datetime(2024, 3, 1, tzinfo=UTC),
        date(2024, 3, 1),
        timedelta(minutes=15),
        Decimal("NaN"),
        UUID(int=1),
        float("nan"),
    )
    result = QueryResult(columns=("t", "d", "w", "x", "u", "v"), rows=[row])
    assert json.loads(as_json(result)) == [
        {"t": "2024-03-01T00:00:00Z", "d": "2024-03-01", "w": "0:15:00", "x": None, "u": str(UUID(int=1)), "v": None}
    ]
