"""The zones of electricity markets: the clock that they keep, and whose holidays they have."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from kpp_twin.errors import ConfigError
from kpp_twin.units import Array
from models.days import date_of

TABLE = Path(__file__).parent / "zones.toml"
N_NEAREST = 3  # names in an error


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketZone:
    """A zone of a market.

    Attributes
    ----------
    name
        As ENTSO-E, the operator or the price benchmark names it.
    zone
        Clock of its days.
    holidays
        Weight of each country, or ``COUNTRY-SUBDIVISION``, as the `holidays` package names it; together 1.
    """

    name: str
    zone: ZoneInfo
    holidays: Mapping[str, float]


@cache
def market_zones() -> tuple[MarketZone, ...]:
    """All zones of the table."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return tuple(
        MarketZone(
            name=name,
            zone=ZoneInfo(row["time_zone"]),
            holidays={place: weight / sum(row["holidays"].values()) for place, weight in row["holidays"].items()},
        )
        for name, row in table.items()
    )


def zone_named(name: str) -> MarketZone:
    """Zone of a name; case and separators do not matter: ``DK1``, ``dk-1`` and ``DK_1`` are one.

    Raises
    ------
    ConfigError
        There is no such zone; the message names the nearest.
    """
    by_plain_name = {_plain(zone.name): zone for zone in market_zones()}
    zone = by_plain_name.get(_plain(name))
    if zone is None:
        nearest = get_close_matches(_plain(name), by_plain_name, n=N_NEAREST, cutoff=0.0)
        raise ConfigError(
            f"there is no market zone {name!r}",
            place=TABLE.name,
            next_step=f"the nearest are {', '.join(by_plain_name[plain].name for plain in nearest)}",
        )
    return zone


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def holiday_share(zone: MarketZone, days: npt.NDArray[np.int64]) -> Array:
    """Share of a zone that is on a public holiday, 0 to 1, ``(n_days,)``.

    Parameters
    ----------
    days
        Days since 1970-01-01, ``(n_days,)``.
    """
    import holidays

    dates = [date_of(day) for day in days]
    years = {day.year for day in dates}
    share = np.zeros(len(dates))
    for place, weight in zone.holidays.items():
        country, _, subdivision = place.partition("-")
        calendar = holidays.country_holidays(country, subdiv=subdivision or None, years=years)
        share += weight * np.array([day in calendar for day in dates], dtype=float)
    return share
