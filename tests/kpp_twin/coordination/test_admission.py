from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kpp_twin.coordination.admission import admit, available, commitment, smallest
from kpp_twin.coordination.allocation import Headroom
from kpp_twin.coordination.requests import ServicePriority, ServiceRequest, ServiceState, ServiceType
from kpp_twin.site import Site

NOW = datetime(2021, 10, 13, 14, 30, tzinfo=UTC)
LEFT = Headroom(
    up=(120.0, "battery power"),
    down=(90.0, "room in the battery"),
    reserve=(80.0, "stored energy"),
    load=(200.0, "curtailable load"),
    cap_up=(300.0, "cap on all services together"),
    reactive=(250.0, "converter's apparent power"),
)


def asked(service: ServiceType, magnitude: float, direction: str = "up") -> ServiceRequest:
    return ServiceRequest(
        request_id="a",
        service_type=service,
        priority=ServicePriority.LOW,
        magnitude=magnitude,
        start=NOW,
        duration=timedelta(hours=1),
        direction=direction,  # type: ignore[arg-type]
        sequence=1,
    )


@pytest.mark.parametrize(
    ("service", "direction", "kw"),
    [
        (ServiceType.FREQUENCY_RESPONSE, "symmetric", 80.0),
        (ServiceType.VOLTAGE_SUPPORT, "symmetric", 250.0),
        (ServiceType.ENERGY_ARBITRAGE, "up", 120.0),
        (ServiceType.ENERGY_ARBITRAGE, "down", 90.0),
        (ServiceType.EMERGENCY_DEMAND_RESPONSE, "up", 200.0),
        (ServiceType.PEAK_SHAVING, "up", 300.0),
        (ServiceType.LOAD_BALANCING, "down", 90.0),
    ],
)
def test_what_is_available_depends_on_the_asset(service: ServiceType, direction: str, kw: float) -> None:
    assert available(service, direction, LEFT)[0] == kw  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("service", "magnitude", "by_asset"),
    [
        (ServiceType.PEAK_SHAVING, 100.0, (100.0, 0.0)),
        (ServiceType.PEAK_SHAVING, 300.0, (120.0, 180.0)),
        (ServiceType.CRITICAL_GRID_SUPPORT, 130.0, (80.0, 50.0)),  # the load gives 50 kW or nothing
        (ServiceType.ENERGY_ARBITRAGE, 120.0, (120.0, 0.0)),
        (ServiceType.EMERGENCY_DEMAND_RESPONSE, 60.0, (0.0, 60.0)),
    ],
)
def test_the_battery_comes_before_the_load(
    site: Site, service: ServiceType, magnitude: float, by_asset: tuple[float, float]
) -> None:
    grant = admit(site, asked(service, magnitude), magnitude, LEFT)
    assert (grant.battery_kw, grant.load_kw) == pytest.approx(by_asset)
    assert (grant.granted, grant.granted_kw, grant.reason) == (magnitude, pytest.approx(magnitude), "in full")


def test_voltage_support_takes_no_active_power(site: Site) -> None:
    grant = admit(site, asked(ServiceType.VOLTAGE_SUPPORT, 250.0, "symmetric"), 250.0, LEFT)
    assert (grant.granted, grant.unit, grant.granted_kw) == (250.0, "kvar", 0.0)


@pytest.mark.parametrize(
    ("service", "granted"),
    [
        (ServiceType.ENERGY_ARBITRAGE, 120.0),
        (ServiceType.NON_CRITICAL_DEMAND_RESPONSE, 200.0),
        (ServiceType.EMERGENCY_DEMAND_RESPONSE, 200.0),
        (ServiceType.PEAK_SHAVING, 0.0),
        (ServiceType.MARKET_PARTICIPATION, 0.0),
        (ServiceType.CRITICAL_GRID_SUPPORT, 0.0),
        (ServiceType.LOAD_BALANCING, 0.0),
    ],
)
def test_only_arbitrage_and_demand_response_are_cut(site: Site, service: ServiceType, granted: float) -> None:
    grant = admit(site, asked(service, 400.0), 400.0, LEFT)
    assert grant.granted == granted
    assert grant.state is (ServiceState.GRANTED if granted else ServiceState.REJECTED)
    assert "of 400 kW left" in grant.reason
    assert grant.reason.endswith("binds")


def test_too_little_for_its_kind_is_rejected_with_the_figure(site: Site) -> None:
    assert smallest(site, ServiceType.FREQUENCY_RESPONSE) == 0.0
    response = admit(site, asked(ServiceType.EMERGENCY_DEMAND_RESPONSE, 49.0), 49.0, LEFT)
    bid = admit(site, asked(ServiceType.MARKET_PARTICIPATION, 99.0), 99.0, LEFT)
    assert (response.state, bid.state) == (ServiceState.REJECTED, ServiceState.REJECTED)
    assert "less than 50" in response.reason
    assert "less than 100" in bid.reason


def test_what_is_cut_is_not_cut_below_the_least_of_its_kind(site: Site) -> None:
    scarce = replace(LEFT, load=(40.0, "curtailable load"))
    assert admit(site, asked(ServiceType.EMERGENCY_DEMAND_RESPONSE, 100.0), 100.0, scarce).granted == 0.0


def test_a_rest_that_the_load_cannot_give_is_rejected(site: Site) -> None:
    """130 kW need 50 kW of the load at least, which has only 30."""
    scarce = replace(LEFT, load=(30.0, "curtailable load"))
    grant = admit(site, asked(ServiceType.PEAK_SHAVING, 130.0), 130.0, scarce)
    assert (grant.state, grant.granted) == (ServiceState.REJECTED, 0.0)


@pytest.mark.parametrize(
    ("service", "direction", "field", "value"),
    [
        (ServiceType.FREQUENCY_RESPONSE, "symmetric", "reserve_kw", 60.0),
        (ServiceType.VOLTAGE_SUPPORT, "symmetric", "reactive_kvar", 60.0),
        (ServiceType.ENERGY_ARBITRAGE, "up", "scheduled_kw", 60.0),
        (ServiceType.ENERGY_ARBITRAGE, "down", "scheduled_kw", -60.0),
        (ServiceType.EMERGENCY_DEMAND_RESPONSE, "up", "load_kw", 60.0),
        (ServiceType.LOAD_BALANCING, "up", "up_kw", 60.0),
        (ServiceType.LOAD_BALANCING, "down", "down_kw", 60.0),
    ],
)
def test_a_grant_reserves_one_thing(site: Site, service: ServiceType, direction: str, field: str, value: float) -> None:
    reserved = commitment(admit(site, asked(service, 60.0, direction), 60.0, LEFT))
    powers = ("scheduled_kw", "up_kw", "down_kw", "reserve_kw", "load_kw", "reactive_kvar")
    assert {name: getattr(reserved, name) for name in powers if getattr(reserved, name)} == {field: value}
