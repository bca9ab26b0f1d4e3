"""After a crash: notice what is missing, mend what can be mended, name what must run again."""

import logging
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from kpp_twin.errors import StoreDamagedError, StoreError
from kpp_twin.settings import Settings
from kpp_twin.store import journal
from kpp_twin.store.commit import changed_cycles
from kpp_twin.store.connection import Connection, open_live
from kpp_twin.store.history import committed_cycles
from kpp_twin.store.journal import JournalEntry
from kpp_twin.store.queries import query

log = logging.getLogger(__name__)

WAL_DAMAGE = re.compile(r"Corrupt WAL file: entry at byte position (\d+)")


class _AlteredLogError(StoreDamagedError):
    """The write-ahead log reads well and says something else than was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What was found at start.

    Attributes
    ----------
    lost
        Committed cycles that the database no longer has, oldest first.
    repairs
        What was mended, in words.
    """

    lost: tuple[JournalEntry, ...]
    repairs: tuple[str, ...]


def recover(settings: Settings) -> Recovery:
    """Compare the database with the journal; cut a damaged write-ahead log at the damage, keeping the original."""
    repairs = []
    while True:  # each turn leaves a shorter log, or none
        try:
            _refuse_altered_log(settings)
            lost, healed = _compare(settings)
            break
        except StoreDamagedError as error:
            repaired = _cut_wal(settings.store_path, error)
            if not repaired:
                raise
            repairs.append(repaired)
    if healed:
        repairs.append(healed)
    if lost:
        ids = ", ".join(entry.cycle_id for entry in lost)
        repairs.append(f"{len(lost)} committed cycle(s) are missing from the database and will run again: {ids}")
    for repair in repairs:
        log.warning("%s", repair)
    return Recovery(lost=lost, repairs=tuple(repairs))


def repair(settings: Settings) -> tuple[str, ...]:
    """Mend what `recover` leaves alone.

    A damaged database comes back from the newest sound snapshot; a damaged or contradicting journal is written anew,
    once every cycle of the database has shown its digest. Originals are kept.

    Raises
    ------
    StoreError
        There is no sound snapshot, or the fault is none of damage.
    """
    repairs: list[str] = []
    try:
        _refuse_altered_log(settings)
        _read_whole(settings)
    except StoreDamagedError as error:
        repairs.append(_cut_wal(settings.store_path, error) or _restore(settings, error))
        _read_whole(settings)
    with open_live(settings) as connection:
        committed = committed_cycles(connection)
    try:
        noted = journal.read(settings.journal_path)
    except StoreError:
        noted = None
    if noted is None or any(noted.get(number, entry) != entry for number, entry in committed.items()):
        kept = _set_aside(settings.journal_path)
        journal.rewrite(settings.journal_path, list(committed.values()))
        repairs.append(f"the journal was written anew from the database; the original is {kept.name}")
    return (*repairs, *recover(settings).repairs)


def _refuse_altered_log(settings: Settings) -> None:
    """Look at what a dead process left in the write-ahead log before the database takes it over.

    The log's own checksums cannot do that: equal words that vanish in pairs leave them as they were.
    """
    wal = _wal_of(settings.store_path)
    if not wal.exists():
        return
    with open_live(settings, read_only=True) as connection:
        tables = {name for (name,) in connection.execute(query("every_table")).fetchall()}
        differing = _altered(connection) if wal.exists() and "cycle" in tables else []
    if differing:
        raise _AlteredLogError(
            f"rows of the write-ahead log are not those that were committed: {differing[0]}",
            place=str(wal),
            next_step="run `kpp-twin repair`: it keeps the original and names what is lost",
        )


def _altered(connection: Connection) -> list[str]:
    """Cycles that are not as they were written; the wall-clock column, in no digest, included."""
    apart = [
        f"{cycle_id}: {table} was recorded at another time"
        for (table,) in connection.execute(query("history_tables")).fetchall()
        for (cycle_id,) in connection.execute(query("recorded_apart"), {"table_name": table}).fetchall()
    ]
    return changed_cycles(connection) + apart


