"""Settlement of what was metered: money by service, each line of which can be checked on its own.

Of every line the amount is ``quantity_kwh / 1000 * price_per_mwh``. All energy that was metered is settled once, a sale
positive, in one of four places:

- *energy*: what was sold day-ahead, by asset, at the day-ahead price.
- *activation*: what frequency response delivered. Where the product is paid for it (`ACTIVATION_PAID`) it earns the
  day-ahead price, the only price of energy that is known here; elsewhere nothing, as neutral over time.
- *demand_response*: load that a curtailment did not draw, at the day-ahead price where that reaches the net-benefits
  price; else it is no service, and part of the imbalance. The site keeps the payment: it is the one that bought the
  energy day-ahead. What it sold so no longer covers it where it is short.
- *imbalance*: what is left of the meter, at the imbalance price. So nobody is paid twice for a reduction or activation.

The other lines are no metered energy and keep to the same rule. *capacity* bears reserved power times delivered hours
and the price per MW and hour; *performance* what bad delivery takes off at that price, never positive, by
`accounts.reserve_quantities`: the lack in the score where the product is paid by it (`PAID_BY_SCORE`), and a claw-back
for time in which it was not available. *degradation* bears minus the discharged energy and the cost of wear. *fees*
bears minus what was traded day-ahead, either way. *demand_charge* bears minus the rise of the month's peak, in kW, and
the price per MW and month.

A price that is corrected later settles its hour anew: all lines of it again, as known then and by the terms of the site
as the hour was settled first. What was sold is what the new price accepts of the bids. What was metered stays.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields

import numpy as np

from kpp_twin.bill import MeteredHour, SettlementLine
from kpp_twin.errors import TwinError
from kpp_twin.market.accounts import (
    PLACE,
    amount_of,
    dual_price,
    need_finite,
    pays_reduction,
    reserve_quantities,
)
from kpp_twin.market.dispatch.storage_plan import Sold
from kpp_twin.market.inputs import refuse
from kpp_twin.operation import ASSETS
from kpp_twin.site import Market, Site
from kpp_twin.units import KW_PER_MW, MINUTES_PER_HOUR, Array

TOLERANCE = 1e-6
POSITIONS = tuple(asset for asset in ASSETS if asset != "site")
SHARES = ("availability", "performance_score")

# Frequency products, by name, whose energy is paid at a price: those that follow the signal of a market, the Nordic
# reserve of normal operation, and American droop, which is metered like any other energy. Great Britain and Continental
# Europe take the energy of containment out of the imbalance and pay nothing for it (from recollection, not verified).
ACTIVATION_PAID = frozenset({"aFRR", "RegD", "FCR-N", "FERC 842", "IEEE 1547", "PFR", "FFR"})

# Products whose capacity is paid by how well it is delivered. One measure stands for all, the score of PJM; Great
# Britain has its own, the K-factor. The reference site's product is assumed to be among them.
PAID_BY_SCORE = frozenset({"RegD", "DC", "DM", "DR", "PFR"})


def imbalance_price(day_ahead_per_mwh: float, imbalance_kwh: float, market: Market) -> float:
    """Price of an imbalance made from the day-ahead price with the market's factors and adders. [currency/MWh]

    With dual pricing missing energy (negative) costs at least the day-ahead price, surplus earns at most that. With
    single pricing both signs have one price, the middle of the two, as which way the system is short is not known.
    """
    need_finite(day_ahead_per_mwh=day_ahead_per_mwh, imbalance_kwh=imbalance_kwh)
    short_per_mwh = day_ahead_per_mwh * market.short_price_factor + market.short_price_adder_per_mwh
    long_per_mwh = day_ahead_per_mwh * market.long_price_factor + market.long_price_adder_per_mwh
    if market.imbalance_pricing == "single":
        return (short_per_mwh + long_per_mwh) / 2
    return dual_price(
        imbalance_kwh, day_ahead_per_mwh=day_ahead_per_mwh, short_per_mwh=short_per_mwh, long_per_mwh=long_per_mwh
    )


def sold_at(power_kw: Array, day_ahead_per_mwh: Array, market: Market) -> Sold:
    """What was sold of each hour, ``(n,)``, with the imbalance prices that follow from the day-ahead ones, ``(n,)``."""
    short, long = (
        np.array([imbalance_price(price, sign, market) for price in day_ahead_per_mwh]) for sign in (-1.0, 1.0)
    )
    return Sold(power_kw=power_kw, short_per_mwh=short, long_per_mwh=long)


def settle_hour(
    metered: MeteredHour, position_kwh: Mapping[str, float], price_per_mwh: float, site: Site
) -> tuple[SettlementLine, ...]:
    """Lines of an hour; always the same ones in the same order, so that an hour of nothing has lines of zero.

    Parameters
    ----------
    position_kwh
        Energy sold day-ahead by asset (battery, plant, load), a purchase negative; what is not named is zero.
    price_per_mwh
        Day-ahead price of the hour.

    Raises
    ------
    ConfigError
        A position names no asset, or a value is not finite or of the wrong sign.
    """
    _check_hour(metered, position_kwh, price_per_mwh)
    market, services = site.market, site.services
    product = site.frequency_product(metered.start.date()).name
    position = {asset: position_kwh.get(asset, 0.0) for asset in POSITIONS}
    is_paid = pays_reduction(price_per_mwh, site.demand_response.net_benefits_price_per_mwh)
    reduction_kwh = metered.reduction_kwh if is_paid else 0.0
    imbalance_kwh = metered.net_kwh - math.fsum(position.values()) - metered.activation_kwh - reduction_kwh
    score = metered.performance_score if product in PAID_BY_SCORE else None
    capacity_kwh, taken_off_kwh = reserve_quantities(
        metered.reserve_kw,
        1.0,
        availability=metered.availability,
        performance=1.0 if score is None else score,
        least_availability=services.least_availability,
        penalty_factor=services.unavailability_penalty_factor,
    )
    capacity_price = services.frequency_response_price_per_mw_hour

    def line(service: str, asset: str, quantity_kwh: float, price: float) -> SettlementLine:
        return SettlementLine(
            service=service,
            asset=asset,
            valid_from=metered.start,
            duration_minutes=MINUTES_PER_HOUR,
            quantity_kwh=quantity_kwh + 0.0,
            price_per_mwh=price,
            amount=amount_of(quantity_kwh, price),
        )

    return (
        *(line("energy", asset, sold_kwh, price_per_mwh) for asset, sold_kwh in position.items()),
        line("imbalance", "site", imbalance_kwh, imbalance_price(price_per_mwh, imbalance_kwh, market)),
        line("activation", "battery", metered.activation_kwh, price_per_mwh if product in ACTIVATION_PAID else 0.0),
        line("demand_response", "load", reduction_kwh, price_per_mwh if is_paid else 0.0),
        line("capacity", "battery", capacity_kwh, capacity_price),
        line("performance", "battery", taken_off_kwh, capacity_price),
        line("degradation", "battery", -metered.discharged_kwh, site.battery.degradation_cost_per_mwh),
        line("fees", "site", -math.fsum(map(abs, position.values())), market.fee_per_mwh),
        line("demand_charge", "site", -metered.peak_rise_kw, market.demand_charge_per_kw_month * KW_PER_MW),
    )


def net(lines: Iterable[SettlementLine]) -> float:
    """Sum of the lines. [currency]"""
    return math.fsum(line.amount for line in lines)


def check_lines(lines: Sequence[SettlementLine], net_amount: float) -> None:
    """Check that the lines add up to what is reported as net, and each amount to its quantity and price.

    Raises
    ------
    TwinError
        Names every line that does not, and the residual.
    """
    faults = [
        f"{line.service} of {line.asset} at {line.valid_from:%Y-%m-%dT%H:%MZ} is {line.amount}, "
        f"{amount_of(line.quantity_kwh, line.price_per_mwh)} by its quantity and price"
        for line in lines
        if not abs(line.amount - amount_of(line.quantity_kwh, line.price_per_mwh)) <= TOLERANCE
    ]
    residual = net(lines) - net_amount
    if not abs(residual) <= TOLERANCE:
        faults.append(f"the lines sum to {net(lines)}, not to the net of {net_amount}: {residual} is left")
    if faults:
        raise TwinError(
            "; ".join(faults),
            place=PLACE,
            next_step="settle the hours again from their metered values; one was changed",
        )


def _check_hour(metered: MeteredHour, position_kwh: Mapping[str, float], price_per_mwh: float) -> None:
    known = {field.name: getattr(metered, field.name) for field in fields(metered) if field.name != "start"}
    values = {name: value for name, value in known.items() if value is not None}  # no score where nothing was asked
    faults = [f"{name} is {value}" for name, value in values.items() if not math.isfinite(value)]
    faults += [
        f"{name} must not be negative; it is {values[name]}"
        for name in ("discharged_kwh", "reserve_kw", "peak_rise_kw", "reduction_kwh", *SHARES)
        if values.get(name, 0.0) < 0
    ]
    faults += [f"{name} is a fraction; it is {values[name]}" for name in SHARES if values.get(name, 0.0) > 1]
    faults += [
        f"position of {asset!r}: one of {', '.join(POSITIONS)} is meant" for asset in position_kwh.keys() - {*POSITIONS}
    ]
    faults += [f"position of {asset} is {kwh}" for asset, kwh in position_kwh.items() if not math.isfinite(kwh)]
    if not math.isfinite(price_per_mwh):
        faults.append(f"price_per_mwh is {price_per_mwh}")
    refuse(
        sorted(faults),
        place=f"{PLACE} of {metered.start:%Y-%m-%dT%H:%MZ}",
        next_step="settle only hours whose meter and price are known",
    )
