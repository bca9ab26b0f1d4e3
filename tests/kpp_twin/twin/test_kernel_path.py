"""The compiled path is the recursion that it says, to the last bit."""

import numpy as np
import pytest

from kpp_twin.twin.kernel_path import autoregressive_path


@pytest.mark.parametrize("keeps", [0.0, np.exp(-1 / 60), 1.0])
def test_the_path_has_the_bits_of_plain_floats(keeps: float) -> None:
    shocks = np.random.default_rng(5).standard_normal(3600)
    value, expected = 0.7, [0.7]
    for shock in shocks.tolist():
        value = keeps * value + shock
        expected.append(value)
    assert autoregressive_path(shocks, 0.7, keeps).tolist() == expected


def test_without_shocks_there_is_the_first_value() -> None:
    assert autoregressive_path(np.empty(0), 0.7, 0.5).tolist() == [0.7]
