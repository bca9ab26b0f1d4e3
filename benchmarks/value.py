"""What a forecast is worth: profit of day-ahead plans made on it and settled at real prices, over perfect foresight.

Example: ``python -m benchmarks.value --file DE.parquet --published benchmark_forecasts.parquet --market DE --json``
"""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np

from benchmarks.output import Figure, show
from benchmarks.price_forecast import WARM_UP_DAYS, read_market, read_published
from kpp_twin.market.dispatch.expected_prices import expected_prices
from kpp_twin.market.dispatch.site_plan import SitePlanner
from kpp_twin.market.dispatch.site_problem import SiteProblem, SiteStore
from kpp_twin.market.dispatch.storage_plan import StorageLimits, plan_storage_batch
from kpp_twin.market.dispatch.value import value_capture
from kpp_twin.market.risk import conditional_value_at_risk
from kpp_twin.units import DAYS_PER_WEEK, HOURS_PER_DAY, KWH_PER_MWH, Array
from models.day_ahead import Issued
from models.days import DayTables

# The battery of the design document, power at the grid side; every day begins and ends half full.
CAPACITY_KWH = 1000.0
MAX_POWER_KW = 500.0
EFFICIENCY = 0.95  # one way
STORAGE = StorageLimits(
    min_kwh=0.1 * CAPACITY_KWH,
    max_kwh=0.9 * CAPACITY_KWH,
    charge_efficiency=EFFICIENCY,
    discharge_efficiency=EFFICIENCY,
)
DEGRADATION_PER_MWH = 10.0  # of energy discharged
ANY_TIME = datetime(2016, 1, 1, tzinfo=UTC)  # a problem has a start; these do not depend on it
N_SCENARIOS = 30
RISK_TOLERANCE = 0.9  # of the plans on scenarios: a tenth of what counts is the mean of the worst twentieth
TARGETS = {
    "capture_own": "≥ 0.905 (DE, 8,760 h)",
    "capture_degradation_own": "≥ 0.82 (DE, 8,760 h)",
}


