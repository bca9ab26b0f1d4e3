"""Availability: how much of what was committed a unit could have delivered; planned outages stand apart."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kpp_twin.battery.inputs import check_measured
from kpp_twin.units import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Figures over a span of time, both in [0, 1].

    Attributes
    ----------
    share
        ``(T - T_unavailable) / T`` outside planned outages, each step weighted by what was committed and a derate
        counted by what it took; none where nothing was committed: that proves nothing.
    planned_share
        Part of what was committed that fell into planned outages; none where nothing was committed.
    """

    share: float | None
    planned_share: float | None


def availability(committed_kw: Array, available_kw: Array, planned_outage: npt.NDArray[np.bool_]) -> Availability:
    """Availability over steps of one length; all arrays ``(n,)``, or of several units one after another.

    Unlike the uptime of a service, for which a step counts in full or not at all, half of the committed power is half
    available.

    Parameters
    ----------
    committed_kw
        What the unit had to have ready, 0 where nothing.
    available_kw
        What it could have delivered; stale telemetry counts as 0.
    planned_outage
        Truth by step: the unit was out as agreed beforehand.

    Raises
    ------
    TwinError
        Series do not fit, hold NaN or are negative.
    """
    values = {"committed_kw": committed_kw, "available_kw": available_kw}
    faults = [f"{name} is negative somewhere" for name, value in values.items() if np.any(value < 0)]
    if planned_outage.shape != committed_kw.shape or planned_outage.dtype != np.bool_:
        faults.append(f"planned_outage must be truth of shape {committed_kw.shape}, not {planned_outage.shape}")
    check_measured("availability", faults=faults, **values)
    unplanned = ~planned_outage
    committed, committed_unplanned = float(np.sum(committed_kw)), float(np.sum(committed_kw[unplanned]))
    ready = float(np.sum(np.minimum(available_kw, committed_kw)[unplanned]))
    return Availability(
        share=ready / committed_unplanned if committed_unplanned > 0 else None,
        planned_share=1 - committed_unplanned / committed if committed > 0 else None,
    )
