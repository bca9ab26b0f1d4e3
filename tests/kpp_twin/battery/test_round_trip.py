"""Round trips return to the same state of charge, and give back what the efficiencies leave."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.heat import BatteryHeat
from kpp_twin.battery.round_trip import round_trip_test
from kpp_twin.battery.storage import StorageConfiguration
from kpp_twin.errors import ConfigError, TwinError

DOCUMENT = StorageConfiguration(
    capacity=1000.0, max_power=500.0, min_soc=0.1, max_soc=0.9, charge_efficiency=0.95, discharge_efficiency=0.95
)
COOL = BatteryHeat(cooling_kw=0.0, heat_loss_kw_per_k=10.0)  # neither derated nor cooled at any power of these tests


def test_ba_07_the_round_trip_efficiency_without_auxiliaries_is_the_product_of_both_ways() -> None:
    test = round_trip_test(DOCUMENT)
    assert test.efficiency == pytest.approx(0.9025, abs=1e-9)
    assert test.charged_kwh == pytest.approx(3 * 800 / 0.95)
    assert test.discharged_kwh == pytest.approx(3 * 800 * 0.95)
    assert test.gained_kwh == pytest.approx(0.0, abs=1e-6)
    assert (test.cycles, test.power_kw, test.ambient_temperature_c) == (3, 500.0, 25.0)
    assert test.hours == pytest.approx(3 * 1.6 * (1 / 0.95 + 0.95), abs=0.01)


def test_auxiliaries_are_told_beside_and_lower_the_efficiency() -> None:
    test = round_trip_test(replace(DOCUMENT, auxiliary_kw=10.0), heat=COOL)
    assert test.efficiency == pytest.approx(0.9025, abs=1e-9)
    assert test.charging_auxiliary_kwh == pytest.approx(3 * 16 / 0.95, rel=0.002)
    assert test.discharging_auxiliary_kwh == pytest.approx(3 * 16 * 0.95, rel=0.002)
    assert test.efficiency_with_auxiliaries == pytest.approx(0.9025 * (1 - 0.02) / (1 + 0.02), rel=1e-3)


def test_cooling_is_an_auxiliary() -> None:
    assert round_trip_test(DOCUMENT).efficiency_with_auxiliaries < 0.9025
    assert round_trip_test(DOCUMENT, heat=COOL).efficiency_with_auxiliaries == pytest.approx(0.9025, abs=1e-9)


def test_self_discharge_costs_more_the_longer_a_cycle_takes() -> None:
    leaking = replace(DOCUMENT, self_discharge_per_month=0.05)
    fast, slow = (round_trip_test(leaking, power_kw=power_kw, heat=COOL).efficiency for power_kw in (500.0, 250.0))
    assert 0.9 < slow < fast < 0.9025
    assert (0.9025 - slow) / (0.9025 - fast) == pytest.approx(2.0, rel=0.01)


def test_response_time_and_ramp_are_those_of_a_first_order_lag() -> None:
    test = round_trip_test(replace(DOCUMENT, response_time=0.4), power_kw=300.0)
    for response in (test.charge_response, test.discharge_response):
        assert response.response_time_s == pytest.approx(0.4 * np.log(10), rel=1e-3)
        assert response.ramp_kw_per_s == pytest.approx(0.8 * 300 / (0.4 * np.log(9)), rel=2e-3)


@given(
    one_way=st.tuples(st.floats(0.7, 1), st.floats(0.7, 1)),
    taper_soc=st.floats(0, 0.4),
    power_kw=st.floats(500, 1000),
    response_time=st.floats(0.05, 20),
)
def test_a_cycle_returns_to_where_it_began_and_gives_the_product_of_both_ways(
    one_way: tuple[float, float], taper_soc: float, power_kw: float, response_time: float
) -> None:
    config = replace(
        DOCUMENT,
        capacity=200.0,
        max_power=1000.0,
        charge_efficiency=one_way[0],
        discharge_efficiency=one_way[1],
        taper_soc=taper_soc,
        response_time=response_time,
    )
    test = round_trip_test(config, power_kw=power_kw, heat=replace(COOL, heat_loss_kw_per_k=1e3))
    assert abs(test.gained_kwh) <= 0.05 * 1000 / 3600 / 0.7 + 1e-3, "no more than a second at the cut-off moves"
    assert test.discharged_kwh / one_way[1] + test.gained_kwh == pytest.approx(test.charged_kwh * one_way[0])
    assert test.efficiency == pytest.approx(one_way[0] * one_way[1], rel=1e-3)


def test_a_step_that_the_energy_cannot_hold_has_no_response_time() -> None:
    tiny = replace(DOCUMENT, capacity=10.0, response_time=30.0, taper_soc=0.4)
    test = round_trip_test(tiny, heat=replace(COOL, heat_loss_kw_per_k=1e3))
    assert test.discharge_response.response_time_s is test.discharge_response.ramp_kw_per_s is None


def test_a_battery_that_cannot_finish_is_told_with_its_temperature() -> None:
    with pytest.raises(TwinError, match=r"at -500 kW from 100 kWh, 900 kWh are not reached .* 100 kWh at -20.0 °C"):
        round_trip_test(DOCUMENT, heat=BatteryHeat(ambient_temperature_c=-20.0))
    with pytest.raises(TwinError, match="are not reached within"):
        round_trip_test(DOCUMENT, heat=BatteryHeat(cooling_kw=0.0))


@pytest.mark.parametrize("power_kw", [0.0, -1.0, 500.1, float("nan")])
def test_a_wrong_test_is_refused_with_all_its_faults(power_kw: float) -> None:
    with pytest.raises(ConfigError, match=r"cycles must be 3 or more, not 2; power_kw must be above 0 and at most 500"):
        round_trip_test(DOCUMENT, cycles=2, power_kw=power_kw)
