"""Alarms where a forecaster no longer errs as it used to: larger errors, errors to one side, or bands too narrow.

Each is a cumulative sum of what a day shows beyond an allowance, which never falls below 0; it alarms at its limit, and
begins anew (Page, 1954). An alarm asks for a full refit. Days weigh alike however many intervals they have, since the
errors of one day hang together, and no day alarms alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kpp_twin.units import Array

# Allowances are half the change that is to be found, as is best for a sum of normal values. Limits are of simulated
# stationary years whose days are as autocorrelated as those of price forecasts: at most an alarm in two years.
GREATER = 2.0  # a change of the mean absolute error that is found, as a factor
SIZE_ALLOWANCE = 0.5 * float(np.log(GREATER))
SIZE_LIMIT = 4.0
MOST_SIZE = 1.5  # of the logarithm of a day's size: one day of spikes is no drift
LEAST_SIZE = 0.05  # smaller days are alike [usual errors]
FIRST_REFERENCE_DAYS = 14  # before the size of a day is judged by those before
REFERENCE_GAP_DAYS = 14  # the days being judged are not what they are judged by
BIAS_ALLOWANCE = 0.5
BIAS_LIMIT = 6.0
MOST_BIAS = 2.0  # of a day's mean error
NOMINAL = 0.9
COVERAGE_ALLOWANCE = 0.1
COVERAGE_LIMIT = 1.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One alarm.

    Attributes
    ----------
    kind
        ``size`` of the errors, their ``bias``, or the ``coverage`` of the 90 % band.
    day_index
        Day after which it is raised.
    statistic
        The sum, negative where forecasts are too high.
    limit
        What its size has reached.
    """

    kind: Literal["size", "bias", "coverage"]
    day_index: int
    statistic: float
    limit: float


def drift_alarms(standardised_errors: Array, covered: Array) -> tuple[Alarm, ...]:
    """Every alarm of a history, in the order of its days.

    Parameters
    ----------
    standardised_errors
        Actual minus forecast, over how large errors are expected to be, ``(n_days, n_slots)``; NaN where there is none.
    covered
        Whether the 90 % band held the actual value, 0 or 1, ``(n_days, n_slots)``; NaN where that is not known.
    """
    bias = np.clip(_daily_mean(standardised_errors), -MOST_BIAS, MOST_BIAS)
    alarms = [
        *_alarms("bias", bias - BIAS_ALLOWANCE, BIAS_LIMIT),
        *_alarms("bias", -bias - BIAS_ALLOWANCE, BIAS_LIMIT, sign=-1),
        *_alarms("coverage", NOMINAL - _daily_mean(covered) - COVERAGE_ALLOWANCE, COVERAGE_LIMIT),
        *_size_alarms(np.log(np.maximum(_daily_mean(np.abs(standardised_errors)), LEAST_SIZE))),
    ]
    return tuple(sorted(alarms, key=lambda alarm: alarm.day_index))


def _alarms(kind: Literal["bias", "coverage"], steps: Array, limit: float, sign: int = 1) -> Iterator[Alarm]:
    """Alarms of the sum of the daily steps, ``(n_days,)``; a day without one changes nothing."""
    total = 0.0
    for day, step in enumerate(np.nan_to_num(steps)):
        total = max(0.0, total + float(step))
        if total >= limit:
            yield Alarm(kind=kind, day_index=day, statistic=sign * total, limit=limit)
            total = 0.0


def _size_alarms(size: Array) -> Iterator[Alarm]:
    """Alarms of the daily sizes as logarithms, ``(n_days,)``, each by those before it since the last alarm."""
    total, start = 0.0, 0
    for day in range(len(size)):
        before = size[start : max(start, day - REFERENCE_GAP_DAYS)]
        before = before[np.isfinite(before)]
        if len(before) < FIRST_REFERENCE_DAYS or not np.isfinite(size[day]):
            continue
        greater = np.clip(size[day] - before.mean(), -MOST_SIZE, MOST_SIZE)
        total = max(0.0, total + float(greater) - SIZE_ALLOWANCE)
        if total >= SIZE_LIMIT:
            yield Alarm(kind="size", day_index=day, statistic=total, limit=SIZE_LIMIT)
            total, start = 0.0, day + 1


def _daily_mean(values: Array) -> Array:
    """Mean of what is known of each day, ``(n_days,)``; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)
