"""Damaged files are noticed, told in words, and mended; what was lost runs again from what was kept."""

import json
import re
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import duckdb
import numpy as np
import pytest

from kpp_twin.store.queries import query
from kpp_twin.store.recovery import recover
from tests.conftest import IS_FULL
from tests.faults.conftest import (
    AFTER_NEXT,
    AFTER_NEXT_ID,
    HERE,
    N_CYCLES_AT_NOON,
    NEXT,
    NEXT_ID,
    Hash,
    Twin,
    assert_told,
    assert_whole,
    snapshot_cycles,
)

KINDS = ("truncated", "flipped", "zeroed")
SEEDS = range(20 if IS_FULL else 1)
SHARES = list(np.random.default_rng(5).uniform(0, 1, 20)) if IS_FULL else [0.765]
WAL, DATABASE = "store/twin.duckdb.wal", "store/twin.duckdb"
ZEROED_BYTES = {WAL: 64, DATABASE: 4096}


def spoil(path: Path, kind: str, position: int, width: int = 64) -> None:
    """Damage a file at a byte."""
    content = bytearray(path.read_bytes())
    if kind == "truncated":
        del content[position:]
    elif kind == "flipped":
        content[position] ^= 16
    else:
        content[position : position + width] = bytes(len(content[position : position + width]))
    path.write_bytes(content)


@pytest.fixture(scope="module")
def after_crash(prepared: dict[str, Twin], tmp_path_factory: pytest.TempPathFactory) -> Twin:
    """A twin that died with its last committed cycle only in the write-ahead log, and noted in the journal."""
    twin = prepared["noon"].copy(tmp_path_factory.mktemp("crashed"))
    assert twin.run(*NEXT, crash_at="after_journal").code == -signal.SIGKILL
    assert (twin.home / WAL).stat().st_size > 1000
    return twin


@pytest.fixture
def crashed(after_crash: Twin, tmp_path: Path) -> Twin:
    return after_crash.copy(tmp_path / "crashed")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_write_ahead_log_costs_nothing(
    kind: str, seed: int, crashed: Twin, clean: Callable[..., Hash]
) -> None:
    wal = crashed.home / WAL
    original, rows = wal.read_bytes(), _every_row(crashed)
    position = int(np.random.default_rng([seed, KINDS.index(kind)]).integers(len(original)))
    spoil(wal, kind, position)
    shutil.rmtree(crashed.data)  # what is lost comes from the kept deliveries, not from the source
    ended = crashed.run(*NEXT)
    assert ended.code == 0, ended
    if f"missing from the database and will run again: {NEXT_ID}" not in ended.stderr:
        assert kind == "zeroed"
        assert _every_row(crashed) == rows, "zeros where zeros were, or under a null, may pass; nothing else may"
    assert_whole(crashed, clean("noon", NEXT))


def _every_row(twin: Twin) -> dict[str, list[tuple[object, ...]]]:
    """Count and digest of each table, the wall-clock column included; reading leaves the log as it is."""
    with duckdb.connect(twin.home / DATABASE, read_only=True) as connection:
        tables = [table for (table,) in connection.execute(query("history_tables")).fetchall()]
        text = "SELECT count(*), sum(hash(r::VARCHAR)) FROM {} AS r"
        return {table: connection.execute(text.format(table)).fetchall() for table in tables}


def test_recovery_cuts_the_log_at_the_damage_keeps_the_original_and_names_what_is_lost(crashed: Twin) -> None:
    wal = crashed.home / WAL
    original = wal.read_bytes()
    _spoil_until_noticed(crashed)
    found = recover(crashed.settings)
    assert [entry.cycle_id for entry in found.lost] == [NEXT_ID]
    assert re.search(r"cut there; the original is twin\.duckdb\.wal\.damaged-1", found.repairs[0])
    assert NEXT_ID in found.repairs[1]
    assert len(wal.with_name(wal.name + ".damaged-1").read_bytes()) == len(original)
    assert any(line.startswith("I1: ") and NEXT_ID in line for line in crashed.broken())


def test_damage_that_leaves_the_checksums_as_they_were_is_noticed(crashed: Twin, clean: Callable[..., Hash]) -> None:
    """Words that vanish in equal pairs cancel out in the checksum of a log entry."""
    wal = crashed.home / WAL
    original = wal.read_bytes()
    runs = (n for n in range(0, len(original) - 72, 7) if any(original[n : n + 8]) and _repeats(original[n : n + 72]))
    assert any(_passes_unnoticed(crashed, original, position) for position in runs)
    shutil.rmtree(crashed.data)
    ended = crashed.run(*NEXT)
    assert ended.code == 0, ended
    assert "altered rows and was put aside as twin.duckdb.wal.damaged-1" in ended.stderr
    assert f"missing from the database and will run again: {NEXT_ID}" in ended.stderr
    assert_whole(crashed, clean("noon", NEXT))


