"""The plant by the second, compiled: floats and arrays in, floats and arrays out.

Each step leaks, compresses, injects, moves the chain and carries the column along, in this order, and each part gives
exactly the exergy that it takes; so the ledger closes at any length of step. Units as in `kernel_constants`.
"""

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from kpp_twin.compiled import compiled
from kpp_twin.plant.kernel_air import (
    air_exergy_kj,
    carry,
    compressed_kpa,
    compression_ratio,
    compressor_step,
    lift_kn,
    rising_air,
)
from kpp_twin.plant.kernel_constants import Constants, Reason, Recorded, Total
from kpp_twin.plant.kernel_drive import electric_kw, move, shaft_kw
from kpp_twin.units import Array

Integers = npt.NDArray[np.int64]

# A governed chain gives what the column gives, and what the flywheel holds above this share of the speed sought ...
GOVERNED_LOW: Final = 0.97
# ... at this rate; and leaves it what it lacks at the other. [1/s]
FLYWHEEL_RELEASE_PER_S: Final = 0.5
FLYWHEEL_RECOVERY_PER_S: Final = 0.033
# A chain that drives the flywheel beyond this share of its highest speed is held ...
GOVERNED_HIGH: Final = 0.97
# ... until the flywheel could give the power for this time only. [s]
GOVERNED_CATCH_S: Final = 3.0
# Column and flywheel return to their goal so many times as fast as the column empties.
GOVERNED_RATE: Final = 2.0
# While the flywheel has too much, this share of the air that the power needs still comes in: else the column would be
# empty when the flywheel has slowed down.
GOVERNED_LEAST_INFLOW: Final = 0.75
# Less than this in a column or flywheel that only decays is nothing: it goes with the rest. [kJ]
NOTHING_KJ: Final = 1e-12


class Goals(NamedTuple):
    """Steady state that a governed power needs, and how the air that comes in follows from the distance to it."""

    speed: float
    inflow_kw: float
    column_kj: float
    column_per_s: float
    kinetic_kj: float
    kinetic_per_s: float


@compiled
def goals_of(c: Constants, setpoint_kw: float, speed: float) -> Goals:
    """Goals of a power and the chain speed to seek.

    About the steady state, the column's energy ``b`` falls by ``b/T`` as it drives the chain, and the kinetic energy
    ``k`` rises by ``b/T + g k``: a constant power pulls a slow chain down. The air that comes in is chosen so that both
    return with one rate ``s``.
    """
    needed_kw = (shaft_kw(c, setpoint_kw) + c.chain_windage * speed * speed) * c.per_gear_efficiency
    needed_kw += (c.friction_kn + c.drag * speed * speed) * speed
    full_kw = c.full_kn * speed
    column_kj = min(1.0, needed_kw / full_kw) * c.full_column_kj
    kinetic_kj = 0.5 * (c.chain_t + c.turning_t) * speed * speed
    emptying_s = c.full_column_kj / full_kw
    pull_per_s = 0.5 * needed_kw / kinetic_kj
    rate_per_s = GOVERNED_RATE / emptying_s
    return Goals(
        speed,
        needed_kw + column_kj * c.dissolving_per_s,
        column_kj,
        2.0 * rate_per_s + pull_per_s - 1.0 / emptying_s,
        kinetic_kj,
        emptying_s * (rate_per_s + pull_per_s) ** 2,
    )


@compiled
def flywheel_spare_kj(c: Constants, goals: Goals, omega: float) -> float:
    """What the flywheel holds above a share of the speed sought."""
    low_speed = GOVERNED_LOW * goals.speed
    return 0.5 * (c.flywheel_t * omega * omega - c.turning_t * low_speed * low_speed)


@compiled
def governed(
    c: Constants, goals: Goals, setpoint_kw: float, lift: float, v: float, omega: float, held_kj: float
) -> tuple[float, float]:
    """Fill fraction and generator power of a plant that is told only its power.

    The generator takes what the column gives now, and what the flywheel holds above a share of the speed sought.
    """
    kinetic_kj = 0.5 * (c.chain_t * v * v + c.flywheel_t * omega * omega)
    wanted_kw = (
        goals.inflow_kw
        + goals.column_per_s * (goals.column_kj - held_kj)
        + goals.kinetic_per_s * (goals.kinetic_kj - kinetic_kj)
    )
    wanted_kw = max(wanted_kw, GOVERNED_LEAST_INFLOW * goals.inflow_kw)
    most_kw = c.full_kn * v
    fill = 1.0 if wanted_kw >= most_kw else max(0.0, wanted_kw / most_kw)

    spare_kj = flywheel_spare_kj(c, goals, omega)
    shaft = -c.windage * omega * omega
    if c.ratio * v >= omega:
        low_speed = GOVERNED_LOW * goals.speed
        spare_kj += 0.5 * c.chain_t * (v * v - low_speed * low_speed)
        shaft += c.gear_efficiency * (lift - c.friction_kn - c.drag * v * v) * v
    release_per_s = FLYWHEEL_RELEASE_PER_S if spare_kj > 0.0 else FLYWHEEL_RECOVERY_PER_S
    return fill, min(setpoint_kw, electric_kw(c, shaft + spare_kj * release_per_s))


