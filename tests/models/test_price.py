"""The price forecaster: its families are in test_families.py, what it does with them in test_forecaster.py."""

from datetime import time

import numpy as np
import pytest
from market_examples import UTC_ZONE

from models.errors import WeightsError
from models.price import FAMILIES, PriceForecaster


def test_families_have_names_of_their_own() -> None:
    names = [family.name for family in FAMILIES]
    assert len(set(names)) == len(names)
    assert "record" not in names
    assert not any("." in name for name in names)


def test_it_takes_no_numbers_of_a_load_forecaster() -> None:
    weights = {f"record.{name}": np.zeros((1, 24)) for name in (*(family.name for family in FAMILIES), "day")}
    parameters = {"recipe": PriceForecaster.recipe, "market": "FR"}
    assert PriceForecaster.load(weights, parameters, zone=UTC_ZONE, issue_time=time(9, 30)).weights_ == weights
    with pytest.raises(WeightsError, match=r"hours_ahead\.errors is of no member"):
        PriceForecaster.load(
            {**weights, "hours_ahead.errors": np.zeros(1)}, parameters, zone=UTC_ZONE, issue_time=time(9, 30)
        )
