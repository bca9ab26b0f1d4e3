"""Names of trained forecasters by their content: equal content, equal name, on every machine."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from kpp_twin.units import Array

DIGEST_DIGITS = 10  # of 16 values each: among a million versions of one series, two share a name once in three


def content_name(
    variable: str, series: str, method: str, parameters: Mapping[str, Any], weights: Mapping[str, Array]
) -> str:
    """Name as in ``price-HB_HOUSTON-ensemble-3f9a1c2b7d``, its end a digest of everything that makes the forecaster.

    Parameters
    ----------
    parameters
        What JSON can hold; the order of its keys does not count.
    weights
        Arrays by name; each bit of their numbers counts (0 has no sign), and their shapes.

    Raises
    ------
    TypeError, ValueError
        A parameter has no place in JSON, as an object or a NaN.
    """
    head = [variable, series, method, parameters, {name: list(array.shape) for name, array in weights.items()}]
    digest = hashlib.sha256(json.dumps(head, sort_keys=True, separators=(",", ":"), allow_nan=False).encode())
    for name in sorted(weights):
        as_stored = weights[name] + 0.0  # the store knows no minus zero
        digest.update(np.ascontiguousarray(as_stored, dtype="<f8").tobytes())
    return f"{variable}-{series}-{method}-{digest.hexdigest()[:DIGEST_DIGITS]}"
