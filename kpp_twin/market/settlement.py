"""Settlement of what was metered: money by service, each line of which can be checked on its own.

Of every line the amount is ``quantity_kwh / 1000 * price_per_mwh``. Energy lines bear settled energy, a sale positive.
Two lines are no energy and keep to the same rule: *capacity* bears reserved power times delivered hours and the price
per MW and hour; *demand_charge* bears minus the rise of the month's peak, in kW, and the price per MW and month.
*degradation* bears minus the discharged energy and the cost of wear.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

import numpy as np

from kpp_twin.errors import TwinError
from kpp_twin.market.inputs import broadcast, refuse
from kpp_twin.operation import ASSETS, MeteredHour, SettlementLine
from kpp_twin.records import Array
from kpp_twin.site import Market, Site
from kpp_twin.units import KW_PER_MW, KWH_PER_MWH, MINUTES_PER_HOUR

PLACE = "settlement"
TOLERANCE = 1e-6
POSITIONS = tuple(asset for asset in ASSETS if asset != "site")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyAccount:
    """Cost of energy at given prices; a cost is positive, also that of exporting at a negative price. [currency]"""

    import_cost: float
    export_cost: float

    @property
    def total_cost(self) -> float:
        """Both together. [currency]"""
        return self.import_cost + self.export_cost


def amount_of(quantity_kwh: float, price_per_mwh: float) -> float:
    """Money for energy; earned positive. [currency]"""
    return quantity_kwh / KWH_PER_MWH * price_per_mwh + 0.0


def dual_price(imbalance_kwh: float, *, day_ahead_per_mwh: float, short_per_mwh: float, long_per_mwh: float) -> float:
    """Price of an imbalance: a short one pays, a long one receives, neither better than day-ahead. [currency/MWh]

    Dual pricing as the electricity balancing guideline, (EU) 2017/2195, allows it; an imbalance is never rewarded.
    """
    _need_finite(
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


def imbalance_price(day_ahead_per_mwh: float, imbalance_kwh: float, market: Market) -> float:
    """Price of an imbalance made from the day-ahead price with the market's factors and adders. [currency/MWh]

    Missing energy (negative) costs at least the day-ahead price, surplus earns at most that.
    """
    return dual_price(
        imbalance_kwh,
        day_ahead_per_mwh=day_ahead_per_mwh,
        short_per_mwh=day_ahead_per_mwh * market.short_price_factor + market.short_price_adder_per_mwh,
        long_per_mwh=day_ahead_per_mwh * market.long_price_factor + market.long_price_adder_per_mwh,
    )


def two_settlement(
    day_ahead_kwh: float, metered_kwh: float, *, day_ahead_per_mwh: float, deviation_per_mwh: float
) -> float:
    """Income of two settlements: the quantity sold day-ahead, then the deviation at a second price. [currency]

    The second price is the real-time price where there is such a market, else the imbalance price: a single one, or
    one of `dual_price`.
    """
    _need_finite(
        day_ahead_kwh=day_ahead_kwh,
        metered_kwh=metered_kwh,
        day_ahead_per_mwh=day_ahead_per_mwh,
        deviation_per_mwh=deviation_per_mwh,
    )
    return amount_of(day_ahead_kwh, day_ahead_per_mwh) + amount_of(metered_kwh - day_ahead_kwh, deviation_per_mwh)


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
    position = {asset: position_kwh.get(asset, 0.0) for asset in POSITIONS}
    imbalance_kwh = metered.net_kwh - math.fsum(position.values()) - metered.activation_kwh
    market = site.market

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

    capacity_kwh = metered.reserve_kw * metered.availability  # over one hour
    return (
        *(line("energy", asset, sold_kwh, price_per_mwh) for asset, sold_kwh in position.items()),
        line("imbalance", "site", imbalance_kwh, imbalance_price(price_per_mwh, imbalance_kwh, market)),
        line("activation", "battery", metered.activation_kwh, price_per_mwh),
        line("capacity", "battery", capacity_kwh, site.services.frequency_response_price_per_mw_hour),
        line("degradation", "battery", -metered.discharged_kwh, site.battery.degradation_cost_per_mwh),
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
    values = {field.name: getattr(metered, field.name) for field in fields(metered) if field.name != "start"}
    faults = [f"{name} is {value}" for name, value in values.items() if not math.isfinite(value)]
    faults += [
        f"{name} must not be negative; it is {values[name]}"
        for name in ("discharged_kwh", "reserve_kw", "peak_rise_kw", "availability")
        if values[name] < 0
    ]
    if values["availability"] > 1:
        faults.append(f"availability is a fraction; it is {values['availability']}")
    faults += [
        f"position of {asset!r}: one of {', '.join(POSITIONS)} is meant" for asset in position_kwh.keys() - {*POSITIONS}
    ]
    faults += [f"position of {asset} is {kwh}" for asset, kwh in position_kwh.items() if not math.isfinite(kwh)]
    if not math.isfinite(price_per_mwh):
        faults.append(f"price_per_mwh is {price_per_mwh}")
    refuse(
        sorted(faults), place=_place_of(metered.start), next_step="settle only hours whose meter and price are known"
    )


def _place_of(start: datetime) -> str:
    return f"{PLACE} of {start:%Y-%m-%dT%H:%MZ}"


def _need_finite(**values: float) -> None:
    faults = [f"{name} is {value}" for name, value in values.items() if not math.isfinite(value)]
    refuse(faults, place=PLACE, next_step="give finite values in kWh and currency/MWh")
