"""The battery over consecutive seconds: setpoint, frequency response, limits, and the converter's lag."""

from dataclasses import dataclass

import numpy as np

from kpp_twin.battery.storage import StorageConfiguration, settled_share
from kpp_twin.records import Array
from kpp_twin.units import MINUTES_PER_HOUR, SECONDS_PER_HOUR

# Share of the reserve's energy that may be missing before the reserve counts as not deliverable.
RESERVE_SLACK = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySeconds:
    """The battery by the second, ``(n,)`` unless said otherwise.

    Attributes
    ----------
    power_kw
        Mean grid-side power.
    end_power_kw
        Power at the end of each second.
    target_kw
        What the converter was told after all limits.
    scheduled_kw
        Part of the power that follows the setpoint; the rest is frequency response.
    energy_kwh
        Before each second and after the last, ``(n + 1,)``.
    gained_kwh
        Change of that energy; kept apart, since the difference of two large energies has lost its last digits.
    deliverable
        Whether the reserve could have been held in both directions for its duration.
    """

    power_kw: Array
    end_power_kw: Array
    target_kw: Array
    scheduled_kw: Array
    energy_kwh: Array
    gained_kwh: Array
    deliverable: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def battery_seconds(
    config: StorageConfiguration,
    *,
    energy_kwh: float,
    power_kw: float,
    setpoint_kw: float,
    response_kw: Array,
    reserve_kw: float,
    reserve_minutes: float,
    lowest_kw: Array,
    highest_kw: Array,
    lowest_scheduled_kw: Array,
) -> BatterySeconds:
    """Run the battery for ``n`` seconds.

    The setpoint gives way to the reserve: it leaves power for full activation either way, and stops where the energy
    for full activation over the reserve's duration would be touched. The response may use all of the energy; what it
    has used of that for the reserve is slowly restored while the grid does not ask for more of it, with the reserve's
    duration as time constant.

    Parameters
    ----------
    energy_kwh, power_kw
        At the start.
    setpoint_kw
        Scheduled power.
    response_kw
        Frequency response asked for, ``(n,)``, within the reserve.
    lowest_kw, highest_kw
        Limits of connection and converter on the power of each second, ``(n,)``; at most and at least 0.
    lowest_scheduled_kw
        Limit on what is scheduled of it, ``(n,)``, at most 0.
    """
    hours = 1.0 / SECONDS_PER_HOUR
    lost = config.lost_share(hours)
    # Factors between energy of a second and power: discharging, charging.
    up, down = config.discharge_efficiency / hours, 1.0 / (config.charge_efficiency * hours)
    least, most = config.min_kwh, config.max_kwh
    reserve_kwh = reserve_kw * reserve_minutes / MINUTES_PER_HOUR
    least_scheduled = least + reserve_kwh / config.discharge_efficiency
    most_scheduled = most - reserve_kwh * config.charge_efficiency
    slack_kwh = RESERVE_SLACK * reserve_kwh
    slowly = MINUTES_PER_HOUR / reserve_minutes
    settled = settled_share(1.0, config.response_time)
    lagging = settled * config.response_time  # share of a second that a step misses on average
    energy, power, scheduled = energy_kwh, power_kw, power_kw
    rows: list[tuple[float, float, float, float, float, float, bool]] = []
    lows, highs = np.maximum(lowest_kw, -config.max_power).tolist(), np.minimum(highest_kw, config.max_power).tolist()
    floors = np.maximum(lowest_scheduled_kw, np.minimum(np.array(lows) + reserve_kw, 0.0)).tolist()
    for response, low, high, floor in zip(response_kw.tolist(), lows, highs, floors, strict=True):
        leaked = energy * lost
        stored = energy - leaked
        above, below = stored - least, most - stored
        highest = above * up if above >= 0.0 else above * down
        lowest = -below * down if below >= 0.0 else -below * up
        highest = min(highest, max(high, 0.0))
        lowest = min(max(lowest, min(low, 0.0), floor + min(response, 0.0)), highest)

        spare_up, spare_down = stored - least_scheduled, most_scheduled - stored
        if spare_up >= 0.0:
            order_high = min(spare_up * up, max(0.0, high - reserve_kw))
        else:
            order_high = 0.0 if response > 0.0 else spare_up * slowly
        if spare_down >= 0.0:
            order_low = max(-spare_down * down, floor)
        else:
            order_low = 0.0 if response < 0.0 else -spare_down * slowly
        order = max(min(setpoint_kw, order_high), order_low)
        target = min(max(order + response, lowest), highest)
        mean = min(max(target + (power - target) * lagging, lowest), highest)
        scheduled_mean = order + (scheduled - order) * lagging
        deliverable = (
            order + reserve_kw <= high + 1e-9
            and order - reserve_kw >= low - 1e-9
            and spare_up >= -slack_kwh
            and spare_down >= -slack_kwh
        )
        power = min(max(power + (target - power) * settled, lowest), highest)
        scheduled += (order - scheduled) * settled
        drawn = mean / up if mean >= 0.0 else mean / down
        energy = stored - drawn
        rows.append((mean, power, target, scheduled_mean, energy, -leaked - drawn, deliverable))
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return BatterySeconds(
        power_kw=columns[0],
        end_power_kw=columns[1],
        target_kw=columns[2],
        scheduled_kw=columns[3],
        energy_kwh=np.concatenate([[energy_kwh], columns[4]]),
        gained_kwh=columns[5],
        deliverable=columns[6].astype(bool),
    )
