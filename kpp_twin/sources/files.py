"""A folder of CSV or Parquet files with one's own prices, load and weather.

The files of a feed are those whose name starts with it: ``price.csv``, ``load-2024.parquet``. Rows come out as they
stand, with their origin; what is wrong with a whole file comes out as a fault, for the gate to refuse.
"""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kpp_twin.errors import SourceError
from kpp_twin.feeds import Feed
from kpp_twin.records import Delivery

MAX_FILE_BYTES = 1 << 30
MAX_FILE_ROWS = 20_000_000
SUFFIXES = (".csv", ".parquet")
Table = TypeVar("Table", pd.DataFrame, pd.Series)
SURPLUS = "surplus_fields"  # holds what a CSV row has beyond its header


class FileFaultError(ValueError):
    """Something wrong with a whole file."""


def read_feed(folder: Path, feed: Feed) -> Delivery:
    """All rows of a feed's files, in file order.

    Raises
    ------
    SourceError
        The folder does not exist or cannot be read.
    """
    if not folder.is_dir():
        raise SourceError(
            "the data folder does not exist",
            place=str(folder),
            next_step="create it, or point KPP_TWIN__DATA_FOLDER at the folder with your files",
        )
    files = sorted(p for p in folder.iterdir() if p.suffix in SUFFIXES and p.stem.startswith(feed.name))
    tables, origins, faults = [], [], []
    for file in files:
        try:
            table = _read_csv(file) if file.suffix == ".csv" else _read_parquet(file)
        except FileFaultError as fault:
            faults.append(f"{file.name}: {fault}")
        except OSError as error:
            raise SourceError(
                f"cannot read {file.name}: {error.strerror}", place=str(folder), next_step="check its permissions"
            ) from error
        else:
            tables.append(table)
            origins.append(pd.Series(table.index.astype(str), dtype=object).radd(f"{file.name}:"))
    if not files and feed.required:
        faults.append(f"no file {feed.name}*.csv or {feed.name}*.parquet in {folder.name}/")
    if len({file.suffix for file in files}) > 1:  # texts and typed columns side by side: texts
        tables = [table.astype(str) for table in tables]
    return Delivery(
        feed=feed,
        rows=_together(tables, pd.DataFrame()),
        origins=_together(origins, pd.Series(dtype=str)),
        source=folder.name,
        faults=tuple(faults),
    )


def _together(parts: list[Table], empty: Table) -> Table:
    return pd.concat(parts, ignore_index=True) if parts else empty


def _read_csv(file: Path) -> pd.DataFrame:
    """Texts as they stand; the index is the number of the line in which a row ends."""
    _refuse_large(file)
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            sample = stream.readline()
            stream.seek(0)
            reader = csv.reader(stream, delimiter=";" if sample.count(";") > sample.count(",") else ",")
            lines = [(reader.line_num, line) for line in reader if line]  # blank lines carry nothing
    except UnicodeDecodeError as error:
        raise FileFaultError(f"is not UTF-8 text (byte {error.start})") from error
    except csv.Error as error:
        raise FileFaultError(f"is not a CSV file ({error})") from error
    if not lines:
        raise FileFaultError("is empty")
    (_, first), *body = lines
    header = [name.strip() for name in first]
    _refuse_doubled(header)
    if not body:
        raise FileFaultError("has a header and no row")
    width = len(header)
    padded = [line[:width] + [""] * (width - len(line)) for _, line in body]
    table = pd.DataFrame(padded, columns=header, index=[number for number, _ in body], dtype=str)
    if any(len(line) > width for _, line in body):
        table[SURPLUS] = [";".join(line[width:]) for _, line in body]
    return table


def _read_parquet(file: Path) -> pd.DataFrame:
    _refuse_large(file)
    if file.stat().st_size == 0:
        raise FileFaultError("is empty")
    try:
        with pq.ParquetFile(file) as parquet:
            _refuse_doubled(parquet.schema_arrow.names)
            if parquet.metadata.num_rows > MAX_FILE_ROWS:
                raise FileFaultError(f"has {parquet.metadata.num_rows} rows; at most {MAX_FILE_ROWS} are read")
            if parquet.metadata.num_rows == 0:
                raise FileFaultError("has columns and no row")
            table = parquet.read().to_pandas()
            return table.set_axis(range(1, len(table) + 1))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        if isinstance(error, PermissionError):
            raise
        raise FileFaultError(f"is not a readable Parquet file ({str(error).splitlines()[0]})") from error


def _refuse_large(file: Path) -> None:
    size = file.stat().st_size
    if size > MAX_FILE_BYTES:
        raise FileFaultError(f"has {size} bytes; at most {MAX_FILE_BYTES} are read")


def _refuse_doubled(header: Iterable[str]) -> None:
    names = list(header)
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise FileFaultError(f"has the column {', '.join(doubled)} more than once")
