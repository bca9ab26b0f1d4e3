from dataclasses import replace

import pytest
from rich.console import Console
from rich.table import Table

from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.sheet import PlantSheet, SteadyTable, plant_sheet
from kpp_twin.report.plant_sheet import description, offers_table, steady_tables, store_table, verdict


@pytest.fixture(scope="module")
def sheet() -> PlantSheet:
    return plant_sheet(PlantParameters())


def printed(table: Table) -> str:
    console = Console(width=130, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_the_plant_is_described_with_its_figures(sheet: PlantSheet) -> None:
    text = " ".join(description(sheet))
    plant = sheet.plant
    for value in (plant.floaters, plant.floater_volume_m3, plant.receiver_m3, plant.flywheel_rated_rpm):
        assert f" {value:g} " in text
    assert plant.fill_policy in text
    assert f"{sheet.most_generator_kw:.1f} kW at most, at {sheet.most_at_m_per_s:.2f} m/s" in text


def test_a_steady_table_has_a_line_for_each_speed(sheet: PlantSheet) -> None:
    at_depth, at_surface = map(printed, steady_tables(sheet))
    assert "full_at_depth: full at the foot" in at_depth
    for point in sheet.steady[1].points:
        (line,) = [line for line in at_surface.splitlines() if line.split()[:1] == [f"{point.chain_speed_m_per_s:.3f}"]]
        assert line.split()[-2:] == [f"{point.net_kw:.1f}", f"{point.round_trip:.3f}"]
    assert "heat kW" not in at_surface


def test_a_way_to_fill_that_cannot_be_shows_why(sheet: PlantSheet) -> None:
    refused = SteadyTable(policy="full_at_depth", points=(), refusal="the chain breaks")
    assert "not possible: the chain breaks" in printed(steady_tables(replace(sheet, steady=(refused,)))[0])


def test_without_heat_the_plant_is_no_source(sheet: PlantSheet) -> None:
    assert "Net power is negative at every speed: the plant is a store and a load, not a source." in verdict(sheet)


def test_heat_is_shown_and_named_where_power_comes_of_it(sheet: PlantSheet) -> None:
    table = sheet.steady[1]
    warm = tuple(replace(point, heat_kw=500.0, generator_kw=point.compressor_kw + 1.0) for point in table.points)
    heated = replace(sheet, steady=(replace(table, points=warm),))
    assert "made of the heat" in verdict(heated)
    assert "heat kW" in printed(steady_tables(heated)[0])
    assert "500.0" in printed(steady_tables(heated)[0])


def test_store_and_offers_show_their_figures(sheet: PlantSheet) -> None:
    store = printed(store_table(sheet))
    assert f"{sheet.store.capacity_kwh:.1f} kWh" in store
    assert f"{sheet.round_trip:.1%}".replace("%", " %") in store
    offers = printed(offers_table(sheet)).splitlines()
    assert sum(line.split()[:1] == ["rest"] for line in offers) == len(sheet.offers) // 2
    (longest,) = [line for line in offers if line.split()[:5] == ["rest", "1", "h", "0", "s"]]
    assert f"{sheet.offers[3].capability.most_in_kwh:.2f}" in longest.split()
