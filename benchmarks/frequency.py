"""How well the battery delivers a frequency product at measured frequency, what that does to it, and how fast it runs.

Example: ``python -m benchmarks.frequency --file frequency.parquet --product FCR --power-kw 400 --json``
"""

import json
import math
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import click
import numpy as np
from rich.table import Column, Table

from benchmarks.output import Figure, rounded, show
from kpp_twin.battery.assess import assess, frequency_statistics
from kpp_twin.battery.frequency_file import nominal_hz_of, read_frequency
from kpp_twin.battery.model import BatteryModel
from kpp_twin.battery.scheme import PerformanceScore
from kpp_twin.battery.simulate import BatteryState, simulate
from kpp_twin.battery.storage import StorageConfiguration
from kpp_twin.console import print_table
from kpp_twin.console import show as show_table
from kpp_twin.errors import TwinError
from kpp_twin.frequency.products import FrequencyProduct, product_named
from kpp_twin.settings import Settings
from kpp_twin.site import load_site
from kpp_twin.twin.grid import grid_hour
from kpp_twin.units import SECONDS_PER_HOUR, Array

# The battery of the design document.
BATTERY = StorageConfiguration(
    capacity=1000.0,
    max_power=500.0,
    min_soc=0.1,
    max_soc=0.9,
    charge_efficiency=0.95,
    discharge_efficiency=0.95,
    response_time=0.1,
)
SYNTHETIC = "synthetic"
SYNTHETIC_START = datetime(2021, 1, 1, 6, tzinfo=UTC)
TIMED_STEPS = 2_000_000
MEANINGS = {
    "score": "mean of the next three, as PJM scores regulation",
    "accuracy": "correlation with what the product asks for",
    "delay": "1 without a delay, 0 at five minutes",
    "precision": "1 less mean error over mean of what is asked",
    "t90_s": "from a step of the frequency to 90 % of the response",
    "mileage": "changes of the response asked for, of what was sold",
    "energy_drift_kwh": "change of the stored energy",
    "endurance_violations": "seconds in which the energy is short for full response",
    "steps_per_s": "battery and controller, of CPU time, one core",
}
TARGETS = {"steps_per_s": "≥ 5,000,000"}
Figures = Mapping[str, float | None]


@click.command()
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV or Parquet file of a frequency by the second; default: the reference site's synthetic grid.",
)
@click.option("--column", help="Column of the frequency; default: all columns that hold one.")
@click.option("--product", "product_name", default="FCR", show_default=True, help="Name as in products.toml.")
@click.option("--power-kw", type=click.FloatRange(min=0, min_open=True), default=400.0, show_default=True)
@click.option(
    "--nominal-hz",
    type=click.FloatRange(min=45, max=65),
    help="Default: 50 or 60, whichever the frequency's median is nearer to; the product's own without a file.",
)
@click.option("--hours", type=click.IntRange(min=1), default=8760, show_default=True, help="Of the synthetic grid.")
@click.option("--runs", type=click.IntRange(min=1), default=5, show_default=True, help="Runs to take the speed from.")
@click.option("--statistics", is_flag=True, help="Instead: statistics of the file's frequency and the synthetic one.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures once more as the last line, as a JSON object.")
def main(
    file: Path | None,
    column: str | None,
    product_name: str,
    power_kw: float,
    nominal_hz: float | None,
    hours: int,
    runs: int,
    *,
    statistics: bool,
    as_json: bool,
) -> None:
    """Let the design document's battery answer a frequency: score, response time, energy, and speed.

    Example: python -m benchmarks.frequency --json --file frequency.parquet --product FCR --power-kw 400
    """
    try:
        product = product_named(product_name)
        series = {} if file is None else read_frequency(file, column)
        if file is None or statistics:
            series[SYNTHETIC] = synthetic_hz(nominal_hz or product.nominal_hz, hours)
        nominals_hz = {name: nominal_hz or nominal_hz_of(frequency_hz) for name, frequency_hz in series.items()}
        if statistics:
            found = {name: frequency_statistics(hz, nominals_hz[name]) for name, hz in series.items()}
            _print_statistics(found, as_json=as_json)
            return
        for name, hz in nominals_hz.items():
            if hz != product.nominal_hz:
                click.echo(f"{name}: {product.name} of {product.nominal_hz:g} Hz is used at {hz:g} Hz", err=True)
        found = {name: figures_of(product.at(nominals_hz[name]), power_kw, hz, runs) for name, hz in series.items()}
    except TwinError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    title = f"{product.name}, {power_kw:g} kW of {BATTERY.max_power:g}, {BATTERY.capacity:g} kWh"
    if len(found) == 1:
        for name, figures in found.items():
            _print_one(f"{title}, {name}", figures, as_json=as_json)
    else:
        _print_all(title, found, as_json=as_json)


