"""Random plants, random paths and the laws that they must keep, for the tests of the plant."""

import math
from typing import Any

import numpy as np
from hypothesis import assume, reject
from hypothesis import strategies as st
from pydantic import ValidationError

from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.simulate import PlantRun, PlantSetpoints, PlantState
from kpp_twin.units import RAD_PER_S_PER_RPM, ZERO_CELSIUS_K

STEPS_S = (0.1, 0.5, 1.0, 2.0)
PULSE_S, COAST_S = 2, 1
BAR_FOR_SURE = 500.0


def fractions(low: float = 0.0, high: float = 1.0) -> st.SearchStrategy[float]:
    return st.floats(low, high)


def powers_of_ten(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(math.log10(low), math.log10(high)).map(lambda exponent: 10.0**exponent)


@st.composite
def plants(draw: st.DrawFn, **fixed: Any) -> PlantParameters:
    """Any plant that can be: small and large, fast and slow, with warm or cold water and bubbles or without."""
    height = draw(powers_of_ten(2, 120))
    floaters = draw(st.integers(2, 200))
    chain_m = height * draw(fractions(2.0, 3.0))
    volume = min(draw(powers_of_ten(0.005, 3)), 30 * chain_m / floaters)
    max_rpm = draw(fractions(50, 2000))
    rated_rpm = max_rpm * draw(fractions(0.3, 0.99))
    sprocket_m = draw(fractions(0.2, 3))
    fastest = draw(powers_of_ten(0.2, 5))
    ambient_c, water_c, heat_kw = draw(
        st.one_of(
            st.tuples(st.just(15.0), st.just(15.0), st.just(0.0)),
            st.tuples(fractions(-20, 15), fractions(20, 95), powers_of_ten(0.1, 1e5)),
            st.tuples(fractions(20, 60), fractions(0, 20), st.just(0.0)),
        )
    )
    reduction, bubbles = draw(st.sampled_from([(0.0, 0.0)]) | st.tuples(fractions(0.0, 0.5), powers_of_ten(1e-4, 1.0)))
    compressor_kw = draw(powers_of_ten(1, 2000))
    values: dict[str, Any] = {
        "floaters": floaters,
        "floater_volume_m3": volume,
        "floater_area_m2": volume * floaters / chain_m * draw(fractions(1.0001, 3)),
        "floater_mass_kg": draw(fractions(0, 200)),
        "shaft_height_m": height,
        "chain_length_m": chain_m,
        "chain_mass_kg_per_m": draw(fractions(0, 100)),
        "max_chain_force_kn": 1e9,
        "brake_force_kn": 1e9,
        "drag_area_m2": draw(powers_of_ten(0.01, 3)),
        "drag_coefficient": draw(fractions(0.1, 2)),
        "friction_n": 0.0,
        "column_cells": draw(st.integers(1, 16)),
        "fill_policy": draw(st.sampled_from(["full_at_depth", "full_at_surface"])),
        "ascent_index": draw(st.sampled_from([1.0, 1.4]) | fractions(1.0, 1.4)),
        "dissolution_per_s_bar": draw(st.sampled_from([0.0]) | powers_of_ten(1e-6, 0.1)),
        "ambient_temperature_c": ambient_c,
        "water_temperature_c": water_c,
        "heat_source_kw": heat_kw,
        "nanobubble_drag_reduction": reduction,
        "nanobubble_air_m3_per_s": bubbles,
        "compressor_kw": compressor_kw,
        "compressor_min_kw": compressor_kw * draw(fractions()),
        "compressor_efficiency": draw(st.sampled_from([1.0]) | fractions(0.2, 1.0)),
        "compressor_stages": draw(st.integers(1, 6)),
        "compression_index": draw(st.sampled_from([1.0, 1.4]) | fractions(1.0, 1.4)),
        "compressor_min_run_s": draw(st.sampled_from([0.0, 60.0])),
        "compressor_restart_s": draw(st.sampled_from([0.0, 60.0])),
        "compressor_ramp_kw_per_s": draw(powers_of_ten(0.5, 1000)),
        "receiver_m3": draw(st.sampled_from([0.1]) | powers_of_ten(0.05, 1000)),
        "leak_per_day": draw(st.sampled_from([0.0]) | fractions(0, 0.9)),
        "nozzle_drop_bar": draw(fractions(0, 2)),
        "sprocket_radius_m": sprocket_m,
        "gear_ratio": max_rpm * RAD_PER_S_PER_RPM * sprocket_m / fastest,
        "gear_efficiency": draw(st.sampled_from([1.0]) | fractions(0.2, 1.0)),
        "flywheel_kg_m2": draw(powers_of_ten(1, 1e5)),
        "flywheel_min_rpm": rated_rpm * draw(fractions(0.05, 0.95)),
        "flywheel_rated_rpm": rated_rpm,
        "flywheel_max_rpm": max_rpm,
        "windage_kw": draw(st.sampled_from([0.0]) | fractions(0, 5)),
        "generator_standing_loss": draw(st.sampled_from([0.0]) | fractions(0, 0.2)),
        "generator_linear_loss": draw(fractions(0, 0.3)),
        "generator_quadratic_loss": draw(st.sampled_from([0.0]) | fractions(0, 0.3)),
        "generator_ramp_kw_per_s": draw(powers_of_ten(0.5, 1000)),
    } | fixed
    sketch = PlantParameters.model_construct(**values)
    low_bar = sketch.foot_bar + sketch.nozzle_drop_bar + draw(fractions(0.001, 3))
    high_bar = low_bar + draw(powers_of_ten(0.05, 20))
    column = sketch.column
    first_n = float(column.lift_kj(column.held(column.full))[0]) / sketch.pitch_m * 1000
    values |= {
        "min_receiver_bar": low_bar,
        "max_receiver_bar": high_bar,
        "initial_receiver_bar": low_bar + draw(fractions(0.01, 0.99)) * (high_bar - low_bar),
        "target_receiver_bar": low_bar + 0.5 * (high_bar - low_bar),
        "friction_n": first_n * draw(st.sampled_from([0.0]) | fractions(0.0, 0.9)),
    }
    share = draw(fractions(0.05, 0.99))
    # The losses go with the rating, so what the chain can give does too.
    values["generator_kw"] = 1.0
    for _ in range(12):
        most_kw, _ = PlantParameters.model_construct(**values).most_generator_kw()
        assume(most_kw > 1e-3)
        values["generator_kw"] = math.sqrt(values["generator_kw"] * most_kw)
    values["generator_kw"] *= share
    values["converter_kva"] = values["generator_kw"]
    try:
        return PlantParameters(**values)
    except ValidationError as error:
        if "at most 64 are made" in str(error) or "floater_area_m2" in str(error):
            reject()
        raise


def setpoints_of(*parts: tuple[int, dict[str, float]]) -> PlantSetpoints:
    """Setpoints that hold for some steps each; governed where no fill is named."""
    rows = {"fill": np.nan, "generator": 0.0, "compressor": 0.0, "limit": np.inf}
    columns = {
        name: np.concatenate([np.full(steps, told.get(name, value)) for steps, told in parts])
        for name, value in rows.items()
    }
    return PlantSetpoints(
        compressor_kw=columns["compressor"],
        generator_kw=columns["generator"],
        fill_fraction=columns["fill"],
        compressor_limit_kw=columns["limit"],
    )


def path_of(plant: PlantParameters, rng: np.random.Generator, blocks: int) -> PlantSetpoints:
    """Setpoints of a random path: governed, direct, both in turn, or pulses and coasts of nozzle and generator."""
    kind = rng.choice(["power", "direct", "both", "pulse"])
    if kind == "power":
        rating = np.where(rng.random(blocks) < 0.6, plant.generator_kw, -plant.compressor_kw)
        power = rating * rng.choice([0.0, 0.5, 1.0, 1.5], blocks) * rng.random(blocks) ** 0.3
        return PlantSetpoints.of_power(
            power, rng.choice([np.inf, 0.0, plant.compressor_kw * 0.6], blocks, p=[0.8, 0.1, 0.1])
        )
    generator = plant.generator_kw * rng.choice([0.0, 0.3, 1.0, 2.0], blocks) * rng.random(blocks)
    fill = np.clip(rng.uniform(-0.3, 1.5, blocks), 0.0, 1.0)
    if kind == "both":
        fill[rng.random(blocks) < 0.5] = np.nan
    if kind == "pulse":
        pulsed = np.arange(blocks) % (PULSE_S + COAST_S) < PULSE_S
        together = rng.random() < 0.5
        fill = np.where(pulsed, 1.0, 0.0) * rng.uniform(0.3, 1.0)
        generator = np.where(pulsed == together, plant.generator_kw, 0.0) * rng.uniform(0.2, 1.0)
    return PlantSetpoints(
        compressor_kw=plant.compressor_kw * rng.choice([0.0, 0.5, 1.0, 1.2], blocks) * (rng.random() < 0.8),
        generator_kw=generator,
        fill_fraction=fill,
        compressor_limit_kw=np.where(rng.random(blocks) < 0.05, 0.0, np.inf),
    )


def carnot_share(plant: PlantParameters) -> float:
    """Of heat from the water, what it could give at most."""
    ambient, water = plant.ambient_temperature_c + ZERO_CELSIUS_K, plant.water_temperature_c + ZERO_CELSIUS_K
    return max(0.0, 1.0 - ambient / water)


def rounding_kwh(model: PlantModel, before: PlantState, run: PlantRun) -> float:
    """A billionth of the energy that moved, and what the digits of the store can miss."""
    return 1e-9 * run.moved_kwh + 1e-12 * before.stored_kwh(model)


def check_ledger(model: PlantModel, before: PlantState, run: PlantRun) -> None:
    """All energy is accounted for, no loss gives energy, and no more comes out than came in or was there."""
    slack = rounding_kwh(model, before, run)
    energy = run.energy_kwh
    assert abs(run.residual_kwh) <= slack
    assert {name: amount for name, amount in energy.items() if not amount >= -slack} == {}
    paid = energy["compressor_in"] + energy["nanobubble_in"] + energy["heat_in"] * carnot_share(model.parameters)
    taken = before.stored_kwh(model) - run.state.stored_kwh(model)
    assert energy["generator_out"] <= paid + taken + slack


def check_limits(model: PlantModel, before: PlantState, run: PlantRun) -> None:
    """Nothing is driven beyond what it bears, in any second."""
    constants, seen = model.constants, run.by_second
    seconds = len(seen.generator_kw) * constants.step_s
    assert seen.receiver_kpa.max() <= constants.max_kpa * (1 + 1e-12)
    # What leaks may fall below the least pressure; what is drawn may not.
    lowest = constants.ambient_kpa + (min(before.receiver_kpa, constants.min_kpa) - constants.ambient_kpa) * (
        constants.leak_keep ** len(seen.receiver_kpa)
    )
    assert seen.receiver_kpa.min() >= lowest * (1 - 1e-12)
    assert seen.flywheel_rad_per_s.max() <= constants.max_speed * (1 + 1e-12)
    assert (seen.chain_speed_m_per_s * constants.ratio <= seen.flywheel_rad_per_s * (1 + 1e-12)).all()
    assert (seen.chain_speed_m_per_s >= 0).all()
    assert (seen.generator_kw >= 0).all()
    assert seen.generator_kw.max() <= constants.generator_kw * (1 + 1e-12)
    assert seen.compressor_kw.max() <= constants.compressor_kw * (1 + 1e-12)
    running = seen.compressor_kw[seen.compressor_kw > 0]
    assert (running >= constants.compressor_min_kw).all()
    if constants.substeps == 1:
        ends = np.maximum(seen.flywheel_rad_per_s[1:], seen.flywheel_rad_per_s[:-1])
        assert (ends[seen.generator_kw[1:] > 0] >= constants.min_speed * (1 - 1e-12)).all()
    assert run.energy_kwh["heat_in"] * 3600 <= constants.heat_source_kw * seconds * (1 + 1e-9)
    run.state.check(model)
