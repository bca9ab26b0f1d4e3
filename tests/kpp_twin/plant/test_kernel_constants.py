"""Places in arrays and bits are the numbers of names, without gaps."""

from enum import IntEnum

import pytest

from kpp_twin.plant.kernel_constants import Constants, Reason, Recorded, Total
from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.parameters import PlantParameters


@pytest.mark.parametrize("names", [Total, Reason, Recorded])
def test_names_are_numbered_without_gaps(names: type[IntEnum]) -> None:
    assert sorted(names) == list(range(len(names)))


def test_reasons_fit_into_an_integer() -> None:
    assert len(Reason) < 63


def test_each_energy_is_supplied_given_or_lost_or_is_the_heat_itself() -> None:
    """What is neither would open the ledger."""
    kinds = {total: total.name.rsplit("_", 1)[1] for total in Total}
    assert set(kinds.values()) == {"IN", "OUT", "LOSS"}
    assert [total for total, kind in kinds.items() if kind == "OUT"] == [Total.GENERATOR_OUT]
    assert {total.name for total, kind in kinds.items() if kind == "IN"} == {
        "COMPRESSOR_IN",
        "NANOBUBBLE_IN",
        "HEAT_EXERGY_IN",
        "HEAT_IN",
    }


def test_constants_are_plain_numbers_of_their_kind() -> None:
    constants = PlantModel.of(PlantParameters()).constants
    for name, kind in Constants.__annotations__.items():
        assert type(getattr(constants, name)) is kind, name
