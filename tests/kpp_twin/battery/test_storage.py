"""The battery holds its limits, keeps its books, and does what the reference cases say."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.storage import (
    BatteryStorageSystem,
    StorageConfiguration,
    power_window_kw,
    settled_share,
    stored_after,
)
from kpp_twin.errors import ConfigError, TwinError
from kpp_twin.site import load_site

HOUR = timedelta(hours=1)
DOCUMENT = StorageConfiguration(
    capacity=1000.0, max_power=500.0, min_soc=0.1, max_soc=0.9, charge_efficiency=0.95, discharge_efficiency=0.95
)
ASYMMETRIC = replace(DOCUMENT, max_power=100.0, min_soc=0.0, max_soc=1.0, charge_efficiency=0.9)


@pytest.mark.parametrize(("verb", "state_of_charge"), [("discharge", 0.39474), ("charge", 0.59)], ids=["out", "in"])
def test_ba_04_an_hour_at_full_power(verb: str, state_of_charge: float) -> None:
    battery = BatteryStorageSystem(ASYMMETRIC, 0.5)
    assert getattr(battery, verb)(100.0, HOUR) == 100.0
    assert battery.state_of_charge == pytest.approx(state_of_charge, abs=5e-6)


def test_ba_05_delivers_what_is_there_and_takes_what_fits() -> None:
    nearly_empty = BatteryStorageSystem(ASYMMETRIC, 0.05)
    assert nearly_empty.discharge(100.0, HOUR) == pytest.approx(47.5)
    nearly_full = BatteryStorageSystem(ASYMMETRIC, 0.95)
    assert nearly_full.charge(100.0, HOUR) == pytest.approx(55.56, abs=0.005)
    assert nearly_full.state_of_charge == pytest.approx(1.0)
    assert nearly_full.charge(100.0, HOUR) == pytest.approx(0.0, abs=1e-9)


def test_ba_07_there_and_back() -> None:
    battery = BatteryStorageSystem(DOCUMENT, 0.5)
    battery.charge(500.0, HOUR / 4)
    assert battery.state_of_charge == pytest.approx(0.61875)
    battery.discharge(500.0, HOUR / 4)
    assert battery.state_of_charge == pytest.approx(0.48717, abs=5e-6)
    assert DOCUMENT.charge_efficiency * DOCUMENT.discharge_efficiency == pytest.approx(0.9025)


@pytest.mark.parametrize(
    ("seconds", "share"), [(0.05, 0.3935), (0.1, 0.6321), (0.2, 0.8647), (0.3, 0.9502), (0.5, 0.9933)]
)
def test_ba_08_the_converter_lags(seconds: float, share: float) -> None:
    assert settled_share(seconds, 0.1) == pytest.approx(share, abs=5e-5)
    battery = BatteryStorageSystem(DOCUMENT, 0.5)
    battery.step(400.0, timedelta(seconds=seconds))
    assert battery.power_kw == pytest.approx(400.0 * share, abs=0.02)


def test_the_lag_is_the_same_in_one_step_or_many() -> None:
    one, many = (BatteryStorageSystem(DOCUMENT, 0.5) for _ in range(2))
    mean = one.step(300.0, timedelta(seconds=1))
    means = [many.step(300.0, timedelta(seconds=0.1)) for _ in range(10)]
    assert mean == pytest.approx(sum(means) / 10)
    assert (one.energy_kwh, one.power_kw) == pytest.approx((many.energy_kwh, many.power_kw))


def test_what_is_available_is_seen_from_the_grid() -> None:
    battery = BatteryStorageSystem(DOCUMENT, 0.5)
    assert battery.available_up_kw(HOUR) == pytest.approx(380.0)
    assert battery.available_down_kw(HOUR) == pytest.approx(400 / 0.95)
    assert battery.available_up_kw(HOUR / 4) == battery.available_down_kw(HOUR / 4) == 500.0


configurations = st.builds(
    StorageConfiguration,
    capacity=st.floats(10, 5000),
    max_power=st.floats(10, 2000),
    min_soc=st.floats(0, 0.4),
    max_soc=st.floats(0.5, 1),
    charge_efficiency=st.floats(0.5, 1),
    discharge_efficiency=st.floats(0.5, 1),
    self_discharge_per_month=st.floats(0, 0.5),
    taper_soc=st.floats(0, 0.05),
)


@given(configurations, st.floats(0, 1), st.lists(st.tuples(st.floats(-3000, 3000), st.floats(1, 7200)), max_size=20))
def test_energy_stays_within_its_limits(
    config: StorageConfiguration, share: float, steps: list[tuple[float, float]]
) -> None:
    battery = BatteryStorageSystem(config, config.min_soc + share * (config.max_soc - config.min_soc))
    for setpoint_kw, seconds in steps:
        power_kw = battery.step(setpoint_kw, timedelta(seconds=seconds))
        assert abs(power_kw) <= config.max_power * (1 + 1e-12)
        assert config.min_kwh - 1e-6 <= battery.energy_kwh <= config.max_kwh + 1e-6


@given(configurations, st.floats(0, 1), st.floats(0.001, 2))
def test_the_window_ends_where_the_limits_are(config: StorageConfiguration, share: float, hours: float) -> None:
    config = replace(config, max_power=1e9, taper_soc=0.0)
    energy_kwh = config.min_kwh + share * (config.max_kwh - config.min_kwh)
    lowest, highest = power_window_kw(energy_kwh, hours, config)
    assert stored_after(energy_kwh, highest, hours, config) == pytest.approx(config.min_kwh, abs=1e-6)
    assert stored_after(energy_kwh, lowest, hours, config) == pytest.approx(config.max_kwh, abs=1e-6)


TAPERED = replace(DOCUMENT, taper_soc=0.02)  # 20 kWh: within, 25 kW for each kWh that is left


@given(st.floats(0, 1), st.floats(0.001, 2))
def test_the_tapered_window_ends_with_the_power_that_the_taper_allows_there(share: float, hours: float) -> None:
    energy_kwh = TAPERED.min_kwh + share * (TAPERED.max_kwh - TAPERED.min_kwh)
    lowest, highest = power_window_kw(energy_kwh, hours, TAPERED)
    left_kwh = stored_after(energy_kwh, highest, hours, TAPERED) - TAPERED.min_kwh
    assert highest == pytest.approx(min(500.0, 25.0 * left_kwh))
    room_kwh = TAPERED.max_kwh - stored_after(energy_kwh, lowest, hours, TAPERED)
    assert -lowest == pytest.approx(min(500.0, 25.0 * room_kwh))


def test_towards_a_limit_a_tapered_battery_gives_less_and_less() -> None:
    """Each step leaves ``1 / (1 + h / (tau eta))`` of the rest, tau the taper's energy over the power."""
    battery = BatteryStorageSystem(TAPERED, 0.11)
    powers = [battery.discharge(500.0, timedelta(seconds=36)) for _ in range(40)]
    left = (1.0 + 0.01 / (0.04 * 0.95)) ** -40
    assert battery.energy_kwh - 100.0 == pytest.approx(10.0 * left)
    assert powers == sorted(powers, reverse=True)
    assert powers[-1] == pytest.approx(25.0 * 10.0 * left)
    nearly_full = BatteryStorageSystem(TAPERED, 0.89)
    charged = [nearly_full.charge(500.0, timedelta(seconds=36)) for _ in range(40)]
    assert 900.0 - nearly_full.energy_kwh == pytest.approx(10.0 * (1.0 + 0.01 * 0.95 / 0.04) ** -40)
    assert charged == sorted(charged, reverse=True)


