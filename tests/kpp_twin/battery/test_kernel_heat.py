"""The battery's temperature is exact for any step, and no energy goes astray."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery import kernel_heat
from kpp_twin.battery.kernel_heat import (
    charge_derate,
    cooling_runs,
    discharge_derate,
    steady_temperature_c,
    temperature_after,
)

temperatures = st.floats(-30.0, 60.0)
heats_kw = st.floats(0.0, 50.0)
losses_kw_per_k = st.floats(0.05, 5.0)
time_constants_s = st.floats(10.0, 1e6)
steps_s = st.floats(0.1, 1e6)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(32)


@given(temperatures, heats_kw, losses_kw_per_k, time_constants_s, steps_s)
def test_temperature_stays_between_ambient_and_steady(
    ambient_c: float, heat_kw: float, kw_per_k: float, tau_s: float, step_s: float
) -> None:
    steady_c = steady_temperature_c(ambient_c, heat_kw, 1 / kw_per_k)
    after_c = temperature_after(ambient_c, ambient_c, heat_kw, 1 / kw_per_k, math.exp(-step_s / tau_s))
    assert ambient_c - 1e-9 <= after_c <= steady_c + 1e-9
    again_c = temperature_after(after_c, ambient_c, heat_kw, 1 / kw_per_k, math.exp(-step_s / tau_s))
    assert after_c - 1e-9 <= again_c <= steady_c + 1e-9


@given(temperatures, temperatures, heats_kw, losses_kw_per_k, time_constants_s, steps_s)
def test_two_half_steps_are_one_whole(
    temperature_c: float, ambient_c: float, heat_kw: float, kw_per_k: float, tau_s: float, step_s: float
) -> None:
    half = math.exp(-0.5 * step_s / tau_s)
    middle_c = temperature_after(temperature_c, ambient_c, heat_kw, 1 / kw_per_k, half)
    twice_c = temperature_after(middle_c, ambient_c, heat_kw, 1 / kw_per_k, half)
    whole_c = temperature_after(temperature_c, ambient_c, heat_kw, 1 / kw_per_k, math.exp(-step_s / tau_s))
    assert twice_c == pytest.approx(whole_c, rel=1e-11, abs=1e-10)


@given(temperatures, temperatures, heats_kw, losses_kw_per_k, time_constants_s, st.floats(0.01, 5.0))
def test_the_heat_that_comes_in_is_stored_or_given_away(
    temperature_c: float, ambient_c: float, heat_kw: float, kw_per_k: float, tau_s: float, length: float
) -> None:
    """What is given away comes from the course of the temperature within the step, by quadrature."""
    step_s = length * tau_s
    times_s = 0.5 * step_s * (NODES + 1)

    def at(time_s: float) -> float:
        return temperature_after(temperature_c, ambient_c, heat_kw, 1 / kw_per_k, math.exp(-time_s / tau_s))

    given_away_kj = 0.5 * step_s * kw_per_k * WEIGHTS @ [at(time_s) - ambient_c for time_s in times_s]
    stored_kj = kw_per_k * tau_s * (at(step_s) - temperature_c)
    scale_kj = step_s * (heat_kw + kw_per_k * (abs(temperature_c - ambient_c) + 1))
    assert abs(heat_kw * step_s - stored_kj - given_away_kj) < 1e-9 * scale_kj


def test_many_short_steps_are_one_long_one() -> None:
    temperature_c, seconds = 10.0, 10_000
    for _ in range(seconds):
        temperature_c = temperature_after(temperature_c, 20.0, 5.0, 4.0, math.exp(-1 / 3e4))
    assert temperature_c == pytest.approx(temperature_after(10.0, 20.0, 5.0, 4.0, math.exp(-seconds / 3e4)), rel=1e-11)


@pytest.mark.parametrize(
    ("temperature_c", "discharge", "charge"),
    [
        (-20.0, 1.0, 0.0),
        (-0.01, 1.0, 0.0),
        (0.0, 1.0, 1.0),
        (45.0, 1.0, 1.0),
        (47.5, 0.75, 0.75),
        (50.0, 0.5, 0.5),
        (55.0, 0.0, 0.0),
        (70.0, 0.0, 0.0),
        (math.nan, 0.0, 0.0),
    ],
)
def test_heat_and_cold_take_power(temperature_c: float, discharge: float, charge: float) -> None:
    assert discharge_derate(temperature_c, 45.0, 55.0) == pytest.approx(discharge)
    assert charge_derate(temperature_c, 45.0, 55.0, 0.0) == pytest.approx(charge)


@given(st.floats(0.0, 80.0), st.floats(0.0, 20.0))
def test_more_heat_leaves_no_more_power(temperature_c: float, warmer_by_k: float) -> None:
    cooler, warmer = (discharge_derate(t, 45.0, 55.0) for t in (temperature_c, temperature_c + warmer_by_k))
    assert 0.0 <= warmer <= cooler <= 1.0


@pytest.mark.parametrize(
    ("temperature_c", "ran", "runs"),
    [
        (30.1, False, True),
        (30.0, False, False),
        (27.0, False, False),
        (27.0, True, True),
        (24.9, True, False),
        (math.nan, True, False),
    ],
)
def test_the_thermostat_goes_on_between_its_two_temperatures(temperature_c: float, ran: bool, runs: bool) -> None:
    assert cooling_runs(temperature_c, ran, 30.0, 25.0) == runs


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("steady_temperature_c", (20.0, 3.0, 7.0)),
        ("temperature_after", (20.0, 11.0, 3.0, 7.0, 0.9)),
        ("cooling_runs", (27.0, True, 30.0, 25.0)),
        ("discharge_derate", (48.0, 45.0, 55.0)),
        ("charge_derate", (48.0, 45.0, 55.0, 0.0)),
        ("charge_derate", (math.nan, 45.0, 55.0, 0.0)),
    ],
)
def test_compiled_and_plain_agree(name: str, arguments: tuple[Any, ...]) -> None:
    function = getattr(kernel_heat, name)
    assert function(*arguments) == pytest.approx(function.py_func(*arguments), rel=1e-15)
