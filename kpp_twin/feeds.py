"""The feeds that the twin takes in: what their columns are called, and when one can have known a row."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

DAY_AHEAD_PUBLICATION = time(13, 30)  # market-local, on the day before delivery
METERING_DELAY = timedelta(minutes=15)  # after the interval has ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One kind of series from outside.

    Attributes
    ----------
    name
        Also the stem of the data files and the variable in `forecast`.
    table
        Where admitted rows go.
    value_column
        The measured quantity, with its unit in the name.
    unit
        Unit of the stored value, for people.
    step_minutes
        Length of one interval. [minutes]
    cadence
        How often new rows should come; freshness is judged against it.
    """

    name: str
    table: str
    value_column: str
    unit: str
    step_minutes: int
    cadence: timedelta
    published_day_ahead: bool
    required: bool = True

    def known_at(self, valid_from: pd.Series, zone: ZoneInfo) -> pd.Series:
        """When each interval could first have been known, by the feed's publication rule. [UTC]"""
        if not self.published_day_ahead:
            return valid_from + (timedelta(minutes=self.step_minutes) + METERING_DELAY)
        days = valid_from.dt.tz_convert(zone).dt.date
        published = {
            day: pd.Timestamp(datetime.combine(day - timedelta(days=1), DAY_AHEAD_PUBLICATION, tzinfo=zone))
            for day in days.unique()
        }
        known = days.map(published)
        return pd.Series(pd.to_datetime(known, utc=True), index=valid_from.index).dt.as_unit("us")

    def latest_known(self, as_of: datetime, zone: ZoneInfo) -> datetime:
        """End of the last interval that could have been known at ``as_of``; freshness counts from here."""
        if not self.published_day_ahead:
            step = timedelta(minutes=self.step_minutes)
            since_epoch = (as_of - METERING_DELAY).timestamp()
            return as_of - METERING_DELAY - timedelta(seconds=since_epoch % step.total_seconds())
        local = as_of.astimezone(zone)
        days_ahead = 2 if local.time() >= DAY_AHEAD_PUBLICATION else 1
        end_day = local.date() + timedelta(days=days_ahead)
        return datetime.combine(end_day, time(0), tzinfo=zone)


PRICE = Feed(
    name="price",
    table="price",
    value_column="price_per_mwh",
    unit="USD/MWh",
    step_minutes=60,
    cadence=timedelta(days=1),
    published_day_ahead=True,
)
LOAD = Feed(
    name="load",
    table="site_load",
    value_column="load_kw",
    unit="kW",
    step_minutes=15,
    cadence=timedelta(hours=1),
    published_day_ahead=False,
)
WEATHER = Feed(
    name="weather",
    table="weather",
    value_column="temperature_c",
    unit="°C",
    step_minutes=15,
    cadence=timedelta(hours=1),
    published_day_ahead=False,
    required=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferCap:
    """System-wide offer cap of the market, by the local day from which it held. [currency/MWh]"""

    from_day: str
    price_per_mwh: float


# ERCOT's high system-wide offer cap. Congestion can lift a settlement price above it: such a price is true.
OFFER_CAPS = (
    OfferCap(from_day="2015-06-01", price_per_mwh=9000.0),
    OfferCap(from_day="2022-01-01", price_per_mwh=5000.0),
)


def offer_cap(valid_from: pd.Series, zone: ZoneInfo) -> np.ndarray:
    """Offer cap in force in each interval; the first one also before its date. [currency/MWh]"""
    starts = [pd.Timestamp(cap.from_day, tz=zone).tz_convert("UTC") for cap in OFFER_CAPS[1:]]
    position = np.searchsorted(
        np.array([s.value // 1000 for s in starts]), valid_from.dt.as_unit("us").astype("int64"), side="right"
    )
    return np.array([cap.price_per_mwh for cap in OFFER_CAPS])[position]
