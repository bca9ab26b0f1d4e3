"""Events: when the load forecast passes the peak that is aimed at, a curtailment is called."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.demand.curtailment import event_reduction_kw
from kpp_twin.errors import TwinError
from kpp_twin.operation import DemandEvent
from kpp_twin.records import Array
from kpp_twin.site import DemandResponse
from kpp_twin.timegrid import TimeGrid, hour_label
from kpp_twin.units import MINUTES_PER_HOUR


def plan_events(
    load_forecast_kw: Array,
    grid: TimeGrid,
    settings: DemandResponse,
    *,
    known: Sequence[DemandEvent],
    zone: ZoneInfo,
    issued_at: datetime,
    not_before: datetime | None = None,
    sheddable_share: float = 1.0,
) -> tuple[DemandEvent, ...]:
    """Events that a load forecast calls for, beside those that are known.

    A local day has at most `max_events_per_day`, counting the known ones. Each is the window of at most
    `max_event_hours` with the largest sum of what passes `peak_target_kw`, without steps at its edges that do not;
    of equal ones, the earliest. It asks for the largest exceedance within, at most `max_reduction_kw` and what may be
    shed, and no more than the ramp can reach and leave within; below `min_reduction_kw` there is no event.

    Parameters
    ----------
    load_forecast_kw
        On the grid, ``(grid.n_steps,)``, positive; NaN where nothing is forecast.
    known
        Events called before, of any day.
    issued_at, not_before
        Of the forecast, and the first instant at which an event may start; without it, the issue.
    sheddable_share
        Of the load. [fraction]

    Raises
    ------
    TwinError
        The forecast does not fit the grid.
    """
    load = np.asarray(load_forecast_kw, dtype=np.float64)
    if load.shape != (grid.n_steps,):
        raise TwinError(
            f"the load forecast has shape {load.shape}, its grid {grid.n_steps} steps",
            place=f"events of {hour_label(issued_at)}",
            next_step="give one value per step",
        )
    first = issued_at if not_before is None else max(issued_at, not_before)
    last = issued_at + timedelta(hours=settings.forecast_horizon_hours)
    starts: list[datetime] = [stamp.to_pydatetime() for stamp in grid.index]
    open_ = np.array([first <= start < last for start in starts], dtype=bool)
    excess = np.where(open_, np.nan_to_num(np.maximum(load - settings.peak_target_kw, 0.0)), 0.0)
    for event in known:
        excess[[event.start <= start < event.stop for start in starts]] = 0.0

    events = []
    days = np.array([start.astimezone(zone).date() for start in starts])
    for day in dict.fromkeys(days[excess > 0]):
        left = settings.max_events_per_day - sum(event.start.astimezone(zone).date() == day for event in known)
        events += _events_of_day(load, np.where(days == day, excess, 0.0), grid, settings, left, sheddable_share)
    return tuple(events)


def _events_of_day(
    load: Array, excess: Array, grid: TimeGrid, settings: DemandResponse, left: int, sheddable_share: float
) -> list[DemandEvent]:
    events = []
    steps = settings.max_event_hours * MINUTES_PER_HOUR // grid.step_minutes
    for _ in range(left):
        first, stop = _best_window(excess, steps)
        if stop == first:
            break
        duration = (stop - first) * grid.step_minutes
        target = min(
            float(excess[first:stop].max()),
            settings.max_reduction_kw,
            sheddable_share * float(load[first:stop].min()),
            settings.ramp_kw_per_minute * duration / 2,
        )
        if target >= settings.min_reduction_kw and target > 0:
            start = grid.start + timedelta(minutes=first * grid.step_minutes)
            events.append(
                DemandEvent(
                    event_id=f"DR-{hour_label(start)}",
                    start=start,
                    duration_minutes=duration,
                    target_reduction_kw=target,
                    ramp_kw_per_minute=settings.ramp_kw_per_minute,
                    forecast_peak_kw=float(load[first:stop].max()),
                )
            )
        excess[first:stop] = 0.0
    return events


def _best_window(excess: Array, steps: int) -> tuple[int, int]:
    """Half-open window of at most so many steps with the largest sum; empty where nothing is above zero."""
    if not excess.any():
        return 0, 0
    sums = np.concatenate([[0.0], np.cumsum(excess)])
    stops = np.minimum(np.arange(len(excess)) + steps, len(excess))
    first = int(np.argmax(np.round(sums[stops] - sums[:-1], 6)))
    above = first + np.flatnonzero(excess[first : stops[first]])
    return int(above[0]), int(above[-1]) + 1


def hourly_reduction_kw(event: DemandEvent, grid: TimeGrid) -> Array:
    """Mean reduction that an event asks for in each step of a grid, ``(grid.n_steps,)``. [kW]"""
    offset = (grid.start - event.start) / timedelta(minutes=1)
    minutes = np.arange(grid.n_steps * grid.step_minutes, dtype=np.float64) + (offset + 0.5)
    return event_reduction_kw(event, minutes).reshape(grid.n_steps, grid.step_minutes).mean(axis=1)
