"""Path of an autoregressive process, compiled."""

import numpy as np

from kpp_twin.compiled import compiled
from kpp_twin.units import Array


@compiled
def autoregressive_path(shocks: Array, first: float, keeps: float) -> Array:
    """Values of ``x[i + 1] = keeps x[i] + shocks[i]`` from the first on: ``(n + 1,)`` of ``(n,)`` shocks."""
    path = np.empty(len(shocks) + 1)
    path[0] = first
    for step in range(len(shocks)):
        path[step + 1] = keeps * path[step] + shocks[step]
    return path
