"""A missing voltage is held, then nominal; reactive power lags exactly."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.kernel_voltage import held_voltage, lagged

voltages = st.one_of(st.floats(0.9, 1.1), st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 0.49, 1.31, 230.0]))


def held(voltage_pu: list[float], function: Any = held_voltage) -> tuple[np.ndarray, float, float]:
    return function(np.array(voltage_pu, dtype=float), 0.5, 1.3, 1.0, 3.0, 1.0, 0.0)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 0.0, 0.49, 1.31, 230.0])
def test_the_last_voltage_holds_for_a_time_then_nominal(wrong: float) -> None:
    voltage, last_pu, missing_s = held([0.95, *[wrong] * 5, 1.04, wrong])
    assert voltage.tolist() == [0.95, 0.95, 0.95, 0.95, 1.0, 1.0, 1.04, 1.04]
    assert (last_pu, missing_s) == (1.04, 1.0)


def test_what_a_run_leaves_is_what_the_next_goes_on_from() -> None:
    samples = [0.95, math.nan, math.nan, math.nan, math.nan, 1.02]
    whole = held(samples)
    first, last_pu, missing_s = held(samples[:3])
    second = held_voltage(np.array(samples[3:]), 0.5, 1.3, 1.0, 3.0, last_pu, missing_s)
    assert np.concatenate([first, second[0]]).tolist() == whole[0].tolist()
    assert second[1:] == whole[1:]


@given(st.floats(-500, 500), st.floats(-500, 500), st.floats(0.01, 1.0))
def test_a_lag_is_exponential(goal_kvar: float, start_kvar: float, settled: float) -> None:
    after = lagged(np.full(20, goal_kvar), settled, start_kvar)
    left = (start_kvar - goal_kvar) * (1 - settled) ** np.arange(1, 21)
    assert after == pytest.approx(goal_kvar + left, abs=1e-9)


def test_inputs_are_left_as_they_are() -> None:
    voltage = np.array([math.nan, 1.0])
    held_voltage(voltage, 0.5, 1.3, 1.0, 3.0, 1.0, 0.0)
    lagged(voltage, 0.5, 3.0)
    assert math.isnan(voltage[0])


@given(st.lists(voltages, min_size=1, max_size=20))
def test_compiled_and_plain_agree(samples: list[float]) -> None:
    fast, plain = held(samples), held(samples, held_voltage.py_func)
    assert fast[0].tobytes() == plain[0].tobytes()
    assert fast[1:] == plain[1:]
    assert lagged(fast[0], 0.3, 0.0).tobytes() == lagged.py_func(fast[0], 0.3, 0.0).tobytes()
