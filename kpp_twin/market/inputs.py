"""Checks of what comes into the market's functions; all faults of a call in one message."""

from collections.abc import Sequence

import numpy as np

from kpp_twin.errors import ConfigError
from kpp_twin.records import Array


def refuse(faults: Sequence[str], *, place: str, next_step: str) -> None:
    """Raise one `ConfigError` that names all faults; nothing happens without any."""
    if faults:
        raise ConfigError(f"{len(faults)} fault(s): " + "; ".join(faults), place=place, next_step=next_step)


def broadcast(name: str, value: float | Array, n: int, faults: list[str], *, least: float = -np.inf) -> Array:
    """Finite values ``(n,)`` of a scalar or an array of that length, none below ``least``.

    Faults are added to ``faults``; zeros come back then.
    """
    array = np.asarray(value, dtype=np.float64)
    if array.shape not in ((), (n,)):
        faults.append(f"{name} has shape {array.shape}; it needs one value or {n}")
        return np.zeros(n)
    filled = np.array(np.broadcast_to(array, (n,)))
    bad = np.flatnonzero(~(np.isfinite(filled) & (filled >= least)))
    if bad.size:
        rule = "be finite" if np.isneginf(least) else f"be finite and at least {least:g}"
        faults.append(f"{name} must {rule}; it is {filled[bad[0]]} at step {bad[0]} ({bad.size} of {n} steps)")
        return np.zeros(n)
    return filled
