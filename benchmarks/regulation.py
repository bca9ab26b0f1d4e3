"""Energy and regulation together, day by day: the optimum, with charge and discharge exclusive or not, and its speed.

Example: ``python -m benchmarks.regulation --file regulation.csv --json``
"""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import click
import numpy as np
import pandas as pd

from benchmarks.output import Figure, show
from kpp_twin.errors import ConfigError, TwinError
from kpp_twin.market.dispatch.site_problem import ReserveProduct, SiteProblem, SiteStore, check
from kpp_twin.market.dispatch.site_programme import TIERS, site_programme
from kpp_twin.market.dispatch.solver import Solution, WarmProgramme
from kpp_twin.market.dispatch.storage_plan import StorageLimits
from kpp_twin.units import HOURS_PER_DAY, KW_PER_MW, KWH_PER_MWH, Array

COLUMNS = ["da_usd_per_kwh", "regup_usd_per_kw_h", "regdown_usd_per_kw_h"]
# The battery of the reference, with all of its losses on charge.
BATTERY = "battery"
LIMITS = StorageLimits(min_kwh=100.0, max_kwh=900.0, charge_efficiency=0.9025, discharge_efficiency=1.0)
MAX_POWER_KW = 500.0
START_KWH = 450.0
DURATION_H = 0.25
EXPECTED_UP, EXPECTED_DOWN = 0.30, 0.16  # kWh of each kW held, in an hour
LEAST_RUNS = 300  # of which the median time is taken
DIGITS = 12


@click.command()
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="CSV file with a row for each hour: hour_ending, " + ", ".join(COLUMNS) + ".",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures once more as the last line, as a JSON object.")
def main(file: Path, *, as_json: bool) -> None:
    """Plan a battery's energy and regulation in windows of 24 hours, each from half full to half full.

    Example: python -m benchmarks.regulation --file regulation.csv --json
    """
    try:
        windows, n_left = read_windows(file)
        found = [solve_all(RegulationDay(is_exclusive=is_exclusive), windows) for is_exclusive in (False, True)]
    except TwinError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    if n_left:
        click.echo(f"{file.name}: the last {n_left} hours are no whole window and are left out", err=True)
    (objective_lp, cpu_ms_lp), (objective_exclusive, cpu_ms_exclusive) = found
    figures = [
        Figure(
            name="objective_lp",
            value=sum(objective_lp),
            meaning="cost less income of all windows, USD; charging and discharging at once is allowed",
            digits=DIGITS,
        ),
        Figure(
            name="objective_exclusive",
            value=sum(objective_exclusive),
            meaning="the same with never both at once",
            digits=DIGITS,
        ),
        Figure(name="windows", value=len(windows), meaning="of 24 hours", digits=DIGITS),
        Figure(
            name="cpu_ms_per_window",
            value=median(cpu_ms_lp),
            meaning="from prices to the optimum of the first, one thread, median, warm from the window before",
            target="≤ 0.6",
        ),
        Figure(name="cpu_ms_per_window_exclusive", value=median(cpu_ms_exclusive), meaning="of the second"),
    ]
    show(f"Energy and regulation, {len(windows)} windows", figures, as_json=as_json)


def read_windows(file: Path) -> tuple[Array, int]:
    """Prices ``(n_windows, 3, 24)`` of `COLUMNS`, and the number of hours at the end that fill no window.

    Raises
    ------
    ConfigError
        Columns are missing, values are not finite numbers, or there is no whole window.
    """
    table = pd.read_csv(file)
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise ConfigError(f"the columns {', '.join(missing)} are missing", place=file.name, next_step="name them so")
    prices = table[COLUMNS].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    bad = np.flatnonzero(~np.isfinite(prices).all(axis=1))
    if bad.size:
        fault = f"{bad.size} rows hold no finite prices, first the one in line {bad[0] + 2}"
        raise ConfigError(fault, place=file.name, next_step="give three finite prices for each hour")
    n_windows, n_left = divmod(len(prices), HOURS_PER_DAY)
    if not n_windows:
        raise ConfigError(f"{n_left} hours are no window of 24", place=file.name, next_step="give at least a day")
    return prices[: len(prices) - n_left].reshape(n_windows, HOURS_PER_DAY, 3).transpose(0, 2, 1), n_left


