"""Compressor, receiver and ascending column, compiled. Units as in `kernel_constants`."""

import math

from kpp_twin.compiled import compiled
from kpp_twin.plant.kernel_constants import Constants, Reason
from kpp_twin.timegrid import Array


@compiled
def air_exergy_kj(c: Constants, pressure_kpa: float) -> float:
    """Exergy of the receiver's air at ambient temperature: ``V (p ln(p/p0) - p + p0)``."""
    p0 = c.ambient_kpa
    return c.receiver_m3 * (pressure_kpa * math.log(pressure_kpa / p0) - pressure_kpa + p0)


@compiled
def compression_ratio(c: Constants, pressure_kpa: float) -> float:
    """Electricity per air delivered at a pressure, over ``R T``: ideal work of the stages over the efficiency."""
    log_ratio = math.log(pressure_kpa / c.ambient_kpa)
    if c.compression_share > 0.0:
        log_ratio = math.expm1(c.compression_share * log_ratio) / c.compression_share
    return log_ratio / c.compressor_efficiency


@compiled
def compressed_kpa(c: Constants, p: float, ratio: float, energy_kj: float) -> float:
    """Pressure after so much electricity, with the `compression_ratio` before.

    The ratio in the middle of the step is taken from its tangent, which lies above it: no more exergy comes in than was
    paid for, however small the receiver.
    """
    slope = (1.0 / c.compressor_efficiency + c.compression_share * ratio) / p
    rise = energy_kj / (c.receiver_m3 * ratio)
    return p + energy_kj / (c.receiver_m3 * (ratio + 0.5 * slope * rise))


@compiled
def compressor_step(
    c: Constants,
    setpoint_kw: float,
    limit_kw: float,
    p: float,
    ratio: float,
    last_kw: float,
    on: float,
    since_s: float,
) -> tuple[float, float, float, int]:
    """Power of the compressor, whether it runs, for how long that has been so, and reasons.

    ``ratio`` is the `compression_ratio` now, which is only asked for where it runs or is to run.
    """
    reasons = 0
    wanted = setpoint_kw
    if wanted > c.compressor_kw:
        wanted = c.compressor_kw
        reasons |= 1 << Reason.COMPRESSOR_RATING
    if wanted > limit_kw:
        wanted = max(limit_kw, 0.0)
        reasons |= 1 << Reason.CONNECTION_LIMIT
    room_kw = 0.0
    if wanted > 0.0 or on > 0.0:
        room_kw = (c.max_kpa - p) * c.receiver_m3 * ratio / c.step_s  # a little less than there is
    least = c.compressor_min_kw
    if on > 0.0:
        power = min(wanted, room_kw)
        if power < wanted:
            reasons |= 1 << Reason.RECEIVER_FULL
        if power >= least and power > 0.0:
            rising = last_kw + c.compressor_ramp_kw
            if power > rising:
                power = rising
                reasons |= 1 << Reason.COMPRESSOR_RAMP
            return power, 1.0, since_s + c.step_s, reasons
        if since_s < c.compressor_min_run_s and least <= room_kw and least <= limit_kw:
            return least, 1.0, since_s + c.step_s, reasons | 1 << Reason.COMPRESSOR_MUST_RUN
        if power > 0.0:
            reasons |= 1 << Reason.COMPRESSOR_LEAST_POWER
        return 0.0, 0.0, c.step_s, reasons
    if wanted <= 0.0:
        return 0.0, 0.0, since_s + c.step_s, reasons
    if wanted < least:
        return 0.0, 0.0, since_s + c.step_s, reasons | 1 << Reason.COMPRESSOR_LEAST_POWER
    if room_kw < least or room_kw <= 0.0:
        return 0.0, 0.0, since_s + c.step_s, reasons | 1 << Reason.RECEIVER_FULL
    if since_s < c.compressor_restart_s:
        return 0.0, 0.0, since_s + c.step_s, reasons | 1 << Reason.COMPRESSOR_RESTART_WAIT
    power = min(wanted, room_kw, max(least, c.compressor_ramp_kw))
    if power < min(wanted, room_kw):
        reasons |= 1 << Reason.COMPRESSOR_RAMP
    elif power < wanted:
        reasons |= 1 << Reason.RECEIVER_FULL
    return power, 1.0, c.step_s, reasons


@compiled
def nozzle_kj(value: Array, capacity: Array, spill: Array, nozzle: float) -> float:
    """Work of a floater from the nozzle to the middle of the first cell."""
    kept = min(nozzle, capacity[0])
    return nozzle * value[0] - kept * value[1] - (nozzle - kept) * spill[0]


@compiled
def column_lift_kn(c: Constants, value: Array, capacity: Array, spill: Array, cells: Array) -> float:
    """Buoyant force of the column on the chain, without the floater at the nozzle."""
    work = 0.0
    for j in range(len(cells)):
        air = cells[j]
        kept = air
        if c.spills:
            kept = min(air, capacity[j + 1])
            work -= (air - kept) * spill[j + 1]
        work += air * value[j + 1] - kept * value[j + 2]
    return work / c.pitch_m


@compiled
def carry(c: Constants, capacity: Array, spill: Array, nozzle: float, x: float, cells: Array) -> float:
    """Carry the column up by a distance; exergy that spills."""
    share = x / c.cell_m
    spilled = 0.0
    coming = nozzle
    for j in range(len(cells)):
        kept = min(coming, capacity[j]) if c.spills else coming
        spilled += (coming - kept) * spill[j]
        coming = cells[j]
        cells[j] = coming + share * (kept - coming)
    if c.spills:
        spilled += (coming - min(coming, capacity[-1])) * spill[-1]
    return spilled * x / c.pitch_m


@compiled
def column_kj(c: Constants, value: Array, cells: Array) -> float:
    """Work that the air in the column can still give."""
    held = 0.0
    for j in range(len(cells)):
        held += cells[j] * value[j + 1]
    return held * c.cell_m / c.pitch_m


@compiled
def dissolve(c: Constants, value: Array, dissolving: Array, cells: Array) -> tuple[float, float]:
    """Let air dissolve for a step; exergy lost, and exergy left."""
    lost, held = 0.0, 0.0
    for j in range(len(cells)):
        gone = cells[j] * dissolving[j]
        cells[j] -= gone
        lost += gone * value[j + 1]
        held += cells[j] * value[j + 1]
    scale = c.cell_m / c.pitch_m
    return lost * scale, held * scale
