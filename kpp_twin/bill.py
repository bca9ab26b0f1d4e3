"""Frozen records of settlement: what was metered of an hour, and the lines of its bill."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredHour:
    """What settlement needs of an hour that has been simulated; kept in the cycle's ``state`` until its price is known.

    Attributes
    ----------
    net_kwh
        Metered net export of the site.
    reserve_kw, availability
        Frequency response sold, and the share of the hour in which it was deliverable.
    discharged_kwh
        At the grid side of the battery.
    peak_rise_kw
        By how much the month's highest import rose.
    reduction_kwh
        Load not drawn because events asked for it; what is drawn later is not taken off.
    performance_score
        Of the frequency response; none where nothing was asked. An hour that an earlier version left waiting has
        neither this nor a reduction.
    """

    start: datetime
    net_kwh: float
    activation_kwh: float
    discharged_kwh: float
    reserve_kw: float
    availability: float
    peak_rise_kw: float
    reduction_kwh: float = 0.0
    performance_score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledHour:
    """An hour that has been settled.

    Attributes
    ----------
    price_per_mwh
        Day-ahead price that it was settled on last.
    site_content
        Of the site by whose terms it was settled first.
    """

    metered: MeteredHour
    price_per_mwh: float
    site_content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementLine:
    """One line of the bill; earned is positive."""

    service: str
    asset: str
    valid_from: datetime
    duration_minutes: int
    quantity_kwh: float
    price_per_mwh: float
    amount: float
