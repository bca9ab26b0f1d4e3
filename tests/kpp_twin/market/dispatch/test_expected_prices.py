"""The expected price is the mean that quantiles tell; plans made on it earn most on average."""

import numpy as np
import pytest

from kpp_twin.errors import ConfigError
from kpp_twin.market.dispatch.expected_prices import expected_prices


def test_a_skewed_price_is_expected_above_its_median() -> None:
    levels = np.arange(1, 100) / 100
    exponential = -np.log(1 - levels)
    assert expected_prices(exponential) == pytest.approx(1.0, abs=0.06)
    assert expected_prices(exponential) > exponential[49]


def test_every_interval_of_every_day_has_its_own() -> None:
    middle = np.arange(12.0).reshape(2, 6)
    quantiles = middle[..., None] + np.linspace(-1, 1, 9)
    assert expected_prices(quantiles) == pytest.approx(middle)


@pytest.mark.parametrize(
    ("quantiles", "fault"),
    [
        (np.empty((3, 0)), "no levels|shape"),
        (np.array([[1.0, np.nan]]), "1 quantiles are not finite"),
        (np.array([[2.0, 1.0]]), "rise from level to level"),
    ],
)
def test_what_is_no_distribution_is_refused(quantiles: np.ndarray, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        expected_prices(quantiles)
