"""The published snapshot: a read-only copy that anybody may open, replaced in one step."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from kpp_twin.crashpoints import reach
from kpp_twin.errors import IncompleteError, StoreDamagedError, StoreError
from kpp_twin.settings import Settings
from kpp_twin.store.connection import Connection, open_live, told_in_words


def publish(settings: Settings) -> None:
    """Replace the snapshot by the live database as it stands; the one before is kept as ``.previous``.

    Raises
    ------
    StoreError
        The copy could not be written; the old snapshot stays.
    """
    snapshot = settings.snapshot_path
    copy = snapshot.with_suffix(".new")
    reach("before_publish")
    try:
        with open_live(settings) as connection:
            connection.execute("CHECKPOINT")
            # All of it under the lock: nobody writes while it is copied, and nobody else publishes.
            shutil.copyfile(settings.store_path, copy)
            _to_disk(copy)
            reach("after_copy")
            _keep_previous(snapshot)
            reach("before_replace")
            copy.replace(snapshot)
    except OSError as error:
        copy.unlink(missing_ok=True)
        raise StoreError(
            f"the snapshot could not be published: {error.strerror}",
            place=str(snapshot),
            next_step="free space or make the folder writable, then run `kpp-twin publish`; the old one still serves",
        ) from error
    reach("after_publish")


@contextmanager
def open_snapshot(settings: Settings, *, config: Mapping[str, Any] | None = None) -> Iterator[Connection]:
    """Open the published snapshot for reading; it never meets the writer's lock.

    Raises
    ------
    IncompleteError
        Nothing has been published, or the snapshot is gone.
    """
    path = settings.snapshot_path
    if not path.exists():
        raise IncompleteError(
            "there is no published snapshot",
            place=str(path),
            next_step="run `kpp-twin publish` if the store exists, else `kpp-twin run hourly`",
        )
    try:
        with told_in_words(path), duckdb.connect(path, read_only=True, config=dict(config or {})) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection
    except StoreDamagedError as error:
        raise StoreDamagedError(
            error.fault,
            place=str(path),
            next_step=f"run `kpp-twin publish`; the snapshot before is {path.with_suffix('.previous').name}",
        ) from error


def _keep_previous(snapshot: Path) -> None:
    if not snapshot.exists():
        return
    link = snapshot.with_suffix(".link")
    link.unlink(missing_ok=True)
    os.link(snapshot, link)
    link.replace(snapshot.with_suffix(".previous"))


def _to_disk(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
