"""Performance is measured, and absent where there was nothing to measure."""

import numpy as np
import pytest

from kpp_twin.battery.storage import settled_share
from kpp_twin.twin.performance import mean_response_time_s, tracked, unused


def lagged(target: np.ndarray, tau_s: float, first: float = 0.0) -> np.ndarray:
    power, out = first, []
    for goal in target:
        power += (goal - power) * settled_share(1.0, tau_s)
        out.append(power)
    return np.array(out)


@pytest.mark.parametrize("tau_s", [0.1, 0.5, 2.0, 10.0])
def test_co_07_response_time_is_measured_within_the_second(tau_s: float) -> None:
    target = np.full(120, 100.0)
    measured = mean_response_time_s(target, lagged(target, tau_s), 0.0, 10.0)
    assert measured == pytest.approx(tau_s * np.log(10), rel=1e-3)


def test_co_07_a_tenth_of_a_second_gives_0_23() -> None:
    target = np.where(np.arange(60) < 20, 0.0, 100.0)
    assert mean_response_time_s(target, lagged(target, 0.1), 0.0, 10.0) == pytest.approx(0.230, abs=5e-4)


def test_steps_that_are_small_or_not_held_do_not_count() -> None:
    small = np.where(np.arange(60) < 20, 0.0, 5.0)
    assert mean_response_time_s(small, lagged(small, 0.1), 0.0, 10.0) is None
    fleeting = np.where(np.arange(60) == 20, 100.0, 0.0)
    assert mean_response_time_s(fleeting, lagged(fleeting, 10.0), 0.0, 10.0) is None
    held = np.full(60, 100.0)
    assert mean_response_time_s(held, np.full(60, 50.0), 0.0, 10.0) is None, "a unit that gives half never gets there"


def test_the_mean_of_several_steps() -> None:
    target = np.repeat([0.0, 100.0, -50.0], 40)
    assert mean_response_time_s(target, lagged(target, 1.0), 0.0, 10.0) == pytest.approx(np.log(10), rel=1e-3)


def test_accuracy_by_hand() -> None:
    requested = np.array([100.0, -100.0])
    options = {"committed": 100.0, "ready": np.ones(2, dtype=bool), "response_time_s": None}

    def accuracy(delivered: np.ndarray) -> float | None:
        return tracked("s", requested=requested, delivered=delivered, **options).accuracy  # type: ignore[arg-type]

    assert accuracy(requested) == 1.0
    assert accuracy(np.array([80.0, -100.0])) == pytest.approx(0.9)
    assert accuracy(np.array([120.0, -100.0])) == pytest.approx(0.9), "too much is wrong too"
    assert accuracy(-requested) == 0.0


def test_co_06_uptime_is_the_share_of_committed_seconds() -> None:
    ready = np.arange(3600) >= 36
    power = np.ones(3600)
    options = {"requested": power, "delivered": power, "ready": ready, "response_time_s": None}
    assert tracked("s", committed=100.0, **options).uptime == pytest.approx(0.99)  # type: ignore[arg-type]
    assert tracked("s", committed=0.0, **options) == unused("s")  # type: ignore[arg-type]
    assert unused("s").uptime is None
