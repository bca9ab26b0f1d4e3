"""Energy and reserves cleared together: one linear programme, whose shadow prices are the prices.

As in the Australian market (AEMO, FCAS model in NEMDE, 2021): what a unit can hold of a reserve depends on its energy,
by a trapezium, and regulation takes room from what stands ready for contingencies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kpp_twin.market.inputs import refuse

PLACE = "reserve clearing"
ENERGY = "energy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trapezium:
    """Energy at which a reserve is available: from ``low_kw`` to ``high_kw`` in full, at either end not at all. [kW]

    A unit that offers the reserve stays between the ends.
    """

    least_kw: float
    low_kw: float
    high_kw: float
    most_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveOffer:
    """A reserve of a unit.

    Attributes
    ----------
    regulation
        Its direction, for regulation; none for a reserve that stands ready for contingencies.
    """

    service: str
    price_per_mwh: float
    quantity_kw: float
    trapezium: Trapezium
    regulation: Literal["up", "down"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitOffer:
    """What a unit offers; ``energy`` are bands of price [per MWh] and quantity [kW]."""

    unit: str
    energy: tuple[tuple[float, float], ...]
    reserves: tuple[ReserveOffer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JointResult:
    """What was accepted: energy by unit, reserve by unit and service; and the prices of energy and of each service."""

    energy_kw: Mapping[str, float]
    reserve_kw: Mapping[tuple[str, str], float]
    price_per_mwh: Mapping[str, float]


def clear_with_reserves(
    offers: Sequence[UnitOffer], demand_kw: float, requirement_kw: Mapping[str, float]
) -> JointResult:
    """Cheapest way to serve a demand and to hold the reserves that are required.

    Each price is what one more kW would cost, so that a unit which holds reserve loses nothing by not selling energy.

    Raises
    ------
    ConfigError
        Two units of one name, a service twice in a unit, a required one that nobody offers, or an impossible trapezium.
    TwinError
        The offers do not suffice.
    """
    from scipy.sparse import csc_array

    from kpp_twin.market.dispatch.solver import WarmProgramme

    refuse(_faults(offers, requirement_kw), place=PLACE, next_step="correct the offers or the requirements")
    bands = [(offer.unit, price, kw) for offer in offers for price, kw in offer.energy]
    reserves = [(offer.unit, reserve) for offer in offers for reserve in offer.reserves]
    energy = {
        offer.unit: np.array([float(unit == offer.unit) for unit, _, _ in bands] + [0.0] * len(reserves))
        for offer in offers
    }
    held = {
        (unit, reserve.service): np.eye(len(bands) + len(reserves))[len(bands) + i]
        for i, (unit, reserve) in enumerate(reserves)
    }
    rows = [sum(energy.values(), np.zeros(len(bands) + len(reserves)))]
    lower, upper = [demand_kw], [demand_kw]
    for service, kw in requirement_kw.items():
        rows.append(np.sum([row for (_, name), row in held.items() if name == service], axis=0))
        lower.append(kw)
        upper.append(np.inf)
    for unit, reserve in reserves:
        shape = reserve.trapezium
        share = held[unit, reserve.service] / reserve.quantity_kw
        # What stands ready for contingencies leaves regulation its room.
        beside = [(r.regulation, held[u, r.service]) for u, r in reserves if u == unit and reserve.regulation is None]
        up = sum((row for way, row in beside if way == "up"), np.zeros(share.size))
        down = sum((row for way, row in beside if way == "down"), np.zeros(share.size))
        rows.append(energy[unit] + (shape.most_kw - shape.high_kw) * share + up)
        rows.append(energy[unit] - (shape.low_kw - shape.least_kw) * share - down)
        lower += [-np.inf, shape.least_kw]
        upper += [shape.most_kw, np.inf]
    programme = WarmProgramme(
        cost=np.array([price for _, price, _ in bands] + [reserve.price_per_mwh for _, reserve in reserves]),
        lower=np.zeros(len(bands) + len(reserves)),
        upper=np.array([kw for _, _, kw in bands] + [reserve.quantity_kw for _, reserve in reserves]),
        row_lower=np.array(lower),
        row_upper=np.array(upper),
        matrix=csc_array(np.array(rows)),
    )
    solution = programme.solve()
    return JointResult(
        energy_kw={unit: float(row @ solution.x) for unit, row in energy.items()},
        reserve_kw={name: float(row @ solution.x) for name, row in held.items()},
        price_per_mwh=dict(zip((ENERGY, *requirement_kw), map(float, solution.row_dual), strict=False)),
    )


def _faults(offers: Sequence[UnitOffer], requirement_kw: Mapping[str, float]) -> list[str]:
    units = [offer.unit for offer in offers]
    faults = [f"{unit!r} stands {units.count(unit)} times" for unit in dict.fromkeys(units) if units.count(unit) > 1]
    for offer in offers:
        services = [reserve.service for reserve in offer.reserves]
        faults += [f"{offer.unit!r} offers a service twice"] * (len(set(services)) < len(services))
        for reserve in offer.reserves:
            shape = reserve.trapezium
            if not shape.least_kw <= shape.low_kw <= shape.high_kw <= shape.most_kw:
                faults.append(f"the trapezium of {offer.unit!r} for {reserve.service!r} does not rise")
            if not reserve.quantity_kw > 0:
                faults.append(f"{offer.unit!r} offers {reserve.quantity_kw} kW of {reserve.service!r}")
    offered = {reserve.service for offer in offers for reserve in offer.reserves}
    return faults + [f"nobody offers {service!r}" for service in requirement_kw if service not in offered]
