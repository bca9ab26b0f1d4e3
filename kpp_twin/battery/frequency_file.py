"""A file of measured frequency, CSV or Parquet, as samples by the second with the gaps between them."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from kpp_twin.errors import ConfigError, SourceError
from kpp_twin.units import Array

TIME_NAMES = ("second", "time", "time_s", "timestamp", "timestamp_utc")
# The median of a column of frequency lies between. [Hz]
LOWEST_HZ, HIGHEST_HZ = 40.0, 70.0
NOMINAL_HZ = (50.0, 60.0)


def nominal_hz_of(frequency_hz: Array) -> float:
    """Nominal frequency of the grid that was measured, ``(n,)``: 50 or 60 Hz, whichever its median is nearer to."""
    median_hz = float(np.nanmedian(frequency_hz))
    return min(NOMINAL_HZ, key=lambda nominal_hz: abs(median_hz - nominal_hz))


def read_frequency(file: Path, column: str | None = None) -> dict[str, Array]:
    """Frequency by the second of one column, or of each that holds one: ``(n,)``, NaN where there is no sample. [Hz]

    Numbers whose median is 40 to 70 hold a frequency; other columns are not looked at. A column of dates, or one named
    as in `TIME_NAMES` (numbers are seconds then), says when was measured; the index may be it. Without one, each row
    is a second.

    Raises
    ------
    SourceError
        The file cannot be read, or its times are not those of samples by the second.
    ConfigError
        There is no such column, or none that holds a frequency.
    """
    table = _read(file)
    times = [
        name
        for name, values in table.items()
        if pd.api.types.is_datetime64_any_dtype(values) or str(name).strip().lower() in TIME_NAMES
    ]
    numbers = table.drop(columns=times).select_dtypes("number", exclude="timedelta").astype(float)
    known = [str(name) for name, median_hz in numbers.median().items() if LOWEST_HZ <= median_hz <= HIGHEST_HZ]
    wanted = known if column is None else [column]
    if not wanted or not set(wanted) <= set(known):
        raise ConfigError(
            "no column holds a frequency" if column is None else f"there is no column {column!r} of frequency",
            place=file.name,
            next_step=f"choose among {', '.join(known)}"
            if known
            else f"give numbers with a median of {LOWEST_HZ:g} to {HIGHEST_HZ:g} Hz; "
            f"its columns are {', '.join(map(str, table.columns))}",
        )
    seconds = _seconds(table[times[0]], file) if times else np.arange(len(table))
    found = {name: np.full(seconds[-1] + 1, np.nan) for name in wanted}
    for name, frequency_hz in found.items():
        frequency_hz[seconds] = numbers[name]
    return found


def _read(file: Path) -> pd.DataFrame:
    """Table of the file; an index that means something is a column of it."""
    try:
        table = pd.read_csv(file) if file.suffix == ".csv" else pd.read_parquet(file)
        if not table.index.equals(pd.RangeIndex(len(table))):
            table = table.reset_index()
    except (OSError, ValueError) as error:  # of pandas and pyarrow too
        raise SourceError(
            f"it cannot be read: {str(error).splitlines()[0]}", place=file.name, next_step="give a CSV or Parquet file"
        ) from error
    if table.empty:
        raise SourceError("it holds nothing", place=file.name, next_step="give samples of a frequency")
    return table


def _seconds(times: "pd.Series[float]", file: Path) -> npt.NDArray[np.int64]:
    """Whole seconds since the first sample, rising, ``(n,)``."""
    try:
        elapsed_s = _elapsed_s(times)
    except ValueError as error:
        raise _time_error(str(error), times.name, file) from error
    seconds = np.floor(elapsed_s + 0.5)
    rises = np.diff(seconds) >= 1  # not where a time is missing
    if not rises.all():
        row = int(np.argmin(rises))
        raise _time_error(
            f"row {row + 2} ({times.iloc[row + 1]}) is no second after {times.iloc[row]}", times.name, file
        )
    if not seconds[-1] < 2 * len(seconds):
        raise _time_error(f"{len(seconds)} samples in {seconds[-1]:.0f} seconds", times.name, file)
    return seconds.astype(np.int64)


def _elapsed_s(times: "pd.Series[float]") -> Array:
    if pd.api.types.is_numeric_dtype(times):
        values = times.to_numpy(dtype=float)
        return values - values[0]
    instants = pd.DatetimeIndex(pd.to_datetime(times, utc=True))
    return ((instants - instants[0]) / pd.Timedelta(seconds=1)).to_numpy()


def _time_error(fault: str, name: object, file: Path) -> SourceError:
    return SourceError(
        f"column {name!r}: {fault}", place=file.name, next_step="give one sample a second, in order; cut out long gaps"
    )
