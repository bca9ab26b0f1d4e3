"""What a market pays or charges for energy and for reserves: one formula a function, money earned positive."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kpp_twin.market.inputs import broadcast, refuse
from kpp_twin.records import Array
from kpp_twin.units import KW_PER_MW, KWH_PER_MWH

PLACE = "settlement"
LEG = ("energy", "price")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyAccount:
    """Cost of energy at given prices; a cost is positive, also that of exporting at a negative price. [currency]"""

    import_cost: float
    export_cost: float

    @property
    def total_cost(self) -> float:
        """Both together. [currency]"""
        return self.import_cost + self.export_cost


def energy_account(import_kwh: Array, export_kwh: Array, price_per_mwh: Array) -> EnergyAccount:
    """Cost of imports and of exports, arrays ``(n,)``; an export at a negative price costs.

    Raises
    ------
    ConfigError
        Lengths differ, a value is not finite, or an energy is negative.
    """
    n = np.asarray(price_per_mwh).size
    faults: list[str] = []
    imported = broadcast("import_kwh", import_kwh, n, faults, least=0.0)
    exported = broadcast("export_kwh", export_kwh, n, faults, least=0.0)
    price = broadcast("price_per_mwh", price_per_mwh, n, faults)
    refuse(faults, place=PLACE, next_step="give energies that are not negative, and as many prices")
    return EnergyAccount(
        import_cost=float(np.sum(imported * price)) / KWH_PER_MWH,
        export_cost=float(np.sum(-exported * price)) / KWH_PER_MWH + 0.0,
    )


def amount_of(quantity_kwh: float, price_per_mwh: float) -> float:
    """Money for energy; earned positive. [currency]"""
    return quantity_kwh / KWH_PER_MWH * price_per_mwh + 0.0


def dual_price(imbalance_kwh: float, *, day_ahead_per_mwh: float, short_per_mwh: float, long_per_mwh: float) -> float:
    """Price of an imbalance: a short one pays, a long one receives, neither better than day-ahead. [currency/MWh]

    Dual pricing as the electricity balancing guideline, (EU) 2017/2195, allows it; an imbalance is never rewarded.
    """
    need_finite(
        imbalance_kwh=imbalance_kwh,
        day_ahead_per_mwh=day_ahead_per_mwh,
        short_per_mwh=short_per_mwh,
        long_per_mwh=long_per_mwh,
    )
    if imbalance_kwh < 0:
        return max(short_per_mwh, day_ahead_per_mwh)
    if imbalance_kwh > 0:
        return min(long_per_mwh, day_ahead_per_mwh)
    return day_ahead_per_mwh


def two_settlement(
    day_ahead_kwh: float, metered_kwh: float, *, day_ahead_per_mwh: float, deviation_per_mwh: float
) -> float:
    """Income of two settlements: the quantity sold day-ahead, then the deviation at a second price. [currency]

    The second price is the real-time price where there is such a market, else the imbalance price: a single one, or
    one of `dual_price`.
    """
    return balance_responsible_income(
        day_ahead_kwh, metered_kwh, day_ahead_per_mwh=day_ahead_per_mwh, imbalance_per_mwh=deviation_per_mwh
    )


def balance_responsible_income(
    day_ahead_kwh: float,
    metered_kwh: float,
    *,
    day_ahead_per_mwh: float,
    imbalance_per_mwh: float,
    intraday: Sequence[tuple[float, float]] = (),
) -> float:
    """Income of a balance responsible party in one imbalance settlement period. [currency]

    ``q_da p_da + sum(q_id p_id) + (q_metered - q_scheduled) p_imbalance``, where the schedule is all that was sold,
    day-ahead and intraday. Source: electricity balancing guideline, (EU) 2017/2195, Art. 54 and 55.

    Parameters
    ----------
    day_ahead_kwh, metered_kwh
        Sold, and delivered; a purchase and a consumption are negative.
    intraday
        Energy [kWh] and price [currency/MWh] of each trade, a purchase negative.

    Raises
    ------
    ConfigError
        A value is not finite.
    """
    legs = {
        f"{what} of intraday trade {n}": x for n, leg in enumerate(intraday) for what, x in zip(LEG, leg, strict=True)
    }
    need_finite(
        day_ahead_kwh=day_ahead_kwh,
        metered_kwh=metered_kwh,
        day_ahead_per_mwh=day_ahead_per_mwh,
        imbalance_per_mwh=imbalance_per_mwh,
        **legs,
    )
    scheduled_kwh = day_ahead_kwh + sum(kwh for kwh, _ in intraday)
    return (
        amount_of(day_ahead_kwh, day_ahead_per_mwh)
        + sum(amount_of(kwh, price) for kwh, price in intraday)
        + amount_of(metered_kwh - scheduled_kwh, imbalance_per_mwh)
    )


def energy_imbalance_cashflow(imbalance_kwh: float, system_price_per_mwh: float) -> float:
    """Great Britain's energy imbalance cashflow: POSITIVE IS A DEBIT, unlike all other money here. [currency]

    ``CAEI = -QAEI * system price``, one price for both signs: of a surplus (positive) at a positive price it is
    negative, a credit. Source: Balancing and Settlement Code, Section T; single price since modification P305, 2015.
    """
    need_finite(imbalance_kwh=imbalance_kwh, system_price_per_mwh=system_price_per_mwh)
    return -amount_of(imbalance_kwh, system_price_per_mwh) + 0.0


def reserve_quantities(
    award_kw: float,
    hours: float,
    *,
    availability: float,
    performance: float,
    least_availability: float,
    penalty_factor: float,
) -> tuple[float, float]:
    """What of a block of reserved power is paid, and what bad delivery takes off again, never positive. [kW h]

    Paid is ``award * hours * availability``, or nothing of a block that was available for less than
    ``least_availability`` of its time. Taken off is ``paid * (1 - performance)`` and, as a claw-back,
    ``penalty_factor * award * hours * (1 - availability)``. Both bear the capacity price.

    Parameters
    ----------
    availability
        Share of the block in which the reserve was deliverable.
    performance
        Share of the payment that the quality of the delivery leaves: a score, or a K-factor.

    Raises
    ------
    ConfigError
        A value is not finite, negative, or no fraction.
    """
    sizes = {"award_kw": award_kw, "hours": hours, "penalty_factor": penalty_factor}
    shares = {"availability": availability, "performance": performance, "least_availability": least_availability}
    faults = [
        f"{name} must be finite and not negative; it is {x}" for name, x in sizes.items() if not 0 <= x < math.inf
    ]
    faults += [f"{name} is a fraction; it is {x}" for name, x in shares.items() if not 0 <= x <= 1]
    refuse(faults, place=PLACE, next_step="give power and time that are not negative, and shares from 0 to 1")
    awarded_kwh = award_kw * hours
    paid_kwh = awarded_kwh * availability if availability >= least_availability else 0.0
    return paid_kwh, paid_kwh * (performance - 1) - penalty_factor * awarded_kwh * (1 - availability) + 0.0


def reserve_income(
    award_kw: float,
    hours: float,
    price_per_mw_hour: float,
    *,
    availability: float,
    performance: float = 1.0,
    least_availability: float = 0.0,
    penalty_factor: float = 0.0,
) -> float:
    """Income of reserved power: ``award price hours availability performance`` less penalties. [currency]

    Energy of the activation is settled apart. Parameters and errors are those of `reserve_quantities`.
    """
    need_finite(price_per_mw_hour=price_per_mw_hour)
    quantities = reserve_quantities(
        award_kw,
        hours,
        availability=availability,
        performance=performance,
        least_availability=least_availability,
        penalty_factor=penalty_factor,
    )
    return sum(quantities) / KW_PER_MW * price_per_mw_hour


def pays_reduction(price_per_mwh: float, net_benefits_price_per_mwh: float | None) -> bool:
    """Whether energy that a curtailment did not draw is paid the market price; without a threshold it never is.

    Source: FERC Order 745 (2011): it is paid where dispatching it lowers the bills of those who still draw, from a
    threshold of the market price on, the net-benefits price. [currency/MWh]
    """
    return net_benefits_price_per_mwh is not None and price_per_mwh >= net_benefits_price_per_mwh


def need_finite(**values: float) -> None:
    """Refuse values that are not finite.

    Raises
    ------
    ConfigError
        Names all of them.
    """
    faults = [f"{name} is {value}" for name, value in values.items() if not math.isfinite(value)]
    refuse(faults, place=PLACE, next_step="give finite values in kWh and currency/MWh")
