"""One question at a time to the published snapshot, in SQL.

For analysts, not attackers: the limits below keep a slip of the pen, or a query copied from somewhere, from writing,
reading other files or taking the machine with it. DuckDB knows no untrusted user inside the engine; whoever serves
real strangers gives each query a process of its own.
"""

import csv
import io
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from threading import Timer
from typing import Any

import duckdb

from kpp_twin.errors import QueryError
from kpp_twin.settings import Settings
from kpp_twin.store.connection import Connection
from kpp_twin.store.snapshot import open_snapshot

# Held from the first moment of the connection; `lock_configuration` follows once the time zone is set.
HARDENED = {
    "enable_external_access": "false",
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "512MB",
    "threads": "1",
    "max_temp_directory_size": "0B",
}
ALLOWED = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
MAX_CELLS = 20_000_000  # some 1 to 2 GB as Python objects
ROWS_AT_ONCE = 10_000
INTERRUPTED = "INTERRUPT Error"  # between two pieces of an answer, an invalid input tells of it

PLACE = "the query"
DICTIONARY = "`kpp-twin dictionary` lists every table and column"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """A query's answer, complete; names that occur twice are told apart as ``name_1``."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def run_query(settings: Settings, text: str, *, timeout_s: float = 30.0) -> QueryResult:
    """Run one SELECT or EXPLAIN on the published snapshot; instants come back in UTC.

    Raises
    ------
    QueryError
        The query is refused, fails, or takes more time or memory than it may.
    IncompleteError
        Nothing has been published.
    """
    with open_snapshot(settings, config=HARDENED) as connection, _told_to_analysts():
        connection.execute("SET lock_configuration = true")
        statement = _one_question(connection, text)
        with _interrupted_after(connection, timeout_s):
            connection.execute(statement)
            columns = _distinct([column[0] for column in connection.description or ()])
            return QueryResult(columns=columns, rows=_all_rows(connection, len(columns)))


def as_csv(result: QueryResult) -> str:
    """Comma-separated text with a header: NULL is empty, instants are ISO 8601, lists and structs JSON."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(result.columns)
    writer.writerows([_cell(value) for value in row] for row in result.rows)
    return stream.getvalue()


def as_json(result: QueryResult) -> str:
    """List of objects: instants are ISO 8601 text, what is no finite number is null."""
    rows = [{n: _plain(v) for n, v in zip(result.columns, row, strict=True)} for row in result.rows]
    return json.dumps(rows, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _one_question(connection: Connection, text: str) -> duckdb.Statement:
    statements = connection.extract_statements(text)
    kinds = [statement.type.name for statement in statements]
    if not statements:
        raise _error("there is no statement", "write one SELECT; " + DICTIONARY)
    if len(statements) > 1:
        raise _error(
            f"{len(statements)} statements ({', '.join(kinds)}); one is run at a time",
            "send them one by one; a PIVOT is one only if it lists its values: ON kind IN ('daily', 'hourly')",
        )
    if statements[0].type not in ALLOWED:
        raise _error(
            f"{kinds[0]} is refused; the snapshot is for reading",
            "ask with SELECT or EXPLAIN; to keep an answer, send it to a file",
        )
    return statements[0]


@contextmanager
def _interrupted_after(connection: Connection, timeout_s: float) -> Iterator[None]:
    timer = Timer(timeout_s, connection.interrupt)
    timer.start()
    try:
        yield
    except (duckdb.InterruptException, duckdb.InvalidInputException) as error:
        if INTERRUPTED not in str(error):
            raise
        raise _error(
            f"it took longer than {timeout_s:g} s and was stopped",
            "narrow it, say by valid_from, or aggregate in fewer steps; EXPLAIN shows where the work is",
        ) from error
    except RuntimeError as error:
        if "interrupted" not in str(error):
            raise
        connection.interrupt()  # DuckDB tells of Ctrl-C in this way, but its thread would run on
        raise KeyboardInterrupt from error
    finally:
        timer.cancel()
        timer.join()  # it must not find the connection closed


@contextmanager
def _told_to_analysts() -> Iterator[None]:
    """Turn DuckDB's errors about a query into fault, place and next step."""
    try:
        yield
    except duckdb.Error as error:
        message, _, rest = str(error).partition("\nLINE ")
        number, _, line = rest.partition(":")
        place = f"{PLACE}, line {number}: {line.splitlines()[0].strip()}" if line else PLACE
        fault, next_step = " ".join(message.split()), "correct the query and send it again"
        if isinstance(error, duckdb.OutOfMemoryException):  # its own advice is to change settings, which are locked
            fault = f"it needs more memory than {HARDENED['memory_limit']}"
            next_step = "aggregate earlier, or select fewer rows and columns"
        elif isinstance(error, (duckdb.CatalogException, duckdb.BinderException)):
            next_step = DICTIONARY
        elif isinstance(error, duckdb.PermissionException):
            next_step = "only the snapshot can be read; leave files, other databases and extensions to your own tools"
        raise _error(fault, next_step, place) from error


def _error(fault: str, next_step: str, place: str = PLACE) -> QueryError:
    return QueryError(fault, place=place, next_step=next_step)


def _all_rows(connection: Connection, n_columns: int) -> list[tuple[Any, ...]]:
    """Fetch in pieces: DuckDB's memory limit does not see what Python holds."""
    rows: list[tuple[Any, ...]] = []
    while part := connection.fetchmany(ROWS_AT_ONCE):
        rows += part
        if len(rows) * n_columns > MAX_CELLS:
            raise _error(
                f"the answer has more than {MAX_CELLS:,} values; nothing was cut off silently",
                "aggregate, select fewer columns, or ask for one period at a time",
            )
    return rows


def _distinct(names: list[str]) -> tuple[str, ...]:
    """Names in order; a repeated one gets the first free number."""
    distinct: list[str] = []
    for name in names:
        number, free = 0, name
        while free in distinct:
            number += 1
            free = f"{name}_{number}"
        distinct.append(free)
    return tuple(distinct)


def _cell(value: object) -> object:
    """Value as CSV has it."""
    if isinstance(value, (bool, list, tuple, dict)):
        return json.dumps(_plain(value), ensure_ascii=False)
    return value if isinstance(value, (float, Decimal)) else _plain(value)


def _plain(value: object) -> object:
    """Value as JSON has it."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (float, Decimal)):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, (datetime, date, time)):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return value.hex()
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
