"""A made-up market: as a series with the instants at which it was known, and laid out by day."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from kpp_twin.feeds import Feed
from kpp_twin.records import Series
from kpp_twin.timegrid import TimeGrid, local_midnight
from models.days import DayTables

UTC_ZONE = ZoneInfo("UTC")


def series_of(feed: Feed, as_of: datetime, *, days: int, zone: ZoneInfo = UTC_ZONE, name: str = "A") -> Series:
    """A daily shape with noise, known by the publication rule of the feed, until two days after `as_of`."""
    first = as_of.astimezone(zone).date() - timedelta(days=days)
    start = local_midnight(first, zone)
    grid = TimeGrid(start=start, step_minutes=feed.step_minutes, n_steps=(days + 2) * 24 * 60 // feed.step_minutes)
    known_at = feed.known_at(pd.Series(grid.index), zone).dt.tz_localize(None).to_numpy("datetime64[us]")
    hour = grid.index.tz_convert(zone).hour.to_numpy()
    noise = np.random.default_rng(5).normal(size=grid.n_steps)
    values = 100 + 20 * np.sin(2 * np.pi * hour / 24) + noise
    return Series(variable=feed.name, name=name, grid=grid, values=values, known_at=known_at)


def poisoned_series(series: Series, as_of: datetime, garbage: float = -1e6) -> Series:
    """The same series with garbage for all that is known only after an instant."""
    is_later = series.known_at > np.datetime64(as_of.replace(tzinfo=None), "us")
    assert is_later.any()
    return replace(series, values=np.where(is_later, garbage, series.values))


def market(
    *, n_days: int = 64, n_series: int = 2, n_slots: int = 24, known_slots: int | None = None, seed: int = 1
) -> DayTables:
    """A target that follows its series, less on weekends, with a level that drifts; hourly series known a day ahead."""
    rng = np.random.default_rng(seed)
    day = 19_000 + np.arange(n_days)
    exogenous = 100 + 10 * rng.normal(size=(n_series, n_days, 1)) + rng.normal(size=(n_series, n_days, 24))
    shape = 10 * np.sin(np.arange(n_slots) / n_slots * 4 * np.pi)
    target = 50 + shape - 8.0 * ((day + 3) % 7 > 4)[:, None] + rng.normal(size=(n_days, n_slots)).cumsum(axis=0) / 3
    target += np.repeat(exogenous.sum(axis=0) - 100 * n_series, n_slots // 24, axis=1)
    return DayTables(
        day=day,
        target=target,
        exogenous=exogenous,
        holiday=(rng.random(n_days) < 0.05) * 1.0,
        known_slots=n_slots if known_slots is None else known_slots,
    )


def poisoned(tables: DayTables, row: int, garbage: float) -> DayTables:
    """The same tables with garbage for all that is not known at the issue of the day with index `row`."""
    target, exogenous, holiday = tables.target.copy(), tables.exogenous.copy(), tables.holiday.copy()
    target[row:] = garbage
    target[row - 1, tables.known_slots :] = garbage
    exogenous[:, row + 1 :] = garbage
    holiday[row + 1 :] = garbage
    return replace(tables, target=target, exogenous=exogenous, holiday=holiday)
