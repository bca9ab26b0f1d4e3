"""What a market holds bids to: price limits, ticks, smallest quantities and the shape of a price-quantity curve."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from kpp_twin.market.inputs import refuse

# A quantity this far below a limit is taken for the limit: the solver's last digit is no reason to drop a bid.
TOLERANCE_KW = 1e-6

Side = Literal["sell", "buy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BidRules:
    """What a market takes; the prices by default are assumptions, wide enough for those of Texas in 2021.

    Attributes
    ----------
    floor_per_mwh, cap_per_mwh
        Lowest and highest price of a bid.
    tick_per_mwh
        Prices are whole multiples of it.
    minimum_kw
        Smallest bid.
    minimum_kw_of
        Smallest bid of products that have their own, as a megawatt for frequency containment reserve.
    """

    floor_per_mwh: float = -250.0
    cap_per_mwh: float = 9000.0
    tick_per_mwh: float = 0.01
    minimum_kw: float = 100.0
    minimum_kw_of: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = []
        if not -math.inf < self.floor_per_mwh < self.cap_per_mwh < math.inf:
            faults.append(f"floor_per_mwh {self.floor_per_mwh} must be below cap_per_mwh {self.cap_per_mwh}")
        if not 0 < self.tick_per_mwh < math.inf:
            faults.append(f"tick_per_mwh must be above 0; it is {self.tick_per_mwh}")
        minima = {"minimum_kw": self.minimum_kw, **self.minimum_kw_of}
        faults += [f"{name} must not be negative; it is {kw}" for name, kw in minima.items() if not 0 <= kw < math.inf]
        refuse(faults, place="bid rules", next_step="give prices in currency/MWh and powers in kW")

    def minimum_of(self, product: str) -> float:
        """Smallest bid of a product. [kW]"""
        return self.minimum_kw_of.get(product, self.minimum_kw)


def safe_tick(price_per_mwh: float, side: Side, rules: BidRules) -> float:
    """Price on a tick that is no worse for the bidder, within the market's limits: a sale up, a purchase down."""
    ticks = round(price_per_mwh / rules.tick_per_mwh, 6)
    whole = math.ceil(ticks) if side == "sell" else math.floor(ticks)
    return min(max(round(whole * rules.tick_per_mwh, 6), rules.floor_per_mwh), rules.cap_per_mwh)


def curve_faults(
    curve: Sequence[tuple[float, float]], side: Side, rules: BidRules, available_kw: float = math.inf
) -> list[str]:
    """What is wrong with a curve of price and cumulative quantity, both as numbers above zero for either side.

    Quantities rise from step to step; a sale's prices rise or stay, a purchase's fall or stay; all prices lie within
    the market's limits and the last quantity within what is available.
    """
    faults = []
    for (price, quantity), (next_price, next_quantity) in pairwise(curve):
        if not next_quantity > quantity:
            faults.append(f"quantities must rise: {quantity:g} kW is followed by {next_quantity:g} kW")
        if side == "sell" and next_price < price:
            faults.append(f"prices of a sale must not fall: {price:g} is followed by {next_price:g}")
        if side == "buy" and next_price > price:
            faults.append(f"prices of a purchase must not rise: {price:g} is followed by {next_price:g}")
    for price, quantity in curve:
        if not rules.floor_per_mwh <= price <= rules.cap_per_mwh:
            faults.append(f"price {price:g} is outside {rules.floor_per_mwh:g} to {rules.cap_per_mwh:g}")
        if not 0 < quantity <= available_kw + TOLERANCE_KW:
            faults.append(f"quantity {quantity:g} kW is outside 0 to {available_kw:g} kW")
    return faults
