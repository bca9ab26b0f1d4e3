"""The replay clock: old data comes hour by hour as if live, shifted by a whole number of weeks."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from kpp_twin.atomic import write_text
from kpp_twin.errors import ConfigError
from kpp_twin.timegrid import utc

WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayClock:
    """Data time is wall time less a whole number of weeks; weekday and time of day stay true in UTC."""

    offset_weeks: int

    def data_time(self, wall_time: datetime) -> datetime:
        """Instant in the data that a wall-clock instant stands for. [UTC]"""
        return utc(wall_time) - self.offset_weeks * WEEK


def start_clock(path: Path, *, wall_time: datetime, data_start: datetime) -> ReplayClock:
    """Fix and store a clock that now stands within a week after ``data_start``."""
    clock = ReplayClock(offset_weeks=(utc(wall_time) - utc(data_start)) // WEEK)
    write_text(path, json.dumps({"offset_weeks": clock.offset_weeks}) + "\n")
    return clock


def read_clock(path: Path) -> ReplayClock | None:
    """Return the stored clock; none before the first start.

    Raises
    ------
    ConfigError
        It cannot be read.
    """
    if not path.exists():
        return None
    try:
        return ReplayClock(offset_weeks=int(json.loads(path.read_text(encoding="utf-8"))["offset_weeks"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"the replay clock cannot be read: {error}",
            place=str(path),
            next_step="remove the file; the clock is then set anew, to just after the last cycle",
        ) from error
