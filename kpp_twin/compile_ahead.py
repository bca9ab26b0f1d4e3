"""Compile the hot loops ahead, when the twin is installed: ``python -m kpp_twin.compile_ahead``.

What is compiled is kept (see `kpp_twin.compiled`), so that the first cycle need not wait for it.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.market.dispatch.storage_plan import StorageLimits, plan_storage
from kpp_twin.operation import HourOrders
from kpp_twin.site import load_site
from kpp_twin.twin.hour import initial_state, simulate_hour
from kpp_twin.units import HOURS_PER_DAY, MINUTES_PER_HOUR, Array
from models.days import DayTables
from models.families import lasso


def compile_ahead() -> None:
    """Plan a store, simulate an hour of the reference site and fit a lasso, which calls every hot loop."""
    lasso.forecast(*_two_months())
    _plan_a_store()
    site, zone = load_site(), ZoneInfo("UTC")
    start = datetime(2021, 10, 14, tzinfo=zone)
    orders = HourOrders(
        start=start,
        battery_kw=0.0,
        plant_kw=0.0,
        reserve_kw=site.services.frequency_response_kw,
        voltage_support_kvar=site.services.voltage_support_kvar,
        import_limit_kw=site.connection.limit_kw,
    )
    state = initial_state(site, start, zone)
    simulate_hour(site, orders, np.zeros(MINUTES_PER_HOUR), state, zone)


def _plan_a_store() -> None:
    plan_storage(
        np.array([20.0, 60.0]),
        hours=1.0,
        storage=StorageLimits(min_kwh=0.0, max_kwh=100.0, charge_efficiency=0.9, discharge_efficiency=0.9),
        energy_kwh=50.0,
        target_kwh=50.0,
        max_charge_kw=10.0,
        max_discharge_kw=10.0,
    )


def _two_months() -> tuple[dict[str, Array], DayTables, int, int]:
    """Days of a made-up price, and weights of a lasso from them."""
    n_days = 60
    tables = DayTables(
        day=np.arange(n_days),
        target=np.random.default_rng(0).normal(40.0, 5.0, (n_days, HOURS_PER_DAY)),
        exogenous=np.empty((0, n_days, HOURS_PER_DAY)),
        holiday=np.zeros(n_days),
        known_slots=HOURS_PER_DAY,
    )
    return lasso.fit(tables, n_days - 1), tables, n_days - 1, n_days


if __name__ == "__main__":
    compile_ahead()
