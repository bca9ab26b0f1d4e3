"""A file of prices of one market, CSV or Parquet; steps may change their length within it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kpp_twin.errors import ConfigError, SourceError
from kpp_twin.sources.table_file import read_table, stamps_of
from kpp_twin.units import MINUTES_PER_HOUR, Array

STAMPS = ("valid_from", "timestamp")  # beginnings of the name of the column that holds the starts of the intervals
MARKET = "market"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Prices of consecutive intervals.

    Attributes
    ----------
    valid_from
        Starts, ``(n,)``; without a zone if the file has none.
    hours
        Lengths, ``(n,)``.
    price_per_mwh
        ``(n,)``, all finite.
    """

    valid_from: pd.DatetimeIndex
    hours: Array
    price_per_mwh: Array


def read_prices(file: Path, column: str | None = None, market: str | None = None) -> Prices:
    """Prices of a file: a column of stamps, ``valid_from`` or ``timestamp...``, and one of prices.

    Parameters
    ----------
    column
        Of the prices; by default the only one whose name begins with ``price``.
    market
        Rows of which ``market`` column; only in files that have one.

    Raises
    ------
    SourceError
        The file cannot be read, stamps do not rise, rows are missing between them, or a price is no number.
    ConfigError
        It is not clear which column or market is meant.
    """
    table = read_table(file, ())
    if MARKET in table or market is not None:
        table = _of_market(table, market, file)
    stamps = stamps_of(table, _only(table, STAMPS, None, file, "stamps"), file)
    name = _only(table, ("price",), column, file, "prices")
    price = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(price))
    if bad.size:
        raise SourceError(
            f"column {name!r} holds no number at {stamps[bad[0]]} ({bad.size} of {price.size} rows)",
            place=file.name,
            next_step="fill the gaps, or give the rows between them",
        )
    return Prices(valid_from=stamps, hours=_hours(stamps, file), price_per_mwh=price)


def _of_market(table: pd.DataFrame, market: str | None, file: Path) -> pd.DataFrame:
    markets = sorted(map(str, table[MARKET].unique())) if MARKET in table else []
    if market not in markets:
        raise ConfigError(
            f"there is no market {market}" if market else "which market is meant is not said",
            place=file.name,
            next_step=f"choose one of {', '.join(markets)}" if markets else "leave the market out: the file has none",
        )
    return table[table[MARKET] == market].reset_index(drop=True)


def _only(table: pd.DataFrame, beginnings: tuple[str, ...], name: str | None, file: Path, what: str) -> str:
    names = [str(column) for column in table if str(column).startswith(beginnings)]
    if name is not None:
        names = [name] if name in table else []
    if len(names) != 1:
        raise ConfigError(
            f"there is no column of {what}" if not names else f"several columns may be that of {what}: {names}",
            place=file.name,
            next_step=f"name one of its columns {', '.join(map(str, table))}",
        )
    return names[0]


def _hours(stamps: pd.DatetimeIndex, file: Path) -> Array:
    """Length of each step: up to the next one, the last as long as the one before it."""
    if len(stamps) < 2:
        raise SourceError("holds fewer than two rows", place=file.name, next_step="give consecutive intervals")
    hours = np.diff(stamps.as_unit("us").asi8) / pd.Timedelta(hours=1).value * 1000
    before, after = np.concatenate([hours[:1], hours[:-1]]), np.concatenate([hours[1:], hours[-1:]])
    # A step that is longer than both of its neighbours, or than any market's, is a gap.
    gaps = np.flatnonzero((hours > 1) | ((hours > before) & (hours > after)))
    if gaps.size:
        raise SourceError(
            f"{hours[gaps[0]] * MINUTES_PER_HOUR:g} minutes lie between {stamps[gaps[0]]} and the next row",
            place=file.name,
            next_step="give every interval, of at most an hour, or the rows between two gaps",
        )
    return np.concatenate([hours, hours[-1:]])
