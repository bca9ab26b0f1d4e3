"""Whether the market can be relied on: what is wrong with it, and what is done about it.

A fall-back keeps to what was last planned, serves the site's own load, honours every contracted service, and ends as
soon as the market is back; `emergency` has the schedules and bids that need no price.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt

from kpp_twin.market.bidding.curves import BidRules
from kpp_twin.market.inputs import refuse
from kpp_twin.timegrid import TimeGrid, hour_label
from kpp_twin.units import Array

PLACE = "disruption"
MOST_STALE_INTERVALS = 2
MOST_FAILED_TRIES = 3

Reason = Literal[
    "day_ahead_missing",
    "day_ahead_incomplete",
    "price_outside_limits",
    "real_time_stale",
    "source_failed",
    "scarcity",
]
Action = Literal[
    "freeze_schedule",
    "optimise_locally",
    "emergency_bids",
    "no_arbitrage_purchase",
    "keep_reserves",
    "reconcile",
]

# freeze_schedule: go on with the last valid one. optimise_locally: where there is none, shave peaks and bring the store
# to its middle (`fallback_schedule`). emergency_bids: balance the own site at any price (`emergency_bids`).
# keep_reserves: contracted services come first. reconcile: plan and settle anew once the results are there.
ACTIONS: Mapping[Reason, tuple[Action, ...]] = {
    "day_ahead_missing": ("freeze_schedule", "optimise_locally", "emergency_bids", "keep_reserves", "reconcile"),
    "day_ahead_incomplete": ("freeze_schedule", "optimise_locally", "emergency_bids", "keep_reserves", "reconcile"),
    "price_outside_limits": ("freeze_schedule", "optimise_locally", "keep_reserves", "reconcile"),
    "real_time_stale": ("freeze_schedule", "keep_reserves", "reconcile"),
    "source_failed": ("freeze_schedule", "optimise_locally", "keep_reserves", "reconcile"),
    "scarcity": ("no_arbitrage_purchase", "keep_reserves"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """Something that is wrong with the market, in words for the operator, and what is done about it."""

    reason: Reason
    note: str

    @property
    def actions(self) -> tuple[Action, ...]:
        """In the order in which they are tried."""
        return ACTIONS[self.reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """On what the decisions for a grid rest.

    Attributes
    ----------
    fallbacks
        None while the market works.
    price_per_mwh
        Prices that can be relied on, ``(n,)``; NaN where none is known or it is outside the limits.
    may_buy
        Where energy may be bought to be sold again, ``(n,)``; nowhere that the price is at the cap.
    """

    fallbacks: tuple[Fallback, ...]
    price_per_mwh: Array
    may_buy: npt.NDArray[np.bool_]

    @property
    def decision_basis(self) -> Literal["market", "fallback"]:
        """The flag that decisions carry."""
        return "fallback" if self.fallbacks else "market"

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Of the fall-backs, in order."""
        return tuple(fallback.reason for fallback in self.fallbacks)

    @property
    def notes(self) -> tuple[str, ...]:
        """Of the fall-backs, in order."""
        return tuple(f"fall-back, {fallback.reason}: {fallback.note}" for fallback in self.fallbacks)

    def calls_for(self, action: Action) -> bool:
        """Whether a fall-back asks for an action."""
        return any(action in fallback.actions for fallback in self.fallbacks)


