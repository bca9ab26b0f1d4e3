"""Measurements that no figure can be drawn from are refused, all faults at once."""

import math

import numpy as np
import pytest

from kpp_twin.battery.inputs import check_measured, not_finite
from kpp_twin.errors import TwinError


def test_good_measurements_pass() -> None:
    check_measured("place", one_kw=np.zeros(3), other_kw=np.arange(3), step_s=1.0)


def test_all_faults_come_in_one_message() -> None:
    with pytest.raises(TwinError) as caught:
        check_measured(
            "place",
            faults=["found before", *not_finite(trigger_s=math.nan, before_kw=-1.0)],
            one_kw=np.array([0.0, math.nan, math.inf]),
            other_kw=np.zeros(2),
            step_s=0.0,
        )
    for fault in (
        "5 fault(s)",
        "found before",
        "trigger_s must be finite, not nan",
        "shapes differ: one_kw (3,), other_kw (2,)",
        "one_kw holds 2 value(s) that are no numbers, the first at 1",
        "step_s must be positive, not 0.0",
        "[place]",
    ):
        assert fault in str(caught.value)


@pytest.mark.parametrize("values", [np.zeros(0), np.zeros((2, 2)), np.array(1.0)])
def test_only_a_row_of_numbers_is_a_series(values: np.ndarray) -> None:
    with pytest.raises(TwinError, match="must be one row of numbers"):
        check_measured("place", values=values)


@pytest.mark.parametrize("size", [math.nan, math.inf, -1.0, 0.0])
def test_a_size_is_finite_and_positive(size: float) -> None:
    with pytest.raises(TwinError, match="size must be positive"):
        check_measured("place", size=size)