def test_away_from_its_limits_a_taper_changes_nothing() -> None:
    plain, tapered = BatteryStorageSystem(DOCUMENT, 0.5), BatteryStorageSystem(TAPERED, 0.5)
    for setpoint_kw in (500.0, -500.0, 200.0):
        assert plain.step(setpoint_kw, HOUR / 4) == tapered.step(setpoint_kw, HOUR / 4)
    assert tapered.available_up_kw(HOUR) == pytest.approx((tapered.energy_kwh - 100.0) * 0.95 / (1.0 + 0.04 * 0.95)), (
        "what is left at the end could not be given at full power"
    )


def test_self_discharge_over_a_month_is_what_was_said() -> None:
    config = replace(DOCUMENT, self_discharge_per_month=0.02)
    assert stored_after(500.0, 0.0, 730.5, config) == pytest.approx(490.0)
    assert power_window_kw(config.min_kwh, 1.0, config)[1] < 0, "what holds the limit is drawn from the grid"


def test_a_battery_that_cannot_hold_its_charge_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"max_power 1.0 cannot replace the self-discharge of 4 kW"):
        replace(DOCUMENT, capacity=4216.0, max_power=1.0, max_soc=1.0, self_discharge_per_month=0.5)


def test_all_faults_come_in_one_message() -> None:
    with pytest.raises(ConfigError) as error:
        StorageConfiguration(
            capacity=-1.0,
            max_power=float("nan"),
            min_soc=0.9,
            max_soc=0.1,
            charge_efficiency=1.2,
            discharge_efficiency=0.0,
        )
    for name in ("5 fault", "capacity", "max_power", "min_soc", "charge_efficiency", "discharge_efficiency"):
        assert name in str(error.value)


