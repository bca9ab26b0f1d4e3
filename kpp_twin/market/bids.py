"""Bids: made from a plan, submitted to a market that checks them, and accepted by the price that is published."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from kpp_twin.market.curves import TOLERANCE_KW, BidRules, Side, curve_faults, safe_tick
from kpp_twin.market.inputs import broadcast, refuse
from kpp_twin.operation import Bid, Plan
from kpp_twin.records import Array
from kpp_twin.site import Market
from kpp_twin.timegrid import hour_label

DAY_AHEAD = "day_ahead"
PLACE = "bids"
STORES = ("battery", "plant")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreTerms:
    """On what terms a store trades.

    Attributes
    ----------
    max_power_kw
        Largest power either way that it may trade, after reservations.
    floor_per_mwh
        No sale of stored energy is offered below.
    """

    round_trip_efficiency: float
    max_power_kw: float
    wear_per_mwh: float = 0.0
    floor_per_mwh: float = -math.inf

    def __post_init__(self) -> None:
        faults = []
        if not 0 < self.round_trip_efficiency <= 1:
            faults.append(f"round_trip_efficiency must be above 0 and at most 1; it is {self.round_trip_efficiency}")
        for name, value in (("max_power_kw", self.max_power_kw), ("wear_per_mwh", self.wear_per_mwh)):
            if not 0 <= value < math.inf:
                faults.append(f"{name} must be finite and not negative; it is {value}")
        if not self.floor_per_mwh < math.inf:
            faults.append(f"floor_per_mwh must be a price; it is {self.floor_per_mwh}")
        refuse(faults, place="store terms", next_step="give a fraction, kW and currency/MWh")


def day_ahead_bids(
    plan: Plan,
    price_per_mwh: Array,
    market: Market,
    stores: Mapping[str, StoreTerms],
    rules: BidRules | None = None,
) -> tuple[Bid, ...]:
    """Bids that carry out a plan if the prices come as forecast; in order of time, then of asset.

    The load buys as a price taker: it bids the cap. A store offers a discharge at its break-even, the mean forecast
    price of what the plan charges over the round trip, plus wear; it bids for a charge up to the mean forecast price of
    what the plan discharges, less wear, times the round trip. Where the plan trades at a forecast price worse than
    that, it needs the trade for a better one, so the forecast is the limit; but nothing stored is offered below the
    store's floor. A plan that only discharges values what it holds at the lowest forecast price, one that only charges
    at the highest. Bids below the market's smallest are dropped, never rounded up. Sale prices are rounded up to the
    tick, purchase prices down.

    Parameters
    ----------
    price_per_mwh
        Forecast price, ``(plan.grid.n_steps,)``.
    stores
        Terms by asset, battery or plant; a store without terms does not trade.
    rules
        Of the market; by default `BidRules` with the site's smallest bid.

    Raises
    ------
    ConfigError
        Shapes differ, a value is not finite, an unknown store, or a plan beyond a store's power.
    """
    rules = rules or BidRules(minimum_kw=market.minimum_bid_kw)
    n = plan.grid.n_steps
    faults: list[str] = []
    price = broadcast("price_per_mwh", price_per_mwh, n, faults)
    power = {
        asset: broadcast(f"setpoint_kw of {asset}", plan.setpoint_kw[asset], n, faults)
        for asset in ("load", *STORES)
        if asset in plan.setpoint_kw
    }
    faults += [f"{asset!r} is no store" for asset in stores if asset not in STORES]
    faults += [f"{asset} has terms but no setpoints" for asset in stores if asset in STORES and asset not in power]
    for asset in stores.keys() & power.keys():
        faults += _beyond_power(asset, power[asset], stores[asset])
    refuse(faults, place=PLACE, next_step="plan each store within the power that its terms let it trade")

    limits: dict[str, Array] = {"load": np.full(n, rules.cap_per_mwh)} if "load" in power else {}
    limits |= {asset: _limit_prices(power[asset], price, stores[asset]) for asset in STORES if asset in stores}
    bids = []
    for step in range(n):
        start = plan.grid.start + timedelta(minutes=plan.grid.step_minutes * step)
        for asset, limit in limits.items():
            quantity = float(power[asset][step])
            if quantity == 0 or abs(quantity) < rules.minimum_of(asset) - TOLERANCE_KW:
                continue
            side: Side = "sell" if quantity > 0 else "buy"
            bids.append(
                Bid(
                    bid_id=f"{DAY_AHEAD}-{market.price_series}-{asset}-{side}-1-{hour_label(start)}",
                    market=DAY_AHEAD,
                    product=asset,
                    series=market.price_series,
                    valid_from=start,
                    duration_minutes=plan.grid.step_minutes,
                    price_per_mwh=safe_tick(float(limit[step]), side, rules),
                    quantity_kw=quantity,
                )
            )
    return tuple(bids)


def clear_bids(bids: Iterable[Bid], price_per_mwh: float) -> dict[str, float]:
    """What a published price accepts of the bids of one interval: power by asset. [kW]

    The bidder is too small to move the price. Of a sale the largest step priced at or below it is accepted, of a
    purchase the largest at or above it; an asset whose bids are not accepted gets zero.

    Raises
    ------
    ConfigError
        The price is not finite, or the bids belong to several intervals.
    """
    of_interval = tuple(bids)
    starts = sorted({bid.valid_from for bid in of_interval})
    faults = [] if math.isfinite(price_per_mwh) else [f"price_per_mwh is {price_per_mwh}"]
    if len(starts) > 1:
        faults.append(f"bids of {len(starts)} intervals, {hour_label(starts[0])} to {hour_label(starts[-1])}")
    refuse(faults, place=PLACE, next_step="clear one interval at a time, once its price is published")
    accepted = dict.fromkeys((bid.product for bid in of_interval), 0.0)
    for bid in of_interval:
        is_accepted = bid.price_per_mwh <= price_per_mwh if bid.quantity_kw > 0 else bid.price_per_mwh >= price_per_mwh
        if is_accepted and abs(bid.quantity_kw) > abs(accepted[bid.product]):
            accepted[bid.product] = bid.quantity_kw
    return accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the market says to a submitted bid; ``known`` if the same one was accepted before."""

    bid_id: str
    state: Literal["accepted", "known", "rejected"]
    reason: str = ""


