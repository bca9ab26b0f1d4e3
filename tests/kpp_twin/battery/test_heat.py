"""The battery's heat: parameters that can be, and what follows from them."""

from dataclasses import replace

import numpy as np
import pytest

from kpp_twin.battery.heat import BatteryHeat
from kpp_twin.battery.kernel_heat import cooling_runs, temperature_after
from kpp_twin.errors import ConfigError
from kpp_twin.units import SECONDS_PER_HOUR

HEAT = BatteryHeat()


def test_ba_13_steady_temperature_and_time_constant() -> None:
    heat = BatteryHeat(heat_capacity_kj_per_k=1000.0, heat_loss_kw_per_k=0.2, ambient_temperature_c=25.0)
    assert heat.steady_temperature_c(2.5) == pytest.approx(37.5)
    assert heat.time_constant_s / SECONDS_PER_HOUR == pytest.approx(1.389, abs=5e-4)
    after_c = temperature_after(25.0, 25.0, 2.5, heat.kelvin_per_kw, heat.keep(heat.time_constant_s))
    assert after_c == pytest.approx(25.0 + 12.5 * (1 - np.exp(-1)))


def test_the_default_cooling_draws_a_third_of_the_heat_it_takes() -> None:
    assert HEAT.cooling_electric_kw == pytest.approx(10.0)


@pytest.mark.parametrize(("cooling_kw", "low_c", "high_c"), [(30.0, 24.9, 30.1), (0.0, 45.0, 47.0)])
def test_the_default_cooling_keeps_a_battery_at_full_power_cool(cooling_kw: float, low_c: float, high_c: float) -> None:
    heat = replace(HEAT, cooling_kw=cooling_kw)
    loss_kw, keep = 500.0 / 0.95 - 500.0, heat.keep(60.0)
    temperature_c, runs = 25.0, False
    for _ in range(120):
        runs = cooling_runs(temperature_c, runs, heat.cooling_on_c, heat.cooling_off_c)
        net_kw = loss_kw - runs * heat.cooling_kw
        temperature_c = temperature_after(temperature_c, heat.ambient_temperature_c, net_kw, heat.kelvin_per_kw, keep)
    assert low_c < temperature_c < high_c


@pytest.mark.parametrize(
    ("values", "faults"),
    [
        ({"heat_capacity_kj_per_k": 0.0, "heat_loss_kw_per_k": -1.0}, ["heat_capacity_kj_per_k", "heat_loss_kw_per_k"]),
        (
            {"derate_from_c": 55.0, "cooling_off_c": 30.0},
            ["derate_from_c 55.0 must", "cooling_off_c 30.0 must"],
        ),
        (
            {"charge_above_c": 46.0, "cooling_kw": -1.0},
            ["charge_above_c 46.0 must", "cooling_kw must be 0 to"],
        ),
        *(({name: value}, [name]) for name in BatteryHeat.__dataclass_fields__ for value in (np.nan, np.inf)),
    ],
)
def test_all_impossible_values_come_in_one_message(values: dict[str, float], faults: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        BatteryHeat(**values)
    assert [fault for fault in faults if fault not in str(raised.value)] == []
