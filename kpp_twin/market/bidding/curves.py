"""What a market holds bids to: price limits, ticks, quantities and the shape of a price-quantity curve."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from kpp_twin.market.inputs import refuse

# A quantity this far below a limit is taken for the limit: the solver's last digit is no reason to drop a bid.
TOLERANCE_KW = 1e-6

Side = Literal["sell", "buy"]
Direction = Literal["up", "down", "symmetric"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BidRules:
    """What a market takes of one product; `MarketProduct.rules` has those of the dated table.

    The prices by default are assumptions, wide enough for those of Texas in 2021.

    Attributes
    ----------
    floor_per_mwh, cap_per_mwh
        Lowest and highest price of a bid; of capacity, per MW and hour.
    tick_per_mwh
        Prices are whole multiples of it.
    minimum_kw
        Smallest bid.
    step_kw
        Quantities are whole multiples of it; any where it is 0.
    most_steps
        Of a curve; any number where there is none.
    direction
        Of capacity, which is only sold; none for energy, which is sold (up) and bought (down).
    """

    floor_per_mwh: float = -250.0
    cap_per_mwh: float = 9000.0
    tick_per_mwh: float = 0.01
    minimum_kw: float = 100.0
    step_kw: float = 0.0
    most_steps: int | None = None
    direction: Direction | None = None

    def __post_init__(self) -> None:
        faults = []
        if not -math.inf < self.floor_per_mwh < self.cap_per_mwh < math.inf:
            faults.append(f"floor_per_mwh {self.floor_per_mwh} must be below cap_per_mwh {self.cap_per_mwh}")
        if not 0 < self.tick_per_mwh < math.inf:
            faults.append(f"tick_per_mwh must be above 0; it is {self.tick_per_mwh}")
        for name, kw in (("minimum_kw", self.minimum_kw), ("step_kw", self.step_kw)):
            if not 0 <= kw < math.inf:
                faults.append(f"{name} must not be negative; it is {kw}")
        if self.most_steps is not None and self.most_steps < 1:
            faults.append(f"most_steps must be at least 1; it is {self.most_steps}")
        refuse(faults, place="bid rules", next_step="give prices in currency/MWh and powers in kW")

    def direction_of(self, side: Side) -> Direction:
        """In which direction a bid takes power."""
        return self.direction or ("up" if side == "sell" else "down")


def safe_tick(price_per_mwh: float, side: Side, rules: BidRules) -> float:
    """Price on a tick that is no worse for the bidder, within the market's limits: a sale up, a purchase down."""
    ticks = round(price_per_mwh / rules.tick_per_mwh, 6)
    whole = math.ceil(ticks) if side == "sell" else math.floor(ticks)
    return min(max(round(whole * rules.tick_per_mwh, 6), rules.floor_per_mwh), rules.cap_per_mwh)


def safe_quantity(quantity_kw: float, rules: BidRules) -> float:
    """Quantity that the market takes, of the same sign: on a step, rounded towards zero; zero below the smallest bid.

    Nothing is ever rounded up, but for the solver's last digit.
    """
    size = abs(quantity_kw)
    if rules.step_kw > 0:
        size = math.floor(size / rules.step_kw + TOLERANCE_KW) * rules.step_kw
    return math.copysign(size, quantity_kw) if size > 0 and size >= rules.minimum_kw - TOLERANCE_KW else 0.0


def bid_faults(price_per_mwh: float, quantity_kw: float, rules: BidRules) -> list[str]:
    """What is wrong with a bid by itself; the quantity is positive for a sale, negative for a purchase."""
    faults = []
    size = abs(quantity_kw)
    if quantity_kw < 0 and rules.direction is not None:
        faults.append("capacity is only sold")
    if size < rules.minimum_kw - TOLERANCE_KW or size == 0:
        faults.append(f"{size:g} kW is below the smallest bid of {rules.minimum_kw:g} kW")
    if rules.step_kw > 0 and not _is_multiple(size, rules.step_kw):
        faults.append(f"{size:g} kW is no multiple of {rules.step_kw:g} kW")
    if math.isfinite(price_per_mwh) and not _is_multiple(price_per_mwh, rules.tick_per_mwh):
        faults.append(f"price {price_per_mwh:g} is no multiple of the tick of {rules.tick_per_mwh:g}")
    return faults


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
    if rules.most_steps is not None and len(curve) > rules.most_steps:
        faults.append(f"{len(curve)} steps are more than the {rules.most_steps} that a curve may have")
    return faults


def _is_multiple(value: float, unit: float) -> bool:
    return math.isclose(value / unit, round(value / unit), abs_tol=1e-6) if math.isfinite(value) else False
