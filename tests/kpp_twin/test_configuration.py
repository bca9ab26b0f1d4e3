import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.configuration import KEYS, configurations, site_with
from kpp_twin.errors import ConfigError
from kpp_twin.site import Site, load_site

SITE = load_site()
COORDINATOR_CONFIG = {
    "available_capacity": 1000.0,
    "service_priorities": {"frequency_response": "HIGH", "voltage_support": "MEDIUM", "energy_arbitrage": "LOW"},
    "update_interval": 1.0,
}
STORAGE_CONFIG = {"capacity": 1000.0, "max_power": 500.0, "efficiency": 0.95, "response_time": 0.1}
DEMAND_RESPONSE_CONFIG = {"forecast_horizon": 24, "min_reduction": 50.0, "max_reduction": 200.0, "ramp_rate": 10.0}
ECONOMIC_CONFIG = {
    "market_update_interval": 300,
    "min_bid_size": 100.0,
    "price_threshold": 50.0,
    "risk_tolerance": 0.2,
}
ALL = {
    "coordinator": COORDINATOR_CONFIG,
    "storage": STORAGE_CONFIG,
    "demand_response": DEMAND_RESPONSE_CONFIG,
    "economic": ECONOMIC_CONFIG,
}


def fault_of(**configs: Any) -> str:
    with pytest.raises(ConfigError) as told:
        site_with(SITE, **configs)
    assert told.value.place == "the configuration dictionaries"
    assert told.value.next_step.startswith("correct them")
    return told.value.fault


def test_the_reference_site_is_that_of_the_dictionaries() -> None:
    """Only the priorities differ: the dictionary says what it says, and no more."""
    made = site_with(SITE, **ALL)
    assert made.model_dump(exclude={"coordinator"}) == SITE.model_dump(exclude={"coordinator"})
    assert made.coordinator.service_priorities == COORDINATOR_CONFIG["service_priorities"]


def test_the_site_gives_the_dictionaries() -> None:
    given_back = configurations(SITE)
    for name in ("demand_response", "economic"):
        assert given_back[name] == ALL[name]
    assert given_back["storage"] == {**STORAGE_CONFIG, "min_soc": 0.1, "max_soc": 0.9}
    assert given_back["coordinator"]["available_capacity"] == 1000.0


def test_what_is_left_out_stays() -> None:
    assert site_with(SITE) == SITE
    assert site_with(SITE, storage={}, economic={}) == SITE
    changed = site_with(SITE, storage={"capacity": 2000.0})
    assert changed.battery.capacity_kwh == 2000.0
    assert changed.battery.charge_efficiency == SITE.battery.charge_efficiency


CHANGES = [
    ("coordinator", "available_capacity", 900.0, ("coordinator.available_capacity_kw",)),
    ("coordinator", "update_interval", 2.0, ("coordinator.update_interval_s",)),
    ("storage", "capacity", 800.0, ("battery.capacity_kwh",)),
    ("storage", "max_power", 400.0, ("battery.max_power_kw",)),
    ("storage", "min_soc", 0.2, ("battery.min_state_of_charge",)),
    ("storage", "max_soc", 0.8, ("battery.max_state_of_charge",)),
    ("storage", "efficiency", 0.9, ("battery.charge_efficiency", "battery.discharge_efficiency")),
    ("storage", "charge_efficiency", 0.9, ("battery.charge_efficiency",)),
    ("storage", "discharge_efficiency", 0.9, ("battery.discharge_efficiency",)),
    ("storage", "response_time", 0.2, ("battery.response_time_s",)),
    ("demand_response", "forecast_horizon", 12, ("demand_response.forecast_horizon_hours",)),
    ("demand_response", "min_reduction", 20.0, ("demand_response.min_reduction_kw",)),
    ("demand_response", "max_reduction", 300.0, ("demand_response.max_reduction_kw",)),
    ("demand_response", "ramp_rate", 20.0, ("demand_response.ramp_kw_per_minute",)),
    ("economic", "market_update_interval", 600, ("market.update_interval_s",)),
    ("economic", "min_bid_size", 10.0, ("market.minimum_bid_kw",)),
    ("economic", "price_threshold", -5.0, ("market.price_threshold_per_mwh",)),
    ("economic", "risk_tolerance", 1.0, ("market.risk_tolerance",)),
]


def differences(site: Site) -> dict[str, object]:
    before, after = SITE.model_dump(), site.model_dump()
    return {
        f"{section}.{name}": value
        for section, values in after.items()
        if isinstance(values, dict)
        for name, value in values.items()
        if value != before[section][name]
    }


@pytest.mark.parametrize(("config", "key", "value", "names"), CHANGES, ids=[f"{c[0]}.{c[1]}" for c in CHANGES])
def test_a_key_changes_its_value_and_nothing_else(config: str, key: str, value: Any, names: tuple[str, ...]) -> None:
    made = site_with(SITE, **{config: {key: value}})
    assert differences(made) == dict.fromkeys(names, value)
    assert configurations(made)[config][key] == value


def test_every_key_is_tried_above() -> None:
    tried = {(config, key) for config, key, _, _ in CHANGES} | {("coordinator", "service_priorities")}
    assert tried == {(config, key) for config, (_, keys) in KEYS.items() for key in keys}


