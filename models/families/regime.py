"""A ridge regression on lags and levels that follow a change of regime within a day, as of a plant shut down for weeks.

Wall-clock days are laid end to end, so that what is known at an issue is what lies before it.
"""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from kpp_twin.units import HOURS_PER_DAY, MICROSECONDS_PER_HOUR, Array
from models import ridge
from models.days import DayTables, Int
from models.features import Inputs, Known, inputs

NAME = "regime"
WALL_CLOCK = ZoneInfo("UTC")  # a clock without changes
DAY_US = HOURS_PER_DAY * MICROSECONDS_PER_HOUR
TRAINING_DAYS = 240
REFIT_DAYS = 7  # of a walk; where the regime has just changed, a month-old fit is 5 % worse
HALF_LIFE_DAYS = 60.0  # a day that much older weighs half


def forecast(weights: Mapping[str, Array], tables: DayTables, first: int, stop: int) -> Array:  # noqa: ARG001
    """Forecast of days `first` to `stop`, ``(stop - first, n_slots)``; NaN where too little is known.

    It is fitted anew on the way: `weights` hold nothing.
    """
    parts = []
    for begin in range(first, stop, REFIT_DAYS):
        rows = np.arange(begin, min(begin + REFIT_DAYS, stop))
        parts.append(ridge.predict(_coefficients(tables, begin), _inputs(tables, rows)))
    return np.concatenate(parts).reshape(stop - first, tables.n_slots)


def _coefficients(tables: DayTables, until: int) -> Array:
    """From the days known at the issue of day index `until`, ``(n_features + 1,)``."""
    last = until - tables.lag
    rows = np.arange(max(0, last + 1 - TRAINING_DAYS), last + 1)
    known = _inputs(tables, rows)
    target = ridge.bounded(tables.target[rows].ravel(), known)
    per_hour = tables.n_slots // HOURS_PER_DAY
    step = np.tile(np.arange(tables.n_slots), len(rows))
    row = np.repeat(rows, tables.n_slots)
    is_lesson = (step + tables.day[row]) % per_hour == 0  # one interval of each hour is enough
    is_lesson &= np.isfinite(target) & np.isfinite(known.features).all(axis=1)
    weights = 0.5 ** ((until - row[is_lesson]) / HALF_LIFE_DAYS)
    return ridge.fit(known.features[is_lesson], target[is_lesson], weights)


def _inputs(tables: DayTables, rows: Int) -> Inputs:
    """What is known of all slots of some days at their issue."""
    step_us = DAY_US // tables.n_slots
    slots = tables.target.ravel()
    start_us = int(tables.day[0]) * DAY_US
    end_us = start_us + (np.arange(len(slots)) + 1) * step_us
    never = np.iinfo(np.int64).max
    known_us = np.where(np.isfinite(slots), end_us, never)
    known = Known(
        start_us=start_us,
        step_us=step_us,
        values=slots,
        known_us=known_us,
        settled_us=np.minimum.accumulate(known_us[::-1])[::-1],
        source=np.arange(len(slots)),
        first_slot=start_us // step_us,
    )
    first_us = tables.day[rows] * DAY_US
    target_us = first_us[:, None] + step_us * np.arange(tables.n_slots)
    issue_us = np.repeat(first_us - DAY_US + tables.known_slots * step_us, tables.n_slots)
    targets = pd.DatetimeIndex(target_us.ravel().astype("datetime64[us]"), tz="UTC")
    return inputs(known, targets, issue_us, WALL_CLOCK)
