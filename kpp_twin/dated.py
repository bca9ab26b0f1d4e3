"""Rows of a table that hold for some dates."""

import tomllib
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kpp_twin.errors import ConfigError, faults_of


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


class NamedRow(DatedRow):
    """A row with a name, and others by which it is known."""

    name: Annotated[str, Field(min_length=1)]
    aliases: tuple[str, ...] = Field(default=(), strict=False)

    def plain_names(self) -> set[str]:
        """Name and aliases, small and without spacing."""
        return {_plain(known) for known in (self.name, *self.aliases)}


Row = TypeVar("Row", bound=DatedRow)
Named = TypeVar("Named", bound=NamedRow)


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


def read_products(text: str, model: type[Named], *, place: str) -> tuple[Named, ...]:
    """Rows ``product`` of a table in TOML.

    Raises
    ------
    ConfigError
        Rows are wrong, or two of one name or alias hold on the same day; all faults in one message.
    """
    rows, faults = [], []
    for number, content in enumerate(tomllib.loads(text)["product"], start=1):
        try:
            rows.append(model.model_validate(content))
        except ValidationError as error:
            at = f"product {number} ({content.get('name', 'without name')})"
            faults += [f"{at}: {fault}" for fault in faults_of(error.errors(), "it")]
    faults += doubled(rows, model.plain_names, lambda row: row.name)
    if faults:
        raise ConfigError(
            f"{len(faults)} fault(s) in the products: " + "; ".join(faults), place=place, next_step="correct the rows"
        )
    return tuple(rows)


def row_named(rows: Sequence[Named], name: str, on: date | None, *, kind: str, place: str) -> Named:
    """Row of a name or alias, in any case and spacing, as it holds on a day; the latest one for none.

    Raises
    ------
    ConfigError
        There is no such row, or not on that day.
    """
    found = [row for row in rows if _plain(name) in row.plain_names()]
    if not found:
        raise ConfigError(
            f"there is no {kind} {name!r}",
            place=place,
            next_step=f"choose among {', '.join(dict.fromkeys(row.name for row in rows))}",
        )
    valid = [row for row in found if on is None or row.holds(on)]
    if not valid:
        spans = "; ".join(f"{row.valid_from} to {row.valid_until or 'now'}" for row in found)
        raise ConfigError(
            f"{found[0].name} does not hold on {on}",
            place=place,
            next_step=f"choose a day within {spans}, or another product",
        )
    return max(valid, key=lambda row: row.valid_from)


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
