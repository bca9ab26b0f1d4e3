from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kpp_twin.configuration import site_with
from kpp_twin.coordination.coordinator import GridServicesCoordinator
from kpp_twin.coordination.requests import (
    ServiceGrant,
    ServicePriority,
    ServiceRequestError,
    ServiceState,
    ServiceType,
)
from kpp_twin.errors import ConfigError
from kpp_twin.operation import ServicePerformance
from kpp_twin.site import Site

NOW = datetime(2021, 10, 13, 14, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
FREQUENCY, ARBITRAGE = ServiceType.FREQUENCY_RESPONSE, ServiceType.ENERGY_ARBITRAGE


def ask(coordinator: GridServicesCoordinator, service: ServiceType, magnitude: float, **more: Any) -> ServiceGrant:
    return coordinator.request_service(
        **{"service_type": service, "magnitude": magnitude, "duration": HOUR, "request_id": None, **more}
    )


@pytest.mark.parametrize(
    ("response_kw", "energy_kw"), [(0, 380.0), (100, 355.0), (200, 300.0), (400, 100.0)], ids=lambda v: f"CO-01-{v}"
)
def test_co_01_discharge_for_an_hour_beside_frequency_response(
    coordinator: GridServicesCoordinator, response_kw: float, energy_kw: float
) -> None:
    if response_kw:
        assert ask(coordinator, FREQUENCY, response_kw).granted == response_kw
    assert coordinator.capability(ARBITRAGE, duration=HOUR) == pytest.approx(energy_kw)
    assert ask(coordinator, ARBITRAGE, 500.0).granted == pytest.approx(energy_kw)


@pytest.mark.parametrize("arbitrage_first", [True, False])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_co_02_frequency_response_leaves_nothing_to_arbitrage(
    coordinator: GridServicesCoordinator, arbitrage_first: bool, direction: str
) -> None:
    if arbitrage_first:
        ask(coordinator, ARBITRAGE, 300.0, direction=direction, request_id="trade")
    response = ask(coordinator, FREQUENCY, 500.0)
    if not arbitrage_first:
        ask(coordinator, ARBITRAGE, 300.0, direction=direction, request_id="trade")
    assert (response.state, response.granted) == (ServiceState.GRANTED, 500.0)
    trade = coordinator.grant("trade")
    assert (trade.state, trade.granted) == (
        ServiceState.PREEMPTED if arbitrage_first else ServiceState.REJECTED,
        0.0,
    )
    load = ask(coordinator, ServiceType.NON_CRITICAL_DEMAND_RESPONSE, 300.0, priority=ServicePriority.LOW)
    assert (load.granted, load.load_kw, load.battery_kw) == (200.0, 200.0, 0.0)
    assert coordinator.capability(ServiceType.PEAK_SHAVING, duration=HOUR) == 0.0
    assert coordinator.capability(ServiceType.PEAK_SHAVING, duration=HOUR, direction="down") == 0.0


def test_frequency_response_needs_energy_for_its_minutes_others_for_all_their_time(
    coordinator: GridServicesCoordinator,
) -> None:
    hours = timedelta(hours=4)
    assert ask(coordinator, FREQUENCY, 100.0, duration=hours).granted == 100.0
    beside = coordinator.capability(ServiceType.LOAD_BALANCING, duration=hours)
    assert beside == pytest.approx((400 * 0.95 - 25) / 4 + 200)
    after = coordinator.capability(ServiceType.LOAD_BALANCING, duration=hours, start=NOW + hours)
    assert after == pytest.approx(400 * 0.95 / 4 + 200)


def test_a_partial_grant_says_what_binds(coordinator: GridServicesCoordinator) -> None:
    trade = ask(coordinator, ARBITRAGE, 400.0)
    assert (trade.state, trade.granted) == (ServiceState.GRANTED, pytest.approx(380.0))
    assert trade.reason == "380 of 400 kW left; stored energy binds"


def test_equal_tiers_are_served_first_come_first_served(coordinator: GridServicesCoordinator) -> None:
    first = ask(coordinator, ARBITRAGE, 300.0)
    second = ask(coordinator, ARBITRAGE, 300.0)
    assert (first.granted, second.granted) == (300.0, pytest.approx(80.0))


def test_the_priority_of_the_request_wins_over_the_default(coordinator: GridServicesCoordinator) -> None:
    assert ask(coordinator, ARBITRAGE, 10.0).request.priority is ServicePriority.LOW
    assert ask(coordinator, ARBITRAGE, 10.0, priority=ServicePriority.HIGH).request.priority is ServicePriority.HIGH
    ask(coordinator, ARBITRAGE, 370.0 - 10.0, request_id="low")
    ask(coordinator, ARBITRAGE, 300.0, priority=ServicePriority.HIGH)
    assert coordinator.grant("low").granted == pytest.approx(70.0 - 10.0)


def test_a_higher_tier_cuts_a_lower_one_and_says_so(coordinator: GridServicesCoordinator) -> None:
    ask(coordinator, ARBITRAGE, 380.0, request_id="trade")
    ask(coordinator, FREQUENCY, 200.0, request_id="response")
    trade = coordinator.grant("trade")
    assert (trade.state, trade.granted) == (ServiceState.GRANTED, 300.0)
    assert trade.reason == "cut from 380 to 300 kW by response"


def test_a_grant_that_was_cut_does_not_grow_again(coordinator: GridServicesCoordinator) -> None:
    ask(coordinator, ARBITRAGE, 380.0, request_id="trade", start=NOW + HOUR)
    ask(coordinator, FREQUENCY, 200.0, start=NOW + HOUR)
    coordinator.advance(NOW + HOUR / 2, state_of_charge=0.1)
    assert coordinator.grant("trade").state is ServiceState.PREEMPTED
    ask(coordinator, ARBITRAGE, 100.0, request_id="charge", start=NOW + 2 * HOUR, direction="down")
    ask(coordinator, ARBITRAGE, 200.0, request_id="trade again", start=NOW + 3 * HOUR)
    assert coordinator.grant("trade again").granted == pytest.approx(100 * 0.95**2)
    coordinator.advance(NOW + HOUR / 2, state_of_charge=0.9)
    assert coordinator.grant("trade again").granted == pytest.approx(100 * 0.95**2)
    assert coordinator.grant("charge").state is ServiceState.PREEMPTED


def test_a_rejected_request_of_a_higher_tier_takes_nothing(coordinator: GridServicesCoordinator) -> None:
    ask(coordinator, ARBITRAGE, 380.0, request_id="trade")
    assert ask(coordinator, FREQUENCY, 501.0).state is ServiceState.REJECTED
    assert coordinator.grant("trade").granted == 380.0


def test_what_has_begun_is_never_preempted(coordinator: GridServicesCoordinator) -> None:
    ask(coordinator, ARBITRAGE, 300.0, request_id="trade")
    coordinator.advance(NOW + HOUR / 4)
    assert coordinator.grant("trade").state is ServiceState.ACTIVE
    assert ask(coordinator, FREQUENCY, 300.0, duration=HOUR / 4).state is ServiceState.REJECTED
    assert ask(coordinator, FREQUENCY, 200.0, duration=HOUR / 4).state is ServiceState.GRANTED
    assert coordinator.grant("trade").granted == 300.0


def test_a_preempted_grant_does_not_come_back(coordinator: GridServicesCoordinator) -> None:
    ask(coordinator, ARBITRAGE, 300.0, request_id="trade", start=NOW + HOUR)
    ask(coordinator, FREQUENCY, 500.0, start=NOW + HOUR)
    coordinator.advance(NOW + 3 * HOUR)
    assert coordinator.grant("trade").state is ServiceState.PREEMPTED


def test_states_follow_simulated_time(coordinator: GridServicesCoordinator) -> None:
    ask(coordinator, FREQUENCY, 100.0, request_id="response", start=NOW + HOUR)
    seen = [coordinator.grant("response").state]
    for minutes in (30, 60, 90, 120, 180):
        coordinator.advance(NOW + timedelta(minutes=minutes))
        seen.append(coordinator.grant("response").state)
    names = ["GRANTED", "GRANTED", "ACTIVE", "ACTIVE", "COMPLETED", "COMPLETED"]
    assert [state.value for state in seen] == names
    assert coordinator.now == NOW + 3 * HOUR


def test_what_is_never_decided_expires(coordinator: GridServicesCoordinator) -> None:
    coordinator.submit(service_type=FREQUENCY, magnitude=100.0, duration=HOUR, start=NOW + HOUR, request_id="late")
    assert coordinator.grant("late").state is ServiceState.PENDING
    coordinator.advance(NOW + HOUR)
    assert coordinator.grant("late").state is ServiceState.PENDING
    coordinator.advance(NOW + 2 * HOUR)
    assert coordinator.grant("late").state is ServiceState.EXPIRED
    assert coordinator.decide() == ()


def test_pending_requests_are_decided_by_tier(coordinator: GridServicesCoordinator) -> None:
    coordinator.submit(service_type=ARBITRAGE, magnitude=400.0, duration=HOUR, request_id="trade")
    coordinator.submit(service_type=FREQUENCY, magnitude=400.0, duration=HOUR, request_id="response")
    decided = {grant.request.request_id: grant.granted for grant in coordinator.decide()}
    assert list(decided.items()) == [("response", 400.0), ("trade", 100.0)]
    assert [record.state for record in coordinator.records()] == ["GRANTED", "GRANTED"]


def test_scheduled_energy_moves_the_state_of_charge(coordinator: GridServicesCoordinator) -> None:
    ask(coordinator, ARBITRAGE, 190.0)
    coordinator.advance(NOW + 2 * HOUR)
    assert coordinator.state_of_charge == pytest.approx(0.3)


def test_a_lower_measured_state_of_charge_takes_what_it_does_not_carry(coordinator: GridServicesCoordinator) -> None:
    ask(coordinator, ARBITRAGE, 380.0, request_id="trade", start=NOW + HOUR)
    ask(coordinator, FREQUENCY, 100.0, request_id="response", start=NOW + 3 * HOUR)
    coordinator.advance(NOW + HOUR / 2, state_of_charge=0.12)
    assert coordinator.grant("trade").state is ServiceState.GRANTED
    assert coordinator.grant("trade").granted == pytest.approx(20 * 0.95)
    assert coordinator.grant("response").state is ServiceState.PREEMPTED
    assert "state of charge of 0.12" in coordinator.grant("response").reason


def test_the_same_request_is_decided_once(coordinator: GridServicesCoordinator) -> None:
    first = ask(coordinator, FREQUENCY, 300.0, request_id="response")
    assert ask(coordinator, FREQUENCY, 300.0, request_id="response") == first
    coordinator.advance(NOW + 2 * HOUR)
    again = ask(coordinator, FREQUENCY, 300.0, request_id="response")
    assert (again.state, len(coordinator.records())) == (ServiceState.COMPLETED, 1)


def test_records_tell_what_became_of_each_request(coordinator: GridServicesCoordinator) -> None:
    ask(coordinator, FREQUENCY, 100.0)
    ask(coordinator, ServiceType.VOLTAGE_SUPPORT, 601.0)
    response, voltage = coordinator.records()
    assert response.request_id == "frequency_response-2021-10-13T14:30Z-1"
    assert (response.service, response.priority, response.granted) == ("frequency_response", "HIGH", 100.0)
    assert (voltage.state, voltage.unit, voltage.granted) == ("REJECTED", "kvar", 0.0)
    assert "converter" in voltage.reason


def test_performance_is_what_was_measured(coordinator: GridServicesCoordinator) -> None:
    assert coordinator.get_overall_performance()["service_uptime"] is None
    coordinator.record(
        ServicePerformance(
            service="frequency_response",
            committed=100.0,
            uptime=0.99,
            response_time_s=0.23,
            accuracy=0.97,
            requested_kwh=3.0,
            delivered_kwh=2.9,
        )
    )
    overall = coordinator.get_overall_performance()
    kpis = [overall[name] for name in ("service_uptime", "average_response_time", "service_accuracy")]
    assert kpis == pytest.approx([0.99, 0.23, 0.97])


def test_of_its_configuration_dictionary() -> None:
    config = {"available_capacity": 300.0, "service_priorities": {"frequency_response": "LOW"}, "update_interval": 1.0}
    coordinator = GridServicesCoordinator.from_config(config, now=NOW, state_of_charge=0.8)
    assert ask(coordinator, FREQUENCY, 300.0).request.priority is ServicePriority.LOW
    assert ask(coordinator, FREQUENCY, 10.0).state is ServiceState.REJECTED
    with pytest.raises(ConfigError, match=r"coordinator.capacity"):
        GridServicesCoordinator.from_config({"capacity": 300.0}, now=NOW)


BAD_REQUESTS: dict[str, tuple[dict[str, Any], str]] = {
    "service-text": ({"service_type": "frequency_response"}, "service_type 'frequency_response'"),
    "service-none": ({"service_type": None}, "service_type None"),
    "priority-text": ({"priority": "HIGH"}, "priority 'HIGH'"),
    "priority-number": ({"priority": 1}, "priority 1"),
    "no-priority-known": ({"service_type": ServiceType.LOAD_BALANCING}, "priority is missing"),
    "magnitude-zero": ({"magnitude": 0.0}, "magnitude 0.0"),
    "magnitude-negative": ({"magnitude": -100.0}, "magnitude -100.0"),
    "magnitude-nan": ({"magnitude": float("nan")}, "magnitude nan"),
    "magnitude-infinite": ({"magnitude": float("inf")}, "magnitude inf"),
    "magnitude-text": ({"magnitude": "100"}, "magnitude '100'"),
    "magnitude-bool": ({"magnitude": True}, "magnitude True"),
    "duration-number": ({"duration": 3600}, "duration 3600"),
    "duration-zero": ({"duration": timedelta(0)}, "duration 0:00:00"),
    "duration-negative": ({"duration": -HOUR}, "duration -1 day"),
    "duration-seconds": ({"duration": timedelta(seconds=90)}, "whole minutes"),
    "duration-long": ({"duration": timedelta(days=32)}, "at most 31 days"),
    "direction-unknown": ({"direction": "sideways"}, "direction 'sideways'"),
    "response-one-way": ({"direction": "up"}, "direction 'up' does not fit frequency_response"),
    "trade-both-ways": ({"service_type": ARBITRAGE, "direction": "symmetric"}, "does not fit energy_arbitrage"),
    "load-down": (
        {"service_type": ServiceType.EMERGENCY_DEMAND_RESPONSE, "direction": "down"},
        "load is curtailed, never raised",
    ),
    "start-naive": ({"start": datetime(2021, 10, 14)}, "no time zone"),  # noqa: DTZ001
    "start-past": ({"start": NOW - HOUR}, "lies before"),
    "start-text": ({"start": "2021-10-14"}, "start '2021-10-14'"),
    "name-empty": ({"request_id": " "}, "request_id ' '"),
    "name-number": ({"request_id": 7}, "request_id 7"),
    "name-taken": ({"request_id": "taken"}, "request_id is taken"),
}


@pytest.mark.parametrize(("wrong", "named"), BAD_REQUESTS.values(), ids=BAD_REQUESTS)
def test_a_bad_request_tells_fault_place_and_next_step(
    coordinator: GridServicesCoordinator, wrong: dict[str, Any], named: str
) -> None:
    ask(coordinator, FREQUENCY, 7.0, request_id="taken")
    sound = {"service_type": FREQUENCY, "magnitude": 100.0, "duration": HOUR}
    with pytest.raises(ServiceRequestError) as told:
        coordinator.request_service(**{**sound, **wrong})
    assert named in told.value.fault
    assert told.value.place
    assert "correct them" in told.value.next_step
    assert len(coordinator.records()) == 1


def test_all_faults_of_a_request_come_at_once(coordinator: GridServicesCoordinator) -> None:
    with pytest.raises(ServiceRequestError, match="4 fault") as told:
        coordinator.request_service(
            service_type=ServiceType.PEAK_SHAVING,
            priority="urgent",  # type: ignore[arg-type]
            magnitude=-5,
            duration=timedelta(0),
            start=NOW - HOUR,
        )
    assert all(name in str(told.value) for name in ("priority", "magnitude", "duration", "start"))


@pytest.mark.parametrize("state_of_charge", [-0.1, 1.1, float("nan"), "half", True])
def test_an_impossible_state_of_charge_is_refused(site: Site, state_of_charge: Any) -> None:
    with pytest.raises(ServiceRequestError, match="state_of_charge"):
        GridServicesCoordinator(site, now=NOW, state_of_charge=state_of_charge)


def test_time_has_a_zone_and_goes_forward_only(site: Site, coordinator: GridServicesCoordinator) -> None:
    with pytest.raises(ServiceRequestError, match="cannot go back"):
        coordinator.advance(NOW - HOUR)
    with pytest.raises(ServiceRequestError, match="time zone"):
        coordinator.advance(datetime(2022, 1, 1))  # noqa: DTZ001
    with pytest.raises(ServiceRequestError, match="time zone"):
        GridServicesCoordinator(site, now=datetime(2022, 1, 1))  # noqa: DTZ001


def test_an_unknown_request_and_an_impossible_capability_are_refused(coordinator: GridServicesCoordinator) -> None:
    with pytest.raises(ServiceRequestError, match="no request 'x'"):
        coordinator.grant("x")
    with pytest.raises(ServiceRequestError, match="duration"):
        coordinator.capability(ARBITRAGE, duration=timedelta(0))


def test_a_change_of_the_assets_changes_what_is_granted(site: Site) -> None:
    small = site_with(site, storage={"max_power": 110.0})
    assert GridServicesCoordinator(small, now=NOW).capability(FREQUENCY, duration=HOUR) == 110.0
    assert GridServicesCoordinator(site, now=NOW).capability(FREQUENCY, duration=HOUR) == 500.0
