"""The plant at 1 s: how many steps a second, how well its ledger closes, and what a first step and a year cost.

Example: ``python -m benchmarks.plant --json``
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import click
import numpy as np

from benchmarks.output import Figure, show
from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.simulate import PlantRun, PlantSetpoints, PlantState, simulate
from kpp_twin.units import HOURS_PER_DAY, SECONDS_PER_DAY, SECONDS_PER_HOUR

# A day's prices have a valley in the night and one at noon, and a peak in the morning and one in the evening: the
# compressor runs in the valleys, the generator on the peaks, and the receiver is never quite full or empty. [kW]
VALLEY_KW, PEAK_KW = -48.0, (3.0, 4.0, 3.0)
DAY_KW = {3: VALLEY_KW, 13: VALLEY_KW} | {start + hour: kw for start in (6, 17) for hour, kw in enumerate(PEAK_KW)}

# In a process of its own: the seconds from the start of the imports to the end of the first step.
FIRST_STEP = """
import time
started = time.perf_counter()
import numpy as np
from kpp_twin.plant.simulate import PlantModel, PlantParameters, PlantSetpoints, PlantState, simulate
plant = PlantParameters()
simulate(PlantModel.of(plant), PlantState.initial(plant), PlantSetpoints.of_power(np.array([plant.generator_kw])))
print(time.perf_counter() - started)
"""
# Likewise: the peak of the memory in a run beyond what an hour's run left, which the system is told to forget.
PEAK = """
from pathlib import Path
from benchmarks.plant import run_days
run_days(0)
Path("/proc/self/clear_refs").write_text("5")
def peak_kib():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
before = peak_kib()
run_days({days})
print((peak_kib() - before) / 1024)
"""


@click.command()
@click.option("--days", type=click.IntRange(min=1), default=365, show_default=True, help="Length of a run.")
@click.option("--runs", type=click.IntRange(min=1), default=5, show_default=True, help="Runs to take the median of.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures once more as the last line, as a JSON object.")
def main(days: int, runs: int, *, as_json: bool) -> None:
    """Run the reference plant for a year by the second, with the setpoints of a day's prices.

    Example: python -m benchmarks.plant --json
    """
    show(f"Plant at 1 s, {days} days, one core", list(_figures(days, runs)), as_json=as_json)


def run_days(days: int) -> PlantRun:
    """A run of the reference plant from its initial state; of an hour for no days."""
    plant = PlantParameters()
    hours = np.array([DAY_KW.get(hour, 0.0) for hour in range(HOURS_PER_DAY)])
    power_kw = np.tile(hours, days) if days else hours[:1]
    return simulate(
        PlantModel.of(plant), PlantState.initial(plant), PlantSetpoints.of_power(power_kw), hold=SECONDS_PER_HOUR
    )


def _figures(days: int, runs: int) -> Iterator[Figure]:
    run_days(0)  # loads the machine code
    cpu_s = []
    for _ in range(runs):
        started = time.process_time()
        run = run_days(days)
        cpu_s.append(time.process_time() - started)
    out_kwh = run.energy_kwh["generator_out"]

    yield Figure(
        name="steps_per_s",
        value=days * SECONDS_PER_DAY / median(cpu_s),
        meaning=f"of CPU time, median of {runs} runs",
    )
    yield Figure(
        name="closure_relative",
        value=abs(run.residual_kwh) / run.moved_kwh,
        meaning="what the ledger misses, of the energy moved",
    )
    yield Figure(
        name="round_trip",
        value=out_kwh / (run.supplied_kwh - run.store_change_kwh),
        meaning="grid to grid, at part load",
    )
    yield Figure(
        name="first_step_s",
        value=median(_measured(FIRST_STEP) for _ in range(runs)),
        meaning=f"import and one step, machine code at hand, median of {runs} starts",
    )
    if Path("/proc/self/clear_refs").exists():
        peak = PEAK.format(days=days)
        yield Figure(name="peak_mib", value=_measured(peak), meaning="memory of a run beyond that of an hour's run")


def _measured(code: str) -> float:
    """Number that Python code prints in a process of its own."""
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()
