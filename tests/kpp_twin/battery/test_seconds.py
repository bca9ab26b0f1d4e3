"""Second by second the battery keeps its limits, and the setpoint gives way to the reserve."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.seconds import BatterySeconds, battery_seconds
from kpp_twin.battery.storage import BatteryStorageSystem, StorageConfiguration
from kpp_twin.site import load_site

CONFIG = StorageConfiguration.of_site(load_site().battery)


def run(config: StorageConfiguration = CONFIG, seconds: int = 600, **changes: Any) -> BatterySeconds:
    given_: dict[str, Any] = {
        "energy_kwh": 500.0,
        "power_kw": 0.0,
        "setpoint_kw": 0.0,
        "response_kw": np.zeros(seconds),
        "reserve_kw": 0.0,
        "reserve_minutes": 15.0,
        "lowest_kw": np.full(seconds, -1e9),
        "highest_kw": np.full(seconds, 1e9),
        "lowest_scheduled_kw": np.full(seconds, -1e9),
    }
    return battery_seconds(config, **(given_ | changes))


def test_it_is_the_storage_system_stepped() -> None:
    """The loop and the class follow the same laws."""
    plain = BatteryStorageSystem(CONFIG, 0.5)
    means = [plain.step(300.0, timedelta(seconds=1)) for _ in range(600)]
    fast = run(setpoint_kw=300.0)
    assert fast.power_kw == pytest.approx(means)
    assert fast.energy_kwh[-1] == pytest.approx(plain.energy_kwh)


@pytest.mark.parametrize(
    ("reserve_kw", "least", "most"), [(100, 0.1263, 0.8762), (400, 0.2053, 0.8050), (500, 0.2316, 0.7812)]
)
def test_fr_13_the_setpoint_leaves_the_energy_of_the_reserve(reserve_kw: float, least: float, most: float) -> None:
    config = replace(CONFIG, self_discharge_per_month=0.0, max_power=2000.0)
    for setpoint_kw, bound in ((400.0, least), (-400.0, most)):
        ran = run(config, 3600, setpoint_kw=setpoint_kw, reserve_kw=float(reserve_kw))
        assert ran.energy_kwh[-1] / 1000 == pytest.approx(bound, abs=1e-4)
        assert ran.deliverable.all()


def test_the_setpoint_leaves_the_power_of_the_reserve() -> None:
    ran = run(setpoint_kw=500.0, reserve_kw=100.0, response_kw=np.full(600, 100.0))
    assert ran.scheduled_kw[-1] == pytest.approx(400.0)
    assert ran.power_kw[-1] == pytest.approx(500.0)


def test_the_response_may_use_what_was_kept_for_it_and_it_is_restored() -> None:
    response = np.where(np.arange(3600) < 600, 100.0, 0.0)
    ran = run(seconds=3600, energy_kwh=126.4, reserve_kw=100.0, response_kw=response)
    assert ran.power_kw[1:600] == pytest.approx(100.0, abs=0.01), "nothing is restored against the response"
    assert not ran.deliverable[599]
    assert ran.energy_kwh[600] < 126.3 - 10
    assert ran.energy_kwh[-1] > ran.energy_kwh[600] + 5


def test_scheduled_charging_keeps_the_import_limit_and_the_response_may_pass_it() -> None:
    ran = run(
        setpoint_kw=-300.0,
        reserve_kw=100.0,
        response_kw=np.full(600, -50.0),
        lowest_scheduled_kw=np.full(600, -200.0),
    )
    assert ran.scheduled_kw[-1] == pytest.approx(-200.0)
    assert ran.power_kw[-1] == pytest.approx(-250.0)


@given(
    energy_kwh=st.floats(100, 900),
    setpoint_kw=st.floats(-2000, 2000),
    reserve_kw=st.floats(0, 500),
    swing=st.floats(-1, 1),
    low=st.floats(0, 600),
    high=st.floats(0, 600),
    power_kw=st.floats(-500, 500),
)
def test_limits_hold_in_every_second(
    energy_kwh: float,
    setpoint_kw: float,
    reserve_kw: float,
    swing: float,
    low: float,
    high: float,
    power_kw: float,
) -> None:
    ran = run(
        energy_kwh=energy_kwh,
        power_kw=power_kw,
        setpoint_kw=setpoint_kw,
        reserve_kw=reserve_kw,
        response_kw=swing * reserve_kw * np.sin(np.arange(600.0)),
        lowest_kw=np.full(600, -low),
        highest_kw=np.full(600, high),
        lowest_scheduled_kw=np.full(600, -low),
    )
    assert (np.abs(ran.power_kw) <= CONFIG.max_power + 1e-9).all()
    assert (ran.power_kw <= high + 1e-9).all()
    holding = CONFIG.max_kwh * CONFIG.lost_share(1 / 3600) * 3600 / CONFIG.charge_efficiency
    assert (ran.power_kw >= -low - holding).all(), "only what holds the least energy may pass"
    assert ran.energy_kwh.min() >= CONFIG.min_kwh - 1e-6
    assert ran.energy_kwh.max() <= CONFIG.max_kwh + 1e-6
