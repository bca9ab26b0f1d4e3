"""Deliveries as they came, kept beside the database: what a lost cycle runs again from, and a replay judges anew."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kpp_twin.atomic import write_text
from kpp_twin.crashpoints import reach
from kpp_twin.errors import StoreError
from kpp_twin.feeds import Feed
from kpp_twin.records import Checked, Delivery, Slot

ORIGIN_COLUMN = "__origin"


def folder_of(kept_path: Path, slot: Slot) -> Path:
    """Where a cycle's deliveries lie."""
    return kept_path / f"{slot.as_of:%Y-%m}" / slot.cycle_id.replace(":", "")


def keep(kept_path: Path, slot: Slot, checked: Sequence[Checked]) -> None:
    """Write the deliveries of a cycle, all or none; what is there already stays."""
    target = folder_of(kept_path, slot)
    reach("before_keep")
    if target.exists():
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    except OSError as error:
        raise _cannot_keep(kept_path, error) from error
    try:
        for item in checked:
            _write(temporary / f"{item.feed.name}.parquet", item.delivery)
        temporary.rename(target)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if not target.exists():  # else another process was faster
            raise _cannot_keep(kept_path, error) from error
    reach("after_keep")


def _cannot_keep(kept_path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"the deliveries could not be kept: {error.strerror}",
        place=str(kept_path),
        next_step="free space or make the folder writable, then run the same command again",
    )


def kept_delivery(kept_path: Path, slot: Slot, feed: Feed) -> Delivery | None:
    """What a feed delivered to a cycle; none if nothing was kept."""
    file = folder_of(kept_path, slot) / f"{feed.name}.parquet"
    if not file.exists():
        return None
    try:
        table = pq.read_table(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise StoreError(
            f"a kept delivery is damaged: {str(error).splitlines()[0]}",
            place=str(file),
            next_step="remove the folder of that cycle; its rows are then read from the source again",
        ) from error
    frame = table.to_pandas()
    source = json.loads(table.schema.metadata[b"kpp_twin"])["source"]
    return Delivery(
        feed=feed, rows=frame.drop(columns=ORIGIN_COLUMN), origins=frame[ORIGIN_COLUMN].astype(object), source=source
    )


def keep_refused(refused_path: Path, slot: Slot, feed: Feed, rows: pd.Series, fault: str) -> Path:
    """Write a refused delivery, row for row, with the reason; the same delivery refused again changes nothing."""
    lines = [json.dumps({"cycle_id": slot.cycle_id, "feed": feed.name, "fault": fault, "rows": len(rows)}), *rows]
    text = "\n".join(lines) + "\n"
    digest = hashlib.sha256("\n".join(rows).encode()).hexdigest()[:12]
    file = refused_path / f"{feed.name}-{digest}.jsonl"
    try:
        write_text(file, text)
    except OSError as error:
        raise StoreError(
            f"a refused delivery could not be kept: {error.strerror}",
            place=str(refused_path),
            next_step="free space or make the folder writable; the delivery still stands at its source",
        ) from error
    return file


def _write(file: Path, delivery: Delivery) -> None:
    frame = delivery.rows.reset_index(drop=True)
    frame[ORIGIN_COLUMN] = pd.Series(delivery.origins.to_numpy(), dtype=object)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    metadata = {**(table.schema.metadata or {}), b"kpp_twin": json.dumps({"source": delivery.source}).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), file, compression="zstd")
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
