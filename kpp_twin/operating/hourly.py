"""Series and forecasts as values of whole hours."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from kpp_twin.records import Forecast, History, Series
from kpp_twin.timegrid import Array, TimeGrid


def forecast_of(forecasts: Sequence[Forecast], variable: str, name: str) -> Forecast | None:
    """Forecast of a series among those that a cycle issued; none if it issued none."""
    return next((f for f in forecasts if (f.variable, f.series) == (variable, name)), None)


def series_of(history: History, variable: str, name: str) -> Series | None:
    """Series of the history by name; none if nothing is known of it."""
    return next((s for s in history.series if (s.variable, s.name) == (variable, name)), None)


def known_on(series: Series | None, grid: TimeGrid, as_of: datetime) -> Array:
    """Values on a grid of the series' own step, ``(grid.n_steps,)``; NaN where nothing was known at ``as_of``."""
    values = np.full(grid.n_steps, np.nan)
    if series is None:
        return values
    position = series.grid.positions(grid.index)
    known = (position >= 0) & (series.known_at[position] <= np.datetime64(as_of.replace(tzinfo=None), "us"))
    values[known] = series.values[position[known]]
    return values


def hourly_means(values: Array, grid: TimeGrid, hours: TimeGrid) -> Array:
    """Mean over each hour, ``(hours.n_steps,)``; NaN where a value is missing or the hour is not covered whole.

    Parameters
    ----------
    values
        On a grid whose step divides an hour, ``(grid.n_steps,)``.
    """
    per_hour = hours.step_minutes // grid.step_minutes
    fine = TimeGrid(start=hours.start, step_minutes=grid.step_minutes, n_steps=hours.n_steps * per_hour)
    position = grid.positions(fine.index)
    found = np.where(position >= 0, values[position], np.nan)
    return np.asarray(found.reshape(hours.n_steps, per_hour).mean(axis=1))
