"""The value of a plan is its profit over that of perfect foresight."""

import numpy as np
import pytest

from kpp_twin.errors import ConfigError
from kpp_twin.market.dispatch.value import regret, value_capture


def test_kp_06_a_strategy_beside_perfect_foresight() -> None:
    assert value_capture(18.0, 29.579) == pytest.approx(0.6085, abs=5e-5)
    assert regret(18.0, 29.579) == pytest.approx(11.579)


def test_days_are_summed_before_they_are_compared() -> None:
    assert value_capture(np.array([-1.0, 10.0]), np.array([0.0, 18.0])) == pytest.approx(0.5)


def test_foresight_cannot_be_beaten() -> None:
    with pytest.raises(ConfigError, match="plan 1 earned 5, more than the 4 of foresight"):
        value_capture(np.array([1.0, 5.0]), np.array([2.0, 4.0]))


def test_nothing_can_be_captured_of_nothing() -> None:
    with pytest.raises(ConfigError, match="nothing to capture"):
        value_capture(-1.0, 0.0)


def test_all_faults_come_in_one_message() -> None:
    with pytest.raises(ConfigError, match=r"2 fault\(s\): profit has shape .*; perfect_profit must be finite"):
        regret(np.array([1.0]), np.array([2.0, np.nan]))
