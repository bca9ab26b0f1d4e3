"""Opening the live database: one process at a time, faults told in words."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import stamina
from filelock import FileLock, Timeout

from kpp_twin.errors import StoreBusyError, StoreDamagedError, StoreError
from kpp_twin.settings import Settings
from kpp_twin.store.migrate import migrate

Connection = duckdb.DuckDBPyConnection

CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "storage_compatibility_version": "v1.4.0",  # texts compress faster than in the oldest format; 1.4 and later read it
}


@contextmanager
def open_live(settings: Settings, *, read_only: bool = False) -> Iterator[Connection]:
    """Hold the live database for reading and writing, migrated; waits for others up to the lock time-out.

    Opened read-only, nothing changes: it is not migrated, and a log that a dead process left stays as it is.

    Raises
    ------
    StoreBusyError
        Another process kept the store for longer than the time-out.
    StoreError
        The database is damaged, of a newer schema, or cannot be written.
    """
    path = settings.store_path
    lock = FileLock(path.with_suffix(".lock"), timeout=settings.lock_timeout_s)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise busy(path, settings.lock_timeout_s) from error
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        connection = _connect(path, settings.lock_timeout_s, read_only=read_only)
        try:
            with told_in_words(path):
                if not read_only:
                    migrate(connection)
                yield connection
        finally:
            _close(connection, path)
    finally:
        lock.release()


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Commit at the end; roll back if anything is raised."""
    connection.begin()
    try:
        yield
    except BaseException:
        with suppress(duckdb.Error):  # the first error is the one to tell: a full disk invalidates the connection
            connection.rollback()
        raise
    connection.commit()


@contextmanager
def told_in_words(path: Path) -> Iterator[None]:
    """Turn DuckDB's errors into the twin's."""
    try:
        yield
    except duckdb.Error as error:
        raise explained(path, error) from error


def explained(path: Path, error: Exception) -> StoreError | StoreBusyError:
    """Fault, place and next step of an error from the database."""
    text = str(error)
    first_line = text.splitlines()[0] if text else type(error).__name__
    if _is_locked(error):
        return busy(path, 0.0)
    if "No space left" in text or ("disk" in text.lower() and "full" in text.lower()) or "File too large" in text:
        return StoreError(
            "the disk is full; the transaction was not written",
            place=str(path),
            next_step="free some space and run the same command again: finished cycles are kept",
        )
    if "Read-only file system" in text or "Permission denied" in text or "read-only mode" in text:
        return _cannot_write(path, error)
    if "WAL" in text:
        return StoreDamagedError(
            f"the write-ahead log is damaged: {first_line}",
            place=str(path.with_name(path.name + ".wal")),
            next_step="run `kpp-twin repair`: it keeps the original, cuts the log at the damage and names what is lost",
        )
    if isinstance(error, (duckdb.IOException, duckdb.FatalException, duckdb.SerializationException)):
        return StoreDamagedError(
            f"the database cannot be used: {first_line}",
            place=str(path),
            next_step="restore it from the published snapshot with `kpp-twin repair`, or move it aside to begin anew",
        )
    return StoreError(
        f"the database refused: {first_line}", place=str(path), next_step="run with --debug and report it"
    )


def busy(path: Path, waited_s: float) -> StoreBusyError:
    """Another process holds the store."""
    return StoreBusyError(
        f"another process holds the store (waited {waited_s:g} s)",
        place=str(path),
        next_step="close programs that opened this file, read the snapshot instead, or run again later",
    )


def _connect(path: Path, timeout_s: float, *, read_only: bool) -> Connection:
    try:
        for attempt in stamina.retry_context(
            on=_is_locked, attempts=None, timeout=timeout_s, wait_initial=0.05, wait_max=1.0
        ):
            with attempt:
                connection = duckdb.connect(path, read_only=read_only, config=CONFIG)
    except duckdb.Error as error:
        raise busy(path, timeout_s) if _is_locked(error) else explained(path, error) from error
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _is_locked(error: Exception) -> bool:
    return isinstance(error, duckdb.IOException) and "Could not set lock on file" in str(error)


def _close(connection: Connection, path: Path) -> None:
    """Close, which also checkpoints: a full disk may show only here."""
    with told_in_words(path):
        connection.close()


def _cannot_write(path: Path, error: Exception) -> StoreError:
    return StoreError(
        f"the data home cannot be written: {str(error).splitlines()[0]}",
        place=str(path.parent),
        next_step="make it writable, or point KPP_TWIN_HOME at a folder that is",
    )
