"""Each rule refuses the plant that cannot be, and a plant within all ranges is judged without fail."""

from typing import Any, get_args

import pytest
from conftest import IS_FULL
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from kpp_twin.errors import ConfigError
from kpp_twin.plant.parameters import PlantParameters, plant_of
from kpp_twin.plant.possible import RULES, impossible

# Values that no plant can have, and what is said of them.
IMPOSSIBLE = [
    ({"min_receiver_bar": 10.0}, "must rise: min_receiver_bar (10) < max_receiver_bar (10)"),
    (
        {"flywheel_min_rpm": 400.0},
        "must rise: flywheel_min_rpm (400) < flywheel_rated_rpm (375) < flywheel_max_rpm (450)",
    ),
    ({"flywheel_rated_rpm": 450.0}, "must rise: flywheel_min_rpm (150) < flywheel_rated_rpm (450)"),
    ({"initial_receiver_bar": 3.9}, "initial_receiver_bar 3.9 must lie between 4 and 10 bar"),
    ({"target_receiver_bar": 10.1}, "target_receiver_bar 10.1 must lie between 4 and 10 bar"),
    ({"compressor_min_kw": 151.0}, "compressor_min_kw 151 must not exceed compressor_kw 150"),
    ({"converter_kva": 44.0}, "generator_kw 45 must not exceed converter_kva 44"),
    (
        {"shaft_height_m": 28.0, "friction_n": 0.0, "drag_area_m2": 0.1},
        "min_receiver_bar 4 is below the 4.06 bar that the nozzle at the foot of a shaft of 28 m needs",
    ),
    (
        {"nozzle_drop_bar": 0.6},
        "min_receiver_bar 4 is below the 4.07 bar that the nozzle at the foot of a shaft of 25 m",
    ),
    ({"chain_length_m": 49.0}, "chain_length_m 49 must be at least twice shaft_height_m 25"),
    (
        {"floater_area_m2": 0.1},
        "floaters overlap: 0.4 m³ on 0.1 m² are 4.00 m long, the chain has 0.87 m for each; "
        "floater_area_m2 must be at least 0.46",
    ),
    ({"fill_policy": "full_at_depth", "max_chain_force_kn": 100.0}, "a full column pulls with 113 kN, more than "),
    ({"brake_force_kn": 50.0}, "brake_force_kn 50 cannot hold a full column, which pulls with 57 kN"),
    ({"friction_n": 5000.0, "generator_kw": 1.0}, "friction_n 5000 holds the chain against its first floaters"),
    ({"generator_kw": 530.0, "converter_kva": 600.0}, "generator_kw 530 is more than this chain can give: at most "),
    ({"water_temperature_c": 40.0}, "water_temperature_c 40 above ambient_temperature_c 15 needs heat_source_kw"),
    ({"nanobubble_drag_reduction": 0.12}, "nanobubble_drag_reduction 0.12 needs nanobubble_air_m3_per_s"),
    (
        {"gear_ratio": 0.2, "flywheel_max_rpm": 1e4},
        "the chain is too fast for the model: a second would need ",
    ),
]


def faults_of(**values: Any) -> str:
    with pytest.raises(ConfigError) as told:
        plant_of(values, place="a file")
    return told.value.fault


@pytest.mark.parametrize(("values", "message"), IMPOSSIBLE, ids=[message[:30] for _, message in IMPOSSIBLE])
def test_an_impossible_plant_is_refused(values: dict[str, Any], message: str) -> None:
    fault = faults_of(**values)
    assert message in fault
    assert "fault(s) in the plant: plant: " in fault


def test_every_rule_has_its_impossible_plant() -> None:
    refused = {
        rule
        for values, _ in IMPOSSIBLE
        for rule in RULES
        if rule(PlantParameters.model_construct(**values)) is not None
    }
    assert refused == set(RULES)


@pytest.mark.parametrize("partly", [True, False])
def test_the_plant_of_the_defaults_can_be(partly: bool) -> None:
    assert list(impossible(PlantParameters(), partly=partly)) == []


def test_only_what_is_partly_known_may_lack_values() -> None:
    plant = PlantParameters.model_construct(min_receiver_bar=2.0)
    del plant.__dict__["floaters"]
    faults = list(impossible(plant, partly=True))
    assert [fault for fault in faults if "foot of a shaft" in fault] != []
    with pytest.raises(AttributeError, match="floaters"):
        list(impossible(plant, partly=False))


def in_range(name: str) -> st.SearchStrategy[Any]:
    """Any value that the range of a parameter allows, its ends too; from a billionth to a billion where it has none."""
    field = PlantParameters.model_fields[name]
    if choices := get_args(field.annotation):
        return st.sampled_from(choices)
    limits = ("gt", "ge", "lt", "le")
    bounds = {key: getattr(limit, key) for limit in field.metadata for key in limits if hasattr(limit, key)}
    low = bounds.get("ge", bounds.get("gt", 0) + 1e-9)
    high = bounds.get("le", bounds.get("lt", 1e9) * (1 - 1e-9))
    return st.integers(low, high) if field.annotation is int else st.floats(low, high)


@settings(max_examples=2000 if IS_FULL else 200)
@given(st.data())
def test_values_in_their_ranges_give_a_plant_or_are_told_to_be_impossible(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(PlantParameters.model_fields)), max_size=5, unique=True))
    values = {name: data.draw(in_range(name), name) for name in names}
    faults = {}
    try:
        PlantParameters(**values)
    except ValidationError as error:
        faults = {fault["type"] for fault in error.errors()}
    assert faults in ({}, {"impossible_plant"})
