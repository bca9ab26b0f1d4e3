"""Compressor, receiver and ascending column, compiled. Units as in `kernel_constants`."""

import math
from typing import Final

from kpp_twin.compiled import compiled
from kpp_twin.plant.kernel_constants import Constants, Reason
from kpp_twin.units import Array

# Least pressure over ambient against which a compressor works.
LEAST_DISCHARGE: Final = 2.0


@compiled
def air_exergy_kj(c: Constants, pressure_kpa: float) -> float:
    """Exergy of the receiver's air at ambient temperature: ``V (p ln(p/p0) - p + p0)``."""
    log_ratio = math.log(pressure_kpa * c.per_ambient_kpa)
    return c.receiver_m3 * (pressure_kpa * log_ratio - pressure_kpa + c.ambient_kpa)


@compiled
def compression_ratio(c: Constants, pressure_kpa: float) -> float:
    """Electricity per air delivered at a pressure, over ``R T``: ideal work of the stages over the efficiency.

    Into a receiver that is nearly empty, a compressor works against its own valves.
    """
    log_ratio = math.log(max(pressure_kpa * c.per_ambient_kpa, LEAST_DISCHARGE))
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
def gentler(below: float, above: float) -> float:
    """Of two slopes of one sign that nearer to zero, else zero (minmod)."""
    smaller = below if below < above else above
    larger = below if below > above else above
    return (smaller if smaller > 0.0 else 0.0) + (larger if larger < 0.0 else 0.0)


@compiled
def rising_air(c: Constants, capacity: Array, nozzle: float, cells: Array, courant: float, rising: Array) -> None:
    """Air of a floater that leaves the nozzle and each cell, into ``rising``.

    Cells are read with a slope, the smaller of those to their neighbours (minmod), so that a front of filled floaters
    stays steep as it rises. Up to ``courant``, the share of a cell that the chain goes at most, no cell is overdrawn.
    """
    last = len(cells) - 1
    reach = 0.5 * (1.0 - courant)
    rising[0] = nozzle
    rising[last + 1] = cells[last]
    if last == 0:
        return
    if c.spills:
        kept = min(nozzle, capacity[0])
        for j in range(last):
            air = cells[j]
            below = air - kept
            kept = min(air, capacity[j + 1])
            rising[j + 1] = air + reach * gentler(below, cells[j + 1] - kept)
    else:
        rising[1] = cells[0] + reach * gentler(cells[0] - nozzle, cells[1] - cells[0])
        for j in range(1, last):
            air = cells[j]
            rising[j + 1] = air + reach * gentler(air - cells[j - 1], cells[j + 1] - air)


@compiled
def lift_kn(c: Constants, value: Array, capacity: Array, spill: Array, rising: Array) -> float:
    """Buoyant force on the chain: the work of floaters from each middle of a cell to the next, over their distance."""
    work = 0.0
    for j in range(len(rising)):
        air = rising[j]
        if c.spills:
            kept = min(air, capacity[j])
            work += air * value[j] - kept * value[j + 1] - (air - kept) * spill[j]
        else:
            work += air * (value[j] - value[j + 1])
    return work * c.floaters_per_m


@compiled
def carry(
    c: Constants,
    value: Array,
    capacity: Array,
    spill: Array,
    dissolving: Array,
    rising: Array,
    x: float,
    cells: Array,
) -> tuple[float, float, float, float]:
    """Carry the column up by a distance, and let air dissolve.

    Returns the exergy that spilled, that dissolved and that is left, and the lift of the column by itself.
    """
    share = x * c.cells_per_m
    spilled = lost = held = work = 0.0
    for j in range(len(cells)):
        coming = rising[j]
        if c.spills:
            coming = min(coming, capacity[j])
            spilled += (rising[j] - coming) * spill[j]
        air = cells[j] + share * (coming - rising[j + 1])
        gone = air * dissolving[j]
        air -= gone
        cells[j] = air
        lost += gone * value[j + 1]
        held += air * value[j + 1]
        if c.spills:
            kept = min(air, capacity[j + 1])
            work += air * value[j + 1] - kept * value[j + 2] - (air - kept) * spill[j + 1]
        else:
            work += air * (value[j + 1] - value[j + 2])
    if c.spills:
        spilled += (rising[-1] - min(rising[-1], capacity[-1])) * spill[-1]
    floaters = c.floaters_per_cell
    return spilled * x * c.floaters_per_m, lost * floaters, held * floaters, work * c.floaters_per_m


@compiled
def column_kj(c: Constants, value: Array, cells: Array) -> float:
    """Work that the air in the column can still give."""
    held = 0.0
    for j in range(len(cells)):
        held += cells[j] * value[j + 1]
    return held * c.floaters_per_cell