def _compare(settings: Settings) -> tuple[tuple[JournalEntry, ...], str]:
    """Cycles that only the journal has; and a journal that misses some is completed."""
    noted = journal.read(settings.journal_path)
    with open_live(settings) as connection:
        committed = committed_cycles(connection)
    known_ids = {entry.cycle_id for entry in committed.values()}
    lost = tuple(noted[n] for n in sorted(noted) if n not in committed and noted[n].cycle_id not in known_ids)
    differing = [n for n, entry in committed.items() if noted.get(n, entry) != entry]
    if differing:
        raise StoreError(
            f"cycle {committed[differing[0]].cycle_id} differs from what the journal says was committed",
            place=str(settings.journal_path),
            next_step="run `kpp-twin verify` for the evidence, then `kpp-twin repair`",
        )
    wanted = [*committed.values(), *lost]
    if list(noted.values()) == wanted and not _is_torn(settings.journal_path):
        return lost, ""
    missing = len(set(committed) - set(noted))
    journal.rewrite(settings.journal_path, wanted)
    return lost, f"the journal was completed from the database: {missing} cycle(s)"


def _read_whole(settings: Settings) -> None:
    """Read every value and every index, and write a checkpoint; DuckDB notices damaged blocks only then."""
    with open_live(settings) as connection:
        for (table,) in connection.execute(query("every_table")).fetchall():
            connection.execute(query("read_every_column"), {"table_name": table}).fetchall()
        connection.begin()
        connection.execute(query("probe_indexes"))
        connection.rollback()
        connection.execute("FORCE CHECKPOINT")
        differing = changed_cycles(connection)
    if differing:
        raise StoreDamagedError(
            f"rows are not those that were committed: {differing[0]}",
            place=str(settings.store_path),
            next_step="run `kpp-twin repair`",
        )


def _is_torn(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")


def _cut_wal(database: Path, error: StoreError) -> str:
    """Cut the log at the byte that DuckDB names; empty if that is not the fault."""
    if isinstance(error, _AlteredLogError):
        return f"the write-ahead log held altered rows and was put aside as {_set_aside(_wal_of(database)).name}"
    found = WAL_DAMAGE.search(str(error))
    if not found:
        return ""
    kept = _set_aside(_wal_of(database))
    position = int(found.group(1))
    _wal_of(database).write_bytes(kept.read_bytes()[:position])
    return f"the write-ahead log was damaged at byte {position} and cut there; the original is {kept.name}"


def _restore(settings: Settings, error: StoreError) -> str:
    """Put the newest sound snapshot in the place of the database."""
    snapshot = settings.snapshot_path
    candidates = (snapshot, snapshot.with_suffix(".previous"))
    sound = next((path for path in candidates if path.exists() and _is_sound(path)), None)
    if sound is None:
        raise StoreDamagedError(
            f"{error.fault}; and there is no sound snapshot to restore it from",
            place=error.place,
            next_step="move it aside and begin anew, or copy a backup in its place; the kept deliveries remain",
        ) from error
    kept = _set_aside(settings.store_path)
    if _wal_of(settings.store_path).exists():
        _set_aside(_wal_of(settings.store_path))
    shutil.copyfile(sound, settings.store_path)
    return f"the database was damaged ({error.fault}) and restored from the snapshot; the original is {kept.name}"


def _is_sound(snapshot: Path) -> bool:
    try:
        with duckdb.connect(snapshot, read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return not changed_cycles(connection)
    except duckdb.Error as error:
        log.warning("%s is damaged as well: %s", snapshot.name, str(error).splitlines()[0])
        return False


def _wal_of(database: Path) -> Path:
    return database.with_name(database.name + ".wal")


def _set_aside(path: Path) -> Path:
    """Rename a damaged file to the first free ``.damaged-N``."""
    number = 1
    while (kept := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(kept)
    return kept