@click.command()
@click.option(
    "--file", type=click.Path(exists=True, path_type=Path), required=True, help="Prices and exogenous series."
)
@click.option(
    "--published", type=click.Path(exists=True, path_type=Path), required=True, help="Forecasts to compare with."
)
@click.option("--market", help="Name of the market: its zone, its holidays and its rows; default: the file's name.")
@click.option(
    "--hours", type=click.IntRange(min=HOURS_PER_DAY), help="Only the first whole days of the published ones."
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures once more as the last line, as a JSON object.")
def main(file: Path, published: Path, market: str | None, hours: int | None, *, as_json: bool) -> None:
    """Plan a battery for each day on a forecast of the day before, and settle it at the prices that came.

    Example: python -m benchmarks.value --file DE.parquet --published benchmark_forecasts.parquet --hours 8760 --json
    """
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    name = market or file.stem
    show(f"Value of day-ahead forecasts in {name}", list(_run(file, published, name, hours)), as_json=as_json)


def _run(file: Path, published: Path, market: str, hours: int | None) -> Iterator[Figure]:
    tables, others = read_market(file, market), read_published(published, market)
    n_days = len(others["day"]) if hours is None else min(hours // HOURS_PER_DAY, len(others["day"]))
    first = int(others["day"][0] - tables.day[0])
    stop = first + n_days
    actual = tables.target[first:stop]
    begun = time.process_time()
    issued = walked(tables, first, stop)
    walked_s = time.process_time() - begun
    forecasts = {
        "naive": tables.target[first - DAYS_PER_WEEK : stop - DAYS_PER_WEEK],
        "lear": others["lear_ensemble"][:n_days],
        "dnn": others["dnn_ensemble"][:n_days],
        "own": expected_prices(issued.quantiles[-n_days:]),
    }
    possible = possible_days(issued, n_days)
    for wear_per_mwh, prefix in ((0.0, "capture"), (DEGRADATION_PER_MWH, "capture_degradation")):
        perfect = settled(planned(actual, wear_per_mwh), actual, wear_per_mwh)
        plans = {name: planned(forecast, wear_per_mwh) for name, forecast in forecasts.items()}
        plans["own_cvar"] = planned_with_risk(possible, wear_per_mwh)
        for name, power_kw in plans.items():
            profit = settled(power_kw, actual, wear_per_mwh)
            yield Figure(
                name=f"{prefix}_{name}",
                value=value_capture(profit, perfect),
                meaning=f"{profit.sum():,.2f} of {perfect.sum():,.2f} over {n_days} days; "
                f"mean of the worst twentieth {-conditional_value_at_risk(-profit):,.2f}",
                target=TARGETS.get(f"{prefix}_{name}", ""),
            )
    yield Figure(name="risk_tolerance", value=RISK_TOLERANCE, meaning=f"of own_cvar, on {N_SCENARIOS} scenarios a day")
    yield Figure(name="cpu_s_walk", value=walked_s, meaning="own forecasts of all days, warm-up and tuning included")


def walked(tables: DayTables, first: int, stop: int) -> Issued:
    """Own forecasts of days `first` to `stop` and of the warm-up before, each as it would have been issued.

    The days of the warm-up have no quantiles.
    """
    from threadpoolctl import threadpool_limits

    from models import ensemble
    from models.day_ahead import Record, issue
    from models.price import FAMILIES

    begin = first - WARM_UP_DAYS
    with threadpool_limits(limits=1):
        parts = [ensemble.walk(FAMILIES, tables, *days) for days in ((begin, first), (first, stop))]
        record = Record(day=tables.day[begin:stop], members=np.concatenate(parts, axis=1))
        return issue(record, tables, bands_from=WARM_UP_DAYS)


def possible_days(issued: Issued, n_days: int) -> Array:
    """Scenarios of the last days, each from what was known at its issue, ``(n_days, n_scenarios, 24)``."""
    from models.day_ahead import MOST_RECORD_DAYS
    from models.scenarios import scenarios

    error = issued.actual - issued.point
    generator = np.random.default_rng(0)
    rows = range(len(error) - n_days, len(error))
    drawn = [
        scenarios(issued.quantiles[row], error[row - MOST_RECORD_DAYS : row], N_SCENARIOS, generator) for row in rows
    ]
    return np.array(drawn)


def planned(price_per_mwh: Array, wear_per_mwh: float) -> Array:
    """Power of the plan of the highest profit of each day on these prices, ``(n_days, 24)``. [kW]"""
    power_kw, _ = plan_storage_batch(
        price_per_mwh,
        hours=1.0,
        storage=STORAGE,
        energy_kwh=0.5 * CAPACITY_KWH,
        target_kwh=0.5 * CAPACITY_KWH,
        max_charge_kw=MAX_POWER_KW,
        max_discharge_kw=MAX_POWER_KW,
        wear_per_mwh=wear_per_mwh,
    )
    return power_kw


def planned_with_risk(possible: Array, wear_per_mwh: float) -> Array:
    """Power of the plan of each day on its scenarios, ``(n_days, n_scenarios, 24)``, by `RISK_TOLERANCE`. [kW]"""
    battery = SiteStore(
        limits=STORAGE,
        energy_kwh=0.5 * CAPACITY_KWH,
        target_kwh=0.5 * CAPACITY_KWH,
        max_charge_kw=MAX_POWER_KW,
        max_discharge_kw=MAX_POWER_KW,
        wear_per_mwh=wear_per_mwh,
    )
    planner = SitePlanner()
    plans = (
        planner.plan(
            SiteProblem(
                start=ANY_TIME,
                hours=1.0,
                price_per_mwh=price_per_mwh,
                load_kw=np.zeros(price_per_mwh.shape),
                stores={"battery": battery},
                risk_tolerance=RISK_TOLERANCE,
            )
        )
        for price_per_mwh in possible
    )
    return np.array([plan.power_kw["battery"] for plan in plans])


def settled(power_kw: Array, price_per_mwh: Array, wear_per_mwh: float) -> Array:
    """Income of plans at real prices less wear, by day, ``(n_days,)``. [currency]"""
    discharged = np.maximum(power_kw, 0.0)
    return np.asarray((power_kw * price_per_mwh - wear_per_mwh * discharged).sum(axis=1) / KWH_PER_MWH)


if __name__ == "__main__":
    main()
