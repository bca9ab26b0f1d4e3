"""A battery sells no more than it can deliver for the product's endurance, and its constants are those of both."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from battery_twin import DESIGN, batteries, model_of
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.heat import BatteryHeat
from kpp_twin.battery.model import BatteryModel, FrequencyMeter, SyntheticInertia, most_sold_kw
from kpp_twin.battery.storage import StorageConfiguration
from kpp_twin.errors import ConfigError
from kpp_twin.frequency.products import FrequencyProduct, product_named, products
from kpp_twin.site import load_site


@pytest.mark.parametrize(
    ("sold_kw", "least", "most"), [(100.0, 0.1263, 0.8762), (400.0, 0.2053, 0.8050), (500.0, 0.2316, 0.7812)]
)
def test_fr_13_the_stored_energy_allows_full_response_for_a_quarter_of_an_hour(
    sold_kw: float, least: float, most: float
) -> None:
    """The reference rounds .87625 and .78125 down."""
    model = model_of("FCR", sold_kw)
    assert np.array(model.window_kwh) / 1000.0 == pytest.approx([least, most], abs=6e-5)
    assert model.middle_kwh == pytest.approx(sum(model.window_kwh) / 2)


@pytest.mark.parametrize(
    ("product", "sold_kw", "window_kwh"),
    [
        ("FCR-D up", 300.0, (100 + 100 / 0.95, 900.0)),
        ("FCR-D down", 300.0, (100.0, 900 - 100 * 0.95)),
        ("FCR-N", 300.0, (100 + 300 / 0.95, 900 - 300 * 0.95)),
        ("IEEE 1547", 500.0, (100.0, 900.0)),
        ("FCR", 0.0, (100.0, 900.0)),
    ],
)
def test_energy_is_kept_for_the_direction_and_the_time_that_were_sold(
    product: str, sold_kw: float, window_kwh: tuple[float, float]
) -> None:
    assert model_of(product, sold_kw).window_kwh == pytest.approx(window_kwh)


@pytest.mark.parametrize(
    ("product", "sold_kw"),
    [("FCR", 400.0), ("FCR-N", 500 / 1.34), ("FCR-D up", 500.0), ("IEEE 1547", 500.0), ("DR", 800 / (1 / 0.95 + 0.95))],
)
def test_the_most_that_can_be_sold_leaves_power_to_restore_and_energy_to_deliver(product: str, sold_kw: float) -> None:
    assert most_sold_kw(DESIGN, product_named(product)) == pytest.approx(sold_kw)


@given(batteries(), st.sampled_from(products()))
def test_the_most_that_can_be_sold_can_be_sold(config: StorageConfiguration, product: FrequencyProduct) -> None:
    model = BatteryModel.of(config, product, most_sold_kw(config, product))
    least, most = model.window_kwh
    assert config.min_kwh <= least <= most + 1e-6
    assert most <= config.max_kwh


def test_what_cannot_be_delivered_is_refused_with_what_can_be() -> None:
    with pytest.raises(ConfigError, match=r"600.0 kW is outside 0 to 500; 600 kW needs 1202 kWh of 800") as caught:
        model_of("DR", 600.0)
    assert caught.value.place == "battery that sells DR"
    assert "sell at most 399.5 kW" in caught.value.next_step


@pytest.mark.parametrize("sold_kw", [-1.0, math.nan, math.inf])
def test_no_power_at_all_is_refused(sold_kw: float) -> None:
    with pytest.raises(ConfigError, match="is outside 0 to 500"):
        model_of("FCR", sold_kw)


@pytest.mark.parametrize("wrong", [0.0, -1.0, math.nan, math.inf])
def test_times_that_are_not_positive_are_refused_all_at_once(wrong: float) -> None:
    with pytest.raises(ConfigError, match=r"step_s must be positive.*signal_hold_s must be positive"):
        model_of("FCR", step_s=wrong, signal_hold_s=wrong)
    with pytest.raises(ConfigError, match=r"max_jump_hz must be positive.*hold_s must be positive"):
        FrequencyMeter(max_jump_hz=wrong, hold_s=wrong)
    with pytest.raises(ConfigError, match=r"constant_s must be positive.*filter_s must be positive"):
        SyntheticInertia(constant_s=wrong, filter_s=wrong)


@pytest.mark.parametrize(("nominal_hz", "other_hz", "least_hz"), [(50.0, 60.0, 49.2), (60.0, 50.0, 59.4)])
def test_each_grid_has_its_own_frequencies(nominal_hz: float, other_hz: float, least_hz: float) -> None:
    constants = model_of("FCR", nominal_hz=nominal_hz).constants
    assert constants.nominal_hz == nominal_hz
    assert constants.other_nominal_hz == other_hz
    assert constants.no_charge_below_hz == least_hz
    assert constants.plausible_hz == pytest.approx(0.1 * nominal_hz)


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        ({"step_s": 0.5}, "ramp_kw", math.inf),
        ({"step_s": 0.1}, "settled_share", 1 - math.exp(-1.0)),
        ({"inertia": SyntheticInertia(constant_s=5.0)}, "inertia_kw_s_per_hz", 100.0),
        ({}, "inertia_kw_s_per_hz", 0.0),
        ({"heat": BatteryHeat(ambient_temperature_c=40.0)}, "ambient_c", 40.0),
        ({"meter": FrequencyMeter(hold_s=3.0)}, "hold_s", 3.0),
    ],
)
def test_options_arrive_in_the_constants(options: dict[str, Any], name: str, value: float) -> None:
    assert getattr(model_of("FCR", **options).constants, name) == pytest.approx(value)


def test_ramps_are_of_what_was_sold() -> None:
    assert model_of("aFRR", 300.0, step_s=2.0).constants.ramp_kw == pytest.approx(2.0)
    assert model_of("DC", 300.0).constants.restoring_ramp_kw == pytest.approx(300 * 0.05 / 60)
    assert model_of("aFRR", 0.0).constants.ramp_kw == math.inf, "what was sold before ends at once"


def test_auxiliaries_and_cooling_come_beside_the_battery() -> None:
    config = replace(DESIGN, auxiliary_kw=2.5)
    assert BatteryModel.of(config, product_named("FCR"), 400.0).extra_kw == pytest.approx(2.5 + 10.0)


def test_the_reference_site_has_its_model() -> None:
    site = load_site()
    model = BatteryModel.of_site(site, 100.0)
    assert model.config.max_power == site.battery.max_power_kw
    assert model.product == site.frequency_product().model_copy(update={"restoring_from": 1.0})
    assert model.constants.ambient_c == site.battery.ambient_temperature_c