def synthetic_hz(nominal_hz: float, hours: int) -> Array:
    """Frequency of the reference site's synthetic grid by the second, its deviations put on a nominal one: ``(n,)``."""
    grid, zone = load_site().grid, Settings.model_construct().zone
    found = np.empty((hours, SECONDS_PER_HOUR))
    for hour in range(hours):
        found[hour] = grid_hour(grid, SYNTHETIC_START + timedelta(hours=hour), zone)[0]
    return found.ravel() + (nominal_hz - grid.nominal_hz)


def figures_of(product: FrequencyProduct, power_kw: float, frequency_hz: Array, runs: int) -> Figures:
    """Figures of `MEANINGS`, no score where nothing was asked; and the share of the time of each flag."""
    found = assess(BATTERY, product, power_kw, frequency_hz)
    scores = asdict(found.performance) if found.performance else dict.fromkeys(PerformanceScore.__dataclass_fields__)
    return {
        **scores,
        "t90_s": found.t90_s,
        "mileage": found.mileage,
        "energy_drift_kwh": found.energy_drift_kwh,
        "endurance_violations": found.endurance_violation_s,
        "steps_per_s": steps_per_s(BatteryModel.of(BATTERY, product, power_kw), frequency_hz, runs),
        **{f"share_{flag}": share for flag, share in found.flag_shares.items()},
    }


def steps_per_s(model: BatteryModel, frequency_hz: Array, runs: int) -> float:
    """Steps of battery and controller for each second of CPU time, median; a short frequency is repeated."""
    long_hz = np.tile(frequency_hz, math.ceil(TIMED_STEPS / len(frequency_hz)))
    state = BatteryState.initial(model)
    cpu_s = []
    for _ in range(runs):
        started = time.process_time()
        simulate(model, state, long_hz)
        cpu_s.append(time.process_time() - started)
    return len(long_hz) / median(cpu_s)


def _print_one(title: str, figures: Figures, *, as_json: bool) -> None:
    """Table of all figures of one column, and the flat JSON object."""
    show(
        title,
        [
            Figure(
                name=name,
                value=value,
                meaning=MEANINGS.get(name, "of the time"),
                target=TARGETS.get(name, ""),
            )
            for name, value in figures.items()
        ],
        as_json=as_json,
    )


def _print_all(title: str, found: Mapping[str, Figures], *, as_json: bool) -> None:
    """Table with a row of figures for each column, another of the flags that held, and a JSON object by column."""
    names = next(iter(found.values()))
    shares = [name for name in names if name not in MEANINGS and any(figures[name] for figures in found.values())]
    for heading, shown in ((title, list(MEANINGS)), ("Share of the time", shares)):
        rows = [[column, *_rounded(figures, shown).values()] for column, figures in found.items()]
        print_table(heading, ["column", *shown], rows)
    if as_json:
        click.echo(json.dumps({column: _rounded(figures, MEANINGS) for column, figures in found.items()}))


def _print_statistics(found: Mapping[str, Figures], *, as_json: bool) -> None:
    """Table with a row for each statistic, and a JSON object by column."""
    names = next(iter(found.values()))
    shown = {column: _rounded(figures, names) for column, figures in found.items()}
    columns = [Column(name.replace("_", " ")) for name in shown]
    table = Table(Column("statistic", no_wrap=True), *columns, title="Deviation from nominal frequency")
    for name in names:
        table.add_row(name, *("" if figures[name] is None else f"{figures[name]:,}" for figures in shown.values()))
    show_table(table)
    if as_json:
        click.echo(json.dumps(shown))


def _rounded(figures: Figures, names: Iterable[str]) -> dict[str, float | None]:
    return {name: None if (value := figures[name]) is None else rounded(value) for name in names}


if __name__ == "__main__":
    main()
