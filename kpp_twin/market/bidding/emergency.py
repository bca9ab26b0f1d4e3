"""Schedules and bids that need no price, for as long as the market cannot be relied on; never speculative."""

from collections.abc import Mapping
from datetime import timedelta

import numpy as np

from kpp_twin.market.bidding.bids import DAY_AHEAD, STORES, bid_id
from kpp_twin.market.bidding.curves import BidRules, Side, safe_quantity
from kpp_twin.market.dispatch.storage_plan import StorageLimits
from kpp_twin.market.inputs import broadcast, refuse
from kpp_twin.operation import Bid
from kpp_twin.timegrid import TimeGrid
from kpp_twin.units import Array

PLACE = "emergency"


def fallback_schedule(
    in_force_kw: Array,
    *,
    load_kw: Array,
    hours: float,
    storage: StorageLimits,
    energy_kwh: float,
    max_charge_kw: float | Array,
    max_discharge_kw: float | Array,
    peak_kw: float,
) -> Array:
    """Power of a store without any price, ``(n,)``; discharge positive.

    The schedule in force goes on. Where there is none, the store shaves what the load exceeds the peak by, and moves
    evenly to the middle of its energy otherwise: it charges below the peak only, and discharges into the own load only.
    Power and energy stay within the limits throughout.

    Parameters
    ----------
    in_force_kw
        Last valid schedule, ``(n,)``; NaN where there is none.
    load_kw
        Forecast, ``(n,)``.
    hours
        Length of a step.
    storage, max_charge_kw, max_discharge_kw
        Limits that leave contracted services their energy and power; powers are one value or ``(n,)``.
    peak_kw
        Import that costs nothing more.

    Raises
    ------
    ConfigError
        Shapes differ, or values are not finite.
    """
    in_force = np.asarray(in_force_kw, dtype=np.float64)
    n = in_force.size
    faults = [] if 0 < hours < np.inf else [f"hours must be finite and above 0; it is {hours}"]
    if not 0 <= energy_kwh < np.inf:
        faults.append(f"energy_kwh must be finite and not negative; it is {energy_kwh}")
    load = broadcast("load_kw", load_kw, n, faults)
    charge_limit = broadcast("max_charge_kw", max_charge_kw, n, faults, least=0.0)
    discharge_limit = broadcast("max_discharge_kw", max_discharge_kw, n, faults, least=0.0)
    refuse(faults, place=PLACE, next_step="give the forecast load, and the limits in kW and kWh")
    middle_kwh = (storage.min_kwh + storage.max_kwh) / 2
    power, energy = np.zeros(n), energy_kwh
    kwh_per_charge, kwh_per_discharge = hours * storage.charge_efficiency, hours / storage.discharge_efficiency
    for step in range(n):
        to_middle_kwh = (middle_kwh - energy) / (n - step)
        if not np.isnan(in_force[step]):
            wanted = in_force[step]
        elif load[step] > peak_kw:
            wanted = load[step] - peak_kw
        elif to_middle_kwh > 0:
            wanted = -min(to_middle_kwh / kwh_per_charge, peak_kw - load[step])
        else:
            wanted = min(-to_middle_kwh / kwh_per_discharge, max(load[step], 0.0))
        most_charge = min(max(storage.max_kwh - energy, 0.0) / kwh_per_charge, charge_limit[step])
        most_discharge = min(max(energy - storage.min_kwh, 0.0) / kwh_per_discharge, discharge_limit[step])
        power[step] = min(max(wanted, -most_charge), most_discharge)
        energy -= power[step] * (kwh_per_discharge if power[step] > 0 else kwh_per_charge)
    return power + 0.0  # no negative zeros


def emergency_bids(
    position_kw: Mapping[str, Array], grid: TimeGrid, rules: BidRules, *, series: str, market: str = DAY_AHEAD
) -> tuple[Bid, ...]:
    """Bids that balance the own site at any price: purchases at the cap, sales at the floor; by time, then by asset.

    They have the ids of the bids that they stand in for, so a second auction takes each of them once.

    Parameters
    ----------
    position_kw
        By asset, ``(grid.n_steps,)``: what must be sold (positive) or bought (negative) for the site to be balanced,
        as the forecast load. A store has no such position: what it trades is a choice.

    Raises
    ------
    ConfigError
        A store is among the assets, shapes differ, or values are not finite.
    """
    faults = [f"{asset} is a store: its trades would be speculation" for asset in position_kw if asset in STORES]
    position = {asset: broadcast(asset, kw, grid.n_steps, faults) for asset, kw in position_kw.items()}
    refuse(faults, place=PLACE, next_step="give what load and generation must buy or sell, in kW")
    bids = []
    for step in range(grid.n_steps):
        start = grid.start + timedelta(minutes=grid.step_minutes * step)
        for asset, kw in position.items():
            quantity = safe_quantity(float(kw[step]), rules)
            if quantity == 0:
                continue
            side: Side = "sell" if quantity > 0 else "buy"
            bids.append(
                Bid(
                    bid_id=bid_id(series, asset, side, start, market=market),
                    market=market,
                    product=asset,
                    series=series,
                    valid_from=start,
                    duration_minutes=grid.step_minutes,
                    price_per_mwh=rules.floor_per_mwh if side == "sell" else rules.cap_per_mwh,
                    quantity_kw=quantity,
                )
            )
    return tuple(bids)
