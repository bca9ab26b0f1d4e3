"""One hour of the operating loop: the standing services first, then the planned battery power with what they leave."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kpp_twin.coordination.coordinator import GridServicesCoordinator
from kpp_twin.coordination.requests import Direction, ServiceGrant, ServicePriority, ServiceType
from kpp_twin.operation import DemandEvent, ServiceRecord
from kpp_twin.site import Site
from kpp_twin.timegrid import hour_label

# Tiers of the standing services where the site names none.
TIERS = {
    ServiceType.FREQUENCY_RESPONSE: ServicePriority.HIGH,
    ServiceType.VOLTAGE_SUPPORT: ServicePriority.MEDIUM,
    ServiceType.ENERGY_ARBITRAGE: ServicePriority.LOW,
    ServiceType.NON_CRITICAL_DEMAND_RESPONSE: ServicePriority.LOW,
}
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HourAllocation:
    """What the assets may do in an hour.

    Attributes
    ----------
    battery_kw
        Planned power as far as it was admitted; discharge positive.
    records
        The requests behind it, in the order in which they were made.
    """

    reserve_kw: float
    voltage_support_kvar: float
    battery_kw: float
    records: tuple[ServiceRecord, ...]


def coordinate_hour(
    site: Site, *, battery_kwh: float, start: datetime, reserve_kw: float, planned_battery_kw: float, now: datetime
) -> HourAllocation:
    """Admit frequency response, voltage support and the planned battery power for the hour from ``start``.

    Parameters
    ----------
    battery_kwh
        Energy that the battery is expected to hold at ``start``.
    reserve_kw
        Frequency response that was sold for the hour.
    now
        When this is decided, not after ``start``.
    """
    coordinator = GridServicesCoordinator(site, now=now, state_of_charge=battery_kwh / site.battery.capacity_kwh)
    reserve = _ask(coordinator, ServiceType.FREQUENCY_RESPONSE, reserve_kw, "symmetric", start)
    reactive = _ask(coordinator, ServiceType.VOLTAGE_SUPPORT, site.services.voltage_support_kvar, "symmetric", start)
    way: Direction = "up" if planned_battery_kw > 0 else "down"
    battery = _ask(coordinator, ServiceType.ENERGY_ARBITRAGE, abs(planned_battery_kw), way, start)
    coordinator.decide()
    granted_kw = _granted(coordinator, battery)
    return HourAllocation(
        reserve_kw=_granted(coordinator, reserve),
        voltage_support_kvar=_granted(coordinator, reactive),
        battery_kw=granted_kw if way == "up" else -granted_kw,
        records=coordinator.records(),
    )


def coordinate_event(site: Site, event: DemandEvent, *, now: datetime) -> tuple[DemandEvent | None, ServiceRecord]:
    """Admit a curtailment: the event with what was granted of it, none if it was refused, and the request behind it."""
    coordinator = GridServicesCoordinator(site, now=now)
    submitted = coordinator.submit(
        service_type=ServiceType.NON_CRITICAL_DEMAND_RESPONSE,
        priority=_tier(coordinator, ServiceType.NON_CRITICAL_DEMAND_RESPONSE),
        magnitude=event.target_reduction_kw,
        duration=event.stop - event.start,
        direction="up",
        start=event.start,
        request_id=event.event_id,
    )
    coordinator.decide()
    granted_kw = _granted(coordinator, submitted)
    (record,) = coordinator.records()
    return (replace(event, target_reduction_kw=granted_kw) if granted_kw else None), record


def reserve_window(site: Site, reserve_kw: float) -> tuple[float, float, float]:
    """Least and most energy [kWh] and the power [kW] that frequency response leaves to the battery's schedule.

    Raises
    ------
    ValueError
        The reserve is negative, or more than the battery can hold.
    """
    battery = site.battery
    hours = site.frequency_product().endurance_h
    least = battery.min_state_of_charge * battery.capacity_kwh + reserve_kw * hours / battery.discharge_efficiency
    most = battery.max_state_of_charge * battery.capacity_kwh - reserve_kw * hours * battery.charge_efficiency
    if not 0 <= reserve_kw <= battery.max_power_kw or least > most:
        raise ValueError(f"a reserve of {reserve_kw:g} kW is more than the battery can hold, or negative")
    return least, most, battery.max_power_kw - reserve_kw


def _ask(
    coordinator: GridServicesCoordinator, service: ServiceType, magnitude: float, way: Direction, start: datetime
) -> ServiceGrant | None:
    if magnitude == 0:
        return None
    return coordinator.submit(
        service_type=service,
        priority=_tier(coordinator, service),
        magnitude=magnitude,
        duration=HOUR,
        direction=way,
        start=start,
        request_id=f"{service.value}-{hour_label(start)}",
    )


def _tier(coordinator: GridServicesCoordinator, service: ServiceType) -> ServicePriority:
    named = coordinator.site.coordinator.service_priorities.get(service.value)
    return ServicePriority(named) if named else TIERS[service]


def _granted(coordinator: GridServicesCoordinator, submitted: ServiceGrant | None) -> float:
    return 0.0 if submitted is None else coordinator.grant(submitted.request.request_id).granted
