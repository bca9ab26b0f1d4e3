"""Exact dynamic programme of one store, compiled: prices and limits in, energies out.

The value of stored energy ``V_t(e)`` is piecewise linear in what is held. It is kept as the pieces that it has, each
with its left edge and its slope, so nothing is rounded to a grid: ``V_t(e) = max_z g_t(z) + V_{t+1}(e - z)``, where
``z`` is the energy taken from the store in a step and ``g_t`` what it earns (Bellman, Dynamic Programming, 1957). This
is a convolution in the max-plus algebra. Of two concave functions it only sorts the pieces of both by slope
(Rockafellar, Convex Analysis, 1970, section 16). Where a negative price pays for burning energy, ``g_t`` is concave on
either side of zero but not across it; then the value is the higher of charging and discharging.
"""

from typing import Final

import numpy as np

from kpp_twin.compiled import compiled
from kpp_twin.market.dispatch.kernel_pieces import appended, convolved, cut_into, higher
from kpp_twin.units import Array

# Pieces narrower than this share of the largest energy are rounding.
NARROW: Final = 1e-12
# Of plans that earn the same, the one that moves least energy: a cost of each unit of energy moved at the grid side.
THROUGHPUT_COST: Final = 1e-6


@compiled
def sorted_into(
    edge: Array,
    slope: Array,
    last: int,
    width: Array,
    rate: Array,
    low: float,
    high: float,
    new_edge: Array,
    new_slope: Array,
    end: Array,
    narrow: float,
) -> int:
    """Fill in the value before a step where that after it and what the step earns are concave; count of its pieces.

    Also fills in the energies ``(4,)`` at which trade at each rate ends, as energy kept is worth as much from there.
    """
    k, count = 0, 0
    shift = -width[0] - width[1]
    at = edge[0] + shift
    low, high = max(low, at), min(high, edge[last] + width[2] + width[3])
    for j in range(5):
        if j < 4 and width[j] == 0.0:  # then its rate may be out of order
            continue
        while k < last and (j == 4 or slope[k] >= rate[j]):
            to = edge[k + 1] + shift
            if to > low and at < high:
                count = appended(new_edge, new_slope, count, max(at, low), slope[k], narrow)
            at = to
            k += 1
        if j < 4:
            end[j] = edge[k]
            shift += width[j]
            to = edge[k] + shift
            if to > low and at < high:
                count = appended(new_edge, new_slope, count, max(at, low), rate[j], narrow)
            at = to
    new_edge[count] = high
    return count


@compiled
def branch(edge: Array, slope: Array, width: Array, rate: Array, narrow: float) -> tuple[Array, Array]:
    """Value when only the given ways out, of falling rates, are open."""
    for j in range(len(width)):
        if width[j] > 0.0:
            edge, slope = convolved(edge, slope, width[j], rate[j], narrow)
    return edge, slope


@compiled
def gain(out: float, width: Array, rate: Array) -> float:
    """What a step earns with so much energy taken from the store; negative where it is charged."""
    if out >= 0.0:
        return min(rate[2] * out, rate[2] * width[2] + rate[3] * (out - width[2]))
    return min(rate[1] * out, -rate[1] * width[1] + rate[0] * (out + width[1]))


@compiled
def best_end(edge: Array, slope: Array, start: float, width: Array, rate: Array, narrow: float) -> float:
    """Energy after a step that is worth most with what the step earns: at an edge, or where the step's rate changes."""
    last = len(edge) - 1
    low = max(edge[0], start - width[2] - width[3])
    high = min(edge[last], start + width[0] + width[1])
    if low >= high:
        return min(max(start, edge[0]), edge[last])
    best, best_worth, held = low, -np.inf, 0.0
    for k in range(last):
        if edge[k + 1] > low and edge[k] < high:
            for at in (max(edge[k], low), start - width[2], start, start + width[1], min(edge[k + 1], high)):
                if edge[k] <= at <= edge[k + 1] and low <= at <= high:
                    worth = held + slope[k] * (at - edge[k]) + gain(start - at, width, rate)
                    if worth > best_worth:
                        best, best_worth = at, worth
        held += slope[k] * (edge[k + 1] - edge[k])
    return start if abs(best - start) <= narrow else best


