"""How fast the linear programmes of a day are solved, for the benchmark of dispatch."""

import math
import time
from datetime import UTC, datetime
from statistics import median

import numpy as np

from benchmarks.regulation import RegulationDay, solve_all
from kpp_twin.market.dispatch.site_plan import SitePlanner
from kpp_twin.market.dispatch.site_problem import LOAD, Curtailment, ReserveProduct, SiteProblem, SiteStore
from kpp_twin.market.dispatch.storage_plan import StorageLimits
from kpp_twin.units import HOURS_PER_DAY, KWH_PER_MWH, Array

REGULATION_SHARE = 0.5  # of the energy price, up and down; the median of the reference

N_SCENARIOS = 10
MOST_DAYS = 120  # of which the median time is taken


def regulation_day_ms(price_per_mwh: Array) -> float:
    """CPU time of the linear programme of energy and regulation over 24 hours, warm from the day before, median. [ms]

    Parameters
    ----------
    price_per_mwh
        Energy prices ``(n,)``; windows are 24 of them, and regulation is paid by their size.
    """
    n_windows = price_per_mwh.size // HOURS_PER_DAY
    energy = price_per_mwh[: n_windows * HOURS_PER_DAY].reshape(n_windows, HOURS_PER_DAY) / KWH_PER_MWH
    regulation = REGULATION_SHARE * np.abs(energy)
    windows = np.stack([energy, regulation, regulation], axis=1)
    return median(solve_all(RegulationDay(is_exclusive=False), windows)[1])


def full_day_ms(price_per_mwh: Array) -> float:
    """CPU time of a plan of everything behind one connection over 24 hours in ten scenarios, warm, median. [ms]

    From the problem to the checked plan: battery and plant, three reserves, curtailment with rebound, a connection, a
    demand charge, a peak target and half of the risk. Scenarios of the price are the ten days up to the day planned.

    Parameters
    ----------
    price_per_mwh
        Energy prices ``(n,)`` of at least ten days of 24.
    """
    days = price_per_mwh[: price_per_mwh.size // HOURS_PER_DAY * HOURS_PER_DAY].reshape(-1, HOURS_PER_DAY)
    windows = np.lib.stride_tricks.sliding_window_view(days, N_SCENARIOS, axis=0).transpose(0, 2, 1)
    planner, cpu_ms = SitePlanner(), []
    for scenarios in windows[:MOST_DAYS]:
        problem = full_problem(scenarios)
        started = time.process_time()
        planner.plan(problem)
        cpu_ms.append(1000 * (time.process_time() - started))
    return median(cpu_ms)


def full_problem(price_per_mwh: Array) -> SiteProblem:
    """Everything that a site can have, on scenarios of the price of a day, ``(n_scenarios, n)``."""
    n_scenarios, n = price_per_mwh.shape
    hour, spread = np.arange(n), np.linspace(-0.1, 0.1, n_scenarios)[:, None]
    expected = price_per_mwh.mean(axis=0)
    both = ("battery", "plant")
    return SiteProblem(
        start=datetime(2016, 1, 1, tzinfo=UTC),
        hours=1.0,
        price_per_mwh=price_per_mwh,
        load_kw=600.0 + 200.0 * (1 + spread) * np.sin((hour - 8) * math.tau / HOURS_PER_DAY) + 300.0 * spread,
        stores={
            "battery": SiteStore(
                limits=StorageLimits(min_kwh=100.0, max_kwh=900.0, charge_efficiency=0.95, discharge_efficiency=0.95),
                energy_kwh=500.0,
                target_kwh=500.0,
                max_charge_kw=500.0,
                max_discharge_kw=500.0,
                wear_per_mwh=10.0,
            ),
            "plant": SiteStore(
                limits=StorageLimits(min_kwh=0.0, max_kwh=800.0, charge_efficiency=0.75, discharge_efficiency=0.7),
                energy_kwh=300.0,
                target_kwh=300.0,
                max_charge_kw=200.0,
                max_discharge_kw=250.0,
            ),
        },
        reserves={
            "containment": ReserveProduct(
                direction="symmetric",
                providers=("battery",),
                price_per_mw_hour=12.0,
                duration_h=0.5,
                block_of_step=hour // 4,
                committed_kw=50.0,
                max_kw=200.0,
            ),
            "restoration up": ReserveProduct(
                direction="up",
                providers=(*both, LOAD),
                price_per_mw_hour=3.0 + 0.15 * np.abs(expected),
                duration_h=1.0,
                activation_up=0.05,
                activation_price_per_mwh=expected + 60.0,
            ),
            "restoration down": ReserveProduct(
                direction="down",
                providers=both,
                price_per_mw_hour=4.0,
                duration_h=1.0,
                activation_down=0.05,
                activation_price_per_mwh=expected - 40.0,
            ),
        },
        curtailment=Curtailment(max_kw=150.0, cost_per_mwh=120.0, rebound_fraction=0.5, rebound_steps=3),
        import_limit_kw=1000.0,
        export_limit_kw=800.0,
        demand_charge_per_kw=0.5,
        peak_so_far_kw=700.0,
        peak_target_kw=900.0,
        risk_tolerance=0.5,
    )
