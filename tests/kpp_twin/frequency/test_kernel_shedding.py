"""The compiled relay does what its source says."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.frequency.kernel_shedding import share_shed, shed_by_step

STAGE_HZ, DELAY_S, SHARE = np.array([49.0, 48.7, 49.2]), np.array([0.15, 0.3, 2.0]), np.array([0.1, 0.2, 0.3])
frequencies = st.one_of(st.floats(48.5, 49.5), st.sampled_from([49.2, 49.0, np.nan]))


def results(function: Any, frequency_hz: np.ndarray, load_kw: np.ndarray) -> list[np.ndarray]:
    below_s, shed, shed_kw = np.zeros(3), np.zeros(3, dtype=bool), np.empty(len(load_kw))
    base_kw = function(frequency_hz, load_kw, 0.1, 49.2, STAGE_HZ, DELAY_S, SHARE, below_s, shed, np.nan, shed_kw)
    return [below_s, shed, shed_kw, np.array(base_kw)]


@given(st.lists(st.tuples(frequencies, st.floats(0, 1e3)), max_size=80))
def test_compiled_and_plain_agree(steps: list[tuple[float, float]]) -> None:
    frequency_hz, load_kw = np.array(steps).reshape(-1, 2).T.copy()
    fast = results(shed_by_step, frequency_hz, load_kw)
    plain = results(shed_by_step.py_func, frequency_hz, load_kw)
    assert [part.tobytes() for part in fast] == [part.tobytes() for part in plain]


def test_only_stages_that_have_acted_count() -> None:
    for function in (share_shed, share_shed.py_func):
        assert function(SHARE, np.array([True, False, True])) == pytest.approx(0.4)
        assert function(SHARE, np.zeros(3, dtype=bool)) == 0.0