@compiled
def end_by_rates(start: float, width: Array, end: Array, narrow: float) -> float:
    """Energy after a step of concave values: from all that can be charged down, as long as each rate is worth it."""
    at = start + width[0] + width[1]
    for j in range(4):
        if width[j] > 0.0:
            lowest = at - width[j]
            at = max(min(at, end[j]), lowest)
            if at > lowest:
                break
    return start if abs(at - start) <= narrow else at


@compiled
def trades(
    short: float,
    long: float,
    sold_kwh: float,
    rise: float,
    fall: float,
    charge_efficiency: float,
    discharge_efficiency: float,
    wear: float,
    width: Array,
    rate: Array,
) -> None:
    """Fill in what a step can do, from the strongest charge to the strongest discharge.

    ``width`` is the change of what is held and ``rate`` what it earns per unit taken out: of charging past what was
    sold and up to there, and of discharging up to what was sold and past it; each ``(4,)``.
    """
    width[1] = min(max(-sold_kwh, 0.0), rise)
    width[0] = rise - width[1]
    width[2] = min(max(sold_kwh, 0.0), fall)
    width[3] = fall - width[2]
    rate[0] = (short + THROUGHPUT_COST) / charge_efficiency
    rate[1] = ((long if sold_kwh < 0.0 else short) + THROUGHPUT_COST) / charge_efficiency
    rate[2] = ((short if sold_kwh > 0.0 else long) - wear - THROUGHPUT_COST) * discharge_efficiency
    rate[3] = (long - wear - THROUGHPUT_COST) * discharge_efficiency


@compiled
def falls(width: Array, rate: Array) -> bool:
    """Whether what a step earns is concave: not where burning energy pays, by charging and discharging at once."""
    return rate[1] >= rate[2] or width[0] + width[1] == 0.0 or width[2] + width[3] == 0.0


@compiled
def before_any(edge: Array, slope: Array, width: Array, rate: Array, narrow: float) -> tuple[Array, Array]:
    """Value before a step, whatever its rates and the value after it: of charging and discharging, or the higher."""
    is_concave = falls(width, rate)
    in_edge, in_slope = branch(edge, slope, width[:2], rate[:2], narrow)
    in_edge = in_edge - (width[0] + width[1])
    if is_concave:
        edge, slope = in_edge, in_slope
    out_edge, out_slope = branch(edge, slope, width[2:], rate[2:], narrow)
    if is_concave:
        return out_edge, out_slope
    less = -(width[0] * rate[0] + width[1] * rate[1])
    return higher(in_edge, in_slope, out_edge, out_slope, less, narrow)


