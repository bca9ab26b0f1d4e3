"""Whether a sample of the frequency can be true, compiled: no power ever answers one that cannot."""

import math
from typing import Final

from kpp_twin.battery.kernel_constants import Constants, Flag, Variable
from kpp_twin.compiled import compiled
from kpp_twin.units import Array

# Within this of a grid's other nominal frequency, a sample comes from such a grid. [Hz]
OTHER_GRID_HZ: Final = 1.0


@compiled
def impossible(c: Constants, sample_hz: float) -> int:
    """Flag of a sample that cannot be true whatever was before it; none where it can."""
    if math.isnan(sample_hz):
        return 1 << Flag.MISSING
    if abs(sample_hz - c.other_nominal_hz) <= OTHER_GRID_HZ:
        return 1 << Flag.OTHER_NOMINAL
    return 0 if abs(sample_hz - c.nominal_hz) <= c.plausible_hz else 1 << Flag.OUT_OF_RANGE


@compiled
def metered(c: Constants, sample_hz: float, v: Array) -> int:
    """Judge a sample; the variables hold the last one that was trusted. Returns flags.

    A sample is trusted if it is a number near nominal, has not been the same for too long, and is no jump from the
    last trusted one; before the first, from nominal. After a fault it must have been steady for ``readmit_s`` if the
    fault outlasted ``hold_s``; and likewise after a jump, where it must also have come back to about nominal.
    """
    fault = impossible(c, sample_hz)
    is_near = abs(sample_hz - v[Variable.SEEN_HZ]) <= c.max_jump_hz
    if fault == 0:
        v[Variable.SAME_S] = v[Variable.SAME_S] + c.step_s if sample_hz == v[Variable.SEEN_HZ] else 0.0
        v[Variable.SEEN_HZ] = sample_hz
        if v[Variable.SAME_S] > c.frozen_after_s:
            fault = 1 << Flag.FROZEN
    v[Variable.STEADY_S] = v[Variable.STEADY_S] + c.step_s if fault == 0 and is_near else 0.0

    if fault == 0:
        is_steady = v[Variable.STEADY_S] >= c.readmit_s
        last_hz = c.nominal_hz if math.isnan(v[Variable.TRUSTED_HZ]) else v[Variable.TRUSTED_HZ]
        if abs(sample_hz - last_hz) > c.max_jump_hz:
            if not (is_steady and abs(sample_hz - c.nominal_hz) <= c.max_jump_hz):
                fault = 1 << Flag.JUMP
        elif v[Variable.UNTRUSTED_S] > c.hold_s and not is_steady:
            fault = 1 << Flag.RETURNING
    if fault == 0:
        v[Variable.TRUSTED_HZ] = sample_hz
        v[Variable.UNTRUSTED_S] = 0.0
        return 0
    v[Variable.UNTRUSTED_S] += c.step_s
    is_held = v[Variable.UNTRUSTED_S] <= c.hold_s and not math.isnan(v[Variable.TRUSTED_HZ])
    return fault | (1 << Flag.HELD if is_held else 1 << Flag.DEGRADED)
