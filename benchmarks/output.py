"""How the benchmarks show their figures: a table for people, and one flat JSON object for programs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import click
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure.

    Attributes
    ----------
    name
        Key in the JSON object, ending in its unit.
    value
        None where there is nothing to measure.
    meaning
        What it is, for people.
    target
        What it should be, for people; empty if it is only shown.
    digits
        Significant ones that are shown; more than four only of what others can compute too.
    """

    name: str
    value: float | None
    meaning: str
    target: str = ""
    digits: int = 4


def show(title: str, figures: Sequence[Figure], *, as_json: bool) -> None:
    """Print the table and, as the last line, the JSON object."""
    table = Table("figure", "value", "target", "meaning", title=title)
    table.columns[0].min_width = max((len(figure.name) for figure in figures), default=0)  # names are never cut
    table.columns[1].justify = "right"
    for figure in figures:
        value = rounded(figure.value, figure.digits)
        shown = "" if value is None else f"{value:,}"
        table.add_row(figure.name, shown, figure.target, figure.meaning)
    Console().print(table)
    if as_json:
        click.echo(json.dumps({figure.name: rounded(figure.value, figure.digits) for figure in figures}))


def rounded(value: float | None, digits: int = 4) -> float | None:
    """As many significant digits, and a whole number as one; more would be noise."""
    if value is None:
        return None
    short = float(f"{value:.{digits}g}")
    return int(short) if short.is_integer() else short
