from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from kpp_twin.coordination.requests import (
    ServiceGrant,
    ServicePriority,
    ServiceRequest,
    ServiceState,
    ServiceType,
    natural_direction,
    request_faults,
)
from kpp_twin.site import PriorityName, ServiceName

NOW = datetime(2021, 10, 13, 14, 30, tzinfo=UTC)
REQUEST = ServiceRequest(
    request_id="a",
    service_type=ServiceType.ENERGY_ARBITRAGE,
    priority=ServicePriority.LOW,
    magnitude=100.0,
    start=NOW,
    duration=timedelta(minutes=90),
    direction="down",
    sequence=1,
)
SOUND = {
    "service_type": ServiceType.PEAK_SHAVING,
    "priority": None,
    "magnitude": 10,
    "duration": timedelta(hours=1),
    "direction": "up",
    "start": NOW,
    "request_id": "a",
    "now": NOW,
}


def test_the_site_file_knows_the_same_services_and_priorities() -> None:
    assert get_args(ServiceName) == tuple(service.value for service in ServiceType)
    assert get_args(PriorityName) == tuple(priority.value for priority in ServicePriority)


def test_tiers_count_from_the_highest() -> None:
    assert [priority.tier for priority in ServicePriority] == [1, 2, 3]
    assert ServicePriority.HIGH.tier == 1


def test_first_come_first_served_within_a_tier_only() -> None:
    early_low, late_low = replace(REQUEST, sequence=1), replace(REQUEST, sequence=2)
    later_high = replace(REQUEST, sequence=3, priority=ServicePriority.HIGH)
    assert sorted([late_low, early_low, later_high], key=lambda r: r.rank) == [later_high, early_low, late_low]


def test_a_record_is_signed_and_names_its_unit() -> None:
    record = ServiceGrant(request=REQUEST, state=ServiceState.GRANTED, granted=80.0, battery_kw=80.0).record
    assert (record.requested, record.granted, record.unit, record.duration_minutes) == (-100.0, -80.0, "kW", 90)
    assert record.state == "GRANTED"
    voltage = replace(REQUEST, service_type=ServiceType.VOLTAGE_SUPPORT, direction="symmetric")
    assert ServiceGrant(request=voltage, state=ServiceState.PENDING).record.unit == "kvar"


@pytest.mark.parametrize(
    ("service", "direction"),
    [
        (ServiceType.FREQUENCY_RESPONSE, "symmetric"),
        (ServiceType.VOLTAGE_SUPPORT, "symmetric"),
        (ServiceType.ENERGY_ARBITRAGE, "up"),
        (ServiceType.EMERGENCY_DEMAND_RESPONSE, "up"),
    ],
)
def test_natural_directions(service: ServiceType, direction: str) -> None:
    assert natural_direction(service) == direction


@pytest.mark.parametrize("state", ServiceState)
def test_only_granted_and_active_hold_assets(state: ServiceState) -> None:
    holds = ServiceGrant(request=REQUEST, state=state).holds
    assert holds == (state.value in ("GRANTED", "ACTIVE"))


def test_a_sound_request_has_no_fault() -> None:
    assert request_faults(**SOUND) == []


def test_all_faults_are_found_at_once() -> None:
    faults = request_faults(**{**SOUND, "magnitude": -1, "duration": timedelta(0), "request_id": " ", "direction": 1})
    assert [fault.split()[0] for fault in faults] == ["direction", "magnitude", "duration", "request_id"]