@pytest.mark.parametrize(
    ("fault", "values"),
    [
        ("taper_soc must be in 0 to half of max_soc - min_soc, not 0.41", {"taper_soc": 0.41}),
        ("taper_soc must be in 0 to half of max_soc - min_soc, not nan", {"taper_soc": float("nan")}),
        ("auxiliary_kw must not be negative, not -1.0", {"auxiliary_kw": -1.0}),
        ("auxiliary_kw must not be negative, not nan", {"auxiliary_kw": float("nan")}),
    ],
)
def test_an_impossible_taper_or_auxiliary_is_refused(fault: str, values: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=f"1 fault.*{fault}"):
        replace(DOCUMENT, **values)


def test_the_sites_battery() -> None:
    config = StorageConfiguration.of_site(load_site().battery)
    assert (config.capacity, config.max_power, config.response_time) == (1000.0, 500.0, 0.1)
    assert (config.taper_soc, config.auxiliary_kw) == (0.02, 2.5)


def test_a_bare_efficiency_is_one_way_and_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        config = StorageConfiguration.from_config(
            {"capacity": 1000.0, "max_power": 500.0, "efficiency": 0.95, "response_time": 0.1}
        )
    assert config == DOCUMENT
    assert "one way" in caplog.text


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ({"capacity": 1000.0, "max_power": 500.0}, "charge_efficiency is missing"),
        ({"capacity": "big", "max_power": 500.0, "efficiency": 0.9}, "capacity must be a number"),
        ({"capacity": 1.0, "max_power": 500.0, "efficiency": 0.9, "colour": 1}, "colour is not known"),
        ({"capacity": 1.0, "max_power": 5.0, "efficiency": 0.9, "charge_efficiency": 0.9}, "not both"),
    ],
    ids=["missing", "no number", "unknown", "contradiction"],
)
def test_a_bad_dict_is_refused(config: dict[str, object], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        StorageConfiguration.from_config(config)


def test_bad_calls_are_refused() -> None:
    with pytest.raises(ConfigError, match="outside"):
        BatteryStorageSystem(DOCUMENT, 0.95)
    battery = BatteryStorageSystem(DOCUMENT, 0.5)
    with pytest.raises(TwinError, match="the verb is the sign"):
        battery.charge(-100.0, HOUR)
    with pytest.raises(TwinError, match="cannot discharge at nan"):
        battery.discharge(float("nan"), HOUR)
    with pytest.raises(TwinError, match="no duration"):
        battery.step(100.0, timedelta())
