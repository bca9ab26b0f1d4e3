"""After a crash: notice what is missing, mend what can be mended, name what must run again."""

import logging
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from kpp_twin.errors import StoreError
from kpp_twin.settings import Settings
from kpp_twin.store import journal
from kpp_twin.store.connection import open_live
from kpp_twin.store.history import committed_cycles
from kpp_twin.store.journal import JournalEntry

log = logging.getLogger(__name__)

WAL_DAMAGE = re.compile(r"Corrupt WAL file: entry at byte position (\d+)")


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
    try:
        lost, healed = _compare(settings)
    except StoreError as error:
        repaired = _cut_wal(settings.store_path, error)
        if not repaired:
            raise
        repairs.append(repaired)
        lost, healed = _compare(settings)
    if healed:
        repairs.append(healed)
    if lost:
        ids = ", ".join(entry.cycle_id for entry in lost)
        repairs.append(f"{len(lost)} committed cycle(s) are missing from the database and will run again: {ids}")
    for repair in repairs:
        log.warning("%s", repair)
    return Recovery(lost=lost, repairs=tuple(repairs))


def repair(settings: Settings) -> tuple[str, ...]:
    """Mend what `recover` leaves alone: a damaged database comes back from the snapshot, a damaged journal anew."""
    repairs: list[str] = []
    try:
        with open_live(settings):
            pass
    except StoreError as error:
        cut = _cut_wal(settings.store_path, error)
        repairs.append(cut or _restore(settings, error))
    try:
        journal.read(settings.journal_path)
    except StoreError:
        with open_live(settings) as connection:
            entries = committed_cycles(connection)
        _set_aside(settings.journal_path)
        journal.rewrite(settings.journal_path, list(entries.values()))
        repairs.append(f"the journal was written anew from the database: {len(entries)} cycles")
    return (*repairs, *recover(settings).repairs)


def _compare(settings: Settings) -> tuple[tuple[JournalEntry, ...], str]:
    """Cycles that only the journal has; and a journal that misses some is completed."""
    noted = journal.read(settings.journal_path)
    with open_live(settings) as connection:
        committed = committed_cycles(connection)
        last = max(committed, default=0)
        lost = tuple(noted[number] for number in sorted(noted) if number > last)
        missing = [number for number in committed if noted.get(number) != committed[number]]
        differing = [number for number in missing if number in noted]
        if differing:
            raise StoreError(
                f"cycle {committed[differing[0]].cycle_id} differs from what the journal says was committed",
                place=str(settings.journal_path),
                next_step="run `kpp-twin verify` for the evidence; `kpp-twin repair` restores the published snapshot",
            )
        if missing or _is_torn(settings.journal_path):
            journal.rewrite(settings.journal_path, [*committed.values(), *lost])
            return lost, f"the journal was completed from the database: {len(missing)} cycle(s)"
    return lost, ""


def _is_torn(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")


def _cut_wal(database: Path, error: StoreError) -> str:
    """Cut the log at the byte that DuckDB names; empty if that is not the fault."""
    found = WAL_DAMAGE.search(str(error))
    if not found:
        return ""
    wal = database.with_name(database.name + ".wal")
    kept = _set_aside(wal)
    position = int(found.group(1))
    wal.write_bytes(kept.read_bytes()[:position])
    return f"the write-ahead log was damaged at byte {position} and cut there; the original is {kept.name}"


def _restore(settings: Settings, error: StoreError) -> str:
    if not settings.snapshot_path.exists():
        raise error
    kept = _set_aside(settings.store_path)
    wal = settings.store_path.with_name(settings.store_path.name + ".wal")
    if wal.exists():
        _set_aside(wal)
    shutil.copyfile(settings.snapshot_path, settings.store_path)
    return f"the database was damaged ({error.fault}) and restored from the snapshot; the original is {kept.name}"


def _set_aside(path: Path) -> Path:
    """Rename a damaged file to the first free ``.damaged-N``."""
    number = 1
    while (kept := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(kept)
    return kept
