"""Bids: made from a plan, submitted to a market that checks them, and accepted by the price that is published."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from kpp_twin.market.bidding.bid_checks import Reservation, faults_of_bids, stop_of
from kpp_twin.market.bidding.curves import TOLERANCE_KW, BidRules, Side, safe_quantity, safe_tick
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
    at the highest. Quantities are rounded down to the market's step; those below its smallest bid are dropped. Sale
    prices are rounded up to the tick, purchase prices down.

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
            quantity = safe_quantity(float(power[asset][step]), rules)
            if quantity == 0:
                continue
            side: Side = "sell" if quantity > 0 else "buy"
            bids.append(
                Bid(
                    bid_id=bid_id(market.price_series, asset, side, start),
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


def bid_id(series: str, product: str, side: Side, start: datetime, *, market: str = DAY_AHEAD, step: int = 1) -> str:
    """Id of a step of a curve; the same step has the same id whenever it is made, so that it is taken once."""
    return f"{market}-{series}-{product}-{side}-{step}-{hour_label(start)}"


def clear_bids(bids: Iterable[Bid], price_per_mwh: float) -> dict[str, float]:
    """What a published price accepts of the bids of one interval: power by asset. [kW]

    The bidder is too small to move the price. Of a sale the largest step priced at or below it is accepted, of a
    purchase the largest at or above it; an asset whose bids are not accepted gets zero.

    Raises
    ------
    ConfigError
        The price is not finite, or the bids belong to several intervals, or to some of several lengths.
    """
    of_interval = tuple(bids)
    starts = sorted({bid.valid_from for bid in of_interval})
    faults = [] if math.isfinite(price_per_mwh) else [f"price_per_mwh is {price_per_mwh}"]
    if len(starts) > 1:
        faults.append(f"bids of {len(starts)} intervals, {hour_label(starts[0])} to {hour_label(starts[-1])}")
    if len({bid.duration_minutes for bid in of_interval}) > 1:
        faults.append("bids of several lengths, which have prices of their own")
    refuse(faults, place=PLACE, next_step="clear one interval at a time, once its price is published")
    accepted = dict.fromkeys((bid.product for bid in of_interval), 0.0)
    for bid in of_interval:
        is_accepted = bid.price_per_mwh <= price_per_mwh if bid.quantity_kw > 0 else bid.price_per_mwh >= price_per_mwh
        if is_accepted and abs(bid.quantity_kw) > abs(accepted[bid.product]):
            accepted[bid.product] = bid.quantity_kw
    return accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the market says to a submitted or withdrawn bid; ``known`` if it changes nothing."""

    bid_id: str
    state: Literal["accepted", "replaced", "withdrawn", "known", "rejected"]
    reason: str = ""


@dataclass(slots=True, kw_only=True)
class _Entry:
    """What the book holds under an id."""

    bid: Bid
    revision: int
    is_withdrawn: bool = False


