"""The parts that a linear programme is put together from: named columns and rows, as arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kpp_twin.units import Array

Indices = npt.NDArray[np.int64]
# Rows, columns and values of a matrix; each is one value or as many as the longest.
Term = tuple[Any, Any, Any]
# What columns or rows are about: the kind, then the side, the product, the asset.
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """Minimise ``cost @ x`` within bounds of n columns and m rows.

    Attributes
    ----------
    cost, lower, upper
        Of the columns, ``(n,)``.
    row_lower, row_upper
        Of the rows, ``(m,)``.
    matrix
        ``scipy.sparse.csc_array``, ``(m, n)``.
    columns, rows
        Indices by key.
    """

    cost: Array
    lower: Array
    upper: Array
    row_lower: Array
    row_upper: Array
    matrix: Any
    columns: Mapping[Key, Indices]
    rows: Mapping[Key, Indices]

    def of_row(self, row: int) -> tuple[Indices, Array]:
        """Columns of a row, and their values."""
        at = np.flatnonzero(self.matrix.indices == row)
        return np.searchsorted(self.matrix.indptr, at, side="right") - 1, self.matrix.data[at]


class ProgrammeParts:
    """Columns, rows and costs as they are added.

    Attributes
    ----------
    columns, rows
        Indices by key, so far.
    """

    def __init__(self) -> None:
        self.columns: dict[Key, Indices] = {}
        self.rows: dict[Key, Indices] = {}
        self._n_columns = self._n_rows = 0
        self._bounds: list[tuple[Array, Array]] = []
        self._row_bounds: list[tuple[Array, Array]] = []
        self._costs: list[tuple[Indices, Any]] = []
        self._entries: list[Term] = []

    def add_columns(self, key: Key, size: int, *, lower: Any = 0.0, upper: Any = np.inf, cost: Any = 0.0) -> Indices:
        """New columns, and their indices; bounds and cost are one value or ``(size,)``."""
        self._bounds.append((np.full(size, lower), np.full(size, upper)))
        self.columns[key] = np.arange(self._n_columns, self._n_columns + size)
        self._n_columns += size
        self.add_cost(self.columns[key], cost)
        return self.columns[key]

    def add_cost(self, columns: Indices, cost: Any) -> None:
        """Cost beyond what they have; a column named twice gets both."""
        self._costs.append((columns, cost))

    def add_rows(
        self, key: Key, size: int, terms: Sequence[Term], *, lower: Any = -np.inf, upper: Any = np.inf
    ) -> None:
        """New rows; those of the terms count from 0. Bounds are one value or ``(size,)``."""
        self._row_bounds.append((np.full(size, lower), np.full(size, upper)))
        self._entries += [(np.add(rows, self._n_rows), columns, values) for rows, columns, values in terms]
        self.rows[key] = np.arange(self._n_rows, self._n_rows + size)
        self._n_rows += size

    def programme(self) -> Programme:
        """All of it; entries of the same place are added up, and those of 0 left out."""
        from scipy.sparse import coo_array

        lower, upper = (np.concatenate(bounds) for bounds in zip(*self._bounds, strict=True))
        row_lower, row_upper = (np.concatenate(bounds) for bounds in zip(*self._row_bounds, strict=True))
        cost = np.zeros(self._n_columns)
        for columns, of_columns in self._costs:
            np.add.at(cost, columns, of_columns)
        sizes = [np.broadcast(*entry).size for entry in self._entries]
        entries, stop = np.empty((3, sum(sizes))), 0
        for entry, size in zip(self._entries, sizes, strict=True):
            start, stop = stop, stop + size
            for row, part in zip(entries, entry, strict=True):
                row[start:stop] = part
        places = entries[0].astype(np.int32), entries[1].astype(np.int32)
        matrix = coo_array((entries[2], places), shape=(self._n_rows, self._n_columns)).tocsc()
        matrix.eliminate_zeros()
        return Programme(
            cost=cost,
            lower=lower,
            upper=upper,
            row_lower=row_lower,
            row_upper=row_upper,
            matrix=matrix,
            columns=self.columns,
            rows=self.rows,
        )
