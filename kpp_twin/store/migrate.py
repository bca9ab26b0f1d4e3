"""Bring a database to the schema of this version: numbered files once and in order, views as they stand."""

import hashlib

import duckdb

from kpp_twin.errors import StoreError
from kpp_twin.store.queries import names, query

BOOKKEEPING = """
CREATE TABLE IF NOT EXISTS schema_migration (
    name VARCHAR PRIMARY KEY,
    sha256 VARCHAR NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
)
"""
VIEWS = "views"


def migrate(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Apply what is missing, each file and its record in one transaction; returns the names applied.

    Raises
    ------
    StoreError
        The database is of a newer version, or a migration that it holds has since been edited.
    """
    wanted = {name: _sha256(query(name, "migrations")) for name in names("migrations")}
    views = "\n".join(query(name, "views") for name in names("views"))
    applied = _applied(connection)
    _refuse_strangers(connection, applied, wanted)
    pending = [name for name in wanted if name not in applied]
    for name in pending:
        _apply(connection, name, query(name, "migrations"), wanted[name])
    if applied.get(VIEWS) != _sha256(views):
        _apply(connection, VIEWS, views, _sha256(views))
    return tuple(pending)


def _applied(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    exists = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'schema_migration'").fetchone()
    if exists == (0,):
        connection.execute(BOOKKEEPING)
        return {}
    return dict(connection.execute("SELECT name, sha256 FROM schema_migration").fetchall())


def _refuse_strangers(connection: duckdb.DuckDBPyConnection, applied: dict[str, str], wanted: dict[str, str]) -> None:
    newer = sorted(set(applied) - set(wanted) - {VIEWS})
    if newer:
        raise StoreError(
            f"the database has the schema {newer[-1]}; this version knows up to {max(wanted)}",
            place=_place(connection),
            next_step="update kpp-twin, or point KPP_TWIN_HOME at another data home",
        )
    edited = sorted(name for name in wanted if applied.get(name, wanted[name]) != wanted[name])
    if edited:
        raise StoreError(
            f"the migration {edited[0]} was edited after it had been applied",
            place=_place(connection),
            next_step="restore the file, and put the change into a new migration",
        )


def _place(connection: duckdb.DuckDBPyConnection) -> str:
    ((path,),) = connection.execute("SELECT path FROM duckdb_databases() WHERE NOT internal").fetchall()
    return path or "a database in memory"


def _apply(connection: duckdb.DuckDBPyConnection, name: str, text: str, sha256: str) -> None:
    connection.begin()
    try:
        connection.execute(text)
        connection.execute("INSERT OR REPLACE INTO schema_migration (name, sha256) VALUES (?, ?)", [name, sha256])
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
