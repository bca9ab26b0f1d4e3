"""Requests for services, and what becomes of them."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Literal

from kpp_twin.errors import TwinError
from kpp_twin.operation import ServiceRecord

Direction = Literal["up", "down", "symmetric"]
MAX_DURATION = timedelta(days=31)


class ServiceType(Enum):
    """What may be asked for; the values are the names in `service_priorities` of the site."""

    FREQUENCY_RESPONSE = "frequency_response"
    EMERGENCY_DEMAND_RESPONSE = "emergency_demand_response"
    CRITICAL_GRID_SUPPORT = "critical_grid_support"
    VOLTAGE_SUPPORT = "voltage_support"
    PEAK_SHAVING = "peak_shaving"
    LOAD_BALANCING = "load_balancing"
    ENERGY_ARBITRAGE = "energy_arbitrage"
    NON_CRITICAL_DEMAND_RESPONSE = "non_critical_demand_response"
    MARKET_PARTICIPATION = "market_participation"


class ServicePriority(Enum):
    """Tier of a request; a higher tier is served before a lower one."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"

    @property
    def tier(self) -> int:
        """1 for the highest."""
        return list(ServicePriority).index(self) + 1


class ServiceState(Enum):
    """Where a request stands; the last four are final."""

    PENDING = "PENDING"
    GRANTED = "GRANTED"
    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    REJECTED = "REJECTED"
    PREEMPTED = "PREEMPTED"
    EXPIRED = "EXPIRED"


LOAD_ONLY = frozenset({ServiceType.EMERGENCY_DEMAND_RESPONSE, ServiceType.NON_CRITICAL_DEMAND_RESPONSE})
BATTERY_ONLY = frozenset({ServiceType.FREQUENCY_RESPONSE, ServiceType.ENERGY_ARBITRAGE})
MAY_BE_PARTIAL = LOAD_ONLY | {ServiceType.ENERGY_ARBITRAGE}
SYMMETRIC = frozenset({ServiceType.FREQUENCY_RESPONSE, ServiceType.VOLTAGE_SUPPORT})


class ServiceRequestError(TwinError):
    """A request says something impossible; all its faults come in one message. Nothing was asked of the assets."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRequest:
    """A request for a service.

    Attributes
    ----------
    magnitude
        kW, for voltage support kvar; always positive.
    sequence
        Place in the order of arrival.
    """

    request_id: str
    service_type: ServiceType
    priority: ServicePriority
    magnitude: float
    start: datetime
    duration: timedelta
    direction: Direction
    sequence: int

    @property
    def stop(self) -> datetime:
        """First instant after the service."""
        return self.start + self.duration

    @property
    def unit(self) -> str:
        """Unit of the magnitude."""
        return "kvar" if self.service_type is ServiceType.VOLTAGE_SUPPORT else "kW"

    @property
    def rank(self) -> tuple[int, int]:
        """Order of service: by tier, then first come, first served."""
        return self.priority.tier, self.sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceGrant:
    """What became of a request so far, and why.

    Attributes
    ----------
    granted
        kW, for voltage support kvar; what counts once the state is granted, active or completed.
    battery_kw, load_kw
        Which asset gives it; none for voltage support, which takes no power.
    reason
        In words.
    """

    request: ServiceRequest
    state: ServiceState
    granted: float = 0.0
    battery_kw: float = 0.0
    load_kw: float = 0.0
    reason: str = ""

    @property
    def unit(self) -> str:
        """Unit of what was granted."""
        return self.request.unit

    @property
    def granted_kw(self) -> float:
        """Active power that was granted; 0 for voltage support."""
        return self.battery_kw + self.load_kw

    @property
    def holds(self) -> bool:
        """Whether assets are reserved for it, now or later."""
        return self.state in (ServiceState.GRANTED, ServiceState.ACTIVE)

    @property
    def record(self) -> ServiceRecord:
        """The grant for the history."""
        request = self.request
        return ServiceRecord(
            request_id=request.request_id,
            service=request.service_type.value,
            priority=request.priority.value,
            valid_from=request.start,
            duration_minutes=request.duration // timedelta(minutes=1),
            requested=request.magnitude if request.direction != "down" else -request.magnitude,
            granted=self.granted if request.direction != "down" else -self.granted,
            unit=self.unit,
            state=self.state.value,
            reason=self.reason,
        )


def natural_direction(service_type: ServiceType) -> Direction:
    """Direction of a service that names none."""
    return "symmetric" if service_type in SYMMETRIC else "up"


def request_faults(
    *,
    service_type: object,
    priority: object,
    magnitude: object,
    duration: object,
    direction: object,
    start: object,
    request_id: object,
    now: datetime,
) -> list[str]:
    """All that is wrong with a request, each naming the argument."""
    return [
        *_service_faults(service_type, priority, direction),
        *_magnitude_faults(magnitude),
        *_duration_faults(duration),
        *_start_faults(start, now),
        *([] if isinstance(request_id, str) and request_id.strip() else [f"request_id {request_id!r} is no name"]),
    ]


def _service_faults(service_type: object, priority: object, direction: object) -> list[str]:
    faults = []
    if not isinstance(service_type, ServiceType):
        faults.append(f"service_type {service_type!r} is none of {', '.join(str(s) for s in ServiceType)}")
    if priority is not None and not isinstance(priority, ServicePriority):
        faults.append(f"priority {priority!r} is none of {', '.join(str(p) for p in ServicePriority)}")
    if direction not in ("up", "down", "symmetric"):
        faults.append(f"direction {direction!r} is none of up, down, symmetric")
    elif isinstance(service_type, ServiceType):
        if (service_type in SYMMETRIC) != (direction == "symmetric"):
            fitting = "symmetric" if service_type in SYMMETRIC else "up or down"
            faults.append(f"direction {direction!r} does not fit {service_type.value}, which is {fitting}")
        elif service_type in LOAD_ONLY and direction == "down":
            faults.append(f"direction 'down' does not fit {service_type.value}: load is curtailed, never raised")
    return faults


def _magnitude_faults(magnitude: object) -> list[str]:
    if isinstance(magnitude, bool) or not isinstance(magnitude, (int, float)):
        return [f"magnitude {magnitude!r} is no number of kW (kvar for voltage support)"]
    if not (math.isfinite(magnitude) and magnitude > 0):
        return [f"magnitude {magnitude!r} must be positive and finite; the direction says which way"]
    return []


def _duration_faults(duration: object) -> list[str]:
    if not isinstance(duration, timedelta):
        return [f"duration {duration!r} is no timedelta"]
    if not timedelta(0) < duration <= MAX_DURATION:
        return [f"duration {duration} must be positive and at most {MAX_DURATION.days} days"]
    if duration % timedelta(minutes=1):
        return [f"duration {duration} must be whole minutes"]
    return []


def _start_faults(start: object, now: datetime) -> list[str]:
    if not isinstance(start, datetime):
        return [f"start {start!r} is no datetime"]
    if start.tzinfo is None:
        return [f"start {start.isoformat()} has no time zone"]
    if start < now:
        return [f"start {start.isoformat()} lies before the coordinator's time {now.isoformat()}"]
    return []
