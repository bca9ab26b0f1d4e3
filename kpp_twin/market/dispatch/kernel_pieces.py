"""Piecewise linear functions, compiled: cut, the higher of two, and their worth when something may be taken out.

A function is kept as the pieces that it has: their edges ``(n + 1,)`` and slopes ``(n,)``, so nothing is rounded to a
grid. Only differences of its values count, and slopes are handed on as they came, so equal ones are equal to the bit.
"""

import numpy as np

from kpp_twin.compiled import compiled
from kpp_twin.units import Array


@compiled
def appended(edge: Array, slope: Array, count: int, at: float, rate: float, narrow: float) -> int:
    """Count of pieces after one more that begins at an edge: slivers go, and pieces of one slope are one."""
    if count > 0 and at - edge[count - 1] <= narrow:
        count -= 1
        at = edge[count]
    if count > 0 and slope[count - 1] == rate:
        return count
    edge[count] = at
    slope[count] = rate
    return count + 1


@compiled
def append_highest(
    edge: Array, slope: Array, count: int, left: float, right: float, value: Array, rate: Array, narrow: float
) -> int:
    """Count of pieces after the upper envelope of three lines from left to right; ``value`` is theirs at the left."""
    top = 0
    for line in range(1, 3):
        if value[line] > value[top] or (value[line] == value[top] and rate[line] > rate[top]):
            top = line
    at = left
    while True:
        count = appended(edge, slope, count, at, rate[top], narrow)
        crossing, upper = right, -1
        for line in range(3):
            if rate[line] > rate[top] and value[line] > -np.inf:
                meets = max(left + (value[top] - value[line]) / (rate[line] - rate[top]), at)
                if meets < crossing:
                    crossing, upper = meets, line
        if upper < 0:
            return count
        at, top = crossing, upper


@compiled
def convolved(edge: Array, slope: Array, width: float, rate: float, narrow: float) -> tuple[Array, Array]:
    """Value when up to ``width`` may be taken out at ``rate``: the largest ``V(y) + rate (e - y)``, ``y`` in reach.

    The largest lies at the near end of the reach, at its far end, or at an edge between; all three are lines between
    the events at which an end of the reach passes an edge.
    """
    last = len(edge) - 1
    held = np.empty(last + 1)
    held[0] = 0.0
    for k in range(last):
        held[k + 1] = held[k] + slope[k] * (edge[k + 1] - edge[k])
    new_edge, new_slope = np.empty(6 * last + 8), np.empty(6 * last + 8)
    value, rates = np.empty(3), np.empty(3)
    inside = np.empty(last + 1, dtype=np.int64)  # edges within reach that may become the best, by falling worth
    inside[0] = 0
    first, stop = 0, 1
    near, far, count = 0, -1, 0  # pieces in which the ends of the reach lie
    at = edge[0]
    end = edge[last] + width
    while True:
        is_near = near < last and edge[near + 1] <= edge[far + 1] + width
        to = edge[near + 1] if is_near else edge[far + 1] + width
        if to > at:
            value[:] = -np.inf
            if near < last:
                value[0], rates[0] = held[near] + slope[near] * (at - edge[near]), slope[near]
            if far >= 0:
                value[1] = held[far] + slope[far] * (at - width - edge[far]) + rate * width
                rates[1] = slope[far]
            if first < stop:
                best = inside[first]
                value[2], rates[2] = held[best] + rate * (at - edge[best]), rate
            count = append_highest(new_edge, new_slope, count, at, to, value, rates, narrow)
            at = to
        if is_near:
            near += 1
            worth = held[near] - rate * edge[near]
            while stop > first and held[inside[stop - 1]] - rate * edge[inside[stop - 1]] <= worth:
                stop -= 1
            inside[stop] = near
            stop += 1
        else:
            far += 1
            if far == last:
                break
            if first < stop and inside[first] == far:
                first += 1
    new_edge[count] = end
    return new_edge[: count + 1], new_slope[:count]


@compiled
def higher(
    one_edge: Array, one_slope: Array, other_edge: Array, other_slope: Array, one_less: float, narrow: float
) -> tuple[Array, Array]:
    """The higher of two values of which the other begins and ends later; both are continuous where they overlap.

    ``one_less`` is the value of the first at its left edge less that of the other at its own.
    """
    one_last, other_last = len(one_edge) - 1, len(other_edge) - 1
    edge, slope = np.empty(3 * (one_last + other_last) + 6), np.empty(3 * (one_last + other_last) + 6)
    value, rates = np.full(3, -np.inf), np.zeros(3)
    one_value, other_value = one_less, 0.0
    i, j, count = 0, -1, 0
    at = one_edge[0]
    while i < one_last or j < other_last:
        is_one = i < one_last and (j == other_last or one_edge[i + 1] <= other_edge[j + 1])
        to = one_edge[i + 1] if is_one else other_edge[j + 1]
        value[:2] = -np.inf
        if i < one_last:
            value[0], rates[0] = one_value, one_slope[i]
        if 0 <= j < other_last:
            value[1], rates[1] = other_value, other_slope[j]
        if to > at and max(value[0], value[1]) > -np.inf:
            count = append_highest(edge, slope, count, at, to, value, rates, narrow)
        if i < one_last:
            one_value += one_slope[i] * (to - at)
        if 0 <= j < other_last:
            other_value += other_slope[j] * (to - at)
        at = to
        if is_one:
            i += 1
        else:
            j += 1
    edge[count] = at
    return edge[: count + 1], slope[:count]


@compiled
def cut_into(
    edge: Array, slope: Array, low: float, high: float, new_edge: Array, new_slope: Array, narrow: float
) -> int:
    """Fill in what of a value lies within limits; count of its pieces."""
    last = len(edge) - 1
    low, high = max(low, edge[0]), min(high, edge[last])
    count = 0
    for k in range(last):
        if min(edge[k + 1], high) > max(edge[k], low):
            count = appended(new_edge, new_slope, count, max(edge[k], low), slope[k], narrow)
    new_edge[count] = high
    return count
