"""The price that a plan is to be made on."""

import numpy as np

from kpp_twin.market.inputs import refuse
from kpp_twin.units import Array


def expected_prices(quantiles: Array) -> Array:
    """Means of the distributions that quantiles tell, ``(...,)``, in their unit.

    What a plan earns is linear in the prices, so the plan of the highest expected profit is the one made on their
    means. A point forecast is nearer to the median, and prices are skewed: spikes go up at peak hours, and down at
    night.

    Parameters
    ----------
    quantiles
        ``(..., n_levels)``, rising, at the levels k / (n_levels + 1).

    Raises
    ------
    ConfigError
        No levels, values that are not finite, or quantiles that fall.
    """
    table = np.asarray(quantiles, dtype=np.float64)
    faults = []
    if not table.ndim or not table.shape[-1]:
        faults.append(f"quantiles have shape {table.shape}; (..., n_levels) is meant")
    elif not np.isfinite(table).all():
        faults.append(f"{np.count_nonzero(~np.isfinite(table))} quantiles are not finite")
    elif np.any(np.diff(table, axis=-1) < 0):
        faults.append("quantiles must rise from level to level")
    refuse(faults, place="expected prices", next_step="give the quantiles of a price forecast")
    return np.asarray(table.mean(axis=-1))
