"""Delivery days by the clock of a market: their bounds, the blocks within, and the instants by which to bid.

A delivery day is named by a local date and lies between two full hours of the local clock, which may be those of the
day before (-1: an EFA day in Great Britain begins at 23:00) or after (28: the Australian trading day ends at 04:00).
Days of a clock change are an hour shorter or longer.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kpp_twin.errors import ConfigError
from kpp_twin.timegrid import hour_label, utc
from kpp_twin.units import HOURS_PER_DAY


def local_instant(day: date, zone: ZoneInfo, at: time, *, days_before: int = 0) -> datetime:
    """Instant, in UTC, at which the local clock shows ``at``, so many days before a day."""
    return datetime.combine(day - timedelta(days=days_before), at, tzinfo=zone).astimezone(UTC)


def local_hour(day: date, zone: ZoneInfo, hour: int) -> datetime:
    """Instant, in UTC, of a full hour of the local clock; below 0 the day before, from 24 on the day after."""
    days, of_day = divmod(hour, HOURS_PER_DAY)
    return local_instant(day, zone, time(of_day), days_before=-days)


def delivery_bounds(day: date, zone: ZoneInfo, from_hour: int = 0, until_hour: int = 24) -> tuple[datetime, datetime]:
    """Half-open UTC bounds of a delivery day."""
    return local_hour(day, zone, from_hour), local_hour(day, zone, until_hour)


def delivery_day(moment: datetime, zone: ZoneInfo, from_hour: int = 0, until_hour: int = 24) -> date:
    """Delivery day that holds an instant.

    Raises
    ------
    ConfigError
        None does, as the morning does not belong to an auction of the afternoon.
    """
    local = utc(moment).astimezone(zone).date()
    for shift in (0, 1, -1):
        day = local + timedelta(days=shift)
        start, stop = delivery_bounds(day, zone, from_hour, until_hour)
        if start <= moment < stop:
            return day
    raise ConfigError(
        f"{hour_label(moment)} is in no delivery day from {from_hour}:00 to {until_hour}:00 {zone}",
        place="calendar",
        next_step="choose an interval that the product delivers, or another product",
    )


def blocks(
    day: date, zone: ZoneInfo, block_hours: int, from_hour: int = 0, until_hour: int = 24
) -> Iterator[tuple[datetime, datetime]]:
    """Half-open UTC bounds of the blocks of a delivery day, each so many hours of the local clock.

    Blocks follow the clock, so that of a clock change is an hour shorter or longer.
    """
    for hour in range(from_hour, until_hour, block_hours):
        yield local_hour(day, zone, hour), local_hour(day, zone, hour + block_hours)
