"""A user's file of a table, CSV or Parquet, with a column of stamps that rise."""

from pathlib import Path

import numpy as np
import pandas as pd

from kpp_twin.errors import ConfigError, SourceError

ZONE_AT_END = r"(?:Z|[+-]\d\d:?\d\d)$"


def read_table(file: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    """Table of the file.

    Raises
    ------
    SourceError
        The file cannot be read.
    ConfigError
        A column that is needed is missing.
    """
    try:
        table = pd.read_csv(file) if file.suffix == ".csv" else pd.read_parquet(file)
    except (OSError, ValueError) as error:  # of pandas and pyarrow too
        raise SourceError(
            f"it cannot be read: {str(error).splitlines()[0]}", place=file.name, next_step="give a CSV or Parquet file"
        ) from error
    missing = [name for name in needed if name not in table]
    if missing:
        raise ConfigError(
            f"there is no column {', '.join(missing)}",
            place=file.name,
            next_step=f"name the columns {', '.join(needed)}; its columns are {', '.join(map(str, table.columns))}",
        )
    return table


def stamps_of(table: pd.DataFrame, name: str, file: Path) -> pd.DatetimeIndex:
    """Starts of the intervals; with a zone if they were written with one.

    Raises
    ------
    SourceError
        They are no instants, some have a zone and others none, or they do not rise.
    """
    column = table[name]
    try:
        stamps = pd.DatetimeIndex(
            column if pd.api.types.is_datetime64_any_dtype(column) else _parsed(column.astype(str))
        )
    except ValueError as error:
        raise SourceError(
            f"column {name!r}: {str(error).splitlines()[0]}",
            place=file.name,
            next_step="write all stamps as 2021-10-14T06:15Z, or all without a zone",
        ) from error
    rises = np.diff(stamps.asi8) > 0  # not where a stamp is missing
    if stamps.hasnans or not rises.all():
        row = int(np.argmin(rises)) if not rises.all() else int(np.argmax(stamps.isna()))
        raise SourceError(
            f"column {name!r}: row {row + 2} is not after the one before it",
            place=file.name,
            next_step="give one row for each interval, oldest first",
        )
    return stamps


def _parsed(text: "pd.Series[str]") -> "pd.Series[pd.Timestamp]":
    has_zone = text.str.contains(ZONE_AT_END)
    if has_zone.any() and not has_zone.all():
        raise ValueError(f"{text[~has_zone].iloc[0]} has no zone, others have")
    return pd.to_datetime(text, utc=bool(has_zone.all()), format="ISO8601")
