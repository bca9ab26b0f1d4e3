import json

import numpy as np
import pytest

from kpp_twin.plant.equivalent import storage_equivalent
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.sheet import OFFERED, STARTED, PlantSheet, plant_sheet, steady_table
from kpp_twin.plant.steady import steady_point


@pytest.fixture(scope="module")
def sheet() -> PlantSheet:
    return plant_sheet(PlantParameters())


def test_the_sheet_says_what_the_reference_plant_is(sheet: PlantSheet) -> None:
    """By hand: the flywheel holds 385.5 kJ at 375 rpm, and a column of 29 floaters filled at the surface 0.86 MJ."""
    assert sheet.flywheel_kwh == pytest.approx(0.107, abs=5e-4)
    assert sheet.column_kwh == pytest.approx(0.24, abs=0.01)
    assert sheet.most_generator_kw > sheet.plant.generator_kw
    assert sheet.store == storage_equivalent(sheet.plant)
    assert 0.2 < sheet.round_trip < 0.5


def test_both_ways_to_fill_are_loads_at_every_speed(sheet: PlantSheet) -> None:
    assert [table.policy for table in sheet.steady] == ["full_at_depth", "full_at_surface"]
    for table in sheet.steady:
        assert table.refusal == ""
        rpm = [point.flywheel_rpm for point in table.points]
        assert rpm == pytest.approx(np.linspace(sheet.plant.flywheel_min_rpm, sheet.plant.flywheel_rated_rpm, 5))
        assert all(point.net_kw < 0 and 0 < point.round_trip < 1 for point in table.points)
        assert {point.receiver_bar for point in table.points} == {sheet.plant.target_receiver_bar}
    at_depth, at_surface = (table.points[-1] for table in sheet.steady)
    assert at_depth.compressor_kw > at_surface.compressor_kw
    assert at_surface == steady_point(sheet.plant, at_surface.chain_speed_m_per_s)


def test_a_way_to_fill_that_cannot_be_is_refused_with_the_reason() -> None:
    weak = PlantParameters(max_chain_force_kn=60.0)
    refused = steady_table(weak, "full_at_depth")
    assert refused.points == ()
    assert "kN, more than max_chain_force_kn 60" in refused.refusal
    assert steady_table(weak, "full_at_surface").points


def test_what_it_could_offer_is_told_from_rest_and_from_half_its_power(sheet: PlantSheet) -> None:
    asked = [(offer.capability.horizon_s, offer.capability.notice_s) for offer in sheet.offers]
    assert asked == [*OFFERED, *OFFERED]
    half_kw = 0.5 * sheet.plant.generator_kw
    rest, running = sheet.offers[: len(OFFERED)], sheet.offers[len(OFFERED) :]
    assert {offer.generating_kw for offer in rest} == {0.0}
    assert [offer.generating_kw for offer in running] == pytest.approx([half_kw] * len(OFFERED), rel=0.01)
    assert rest[0].capability.most_out_kwh < running[0].capability.most_out_kwh


def test_a_start_up_takes_a_minute_or_two(sheet: PlantSheet) -> None:
    start = sheet.start_up
    given = start.trajectory.generator_kw
    assert start.told_kw == sheet.plant.generator_kw
    assert len(given) == 300
    assert start.started_s is not None
    assert 30 < start.started_s < 240
    assert given[start.started_s - 1] >= STARTED * start.told_kw > given[start.started_s - 2]


def test_a_plant_that_never_comes_to_its_power_says_so() -> None:
    short = plant_sheet(PlantParameters(receiver_m3=0.1))
    assert short.start_up.started_s is None
    assert short.start_up.trajectory.generator_kw.max() < short.start_up.told_kw
    assert [offer.generating_kw for offer in short.offers] == [0.0] * len(OFFERED)


def test_all_figures_go_into_json_and_come_back(sheet: PlantSheet) -> None:
    found = json.loads(json.dumps(sheet.as_json(), allow_nan=False))
    assert PlantParameters.model_validate(found["parameters"]) == sheet.plant
    assert len(found["offers"]) == len(sheet.offers)
    points = found["steady"]["full_at_surface"]["points"]
    assert points[0]["net_kw"] == sheet.steady[1].points[0].net_kw
    assert found["store"]["round_trip"] == sheet.round_trip
    assert np.array_equal(found["start_up"]["generator_kw"], sheet.start_up.trajectory.generator_kw)
