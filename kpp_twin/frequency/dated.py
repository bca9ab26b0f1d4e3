"""Rows of a table that hold for some dates."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator


class Section(BaseModel):
    """Values of a table, checked as they are read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class DatedRow(Section):
    """A row with the dates for which it holds; a table names its other faults in `_faults`.

    Attributes
    ----------
    valid_from, valid_until
        First day on which it holds, and the first on which it no longer does; none if it still holds.
    """

    valid_from: date
    valid_until: date | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        faults = list(self._faults())
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            faults.append("valid_until must be after valid_from")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        yield from ()

    def holds(self, on: date) -> bool:
        """Whether it holds on a day."""
        return self.valid_from <= on < (self.valid_until or date.max)


Row = TypeVar("Row", bound=DatedRow)


def doubled(rows: Sequence[Row], names: Callable[[Row], set[str]], shown: Callable[[Row], str]) -> list[str]:
    """Which rows hold on a day for which another row has one of their names."""
    return [
        f"{shown(row)} has two rows on {later}"
        for number, row in enumerate(rows)
        for other in rows[:number]
        if names(other) & names(row)
        and row.holds(later := max(row.valid_from, other.valid_from))
        and other.holds(later)
    ]
