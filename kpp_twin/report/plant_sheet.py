"""The plant's sheet in words and short tables for the terminal."""

from collections.abc import Iterator

from rich.table import Table

from kpp_twin.plant.sheet import Offer, PlantSheet, SteadyTable
from kpp_twin.report.terminal import plain_table
from kpp_twin.report.wording import number, share
from kpp_twin.units import SECONDS_PER_HOUR, SECONDS_PER_MINUTE

POLICIES = {
    "full_at_depth": "full at the foot, spilling as it rises",
    "full_at_surface": "full at the surface, spilling nothing",
}


def description(sheet: PlantSheet) -> Iterator[str]:
    """What the plant is, in a few lines."""
    plant = sheet.plant
    yield (
        f"Shaft of {plant.shaft_height_m:g} m with {plant.floaters} floaters of {plant.floater_volume_m3:g} m³ on a "
        f"chain of {plant.chain_length_m:g} m, filled {plant.fill_policy}; receiver of {plant.receiver_m3:g} m³ at "
        f"{plant.min_receiver_bar:g} to {plant.max_receiver_bar:g} bar."
    )
    yield (
        f"Compressor {plant.compressor_kw:g} kW, generator {plant.generator_kw:g} kW; a full chain could give "
        f"{sheet.most_generator_kw:.1f} kW at most, at {sheet.most_at_m_per_s:.2f} m/s."
    )
    least, rated = plant.flywheel_min_rpm, plant.flywheel_rated_rpm
    yield (
        f"Flywheel of {plant.flywheel_kg_m2:g} kg m² at {least:g} to {rated:g} rpm: "
        f"{sheet.flywheel_kwh:.3f} kWh at most; a full column holds {sheet.column_kwh:.3f} kWh."
    )


def verdict(sheet: PlantSheet) -> str:
    """Whether the plant is a source, in plain words."""
    points = [point for table in sheet.steady for point in table.points]
    if any(point.net_kw > 0 for point in points):
        return (
            "Net power above zero is made of the heat that warm water gives, and below Carnot's share of it: without "
            "that heat the plant is a store and a load, not a source."
        )
    return (
        "Net power is negative at every speed: the plant is a store and a load, not a source. It gives back a part of "
        "what its compressor took."
    )


def steady_tables(sheet: PlantSheet) -> list[Table]:
    """Steady operating points, a table for each way to fill."""
    return [_steady(table) for table in sheet.steady]


def _steady(table: SteadyTable) -> Table:
    title = f"Steady, {table.policy}: {POLICIES[table.policy]}"
    if table.refusal:
        return plain_table(title, ("",), [(f"not possible: {table.refusal}",)])
    is_warm = any(point.heat_kw > 0 for point in table.points)
    rows = [
        (
            number(point.chain_speed_m_per_s, 3),
            number(point.flywheel_rpm, 0),
            number(point.buoyant_kw, 1),
            number(point.drag_kw, 1),
            number(point.generator_kw, 1),
            number(point.compressor_kw, 1),
            number(point.net_kw, 1),
            number(point.round_trip, 3),
            *([number(point.heat_kw, 1)] if is_warm else []),
        )
        for point in table.points
    ]
    header = (
        ">chain m/s",
        ">flywheel rpm",
        ">buoyant kW",
        ">drag kW",
        ">generator kW",
        ">compressor kW",
        ">net kW",
        ">round trip",
        *([">heat kW"] if is_warm else []),
    )
    pressure = f"receiver {table.points[0].receiver_bar:g} bar, whatever the ratings"
    return plain_table(f"{title}; {pressure}", header, rows)


def store_table(sheet: PlantSheet) -> Table:
    """The plant as a plain store."""
    store = sheet.store
    rows = [
        ("capacity", f"{number(store.capacity_kwh, 1)} kWh", "exergy of the receiver above its least pressure"),
        ("stored", f"{number(store.energy_kwh, 1)} kWh", "when the history begins"),
        ("charge", share(store.charge_efficiency), f"grid to store, at most {store.max_charge_kw:g} kW"),
        ("discharge", share(store.discharge_efficiency), f"store to grid, at most {store.max_discharge_kw:g} kW"),
        ("round trip", share(sheet.round_trip), "grid to grid, the receiver from its least pressure to its highest"),
    ]
    return plain_table("As a store", ("", ">value", "meaning"), rows)


def offers_table(sheet: PlantSheet) -> Table:
    """What the plant could do from now on."""
    rows = [_offer(offer) for offer in sheet.offers]
    header = (
        "from",
        ">until",
        ">notice",
        ">up kW",
        ">down kW",
        ">energy out kWh",
        ">energy in kWh",
        ">ramp up kW/s",
        ">ramp down kW/s",
    )
    return plain_table(
        "Capability: more and less than now, held from the notice on; energy at rated power told now", header, rows
    )


def _offer(offer: Offer) -> tuple[str, ...]:
    found = offer.capability
    return (
        f"{offer.generating_kw:.1f} kW" if offer.generating_kw > 0 else "rest",
        _span(found.horizon_s),
        f"{found.notice_s} s",
        number(found.up_kw, 1),
        number(found.down_kw, 1),
        number(found.most_out_kwh),
        number(found.most_in_kwh),
        number(found.ramp_up_kw_per_s, 0),
        number(found.ramp_down_kw_per_s, 0),
    )


def _span(seconds: int) -> str:
    if seconds % SECONDS_PER_HOUR == 0:
        return f"{seconds // SECONDS_PER_HOUR} h"
    return f"{seconds // SECONDS_PER_MINUTE} min" if seconds % SECONDS_PER_MINUTE == 0 else f"{seconds} s"
