"""`cycles.log`: the twin's own high-water mark outside the database.

A truncated write-ahead log loses committed rows without a word; this log remembers which cycles were committed.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from kpp_twin.atomic import write_text
from kpp_twin.crashpoints import reach
from kpp_twin.errors import StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """A committed cycle."""

    cycle_number: int
    cycle_id: str
    row_counts: dict[str, int]
    digest: str


def append(path: Path, entry: JournalEntry) -> None:
    """Add a line and force it to disk."""
    line = json.dumps(asdict(entry), sort_keys=True) + "\n"
    middle = len(line) // 2
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(line[:middle])
            stream.flush()
            reach("inside_journal")
            stream.write(line[middle:])
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise StoreError(
            f"the cycle is committed, but its journal cannot be written: {error.strerror}",
            place=str(path),
            next_step="free space or make it writable; the next run completes the journal",
        ) from error


def read(path: Path) -> dict[int, JournalEntry]:
    """Entries by cycle number; a torn last line is left out (the next start writes it anew)."""
    if not path.exists():
        return {}
    entries = {}
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    for number, line in enumerate(lines, start=1):
        try:
            entry = _entry(line) if line else None
        except (ValueError, TypeError) as error:
            if number >= len(lines) - 1:
                break
            raise StoreError(
                f"line {number} of the journal is damaged: {error}",
                place=str(path),
                next_step="run `kpp-twin repair`: it writes the journal anew from the database",
            ) from error
        if entry:
            entries[entry.cycle_number] = entry
    return entries


def _entry(line: str) -> JournalEntry:
    entry = JournalEntry(**json.loads(line))
    for name, kind in {"cycle_number": int, "cycle_id": str, "row_counts": dict, "digest": str}.items():
        if not isinstance(getattr(entry, name), kind):
            raise TypeError(f"{name} is {getattr(entry, name)!r}")
    return entry


def rewrite(path: Path, entries: list[JournalEntry]) -> None:
    """Replace the whole log in one step."""
    write_text(path, "".join(json.dumps(asdict(entry), sort_keys=True) + "\n" for entry in entries))
