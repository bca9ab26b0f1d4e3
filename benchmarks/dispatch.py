"""The best plan of the design document's battery on a file's prices: its worth, and what it takes to find.

Example: ``python -m benchmarks.dispatch --file benchmark_forecasts.parquet --market DE --column real_price --json``
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

import click
import numpy as np
import pandas as pd

from benchmarks.output import Figure, show
from kpp_twin.errors import SourceError
from kpp_twin.market.dispatch.storage_plan import StorageLimits, StoragePlan, plan_storage, plan_storage_batch
from kpp_twin.units import HOURS_PER_DAY, Array

BATTERY = StorageLimits(min_kwh=100.0, max_kwh=900.0, charge_efficiency=0.95, discharge_efficiency=0.95)
MAX_POWER_KW = 500.0
HALF_KWH = 500.0
LONGEST_STEP_HOURS = 1.0
REPETITIONS = 21
STAMPS = ("timestamp", "time", "interval_start")  # how a column of them begins
MOST_NAMED = 5

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Prices of steps ``(n,)``, or of days of the same steps ``(m, n)``, and how long these are ``(n,)``."""

    price_per_mwh: Array
    hours: Array


@click.command()
@click.option("--file", type=click.Path(exists=True, path_type=Path), required=True, help="Parquet or CSV of prices.")
@click.option("--market", help="Only rows whose column `market` says so.")
@click.option("--column", required=True, help="Column of the price, per MWh.")
@click.option("--start", help="First instant, in the file's time; default: its first row.")
@click.option("--hours", type=click.FloatRange(0, min_open=True), default=8760.0, help="How much of it.")
@click.option("--degradation", type=click.FloatRange(0), default=0.0, help="Cost of wear, per MWh discharged.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures once more as the last line, as a JSON object.")
def main(
    file: Path, market: str | None, column: str, start: str | None, hours: float, degradation: float, *, as_json: bool
) -> None:
    """Plan the whole span at once, and each 24 hours of it on its own, from half full to half full.

    Example: python -m benchmarks.dispatch --file DE.parquet --column price_eur_mwh --start 2016-01-04 --json
    """
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    prices = read_prices(file, market=market, column=column, start=start, hours=hours)
    show(f"Dispatch on {column} of {market or file.stem}", list(_run(prices, degradation)), as_json=as_json)


def _run(prices: Prices, degradation: float) -> Iterator[Figure]:
    from benchmarks.dispatch_lp import full_day_ms, regulation_day_ms

    days = days_of(prices)
    plan, plan_s = _timed(lambda: plan_whole(prices, degradation))
    profits, profits_s = _timed(lambda: [plan_days(block, degradation) for block in days])
    charges, discharges = np.maximum(-plan.power_kw, 0.0), np.maximum(plan.power_kw, 0.0)
    n_days = sum(len(block.price_per_mwh) for block in days)
    yield Figure(
        name="objective_year", value=plan.profit, meaning=f"of {prices.hours.sum():g} hours planned at once", digits=10
    )
    yield Figure(name="cpu_s_year", value=plan_s, meaning="to plan them, median", target="≤ 0.002")
    yield Figure(
        name="objective_days",
        value=float(sum(profit.sum() for profit in profits)),
        meaning=f"of {n_days} blocks of 24 hours, each on its own",
        digits=10,
    )
    yield Figure(name="cpu_s_days", value=profits_s, meaning="to plan them all, median", target="≤ 0.002")
    yield Figure(
        name="simultaneous_hours",
        value=float(prices.hours[(charges > 0) & (discharges > 0)].sum()),
        meaning="of charging and discharging at once",
        target="0",
    )
    hourly = hourly_price(prices)
    yield Figure(
        name="cpu_ms_per_day_lp",
        value=regulation_day_ms(hourly),
        meaning="programme of energy and regulation over 24 hours, warm, median",
        target="≤ 0.6",
    )
    yield Figure(
        name="cpu_ms_per_day_full",
        value=full_day_ms(hourly),
        meaning="programme of the whole site over 24 hours and 10 scenarios, warm, median",
        target="≤ 20",
    )


