"""Price-quantity curves of reserve capacity: what it costs a store to keep power and energy free for a block."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt

from kpp_twin.market.bidding.bids import bid_id
from kpp_twin.market.bidding.curves import BidRules, safe_quantity, safe_tick
from kpp_twin.market.bidding.offer_programme import StoreOnOffer
from kpp_twin.market.dispatch.storage_plan import StoragePlan, plan_storage
from kpp_twin.market.inputs import refuse
from kpp_twin.operation import Bid
from kpp_twin.timegrid import TimeGrid, hour_label
from kpp_twin.units import KW_PER_MW, MINUTES_PER_HOUR, Array

PLACE = "reserve offers"
N_STEPS = 4  # of a curve

Direction = Literal["up", "down"]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveTerms:
    """What a reserve asks of a store.

    Attributes
    ----------
    name
        Of the product, for the bids.
    directions
        In which it may be called; both for a symmetric one.
    duration_h
        For how long a call may last; the store holds the energy for it at the start and the end of each step.
    blocks
        Half-open bounds of what is bid for.
    rules
        Prices are per MW and hour.
    """

    name: str
    directions: tuple[Direction, ...]
    duration_h: float
    blocks: tuple[tuple[datetime, datetime], ...]
    rules: BidRules


def reserve_bids(
    price_per_mwh: Array, store: StoreOnOffer, grid: TimeGrid, terms: ReserveTerms, *, product: str, series: str
) -> tuple[tuple[Bid, ...], tuple[str, ...]]:
    """Bids for reserve capacity in each block, as if it were sold in no other, and a note for each without any.

    The price of a quantity is the opportunity cost of its last part: what the best plan on the expected energy prices
    earns less when the power, and the energy for the duration, are kept free (as in Swider, Simultaneous bidding in
    day-ahead auctions for spot energy and power systems reserve, 2007). The loss is convex in the quantity, so the
    prices rise. Calls are taken to cost and earn nothing.

    Bid before the energy is; what is then sold is reserved when the energy is bid. Blocks sold together may need more
    than they cost each, as all of them hold back the same store.

    Parameters
    ----------
    price_per_mwh
        Expected energy price of each step, ``(grid.n_steps,)``.
    store
        As it may trade after all that is reserved before.
    product, series
        The store's and the price's names in the bids.

    Raises
    ------
    ConfigError
        A block lies outside the grid, or the duration is negative.
    """
    starts = grid.index.to_pydatetime()
    faults = [
        f"the block from {hour_label(start)} lies outside the prices"
        for start, stop in terms.blocks
        if start < grid.start or stop > grid.stop
    ]
    if not 0 <= terms.duration_h < np.inf:
        faults.append(f"duration_h must be finite and not negative; it is {terms.duration_h}")
    refuse(faults, place=PLACE, next_step="give blocks within the forecast, and a duration in hours")
    bids: list[Bid] = []
    notes = []
    for start, stop in terms.blocks:
        within = (starts >= start) & (starts < stop)
        curve, most_kw = _curve(price_per_mwh, store, grid.step_minutes / MINUTES_PER_HOUR, terms, within)
        if not curve:
            notes.append(
                f"{terms.name} {hour_label(start)}: nothing is bid; {product} can hold at most {most_kw:g} kW for"
                f" {terms.duration_h:g} h, the smallest bid is {terms.rules.minimum_kw:g} kW"
            )
        bids += [
            Bid(
                bid_id=bid_id(series, product, "sell", start, market=terms.name, step=number),
                market=terms.name,
                product=product,
                series=series,
                valid_from=start,
                duration_minutes=(stop - start) // timedelta(minutes=1),
                price_per_mwh=price,
                quantity_kw=quantity,
            )
            for number, (price, quantity) in enumerate(curve, start=1)
        ]
    return tuple(bids), tuple(notes)


def _curve(
    price: Array, store: StoreOnOffer, hours: float, terms: ReserveTerms, within: Mask
) -> tuple[list[tuple[float, float]], float]:
    """Prices per MW and hour with cumulative quantities, and the most that power and energy allow."""
    most_kw = _most_kw(store, terms, within)
    parts = most_kw * np.arange(1, N_STEPS + 1) / N_STEPS
    quantities = sorted({safe_quantity(float(part), terms.rules) for part in parts} - {0.0})
    block_h = float(within.sum()) * hours
    curve: list[tuple[float, float]] = []
    before_kw, before = 0.0, _plan(price, store, hours, terms, within, 0.0)
    highest = terms.rules.floor_per_mwh  # the last digit of a plan makes no price fall
    for quantity in quantities:
        plan = _plan(price, store, hours, terms, within, quantity)
        if not plan.are_limits_met or plan.is_target_met < before.is_target_met:
            break
        cost = (before.profit - plan.profit) / ((quantity - before_kw) / KW_PER_MW * block_h)
        highest = max(highest, safe_tick(cost, "sell", terms.rules))
        curve.append((highest, quantity))
        before_kw, before = quantity, plan
    return curve, most_kw


def _plan(
    price: Array, store: StoreOnOffer, hours: float, terms: ReserveTerms, within: Mask, reserve_kw: float
) -> StoragePlan:
    """Best plan with a reserve kept free within a block."""
    up_kw, down_kw = (reserve_kw if way in terms.directions else 0.0 for way in ("up", "down"))
    low_kwh = store.min_kwh + up_kw * terms.duration_h / store.storage.discharge_efficiency
    high_kwh = store.max_kwh - down_kw * terms.duration_h * store.storage.charge_efficiency
    at_ends = np.append(within, False) | np.insert(within, 0, False)  # of each step: energy is held at both
    discharge_kw = np.maximum(store.max_discharge_kw - np.where(within, up_kw, 0.0), 0.0)
    return plan_storage(
        price,
        hours=hours,
        storage=store.storage,
        energy_kwh=store.energy_kwh,
        target_kwh=store.target_kwh,
        max_charge_kw=np.maximum(store.max_charge_kw - np.where(within, down_kw, 0.0), 0.0),
        max_discharge_kw=np.where(price < store.floor_per_mwh, 0.0, discharge_kw),
        wear_per_mwh=store.wear_per_mwh,
        min_kwh=np.where(at_ends, low_kwh, store.min_kwh),
        max_kwh=np.where(at_ends, high_kwh, store.max_kwh),
    )


def _most_kw(store: StoreOnOffer, terms: ReserveTerms, within: Mask) -> float:
    """Largest reserve that the power, and the energy between the limits, allow."""
    per_up = terms.duration_h / store.storage.discharge_efficiency
    per_down = terms.duration_h * store.storage.charge_efficiency
    power = {"up": store.max_discharge_kw, "down": store.max_charge_kw}
    limits = [float(np.broadcast_to(power[way], within.shape)[within].min()) for way in terms.directions]
    needed = sum({"up": per_up, "down": per_down}[way] for way in terms.directions)
    if needed > 0:
        limits.append((store.max_kwh - store.min_kwh) / needed)
    return min(limits)
