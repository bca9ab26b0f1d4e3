"""What a request gets of what is left, and from which asset.

Frequency response, voltage support and arbitrage are the battery's; demand response is the load's. Every other upward
service takes the battery first and the load for the rest, every other downward one the battery.
"""

from kpp_twin.coordination.allocation import Bound, Commitment, Headroom
from kpp_twin.coordination.requests import (
    BATTERY_ONLY,
    LOAD_ONLY,
    MAY_BE_PARTIAL,
    Direction,
    ServiceGrant,
    ServiceRequest,
    ServiceState,
    ServiceType,
)
from kpp_twin.site import Site

NEGLIGIBLE_KW = 1e-4  # a planner ends at a limit only to within its own tolerance


def smallest(site: Site, service_type: ServiceType) -> float:
    """Least that may be granted to a service. [kW or kvar]"""
    if service_type in LOAD_ONLY:
        return site.demand_response.min_reduction_kw
    if service_type is ServiceType.MARKET_PARTICIPATION:
        return site.market.minimum_bid_kw
    return 0.0


def available(service_type: ServiceType, direction: Direction, left: Headroom) -> Bound:
    """Most that the service could get of what is left, and what binds. [kW or kvar]"""
    if service_type is ServiceType.VOLTAGE_SUPPORT:
        return left.reactive
    if service_type is ServiceType.FREQUENCY_RESPONSE:
        return left.reserve
    if service_type in LOAD_ONLY:
        return left.load
    if direction == "down":
        return left.down
    if service_type in BATTERY_ONLY:
        return left.up
    together = (left.up[0] + left.load[0], f"{left.up[1]} and {left.load[1]}")
    return min(together, left.cap_up, key=lambda bound: bound[0])


def admit(site: Site, request: ServiceRequest, magnitude: float, left: Headroom) -> ServiceGrant:
    """Grant the magnitude, as much of it as may be granted in part, or nothing."""
    service, least = request.service_type, smallest(site, request.service_type)
    most, binding = available(service, request.direction, left)
    if magnitude < least - NEGLIGIBLE_KW:
        return _rejected(request, f"{magnitude:g} {request.unit} is less than {least:g}, the smallest of its kind")
    is_full = most >= magnitude - NEGLIGIBLE_KW
    short = f"{most:g} of {magnitude:g} {request.unit} left; {binding} binds"
    if not is_full and (service not in MAY_BE_PARTIAL or most < max(least, NEGLIGIBLE_KW)):
        return _rejected(request, short)
    granted = magnitude if is_full else most
    battery_kw, load_kw = _by_asset(site, request, granted, left)
    if request.unit == "kW" and battery_kw + load_kw < granted - NEGLIGIBLE_KW:
        return _rejected(
            request, f"the battery can give {battery_kw:g} kW, and the load not the rest of {granted:g} kW"
        )
    return ServiceGrant(
        request=request,
        state=ServiceState.GRANTED,
        granted=granted,
        battery_kw=battery_kw,
        load_kw=load_kw,
        reason="in full" if is_full else short,
    )


def commitment(grant: ServiceGrant) -> Commitment:
    """What a grant reserves of the assets."""
    request, up = grant.request, grant.request.direction == "up"
    service, start, stop = request.service_type, request.start, request.stop
    if service is ServiceType.VOLTAGE_SUPPORT:
        return Commitment(start=start, stop=stop, reactive_kvar=grant.granted)
    if service is ServiceType.FREQUENCY_RESPONSE:
        return Commitment(start=start, stop=stop, reserve_kw=grant.battery_kw)
    if service is ServiceType.ENERGY_ARBITRAGE:
        return Commitment(start=start, stop=stop, scheduled_kw=grant.battery_kw if up else -grant.battery_kw)
    return Commitment(
        start=start,
        stop=stop,
        up_kw=grant.battery_kw if up else 0.0,
        down_kw=0.0 if up else grant.battery_kw,
        load_kw=grant.load_kw,
    )


def _by_asset(site: Site, request: ServiceRequest, granted: float, left: Headroom) -> tuple[float, float]:
    """Power of the battery and of the load; the load gives its smallest reduction at least, or nothing. [kW]"""
    if request.unit != "kW":
        return 0.0, 0.0
    if request.service_type in LOAD_ONLY:
        return 0.0, granted
    if request.service_type in BATTERY_ONLY or request.direction == "down":
        return granted, 0.0
    missing = granted - left.up[0]
    if missing <= NEGLIGIBLE_KW:
        return granted, 0.0
    load_kw = max(missing, site.demand_response.min_reduction_kw)
    if load_kw > min(left.load[0] + NEGLIGIBLE_KW, granted):
        return left.up[0], 0.0
    return granted - load_kw, load_kw


def _rejected(request: ServiceRequest, reason: str) -> ServiceGrant:
    return ServiceGrant(request=request, state=ServiceState.REJECTED, reason=reason)
