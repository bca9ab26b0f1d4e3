"""A ridge regression whose trained numbers are plain arrays.

The target is bounded: ``asinh((value - center) / scale)`` by the level of the last 28 days as known at the issue, so
that a season or a price spike does not outweigh the rest. Where a series has regimes, the level follows a change within
a day. Squared errors are weighted down by their size a few times over (iteratively reweighted least squares), which
brings the fit near the median. After training, a forecast is one product of a matrix and a vector: no code but numpy
runs, and nothing is unpickled.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kpp_twin.records import Array
from kpp_twin.units import HOURS_PER_DAY
from models.features import NAMES, Inputs
from models.naive import LEVELS, N_QUANTILES

RECIPE = "ridge-1"
ALPHA = 30.0  # penalty on coefficients of features of unit spread
REWEIGHTINGS = 3
LEAST_ERROR = 0.3  # smaller errors weigh alike [scales of the level]
LARGEST_BOUNDED = 12.0  # asinh of 80,000 scales: no forecast goes beyond

HEADS = ("day_ahead", "hours_ahead")
LEAD_HOURS = 24
SHAPES: Mapping[str, tuple[int, ...]] = {
    "coefficients": (len(NAMES) + 1,),
    "errors": (HOURS_PER_DAY, N_QUANTILES),
    "spread": (LEAD_HOURS,),
}


class WeightsError(ValueError):
    """Stored numbers do not make the forecaster that they say they are; all faults in one message."""


class MissingInputError(ValueError):
    """Too little is known at the issue for some interval."""


def fit(features: Array, target: Array, weights: Array) -> Array:
    """Coefficients of the bounded target and, last, the intercept: ``(n_features + 1,)``.

    Parameters
    ----------
    features, target, weights
        ``(n, n_features)``, ``(n,)``, ``(n,)``, all finite.
    """
    from sklearn.linear_model import Ridge

    spread = features.std(axis=0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    model = Ridge(alpha=ALPHA, solver="cholesky")
    reweighted = weights
    even = features / spread
    for _ in range(REWEIGHTINGS + 1):
        model.fit(even, target, sample_weight=reweighted)
        error = np.abs(target - model.predict(even))
        reweighted = weights * LEAST_ERROR / np.maximum(error, LEAST_ERROR)
    return np.append(model.coef_ / spread, model.intercept_)


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
    table = np.zeros(SHAPES["errors"])
    for row in range(HOURS_PER_DAY):
        beside = np.isin(hour, [(row - 1) % HOURS_PER_DAY, row, (row + 1) % HOURS_PER_DAY])
        near = errors[finite & beside]
        table[row] = np.quantile(near if len(near) else errors[finite], LEVELS, method="weibull")
    return table


def forecast(weights: Mapping[str, Array], head: str, known: Inputs, targets: pd.DatetimeIndex) -> tuple[Array, Array]:
    """Point ``(n,)`` and quantiles ``(n, 19)``, rising along the second axis.

    Raises
    ------
    MissingInputError
        Too little is known of some interval.
    """
    values = predict(weights[f"{head}.coefficients"], known)
    missing = np.flatnonzero(~np.isfinite(values))
    if len(missing):
        raise MissingInputError(
            f"too little is known at the issue for {len(missing)} of {len(values)} intervals from "
            f"{targets[missing[0]]:%Y-%m-%dT%H:%MZ}: a ridge forecast needs a week of values in the last four, "
            "and one at the same time on an earlier day of the same name"
        )
    width = known.scale * weights[f"{head}.spread"][lead_hour(known)]
    return values, values[:, None] + width[:, None] * weights[f"{head}.errors"][known.hour]


def check(weights: Mapping[str, Array], parameters: Mapping[str, Any], heads: tuple[str, ...]) -> None:
    """Make sure that stored numbers rebuild a forecaster.

    Raises
    ------
    WeightsError
        Another recipe or other features, or an array that is missing, surplus, misshapen or not finite.
    """
    faults = []
    if parameters.get("recipe") != RECIPE:
        faults.append(f"recipe is {parameters.get('recipe')!r}, known is {RECIPE!r}")
    if list(parameters.get("features", ())) != list(NAMES):
        faults.append("features are not those of this recipe")
    expected = {f"{head}.{name}": shape for head in heads for name, shape in SHAPES.items()}
    faults += [f"{name} is missing" for name in expected if name not in weights]
    present = {name: np.asarray(weights[name]) for name in expected if name in weights}
    faults += [f"{name} {fault}" for name, array in present.items() if (fault := _fault(name, array, expected[name]))]
    faults += [f"{name} is not known" for name in sorted(set(weights) - set(expected))]
    if faults:
        raise WeightsError(f"{len(faults)} fault(s) in the weights: " + "; ".join(faults))


def _fault(name: str, array: npt.NDArray[Any], shape: tuple[int, ...]) -> str:
    """What is wrong with one array; nothing if it is sound."""
    if array.dtype != np.float64:
        return f"is {array.dtype}, not float64"
    if array.shape != shape:
        return f"has the shape {array.shape}, not {shape}"
    if not np.isfinite(array).all():
        return f"has {int((~np.isfinite(array)).sum())} number(s) that are not finite"
    if name.endswith(".errors") and (np.diff(array, axis=1) < 0).any():
        return "does not rise along its levels"
    if name.endswith(".spread") and (array <= 0).any():
        return "must be positive"
    return ""
