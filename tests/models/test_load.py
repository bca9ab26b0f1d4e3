"""The load forecaster needs the numbers of both horizons; its forecasts are in test_forecaster.py."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from models import ridge
from models.features import NAMES
from models.load import LoadForecaster

PARAMETERS = {"recipe": ridge.RECIPE, "features": list(NAMES)}


def test_it_needs_the_numbers_of_both_horizons() -> None:
    weights = {f"{head}.{name}": np.ones(shape) for head in ridge.HEADS for name, shape in ridge.SHAPES.items()}
    assert LoadForecaster.load(weights, PARAMETERS, zone=ZoneInfo("UTC")).weights_ == weights
    day_ahead = {name: array for name, array in weights.items() if name.startswith("day_ahead")}
    with pytest.raises(ridge.WeightsError, match=r"hours_ahead\.coefficients is missing"):
        LoadForecaster.load(day_ahead, PARAMETERS, zone=ZoneInfo("UTC"))