def _repeats(content: bytes) -> bool:
    return content[:-8] == content[8:]


def _passes_unnoticed(twin: Twin, original: bytes, position: int) -> bool:
    """Leave the log with 64 zero bytes there; whether DuckDB still reads the cycle from it."""
    (twin.home / WAL).write_bytes(original)
    spoil(twin.home / WAL, "zeroed", position)
    with suppress(duckdb.IOException), duckdb.connect(twin.home / DATABASE, read_only=True) as connection:
        return connection.execute("SELECT 1 FROM cycle WHERE cycle_id = ?", [NEXT_ID]).fetchall() != []
    return False


def _spoil_until_noticed(twin: Twin) -> None:
    """Zero 64 bytes of the log somewhere behind its middle where DuckDB notices."""
    original = (twin.home / WAL).read_bytes()
    for position in range(len(original) // 2, len(original), 64):
        (twin.home / WAL).write_bytes(original)
        spoil(twin.home / WAL, "zeroed", position)
        try:
            duckdb.connect(twin.home / DATABASE, read_only=True).close()
        except duckdb.IOException:
            return
    raise AssertionError("no damage was noticed")


def test_a_run_without_as_of_mends_the_log_as_well(crashed: Twin) -> None:
    """To know the newest cycle, the store is opened before anything else is done."""
    _spoil_until_noticed(crashed)
    ended = crashed.with_variables(REPLAY="true").run("run", "retrain")
    assert ended.code == 0, ended
    assert NEXT_ID in ended.stderr
    assert crashed.broken() == []


@pytest.mark.parametrize("point", ["after_commit", "before_journal"])
def test_a_cycle_lost_before_it_was_noted_runs_again(
    point: str, noon: Twin, clean: Callable[..., Hash], tmp_path: Path
) -> None:
    assert noon.run(*NEXT, crash_at=point).code == -signal.SIGKILL
    spoil(noon.home / WAL, "truncated", 100)
    shutil.rmtree(noon.data)
    assert noon.run(*NEXT).code == 0
    assert_whole(noon, clean("noon", NEXT))


def test_every_cycle_that_an_older_database_lacks_runs_again_in_order(noon: Twin, clean: Callable[..., Hash]) -> None:
    old = (noon.home / DATABASE).read_bytes()
    assert noon.run(*AFTER_NEXT).code == 0
    (noon.home / DATABASE).write_bytes(old)
    shutil.rmtree(noon.data)
    ended = noon.run(*AFTER_NEXT)
    assert ended.code == 0, ended
    assert f"2 committed cycle(s) are missing from the database and will run again: {NEXT_ID}, {AFTER_NEXT_ID}" in (
        ended.stderr
    )
    assert_whole(noon, clean("noon", AFTER_NEXT))


def test_a_damaged_kept_delivery_is_named_and_its_rows_come_from_the_source(
    crashed: Twin, clean: Callable[..., Hash]
) -> None:
    (crashed.home / WAL).unlink()
    (kept,) = crashed.home.glob(f"kept/*/{NEXT_ID.replace(':', '')}")
    spoil(kept / "load.parquet", "truncated", 200)
    assert_told(crashed.run(*NEXT), 1, "a kept delivery is damaged", "load.parquet", "remove the folder of that cycle")
    shutil.rmtree(kept)
    assert crashed.run(*NEXT).code == 0
    assert_whole(crashed, clean("noon", NEXT))


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_database_is_refused_and_repair_brings_it_back(
    kind: str, share: float, noon: Twin, clean: Callable[..., Hash]
) -> None:
    database = noon.home / DATABASE
    spoil(database, kind, int(share * database.stat().st_size), ZEROED_BYTES[DATABASE])
    impatient = noon.with_variables(LOCK_TIMEOUT_S="1.5")
    ended = impatient.run(*NEXT)
    if ended.code != 0:
        assert_told(ended, 1, "kpp-twin repair")
        assert len(snapshot_cycles(noon)) == N_CYCLES_AT_NOON, "the snapshot from before must stay, to repair from"
    if ended.code != 0 or impatient.run("verify").code != 0:
        mended = impatient.run("repair")
        assert mended.code == 0, mended
        assert "restored from the snapshot; the original is twin.duckdb.damaged-1" in mended.stdout
        assert impatient.run(*NEXT).code == 0
    assert_whole(noon, clean("noon", NEXT))


def test_repair_passes_over_a_damaged_snapshot(noon: Twin) -> None:
    before = noon.hash()
    assert noon.run("publish").code == 0  # now there is one before
    for file in (noon.home / DATABASE, noon.settings.snapshot_path):
        spoil(file, "truncated", file.stat().st_size // 3)
    mended = noon.run("repair")
    assert mended.code == 0, mended
    assert noon.run(*HERE).code == 0
    assert_whole(noon, before)


def test_repair_without_any_snapshot_says_that_it_cannot(noon: Twin) -> None:
    for snapshot in noon.home.glob("snapshot.*"):
        snapshot.unlink()
    spoil(noon.home / DATABASE, "truncated", 100_000)
    ended = noon.run("repair")
    assert_told(ended, 1, "twin.duckdb", "move it aside")
    assert not list(noon.home.glob("store/*.damaged-*"))


@pytest.mark.parametrize(("schema", "says"), [("9999_future", "9999_future"), ("0001_cycles", "was edited")])
def test_repair_leaves_a_database_alone_that_is_only_of_another_schema(schema: str, says: str, noon: Twin) -> None:
    noon.ask(f"INSERT OR REPLACE INTO schema_migration (name, sha256) VALUES ('{schema}', 'another')")
    before = (noon.home / DATABASE).read_bytes()
    assert_told(noon.run("repair"), 1, says)
    assert (noon.home / DATABASE).read_bytes() == before


def _with_line(index: int, **changes: object) -> Callable[[str], str]:
    def spoiled(text: str) -> str:
        lines = text.splitlines()
        lines[index] = json.dumps({**json.loads(lines[index]), **changes}, sort_keys=True)
        return "\n".join(lines) + "\n"

    return spoiled


JOURNALS = {
    "torn_tail": lambda text: text[:-40],
    "last_line_lost": lambda text: text.rsplit("\n", 2)[0] + "\n",
    "empty": lambda text: "",
    "garbage_in_the_middle": lambda text: text.replace('{"cycle_id', "\x00\x01\x02", 2).replace("\x00", "{", 1),
    "middle_line_lost": lambda text: "".join(line for n, line in enumerate(text.splitlines(keepends=True)) if n != 1),
    "garbage_at_the_end": lambda text: text + "\x00" * 300,
    "no_objects": lambda text: "5\nnull\n" + text,
    "digest_altered": _with_line(1, digest="0" * 64),
    "last_digest_altered": _with_line(-1, digest="0" * 64),
    "row_counts_altered": _with_line(2, row_counts={}),
    "number_altered": _with_line(3, cycle_number=9),
    "number_no_number": _with_line(3, cycle_number="nine"),
}


@pytest.mark.parametrize("kind", JOURNALS if IS_FULL else list(JOURNALS)[::2])
def test_a_damaged_journal_is_completed_or_repaired(kind: str, noon: Twin) -> None:
    before, journal = noon.hash(), noon.settings.journal_path
    journal.write_text(JOURNALS[kind](journal.read_text()))
    ended = noon.run(*HERE)
    if ended.code != 0:
        assert_told(ended, 1, "cycles.log", "kpp-twin repair")
        mended = noon.run("repair")
        assert mended.code == 0, mended
        assert noon.run(*HERE).code == 0
    assert_whole(noon, before)
    numbers = [json.loads(line)["cycle_number"] for line in journal.read_text().splitlines()]
    assert numbers == [1, 2, 3, 4]


def test_a_deleted_journal_is_written_anew(noon: Twin) -> None:
    noon.settings.journal_path.unlink()
    ended = noon.run(*HERE)
    assert ended.code == 0
    assert "the journal was completed from the database: 4 cycle(s)" in ended.stderr
    assert noon.broken() == []


def test_a_damaged_snapshot_is_told_and_the_next_run_replaces_it(noon: Twin) -> None:
    spoil(noon.settings.snapshot_path, "truncated", 20_000)
    assert_told(noon.run("status"), 1, "snapshot.duckdb", "kpp-twin publish")
    assert_told(noon.run("verify"), 1, "snapshot.duckdb", "kpp-twin publish")
    assert noon.run(*HERE).code == 0
    assert noon.broken() == []
    assert len(snapshot_cycles(noon)) == N_CYCLES_AT_NOON


def test_a_vanished_snapshot_is_told_and_publish_brings_it_back(noon: Twin) -> None:
    noon.settings.snapshot_path.unlink()
    assert_told(noon.run("status"), 3, "no published snapshot", "snapshot.duckdb", "kpp-twin publish")
    assert noon.run("verify").code == 0
    assert noon.run("publish").code == 0
    assert len(snapshot_cycles(noon)) == N_CYCLES_AT_NOON
