"""A replay sees what was known then, and nothing else: whatever is known later, however absurd, moves no byte of it."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from kpp_twin.quality.parsing import fingerprints
from kpp_twin.records import slot_of
from kpp_twin.replay import replay
from kpp_twin.store.connection import Connection, open_live
from kpp_twin.store.kept import kept_delivery
from kpp_twin.store.queries import query
from tests.conftest import IS_FULL, made_up_frames, write_csv
from tests.faults.conftest import AFTER_NEXT, NEXT_ID, Twin

DAILY_ID = "daily-2024-03-15T14:30Z"
RETRAIN_ID = "retrain-2024-03-15T18:15Z"
POISONED = [DAILY_ID, NEXT_ID, *(["hourly-2024-03-15T16:15Z", RETRAIN_ID] if IS_FULL else [])]
NEXT_DAILY = "daily-2024-04-16T14:30Z"
TRAINED = ("daily-2024-04-15T14:30Z", "promote-2024-04-15T14:31Z", "hourly-2024-04-15T15:15Z", NEXT_DAILY)
# What a cycle computes from besides the data: weights, and what members said of days since.
LEARNT = {"hourly-2024-04-15T15:15Z": "model_weights", NEXT_DAILY: "member_forecast"}
LATER = ("1 microsecond", "1 hour", "100 days")
ABSURD = {"DOUBLE": "-987654.0", "DOUBLE[]": "[7.0, -7.0]"}
MILD = {"DOUBLE": "1.1 * {column}", "DOUBLE[]": "list_transform({column}, lambda x: 1.1 * x)"}
POISONED_AT = "TIMESTAMPTZ '1970-01-01 00:00:00+00'"
FROM_NOTHING = {"VARCHAR": "'poison'", "INTEGER": "1", "INTEGER[]": "[1]", "BOOLEAN": "false", **ABSURD}


@pytest.fixture(scope="module")
def lived(prepared: dict[str, Twin], tmp_path_factory: pytest.TempPathFactory) -> Twin:
    """A twin with cycles of each kind and a row in quarantine, whose source is gone."""
    twin = prepared["noon"].copy(tmp_path_factory.mktemp("lived"))
    with (twin.data / "load.csv").open("a") as stream:
        stream.write("SITE,2024-03-15T16:07:00Z,512\n")
    assert twin.run(*AFTER_NEXT).code == 0
    assert twin.run("run", "retrain", "--as-of", "2024-03-15T18:15Z").code == 0
    shutil.rmtree(twin.data)
    return twin


@pytest.fixture
def copy(lived: Twin, tmp_path: Path) -> Twin:
    return lived.copy(tmp_path / "copy")


def test_every_cycle_replays_identically_from_the_snapshot_alone(copy: Twin) -> None:
    shutil.rmtree(copy.home / "store")
    ended = copy.run("replay", "all")
    assert ended.code == 0, ended
    lines = ended.stdout.splitlines()
    assert len(lines) == 7
    assert {line.partition("-")[0] for line in lines} == {"daily", "hourly", "retrain"}
    assert all(": identical " in line for line in lines)


@pytest.mark.parametrize("cycle_id", POISONED)
def test_rows_known_later_than_as_of_move_nothing(cycle_id: str, copy: Twin) -> None:
    """Each history table gets absurd rows that became known a moment, an hour and long after, by whatever cycle."""
    number, as_of = _place_of(copy, cycle_id)
    with open_live(copy.settings) as connection:
        tables = _history_tables(connection)
        for later, by_cycle in product(LATER, (1, number - 1, number + 1)):
            for table in tables:
                _poison(connection, table, as_of + pd.Timedelta(later), by_cycle, ABSURD)
            _quarantine_what_came(copy, connection, cycle_id, as_of + pd.Timedelta(later), by_cycle)
        assert min(_count(connection, table) for table in tables) >= len(LATER) * 3
        assert replay(copy.settings, connection, cycle_id).is_identical


@pytest.mark.parametrize("cycle_id", POISONED if IS_FULL else [NEXT_ID])
def test_rows_of_later_cycles_move_nothing_whatever_they_claim_to_have_known(cycle_id: str, copy: Twin) -> None:
    number, as_of = _place_of(copy, cycle_id)
    with open_live(copy.settings) as connection:
        for table in _history_tables(connection):
            _poison(connection, table, as_of - pd.Timedelta("1 hour"), number + 1, ABSURD)
        _quarantine_what_came(copy, connection, cycle_id, as_of - pd.Timedelta("1 hour"), number + 1)
        assert replay(copy.settings, connection, cycle_id).is_identical


@pytest.mark.parametrize(
    ("table", "cycle_id", "before"),
    [
        ("site_load", NEXT_ID, "0h"),
        ("bid", NEXT_ID, "0h"),
        ("schedule", NEXT_ID, "2h"),  # a plan counts from the next hour on
        ("price", DAILY_ID, "0h"),
        ("forecast", DAILY_ID, "0h"),
    ],
)
def test_a_row_known_by_as_of_does_move_the_replay(table: str, cycle_id: str, before: str, copy: Twin) -> None:
    """Control: the tests above could fail."""
    number, as_of = _place_of(copy, cycle_id)
    with open_live(copy.settings) as connection:
        _poison(connection, table, as_of - pd.Timedelta(before), number - 1, MILD)
        assert not replay(copy.settings, connection, cycle_id).is_identical


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Twin:
    """A twin with enough history for an ensemble: it is trained, promoted, and forecasts with its weights."""
    twin = Twin(root=tmp_path_factory.mktemp("trained"))
    twin.data.mkdir()
    for name, frame in made_up_frames(days=50).items():
        write_csv(frame, twin.data / f"{name}.csv")
    daily, promotion, hourly, next_daily = map(slot_of, TRAINED)
    twin.run_here(daily)
    ((version,),) = twin.ask("SELECT DISTINCT model_version FROM model_weights WHERE model_version LIKE 'load%'")
    twin.run_here(replace(promotion, subject=str(version)))
    twin.run_here(hourly)
    twin.run_here(next_daily)
    return twin


@pytest.mark.parametrize("cycle_id", TRAINED)
def test_what_was_learnt_later_moves_no_forecast_and_what_was_learnt_in_time_does(
    cycle_id: str, trained: Twin, tmp_path: Path
) -> None:
    twin = trained.copy(tmp_path / "copy")
    learnt = LEARNT.get(cycle_id)
    ((cycle_id,),) = twin.ask(f"SELECT cycle_id FROM cycle WHERE starts_with(cycle_id, '{cycle_id}')")
    number, as_of = _place_of(twin, cycle_id)
    with open_live(twin.settings) as connection:
        assert _count(connection, "model_weights") > 0
        for table in _history_tables(connection):
            _poison(connection, table, as_of + pd.Timedelta("1 microsecond"), number - 1, ABSURD)
            _poison(connection, table, as_of - pd.Timedelta("1 hour"), number + 1, ABSURD)
        assert replay(twin.settings, connection, cycle_id).is_identical
        if learnt is not None:
            assert _count(connection, learnt) > 0
            _poison(connection, learnt, as_of, number - 1, MILD)
            assert not replay(twin.settings, connection, cycle_id).is_identical


def test_a_row_quarantined_by_as_of_does_move_the_replay(copy: Twin) -> None:
    number, as_of = _place_of(copy, NEXT_ID)
    with open_live(copy.settings) as connection:
        _quarantine_what_came(copy, connection, NEXT_ID, as_of, number - 1)
        assert not replay(copy.settings, connection, NEXT_ID).is_identical


def _place_of(twin: Twin, cycle_id: str) -> tuple[int, pd.Timestamp]:
    ((number,),) = twin.ask(f"SELECT cycle_number FROM cycle WHERE cycle_id = '{cycle_id}'")
    return int(str(number)), pd.Timestamp(slot_of(cycle_id).as_of)


def _history_tables(connection: Connection) -> list[str]:
    return [table for (table,) in connection.execute(query("history_tables")).fetchall()]


def _count(connection: Connection, table: str) -> int:
    return connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]


def _poison(
    connection: Connection, table: str, moment: pd.Timestamp, cycle_number: int, values: Mapping[str, str]
) -> None:
    """Copy every true row of a table with other values, as known at a moment by a cycle; make one if there is none."""
    text = "SELECT column_name, data_type FROM duckdb_columns() WHERE NOT internal AND table_name = ?"
    types = dict(connection.execute(text, [table]).fetchall())
    stamp, mark = f"TIMESTAMPTZ '{moment.isoformat()}'", _count(connection, table)
    chosen = {name: values[kind].format(column=name) for name, kind in types.items() if kind in values}
    chosen |= {"known_at": stamp, "issued_at": stamp, "as_of": stamp, "method": "'naive_weekly'"}
    chosen["recorded_at"] = POISONED_AT
    chosen["cycle_number"] = str(cycle_number)
    if table == "cycle":  # each cycle once; the poison comes after all the true ones
        chosen |= {"cycle_id": f"cycle_id || '-{mark}'", "cycle_number": f"cycle_number + 1000 * {mark}"}
    if table == "model_version":
        chosen["model_version"] = f"model_version || '-{mark}'"
    given = ", ".join(f"{value} AS {name}" for name, value in chosen.items() if name in types)
    true_rows = f"FROM {table} WHERE recorded_at != {POISONED_AT}"
    connection.execute(f"INSERT INTO {table} BY NAME SELECT * REPLACE ({given}) {true_rows}")
    if connection.execute(f"SELECT count(*) {true_rows}").fetchone() == (0,):
        rest = {name: FROM_NOTHING.get(kind, stamp) for name, kind in types.items() if name not in chosen}
        made = ", ".join([given, *(f"{value} AS {name}" for name, value in rest.items())])
        connection.execute(f"INSERT INTO {table} BY NAME SELECT {made}")


def _quarantine_what_came(
    twin: Twin, connection: Connection, cycle_id: str, moment: pd.Timestamp, cycle_number: int
) -> None:
    """Let the very rows that the cycle took in stand in quarantine: it would pass them over if it knew."""
    for feed in twin.settings.feeds:
        delivery = kept_delivery(twin.settings.kept_path, slot_of(cycle_id), feed)
        if delivery is None:
            continue
        for mark in fingerprints(delivery, pd.Series("", index=delivery.rows.index)):
            connection.execute(
                "INSERT INTO quarantine (feed, reason, origin, raw, fingerprint, known_at, cycle_number) "
                "VALUES (?, 'poison', '', '', ?, ?, ?)",
                [feed.name, mark, moment.to_pydatetime(), cycle_number],
            )
