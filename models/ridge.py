"""A ridge regression whose trained numbers are plain arrays.

The target is bounded: ``asinh((value - center) / scale)`` by the level of the last 28 days as known at the issue, so
that a season or a price spike does not outweigh the rest. Where a series has regimes, the level follows a change within
a day. Squared errors are weighted down by their size a few times over (iteratively reweighted least squares), which
brings the fit near the median. After training, a forecast is one product of a matrix and a vector: no code but numpy
runs, and nothing is unpickled.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from kpp_twin.records import Array
from kpp_twin.units import HOURS_PER_DAY
from models.errors import MissingInputError
from models.features import Inputs

ALPHA = 30.0  # penalty on coefficients of features of unit spread
REWEIGHTINGS = 3
LEAST_ERROR = 0.3  # smaller errors weigh alike [scales of the level]
LARGEST_BOUNDED = 12.0  # asinh of 80,000 scales: no forecast goes beyond

LEAD_HOURS = 24
LEVELS = np.arange(1, 20) / 20  # issued every hour, and kept: more would make the history several times as large


def fit(features: Array, target: Array, weights: Array) -> Array:
    """Coefficients of the bounded target and, last, the intercept: ``(n_features + 1,)``.

    Parameters
    ----------
    features, target, weights
        ``(n, n_features)``, ``(n,)``, ``(n,)``, all finite.
    """
    spread = features.std(axis=0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    even = features / spread
    reweighted = weights
    for _ in range(REWEIGHTINGS + 1):
        share = reweighted / reweighted.sum()
        center, usual = share @ even, float(share @ target)
        moved = (even - center) * reweighted[:, None]
        penalised = moved.T @ even + ALPHA * np.eye(even.shape[1])
        slopes = np.linalg.solve(penalised, moved.T @ (target - usual))
        intercept = usual - float(center @ slopes)
        error = np.abs(target - even @ slopes - intercept)
        reweighted = weights * LEAST_ERROR / np.maximum(error, LEAST_ERROR)
    return np.append(slopes / spread, intercept)


def bounded(values: Array, known: Inputs) -> Array:
    """Values on the scale of the fit, ``(n,)``."""
    return np.arcsinh((values - known.center) / known.scale)


def predict(coefficients: Array, known: Inputs) -> Array:
    """Point forecast ``(n,)``, NaN where too little is known."""
    at = known.features @ coefficients[:-1] + coefficients[-1]
    return known.center + known.scale * np.sinh(np.clip(at, -LARGEST_BOUNDED, LARGEST_BOUNDED))


def lead_hour(known: Inputs) -> npt.NDArray[np.int64]:
    """Row of `spread` of each target."""
    return np.minimum(known.lead_hours, LEAD_HOURS - 1).astype(np.int64)


def spread_of(errors: Array, lead: npt.NDArray[np.int64]) -> Array:
    """Mean absolute error by hours of lead against that of all, ``(24,)``; 1 where nothing was judged."""
    size = np.abs(errors)
    overall = float(np.nanmean(size))
    means = [size[(lead == hour) & np.isfinite(size)] for hour in range(LEAD_HOURS)]
    return np.array([float(m.mean()) / overall if len(m) and overall > 0 and m.any() else 1.0 for m in means])


def error_table(errors: Array, hour: npt.NDArray[np.int64]) -> Array:
    """Quantiles of the errors by local hour, ``(24, 19)``; an hour without errors takes those of all hours.

    The hours beside it count too. A rank among n stands for the level rank / (n + 1): with few errors the outer
    quantiles lie at the outermost ones (Weibull, 1939).
    """
    finite = np.isfinite(errors)
    table = np.zeros((HOURS_PER_DAY, len(LEVELS)))
    for row in range(HOURS_PER_DAY):
        beside = np.isin(hour, [(row - 1) % HOURS_PER_DAY, row, (row + 1) % HOURS_PER_DAY])
        near = errors[finite & beside]
        table[row] = np.quantile(near if len(near) else errors[finite], LEVELS, method="weibull")
    return table


def forecast(weights: Mapping[str, Array], known: Inputs, targets: pd.DatetimeIndex) -> tuple[Array, Array]:
    """Point ``(n,)`` and quantiles ``(n, 19)``, rising along the second axis.

    Raises
    ------
    MissingInputError
        Too little is known of some interval.
    """
    values = predict(weights["coefficients"], known)
    missing = np.flatnonzero(~np.isfinite(values))
    if len(missing):
        raise MissingInputError(
            f"too little is known at the issue for {len(missing)} of {len(values)} intervals from "
            f"{targets[missing[0]]:%Y-%m-%dT%H:%MZ}: a ridge forecast needs a week of values in the last four, "
            "and one at the same time on an earlier day of the same name"
        )
    width = known.scale * weights["spread"][lead_hour(known)]
    return values, values[:, None] + width[:, None] * weights["errors"][known.hour]