@compiled
def optimal_path(
    short: Array,
    long: Array,
    sold_kwh: Array,
    rise: Array,
    fall: Array,
    low: Array,
    high: Array,
    charge_efficiency: float,
    discharge_efficiency: float,
    wear: float,
    energy: Array,
) -> None:
    """Fill in the energies ``(n + 1,)`` of the plan of the highest profit; the first is given.

    Values are only kept where they or the rates of a step are not concave; else a step needs no more than where its
    trades end.

    Parameters
    ----------
    short, long
        Prices of energy below and above what was sold. ``(n,)``
    sold_kwh
        Energy to take from the store to deliver exactly what was sold. ``(n,)``
    rise, fall
        Largest changes of the energy held. ``(n,)``
    low, high
        Limits of the energy held, all of them within reach. ``(n + 1,)``
    """
    n = len(short)
    narrow = NARROW * max(high.max(), 1.0)
    width, rate, end = np.empty((n, 4)), np.empty((n, 4)), np.empty((n, 4))
    kept_from, kept_to = np.full(n, -1), np.empty(n, dtype=np.int64)
    kept_edge, kept_slope, kept = np.empty(64), np.empty(64), 0
    edge, slope, last = np.empty(64), np.empty(64), 0
    spare_edge, spare_slope = np.empty(64), np.empty(64)
    edge[0] = high[n]
    is_concave = True
    for t in range(n - 1, -1, -1):
        trades(
            short[t],
            long[t],
            sold_kwh[t],
            rise[t],
            fall[t],
            charge_efficiency,
            discharge_efficiency,
            wear,
            width[t],
            rate[t],
        )
        if is_concave and falls(width[t], rate[t]):
            if last + 6 > len(spare_edge):
                spare_edge, spare_slope = np.empty(2 * last + 6), np.empty(2 * last + 6)
            last = sorted_into(
                edge, slope, last, width[t], rate[t], low[t], high[t], spare_edge, spare_slope, end[t], narrow
            )
            edge, slope, spare_edge, spare_slope = spare_edge, spare_slope, edge, slope
        else:
            if kept + last + 1 > len(kept_edge):
                more = np.empty(kept + last + 1)
                kept_edge, kept_slope = np.concatenate((kept_edge, more)), np.concatenate((kept_slope, more))
            kept_from[t], kept_to[t] = kept, kept + last
            kept_edge[kept : kept + last + 1], kept_slope[kept : kept + last] = edge[: last + 1], slope[:last]
            kept += last + 1
            any_edge, any_slope = before_any(edge[: last + 1], slope[:last], width[t], rate[t], narrow)
            edge, slope = np.empty(len(any_edge) + 6), np.empty(len(any_edge) + 6)
            last = cut_into(any_edge, any_slope, low[t], high[t], edge, slope, narrow)
            is_concave = bool(np.all(slope[1:last] <= slope[: max(last - 1, 0)]))
    for t in range(n):
        if kept_from[t] < 0:
            energy[t + 1] = end_by_rates(energy[t], width[t], end[t], narrow)
        else:
            edge, slope = kept_edge[kept_from[t] : kept_to[t] + 1], kept_slope[kept_from[t] : kept_to[t]]
            energy[t + 1] = best_end(edge, slope, energy[t], width[t], rate[t], narrow)


@compiled
def ease(low: Array, high: Array, rise: Array, fall: Array, energy: float, target: float) -> None:
    """Ease limits ``(n + 1,)`` in place to the nearest that can be reached where they cannot be met.

    What can be reached is an interval at every step, and every point of it lies on a feasible path.
    """
    n = len(rise)
    low[0] = high[0] = energy
    for t in range(n):
        most, least = high[t] + rise[t], low[t] - fall[t]
        low[t + 1] = min(max(low[t + 1], least), most)
        high[t + 1] = max(min(high[t + 1], most), least)
    low[n] = high[n] = min(max(target, low[n]), high[n])


@compiled
def optimal_paths(
    short: Array,
    long: Array,
    sold_kwh: Array,
    rise: Array,
    fall: Array,
    low: Array,
    high: Array,
    target: Array,
    charge_efficiency: float,
    discharge_efficiency: float,
    wear: float,
    energy: Array,
) -> None:
    """Fill in the energies of ``m`` separate plans, ``(m, n + 1)``; the first of each is given.

    Parameters
    ----------
    short, long
        Prices of each plan, ``(m, n)``; otherwise as in `optimal_path`.
    low, high
        Limits of the energy held, ``(m, n + 1)``. Eased in place where they are out of reach.
    target
        Energy at the end, ``(m,)``.
    """
    for row in range(len(short)):
        ease(low[row], high[row], rise, fall, energy[row, 0], target[row])
        optimal_path(
            short[row],
            long[row],
            sold_kwh,
            rise,
            fall,
            low[row],
            high[row],
            charge_efficiency,
            discharge_efficiency,
            wear,
            energy[row],
        )