def plan_whole(prices: Prices, wear_per_mwh: float) -> StoragePlan:
    """Plan of all steps at once."""
    return plan_storage(
        prices.price_per_mwh,
        hours=prices.hours,
        storage=BATTERY,
        energy_kwh=HALF_KWH,
        target_kwh=HALF_KWH,
        max_charge_kw=MAX_POWER_KW,
        max_discharge_kw=MAX_POWER_KW,
        wear_per_mwh=wear_per_mwh,
    )


def plan_days(days: Prices, wear_per_mwh: float) -> Array:
    """Profit of each day, ``(m,)``."""
    _, profit = plan_storage_batch(
        days.price_per_mwh,
        hours=days.hours,
        storage=BATTERY,
        energy_kwh=HALF_KWH,
        target_kwh=HALF_KWH,
        max_charge_kw=MAX_POWER_KW,
        max_discharge_kw=MAX_POWER_KW,
        wear_per_mwh=wear_per_mwh,
    )
    return profit


def days_of(prices: Prices) -> list[Prices]:
    """Blocks of 24 hours from the start, those of the same steps together; the last may be shorter."""
    day = np.floor((np.cumsum(prices.hours) - prices.hours / 2) / HOURS_PER_DAY)
    rows = np.split(np.arange(len(day)), np.flatnonzero(np.diff(day)) + 1)
    alike: dict[bytes, list[Array]] = {}
    for block in rows:
        alike.setdefault(prices.hours[block].tobytes(), []).append(prices.price_per_mwh[block])
    return [Prices(price_per_mwh=np.array(block), hours=np.frombuffer(hours)) for hours, block in alike.items()]


def hourly_price(prices: Prices) -> Array:
    """Mean price of each whole hour from the start."""
    hour = np.floor(np.cumsum(prices.hours) - prices.hours / 2).astype(np.int64)
    return np.bincount(hour, prices.price_per_mwh * prices.hours) / np.bincount(hour, prices.hours)


def read_prices(file: Path, *, market: str | None, column: str, start: str | None, hours: float) -> Prices:
    """Prices of a span of a file, and the length of each step: the time until the next.

    Raises
    ------
    SourceError
        The file lacks what is asked for, or the span has a gap or lacks a price.
    """
    frame = pd.read_csv(file) if file.suffix == ".csv" else pd.read_parquet(file)
    if market is not None and "market" in frame:
        frame = frame[frame["market"] == market]
    stamped = [name for name in frame if str(name).startswith(STAMPS)]
    if column not in frame or frame.empty or not (stamped or isinstance(frame.index, pd.DatetimeIndex)):
        raise SourceError(
            f"there are no prices {column!r} of the market {market} with timestamps among {len(frame)} rows",
            place=f"{file.name}, columns {', '.join(map(str, frame.columns))}",
            next_step=f"name a column and a market that are there; a column of timestamps begins with {STAMPS[0]}",
        )
    stamps = pd.DatetimeIndex(pd.to_datetime(frame[stamped[0]] if stamped else frame.index))
    price = pd.Series(frame[column].to_numpy(np.float64), stamps).sort_index()
    if start is not None:
        first = pd.Timestamp(start)
        price = price[first.tz_localize(price.index.tz) if first.tz is None else first :]
    lengths = np.diff(price.index) / pd.Timedelta(hours=1)
    lengths = np.append(lengths, lengths[-1:])  # the last is as long as the one before
    within = np.asarray((price.index - price.index[:1].min()) / pd.Timedelta(hours=1)) < hours
    lengths, price = lengths[within], price[within]
    faults = [f"gap or repetition at {stamp}" for stamp in price.index[(lengths <= 0) | (lengths > LONGEST_STEP_HOURS)]]
    faults += [f"no price at {stamp}" for stamp in price.index[price.isna()]]
    if lengths.sum() < hours - 1e-6:
        faults.append(f"only {lengths.sum():g} hours there")
    if faults:
        raise SourceError(
            f"{len(faults)} fault(s) in {hours:g} hours of {column}: " + "; ".join(faults[:MOST_NAMED]),
            place=file.name,
            next_step="choose another --start or fewer --hours; steps are at most an hour long",
        )
    return Prices(price_per_mwh=price.to_numpy(), hours=lengths)


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What it gives, and the median of its CPU time after a first call. [s]"""
    result, seconds = work(), []
    for _ in range(REPETITIONS):
        begun = time.process_time()
        work()
        seconds.append(time.process_time() - begun)
    return result, median(seconds)


if __name__ == "__main__":
    main()
