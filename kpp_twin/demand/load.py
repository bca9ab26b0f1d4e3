"""The load over an hour at 1 s: measured, less what events curtail, plus what is drawn later instead."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Self

import numpy as np

from kpp_twin.demand.curtailment import event_reduction_kw, sheddable_share
from kpp_twin.operation import DemandEvent
from kpp_twin.records import Array
from kpp_twin.site import DemandResponse, LoadBlock
from kpp_twin.units import MINUTES_PER_HOUR, SECONDS_PER_HOUR, SECONDS_PER_MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadHour:
    """The load by the second, arrays ``(3600,)``, all at least 0. [kW]

    Attributes
    ----------
    power_kw
        Drawn: measured less reduction plus rebound, less what is shed.
    asked_kw, reduction_kw
        Reduction that events ask for, and what the blocks gave.
    rebound_kwh, rebound_minutes
        Left after the hour: energy still to be drawn, and the time in which it will be.
    """

    measured_kw: Array
    asked_kw: Array
    reduction_kw: Array
    rebound_kw: Array
    power_kw: Array
    rebound_kwh: float
    rebound_minutes: float
    shed_kw: Array | float = 0.0

    def shed(self, shed_kw: Array) -> Self:
        """The same without what a relay sheds of it; that is not drawn later."""
        return replace(self, shed_kw=shed_kw, power_kw=self.power_kw - shed_kw)


def load_hour(
    measured_kw: Array,
    start: datetime,
    events: Sequence[DemandEvent],
    *,
    settings: DemandResponse,
    blocks: Sequence[LoadBlock],
    rebound_kwh: float,
    rebound_minutes: float,
) -> LoadHour:
    """The load of the hour from ``start``, of what was measured by the second, ``(3600,)``.

    The rebound is drawn evenly within the rebound minutes after an event; while an event runs, none is drawn.
    """
    minutes = (np.arange(SECONDS_PER_HOUR) + 0.5) / SECONDS_PER_MINUTE
    asked = np.zeros(SECONDS_PER_HOUR)
    active = np.zeros(SECONDS_PER_HOUR, dtype=bool)
    for event in events:
        since = minutes - (event.start - start) / timedelta(minutes=1)
        active |= (since >= 0) & (since < event.duration_minutes)
        asked = np.maximum(asked, event_reduction_kw(event, since))
    reduction = np.minimum(asked, sheddable_share(blocks) * measured_kw)
    rebound = np.zeros(SECONDS_PER_HOUR)
    pending, left = rebound_kwh, rebound_minutes
    edges = (np.flatnonzero(np.diff(active)) + 1).tolist()
    for first, stop in pairwise([0, *edges, SECONDS_PER_HOUR]):
        if active[first]:
            pending += settings.rebound_fraction * float(reduction[first:stop].sum()) / SECONDS_PER_HOUR
            left = float(settings.rebound_minutes)
        elif pending > 0:
            length = (stop - first) / SECONDS_PER_MINUTE
            drawn_minutes = min(length, left)
            seconds = max(1, round(drawn_minutes * SECONDS_PER_MINUTE))
            drawn = pending if left <= length else pending * length / left
            rebound[first : first + seconds] = drawn * SECONDS_PER_HOUR / seconds
            pending = 0.0 if left <= length else pending - drawn
            left = max(0.0, left - length) if pending > 0 else 0.0
    return LoadHour(
        measured_kw=measured_kw,
        asked_kw=asked,
        reduction_kw=reduction,
        rebound_kw=rebound,
        power_kw=measured_kw - reduction + rebound,
        rebound_kwh=pending,
        rebound_minutes=left if pending > 0 else 0.0,
    )


def seconds_of(load_kw: Array) -> Array:
    """Load by the second of that by the minute ``(60,)`` or by the quarter-hour ``(4,)``."""
    if load_kw.shape not in ((4,), (MINUTES_PER_HOUR,)):
        raise ValueError(f"the load of an hour is (4,) or (60,), not {load_kw.shape}")
    return np.repeat(load_kw, SECONDS_PER_HOUR // len(load_kw))
