"""The schema in words: what every table, view and column means, read from the comments in the database itself."""

from dataclasses import dataclass

from kpp_twin.store.connection import Connection
from kpp_twin.store.queries import query


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One column; or, where ``column`` is empty, a whole table or view.

    Attributes
    ----------
    type
        DuckDB type of a column; ``table`` or ``view`` of a whole one.
    unit
        Unit of the values, as in ``kW``, ``UTC`` or ``text``; empty for a whole table.
    """

    table: str
    column: str
    type: str
    unit: str
    meaning: str


def dictionary(connection: Connection) -> list[Entry]:
    """Every table and view, each followed by its columns; the ``out_`` views, which are made to be read, first."""
    rows = connection.execute(query("dictionary")).fetchall()
    return [
        Entry(table=table, column=column, type=type_, unit=unit or "", meaning=meaning or "")
        for table, column, type_, unit, meaning in rows
    ]
