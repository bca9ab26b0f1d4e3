"""Droop and volt-var answer as the curves say."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.stabilization import GridStabilizationController
from kpp_twin.errors import ConfigError
from kpp_twin.site import load_site

GRID = load_site().grid
EUROPE = GRID.model_copy(update={"nominal_hz": 50.0, "deadband_hz": 0.01, "full_response_hz": 0.2})


def controller(grid: Any = GRID, **sizes: Any) -> GridStabilizationController:
    return GridStabilizationController(grid, **({"reserve_kw": 100.0, "converter_kva": 100.0} | sizes))


@pytest.mark.parametrize(
    ("frequency_hz", "share"),
    [(49.995, 0), (49.99, 0), (49.98, 0.1), (49.95, 0.25), (49.90, 0.5), (49.80, 1), (49.70, 1), (50.05, -0.25)],
)
def test_fr_02_the_line_beyond_a_deadband(frequency_hz: float, share: float) -> None:
    droop = controller(EUROPE, reserve_kw=1.0, deadband_mode="step")
    assert droop.frequency_response_kw(np.array([frequency_hz]))[0] == pytest.approx(share, abs=1e-9)


def test_the_subtracted_deadband_keeps_the_full_response() -> None:
    response = controller().frequency_response_kw(60.0 - np.array([0.017, 0.1085, 0.2, 0.3, -0.2]))
    assert response == pytest.approx([0.0, 50.0, 100.0, 100.0, -100.0], abs=1e-9)


@given(st.floats(0, 0.05), st.floats(0.06, 1), st.floats(0, 1000))
def test_droop_is_monotone_odd_continuous_and_within_the_reserve(
    deadband_hz: float, full_hz: float, reserve_kw: float
) -> None:
    grid = GRID.model_copy(update={"deadband_hz": deadband_hz, "full_response_hz": full_hz})
    deviation = np.linspace(-2, 2, 4001)
    droop = controller(grid, reserve_kw=reserve_kw)
    response = droop.frequency_response_kw(60.0 + deviation)
    assert (np.diff(response) <= 1e-9).all()
    assert np.abs(response + response[::-1]).max() <= 1e-6 * reserve_kw
    assert np.abs(np.diff(response)).max() <= 0.001 / (full_hz - deadband_hz) * reserve_kw * 1.001 + 1e-12
    assert np.abs(response).max() <= reserve_kw


@pytest.mark.parametrize(
    ("voltage_pu", "kvar"),
    [(0.90, 44), (0.92, 44), (0.95, 22), (0.98, 0), (1.0, 0), (1.02, 0), (1.05, -22), (1.08, -44), (1.09, -44)],
)
def test_vv_01_reactive_power_by_voltage(voltage_pu: float, kvar: float) -> None:
    assert controller().reactive_power_kvar(np.array([voltage_pu]))[0] == pytest.approx(kvar, abs=1e-9)
    assert controller().active_power_limit_kw(np.array([kvar]))[0] >= 50


@pytest.mark.parametrize(("asked_kw", "power_kw"), [(100, 89.7998), (95, 89.7998), (90, 89.7998), (80, 80)])
def test_vv_02_reactive_power_goes_first(asked_kw: float, power_kw: float) -> None:
    reactive = controller().reactive_power_kvar(np.array([0.92]))
    limit = controller().active_power_limit_kw(reactive)[0]
    assert min(asked_kw, limit) == pytest.approx(power_kw, abs=1e-4)


def test_no_more_reactive_power_than_was_offered() -> None:
    offered = controller(voltage_support_kvar=20.0).reactive_power_kvar(np.array([0.9, 0.97, 1.09]))
    assert offered == pytest.approx([20.0, 44 / 6, -20.0])


def test_all_faults_come_in_one_message() -> None:
    with pytest.raises(ConfigError, match=r"reserve_kw.*converter_kva.*voltage_support_kvar.*deadband_mode"):
        controller(reserve_kw=-1.0, converter_kva=float("nan"), voltage_support_kvar=-1.0, deadband_mode="soft")
