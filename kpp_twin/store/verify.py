"""The invariants of the history, one query each: what comes back is the evidence of a breach."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import pandas as pd

from kpp_twin.settings import Settings
from kpp_twin.store import journal
from kpp_twin.store.commit import changed_cycles
from kpp_twin.store.connection import Connection, open_live
from kpp_twin.store.history import committed_cycles
from kpp_twin.store.journal import JournalEntry
from kpp_twin.store.queries import names, query
from kpp_twin.store.snapshot import open_snapshot

EVIDENCE_ROWS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One invariant, and the first rows that break it."""

    invariant: str
    meaning: str
    breaches: int
    evidence: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing broke it."""
        return self.breaches == 0


def verify(settings: Settings) -> tuple[Finding, ...]:
    """Check every invariant of the live history, its journal and its snapshot."""
    published = _published(settings)
    with open_live(settings) as connection:
        _offer(connection, "journal", journal.read(settings.journal_path))
        _offer(connection, "published", published)
        found = [_ask(connection, name) for name in names("queries") if name.startswith("verify_")]
        return tuple(sorted([*found, _digests(connection)], key=lambda finding: int(finding.invariant[1:])))


def history_hash(connection: Connection) -> dict[str, tuple[int, str]]:
    """Row count and order-independent digest of each history table, without the wall-clock column."""
    tables = [table for (table,) in connection.execute(query("history_tables")).fetchall()]
    return {table: connection.execute(query("table_hash"), {"table_name": table}).fetchall()[0] for table in tables}


def _published(settings: Settings) -> Mapping[int, JournalEntry]:
    if not settings.snapshot_path.exists():
        return {}
    with open_snapshot(settings) as connection:
        return committed_cycles(connection)


def _offer(connection: Connection, name: str, entries: Mapping[int, JournalEntry]) -> None:
    columns = ["cycle_number", "cycle_id", "digest"]
    rows = pd.DataFrame([asdict(entry) for entry in entries.values()], columns=[*columns, "row_counts"])[columns]
    types = {"cycle_number": "int64", "cycle_id": "str", "digest": "str"}
    connection.register(name, rows.astype(types))


def _ask(connection: Connection, name: str) -> Finding:
    text = query(name)
    cursor = connection.execute(text)
    columns = [column[0] for column in cursor.description or ()]
    rows = cursor.fetchall()
    invariant, _, meaning = text.splitlines()[0].removeprefix("-- ").partition(": ")
    evidence = tuple(
        ", ".join(f"{column} {value}" for column, value in zip(columns, row, strict=True))
        for row in rows[:EVIDENCE_ROWS]
    )
    return Finding(invariant=invariant, meaning=meaning, breaches=len(rows), evidence=evidence)


def _digests(connection: Connection) -> Finding:
    """I7: the rows of every cycle still have the digest that was committed."""
    changed = changed_cycles(connection)
    return Finding(
        invariant="I7",
        meaning="the rows of every cycle are the ones that were committed.",
        breaches=len(changed),
        evidence=tuple(changed[:EVIDENCE_ROWS]),
    )
