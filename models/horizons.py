"""What a forecast is about: the next local day, or the next 24 hours."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kpp_twin.timegrid import TimeGrid
from kpp_twin.units import HOURS_PER_DAY, MINUTES_PER_HOUR


def next_local_day(as_of: datetime, step_minutes: int, zone: ZoneInfo) -> TimeGrid:
    """Grid of the local day after that of ``as_of``: the day that the day-ahead market sells next."""
    return TimeGrid.local_day(as_of.astimezone(zone).date() + timedelta(days=1), zone, step_minutes)


def hours_ahead(as_of: datetime, step_minutes: int) -> TimeGrid:
    """Grid of the next 24 hours, from the first interval that has not begun before ``as_of``."""
    step = timedelta(minutes=step_minutes)
    midnight = as_of.replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight + -(-(as_of - midnight) // step) * step
    return TimeGrid(start=start, step_minutes=step_minutes, n_steps=HOURS_PER_DAY * MINUTES_PER_HOUR // step_minutes)
