"""The battery's sheet in words and short tables for the terminal."""

from collections.abc import Iterator

from rich.table import Table

from kpp_twin.battery.ageing_cost import END_OF_LIFE_HEALTH
from kpp_twin.battery.sheet import DEPTHS, BatterySheet
from kpp_twin.frequency.products import FrequencyProduct
from kpp_twin.report.battery_response import millihertz, title_of
from kpp_twin.report.terminal import plain_table
from kpp_twin.report.wording import number, share

DIRECTIONS = {"both": "", "up": "up only: ", "down": "down only: "}


def law(product: FrequencyProduct) -> str:
    """Which power the product asks for, and when."""
    if product.follows_signal:
        return "follows a signal"
    if product.trigger_hz:
        text = f"all at {millihertz(product.trigger_hz)}, for {product.hold_s:g} s at least"
    elif product.droop:
        text = f"droop of {share(product.droop)} beyond {millihertz(product.deadband_hz)}"
    else:
        points = zip(product.curve_hz, product.curve_share, strict=True)
        text = ", ".join(f"{share(part, 0)} at {millihertz(deviation_hz)}" for deviation_hz, part in points)
        if product.deadband_hz > product.curve_hz[0]:
            text += f"; none within {millihertz(product.deadband_hz)}"
    return DIRECTIONS[product.direction] + text


def restoring(product: FrequencyProduct) -> str:
    """How stored energy may be brought back; shares are of what is sold."""
    when = "at any time" if product.restoring_against_response else "while nothing asks for the opposite"
    ways = {
        "none": "no power for it",
        "continuous": f"{when}, up to {share(product.restoring_share, 0)}",
        "schedule": f"by {product.restoring_block_minutes:g} min, fixed {product.restoring_lead_blocks} ahead, "
        f"up to {share(product.restoring_share, 0)}",
    }
    text = ways[product.restoring]
    if product.restoring_ramp_per_minute:
        text += f", {share(product.restoring_ramp_per_minute, 0)} a minute"
    if product.deadband_use:
        text += "; in the deadband"
    return text + (f"; over-fulfilment to {share(product.over_fulfilment, 0)}" if product.over_fulfilment > 1 else "")


def description(sheet: BatterySheet) -> Iterator[str]:
    """What the battery is and how warm it gets, in a few lines."""
    battery, heat = sheet.battery, sheet.heat
    yield (
        f"Battery of {battery.capacity_kwh:g} kWh and {battery.max_power_kw:g} kW ({battery.chemistry}), converter of "
        f"{battery.converter_kva:g} kVA; between {share(battery.min_state_of_charge, 0)} and "
        f"{share(battery.max_state_of_charge, 0)} it gives {number(sheet.discharge_kwh, 1)} kWh to the grid, and takes "
        f"{number(sheet.charge_kwh, 1)} kWh."
    )
    if sheet.round_trips is None:
        trips = "heat or cold forbids full cycles"
    else:
        trips = "round trip {}, and {} with auxiliaries and cooling".format(*map(share, sheet.round_trips))
    every = "every day" if sheet.days_per_cycle == 1 else f"every {sheet.days_per_cycle} days"
    yield (
        f"Charge {share(battery.charge_efficiency)}, discharge {share(battery.discharge_efficiency)}; with a full "
        f"cycle {every} at full power: {trips}."
    )
    yield (
        f"At full power it loses {sheet.loss_kw:.1f} kW: {heat.ambient_temperature_c:g} °C around it become "
        f"{sheet.uncooled_c:.0f} °C in the end without cooling, at most {sheet.cooled_c:.0f} °C with "
        f"{heat.cooling_kw:g} kW of it; power falls from {heat.derate_from_c:g} °C to none at {heat.derate_to_c:g} °C."
    )


def offers_table(sheet: BatterySheet) -> Table:
    """What the battery could sell."""
    rows = [
        (
            offer.product.name,
            f"{offer.product.nominal_hz:g}",
            law(offer.product),
            f"{offer.product.endurance_minutes:g}",
            number(offer.most_kw, 1),
            number(offer.sold_kw, 1),
            " to ".join(map(share, offer.window)),
            restoring(offer.product),
        )
        for offer in sheet.offers
    ]
    header = ("product", ">Hz", "asks for", ">min", ">most kW", ">sold kW", "state of charge", "energy is restored")
    return plain_table("What it could sell; state of charge in which full response of what is sold lasts", header, rows)


def response_table(sheet: BatterySheet) -> Table:
    """What it gives at some deviations, or signals."""
    by_signal = sheet.response.offer.product.follows_signal
    sizes, more_kw, less_kw = zip(*sheet.response.held_kw, strict=True)
    header = [f">{size:g}" if by_signal else f">{millihertz(size)}" for size in sizes]
    names = ("positive signal, kW", "negative, kW") if by_signal else ("below nominal, kW", "above, kW")
    rows = [(name, *(number(kw, 1) for kw in held_kw)) for name, held_kw in zip(names, (more_kw, less_kw), strict=True)]
    return plain_table(title_of(sheet.response), ["", *header], rows)


def ageing_table(sheet: BatterySheet, currency: str) -> Table:
    """How either chemistry would age, and what that costs."""
    rows = [
        (
            ageing.chemistry,
            share(ageing.rest_loss),
            number(ageing.rest_years, 1),
            share(ageing.cycled_loss),
            number(ageing.cycled_years, 1),
            number(ageing.mean_cost_per_mwh, 0),
            *(number(cost, 0) for cost in ageing.marginal_cost_per_mwh),
        )
        for ageing in sheet.ageing
    ]
    header = (
        "cells",
        ">loss, at rest",
        ">years",
        ">loss, cycled",
        ">years",
        f">mean {currency}/MWh",
        *(f">depth {share(depth, 0)}" for depth in DEPTHS),
    )
    title = (
        f"Ageing in a year: at rest in the middle at {sheet.heat.ambient_temperature_c:g} °C, and in those cycles; "
        f"years to {share(END_OF_LIFE_HEALTH, 0)}, beyond any test. Cost of what the cells discharge: mean in those "
        f"cycles, and at the margin at full power by depth, if a new battery costs "
        f"{sheet.replacement_cost_per_kwh:g} {currency}/kWh; plans take "
        f"{sheet.battery.degradation_cost_per_mwh:g} {currency}/MWh"
    )
    return plain_table(title, header, rows)
