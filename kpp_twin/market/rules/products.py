"""Products of energy and capacity markets: when to bid for which intervals, and what a bid must keep to.

The rows of ``products.toml``, each with the delivery days for which it holds.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from kpp_twin.dated import NamedRow, read_products, row_named
from kpp_twin.market.bidding.curves import BidRules, Direction
from kpp_twin.market.inputs import refuse
from kpp_twin.market.rules import calendar
from kpp_twin.market.rules.price_limits import Evidence, limits_on, price_limits
from kpp_twin.timegrid import TimeGrid, utc
from kpp_twin.units import HOURS_PER_DAY, MINUTES_PER_HOUR

TABLE = Path(__file__).parent / "products.toml"

Text = Annotated[str, Field(min_length=1)]
Minutes = Annotated[int, Field(gt=0)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class MarketProduct(NamedRow):
    """What a market trades; ``valid_from`` and ``valid_until`` are delivery days.

    Attributes
    ----------
    zone
        By whose clock days and gates go.
    direction
        Of capacity, which is only sold and has a price per MW and hour; none for energy, which has one per MWh.
    interval_minutes
        Of bids and settlement.
    also_minutes
        Longer intervals that may be bid, too.
    block_hours
        Bids are for blocks of so many hours of the local clock.
    from_hour, until_hour
        Between which the delivery day lies, by the local clock; see `calendar`.
    gate_local, gate_days_before
        By when to bid for a delivery day.
    gate_minutes_before
        Instead: by when to bid for each interval.
    results_local
        By when the results of a day are due, on the day of the gate.
    most_steps
        Of a bid curve.
    settlement
        What differs from the schedule is paid at one imbalance price (single), at one for each sign (dual) or at the
        real-time price (two_settlement); capacity by its availability.
    limits
        Market of the dated price limits.
    """

    title: Text
    zone: Text
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    direction: Direction | None = None
    interval_minutes: Minutes
    also_minutes: Annotated[tuple[Minutes, ...], Field(strict=False)] = ()
    block_hours: Annotated[int, Field(gt=0)] | None = None
    from_hour: Annotated[int, Field(gt=-HOURS_PER_DAY, lt=HOURS_PER_DAY)] = 0
    until_hour: Annotated[int, Field(gt=0, lt=2 * HOURS_PER_DAY)] = HOURS_PER_DAY
    gate_local: time | None = None
    gate_days_before: Annotated[int, Field(ge=0)] = 0
    gate_minutes_before: Annotated[int, Field(ge=0)] | None = None
    results_local: time | None = None
    minimum_kw: NotNegative
    step_kw: NotNegative
    tick_per_mwh: Positive
    most_steps: Annotated[int, Field(gt=0)] | None = None
    pricing: Literal["uniform", "pay_as_bid"]
    settlement: Literal["single", "dual", "two_settlement", "capacity"]
    limits: Text
    source: Text
    evidence: Evidence

    def _faults(self) -> Iterator[str]:
        hours = self.until_hour - self.from_hour
        if not _is_zone(self.zone):
            yield f"zone {self.zone!r} is not known"
        if (self.gate_local is None) == (self.gate_minutes_before is None):
            yield "one of gate_local and gate_minutes_before must be given"
        if self.results_local is not None and (self.gate_local is None or self.results_local <= self.gate_local):
            yield "results_local must be after a gate_local"
        if hours <= 0:
            yield "until_hour must be after from_hour"
        elif self.block_hours is not None and hours % self.block_hours:
            yield f"the {hours} hours of a delivery day are no whole number of blocks"
        if any(minutes % self.interval_minutes for minutes in (MINUTES_PER_HOUR, *self.also_minutes)):
            yield "an hour and also_minutes must be whole numbers of intervals"
        if (self.direction is None) != (self.settlement != "capacity"):
            yield "what has a direction, and nothing else, is settled as capacity"
        if self.limits not in {row.market for row in price_limits()}:
            yield f"there are no price limits of {self.limits!r}"

    def intervals(self, delivery_day: date) -> TimeGrid:
        """Intervals of a delivery day: 92, 96 or 100 quarter-hours, say."""
        return TimeGrid.between(*self._bounds(delivery_day), self.interval_minutes)

    def blocks(self, delivery_day: date) -> tuple[tuple[datetime, datetime], ...]:
        """Half-open bounds of what a bid may be for, in order: blocks, or intervals of every length that is taken."""
        if self.block_hours is not None:
            return tuple(
                calendar.blocks(delivery_day, ZoneInfo(self.zone), self.block_hours, self.from_hour, self.until_hour)
            )
        start, stop = self._bounds(delivery_day)
        return tuple(
            (first, first + timedelta(minutes=minutes))
            for minutes in (self.interval_minutes, *self.also_minutes)
            for first in TimeGrid.between(start, stop, minutes).index.to_pydatetime()
        )

    def delivery_day(self, moment: datetime) -> date:
        """Delivery day that holds an instant; `ConfigError` where none does."""
        return calendar.delivery_day(moment, ZoneInfo(self.zone), self.from_hour, self.until_hour)

    def gate(self, delivery_day: date) -> datetime:
        """Instant, in UTC, from which no bid for the first interval of a delivery day is taken; mostly for all."""
        return self._gate(delivery_day, self._bounds(delivery_day)[0])

    def gate_of(self, start: datetime) -> datetime:
        """Instant, in UTC, from which no bid for the interval that begins at ``start`` is taken."""
        return self._gate(self.delivery_day(start), start)

    def gates(self, delivery_day: date) -> dict[tuple[datetime, datetime], datetime]:
        """Gate of each of the `blocks`, as `MarketInterface` takes them."""
        return {(start, stop): self._gate(delivery_day, start) for start, stop in self.blocks(delivery_day)}

    def results_due_until(self, moment: datetime) -> datetime | None:
        """End, in UTC, of the last delivery day whose results are due by an instant; none where none is announced."""
        if self.results_local is None:
            return None
        day = utc(moment).astimezone(ZoneInfo(self.zone)).date() + timedelta(days=self.gate_days_before)
        if moment < self._local(day, self.results_local):
            day -= timedelta(days=1)
        return self._bounds(day)[1]

    def rules(self, delivery_day: date) -> BidRules:
        """What a bid for a delivery day must keep to.

        Raises
        ------
        ConfigError
            The row does not hold on that day, or the price limits of that day are not known.
        """
        if not self.holds(delivery_day):
            refuse(
                [f"this row of {self.name} does not hold on {delivery_day}"],
                place=TABLE.name,
                next_step="take the row of that day: product_named(name, day)",
            )
        limits = limits_on(self.limits, delivery_day)
        return BidRules(
            floor_per_mwh=limits.floor_per_mwh,
            cap_per_mwh=limits.cap_per_mwh,
            tick_per_mwh=self.tick_per_mwh,
            minimum_kw=self.minimum_kw,
            step_kw=self.step_kw,
            most_steps=self.most_steps,
            direction=self.direction,
        )

    def _bounds(self, delivery_day: date) -> tuple[datetime, datetime]:
        return calendar.delivery_bounds(delivery_day, ZoneInfo(self.zone), self.from_hour, self.until_hour)

    def _gate(self, delivery_day: date, start: datetime) -> datetime:
        if self.gate_local is None:
            return start - timedelta(minutes=self.gate_minutes_before or 0)
        return self._local(delivery_day, self.gate_local)

    def _local(self, delivery_day: date, at: time) -> datetime:
        return calendar.local_instant(delivery_day, ZoneInfo(self.zone), at, days_before=self.gate_days_before)


def product_named(name: str, on: date | None = None) -> MarketProduct:
    """Product of a name or alias, in any case and spacing, as it holds on a delivery day; its latest row for none.

    Raises
    ------
    ConfigError
        There is no such product, or not on that day.
    """
    return row_named(products(), name, on, kind="market product", place=TABLE.name)


@cache
def products() -> tuple[MarketProduct, ...]:
    """All rows of the table."""
    return products_of(TABLE.read_text(encoding="utf-8"))


def products_of(text: str) -> tuple[MarketProduct, ...]:
    """Rows of a table of products.

    Raises
    ------
    ConfigError
        Rows are wrong, or two of one name or alias hold on the same day; all faults in one message.
    """
    return read_products(text, MarketProduct, place=TABLE.name)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