def test_efficiency_is_one_way_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        made = site_with(SITE, storage={"efficiency": 0.9})
    assert (made.battery.charge_efficiency, made.battery.discharge_efficiency) == (0.9, 0.9)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "0.9 is taken as the efficiency of one way" in caplog.text


def test_nothing_is_warned_of_without_it(caplog: pytest.LogCaptureFixture) -> None:
    site_with(SITE, storage={"charge_efficiency": 0.9, "discharge_efficiency": 0.9})
    assert caplog.records == []


@given(
    st.fixed_dictionaries(
        {
            "capacity": st.floats(300, 5000),
            "max_power": st.floats(100, 600),
            "charge_efficiency": st.floats(0.5, 1),
            "discharge_efficiency": st.sampled_from([0.5, 0.95, 1.0]),
        }
    ),
    st.floats(-100, 100),
)
def test_there_and_back_gives_the_same_site(storage: dict[str, float], threshold: float) -> None:
    made = site_with(SITE, storage=storage, economic={"price_threshold": threshold})
    assert site_with(SITE, **configurations(made)) == made
    assert set(configurations(made)) == set(ALL)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "unknown-coordinator": ({"coordinator": {"capacity": 1.0}}, "coordinator.capacity: there is no such key"),
    "unknown-storage": ({"storage": {"max_power_kw": 1.0}}, "storage.max_power_kw: there is no such key"),
    "unknown-demand": ({"demand_response": {"ramp": 1.0}}, "demand_response.ramp: there is no such key"),
    "unknown-economic": ({"economic": {"risk": 1.0}}, "economic.risk: there is no such key"),
    "key-number": ({"economic": {1: 1.0}}, "economic.1: there is no such key"),
    "no-dictionary": ({"storage": [("capacity", 1.0)]}, "storage: must be a dictionary, not list"),
    "text": ({"storage": {"capacity": "1000"}}, "storage.capacity: Input should be a valid number"),
    "none": ({"storage": {"capacity": None}}, "storage.capacity: Input should be a valid number"),
    "bool": ({"economic": {"min_bid_size": True}}, "economic.min_bid_size"),
    "nan": ({"storage": {"capacity": float("nan")}}, "storage.capacity"),
    "infinite": ({"demand_response": {"ramp_rate": float("inf")}}, "demand_response.ramp_rate"),
    "negative": ({"storage": {"max_power": -500.0}}, "storage.max_power"),
    "efficiency": ({"storage": {"efficiency": 1.05}}, "storage.efficiency"),
    "efficiency-percent": ({"storage": {"efficiency": 95}}, "storage.efficiency"),
    "efficiency-twice": (
        {"storage": {"efficiency": 0.95, "charge_efficiency": 0.9}},
        "storage.efficiency: says the same as charge_efficiency",
    ),
    "horizon-fraction": ({"demand_response": {"forecast_horizon": 1.5}}, "demand_response.forecast_horizon"),
    "horizon-long": ({"demand_response": {"forecast_horizon": 48}}, "demand_response.forecast_horizon"),
    "reductions": (
        {"demand_response": {"min_reduction": 300.0}},
        "demand_response: Value error, min_reduction_kw must not exceed max_reduction_kw",
    ),
    "risk": ({"economic": {"risk_tolerance": 1.2}}, "economic.risk_tolerance"),
    "interval": ({"coordinator": {"update_interval": 0}}, "coordinator.update_interval"),
    "priority": (
        {"coordinator": {"service_priorities": {"frequency_response": "TOP"}}},
        "coordinator.service_priorities.frequency_response",
    ),
    "service": ({"coordinator": {"service_priorities": {"freq": "HIGH"}}}, "coordinator.service_priorities.freq"),
    "priorities-list": ({"coordinator": {"service_priorities": ["HIGH"]}}, "coordinator.service_priorities"),
    "contradiction": ({"storage": {"min_soc": 0.95}}, "min_state_of_charge must be below"),
    "converter": ({"storage": {"max_power": 700.0}}, "converter_kva must not be below max_power_kw"),
    "services": ({"storage": {"max_power": 50.0}}, "services.frequency_response_kw must not exceed"),
}


@pytest.mark.parametrize(("configs", "named"), WRONG.values(), ids=WRONG)
def test_a_wrong_configuration_is_named(configs: dict[str, Any], named: str) -> None:
    fault = fault_of(**configs)
    assert fault.startswith("1 fault(s)")
    assert named in fault


def test_all_faults_of_all_dictionaries_come_in_one_message() -> None:
    fault = fault_of(
        coordinator={"available_capacity": -1.0, "colour": "red"},
        storage={"efficiency": "good"},
        demand_response="none",
        economic={"risk_tolerance": float("nan")},
    )
    assert fault.startswith("5 fault(s)")
    named = ("available_capacity", "colour", "storage.efficiency", "demand_response: must", "economic.risk_tolerance")
    assert all(name in fault for name in named)


def test_the_site_given_does_not_change() -> None:
    before = SITE.content
    site_with(SITE, **{**ALL, "storage": {"capacity": 5.0e3}})
    with pytest.raises(ConfigError):
        site_with(SITE, storage={"capacity": -1.0})
    assert SITE.content == before
