"""Under-frequency load shedding, compiled: frequency and load by the step in, shed load out."""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from kpp_twin.compiled import compiled
from kpp_twin.units import Array

Flags = npt.NDArray[np.bool_]

# A timer that adds up steps may miss its delay by this much: rounding, no more. [s]
TIMER_ROUNDING_S: Final = 1e-6


@compiled
def share_shed(share: Array, shed: Flags) -> float:
    """Share of the base load that is shed; always added up in the order of the stages, so the same to the last bit."""
    total = 0.0
    for stage in range(len(share)):
        if shed[stage]:
            total += share[stage]
    return total


@compiled
def shed_by_step(
    frequency_hz: Array,
    load_kw: Array,
    step_s: float,
    base_hz: float,
    stage_hz: Array,
    delay_s: Array,
    share: Array,
    below_s: Array,
    shed: Flags,
    base_kw: float,
    shed_kw: Array,
) -> float:
    """Shed load step by step; the law is that of `load_shedding.shed_load`.

    Parameters
    ----------
    frequency_hz, load_kw
        Of each step, ``(n,)``; a frequency that is not a number changes nothing.
    base_hz
        At most this, the load is latched; no stage lies above it.
    stage_hz, delay_s, share
        Of each stage, ``(k,)``.
    below_s, shed
        Timer of each stage and whether it has acted, ``(k,)``. Changed in place.
    base_kw
        Latched load; not a number where there is none.
    shed_kw
        At the end of each step, ``(n,)``. Filled in place.

    Returns
    -------
    float
        Latched load after the last step.
    """
    total = share_shed(share, shed)
    for step in range(len(frequency_hz)):
        frequency = frequency_hz[step]
        if frequency > base_hz:
            for stage in range(len(share)):
                below_s[stage] = 0.0
            if total <= 0.0:
                base_kw = math.nan
        elif frequency <= base_hz:
            if math.isnan(base_kw):
                base_kw = load_kw[step]
            for stage in range(len(share)):
                if frequency > stage_hz[stage]:
                    below_s[stage] = 0.0
                else:
                    below_s[stage] += step_s
                    if not shed[stage] and below_s[stage] >= delay_s[stage] - TIMER_ROUNDING_S:
                        shed[stage] = True
                        total = share_shed(share, shed)
        shed_kw[step] = min(total * base_kw, load_kw[step]) if total > 0.0 else 0.0
    return base_kw
