"""SQL text by name; the files under `sql/` are its only home."""

from functools import cache
from importlib.resources import files
from typing import Any, Literal

import duckdb

Folder = Literal["migrations", "views", "queries", "analysis"]


@cache
def query(name: str, folder: Folder = "queries") -> str:
    """Text of ``sql/<folder>/<name>.sql``."""
    return (files("sql") / folder / f"{name}.sql").read_text(encoding="utf-8")


@cache
def names(folder: Folder) -> tuple[str, ...]:
    """Names of the files of a folder, in order."""
    return tuple(sorted(entry.name[:-4] for entry in (files("sql") / folder).iterdir() if entry.name.endswith(".sql")))


def rows_of(connection: duckdb.DuckDBPyConnection, name: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """Answer of a query, one dictionary per row."""
    cursor = connection.execute(query(name), parameters)
    columns = [column[0] for column in cursor.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
