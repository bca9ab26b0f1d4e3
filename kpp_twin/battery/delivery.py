"""How a service was delivered, measured: response time, error beside the band, time on the trajectory, neutrality."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from kpp_twin.battery.inputs import check_measured, not_finite
from kpp_twin.units import SECONDS_PER_HOUR, Array

RESPONDED = 0.9
"""Share of a step at which it counts as answered."""
FALL_BACK = 0.05
"""By how much of the step the power may fall back afterwards."""
FULL_PAY_ERROR = 0.03
NO_PAY_ERROR = 0.07
# Rounding of a power at the very edge of a band is no error. [share of what is contracted]
ROUNDING = 1e-9


def response_time_s(
    time_s: Array, power_kw: Array, *, trigger_s: float, before_kw: float, requested_kw: float
) -> float | None:
    """Time t90 from the trigger until the power is at 90 % of the requested step and stays there; none if never. [s]

    It stays there if it never falls back by more than 5 % of the step until the end of the trace. Between samples, and
    from the trigger to the first one after it, the power is taken as linear: coarse samples give coarse times.

    Parameters
    ----------
    time_s, power_kw
        When was measured, rising, and what, ``(n,)``. Samples up to the trigger are not looked at.
    trigger_s
        When the step was due, time-stamped where the power is measured.
    before_kw, requested_kw
        Power before the step, and asked for after it.

    Raises
    ------
    TwinError
        There is no step, times do not rise, or values are no numbers.
    """
    faults = not_finite(trigger_s=trigger_s, before_kw=before_kw, requested_kw=requested_kw)
    if not np.all(np.diff(time_s) > 0):
        faults.append("time_s must rise")
    if requested_kw == before_kw:
        faults.append(f"no step is requested: {requested_kw!r} kW before and after")
    check_measured("response time", faults=faults, time_s=time_s, power_kw=power_kw)
    later = time_s > trigger_s
    elapsed = np.concatenate([[0.0], time_s[later] - trigger_s])
    made = np.concatenate([[0.0], (power_kw[later] - before_kw) / (requested_kw - before_kw)])
    kept_from = int(np.flatnonzero(made < RESPONDED - FALL_BACK)[-1]) + 1
    reached = np.flatnonzero(made[kept_from:] >= RESPONDED)
    if not len(reached):
        return None
    first = kept_from + int(reached[0])
    share = (RESPONDED - made[first - 1]) / (made[first] - made[first - 1])
    return float(elapsed[first - 1] + share * (elapsed[first] - elapsed[first - 1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseTimes:
    """Response times of many activations; figures are of those that were answered, none if there was none. [s]

    Attributes
    ----------
    activations
        All.
    failures
        Those that never reached 90 %; they are in no other figure.
    """

    activations: int
    failures: int
    mean_s: float | None
    median_s: float | None
    p95_s: float | None
    longest_s: float | None


def response_times(times_s: Sequence[float | None]) -> ResponseTimes:
    """Sum up response times, none for an activation that was never answered.

    Raises
    ------
    TwinError
        A time is no number.
    """
    answered = np.array([time for time in times_s if time is not None])
    count = {"activations": len(times_s), "failures": len(times_s) - len(answered)}
    if not len(answered):
        return ResponseTimes(**count, mean_s=None, median_s=None, p95_s=None, longest_s=None)
    check_measured("response times", times_s=answered)
    median, p95 = np.percentile(answered, [50, 95])
    return ResponseTimes(
        **count,
        mean_s=float(answered.mean()),
        median_s=float(median),
        p95_s=float(p95),
        longest_s=float(answered.max()),
    )


def band_error(
    delivered_kw: Array, expected_kw: Array, *, contracted_kw: float, memory_s: float, step_s: float
) -> Array:
    """Power beside the band of a dynamic response, such as Dynamic Containment: ``(n,)``. [share of contracted]

    The band at each step lies between the least and the most that the frequencies of the last ``memory_s`` asked for:
    within it no error is made, and too much is an error as well as too little.

    Source: the practice of Great Britain's system operator, from recollection and not verified; its terms also say
    which measure of the errors of a settlement period is paid by (see `k_factor`).

    Parameters
    ----------
    delivered_kw
        Response measured, without the baseline, ``(n,)``.
    expected_kw
        Response that the curve of the product asks for at the frequency of each step, ``(n,)``.
    memory_s
        How long an earlier frequency may still be answered; the time within which the product must respond.

    Raises
    ------
    TwinError
        Series do not fit or hold NaN, or a size is not positive.
    """
    check_measured(
        "band error",
        delivered_kw=delivered_kw,
        expected_kw=expected_kw,
        contracted_kw=contracted_kw,
        memory_s=memory_s,
        step_s=step_s,
    )
    remembered = int(memory_s / step_s + ROUNDING)
    recent = sliding_window_view(np.pad(expected_kw, (remembered, 0), mode="edge"), remembered + 1)
    beside = np.maximum(recent.min(axis=1) - delivered_kw, delivered_kw - recent.max(axis=1))
    return np.maximum(beside, 0.0) / contracted_kw


def k_factor(error: Array, *, full_until: float = FULL_PAY_ERROR, none_from: float = NO_PAY_ERROR) -> Array:
    """Share of the availability payment that an error leaves: 1 up to one error, 0 from another, linear between.

    Source: Dynamic Containment of Great Britain, from recollection and not verified: full pay up to 3 %, none from 7 %.

    Parameters
    ----------
    error
        As `band_error` gives, one for each period that is paid, ``(n,)``.

    Raises
    ------
    TwinError
        An error is negative or no number, or the limits do not rise.
    """
    faults = [] if 0 <= full_until < none_from else [f"0 <= {full_until!r} < {none_from!r} must hold for the limits"]
    if np.any(error < 0):
        faults.append("an error is negative")
    check_measured("K-factor", faults=faults, error=error)
    return np.clip((none_from - error) / (none_from - full_until), 0.0, 1.0)


def time_on_trajectory(
    delivered_kw: Array, setpoint_kw: Array, *, contracted_kw: float, band_share: float = 0.05
) -> float:
    """Share of time in which a delivery keeps to the trajectory of its setpoint, as aFRR is measured. [fraction]

    Source: practice of Continental Europe, from recollection; the band differs by country, so it is a parameter.

    Parameters
    ----------
    delivered_kw, setpoint_kw
        By steps of one length, ``(n,)``; the setpoint with the ramp that is allowed.
    band_share
        Half width of the band. [share of contracted]

    Raises
    ------
    TwinError
        Series do not fit or hold NaN, or a size is not positive.
    """
    check_measured(
        "time on trajectory",
        delivered_kw=delivered_kw,
        setpoint_kw=setpoint_kw,
        contracted_kw=contracted_kw,
        band_share=band_share,
    )
    return float(np.mean(np.abs(delivered_kw - setpoint_kw) <= (band_share + ROUNDING) * contracted_kw))


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyNeutrality:
    """What a response took from the store on balance.

    Attributes
    ----------
    net_kwh
        Delivered to the grid less taken from it, at the grid side.
    throughput_kwh
        Delivered and taken together.
    net_share
        Net over throughput, in [-1, 1]: 0 is neutral; none where nothing moved.
    """

    net_kwh: float
    throughput_kwh: float
    net_share: float | None


def energy_neutrality(power_kw: Array, *, step_s: float) -> EnergyNeutrality:
    """Balance of a response ``(n,)`` of mean powers over steps of one length.

    Raises
    ------
    TwinError
        A power is no number, or the step is not positive.
    """
    check_measured("energy neutrality", power_kw=power_kw, step_s=step_s)
    hours = step_s / SECONDS_PER_HOUR
    net, throughput = float(np.sum(power_kw)) * hours, float(np.sum(np.abs(power_kw))) * hours
    return EnergyNeutrality(
        net_kwh=net, throughput_kwh=throughput, net_share=net / throughput if throughput > 0 else None
    )
