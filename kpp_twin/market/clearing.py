"""Clearing of a market, for backtests: one price for all, or pay as bid.

No network and no blocks: what is indivisible, or may be refused although its price is good, is not modelled.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kpp_twin.market.bidding.bid_checks import side_of
from kpp_twin.market.bidding.curves import TOLERANCE_KW, Side
from kpp_twin.market.inputs import refuse
from kpp_twin.operation import Bid
from kpp_twin.units import Array

PLACE = "clearing"
QUARTERS_PER_HOUR = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A quantity at a limit price, wholly or partly accepted; the quantity is above zero for either side."""

    order_id: str
    side: Side
    price_per_mwh: float
    quantity_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearingResult:
    """What a market accepted.

    Attributes
    ----------
    price_per_mwh
        Of the whole market; pay as bid: that of the dearest sale. None where nothing was traded.
    accepted_kw
        By order, in their order; zero for one that was not accepted.
    paid_per_mwh
        By order that was accepted: what it is paid, or pays.
    """

    price_per_mwh: float | None
    accepted_kw: Mapping[str, float]
    paid_per_mwh: Mapping[str, float]


def orders_of(bids: Iterable[Bid]) -> tuple[Order, ...]:
    """Orders of the curves of one interval: each step becomes what it adds to the one before."""
    curves: dict[tuple[str, Side], list[Bid]] = defaultdict(list)
    for bid in bids:
        curves[bid.product, side_of(bid)].append(bid)
    starts = {bid.valid_from for steps in curves.values() for bid in steps}
    refuse(
        [f"bids of {len(starts)} intervals"] if len(starts) > 1 else [],
        place=PLACE,
        next_step="clear one interval at a time",
    )
    orders = []
    for (_, side), steps in curves.items():
        before = 0.0
        for bid in sorted(steps, key=lambda bid: abs(bid.quantity_kw)):
            size = abs(bid.quantity_kw)
            orders.append(
                Order(order_id=bid.bid_id, side=side, price_per_mwh=bid.price_per_mwh, quantity_kw=size - before)
            )
            before = size
    return tuple(orders)


def clear(
    orders: Iterable[Order],
    *,
    pricing: Literal["uniform", "pay_as_bid"] = "uniform",
    unserved_sets_price: bool = True,
) -> ClearingResult:
    """Accept orders so that the surplus of all is highest; of equal prices the order that comes first goes first.

    One price for all: that of the dearest accepted sale, and so the lower one where a step of the supply ends exactly.
    A purchase that is not wholly served although it bids more sets the price itself, which every accepted order can
    then bear and no refused one could have bettered (Schweppe et al., Spot pricing of electricity, 1988).

    Pay as bid: every sale gets its own price, and every purchase pays their mean.

    Parameters
    ----------
    unserved_sets_price
        Without it the dearest accepted sale sets the price even where demand is left unserved, as for a buyer who takes
        any price.

    Raises
    ------
    ConfigError
        An id stands twice, or a price or quantity is no number or not above zero.
    """
    book = tuple(orders)
    refuse(_order_faults(book), place=PLACE, next_step="give each order its own id, a price and a quantity above 0")
    sales = sorted((order for order in book if order.side == "sell"), key=lambda order: order.price_per_mwh)
    purchases = sorted((order for order in book if order.side == "buy"), key=lambda order: -order.price_per_mwh)
    matched = _matched(sales, purchases)
    accepted = {order.order_id: matched[order.order_id] for order in book}
    sold = [order for order in sales if accepted[order.order_id] > 0]
    if not sold:
        return ClearingResult(price_per_mwh=None, accepted_kw=accepted, paid_per_mwh={})
    price = max(order.price_per_mwh for order in sold)
    if pricing == "pay_as_bid":
        income = sum(order.price_per_mwh * accepted[order.order_id] for order in sold)
        mean = income / sum(accepted[order.order_id] for order in sold)
        paid = {order.order_id: order.price_per_mwh if order.side == "sell" else mean for order in book}
    else:
        if unserved_sets_price:
            unserved = (p for p in purchases if accepted[p.order_id] < p.quantity_kw - TOLERANCE_KW)
            price = max([price, *(order.price_per_mwh for order in unserved)])
        paid = dict.fromkeys(accepted, price)
    return ClearingResult(
        price_per_mwh=price,
        accepted_kw=accepted,
        paid_per_mwh={name: value for name, value in paid.items() if accepted[name] > 0},
    )


def hourly_index(price_per_mwh: Array) -> Array:
    """Price of each hour, ``(n / 4,)``: the mean of its quarter-hours' prices ``(n,)``.

    Raises
    ------
    ConfigError
        The quarters do not make whole hours.
    """
    price = np.asarray(price_per_mwh, dtype=np.float64)
    if price.ndim != 1 or price.size % QUARTERS_PER_HOUR:
        refuse([f"prices of shape {price.shape} are no whole hours"], place=PLACE, next_step="give four prices an hour")
    return price.reshape(-1, QUARTERS_PER_HOUR).mean(axis=1)


def _matched(sales: Sequence[Order], purchases: Sequence[Order]) -> dict[str, float]:
    """Accepted quantity by order [kW]: sales in order meet purchases in order, as long as the price suits both."""
    accepted = {order.order_id: 0.0 for order in (*sales, *purchases)}
    at_sale = at_purchase = 0
    while at_sale < len(sales) and at_purchase < len(purchases):
        sale, purchase = sales[at_sale], purchases[at_purchase]
        if sale.price_per_mwh > purchase.price_per_mwh:
            break
        left_sale = sale.quantity_kw - accepted[sale.order_id]
        left_purchase = purchase.quantity_kw - accepted[purchase.order_id]
        # What is left by rounding must not call the next step, which would set the price.
        if left_sale <= left_purchase + TOLERANCE_KW:
            accepted[sale.order_id] = sale.quantity_kw
            at_sale += 1
        else:
            accepted[sale.order_id] += left_purchase
        if left_purchase <= left_sale + TOLERANCE_KW:
            accepted[purchase.order_id] = purchase.quantity_kw
            at_purchase += 1
        else:
            accepted[purchase.order_id] += left_sale
    return accepted


def _order_faults(orders: Sequence[Order]) -> list[str]:
    counts = Counter(order.order_id for order in orders)
    faults = [f"{name!r} stands {count} times" for name, count in counts.items() if count > 1]
    for order in orders:
        if not math.isfinite(order.price_per_mwh):
            faults.append(f"{order.order_id!r} has a price of {order.price_per_mwh}")
        if not 0 < order.quantity_kw < math.inf:
            faults.append(f"{order.order_id!r} has a quantity of {order.quantity_kw} kW")
    return faults
