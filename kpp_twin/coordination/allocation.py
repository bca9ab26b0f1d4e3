"""What the assets can still give beside what is committed already: power, energy, reactive power, load.

The battery's energy is followed along two paths: the lowest, on which every upward service is called for all its time,
and the highest, on which every downward one is. Scheduled power moves both. Frequency response moves neither, since
its energy is restored between activations; at every instant that it is held, energy for its full activation is kept
beyond both paths. Self-discharge, some 0.003 % an hour, is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from kpp_twin.site import Site
from kpp_twin.timegrid import Array

HOUR = timedelta(hours=1)
Bound = tuple[float, str]  # what a limit leaves, and the limit in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """Asset power that is promised over an interval; only scheduled power has a sign, the others are magnitudes.

    Attributes
    ----------
    scheduled_kw
        Battery power that will flow; discharge positive.
    up_kw, down_kw
        Battery power that may be called at any time, for all the time.
    reserve_kw
        Frequency response, either way.
    load_kw
        Load that may be curtailed.
    """

    start: datetime
    stop: datetime
    scheduled_kw: float = 0.0
    up_kw: float = 0.0
    down_kw: float = 0.0
    reserve_kw: float = 0.0
    load_kw: float = 0.0
    reactive_kvar: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Headroom:
    """What is left over an interval; never negative, each with the limit that binds."""

    up: Bound
    down: Bound
    reserve: Bound
    load: Bound
    cap_up: Bound
    reactive: Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class _Profile:
    """Sums of all commitments by segment, ``(n,)``; bounds [h] and energy paths at the bounds, ``(n + 1,)``."""

    bounds: Array
    up: Array
    down: Array
    load: Array
    reactive: Array
    reserve: Array
    low_kwh: Array
    high_kwh: Array
    high_kw: Array


def headroom(
    site: Site, *, battery_kwh: float, now: datetime, commitments: Sequence[Commitment], start: datetime, stop: datetime
) -> Headroom:
    """What the assets can give over ``[start, stop)`` without breaking a commitment at any time.

    Parameters
    ----------
    battery_kwh
        Energy in the battery at ``now``, from which both paths begin.
    """
    battery, cap_kw = site.battery, min(site.coordinator.available_capacity_kw, site.connection.limit_kw)
    begin, end = (start - now) / HOUR, (stop - now) / HOUR
    profile = _profile(site, battery_kwh, now, commitments, (begin, end))
    inside = (profile.bounds[:-1] >= begin) & (profile.bounds[:-1] < end)

    def least(values: Array) -> float:
        return float(values[inside].min())

    power = np.minimum(battery.max_power_kw, np.sqrt(np.maximum(battery.converter_kva**2 - profile.reactive**2, 0.0)))
    up_power = (least(power - profile.up), "battery power")
    down_power = (least(power - profile.down), "battery power")
    cap_up = (least(cap_kw - profile.up - profile.load), "cap on all services together")
    cap_down = (least(cap_kw - profile.down), "cap on all services together")

    product = site.frequency_product()
    rated = (least(battery.max_power_kw / product.rated_per_sold - profile.reserve), "battery power beside restoring")
    per_reserve_kwh = product.endurance_h
    up_reserve_kwh = per_reserve_kwh / battery.discharge_efficiency
    down_reserve_kwh = per_reserve_kwh * battery.charge_efficiency
    held = np.maximum(np.append(profile.reserve, 0.0), np.insert(profile.reserve, 0, 0.0))
    below = profile.low_kwh - battery.min_state_of_charge * battery.capacity_kwh
    above = battery.max_state_of_charge * battery.capacity_kwh - profile.high_kwh
    gain = np.where(profile.high_kw > 0, 1 / battery.discharge_efficiency, battery.charge_efficiency)
    drained = _per_kw(profile.bounds, inside, np.full(len(inside), 1 / battery.discharge_efficiency))
    gained = _per_kw(profile.bounds, inside, gain)
    up_energy = (_quotient(below - held * up_reserve_kwh, drained), "stored energy")
    down_energy = (_quotient(above - held * down_reserve_kwh, gained), "room in the battery")
    reserve_energy = (least(_lower_end(below) / up_reserve_kwh - profile.reserve), "stored energy")
    reserve_room = (least(_lower_end(above) / down_reserve_kwh - profile.reserve), "room in the battery")

    response = site.demand_response
    load = (response.max_reduction_kw - float(profile.load[inside].max()), "curtailable load")
    if end - begin > response.max_event_hours:
        load = (0.0, f"curtailment, which may last {response.max_event_hours} h at most")
    busy = np.maximum(profile.up, profile.down)
    reactive = np.sqrt(np.maximum(battery.converter_kva**2 - busy**2, 0.0)) - profile.reactive
    return Headroom(
        up=_tightest(up_power, up_energy, cap_up),
        down=_tightest(down_power, down_energy, cap_down),
        reserve=_tightest(up_power, down_power, rated, reserve_energy, reserve_room, cap_up, cap_down),
        load=_tightest(load, cap_up),
        cap_up=_tightest(cap_up),
        reactive=_tightest((least(reactive), "converter's apparent power")),
    )


def scheduled_energy(
    site: Site, *, battery_kwh: float, now: datetime, commitments: Sequence[Commitment], to: datetime
) -> float:
    """Energy in the battery at ``to`` if scheduled power flows and nothing else is called. [kWh]"""
    plain = [Commitment(start=c.start, stop=c.stop, scheduled_kw=c.scheduled_kw) for c in commitments]
    end = (to - now) / HOUR
    profile = _profile(site, battery_kwh, now, plain, (end,))
    at_end = float(profile.low_kwh[int(np.searchsorted(profile.bounds, end))])
    return min(max(at_end, 0.0), site.battery.capacity_kwh)


def _profile(
    site: Site, battery_kwh: float, now: datetime, commitments: Sequence[Commitment], instants: Sequence[float]
) -> _Profile:
    spans = [(max((c.start - now) / HOUR, 0.0), max((c.stop - now) / HOUR, 0.0)) for c in commitments]
    bounds = np.unique(np.array([0.0, *instants, *(instant for span in spans for instant in span)]))
    fields = [(c.scheduled_kw, c.up_kw, c.down_kw, c.reserve_kw, c.load_kw, c.reactive_kvar) for c in commitments]
    begins, ends = np.array(spans).reshape(-1, 2).T
    covers = (begins[:, None] <= bounds[:-1]) & (ends[:, None] > bounds[:-1])
    sums = np.array(fields).reshape(-1, 6).T @ covers.astype(np.float64)
    scheduled, up, down, reserve, load, reactive = sums
    hours = np.diff(bounds)
    return _Profile(
        bounds=bounds,
        up=scheduled + up + reserve,
        down=-scheduled + down + reserve,
        load=load,
        reactive=reactive,
        reserve=reserve,
        low_kwh=_path(site, battery_kwh, scheduled + up, hours),
        high_kwh=_path(site, battery_kwh, scheduled - down, hours),
        high_kw=scheduled - down,
    )


def _path(site: Site, battery_kwh: float, power_kw: Array, hours: Array) -> Array:
    """Energy at the bounds of the segments, ``(n + 1,)``; losses by the direction of the net power. [kWh]"""
    battery = site.battery
    stored = np.where(power_kw > 0, -power_kw / battery.discharge_efficiency, -power_kw * battery.charge_efficiency)
    return battery_kwh + np.concatenate([[0.0], np.cumsum(stored * hours)])


def _per_kw(bounds: Array, inside: np.ndarray, rate: Array) -> Array:
    """Energy that 1 kW over the segments ``inside`` has moved by each bound, ``(n + 1,)``. [kWh/kW]"""
    return np.concatenate([[0.0], np.cumsum(np.where(inside, rate * np.diff(bounds), 0.0))])


def _lower_end(slack_kwh: Array) -> Array:
    """Lower of the values at the two bounds of each segment, ``(n,)``."""
    return np.minimum(slack_kwh[:-1], slack_kwh[1:])


def _quotient(slack_kwh: Array, per_kw: Array) -> float:
    """Largest power whose energy stays within the slack at every bound."""
    moved = per_kw > 0
    return float((slack_kwh[moved] / per_kw[moved]).min())


def _tightest(*limits: Bound) -> Bound:
    """Lowest of the limits, the first of equals; not below zero."""
    value, words = min(limits, key=lambda limit: limit[0])
    return max(value, 0.0), words
