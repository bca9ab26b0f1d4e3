"""What frequency and signal ask for, and how stored energy is restored, compiled."""

import math
from typing import Final

from kpp_twin.battery.kernel_constants import Constants, Flag, Variable
from kpp_twin.compiled import compiled
from kpp_twin.units import SECONDS_PER_HOUR, Array

# A frequency at the very edge of a deadband or trigger must not depend on the last bit of a float. [Hz]
EDGE_HZ: Final = 1e-9

# Phases of fast response.
READY: Final = 0.0
TRIGGERED: Final = 1.0
ACTIVE: Final = 2.0
RECOVERING: Final = 3.0


@compiled
def interpolated(hz: Array, share: Array, size_hz: float) -> float:
    """Share at a size of deviation: linear between the points, flat beyond them."""
    last = len(hz) - 1
    if size_hz <= hz[0]:
        return share[0]
    for right in range(1, last + 1):
        if size_hz < hz[right]:
            slope = (share[right] - share[right - 1]) / (hz[right] - hz[right - 1])
            return share[right - 1] + slope * (size_hz - hz[right - 1])
    return share[last]


@compiled
def curve_share(c: Constants, hz: Array, share: Array, deviation_hz: float) -> float:
    """Share that the curve asks for: none within the deadband, nor in a direction that was not sold."""
    size_hz = abs(deviation_hz)
    if size_hz <= c.deadband_hz + EDGE_HZ or not (c.upward if deviation_hz > 0.0 else c.downward):
        return 0.0
    return math.copysign(interpolated(hz, share, size_hz), deviation_hz)


@compiled
def fast_share(c: Constants, deviation_hz: float, v: Array) -> float:
    """Share of fast response: all at once when triggered, held, then taken back slowly, lest frequency falls again."""
    short_hz = deviation_hz if c.upward else -deviation_hz
    phase = v[Variable.FAST_PHASE]
    is_triggered = short_hz >= c.trigger_hz - EDGE_HZ
    v[Variable.FAST_S] += c.step_s
    if is_triggered and phase != TRIGGERED and phase != ACTIVE:
        phase, v[Variable.FAST_S] = TRIGGERED, c.step_s
    if phase == TRIGGERED:
        if not is_triggered:
            phase = RECOVERING
        elif v[Variable.FAST_S] >= c.initiation_s:
            phase, v[Variable.FAST_S], v[Variable.FAST_SHARE] = ACTIVE, 0.0, 1.0
    elif phase == ACTIVE and v[Variable.FAST_S] >= c.fast_hold_s and short_hz < c.release_hz:
        phase = RECOVERING
    if phase == RECOVERING:
        v[Variable.FAST_SHARE] = max(v[Variable.FAST_SHARE] - c.recovery_share, 0.0)
        if v[Variable.FAST_SHARE] == 0.0:
            phase = READY
    v[Variable.FAST_PHASE] = phase
    return v[Variable.FAST_SHARE] if c.upward else -v[Variable.FAST_SHARE]


@compiled
def signal_share(c: Constants, signal: float, v: Array) -> tuple[float, int]:
    """Share that a regulation signal asks for, and flags: the last one for some time where it is missing, then none.

    What is beyond full response either way is no signal.
    """
    if abs(signal) <= 1.0:
        v[Variable.SIGNAL], v[Variable.SIGNAL_AGE_S] = signal, 0.0
        return signal, 0
    v[Variable.SIGNAL_AGE_S] += c.step_s
    kept = v[Variable.SIGNAL] if v[Variable.SIGNAL_AGE_S] <= c.signal_hold_s else 0.0
    return kept, 1 << Flag.SIGNAL_MISSING


@compiled
def inertia_kw(c: Constants, before_hz: float, hz: float, v: Array) -> float:
    """Power against the filtered rate of change: ``-2 H S / f_n * df/dt`` beyond a deadband."""
    change = (hz - before_hz) / c.step_s
    if math.isnan(change):
        change = 0.0
    v[Variable.HZ_PER_S] += (change - v[Variable.HZ_PER_S]) * c.rate_share
    beyond = max(abs(v[Variable.HZ_PER_S]) - c.rate_deadband, 0.0)
    return -math.copysign(beyond, v[Variable.HZ_PER_S]) * c.inertia_kw_s_per_hz


@compiled
def helpful_kw(
    c: Constants, hz: Array, share: Array, deviation_hz: float, asked_kw: float, energy_kwh: float
) -> tuple[float, int]:
    """Response that also restores energy, in the freedom that the product leaves, and flags."""
    seeks_up = energy_kwh > c.restore_above_kwh
    if not (seeks_up or energy_kwh < c.restore_below_kwh):
        return asked_kw, 0
    if asked_kw != 0.0 and c.over_fulfilment > 1.0 and (asked_kw > 0.0) == seeks_up:
        return asked_kw * c.over_fulfilment, 1 << Flag.OVER_FULFILMENT
    size_hz = abs(deviation_hz)
    if c.deadband_use and 0.0 < size_hz <= c.deadband_hz + EDGE_HZ and (deviation_hz > 0.0) == seeks_up:
        return math.copysign(interpolated(hz, share, size_hz) * c.sold_kw, deviation_hz), 1 << Flag.DEADBAND_USE
    return asked_kw, 0


@compiled
def restoring_kw(c: Constants, energy_kwh: float, asked_kw: float, v: Array) -> float:
    """Power that restores the stored energy, beside the response.

    Continuous: in proportion to what it misses, not against the response unless the product lets it. By blocks: what
    brings it to the middle within a block, fixed ahead, with the blocks that are fixed already in mind.
    """
    goal_kw = 0.0
    if c.continuous_per_h > 0.0:
        if energy_kwh > c.restore_above_kwh:
            goal_kw = (energy_kwh - c.restore_above_kwh) * c.continuous_per_h
        elif energy_kwh < c.restore_below_kwh:
            goal_kw = (energy_kwh - c.restore_below_kwh) * c.continuous_per_h
        if goal_kw * asked_kw < 0.0 and not c.restores_against_response:
            goal_kw = 0.0
    elif c.block_s > 0.0:
        v[Variable.BLOCK_S] += c.step_s
        if v[Variable.BLOCK_S] > c.block_s - 0.5 * c.step_s:
            v[Variable.BLOCK_S] = 0.0
            hours = c.block_s / SECONDS_PER_HOUR
            expected_kwh = energy_kwh
            for block in range(Variable.BLOCK_KW, Variable.BLOCK_KW + c.lead_blocks):
                v[block] = v[block + 1]
                efficiency = 1.0 / c.discharge_efficiency if v[block] > 0.0 else c.charge_efficiency
                expected_kwh -= v[block] * hours * efficiency
            wanted_kw = 0.0
            if expected_kwh > c.restore_above_kwh:
                wanted_kw = (expected_kwh - c.middle_kwh) * c.discharge_efficiency / hours
            elif expected_kwh < c.restore_below_kwh:
                wanted_kw = (expected_kwh - c.middle_kwh) / (c.charge_efficiency * hours)
            v[Variable.BLOCK_KW + c.lead_blocks] = min(max(wanted_kw, -c.restoring_kw), c.restoring_kw)
        goal_kw = v[Variable.BLOCK_KW]
    change_kw = goal_kw - v[Variable.RESTORING_KW]
    ramped_kw = v[Variable.RESTORING_KW] + min(max(change_kw, -c.restoring_ramp_kw), c.restoring_ramp_kw)
    v[Variable.RESTORING_KW] = min(max(ramped_kw, -c.restoring_kw), c.restoring_kw)  # more may have been sold before
    return v[Variable.RESTORING_KW]
