import tomllib
from pathlib import Path

from hypothesis import given
from plant_examples import plants

from kpp_twin.plant.parameters import PlantParameters, load_plant, plant_of
from kpp_twin.plant.toml import plant_toml
from kpp_twin.site import REFERENCE_SITE


@given(plants())
def test_any_plant_comes_back_from_its_text(plant: PlantParameters) -> None:
    assert plant_of(tomllib.loads(plant_toml(plant))["plant"], place="text") == plant


def test_a_file_of_it_is_read_as_a_plant_of_ones_own(tmp_path: Path) -> None:
    plant = PlantParameters(floaters=60, dissolution_per_s_bar=1e-5, fill_policy="full_at_depth")
    path = tmp_path / "mine.toml"
    path.write_text(plant_toml(plant), encoding="utf-8")
    assert load_plant(path) == plant


def test_each_value_is_explained_as_in_the_reference_site() -> None:
    head, *lines = plant_toml(PlantParameters()).splitlines()
    assert head == "[plant]"
    assert len(lines) == len(PlantParameters.model_fields)
    reference = REFERENCE_SITE.read_text(encoding="utf-8").splitlines()
    assert set(lines) <= set(reference)
