"""The grid services coordinator: admits requests by priority, as far as the assets can really give them.

A request is admitted with what higher and equal tiers hold before it; lower tiers that have not begun are then served
again from what is left, cut or preempted. A grant never grows again, and one that has begun is never taken away.
Arbitrage and demand response may be cut to what is there; every other service is granted in full or not at all.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Self

from kpp_twin.configuration import site_with
from kpp_twin.coordination.admission import NEGLIGIBLE_KW, admit, available, commitment, smallest
from kpp_twin.coordination.allocation import Commitment, Headroom, headroom, scheduled_energy
from kpp_twin.coordination.performance import PerformanceLog
from kpp_twin.coordination.requests import (
    Direction,
    ServiceGrant,
    ServicePriority,
    ServiceRequest,
    ServiceRequestError,
    ServiceState,
    ServiceType,
    natural_direction,
    request_faults,
)
from kpp_twin.operation import ServicePerformance, ServiceRecord
from kpp_twin.site import Site, load_site
from kpp_twin.timegrid import hour_label, utc

log = logging.getLogger(__name__)


class GridServicesCoordinator:
    """Shares the assets of a site among services, in simulated time.

    Parameters
    ----------
    now
        Where simulated time begins; `advance` moves it.
    state_of_charge
        Of the battery at ``now``; the site's initial one if none. [fraction of capacity]
    """

    def __init__(self, site: Site, *, now: datetime, state_of_charge: float | None = None) -> None:
        self.site = site
        self._now = _instant(now, "now")
        self._battery_kwh = self._energy(
            site.battery.initial_state_of_charge if state_of_charge is None else state_of_charge
        )
        self._grants: dict[str, ServiceGrant] = {}
        self._performance = PerformanceLog()

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], *, now: datetime, state_of_charge: float | None = None, site: Site | None = None
    ) -> Self:
        """Coordinator of a site, the reference site if none, with ``COORDINATOR_CONFIG`` in place of its own section.

        Raises
        ------
        ConfigError
            Unknown keys or wrong values, all in one message.
        """
        return cls(site_with(site or load_site(), coordinator=config), now=now, state_of_charge=state_of_charge)

    @property
    def now(self) -> datetime:
        """Simulated time. [UTC]"""
        return self._now

    @property
    def state_of_charge(self) -> float:
        """Of the battery as last measured, moved on by scheduled energy. [fraction of capacity]"""
        return self._battery_kwh / self.site.battery.capacity_kwh

    def request_service(
        self,
        *,
        service_type: ServiceType,
        priority: ServicePriority | None = None,
        magnitude: float,
        duration: timedelta,
        direction: Direction | None = None,
        start: datetime | None = None,
        request_id: str | None = None,
    ) -> ServiceGrant:
        """Ask for a service and have it decided at once.

        Parameters
        ----------
        priority
            Tier; that of the site's `service_priorities` if none.
        magnitude
            Largest power; voltage support in kvar. [kW]
        duration
            Whole minutes.
        direction
            "up" is more injection or less load; up if none. Frequency response and voltage support are symmetric.
        start
            `now` if none.
        request_id
            The same request under the same name is decided once only.

        Raises
        ------
        ServiceRequestError
            The request is impossible as it stands; all faults in one message.
        """
        submitted = self.submit(
            service_type=service_type,
            priority=priority,
            magnitude=magnitude,
            duration=duration,
            direction=direction,
            start=start,
            request_id=request_id,
        )
        if submitted.state is ServiceState.PENDING:
            self._admit(submitted.request)
        return self._grants[submitted.request.request_id]

    def submit(
        self,
        *,
        service_type: ServiceType,
        priority: ServicePriority | None = None,
        magnitude: float,
        duration: timedelta,
        direction: Direction | None = None,
        start: datetime | None = None,
        request_id: str | None = None,
    ) -> ServiceGrant:
        """Put a request on the table, undecided; `decide` decides all of them, the highest tier first."""
        known = self._grants.get(request_id) if isinstance(request_id, str) else None
        given = known.request.start if known else self._now
        begin = given if start is None else start
        number = len(self._grants) + 1
        name = f"request {number}" if request_id is None else request_id
        faults = request_faults(
            service_type=service_type,
            priority=priority,
            magnitude=magnitude,
            duration=duration,
            direction=direction or (natural_direction(service_type) if isinstance(service_type, ServiceType) else "up"),
            start=begin,
            request_id=name,
            now=min(given, self._now),
        )
        default = self._default_priority(service_type)
        if priority is None and default is None and isinstance(service_type, ServiceType):
            named = ", ".join(sorted(self.site.coordinator.service_priorities))
            faults.append(
                f"priority is missing, and service_priorities has none for {service_type.value} (only {named})"
            )
        decided = priority or default
        if faults or decided is None:
            raise _request_error(faults, name)
        request = ServiceRequest(
            request_id=f"{service_type.value}-{hour_label(begin)}-{number}" if request_id is None else request_id,
            service_type=service_type,
            priority=decided,
            magnitude=float(magnitude),
            start=utc(begin),
            duration=duration,
            direction=direction or natural_direction(service_type),
            sequence=number,
        )
        return self._once(request)

    def decide(self) -> tuple[ServiceGrant, ...]:
        """Decide all pending requests by tier, first come first served within one; return what became of them."""
        pending = sorted(
            (g.request for g in self._grants.values() if g.state is ServiceState.PENDING), key=lambda r: r.rank
        )
        for request in pending:
            self._admit(request)
        return tuple(self._grants[request.request_id] for request in pending)

    def grant(self, request_id: str) -> ServiceGrant:
        """What became of a request so far."""
        try:
            return self._grants[request_id]
        except KeyError:
            raise ServiceRequestError(
                f"there is no request {request_id!r}",
                place="the coordinator",
                next_step="see `records` for those there are",
            ) from None

    def advance(self, to: datetime, *, state_of_charge: float | None = None) -> None:
        """Move simulated time on; services begin, end, or expire undecided.

        Parameters
        ----------
        state_of_charge
            As measured at ``to``; what has not begun and is no longer carried by it is cut or preempted. If none, the
            battery is taken to have followed its schedule.
        """
        later = _instant(to, "to")
        if later < self._now:
            raise ServiceRequestError(
                f"time cannot go back from {self._now.isoformat()} to {later.isoformat()}",
                place="advance",
                next_step="advance to a later instant",
            )
        if state_of_charge is not None:
            self._battery_kwh = self._energy(state_of_charge)
        else:
            self._battery_kwh = scheduled_energy(
                self.site, battery_kwh=self._battery_kwh, now=self._now, commitments=self._commitments(), to=later
            )
        self._now = later
        for name, grant in self._grants.items():
            self._grants[name] = _moved_on(grant, later)
        if state_of_charge is not None:
            begun = [g for g in self._grants.values() if g.state is ServiceState.ACTIVE]
            cause = f"the state of charge of {state_of_charge:g}"
            self._serve_again((g for g in self._grants.values() if g.state is ServiceState.GRANTED), begun, cause)

    def capability(
        self,
        service_type: ServiceType,
        *,
        duration: timedelta,
        direction: Direction | None = None,
        start: datetime | None = None,
    ) -> float:
        """Largest magnitude that the service could be granted beside all that stands. [kW or kvar]"""
        begin = self._now if start is None else start
        way = direction or natural_direction(service_type)
        faults = request_faults(
            service_type=service_type,
            priority=None,
            magnitude=1.0,
            duration=duration,
            direction=way,
            start=begin,
            request_id="capability",
            now=self._now,
        )
        if faults:
            raise _request_error(faults, "capability")
        left = self._headroom(self._commitments(), utc(begin), utc(begin) + duration)
        most, _ = available(service_type, way, left)
        return most if most >= smallest(self.site, service_type) else 0.0

    def records(self) -> tuple[ServiceRecord, ...]:
        """All requests and what became of them, in order of arrival."""
        return tuple(grant.record for grant in self._grants.values())

    def record(self, measured: ServicePerformance) -> None:
        """Count what was measured of a service over an hour."""
        self._performance.record(measured)

    def get_overall_performance(self) -> dict[str, Any]:
        """Uptime, response time and accuracy of the services as recorded; see `PerformanceLog.overall`."""
        return self._performance.overall()

    def _energy(self, state_of_charge: float) -> float:
        if (
            isinstance(state_of_charge, bool)
            or not isinstance(state_of_charge, (int, float))
            or not 0 <= state_of_charge <= 1
        ):
            raise ServiceRequestError(
                f"state_of_charge {state_of_charge!r} must lie between 0 and 1",
                place="the coordinator",
                next_step="give it as a fraction of the battery's capacity",
            )
        return state_of_charge * self.site.battery.capacity_kwh

    def _default_priority(self, service_type: ServiceType) -> ServicePriority | None:
        if not isinstance(service_type, ServiceType):
            return None
        name = self.site.coordinator.service_priorities.get(service_type.value)
        return ServicePriority(name) if name else None

    def _once(self, request: ServiceRequest) -> ServiceGrant:
        known = self._grants.get(request.request_id)
        if known is None:
            self._grants[request.request_id] = ServiceGrant(request=request, state=ServiceState.PENDING)
        elif replace(known.request, sequence=request.sequence) != request:
            raise _request_error(["request_id is taken by another request"], request.request_id)
        return self._grants[request.request_id]

    def _admit(self, request: ServiceRequest) -> None:
        """Admit beside equal and higher tiers and all that has begun, then serve lower tiers again."""
        standing = [g for g in self._grants.values() if g.holds]
        lower = [
            g for g in standing if g.state is ServiceState.GRANTED and g.request.priority.tier > request.priority.tier
        ]
        upper = [g for g in standing if g not in lower]
        decided = self._allocated(request, request.magnitude, upper)
        self._grants[request.request_id] = decided
        log.debug(
            "%s: %s %g %s: %s", request.request_id, decided.state.value, decided.granted, decided.unit, decided.reason
        )
        if decided.holds:
            self._serve_again(lower, [*upper, decided], request.request_id)

    def _serve_again(self, grants: Iterable[ServiceGrant], before: list[ServiceGrant], cause: str) -> None:
        """Serve grants anew by rank from what is left; none gets more than it had."""
        for grant in sorted(grants, key=lambda g: g.request.rank):
            anew = self._allocated(grant.request, grant.granted, before)
            if not anew.holds:
                anew = replace(anew, state=ServiceState.PREEMPTED, reason=f"no longer fits beside {cause}")
            elif anew.granted < grant.granted - NEGLIGIBLE_KW:
                anew = replace(anew, reason=f"cut from {grant.granted:g} to {anew.granted:g} {anew.unit} by {cause}")
            else:
                anew = replace(anew, reason=grant.reason)
            self._grants[grant.request.request_id] = anew
            if anew.holds:
                before.append(anew)

    def _allocated(self, request: ServiceRequest, magnitude: float, beside: Iterable[ServiceGrant]) -> ServiceGrant:
        """What a request gets beside other grants."""
        left = self._headroom([commitment(g) for g in beside], request.start, request.stop)
        return admit(self.site, request, magnitude, left)

    def _commitments(self) -> list[Commitment]:
        return [commitment(g) for g in self._grants.values() if g.holds]

    def _headroom(self, commitments: list[Commitment], start: datetime, stop: datetime) -> Headroom:
        return headroom(
            self.site, battery_kwh=self._battery_kwh, now=self._now, commitments=commitments, start=start, stop=stop
        )


def _moved_on(grant: ServiceGrant, now: datetime) -> ServiceGrant:
    """The grant once simulated time has reached ``now``."""
    request = grant.request
    if grant.state is ServiceState.PENDING and request.start < now:
        return replace(grant, state=ServiceState.EXPIRED, reason="not decided before its start")
    if grant.holds and request.stop <= now:
        return replace(grant, state=ServiceState.COMPLETED)
    if grant.holds and request.start <= now:
        return replace(grant, state=ServiceState.ACTIVE)
    return grant


def _instant(moment: datetime, name: str) -> datetime:
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ServiceRequestError(
            f"{name} {moment!r} is no datetime with a time zone",
            place="the coordinator",
            next_step="give it one, as in datetime(2021, 10, 14, 6, tzinfo=UTC)",
        )
    return utc(moment)


def _request_error(faults: list[str], name: str) -> ServiceRequestError:
    return ServiceRequestError(
        f"{len(faults)} fault(s) in the request: " + "; ".join(faults),
        place=name,
        next_step="correct them and ask again; nothing was reserved",
    )
