"""What measurements must be like before a figure is drawn from them."""

import math
from collections.abc import Iterable

import numpy as np

from kpp_twin.errors import TwinError
from kpp_twin.units import Array


def not_finite(**numbers: float) -> list[str]:
    """Faults of numbers that may be of either sign, for `check_measured`."""
    return [f"{name} must be finite, not {number!r}" for name, number in numbers.items() if not math.isfinite(number)]


def check_measured(place: str, *, faults: Iterable[str] = (), **values: Array | float) -> None:
    """Refuse measurements that no figure can be drawn from; all faults in one message.

    Parameters
    ----------
    place
        The figure that was asked for.
    faults
        What the caller has found already.
    values
        By name: series, which must be finite, ``(n,)`` with one n of at least 1; and sizes, finite and positive.

    Raises
    ------
    TwinError
        There are faults.
    """
    found = list(faults)
    series = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    if len({value.shape for value in series.values()}) > 1:
        found.append("shapes differ: " + ", ".join(f"{name} {value.shape}" for name, value in series.items()))
    for name, value in values.items():
        if not isinstance(value, np.ndarray):
            if not 0 < value < math.inf:
                found.append(f"{name} must be positive, not {value!r}")
        elif value.ndim != 1 or not value.size:
            found.append(f"{name} must be one row of numbers, not of shape {value.shape}")
        elif (bad := np.flatnonzero(~np.isfinite(value))).size:
            found.append(f"{name} holds {bad.size} value(s) that are no numbers, the first at {bad[0]}")
    if found:
        raise TwinError(
            f"{len(found)} fault(s) in what was measured: " + "; ".join(found),
            place=place,
            next_step="give whole series of one length; fill or cut out what was not measured, and say so",
        )
