"""How fast the store takes rows in, and answers what was known at an instant.

Example: ``python -m benchmarks.store --json``
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import click
import numpy as np
import pandas as pd

from benchmarks.output import Figure, show
from kpp_twin.feeds import PRICE
from kpp_twin.settings import Settings
from kpp_twin.store.commit import insert
from kpp_twin.store.connection import Connection, open_live, transaction
from kpp_twin.store.history import _known

INSERT_ROWS = 1_000_000
INSERT_REPEATS = 5
FILL_ROWS_PER_DAY = 1000  # as in fill_price.sql
FILL_START = datetime(1970, 1, 1, tzinfo=UTC)
WINDOW = timedelta(days=7)
INSTANTS = 20
REPEATS = 10
NEEDED_BYTES_PER_ROW = 20  # some 6 for the table, the rest for what DuckDB writes meanwhile


@click.command()
@click.option(
    "--rows",
    type=click.IntRange(min=10_000),
    multiple=True,
    default=(10_000_000, 100_000_000),
    show_default=True,
    help="Rows of the price table at which the as-of query is timed; may be given several times.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures once more as the last line, as a JSON object.")
def main(rows: tuple[int, ...], *, as_json: bool) -> None:
    """Time the store's insert, and its as-of query on tables of several sizes.

    Example: python -m benchmarks.store --json --rows 10000000
    """
    sizes = sorted(rows)
    with tempfile.TemporaryDirectory(prefix="kpp-twin-benchmark-") as folder:
        _require_space(Path(folder), sizes[-1])
        figures = [*_insert(Path(folder), min(INSERT_ROWS, sizes[0])), *_as_of(Path(folder), sizes)]
    show("Store, medians", figures, as_json=as_json)


def _require_space(folder: Path, rows: int) -> None:
    needed, free = rows * NEEDED_BYTES_PER_ROW, shutil.disk_usage(folder).free
    if free < needed:
        raise click.ClickException(
            f"{rows:,} rows need about {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free [{folder.parent}]. "
            "Next: free space, point TMPDIR at a larger disk, or choose fewer --rows"
        )


def _insert(folder: Path, rows: int) -> Iterator[Figure]:
    """Write a frame as the gate hands it over: wall time with all threads, as a cycle does, and CPU time with one."""
    frame = _price_frame(rows)
    wall_s = [_insert_once(folder / f"all-{number}", frame)[0] for number in range(INSERT_REPEATS)]
    cpu_s = [_insert_once(folder / f"one-{number}", frame, "SET threads = 1")[1] for number in range(INSERT_REPEATS)]
    yield Figure(
        name="insert_rows_per_s",
        value=rows / median(wall_s),
        meaning=f"insert {rows:,} price rows and commit, all threads",
        target="≥ 1,500,000",
    )
    yield Figure(name="insert_rows_per_cpu_s", value=rows / median(cpu_s), meaning="the same by CPU time, one thread")


def _insert_once(home: Path, frame: pd.DataFrame, *setup: str) -> tuple[float, float]:
    """Wall and CPU seconds of one transaction in a new store."""
    with open_live(Settings(home=home)) as connection:
        for statement in setup:
            connection.execute(statement)
        wall, cpu = time.perf_counter(), time.process_time()
        with transaction(connection):
            insert(connection, {"price": frame}, 1)
        seconds = time.perf_counter() - wall, time.process_time() - cpu
    shutil.rmtree(home)
    return seconds


def _price_frame(rows: int) -> pd.DataFrame:
    """Hourly prices of eight hubs; columns and types as the gate admits them."""
    hubs = [f"HUB_{number}" for number in range(8)]
    valid_from = pd.date_range("2010-01-01", periods=-(-rows // len(hubs)), freq="h", tz="UTC", unit="us").repeat(
        len(hubs)
    )[:rows]
    return pd.DataFrame(
        {
            "series": np.resize(hubs, rows),
            "valid_from": valid_from,
            "duration_minutes": 60,
            "known_at": valid_from.normalize() - pd.Timedelta(hours=5, minutes=30),
            "price_per_mwh": np.random.default_rng(1).normal(40, 20, rows).round(2),
            "source": "sample/price.parquet",
            "flags": "",
            "currency": "USD",
        }
    )


def _as_of(folder: Path, sizes: list[int]) -> Iterator[Figure]:
    """Let one table grow through the sizes, and ask at each what was known at instants spread over its history."""
    settings = Settings(home=folder / "as-of")
    fill = Path(__file__).with_name("fill_price.sql").read_text(encoding="utf-8")
    filled, fill_s = 0, 0.0
    for rows in sizes:
        started = time.perf_counter()
        with open_live(settings) as connection:
            connection.execute(fill, {"first": filled, "stop": rows})
        fill_s += time.perf_counter() - started
        filled = rows
        with open_live(settings) as connection:
            connection.execute("SET threads = 1")
            wall_ms, cpu_ms = _ask(connection, rows // FILL_ROWS_PER_DAY)
        size = f"{rows:.0e}".replace("e+0", "e").replace("e+", "e")
        yield Figure(
            name=f"asof_ms_{size}",
            value=wall_ms,
            meaning=f"what was known of 7 days, of {rows:,} rows, one thread",
            target="≤ 10",
        )
        yield Figure(name=f"asof_cpu_ms_{size}", value=cpu_ms, meaning="the same by CPU time")
    yield Figure(name="bytes_per_row", value=settings.store_path.stat().st_size / filled, meaning="on disk")
    yield Figure(name="fill_rows", value=filled, meaning="rows of the largest table")
    yield Figure(name="fill_s", value=fill_s, meaning="to fill it within DuckDB")


def _ask(connection: Connection, days: int) -> tuple[float, float]:
    """Median wall and CPU milliseconds of the twin's own query, warm."""
    wall_ms, cpu_ms = [], []
    for number in range(1, INSTANTS + 1):
        as_of = FILL_START + timedelta(days=days * number // INSTANTS, hours=15)
        for repeat in range(1 + REPEATS):
            wall, cpu = time.perf_counter(), time.process_time()
            _known(connection, PRICE, as_of - WINDOW, as_of, days)
            if repeat:  # the first reads from disk
                wall_ms.append((time.perf_counter() - wall) * 1e3)
                cpu_ms.append((time.process_time() - cpu) * 1e3)
    return median(wall_ms), median(cpu_ms)


if __name__ == "__main__":
    main()
