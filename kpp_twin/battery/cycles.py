"""Charge and discharge cycles in a series of states of charge: rainflow counting.

Source: ASTM E1049-85 (2017), section 5.4.4, as the package `rainflow` counts.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import rainflow

from kpp_twin.errors import TwinError
from kpp_twin.units import Array

Indices = npt.NDArray[np.intp]

HALF_CYCLE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycles:
    """Cycles of a series in the order in which they close, each array ``(cycles,)``.

    The last `n_open` of them are half cycles that later values may still lengthen or pair. They hang together, each
    shorter than the one before. To go on counting, put the values at `residue` before the later values: the closed
    cycles of all parts and the open ones of the last part are then the cycles of the whole series.

    Attributes
    ----------
    ranges
        Difference between peak and valley: the depth of discharge. [unit of the series]
    means
        Middle between peak and valley. [unit of the series]
    counts
        1 for a full cycle, 0.5 for a half cycle.
    first, last
        Indices of the two turning points in the series; of equal values, the last one.
    """

    ranges: Array
    means: Array
    counts: Array
    first: Indices
    last: Indices

    @property
    def n_open(self) -> int:
        """Number of half cycles at the end that are still open."""
        # Half cycles that have closed grow up to the first open one; open ones shrink. The last largest parts them.
        halves = self.ranges[self.counts == HALF_CYCLE]
        return int(np.argmax(halves[::-1])) + 1

    @property
    def residue(self) -> Indices:
        """Indices of the turning points of the open half cycles, ``(n_open + 1,)``; the last is the series' last."""
        n_open = self.n_open
        return np.append(self.first[-n_open], self.last[-n_open:])

    @property
    def equivalent_full_cycles(self) -> float:
        """Sum of counts times ranges; half of all that the series moves up and down."""
        return float(self.counts @ self.ranges)

    def counts_by_range(self, digits: int = 9) -> dict[float, float]:
        """Sum of counts of each range, smallest first; ranges that differ by less than the digits are one."""
        ranges, member = np.unique(np.round(self.ranges, digits), return_inverse=True)
        return dict(zip(ranges.tolist(), np.bincount(member, weights=self.counts).tolist(), strict=True))


def turning_points(series: Array) -> Indices:
    """Indices of the first value, of all peaks and valleys, and of the last value; of equal values, the last one."""
    steps = np.diff(series)
    moving = np.flatnonzero(steps)
    rising = steps[moving] > 0
    return np.concatenate(([0], moving[1:][rising[1:] != rising[:-1]], [len(series) - 1]))


def rainflow_cycles(series: Array) -> Cycles:
    """Count the cycles of a series, ``(n,)`` of at least two values.

    Raises
    ------
    TwinError
        The series is too short, has more than one dimension, or a value is no finite number.
    """
    if series.ndim != 1 or len(series) < 2 or not np.isfinite(series).all():
        raise TwinError(
            f"cannot count cycles of {np.count_nonzero(~np.isfinite(series))} not finite of {series.shape} values",
            place="rainflow_cycles",
            next_step="give one series of at least two finite values",
        )
    points = turning_points(series)
    # The package finds nothing between two points alone: the last one goes in twice, which adds no cycle.
    points = np.append(points, points[-1])
    found = np.array(list(rainflow.extract_cycles(series[points].tolist())))
    return Cycles(
        ranges=found[:, 0],
        means=found[:, 1],
        counts=found[:, 2],
        first=points[found[:, 3].astype(np.intp)],
        last=points[found[:, 4].astype(np.intp)],
    )
