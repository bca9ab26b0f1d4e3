"""Checks of bids against the rules of their market, against one another, and against what is reserved elsewhere."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kpp_twin.market.bidding.curves import BidRules, Direction, Side, bid_faults, curve_faults
from kpp_twin.market.inputs import refuse
from kpp_twin.operation import Bid


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Power of an asset that is sold or kept elsewhere; ``[start, stop)`` in UTC."""

    product: str
    start: datetime
    stop: datetime
    up_kw: float
    down_kw: float


def faults_of_bids(
    new: Sequence[Bid],
    rules: BidRules,
    *,
    held: Iterable[Bid] = (),
    available_kw: float = math.inf,
    reservations: Sequence[Reservation] = (),
) -> dict[Bid, list[str]]:
    """Faults by bid: its own, and those of the curve that it becomes part of; a bid without any has an empty list.

    Steps of one product, side and interval make a curve; their quantities are cumulative.

    Parameters
    ----------
    held
        Bids that are in force already.
    available_kw
        Power of an asset, either way. Reservations are taken off it, and curves of other lengths that overlap.
    reservations
        What takes power upward, as a sale of energy, must leave the upward ones; symmetric capacity both.
    """
    curves: dict[_Curve, list[Bid]] = defaultdict(list)
    for bid in (*held, *new):
        curves[_curve_of(bid)].append(bid)
    most_kw = {curve: max(abs(bid.quantity_kw) for bid in steps) for curve, steps in curves.items()}
    faults = {bid: bid_faults(bid.price_per_mwh, bid.quantity_kw, rules) for bid in new}
    for curve in dict.fromkeys(_curve_of(bid) for bid in new):
        steps = sorted(curves[curve], key=lambda bid: (abs(bid.quantity_kw), bid.price_per_mwh))
        points = [(bid.price_per_mwh, abs(bid.quantity_kw)) for bid in steps]
        taken = [
            (kept.start, kept.stop, _reserved_kw(kept, rules.direction_of(curve.side)))
            for kept in reservations
            if kept.product == curve.product
        ]
        taken += [
            (other.start, other.stop, kw)
            for other, kw in most_kw.items()
            if other != curve and (other.product, other.side) == (curve.product, curve.side)
        ]
        left_kw = max(available_kw - _most_at_once_kw(taken, curve.start, curve.stop), 0.0)
        found = curve_faults(points, curve.side, rules, left_kw)
        others = curves.get(replace(curve, side="sell" if curve.side == "buy" else "buy"), [])
        if others and _crosses((*steps, *others)):
            found.append("a purchase is priced at or above a sale of the same interval")
        for bid in steps:
            if bid in faults:
                faults[bid] += found
    return faults


def reservations_of(bids: Iterable[Bid], rules: BidRules) -> tuple[Reservation, ...]:
    """What bids for capacity keep from other markets, from submission until they are refused; one for each curve.

    Raises
    ------
    ConfigError
        The rules are those of energy.
    """
    direction = rules.direction
    if direction is None:
        refuse(["bids for energy reserve nothing"], place="bids", next_step="give the rules of a capacity product")
    most_kw: dict[_Curve, float] = defaultdict(float)
    for bid in bids:
        most_kw[_curve_of(bid)] = max(most_kw[_curve_of(bid)], bid.quantity_kw)
    return tuple(
        Reservation(
            product=curve.product,
            start=curve.start,
            stop=curve.stop,
            up_kw=0.0 if direction == "down" else kw,
            down_kw=0.0 if direction == "up" else kw,
        )
        for curve, kw in most_kw.items()
    )


def side_of(bid: Bid) -> Side:
    """Side of the market on which a bid is."""
    return "sell" if bid.quantity_kw > 0 else "buy"


def stop_of(bid: Bid) -> datetime:
    """First instant after the interval of a bid."""
    return bid.valid_from + timedelta(minutes=bid.duration_minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Curve:
    """What the steps of a curve have in common."""

    start: datetime
    stop: datetime
    product: str
    side: Side


def _curve_of(bid: Bid) -> _Curve:
    return _Curve(start=bid.valid_from, stop=stop_of(bid), product=bid.product, side=side_of(bid))


def _reserved_kw(kept: Reservation, direction: Direction) -> float:
    if direction == "symmetric":
        return max(kept.up_kw, kept.down_kw)
    return kept.up_kw if direction == "up" else kept.down_kw


def _most_at_once_kw(taken: Iterable[tuple[datetime, datetime, float]], start: datetime, stop: datetime) -> float:
    """Highest sum of powers, each taken for some time, at any instant of ``[start, stop)``."""
    within = [(max(begin, start), end, kw) for begin, end, kw in taken if begin < stop and end > start]
    # The sum can only be highest where one of them begins.
    sums = (sum(kw for begin, end, kw in within if begin <= instant < end) for instant, _, _ in within)
    return max(sums, default=0.0)


def _crosses(bids: Iterable[Bid]) -> bool:
    prices: dict[Side, list[float]] = {"sell": [], "buy": []}
    for bid in bids:
        prices[side_of(bid)].append(bid.price_per_mwh)
    return max(prices["buy"]) >= min(prices["sell"])
