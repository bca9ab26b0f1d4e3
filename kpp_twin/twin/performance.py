"""How well each service was delivered in an hour, measured on the simulated seconds."""

import math

import numpy as np
import numpy.typing as npt

from kpp_twin.coordination.performance import accuracy
from kpp_twin.operation import ServicePerformance
from kpp_twin.records import Array
from kpp_twin.units import SECONDS_PER_HOUR

# The share of a step at which it counts as made.
REACHED = 0.9


def mean_response_time_s(target: Array, end_power: Array, first_power: float, least_step: float) -> float | None:
    """Mean time to 90 % of the steps of a target, measured on the power at the end of each second.

    A step is a change of the target by at least ``least_step`` from the power then, to a value that is held until the
    power has reached 90 %; others do not count. Between two seconds the power is taken as a first-order lag, whose
    time constant is measured from where it stood at both.

    Parameters
    ----------
    target
        Held through each second, ``(n,)``.
    end_power
        Measured at the end of each second, ``(n,)``.
    first_power
        Measured before the first.
    """
    before = np.concatenate([[first_power], end_power[:-1]])
    changed = np.concatenate([[True], np.diff(target) != 0])
    times = []
    asked = np.abs(target - before)
    for start in np.flatnonzero(changed & (asked >= least_step) & (asked > 0)):
        step = target[start] - before[start]
        for second in range(start, len(target)):
            if abs(target[second] - target[start]) > (1 - REACHED) / 2 * abs(step):
                break
            if (end_power[second] - before[start]) / step >= REACHED:
                times.append(second - start + _crossing_s(target[second], before[second], end_power[second], step))
                break
    return float(np.mean(times)) if times else None


def _crossing_s(target: float, before: float, after: float, step: float) -> float:
    """Time within a second at which a first-order lag is within a tenth of the step of its target."""
    gap_before, gap_after = abs(target - before), abs(target - after)
    wanted = (1 - REACHED) * abs(step)
    if gap_before <= wanted:
        return 0.0
    if gap_after == 0:
        return 0.0  # arrived so exactly that a second cannot tell when
    return math.log(gap_before / wanted) / math.log(gap_before / gap_after)


def tracked(
    service: str,
    *,
    committed: float,
    requested: Array,
    delivered: Array,
    ready: npt.NDArray[np.bool_],
    response_time_s: float | None,
) -> ServicePerformance:
    """Performance of a service that follows a request by the second; all arrays ``(n,)``, in kW or kvar.

    Parameters
    ----------
    ready
        Truth by second: whether the service was deliverable; its mean is the uptime.
    """
    if committed == 0:
        return unused(service)
    return ServicePerformance(
        service=service,
        committed=committed,
        uptime=float(np.mean(ready)) if len(ready) else None,
        response_time_s=response_time_s,
        accuracy=accuracy(requested, delivered),
        requested_kwh=float(np.sum(np.abs(requested))) / SECONDS_PER_HOUR,
        delivered_kwh=float(np.sum(np.abs(delivered))) / SECONDS_PER_HOUR,
    )


def unused(service: str) -> ServicePerformance:
    """Performance of a service that nobody committed or asked for."""
    return ServicePerformance(
        service=service,
        committed=0.0,
        uptime=None,
        response_time_s=None,
        accuracy=None,
        requested_kwh=0.0,
        delivered_kwh=0.0,
    )
