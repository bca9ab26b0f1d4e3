"""A synthetic grid: frequency and voltage of an hour at 1 s, the same bits for the same seed and hour.

Frequency is the nominal one plus four parts: two random deviations, one of minutes and one that wanders (Ornstein-
Uhlenbeck processes, in straight lines of some seconds, since rotating masses let frequency change no faster), a swing
after each full hour that decays, as schedules change then, and rare sudden falls that recover. Voltage is its mean plus
a slow random deviation and a daily swing. Each hour has one random stream, made from the seed and the hour's number.
The random deviations run through from hour to hour: their values at the full hours are drawn from the stationary
distribution, and the path between is tied to both ends.
"""

import math
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.errors import TwinError
from kpp_twin.records import Array
from kpp_twin.site import Grid
from kpp_twin.timegrid import utc
from kpp_twin.twin.kernel_path import autoregressive_path
from kpp_twin.units import HOURS_PER_DAY, SECONDS_PER_HOUR, SECONDS_PER_MINUTE

# Local hours of the extremes. Schedules step up in the morning and down in the evening.
SWING_HIGHEST_HOUR = 7.0
VOLTAGE_LOWEST_HOUR = 17.0

# Length of the straight lines of frequency. [s]
LINE_S = 4

_SECONDS = np.arange(SECONDS_PER_HOUR, dtype=np.float64)


def grid_hour(grid: Grid, hour_start: datetime, zone: ZoneInfo) -> tuple[Array, Array]:
    """Frequency [Hz] and voltage [pu] of the hour's seconds, ``(3600,)`` each.

    Statistics, over many hours: the deviation of frequency has standard deviation ``frequency_noise_hz`` and
    autocorrelation ``exp(-t / frequency_time_constant_s)`` at the ends of its straight lines, and 1 % less over all;
    what wanders has ``frequency_wander_hz`` and ``frequency_wander_time_constant_s``; the swing is ``hourly_swing_hz``
    at the full hour times the cosine of the local time of day from 07:00; falls come ``events_per_day`` times a day
    (Poisson), as deep as an exponential of mean ``event_depth_hz``, and recover with ``event_recovery_s``. Voltage
    likewise; its daily swing is a cosine that is lowest at 17:00.

    Raises
    ------
    TwinError
        The start is no full hour.
    """
    start = utc(hour_start)
    number, rest = divmod(int(start.timestamp()), SECONDS_PER_HOUR)
    if rest or start.microsecond:
        raise TwinError(f"{start} is no full hour", place="grid_hour", next_step="give the start of an hour")
    before, this, after = (_stream(grid, n) for n in (number - 1, number, number + 1))
    local = hour_start.astimezone(zone)
    local_hours = local.hour + local.minute / SECONDS_PER_MINUTE + _SECONDS / SECONDS_PER_HOUR

    swing = grid.hourly_swing_hz * _daily_cosine(local_hours[:1], SWING_HIGHEST_HOUR)
    swing = swing * np.exp(-_SECONDS / grid.hourly_swing_time_constant_s)
    falls = _falls(grid, *_events(grid, before), age_s=float(SECONDS_PER_HOUR)) + _falls(grid, *_events(grid, this))
    _events(grid, after)  # leave the three streams at the same place
    ends = zip(this.standard_normal(3), after.standard_normal(3), strict=True)
    noise, wander, voltage_noise = (
        _tied_path(this.standard_normal(SECONDS_PER_HOUR // step_s), *tied, step_s, time_constant_s)
        for tied, step_s, time_constant_s in zip(
            ends,
            (LINE_S, LINE_S, 1),
            (grid.frequency_time_constant_s, grid.frequency_wander_time_constant_s, grid.voltage_time_constant_s),
            strict=True,
        )
    )
    frequency = grid.nominal_hz + swing - falls + grid.frequency_noise_hz * noise + grid.frequency_wander_hz * wander
    voltage = grid.voltage_mean_pu - grid.voltage_daily_swing_pu * _daily_cosine(local_hours, VOLTAGE_LOWEST_HOUR)
    return frequency, voltage + grid.voltage_noise_pu * voltage_noise


def _stream(grid: Grid, hour_number: int) -> np.random.Generator:
    return np.random.default_rng([grid.seed, hour_number])


def _daily_cosine(local_hours: Array, highest_hour: float) -> Array:
    return np.cos((local_hours - highest_hour) * (2.0 * math.pi / HOURS_PER_DAY))


def _events(grid: Grid, stream: np.random.Generator) -> tuple[Array, Array]:
    """Seconds and depths of the sudden falls of a stream's hour."""
    count = stream.poisson(grid.events_per_day / HOURS_PER_DAY)
    return stream.uniform(0.0, SECONDS_PER_HOUR, count), stream.exponential(grid.event_depth_hz, count)


def _falls(grid: Grid, at_s: Array, depth_hz: Array, age_s: float = 0.0) -> Array:
    total = np.zeros(SECONDS_PER_HOUR)
    for at, depth in zip(at_s, depth_hz, strict=True):
        since = _SECONDS + age_s - at
        total += np.where(since >= 0, depth * np.exp(-np.maximum(since, 0.0) / grid.event_recovery_s), 0.0)
    return total


def _tied_path(noise: Array, first: float, last: float, step_s: int, time_constant_s: float) -> Array:
    """Path of an Ornstein-Uhlenbeck process of variance 1 from one value to another an hour later, by the second.

    A free path is drawn and bent to its end, by the share that the end tells of each instant; this gives the law of
    the process between two known values exactly. Between the steps it is straight.
    """
    keeps = math.exp(-step_s / time_constant_s)
    spread = math.sqrt(-math.expm1(-2.0 * step_s / time_constant_s))
    free = autoregressive_path(spread * noise, first, keeps)
    t = np.arange(0, SECONDS_PER_HOUR + 1, step_s)
    rest = np.exp((t - SECONDS_PER_HOUR) / time_constant_s)
    bend = rest * np.expm1(-2.0 * t / time_constant_s) / math.expm1(-2.0 * SECONDS_PER_HOUR / time_constant_s)
    return np.interp(_SECONDS, t, free + (last - free[-1]) * bend)
