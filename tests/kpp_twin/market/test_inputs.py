"""Faults of a call come together; scalars and arrays fill the steps."""

import numpy as np
import pytest

from kpp_twin.errors import ConfigError
from kpp_twin.market.inputs import broadcast, refuse


def test_nothing_happens_without_faults():
    refuse([], place="here", next_step="nothing")


def test_all_faults_come_in_one_message():
    with pytest.raises(ConfigError, match=r"2 fault\(s\): first; second \[here\]. Next: mend"):
        refuse(["first", "second"], place="here", next_step="mend")


def test_a_scalar_fills_and_an_array_is_copied():
    faults: list[str] = []
    given = np.array([1.0, 2.0])
    filled = broadcast("x", given, 2, faults)
    filled[0] = 9.0
    assert given[0] == 1.0
    assert broadcast("x", 3.0, 2, faults).tolist() == [3.0, 3.0]
    assert faults == []


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (np.zeros(3), "has shape (3,)"),
        (np.zeros((2, 1)), "has shape (2, 1)"),
        (np.nan, "is nan at step 0"),
        (np.array([0.0, np.inf]), "is inf at step 1 (1 of 2 steps)"),
        (np.array([0.0, -1.0]), "at least 0; it is -1.0 at step 1"),
    ],
)
def test_a_bad_value_is_named(value, told):
    faults: list[str] = []
    broadcast("power_kw", value, 2, faults, least=0.0)
    assert len(faults) == 1
    assert faults[0].startswith("power_kw ")
    assert told in faults[0]
