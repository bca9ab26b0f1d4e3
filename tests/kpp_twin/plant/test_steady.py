"""Steady points: the figures of the reference table, and where the plant settles when it runs."""

import numpy as np
import pytest
from plant_examples import setpoints_of

from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.simulate import PlantSetpoints, PlantState, simulate
from kpp_twin.plant.steady import governed_point, held_air, steady_point

# What the table assumes: a compressor of 0.60 to the isothermal work at 4.0 bar, 0.874 x 0.96 from chain to grid, no
# friction, windage or dissolution.
TABLE = {
    "friction_n": 0.0,
    "compressor_efficiency": 0.60,
    "compression_index": 1.0,
    "generator_standing_loss": 0.0,
    "generator_linear_loss": 1 / 0.96 - 1,
    "generator_quadratic_loss": 0.0,
    "windage_kw": 0.0,
    "dissolution_per_s_bar": 0.0,
    "generator_kw": 1.0,
    "initial_receiver_bar": 4.0,
    "target_receiver_bar": 4.0,
}
AT_DEPTH, AT_SURFACE = "full_at_depth", "full_at_surface"
ENDLESS = {"receiver_m3": 1e5, "leak_per_day": 0.0}


@pytest.mark.parametrize(
    ("speed", "policy", "drag_area", "buoyant", "drag", "generator", "compressor", "round_trip"),
    [
        (0.396, AT_SURFACE, 0.1, 22.7, 0.1, 18.9, 42.2, 0.448),
        (0.396, AT_SURFACE, 0.5, 22.7, 0.6, 18.5, 42.2, 0.439),
        (0.396, AT_DEPTH, 0.1, 44.6, 0.1, 37.3, 144.2, 0.259),
        (1.208, AT_SURFACE, 0.1, 69.1, 3.5, 55.0, 128.6, 0.428),
        (1.208, AT_SURFACE, 0.5, 69.1, 17.5, 43.3, 128.6, 0.337),
        (1.208, AT_DEPTH, 0.1, 136.0, 3.5, 111.1, 439.7, 0.253),
        (1.208, AT_DEPTH, 0.5, 136.0, 17.5, 99.4, 439.7, 0.226),
        (2.0, AT_SURFACE, 0.5, 114.3, 79.2, 29.5, 212.8, 0.139),
    ],
)
def test_the_reference_table(
    speed: float,
    policy: str,
    drag_area: float,
    buoyant: float,
    drag: float,
    generator: float,
    compressor: float,
    round_trip: float,
) -> None:
    plant = PlantParameters(fill_policy=policy, drag_area_m2=drag_area, **TABLE)
    point = steady_point(plant, speed)
    assert point.buoyant_kw == pytest.approx(buoyant, rel=0.005)
    assert point.drag_kw == pytest.approx(drag, rel=0.01, abs=0.05)
    assert point.generator_kw == pytest.approx(generator, rel=0.005)
    assert point.compressor_kw == pytest.approx(compressor, rel=0.005)
    assert point.net_kw == pytest.approx(generator - compressor, rel=0.005)
    assert point.round_trip == pytest.approx(round_trip, abs=0.002)
    assert point.flywheel_rpm == pytest.approx(speed * 39.4 / 1.2 * 60 / (2 * np.pi))


@pytest.mark.parametrize(
    ("policy", "fill", "speed"),
    [
        (AT_SURFACE, 1.0, 0.6),
        (AT_SURFACE, 1.0, 1.1),
        (AT_SURFACE, 0.5, 0.6),
        (AT_DEPTH, 1.0, 0.6),
        (AT_DEPTH, 1.0, 1.1),
        (AT_DEPTH, 0.5, 1.1),
    ],
)
def test_the_plant_settles_at_its_steady_point(policy: str, fill: float, speed: float) -> None:
    """The generator is told each second what holds the speed, and the compressor what replaces the air."""
    rating = {"generator_kw": 98.0, "converter_kva": 98.0} if policy == AT_DEPTH else {}
    plant = PlantParameters(fill_policy=policy, compressor_kw=1000.0, compressor_min_kw=0.0, **rating, **ENDLESS)
    model, expected = PlantModel.of(plant), steady_point(plant, speed, fill_fraction=fill)
    state = PlantState.initial(plant)
    settled = []
    for second in range(500):
        held_kw = expected.generator_kw + 200.0 * (state.chain_speed_m_per_s - speed)
        filled = fill if second >= 60 else 1.0
        told = {"fill": filled, "generator": max(0.0, held_kw), "compressor": expected.compressor_kw}
        before = state.receiver_kpa
        run = simulate(model, state, setpoints_of((1, told)))
        state = run.state
        if second >= 450:
            air_kj = (state.receiver_kpa - before) * plant.receiver_m3
            settled.append((state.chain_speed_m_per_s, run.energy_kwh["generator_out"] * 3600, air_kj))
    mean_speed, mean_kw, gained_kj = np.mean(settled, axis=0)
    assert mean_speed == pytest.approx(speed, rel=5e-3)
    assert mean_kw == pytest.approx(expected.generator_kw, rel=5e-3)
    drawn_kj = fill * model.column.full * model.constants.air_kj * speed / plant.pitch_m
    assert abs(gained_kj) < 5e-3 * drawn_kj