@compiled
def count(reasons: int, seconds: float, limited: Array) -> None:
    """Add seconds to each reason that held in them."""
    for bit in range(len(limited)):
        if reasons & (1 << bit):
            limited[bit] += seconds


@compiled
def run(
    c: Constants,
    value: Array,
    capacity: Array,
    spill: Array,
    dissolving: Array,
    goal_speeds: Array,
    compressor_setpoint_kw: Array,
    generator_setpoint_kw: Array,
    fill_setpoint: Array,
    limit_kw: Array,
    hold: int,
    every: int,
    state: Array,
    cells: Array,
    totals: Array,
    limited: Array,
    record: Array,
    reasons_record: Integers,
) -> None:
    """Run the plant; each setpoint holds for ``hold`` steps.

    Parameters
    ----------
    value, capacity, spill, dissolving, goal_speeds
        Of the column, see `column.Column`; the share of each cell's air that dissolves in a part of a step; and the
        chain speeds to seek at powers evenly spaced from 0 to the generator's rating.
    fill_setpoint
        Share of a full floater's air; not a number where the governor is to choose.
    limit_kw
        What the connection leaves for the compressor.
    every
        Steps to a record; 0 for none.
    state, cells
        Receiver pressure, chain speed, flywheel speed, power of generator and compressor, whether the compressor runs
        and for how long that has been so; and the air of each cell. Changed in place.
    totals, limited, record, reasons_record
        Added to and filled in place: energies, seconds by reason, records and the reasons in each.
    """
    p, v, omega, generated, compressed, on, since_s = state
    dt, per_s = c.step_s / c.substeps, 1.0 / c.step_s
    air_kj = air_exergy_kj(c, p)
    sums = np.zeros(len(totals))
    rising = np.zeros(len(cells) + 1)
    _, _, held_kj, column_kn = carry(c, value, capacity, spill, rising, rising, 0.0, cells)
    written, steps, reasons_seen = 0, 0, 0
    last_reasons, same = 0, 0
    generator_sum = compressor_sum = auxiliary_sum = 0.0
    for block in range(len(generator_setpoint_kw)):
        sums[:] = 0.0
        generated_kj = 0.0
        limit = limit_kw[block]
        asked_kw = max(generator_setpoint_kw[block], 0.0)
        fill = fill_setpoint[block]
        is_governed = math.isnan(fill)
        goals = Goals(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        block_reasons = 0
        if asked_kw > c.generator_kw:
            asked_kw = c.generator_kw
            block_reasons |= 1 << Reason.GENERATOR_RATING
        if is_governed and asked_kw > 0.0:
            place = asked_kw / c.generator_kw * (len(goal_speeds) - 1)
            left = min(int(place), len(goal_speeds) - 2)
            goal_speed = goal_speeds[left] + (place - left) * (goal_speeds[left + 1] - goal_speeds[left])
            goals = goals_of(c, asked_kw, goal_speed)
        for _ in range(hold):
            reasons = block_reasons
            if c.leak_keep < 1.0:
                p = c.ambient_kpa + (p - c.ambient_kpa) * c.leak_keep
                after_kj = air_exergy_kj(c, p)
                sums[Total.LEAK_LOSS] += air_kj - after_kj
                air_kj = after_kj

            ratio = compression_ratio(c, p) if on > 0.0 or compressor_setpoint_kw[block] > 0.0 else 0.0
            compressed, on, since_s, why = compressor_step(
                c, compressor_setpoint_kw[block], limit, p, ratio, compressed, on, since_s
            )
            reasons |= why
            if compressed > 0.0:
                energy_kj = compressed * c.step_s
                p = compressed_kpa(c, p, ratio, energy_kj)
                after_kj = air_exergy_kj(c, p)
                sums[Total.COMPRESSOR_IN] += energy_kj
                sums[Total.COMPRESSOR_LOSS] += energy_kj - (after_kj - air_kj)
                air_kj = after_kj

            wanted_kw = asked_kw
            highest, lowest = generated + c.generator_ramp_kw, generated - c.generator_ramp_kw
            if wanted_kw > highest or wanted_kw < lowest:
                wanted_kw = min(max(wanted_kw, lowest), highest)
                reasons |= 1 << Reason.GENERATOR_RAMP
            share = fill
            # Nothing asked: the chain is held, its air kept, and the flywheel runs free.
            held = share <= 0.0 and asked_kw <= 0.0
            if is_governed:
                share = 0.0
                held = asked_kw <= 0.0 or omega > GOVERNED_HIGH * c.max_speed
                if v <= 0.0 and not held:
                    held = flywheel_spare_kj(c, goals, omega) > GOVERNED_CATCH_S * shaft_kw(c, asked_kw)
                if wanted_kw > 0.0 and goals.speed > 0.0:
                    share, governed_kw = governed(c, goals, wanted_kw, column_kn, v, omega, held_kj)
                    if governed_kw < wanted_kw:
                        wanted_kw = governed_kw
                        reasons |= 1 << Reason.CHAIN_POWER_SHORT
            brake_kn = 0.0
            if held:
                share, brake_kn = 0.0, c.brake_kn
            sums[Total.GENERATOR_OUT] = 0.0
            auxiliary_kj = 0.0
            for _ in range(c.substeps):
                lift = 0.0
                nozzle = share * c.full
                # A chain at rest is held against any lift.
                if (nozzle > 0.0 or held_kj > 0.0) and (v > 0.0 or brake_kn <= 0.0):
                    # The chain goes no farther than this, so it draws no more air than this.
                    gain = c.locked_m_per_s2 if c.ratio * v >= omega else c.free_m_per_s2
                    farthest = min(v + dt * gain, c.max_chain_speed) * dt
                    courant = min(1.0, farthest * c.cells_per_m)
                    rising_air(c, capacity, nozzle, cells, courant, rising)
                    lift = lift_kn(c, value, capacity, spill, rising)
                if nozzle > 0.0:
                    drawn = nozzle * farthest * c.floaters_per_m
                    possible = 1.0
                    if drawn * c.air_kj > (p - c.min_kpa) * c.receiver_m3:
                        possible = max(0.0, p - c.min_kpa) * c.receiver_m3 / (drawn * c.air_kj)
                        reasons |= 1 << Reason.RECEIVER_EMPTY
                    if drawn * possible * c.heat_kj > c.heat_source_kw * dt:
                        possible = c.heat_source_kw * dt / (drawn * c.heat_kj)
                        reasons |= 1 << Reason.HEAT_SOURCE_LIMIT
                    if possible < 1.0:
                        nozzle *= possible
                        rising_air(c, capacity, nozzle, cells, courant, rising)
                        lift = lift_kn(c, value, capacity, spill, rising)
                v, omega, x, why = move(c, v, omega, lift, brake_kn, wanted_kw, dt, sums)
                reasons |= why
                if x > 0.0:
                    drawn = nozzle * x * c.floaters_per_m
                    if drawn > 0.0:
                        p -= drawn * c.air_kj / c.receiver_m3
                        after_kj = air_exergy_kj(c, p)
                        sums[Total.THROTTLE_LOSS] += (air_kj - after_kj) - drawn * c.arrival_kj
                        sums[Total.EXPANSION_LOSS] += drawn * c.expansion_loss_kj
                        sums[Total.HEAT_EXERGY_IN] += drawn * c.heat_exergy_kj
                        sums[Total.HEAT_IN] += drawn * c.heat_kj
                        air_kj = after_kj
                    auxiliary_kj += c.nanobubble_kw * dt
                if nozzle > 0.0 or held_kj > 0.0:
                    spilled_kj, lost_kj, held_kj, column_kn = carry(
                        c, value, capacity, spill, dissolving, rising, x, cells
                    )
                    if held_kj < NOTHING_KJ and nozzle <= 0.0:
                        cells[:] = 0.0
                        lost_kj, held_kj, column_kn = lost_kj + held_kj, 0.0, 0.0
                    sums[Total.SPILL_LOSS] += spilled_kj
                    sums[Total.DISSOLUTION_LOSS] += lost_kj
            if omega > 0.0 and 0.5 * c.flywheel_t * omega * omega < NOTHING_KJ and v <= 0.0:
                sums[Total.WINDAGE_LOSS] += 0.5 * c.flywheel_t * omega * omega
                omega = 0.0
            generated_kj += sums[Total.GENERATOR_OUT]
            generated = sums[Total.GENERATOR_OUT] * per_s
            sums[Total.NANOBUBBLE_IN] += auxiliary_kj
            sums[Total.NANOBUBBLE_LOSS] += auxiliary_kj

            if reasons != last_reasons:
                count(last_reasons, same * c.step_s, limited)
                last_reasons, same = reasons, 0
            same += 1
            if every > 0:
                generator_sum += generated
                compressor_sum += compressed
                auxiliary_sum += auxiliary_kj * per_s
                reasons_seen |= reasons
                steps += 1
                if steps == every:
                    record[written, Recorded.GENERATOR_KW] = generator_sum / every
                    record[written, Recorded.COMPRESSOR_KW] = compressor_sum / every
                    record[written, Recorded.AUXILIARY_KW] = auxiliary_sum / every
                    record[written, Recorded.RECEIVER_KPA] = p
                    record[written, Recorded.COLUMN_KJ] = held_kj
                    record[written, Recorded.CHAIN_SPEED] = v
                    record[written, Recorded.FLYWHEEL_SPEED] = omega
                    reasons_record[written] = reasons_seen
                    generator_sum = compressor_sum = auxiliary_sum = 0.0
                    steps, reasons_seen = 0, 0
                    written += 1
        sums[Total.GENERATOR_OUT] = generated_kj
        totals += sums
    count(last_reasons, same * c.step_s, limited)
    state[:] = np.array([p, v, omega, generated, compressed, on, since_s])
