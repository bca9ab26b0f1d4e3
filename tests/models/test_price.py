"""The price forecaster knows one horizon; its forecasts are in test_forecaster.py."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from models import ridge
from models.features import NAMES
from models.price import PriceForecaster


def test_it_takes_no_numbers_of_a_load_forecaster() -> None:
    weights = {f"{head}.{name}": np.ones(shape) for head in ridge.HEADS for name, shape in ridge.SHAPES.items()}
    parameters = {"recipe": ridge.RECIPE, "features": list(NAMES)}
    with pytest.raises(ridge.WeightsError, match=r"hours_ahead\.errors is not known"):
        PriceForecaster.load(weights, parameters, zone=ZoneInfo("UTC"))
