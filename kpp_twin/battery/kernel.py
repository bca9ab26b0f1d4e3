"""Battery and stabilization controller by the second, compiled: floats and arrays in, floats and arrays out.

In each step the frequency is judged, the response found, the stored energy managed, and the power limited; then the
converter moves, and the store gives exactly what the power and its own losses take. Units as in `kernel_constants`.
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from kpp_twin.battery.kernel_constants import FIRST_END, Constants, Flag, Recorded, Total, Variable
from kpp_twin.battery.kernel_heat import charge_derate, cooling_runs, discharge_derate, temperature_after
from kpp_twin.battery.kernel_meter import metered
from kpp_twin.battery.kernel_response import curve_share, fast_share, helpful_kw, inertia_kw, restoring_kw, signal_share
from kpp_twin.compiled import compiled
from kpp_twin.units import SECONDS_PER_HOUR, Array

Integers = npt.NDArray[np.int64]

# Powers [kW] and energies [kWh] that are as good as equal: rounding, no more.
ROUNDING_KW: Final = 1e-9
ROUNDING_KWH: Final = 1e-6


@compiled
def asked_kw(c: Constants, hz: Array, share: Array, deviation_hz: float, signal: float, v: Array) -> tuple[float, int]:
    """Response that the product asks for, and flags."""
    flags = 0
    if c.follows_signal:
        asked, flags = signal_share(c, signal, v)
    elif c.trigger_hz > 0.0:
        asked = fast_share(c, deviation_hz, v)
    else:
        asked = curve_share(c, hz, share, deviation_hz)
    return asked * c.sold_kw, flags


@compiled
def run(
    c: Constants,
    curve_hz: Array,
    curve_shares: Array,
    frequency_hz: Array,
    signal: Array,
    setpoint_kw: Array,
    lowest_kw: Array,
    highest_kw: Array,
    lowest_scheduled_kw: Array,
    hold: int,
    every: int,
    v: Array,
    totals: Array,
    flag_s: Array,
    record: Array,
    flags_record: Integers,
) -> None:
    """Run the battery for the steps of the frequency; setpoint and limits hold for ``hold`` steps each.

    Parameters
    ----------
    curve_hz, curve_shares
        Of the product, ``(k,)``.
    frequency_hz
        As measured, faults included, ``(n,)``.
    signal
        Regulation signal, ``(n,)``; empty for a product that follows none.
    setpoint_kw, lowest_kw, highest_kw, lowest_scheduled_kw
        Scheduled power; limits of connection and converter, at most and at least 0; and the limit on what is scheduled.
    every
        Steps to a record; 0 for none.
    v, totals, flag_s, record, flags_record
        The `Variable`, changed in place; `Total` and seconds by `Flag`, added to; records, and the flags seen in each.
    """
    hours = c.step_s / SECONDS_PER_HOUR
    up, down = c.discharge_efficiency / hours, 1.0 / (c.charge_efficiency * hours)
    tapered_up, tapered_down = 1.0 / (1.0 + c.taper_kwh * up / c.max_kw), 1.0 / (1.0 + c.taper_kwh * down / c.max_kw)
    # What the lag still brings of a power that was told until now: this many steps of it.
    tail = c.lagging_share / c.settled_share
    energy, power, scheduled = v[Variable.ENERGY_KWH], v[Variable.POWER_KW], v[Variable.SCHEDULED_KW]
    temperature, cools = v[Variable.TEMPERATURE_C], v[Variable.COOLING]
    sums, means = np.zeros(len(totals)), np.zeros(record.shape[1])
    seen, held_flags, same = 0, 0, 0
    for step in range(len(frequency_hz)):
        block = step // hold
        before_hz = v[Variable.TRUSTED_HZ] if v[Variable.UNTRUSTED_S] == 0.0 else math.nan  # no rate across a gap
        flags = metered(c, frequency_hz[step], v)
        is_known = not flags & (1 << Flag.DEGRADED)
        deviation = c.nominal_hz - v[Variable.TRUSTED_HZ] if is_known else 0.0

        asked, more = asked_kw(c, curve_hz, curve_shares, deviation, signal[step] if c.follows_signal else 0.0, v)
        goal, managed = helpful_kw(c, curve_hz, curve_shares, deviation, asked, energy)
        flags |= more | managed
        if c.inertia_kw_s_per_hz > 0.0:
            goal += inertia_kw(c, before_hz, v[Variable.TRUSTED_HZ], v)
        change = (goal - v[Variable.RESPONSE_KW]) * c.response_share
        v[Variable.RESPONSE_KW] += min(max(change, -c.ramp_kw), c.ramp_kw)
        response = v[Variable.RESPONSE_KW]
        sums[Total.ASKED_CHANGE_KW] += abs(asked - v[Variable.ASKED_KW])
        v[Variable.ASKED_KW] = asked

        # What the battery can do in this step.
        may_discharge = discharge_derate(temperature, c.derate_from_c, c.derate_to_c)
        may_charge = charge_derate(temperature, c.derate_from_c, c.derate_to_c, c.charge_above_c)
        if may_charge < 1.0 or may_discharge < 1.0:
            flags |= 1 << Flag.HOT_OR_COLD
        low = max(lowest_kw[block], -c.max_kw * may_charge)
        high = min(highest_kw[block], c.max_kw * may_discharge)
        floor = max(lowest_scheduled_kw[block], min(low + c.reserve_down_kw, 0.0))
        leaked = energy * c.leak_share
        stored = energy - leaked
        above, below = stored - c.min_kwh, c.max_kwh - stored
        highest = above * up * tapered_up if above >= 0.0 else max(above * down, -c.max_kw)
        lowest = -below * down * tapered_down if below >= 0.0 else min(-below * up, c.max_kw)
        highest = min(highest, max(high, 0.0))
        lowest = min(max(lowest, min(low, 0.0), floor + min(response, 0.0)), highest)
        if is_known and v[Variable.TRUSTED_HZ] < c.no_charge_below_hz:
            lowest = min(max(lowest, 0.0), highest)

        # The setpoint gives way to what was sold, and to what restores the energy for it.
        spare_up, spare_down = stored - c.least_kwh, c.most_kwh - stored
        order_high = min(max(spare_up * up - max(scheduled, 0.0) * tail, 0.0), max(0.0, high - c.reserve_up_kw))
        order_low = max(min(-spare_down * down - min(scheduled, 0.0) * tail, 0.0), floor)
        order = max(min(setpoint_kw[block], order_high), order_low)
        if order != setpoint_kw[block]:
            flags |= 1 << Flag.SETPOINT_CUT
        restoring = restoring_kw(c, energy, asked, v)
        if restoring > 0.0:
            order = max(order, min(restoring, max(0.0, high - c.reserve_up_kw)))
            flags |= 1 << Flag.RESTORING_UP
        elif restoring < 0.0:
            order = min(order, max(restoring, floor))
            flags |= 1 << Flag.RESTORING_DOWN
        target = min(max(order + response, lowest), highest)
        if abs(target - order - response) > ROUNDING_KW:
            flags |= 1 << Flag.RESPONSE_CUT

        # The converter is a first-order lag; the store gives the mean of the step.
        mean = min(max(target + (power - target) * c.lagging_share, lowest), highest)
        scheduled_mean = order + (scheduled - order) * c.lagging_share
        power = min(max(power + (target - power) * c.settled_share, lowest), highest)
        scheduled += (order - scheduled) * c.settled_share
        drawn = mean / up if mean >= 0.0 else mean / down
        energy = stored - drawn
        lost = drawn - mean * hours
        if mean >= 0.0:
            sums[Total.DISCHARGED] += mean * hours
            sums[Total.DISCHARGE_LOSS] += mean * hours * (1.0 / c.discharge_efficiency - 1.0)
        else:
            sums[Total.CHARGED] -= mean * hours
            sums[Total.CHARGE_LOSS] -= mean * hours * (1.0 - c.charge_efficiency)
        sums[Total.SELF_DISCHARGE] += leaked
        sums[Total.GAINED] -= leaked + drawn
        is_outside = energy < c.least_kwh - ROUNDING_KWH or energy > c.most_kwh + ROUNDING_KWH
        if is_outside:
            sums[Total.ENDURANCE_S] += c.step_s

        cools = 1.0 if cooling_runs(temperature, cools, c.cooling_on_c, c.cooling_off_c) else 0.0
        auxiliary = c.auxiliary_kw + cools * c.cooling_electric_kw
        sums[Total.AUXILIARY] += auxiliary * hours
        heat_kw = lost / hours - cools * c.cooling_kw
        temperature = temperature_after(temperature, c.ambient_c, heat_kw, c.kelvin_per_kw, c.heat_keep)

        if flags == held_flags:
            same += 1
        else:
            count(held_flags, same * c.step_s, flag_s)
            held_flags, same = flags, 1
        if every > 0:
            seen |= flags
            means[Recorded.POWER_KW] += mean
            means[Recorded.SCHEDULED_KW] += scheduled_mean
            means[Recorded.ASKED_KW] += asked
            means[Recorded.RESPONSE_KW] += response
            means[Recorded.TARGET_KW] += target
            means[Recorded.AUXILIARY_KW] += auxiliary
            means[Recorded.GAINED_KWH] -= leaked + drawn
            if (
                order + c.reserve_up_kw <= high + ROUNDING_KW
                and order - c.reserve_down_kw >= low - ROUNDING_KW
                and spare_up >= -c.slack_kwh
                and spare_down >= -c.slack_kwh
            ):
                means[Recorded.DELIVERABLE] += 1.0
            if (step + 1) % every == 0:
                row = record[step // every]
                for column in range(FIRST_END):
                    row[column] = means[column] / every
                    means[column] = 0.0
                row[Recorded.END_POWER_KW] = power
                row[Recorded.ENERGY_KWH] = energy
                row[Recorded.TEMPERATURE_C] = temperature
                flags_record[step // every] = seen
                seen = 0
    count(held_flags, same * c.step_s, flag_s)
    v[Variable.ENERGY_KWH], v[Variable.POWER_KW], v[Variable.SCHEDULED_KW] = energy, power, scheduled
    v[Variable.TEMPERATURE_C], v[Variable.COOLING] = temperature, cools
    for total in range(len(totals)):
        totals[total] += sums[total]


@compiled
def count(flags: int, seconds: float, flag_s: Array) -> None:
    """Add seconds to each flag that held in them."""
    for bit in range(len(flag_s)):
        if flags & (1 << bit):
            flag_s[bit] += seconds