class MarketInterface:
    """Order book of one market: takes bids once by their id, refuses those against its rules, and clears them.

    Parameters
    ----------
    available_kw
        No curve may hold more, either way.
    """

    def __init__(self, rules: BidRules | None = None, *, available_kw: float = math.inf) -> None:
        self.rules = rules or BidRules()
        self.available_kw = available_kw
        self._book: dict[str, Bid] = {}

    @property
    def bids(self) -> tuple[Bid, ...]:
        """Accepted bids in the order in which they came."""
        return tuple(self._book.values())

    def submit(self, bids: Iterable[Bid]) -> tuple[Receipt, ...]:
        """Receipts in the order of the bids; a fault of a curve refuses all of its steps that come with it.

        The same bid sent again changes nothing. Another one under the same id is refused.
        """
        submitted = tuple(bids)
        new = [bid for bid in dict.fromkeys(submitted) if bid.bid_id not in self._book]
        faults = self._faults(new)
        receipts = []
        for bid in submitted:
            held = self._book.get(bid.bid_id)
            if held is not None and held != bid:
                receipts.append(Receipt(bid_id=bid.bid_id, state="rejected", reason="the id belongs to another bid"))
            elif held is not None:
                receipts.append(Receipt(bid_id=bid.bid_id, state="known"))
            elif faults[bid]:
                receipts.append(Receipt(bid_id=bid.bid_id, state="rejected", reason="; ".join(faults[bid])))
            else:
                self._book[bid.bid_id] = bid
                receipts.append(Receipt(bid_id=bid.bid_id, state="accepted"))
        return tuple(receipts)

    def clear(self, price_per_mwh: Mapping[datetime, float]) -> dict[datetime, dict[str, float]]:
        """Power by asset that published prices accept, by start of the interval; see `clear_bids`. [kW]

        Only intervals with both bids and a price come back.
        """
        of_interval: dict[datetime, list[Bid]] = defaultdict(list)
        for bid in self._book.values():
            of_interval[bid.valid_from].append(bid)
        return {
            start: clear_bids(of_interval[start], price_per_mwh[start])
            for start in sorted(of_interval.keys() & price_per_mwh.keys())
        }

    def _faults(self, new: list[Bid]) -> dict[Bid, list[str]]:
        """Faults by bid: its own, and those of the curve that it becomes part of."""
        curves: dict[tuple[datetime, str, Side], list[Bid]] = defaultdict(list)
        for bid in (*self._book.values(), *new):
            curves[bid.valid_from, bid.product, _side(bid)].append(bid)
        faults: dict[Bid, list[str]] = {bid: self._own_faults(bid) for bid in new}
        for (start, product, side), steps in curves.items():
            curve = sorted((abs(bid.quantity_kw), bid.price_per_mwh) for bid in steps)
            found = curve_faults([(price, kw) for kw, price in curve], side, self.rules, self.available_kw)
            other = curves.get((start, product, "sell" if side == "buy" else "buy"), [])
            if other and _crosses(steps, other):
                found.append("a purchase is priced at or above a sale of the same interval")
            for bid in steps:
                if bid in faults:
                    faults[bid] += found
        return faults

    def _own_faults(self, bid: Bid) -> list[str]:
        least_kw = self.rules.minimum_of(bid.product)
        if abs(bid.quantity_kw) < least_kw - TOLERANCE_KW:
            return [f"{abs(bid.quantity_kw):g} kW is below the smallest bid of {least_kw:g} kW"]
        return []


