"""Places in arrays and bits are the numbers of names, without gaps."""

from enum import IntEnum

import pytest
from battery_twin import DESIGN

from kpp_twin.battery.kernel_constants import (
    FIRST_END,
    MAX_LEAD,
    N_VARIABLES,
    Constants,
    Flag,
    Recorded,
    Total,
    Variable,
)
from kpp_twin.battery.model import BatteryModel
from kpp_twin.battery.simulate import BatteryRun
from kpp_twin.battery.storage import StorageConfiguration
from kpp_twin.frequency.products import product_named, products


@pytest.mark.parametrize("names", [Variable, Total, Flag, Recorded])
def test_names_are_numbered_without_gaps(names: type[IntEnum]) -> None:
    assert sorted(names) == list(range(len(names)))


def test_flags_fit_into_an_integer() -> None:
    assert len(Flag) < 63


def test_restoring_power_of_the_blocks_comes_last_with_room_for_every_lead() -> None:
    assert max(Variable) == Variable.BLOCK_KW
    assert len(Variable) + MAX_LEAD == N_VARIABLES
    assert max(product.restoring_lead_blocks for product in products()) <= MAX_LEAD


def test_means_come_before_values_at_the_end() -> None:
    assert [name for name in Recorded if name >= FIRST_END] == [
        Recorded.END_POWER_KW,
        Recorded.ENERGY_KWH,
        Recorded.TEMPERATURE_C,
    ]


def test_each_energy_goes_in_or_out_or_is_lost_or_kept_or_is_drawn_beside() -> None:
    """What is none of these would open the ledger."""
    energies = {total.name.lower(): 0.0 for total in Total if total <= Total.GAINED}
    beside = {"auxiliary"}
    counted = set(energies) - beside
    for name in counted:
        run = BatteryRun(
            state=None,  # type: ignore[arg-type]
            seconds=1.0,
            energy_kwh=energies | {name: 1.0},
            mileage=0.0,
            endurance_violation_s=0.0,
            flag_s={},
        )
        assert abs(run.residual_kwh) == 1.0, name


@pytest.mark.parametrize("whole", [False, True])
def test_constants_are_plain_numbers_of_their_kind(whole: bool) -> None:
    """However the battery is given: whole numbers among them would have the second compiled anew."""
    given = StorageConfiguration(
        capacity=1000, max_power=500, min_soc=0, max_soc=1, charge_efficiency=1, discharge_efficiency=1
    )
    config, step_s, sold_kw = (given, 1, 100) if whole else (DESIGN, 1.0, 100.0)
    for product in (product_named("FCR"), product_named("FFR"), product_named("aFRR")):
        constants = BatteryModel.of(config, product, sold_kw, step_s=step_s).constants
        for name, kind in Constants.__annotations__.items():
            assert type(getattr(constants, name)) is kind, name
