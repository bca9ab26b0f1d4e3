"""A plant that cannot be is refused, with all its faults at once."""

import math
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from kpp_twin.errors import ConfigError
from kpp_twin.plant.parameters import PlantParameters, load_plant, parameter_rows, plant_of
from kpp_twin.site import REFERENCE_SITE, load_site

# Values that are out of range, of another type, or no numbers.
WRONG = [
    ("floaters", 1),
    ("floaters", 66.0),
    ("floaters", "66"),
    ("floaters", True),
    ("shaft_height_m", 0.0),
    ("shaft_height_m", -25.0),
    ("shaft_height_m", math.inf),
    ("shaft_height_m", math.nan),
    ("shaft_height_m", "25"),
    ("shaft_height_m", True),
    ("shaft_height_m", None),
    ("max_chain_force_kn", math.inf),
    ("friction_n", -1.0),
    ("friction_n", math.nan),
    ("leak_per_day", 1.0),
    ("gear_efficiency", 1.01),
    ("gear_efficiency", 0.0),
    ("ascent_index", 1.41),
    ("ascent_index", 0.99),
    ("column_cells", 65),
    ("column_cells", 8.0),
    ("fill_policy", "full"),
    ("fill_policy", 1),
    ("nanobubble_drag_reduction", 0.51),
    ("water_temperature_c", -0.1),
    ("compressor_stages", 0),
    ("floater_shape", "round"),
]


def faults_of(**values: Any) -> str:
    with pytest.raises(ConfigError) as told:
        plant_of(values, place="a file")
    assert told.value.place == "a file"
    assert "--parameters" in told.value.next_step
    return told.value.fault


def plant_file(folder: Path, text: str) -> Path:
    path = folder / "plant.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "value"), WRONG, ids=[f"{name}={value!r}" for name, value in WRONG])
def test_a_wrong_value_is_refused_and_is_the_only_fault(name: str, value: Any) -> None:
    fault = faults_of(**{name: value})
    assert fault.startswith("1 fault(s)")
    assert f"{name}: " in fault


def test_all_faults_come_in_one_message() -> None:
    """Values out of range, unknown names, and what is impossible about the others."""
    fault = faults_of(
        floaters=1, gear_efficiency=2.0, colour="red", generator_kw=530.0, min_receiver_bar=2.0, brake_force_kn=1.0
    )
    for part in (
        "floaters: ",
        "gear_efficiency: ",
        "colour: ",
        "generator_kw 530 must not exceed converter_kva 60",
        "min_receiver_bar 2 is below the 3.77 bar",
    ):
        assert part in fault
    assert fault.startswith("5 fault(s)"), "what needs the number of floaters or the gear cannot be judged"

    several = faults_of(min_receiver_bar=11.0, converter_kva=1.0, brake_force_kn=1.0, nanobubble_drag_reduction=0.1)
    for part in (
        "must rise",
        "initial_receiver_bar",
        "target_receiver_bar",
        "converter_kva",
        "brake_force",
        "nanobubble",
    ):
        assert part in several


@pytest.mark.parametrize("name", PlantParameters.model_fields)
def test_a_wrong_value_lets_nothing_else_be_blamed(name: str) -> None:
    for wrong in ("x", None, math.nan, -1e30):
        if not (name == "ambient_temperature_c" and wrong == "x"):
            assert faults_of(**{name: wrong}).startswith("1 fault(s)")


def test_faults_with_braces_are_told_as_they_are() -> None:
    assert "{size}" in faults_of(**{"fill_policy": "{size}", "a {size}": 1.0})


@pytest.mark.parametrize("content", [3, "plant", [1.0], None])
def test_what_is_no_table_is_refused(content: Any) -> None:
    with pytest.raises(ConfigError, match=r"1 fault\(s\) in the plant"):
        plant_of(content, place="a file")


@pytest.mark.parametrize("name", PlantParameters.model_fields)
def test_every_parameter_has_unit_range_meaning_and_source(name: str) -> None:
    rows = {row[0]: row for row in parameter_rows(PlantParameters())}
    _, value, unit, limits, meaning, source = rows[name]
    field = PlantParameters.model_fields[name]
    assert value == field.default
    assert unit
    assert meaning
    assert source
    assert limits or len(get_args(field.annotation)) > 1, "a range, or a choice"


def test_a_row_says_what_a_parameter_is() -> None:
    rows = {row[0]: row for row in parameter_rows(PlantParameters(leak_per_day=0.5))}
    assert rows["leak_per_day"][1:4] == (0.5, "fraction", ">= 0, < 1")
    assert rows["shaft_height_m"][1:4] == (25.0, "m", "> 0.5, <= 1000")


def test_a_plant_does_not_change_and_is_known_by_its_values() -> None:
    plant = PlantParameters()
    with pytest.raises(ValidationError):
        plant.floaters = 3
    assert plant == PlantParameters(floaters=66)
    assert hash(plant) == hash(PlantParameters())


def test_a_file_of_its_own_gives_a_plant(tmp_path: Path) -> None:
    path = plant_file(tmp_path, "[plant]\nfloaters = 60\ngenerator_kw = 30\n")
    assert load_plant(path) == PlantParameters(floaters=60, generator_kw=30.0)


def test_a_whole_site_gives_its_plant() -> None:
    assert load_plant(REFERENCE_SITE) == load_site().plant


@pytest.mark.parametrize(
    ("text", "fault", "next_step"),
    [
        ("[battery]\n", "there is no table [plant]", "write the plant's values under [plant]"),
        ("[plant\n", "Expected", "name a TOML file"),
        ("[plant]\nfloaters = 1\nshaft_height_m = nan\n", "2 fault(s) in the plant: floaters: ", "--parameters"),
        ("plant = 3\n", "1 fault(s) in the plant: plant: ", "--parameters"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, fault: str, next_step: str) -> None:
    path = plant_file(tmp_path, text)
    with pytest.raises(ConfigError) as told:
        load_plant(path)
    assert fault in told.value.fault
    assert next_step in told.value.next_step
    assert told.value.place == str(path)


def test_a_missing_file_and_one_of_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="name a TOML file"):
        load_plant(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="name a TOML file"):
        load_plant(tmp_path)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="name a TOML file"):
        load_plant(tmp_path / "bytes.toml")
