"""Writing: a cycle's rows go in within one transaction, once or not at all."""

import hashlib
import json
from collections.abc import Mapping, Sequence

import duckdb
import pandas as pd
import pyarrow as pa

from kpp_twin import __version__
from kpp_twin.crashpoints import reach
from kpp_twin.errors import HistoryError
from kpp_twin.records import Checked, CycleReport, Outcome, Predecessor, Slot, Start
from kpp_twin.store.connection import Connection, transaction
from kpp_twin.store.frames import cycle_frames
from kpp_twin.store.history import committed_cycles, predecessor
from kpp_twin.store.journal import JournalEntry
from kpp_twin.store.migrate import migrate
from kpp_twin.store.queries import query

ROWS_PER_BATCH = 122_880  # a row group of DuckDB

# A row has its digest from the version that wrote it; columns that came to its table later are not in it.
LATER_COLUMNS = {"forecast": ["tier", "reason"]}
VERSIONS_WITHOUT_THEM = frozenset({"0.1.0", "0.2.0", "0.3.0", "0.4.0"})


class PredecessorMovedError(HistoryError):
    """Another cycle was committed since this one started."""

    def __init__(self, started_from: Predecessor, found: Predecessor, slot: Slot) -> None:
        self.found = found
        super().__init__(
            f"started from {started_from.cycle_id or 'an empty store'}, but the store now stands at {found.cycle_id}",
            place=slot.cycle_id,
            next_step="run the cycle again; it starts from the new state",
        )


def insert(connection: Connection, frames: Mapping[str, pd.DataFrame], cycle_number: int) -> None:
    """Append frames to their tables, by column name."""
    for table, frame in frames.items():
        # Text comes several times faster from Arrow than from a frame, and in batches several threads compress it.
        # Compression loses the sign of a zero, and the digest would tell: store none.
        unsigned = {name: frame[name] + 0.0 for name in frame.select_dtypes("float").columns}
        rows = pa.Table.from_pandas(frame.assign(**unsigned, cycle_number=cycle_number), preserve_index=False)
        batches = rows.to_batches(max_chunksize=ROWS_PER_BATCH)
        connection.register("rows_to_insert", pa.Table.from_batches(batches, rows.schema))
        connection.execute(f"INSERT INTO {table} BY NAME FROM rows_to_insert")
        connection.unregister("rows_to_insert")


def commit_cycle(
    connection: Connection, start: Start, checked: Sequence[Checked], outcome: Outcome
) -> tuple[CycleReport, JournalEntry]:
    """Write a cycle.

    Raises
    ------
    PredecessorMovedError
        The store no longer stands where the cycle started from; nothing was written.
    """
    number = start.predecessor.cycle_number + 1
    frames = cycle_frames(start.slot, checked, outcome)
    reach("before_commit")
    with transaction(connection):
        found = predecessor(connection)
        if found != start.predecessor:
            raise PredecessorMovedError(start.predecessor, found, start.slot)
        insert(connection, frames, number)
        reach("inside_transaction")
        row_counts, digest = digest_of(connection, frames, number, start.predecessor.digest, start.slot.cycle_id)
        report = CycleReport(
            slot=start.slot,
            cycle_number=number,
            rows_in=sum(c.rows_in for c in checked),
            rows_admitted=sum(len(c.admitted) for c in checked),
            rows_quarantined=sum(len(c.quarantined) for c in checked),
            row_counts=row_counts,
            notes=outcome.notes,
        )
        insert_cycle_row(connection, report, outcome, start.predecessor, digest)
    reach("after_commit")
    return report, JournalEntry(
        cycle_number=number, cycle_id=start.slot.cycle_id, row_counts=dict(row_counts), digest=digest
    )


def trial_digest(start: Start, checked: Sequence[Checked], outcome: Outcome) -> str:
    """Digest that a cycle would have, computed in a database of its own in memory."""
    frames = cycle_frames(start.slot, checked, outcome)
    number = start.predecessor.cycle_number + 1
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        migrate(connection)
        insert(connection, frames, number)
        _, digest = digest_of(connection, frames, number, start.predecessor.digest, start.slot.cycle_id)
    return digest


def digest_of(
    connection: Connection,
    tables: Sequence[str] | Mapping[str, object],
    number: int,
    before: str,
    cycle_id: str,
    version: str = __version__,
) -> tuple[dict[str, int], str]:
    """Row counts by table, and the digest of a cycle's rows chained to the cycle before.

    Parameters
    ----------
    version
        Of the twin that wrote the rows.
    """
    counts, text = {}, f"{before}\n{cycle_id}\n"
    later_columns = LATER_COLUMNS if version in VERSIONS_WITHOUT_THEM else {}
    for table in sorted(tables):
        parameters = {"table_name": table, "cycle_number": number, "later_columns": later_columns.get(table, [])}
        ((count, digest),) = connection.execute(query("table_digest"), parameters).fetchall()
        counts[table] = count
        text += f"{table} {count} {digest}\n"
    return counts, hashlib.sha256(text.encode()).hexdigest()


def changed_cycles(connection: Connection) -> list[str]:
    """Cycles whose rows no longer have the digest that was committed, each with both digests."""
    before, changed = "", []
    versions: dict[int, str] = dict(connection.execute(query("cycle_versions")).fetchall())
    for number, entry in committed_cycles(connection).items():
        _, digest = digest_of(connection, entry.row_counts, number, before, entry.cycle_id, versions[number])
        if digest != entry.digest:
            changed.append(f"{entry.cycle_id}: committed {entry.digest[:12]}, found {digest[:12]}")
        before = entry.digest
    return changed


def insert_cycle_row(
    connection: Connection, report: CycleReport, outcome: Outcome, before: Predecessor, digest: str
) -> None:
    """Write the row that says the cycle is done."""
    row = pd.DataFrame(
        [
            {
                "cycle_number": report.cycle_number,
                "cycle_id": report.slot.cycle_id,
                "kind": report.slot.kind,
                "as_of": pd.Timestamp(report.slot.as_of),
                "state": json.dumps(outcome.state, sort_keys=True),
                "notes": "\n".join(report.notes),
                "row_counts": json.dumps(report.row_counts, sort_keys=True),
                "rows_in": report.rows_in,
                "rows_admitted": report.rows_admitted,
                "rows_quarantined": report.rows_quarantined,
                "predecessor_digest": before.digest,
                "digest": digest,
                "software_version": __version__,
            }
        ]
    )
    insert(connection, {"cycle": row.drop(columns="cycle_number")}, report.cycle_number)