@pytest.mark.parametrize("share", [0.6, 1.0])
def test_a_governed_plant_settles_at_its_governed_point(share: float) -> None:
    plant = PlantParameters(**ENDLESS)
    power_kw = share * plant.generator_kw
    point = governed_point(plant, power_kw)
    setpoints = PlantSetpoints.of_power(np.full(1500, power_kw))
    seen = simulate(PlantModel.of(plant), PlantState.initial(plant), setpoints, record_every=1).by_second
    assert seen.generator_kw[-300:].mean() == pytest.approx(point.generator_kw, rel=5e-3)
    assert seen.chain_speed_m_per_s[-300:].mean() == pytest.approx(point.chain_speed_m_per_s, rel=0.02)


def test_a_governed_point_gives_its_power() -> None:
    plant = PlantParameters()
    for power_kw in (1.0, 20.0, 45.0):
        point = governed_point(plant, power_kw)
        assert point.generator_kw == pytest.approx(power_kw, rel=1e-6)
        assert 0.0 < point.fill_fraction <= 1.0
    assert governed_point(plant, 20.0, receiver_bar=8.0).compressor_kw > governed_point(plant, 20.0).compressor_kw


def test_air_in_the_column_is_what_was_filled_less_what_dissolves() -> None:
    plant = PlantParameters()
    air = held_air(PlantModel.of(plant), 0.8, 0.7)
    assert air[0] == pytest.approx(0.7)
    assert (np.diff(air) < 0).all()
    assert air[-1] > 0.9 * air[0]
    whole = held_air(PlantModel.of(PlantParameters(fill_policy=AT_DEPTH, dissolution_per_s_bar=0.0)), 0.8, 1.0)
    assert (whole[1:] == PlantModel.of(plant).column.capacity[:-1]).all()


def test_a_point_without_air_gives_nothing_and_has_no_round_trip() -> None:
    point = steady_point(PlantParameters(), 1.0, fill_fraction=0.0)
    assert (point.generator_kw, point.compressor_kw, point.round_trip) == (0.0, 0.0, 0.0)


def test_warm_water_gives_heat_and_power() -> None:
    cold = steady_point(PlantParameters(), 1.0)
    warm = steady_point(PlantParameters(water_temperature_c=40.0, heat_source_kw=1000.0), 1.0)
    assert cold.heat_kw == 0.0
    carnot_kw = warm.heat_kw * (1 - 288.15 / 313.15)
    assert cold.generator_kw == pytest.approx(warm.generator_kw, rel=0.02), "less air fills the same floater"
    assert warm.compressor_kw == pytest.approx(cold.compressor_kw * 288.15 / 313.15)
    assert warm.buoyant_kw <= warm.arrival_kw + carnot_kw


def test_bubbles_are_paid_by_the_compressor() -> None:
    plain = steady_point(PlantParameters(), 1.0)
    plant = PlantParameters(nanobubble_drag_reduction=0.12, nanobubble_air_m3_per_s=0.05)
    bubbles = steady_point(plant, 1.0)
    assert bubbles.drag_kw == pytest.approx(0.88 * plain.drag_kw)
    assert bubbles.compressor_kw == pytest.approx(plain.compressor_kw + plant.nanobubble_kw)
    assert bubbles.net_kw < plain.net_kw
