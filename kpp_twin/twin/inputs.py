"""What an hour is simulated from, checked: all faults in one message."""

import math
from dataclasses import fields

import numpy as np

from kpp_twin.errors import TwinError
from kpp_twin.operation import AssetState, HourOrders, MarketOutlook
from kpp_twin.records import Array
from kpp_twin.timegrid import hour_label, utc
from kpp_twin.units import MINUTES_PER_HOUR

QUARTERS_PER_HOUR = 4


def check_inputs(orders: HourOrders, load_kw: Array, state: AssetState) -> None:
    """Check orders, load and state of an hour; those of battery and plant are checked where they are used.

    Raises
    ------
    TwinError
        Any is wrong; all faults in one message.
    """
    faults = [*_faults_of_orders(orders), *_faults_of_load(load_kw), *_faults_of_state(state)]
    if orders.market is not None:
        faults += _faults_of_market(orders.market)
    if faults:
        place = hour_label(orders.start) if orders.start.tzinfo else str(orders.start)
        raise TwinError(
            f"{len(faults)} fault(s): " + "; ".join(faults),
            place=f"simulated hour {place}",
            next_step="correct the orders, load or state; reference_site.toml gives the site's limits",
        )


def _faults_of_orders(orders: HourOrders) -> list[str]:
    faults = []
    if orders.start.tzinfo is None or utc(orders.start) != utc(orders.start).replace(minute=0, second=0, microsecond=0):
        faults.append(f"orders.start {orders.start} is no full hour with a time zone")
    names = (field.name for field in fields(orders) if field.name not in ("start", "events", "market"))
    faults += [f"orders.{name} is no number" for name in names if math.isnan(getattr(orders, name))]
    sizes = ("reserve_kw", "voltage_support_kvar")
    faults += [f"orders.{n} {getattr(orders, n)!r} is negative" for n in sizes if getattr(orders, n) < 0]
    return faults


def _faults_of_market(market: MarketOutlook) -> list[str]:
    n = len(market.sold_kw)
    if n < 2 or not market.price_per_mwh.shape == market.known_s.shape == (n,):
        shapes = f"{market.price_per_mwh.shape}, {market.known_s.shape} and {n}"
        return [f"orders.market has prices, instants and sales of {shapes} hours, not one number of at least 2"]
    faults = []
    if np.isnan(market.known_s).any():
        faults.append(f"orders.market.known_s is no number in hour {np.argmax(np.isnan(market.known_s))}")
    unpriced = np.isfinite(market.known_s) & ~np.isfinite(market.price_per_mwh)
    if unpriced.any():
        faults.append(f"orders.market.price_per_mwh is known and no number in hour {np.argmax(unpriced)}")
    unsold = [hour for hour, sold in enumerate(market.sold_kw) if not all(map(math.isfinite, sold.values()))]
    return [*faults, *(f"orders.market.sold_kw is no number in hour {hour}" for hour in unsold)]


def _faults_of_load(load_kw: Array) -> list[str]:
    if load_kw.shape not in ((QUARTERS_PER_HOUR,), (MINUTES_PER_HOUR,)):
        return [f"load_kw has shape {load_kw.shape}, not (60,) for minutes or (4,) for quarter-hours"]
    bad = np.flatnonzero(~(np.isfinite(load_kw) & (load_kw >= 0)))
    return [f"load_kw is NaN, infinite or negative at {len(bad)} place(s), first at {bad[0]}"] if len(bad) else []


def _faults_of_state(state: AssetState) -> list[str]:
    least_of = {"rebound_kwh": 0.0, "rebound_minutes": 0.0, "peak_import_kw": -math.inf, "battery_kvar": -math.inf}
    return [
        f"state.{name} {value!r} is below {least:g} or no number"
        for name, least in least_of.items()
        if not (least <= (value := getattr(state, name)) < math.inf)
    ]
