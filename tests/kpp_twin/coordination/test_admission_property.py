"""Whatever is asked for in whatever order, what is granted can be given."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.coordination.coordinator import GridServicesCoordinator
from kpp_twin.coordination.requests import ServiceGrant, ServicePriority, ServiceState, ServiceType
from kpp_twin.site import load_site

NOW = datetime(2021, 10, 13, 14, 30, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
SITE = load_site()
ROUNDING = 1e-2  # each of 50 grants may exceed what is left by a tenth of a watt
DEMAND_RESPONSE = (ServiceType.EMERGENCY_DEMAND_RESPONSE, ServiceType.NON_CRITICAL_DEMAND_RESPONSE)
SYMMETRIC = (ServiceType.FREQUENCY_RESPONSE, ServiceType.VOLTAGE_SUPPORT)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    service = draw(st.sampled_from(ServiceType))
    directions = ["symmetric"] if service in SYMMETRIC else ["up"] if service in DEMAND_RESPONSE else ["up", "down"]
    return {
        "service_type": service,
        "priority": draw(st.sampled_from(ServicePriority)),
        "magnitude": draw(st.floats(1, 700)),
        "duration": draw(st.integers(1, 24)) * QUARTER,
        "direction": draw(st.sampled_from(directions)),
        "start": NOW + draw(st.integers(0, 48)) * QUARTER,
    }


def audit(grants: list[ServiceGrant], stored_kwh: float) -> None:
    """Play all grants through in quarter-hours, once with every call upward and once with every call downward."""
    battery, hours = SITE.battery, 0.25
    low = high = stored_kwh
    reserve_kwh = SITE.frequency_product().endurance_h
    floor, ceiling = battery.min_state_of_charge * 1000, battery.max_state_of_charge * 1000
    for quarter in range(48 + 24):
        moment = NOW + quarter * QUARTER
        scheduled = up = down = reserve = load = reactive = 0.0
        for grant in grants:
            if not grant.request.start <= moment < grant.request.stop:
                continue
            if grant.request.service_type is ServiceType.VOLTAGE_SUPPORT:
                reactive += grant.granted
            elif grant.request.service_type is ServiceType.FREQUENCY_RESPONSE:
                reserve += grant.battery_kw
            elif grant.request.service_type is ServiceType.ENERGY_ARBITRAGE:
                scheduled += grant.battery_kw if grant.request.direction == "up" else -grant.battery_kw
            elif grant.request.direction == "up":
                up += grant.battery_kw
                load += grant.load_kw
            else:
                down += grant.battery_kw
        most_up, most_down = scheduled + up + reserve, -scheduled + down + reserve
        assert max(most_up, most_down) <= battery.max_power_kw + ROUNDING
        assert most_up + load <= min(700.0, SITE.coordinator.available_capacity_kw) + ROUNDING
        assert load <= SITE.demand_response.max_reduction_kw + ROUNDING
        assert max(most_up, most_down, 0.0) ** 2 + reactive**2 <= battery.converter_kva**2 + 600 * ROUNDING
        lowest, highest = low, high
        low -= drawn_kwh(scheduled + up, hours)
        high -= drawn_kwh(scheduled - down, hours)
        assert min(low, lowest) - reserve * reserve_kwh / battery.discharge_efficiency >= floor - ROUNDING
        assert max(high, highest) + reserve * reserve_kwh * battery.charge_efficiency <= ceiling + ROUNDING


def drawn_kwh(power_kw: float, hours: float) -> float:
    """Energy taken from the store."""
    battery = SITE.battery
    return hours * (power_kw / battery.discharge_efficiency if power_kw > 0 else power_kw * battery.charge_efficiency)


@given(st.lists(requests(), min_size=1, max_size=50), st.floats(0.1, 0.9))
def test_co_08_grants_never_exceed_power_energy_or_smallest_bid(
    asked: list[dict[str, Any]], state_of_charge: float
) -> None:
    coordinator = GridServicesCoordinator(SITE, now=NOW, state_of_charge=state_of_charge)
    for number, request in enumerate(asked):
        coordinator.request_service(**request, request_id=str(number))
    grants = [coordinator.grant(str(number)) for number in range(len(asked))]
    audit([grant for grant in grants if grant.state is ServiceState.GRANTED], state_of_charge * 1000)
    for grant in grants:
        assert 0 <= grant.granted <= grant.request.magnitude
        if grant.granted:
            service = grant.request.service_type
            assert grant.granted >= SITE.demand_response.min_reduction_kw - ROUNDING or service not in DEMAND_RESPONSE
            assert grant.granted >= SITE.market.minimum_bid_kw or service is not ServiceType.MARKET_PARTICIPATION
            assert grant.load_kw == 0 or grant.load_kw >= SITE.demand_response.min_reduction_kw - ROUNDING


@given(st.lists(requests(), min_size=1, max_size=30))
def test_co_08_a_higher_tier_does_not_feel_a_lower_one(asked: list[dict[str, Any]]) -> None:
    def granted(tiers: int) -> dict[str, float]:
        coordinator = GridServicesCoordinator(SITE, now=NOW)
        for number, request in enumerate(asked):
            if request["priority"].tier <= tiers:
                coordinator.request_service(**request, request_id=str(number))
        return {
            str(number): coordinator.grant(str(number)).granted
            for number, request in enumerate(asked)
            if request["priority"].tier <= tiers
        }

    everyone = granted(3)
    for tiers in (1, 2):
        alone = granted(tiers)
        assert {name: everyone[name] for name in alone} == alone


@given(st.lists(requests(), min_size=1, max_size=30), st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_states_only_go_forward(asked: list[dict[str, Any]], measured: list[float]) -> None:
    coordinator = GridServicesCoordinator(SITE, now=NOW)
    for number, request in enumerate(asked):
        coordinator.request_service(**request, request_id=str(number))
    order = {"GRANTED": 1, "ACTIVE": 2, "COMPLETED": 3, "REJECTED": 4, "PREEMPTED": 4}
    before = [(order[record.state], abs(record.granted)) for record in coordinator.records()]
    for step, state_of_charge in enumerate(measured, start=1):
        coordinator.advance(NOW + step * timedelta(hours=3), state_of_charge=state_of_charge)
        after = [(order[record.state], abs(record.granted)) for record in coordinator.records()]
        for (old_state, old), (new_state, new) in zip(before, after, strict=True):
            assert new_state >= old_state
            assert new <= old
        before = after