def decide_basis(
    as_of: datetime,
    *,
    grid: TimeGrid,
    price_per_mwh: Array,
    rules: BidRules,
    due_until: datetime | None,
    real_time_until: datetime | None = None,
    real_time_minutes: int = 5,
    failed_tries: Mapping[str, int] | None = None,
) -> Basis:
    """Whether the market can be relied on, from what is known at an instant.

    Parameters
    ----------
    grid, price_per_mwh
        Intervals ahead and their prices, ``(n,)``; NaN where none is known.
    rules
        With the market's lowest and highest price.
    due_until
        Prices of intervals before it should be known by now, as `MarketProduct.results_due_until` has it; none where no
        results are announced.
    real_time_until, real_time_minutes
        End of the newest interval that has a real-time price, and the length of one; none where none is needed.
    failed_tries
        In a row, by source.

    Raises
    ------
    ConfigError
        The prices do not fit the grid.
    """
    price = np.asarray(price_per_mwh, dtype=np.float64)
    if price.shape != (grid.n_steps,):
        refuse(
            [f"price_per_mwh has shape {price.shape}; the grid has {grid.n_steps} steps"],
            place=PLACE,
            next_step="give one price per interval, NaN where none is known",
        )
    is_outside = (price < rules.floor_per_mwh) | (price > rules.cap_per_mwh)
    is_scarce = price == rules.cap_per_mwh
    found = (
        _missing(grid, price, due_until),
        _outside(grid, price, is_outside, rules),
        _stale(as_of, real_time_until, real_time_minutes),
        *(_failed(source, tries) for source, tries in (failed_tries or {}).items()),
        _scarce(grid, is_scarce, rules),
    )
    return Basis(
        fallbacks=tuple(fallback for fallback in found if fallback is not None),
        price_per_mwh=np.where(is_outside, np.nan, price),
        may_buy=~is_scarce,
    )


def recovery_notes(reasons_before: Iterable[str], now: Basis) -> tuple[str, ...]:
    """What a fall-back that is over leaves to be done, in words; ``reasons_before`` are those of the last decision."""
    return tuple(
        f"fall-back is over, {reason}: planned on market prices again, and what was done meanwhile is settled on them"
        for reason in dict.fromkeys(reasons_before)
        if reason not in now.reasons
    )


def _missing(grid: TimeGrid, price: Array, due_until: datetime | None) -> Fallback | None:
    """Results that are late; incomplete where some came, as after a decoupling of zones."""
    if due_until is None:
        return None
    is_due = np.arange(grid.n_steps) < (due_until - grid.start) / timedelta(minutes=grid.step_minutes)
    missing = is_due & np.isnan(price)
    if not missing.any():
        return None
    first = _label(grid, missing)
    if missing.sum() == is_due.sum():
        return Fallback(reason="day_ahead_missing", note=f"no day-ahead price from {first}, though the results are due")
    return Fallback(
        reason="day_ahead_incomplete",
        note=f"{missing.sum()} of {is_due.sum()} day-ahead prices are missing, the first from {first}",
    )


def _outside(grid: TimeGrid, price: Array, is_outside: npt.NDArray[np.bool_], rules: BidRules) -> Fallback | None:
    if not is_outside.any():
        return None
    return Fallback(
        reason="price_outside_limits",
        note=f"{is_outside.sum()} prices are outside {rules.floor_per_mwh:g} to {rules.cap_per_mwh:g}, the first from "
        f"{_label(grid, is_outside)} with {price[is_outside][0]:g}; they are not used",
    )


def _stale(as_of: datetime, real_time_until: datetime | None, real_time_minutes: int) -> Fallback | None:
    if real_time_until is None:
        return None
    minutes = (as_of - real_time_until) / timedelta(minutes=1)
    if minutes <= MOST_STALE_INTERVALS * real_time_minutes:
        return None
    return Fallback(
        reason="real_time_stale",
        note=f"the newest real-time price is {minutes:.0f} minutes old, more than {MOST_STALE_INTERVALS} intervals",
    )


def _failed(source: str, tries: int) -> Fallback | None:
    if tries <= MOST_FAILED_TRIES:
        return None
    return Fallback(reason="source_failed", note=f"{source} failed {tries} times in a row")


def _scarce(grid: TimeGrid, is_scarce: npt.NDArray[np.bool_], rules: BidRules) -> Fallback | None:
    if not is_scarce.any():
        return None
    return Fallback(
        reason="scarcity",
        note=f"{is_scarce.sum()} prices are at the cap of {rules.cap_per_mwh:g}, the first from "
        f"{_label(grid, is_scarce)}; nothing is bought there to be sold again",
    )


def _label(grid: TimeGrid, where: npt.NDArray[np.bool_]) -> str:
    return hour_label(grid.start + timedelta(minutes=grid.step_minutes * int(np.argmax(where))))
