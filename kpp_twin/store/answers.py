"""Answers of the queries: as rows, as records, as frames, and on a grid."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from kpp_twin.records import Array
from kpp_twin.store.connection import Connection
from kpp_twin.store.queries import query
from kpp_twin.timegrid import TimeGrid, utc

Record = TypeVar("Record")
Parameters = Mapping[str, object]


def rows_of(connection: Connection, name: str, parameters: Parameters) -> list[dict[str, Any]]:
    """Answer of a query, one dictionary per row; instants are in UTC."""
    cursor = connection.execute(query(name), dict(parameters))
    columns = [column[0] for column in cursor.description or ()]
    return [dict(zip(columns, map(_plain, row), strict=True)) for row in cursor.fetchall()]


def _plain(value: object) -> object:
    return utc(value) if isinstance(value, datetime) else value


def records_of(connection: Connection, record: type[Record], name: str, parameters: Parameters) -> tuple[Record, ...]:
    """One record per row of a query whose columns are the record's fields."""
    return tuple(record(**row) for row in rows_of(connection, name, parameters))


def frame_of(connection: Connection, name: str, parameters: Parameters) -> pd.DataFrame:
    """Answer of a query by way of Arrow: its instants keep their zone, which NumPy's lose."""
    return connection.execute(query(name), dict(parameters)).to_arrow_table().to_pandas()


def on_grid(grid: TimeGrid, rows: pd.DataFrame, column: str) -> Array:
    """Values of a column by interval, ``(grid.n_steps,)``; NaN where there is none."""
    values = np.full(grid.n_steps, np.nan)
    position = grid.positions(pd.DatetimeIndex(rows["valid_from"]))
    is_on_grid = position >= 0  # rows of another interval length are not
    values[position[is_on_grid]] = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)[is_on_grid]
    return values