class MarketInterface:
    """Order book of one market: takes bids once by their id, refuses those against its rules, and clears them.

    A bid that is sent again changes nothing, at any time. Another one under its id is refused, unless it comes with a
    higher revision before the gate: then it takes the place of the old one. A withdrawn bid comes back only so.

    Parameters
    ----------
    available_kw, reservations
        Power of an asset, either way, and what is taken off it; see `faults_of_bids`.
    gates
        By when to bid, by start and stop of what is traded, as `MarketProduct.gates` has them; by default any interval
        is traded, at any time.
    held
        Bids that were accepted before, as the history has them: a book that is opened anew knows them.
    """

    def __init__(
        self,
        rules: BidRules | None = None,
        *,
        available_kw: float = math.inf,
        reservations: Iterable[Reservation] = (),
        gates: Mapping[tuple[datetime, datetime], datetime] | None = None,
        held: Iterable[Bid] = (),
    ) -> None:
        self.rules = rules or BidRules()
        self.available_kw = available_kw
        self.reservations = tuple(reservations)
        self.gates = gates
        self._book = {bid.bid_id: _Entry(bid=bid, revision=0) for bid in held}

    @property
    def bids(self) -> tuple[Bid, ...]:
        """Bids in force, in the order in which their ids came."""
        return tuple(entry.bid for entry in self._book.values() if not entry.is_withdrawn)

    def submit(self, bids: Iterable[Bid], *, at: datetime | None = None, revision: int = 0) -> tuple[Receipt, ...]:
        """Receipts in the order of the bids; a fault of a curve refuses all of its steps that come with it.

        Parameters
        ----------
        at
            Instant at which they arrive; needed where there are gates.
        revision
            Of all these bids; only a higher one than before takes the place of a bid.

        Raises
        ------
        ConfigError
            There are gates, and ``at`` is missing.
        """
        submitted = tuple(bids)
        self._refuse_timeless(at)
        candidates: dict[str, Bid] = {}
        for bid in submitted:
            if not self._objection(bid, revision) and not self._is_known(bid):
                candidates.setdefault(bid.bid_id, bid)
        faults = self._faults(list(candidates.values()), at)
        return tuple(self._take(bid, revision, faults.get(bid.bid_id, [])) for bid in submitted)

    def withdraw(self, bid_ids: Iterable[str], *, at: datetime | None = None) -> tuple[Receipt, ...]:
        """Receipts in the order of the ids; to withdraw a bid again changes nothing.

        Raises
        ------
        ConfigError
            There are gates, and ``at`` is missing.
        """
        self._refuse_timeless(at)
        receipts = []
        for bid_id in bid_ids:
            entry = self._book.get(bid_id)
            if entry is None:
                receipts.append(Receipt(bid_id=bid_id, state="rejected", reason="there is no bid of this id"))
            elif entry.is_withdrawn:
                receipts.append(Receipt(bid_id=bid_id, state="known"))
            elif late := self._gate_faults(entry.bid, at):
                receipts.append(Receipt(bid_id=bid_id, state="rejected", reason="; ".join(late)))
            else:
                entry.is_withdrawn = True
                receipts.append(Receipt(bid_id=bid_id, state="withdrawn"))
        return tuple(receipts)

    def clear(self, price_per_mwh: Mapping[datetime, float]) -> dict[datetime, dict[str, float]]:
        """Power by asset that published prices accept, by start of the interval; see `clear_bids`. [kW]

        Only intervals with both bids and a price come back.
        """
        of_interval: dict[datetime, list[Bid]] = defaultdict(list)
        for bid in self.bids:
            of_interval[bid.valid_from].append(bid)
        return {
            start: clear_bids(of_interval[start], price_per_mwh[start])
            for start in sorted(of_interval.keys() & price_per_mwh.keys())
        }

    def _refuse_timeless(self, at: datetime | None) -> None:
        if self.gates is not None and at is None:
            refuse(["at is missing"], place=PLACE, next_step="say when the bids arrive: the market has gates")

    def _is_known(self, bid: Bid) -> bool:
        held = self._book.get(bid.bid_id)
        return held is not None and held.bid == bid and not held.is_withdrawn

    def _objection(self, bid: Bid, revision: int) -> str:
        """Why the id cannot take this bid; empty if it can, or holds it."""
        held = self._book.get(bid.bid_id)
        if held is None or revision > held.revision or self._is_known(bid):
            return ""
        what = "the bid was withdrawn" if held.is_withdrawn else "the id belongs to another bid"
        return f"{what}; what replaces it needs a revision above {held.revision}"

    def _take(self, bid: Bid, revision: int, faults: list[str]) -> Receipt:
        held = self._book.get(bid.bid_id)
        if held is not None and self._is_known(bid):
            held.revision = max(held.revision, revision)
            return Receipt(bid_id=bid.bid_id, state="known")
        if reason := self._objection(bid, revision) or "; ".join(faults):
            return Receipt(bid_id=bid.bid_id, state="rejected", reason=reason)
        self._book[bid.bid_id] = _Entry(bid=bid, revision=revision)
        is_new = held is None or held.is_withdrawn
        return Receipt(bid_id=bid.bid_id, state="accepted" if is_new else "replaced")

    def _faults(self, new: Sequence[Bid], at: datetime | None) -> dict[str, list[str]]:
        """Faults by id of those that must be refused, so that the others fit with what stays in force."""
        refused: dict[str, list[str]] = {}
        while True:
            left = [bid for bid in new if bid.bid_id not in refused]
            ids = {bid.bid_id for bid in left}
            faults = faults_of_bids(
                left,
                self.rules,
                held=[bid for bid in self.bids if bid.bid_id not in ids],
                available_kw=self.available_kw,
                reservations=self.reservations,
            )
            found = {bid.bid_id: told + self._gate_faults(bid, at) for bid, told in faults.items()}
            if not any(found.values()):
                return refused
            refused |= {name: told for name, told in found.items() if told}

    def _gate_faults(self, bid: Bid, at: datetime | None) -> list[str]:
        if self.gates is None or at is None:
            return []
        gate = self.gates.get((bid.valid_from, stop_of(bid)))
        if gate is None:
            return [f"{bid.duration_minutes} minutes from {hour_label(bid.valid_from)} are not traded"]
        return [f"the gate closed at {hour_label(gate)}"] if at >= gate else []


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
