"""Price limits of markets as dated data, and the rule by which those of the European day-ahead market change.

The rows of ``price_limits.toml``, each with the delivery days for which it holds.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from kpp_twin.dated import DatedRow, doubled
from kpp_twin.errors import ConfigError, faults_of
from kpp_twin.market.inputs import refuse

TABLE = Path(__file__).parent / "price_limits.toml"

Evidence = Literal["verified", "plain", "from memory"]


class PriceLimits(DatedRow):
    """Lowest and highest price of a market; of capacity, per MW and hour."""

    market: Annotated[str, Field(min_length=1)]
    floor_per_mwh: float
    cap_per_mwh: float
    source: Annotated[str, Field(min_length=1)]
    evidence: Evidence

    def _faults(self) -> Iterator[str]:
        if self.floor_per_mwh >= self.cap_per_mwh:
            yield "floor_per_mwh must be below cap_per_mwh"


def limits_on(market: str, on: date) -> PriceLimits:
    """Limits of a market on a delivery day.

    Raises
    ------
    ConfigError
        There is no such market, or no limits are known of that day.
    """
    rows = [row for row in price_limits() if row.market == market]
    if not rows:
        raise ConfigError(
            f"there are no price limits of {market!r}",
            place=TABLE.name,
            next_step=f"choose among {', '.join(dict.fromkeys(row.market for row in price_limits()))}",
        )
    for row in rows:
        if row.holds(on):
            return row
    spans = "; ".join(f"{row.valid_from} to {row.valid_until or 'now'}" for row in rows)
    raise ConfigError(
        f"the price limits of {market} on {on} are not known",
        place=TABLE.name,
        next_step=f"add the row of that day to {spans}, or leave market.product out of the site",
    )


@cache
def price_limits() -> tuple[PriceLimits, ...]:
    """All rows of the table."""
    return price_limits_of(TABLE.read_text(encoding="utf-8"))


def price_limits_of(text: str) -> tuple[PriceLimits, ...]:
    """Rows of a table of price limits.

    Raises
    ------
    ConfigError
        Rows are wrong, or two of one market hold on the same day; all faults in one message.
    """
    rows, faults = [], []
    for number, content in enumerate(tomllib.loads(text)["limit"], start=1):
        try:
            rows.append(PriceLimits.model_validate(content))
        except ValidationError as error:
            place = f"limit {number} ({content.get('market', 'without market')})"
            faults += [f"{place}: {fault}" for fault in faults_of(error.errors(), "it")]
    faults += doubled(rows, lambda row: {row.market}, lambda row: row.market)
    refuse(faults, place=TABLE.name, next_step="correct the rows")
    return tuple(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitTrigger:
    """By which rule a limit of the European day-ahead market moves.

    A price that reaches the share of the limit opens an observation; another on a second day within it moves the limit,
    and the new one comes into force after the transition. Decision 01/2023 of ACER on harmonised maximum and minimum
    clearing prices; shares, observation and the minimum's change as the SEMOpx message of 2023-11-24 has them, the
    transition and the maximum's change from memory.

    Attributes
    ----------
    share
        Of the limit in force, that a price must reach. [fraction]
    observation_days
        Length of an observation, its first day counted.
    change_per_mwh
        By which the limit moves.
    transition_days
        From the second day until the new limit is in force; what happens meanwhile counts for nothing.
    """

    share: float = 0.7
    observation_days: int = 30
    change_per_mwh: float
    transition_days: int = 28


SDAC_MINIMUM = LimitTrigger(change_per_mwh=-100.0)
SDAC_MAXIMUM = LimitTrigger(change_per_mwh=500.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A time in which a limit is watched.

    Attributes
    ----------
    first_day, last_day
        Of the observation, both within it.
    second_day
        On which the limit was reached again; none if it was not.
    limit_per_mwh
        In force afterwards.
    in_force_on
        First day of a new limit; none where it stays.
    """

    first_day: date
    last_day: date
    second_day: date | None
    limit_per_mwh: float
    in_force_on: date | None


def observations(
    extreme_per_mwh: Mapping[date, float], limit_per_mwh: float, trigger: LimitTrigger
) -> tuple[Observation, ...]:
    """Every observation that a history of prices opened, in order of time.

    Parameters
    ----------
    extreme_per_mwh
        Of each day, the lowest price of all zones and intervals for a minimum, the highest for a maximum.
    limit_per_mwh
        In force on the first of these days; not 0.
    """
    made: list[Observation] = []
    free_from = date.min
    for day in sorted(extreme_per_mwh):
        if day < free_from or not _reached(extreme_per_mwh[day], limit_per_mwh, trigger):
            continue
        last = day + timedelta(days=trigger.observation_days - 1)
        second = min(
            (
                later
                for later, price in extreme_per_mwh.items()
                if day < later <= last and _reached(price, limit_per_mwh, trigger)
            ),
            default=None,
        )
        in_force = None
        free_from = last + timedelta(days=1)
        if second is not None:
            limit_per_mwh += trigger.change_per_mwh
            in_force = free_from = second + timedelta(days=trigger.transition_days)
        made.append(
            Observation(
                first_day=day, last_day=last, second_day=second, limit_per_mwh=limit_per_mwh, in_force_on=in_force
            )
        )
    return tuple(made)


def _reached(price_per_mwh: float, limit_per_mwh: float, trigger: LimitTrigger) -> bool:
    # A quotient of equal signs: the same for a minimum below zero and a maximum above.
    return price_per_mwh / limit_per_mwh >= trigger.share