def _side(bid: Bid) -> Side:
    return "sell" if bid.quantity_kw > 0 else "buy"


def _crosses(steps: Iterable[Bid], others: Iterable[Bid]) -> bool:
    both = (*steps, *others)
    buys = [bid.price_per_mwh for bid in both if _side(bid) == "buy"]
    sells = [bid.price_per_mwh for bid in both if _side(bid) == "sell"]
    return max(buys) >= min(sells)


def _limit_prices(power_kw: Array, price_per_mwh: Array, terms: StoreTerms) -> Array:
    """Limit price of each step of a store's plan, ``(n,)``."""
    charge, discharge = np.maximum(-power_kw, 0.0), np.maximum(power_kw, 0.0)
    bought_at = _mean_price(charge, price_per_mwh, otherwise=float(price_per_mwh.min()))
    sold_at = _mean_price(discharge, price_per_mwh, otherwise=float(price_per_mwh.max()))
    sell = np.minimum(bought_at / terms.round_trip_efficiency + terms.wear_per_mwh, price_per_mwh)
    buy = np.maximum((sold_at - terms.wear_per_mwh) * terms.round_trip_efficiency, price_per_mwh)
    return np.where(power_kw > 0, np.maximum(sell, terms.floor_per_mwh), buy)


def _mean_price(power_kw: Array, price_per_mwh: Array, *, otherwise: float) -> float:
    total = float(power_kw.sum())
    return float(power_kw @ price_per_mwh) / total if total > 0 else otherwise


def _beyond_power(asset: str, power_kw: Array, terms: StoreTerms) -> list[str]:
    beyond = np.abs(power_kw) > terms.max_power_kw + TOLERANCE_KW
    if not beyond.any():
        return []
    step = int(np.argmax(beyond))
    return [f"{asset} is planned at {power_kw[step]:g} kW in step {step}; it may trade {terms.max_power_kw:g} kW"]
