"""Conversions by hand, and their inverse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.units import POWER_TO_KW, celsius


@pytest.mark.parametrize(("fahrenheit", "expected_c"), [(32.0, 0.0), (212.0, 100.0), (-40.0, -40.0), (77.0, 25.0)])
def test_celsius_by_hand(fahrenheit: float, expected_c: float) -> None:
    assert celsius(fahrenheit) == pytest.approx(expected_c)


@given(st.lists(st.floats(-100.0, 200.0), min_size=1))
def test_celsius_of_an_array_is_that_of_its_values_and_can_be_turned_back(values: list[float]) -> None:
    fahrenheit = np.array(values)
    temperature_c = celsius(fahrenheit)
    assert temperature_c.tolist() == [celsius(value) for value in values]
    np.testing.assert_allclose(temperature_c * 9 / 5 + 32, fahrenheit, atol=1e-9)


@pytest.mark.parametrize(("unit", "amount"), [("w", 1_250_000.0), ("kw", 1_250.0), ("mw", 1.25)])
def test_power_in_any_unit_is_the_same_power(unit: str, amount: float) -> None:
    assert amount * POWER_TO_KW[unit] == pytest.approx(1_250.0)