def regulation_problem(prices: Array) -> SiteProblem:
    """Battery, regulation up and regulation down of a window; prices ``(3, 24)`` as `COLUMNS`.

    StorageVET settles calls on charge divided by the round-trip efficiency, holds the energy for regulation only at the
    start of an hour, and that for regulation down without the loss of charging.
    """
    energy, up, down = prices
    of_both = {
        "providers": (BATTERY,),
        "charge_settlement": 1 / LIMITS.charge_efficiency,
        "is_held_at_end": False,
    }
    return SiteProblem(
        start=datetime(2017, 1, 1, tzinfo=UTC),
        hours=1.0,
        price_per_mwh=energy[None] * KWH_PER_MWH,
        load_kw=np.zeros((1, energy.size)),
        stores={
            BATTERY: SiteStore(
                limits=LIMITS,
                energy_kwh=START_KWH,
                target_kwh=START_KWH,
                max_charge_kw=MAX_POWER_KW,
                max_discharge_kw=MAX_POWER_KW,
            )
        },
        reserves={
            "regulation up": ReserveProduct(
                direction="up",
                price_per_mw_hour=up * KW_PER_MW,
                duration_h=DURATION_H,
                activation_up=EXPECTED_UP,
                **of_both,
            ),
            "regulation down": ReserveProduct(
                direction="down",
                price_per_mw_hour=down * KW_PER_MW,
                duration_h=DURATION_H / LIMITS.charge_efficiency,
                activation_down=EXPECTED_DOWN,
                **of_both,
            ),
        },
    )


class RegulationDay:
    """The programme of one window, kept warm from window to window.

    Parameters
    ----------
    is_exclusive
        Never charge and discharge at once.

    Attributes
    ----------
    charge, discharge
        Columns of both by hour, ``(24,)``.
    """

    def __init__(self, *, is_exclusive: bool) -> None:
        problem = regulation_problem(np.zeros((3, HOURS_PER_DAY)))
        check(problem)
        programme = site_programme(problem)
        # Costs are those of a price of 1 in all hours, times the price of a column's hour; what all prices of 0 cost
        # only chooses among plans that earn the same.
        self._unit_costs = np.array(
            [
                site_programme(regulation_problem(np.repeat(unit, HOURS_PER_DAY).reshape(3, -1))).cost - programme.cost
                for unit in np.eye(3)
            ]
        )
        self._hour = np.zeros(programme.cost.size, dtype=np.int64)
        upper = programme.upper.copy()
        for (kind, *_), columns in programme.columns.items():
            self._hour[columns] = np.arange(columns.size)
            if kind in TIERS:
                upper[columns] = 0.0  # the target is within reach
        self.charge, self.discharge = (programme.columns[way, BATTERY] for way in ("charge", "discharge"))
        self._programme = WarmProgramme(
            cost=programme.cost,
            lower=programme.lower,
            upper=upper,
            row_lower=programme.row_lower,
            row_upper=programme.row_upper,
            matrix=programme.matrix,
            exclusive=np.stack([self.charge, self.discharge]) if is_exclusive else None,
        )

    def solve(self, prices: Array) -> Solution:
        """Optimum at prices ``(3, 24)`` as `COLUMNS`, cost less income in USD."""
        return self._programme.solve(cost=np.sum(self._unit_costs * prices[:, self._hour], axis=0))


def solve_all(day: RegulationDay, windows: Array) -> tuple[list[float], list[float]]:
    """Objective of each window, and CPU times in ms of them all, one after the other, as often as a median needs."""
    day.solve(windows[-1])
    objectives, cpu_ms = [], []
    while len(cpu_ms) < LEAST_RUNS:
        objectives = []
        for prices in windows:
            started = time.process_time()
            solution = day.solve(prices)
            cpu_ms.append(1000 * (time.process_time() - started))
            objectives.append(solution.objective)
    return objectives, cpu_ms


if __name__ == "__main__":
    main()
