"""A file of forecasts, CSV or Parquet, beside what came."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from kpp_twin.errors import ConfigError, SourceError
from kpp_twin.sources.table_file import read_table, stamps_of
from kpp_twin.units import Array
from models.evaluation import Issued

NEEDED = ("valid_from", "actual", "forecast")
QUANTILE = re.compile(r"q(\d{1,2}(?:\.\d+)?)")  # in percent, as in q05 or q2.5
WALL_CLOCK = ZoneInfo("UTC")  # of stamps without a zone: days of 24 hours


def read_forecasts(file: Path, zone: ZoneInfo) -> tuple[Issued, ZoneInfo]:
    """Forecasts of a file, and the clock of its days: ``zone``, or one without changes if its stamps have no zone.

    The columns are `NEEDED`, quantiles named as in `QUANTILE`, and forecasts to compare with: all others of numbers.

    Raises
    ------
    SourceError
        The file cannot be read, its stamps are no instants in rising order, or its quantiles cross.
    ConfigError
        A column that is needed is missing, or holds no numbers.
    """
    table = read_table(file, NEEDED)
    stamps = stamps_of(table, "valid_from", file)
    others = table.drop(columns="valid_from")
    numbers = others.select_dtypes("number").astype(np.float64)
    for name in NEEDED[1:]:
        if name not in numbers:
            raise ConfigError(
                f"column {name!r} holds no numbers", place=file.name, next_step="leave a cell empty or write a number"
            )
    percent = {float(found[1]): name for name in map(str, numbers) if (found := QUANTILE.fullmatch(name))}
    levels = np.array(sorted(percent)) / 100
    quantiles = numbers[[percent[level] for level in sorted(percent)]].to_numpy()
    if (np.diff(quantiles, axis=1) < 0).any():
        row = int(np.argmax((np.diff(quantiles, axis=1) < 0).any(axis=1)))
        raise SourceError(
            f"the quantiles of row {row + 1} cross", place=file.name, next_step="sort each row's quantiles"
        )
    references = [name for name in map(str, numbers) if name not in NEEDED and not QUANTILE.fullmatch(name)]
    issued = Issued(
        valid_from=stamps.tz_localize(WALL_CLOCK) if stamps.tz is None else stamps.tz_convert("UTC"),
        actual=_column(numbers, "actual"),
        forecast=_column(numbers, "forecast"),
        quantiles=quantiles,
        levels=levels,
        references={name: _column(numbers, name) for name in references},
    )
    return issued, WALL_CLOCK if stamps.tz is None else zone


def _column(numbers: pd.DataFrame, name: str) -> Array:
    values = numbers[name].to_numpy()
    return np.where(np.isfinite(values), values, np.nan)
