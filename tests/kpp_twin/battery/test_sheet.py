import json
import math
from datetime import date

import numpy as np
import pytest

from kpp_twin.battery.sheet import DEPTHS, DEVIATIONS_HZ, SIGNALS, BatterySheet, battery_sheet
from kpp_twin.errors import ConfigError
from kpp_twin.frequency.products import product_named
from kpp_twin.site import Site, load_site
from kpp_twin.units import HOURS_PER_DAY, HOURS_PER_YEAR

SITE = load_site()
DAYS_PER_YEAR = HOURS_PER_YEAR / HOURS_PER_DAY


def site_with(**battery: float) -> Site:
    """The reference site with another battery."""
    return SITE.model_copy(update={"battery": SITE.battery.model_copy(update=battery)})


@pytest.fixture(scope="module")
def sheet() -> BatterySheet:
    return battery_sheet(SITE)


@pytest.fixture
def short_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten days of use stand for a year, where ageing is not looked at."""
    monkeypatch.setattr("kpp_twin.battery.sheet.YEAR_DAYS", 10)


def test_the_usable_energy_is_told_at_the_grid_side(sheet: BatterySheet) -> None:
    assert sheet.discharge_kwh == pytest.approx(800 * 0.95)
    assert sheet.charge_kwh == pytest.approx(800 / 0.95)


def test_a_full_cycle_a_day_loses_what_efficiencies_auxiliaries_and_cooling_take(sheet: BatterySheet) -> None:
    """By hand: 760 kWh of 842.1; 60 kWh for auxiliaries, and a third of the 82.1 kWh lost for the cooling."""
    assert sheet.round_trips is not None
    without, with_auxiliaries = sheet.round_trips
    assert sheet.days_per_cycle == 1
    assert 0.9015 < without < 0.9025  # self-discharge takes a little
    assert with_auxiliaries == pytest.approx(760 / (842.1 + 60 + 82.1 / 3), abs=0.002)


def test_a_battery_of_many_hours_takes_days_for_a_cycle(short_life: None) -> None:
    found = battery_sheet(site_with(capacity_kwh=20_000.0))
    assert found.days_per_cycle == 4
    assert found.round_trips is not None
    assert found.round_trips[0] == pytest.approx(0.9025, abs=0.002)


@pytest.mark.parametrize(
    "battery", [{"ambient_temperature_c": -20.0}, {"ambient_temperature_c": 50.0, "cooling_kw": 0.0}]
)
def test_where_heat_or_cold_forbids_full_cycles_there_is_no_round_trip(
    battery: dict[str, float], short_life: None
) -> None:
    assert battery_sheet(site_with(**battery)).round_trips is None


def test_each_product_comes_with_what_can_be_sold_and_where_the_energy_must_stand(sheet: BatterySheet) -> None:
    """By hand: FCR leaves a fifth of the power to restore; PFR at 100 kW needs 26.3 and 23.75 kWh."""
    offers = {offer.product.name: offer for offer in sheet.offers}
    assert (offers["FCR"].most_kw, offers["FCR"].sold_kw) == (400.0, 400.0)
    assert (offers["PFR"].most_kw, offers["PFR"].sold_kw) == (500.0, 100.0)
    assert offers["PFR"].window == pytest.approx((0.12632, 0.87625), abs=1e-5)
    assert offers["DR"].most_kw == pytest.approx(800 / (1 / 0.95 + 0.95))
    assert all(0.1 <= low <= high + 1e-9 and high <= 0.9 for low, high in (offer.window for offer in sheet.offers))


def test_a_site_that_offers_nothing_is_shown_the_most(short_life: None) -> None:
    services = SITE.services.model_copy(update={"frequency_response_kw": 0.0})
    assert battery_sheet(SITE.model_copy(update={"services": services})).response.offer.sold_kw == 500.0


def test_products_are_those_of_the_day(sheet: BatterySheet, short_life: None) -> None:
    names = {offer.product.name for offer in sheet.offers}
    earlier = {offer.product.name for offer in battery_sheet(SITE, on=date(2021, 10, 14)).offers}
    assert names - earlier == {"FCR-D", "FCR-D down", "DM", "DR", "aFRR"}
    assert earlier - names == {"RegD"}


@pytest.mark.parametrize(
    ("product", "on", "says"),
    [
        ("nix", None, "choose among FCR"),
        ("RegD", date(2025, 11, 1), "RegD does not hold"),
        (None, date(2000, 1, 1), "PFR"),
    ],
)
def test_a_product_that_does_not_hold_is_refused(product: str | None, on: date | None, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        battery_sheet(SITE, product, on)


@pytest.mark.parametrize(
    ("name", "t90_s"),
    [
        ("FCR", 0.1 * math.log(10)),
        ("FCR-D down", 0.1 * math.log(10)),
        ("IEEE 1547", 5.09),  # 5 s of its own lag, and the converter's
        ("FFR", 0.25 + 0.1 * math.log(10)),
        ("aFRR", 270.0),  # 90 % of a ramp of 5 minutes
    ],
)
def test_the_battery_answers_as_the_product_asks(name: str, t90_s: float, short_life: None) -> None:
    response, product = battery_sheet(SITE, name).response, product_named(name)
    sold_kw = response.offer.sold_kw
    sizes = SIGNALS if product.follows_signal else DEVIATIONS_HZ
    if product.follows_signal:
        shares = [(size, -size) for size in sizes]
    elif product.trigger_hz:
        shares = [(float(size >= product.trigger_hz), 0.0) for size in sizes]
    else:
        shares = [tuple(product.share(product.nominal_hz + np.array([-size, size]))) for size in sizes]
    expected = [(size, sold_kw * more, sold_kw * less) for size, (more, less) in zip(sizes, shares, strict=True)]
    assert np.array(response.held_kw) == pytest.approx(np.array(expected), abs=1e-3 * sold_kw)
    assert response.t90_s == pytest.approx(t90_s, rel=5e-3)
    assert response.power_kw[0] == pytest.approx(0.0, abs=1e-9)
    assert response.power_kw[-1] == pytest.approx(response.asked_kw, rel=1e-3)
    assert (response.asked_kw < 0) == (product.direction == "down")


def test_the_curve_is_what_the_product_asks_for_on_both_sides(sheet: BatterySheet) -> None:
    product = sheet.response.offer.product
    sizes, asked_kw = np.array(sheet.response.curve).T
    assert sizes[0] == -sizes[-1] == pytest.approx(-0.25)
    assert asked_kw == pytest.approx(100.0 * product.share(product.nominal_hz - sizes), abs=1e-6)


def test_years_and_costs_follow_from_the_loss_of_a_year(sheet: BatterySheet) -> None:
    """Resting lithium iron phosphate loses by time to the power 0.526; 80 % of the capacity is cycled every day."""
    ageing = {found.chemistry: found for found in sheet.ageing}
    lfp = ageing["lfp"]
    assert set(ageing) == {"lmo_xu", "lfp"}
    assert lfp.rest_years == pytest.approx((0.2 / lfp.rest_loss) ** (1 / 0.526) * 365 / DAYS_PER_YEAR, rel=1e-3)
    for found in ageing.values():
        assert 0 < found.rest_loss < found.cycled_loss < 0.2
        assert 1 < found.cycled_years < found.rest_years
        discharged_mwh_per_kwh = 0.8 * DAYS_PER_YEAR * found.cycled_years / 1000.0
        assert found.mean_cost_per_mwh == pytest.approx(250.0 / discharged_mwh_per_kwh, rel=0.01)
        assert len(found.marginal_cost_per_mwh) == len(DEPTHS)
    shallow, _, deep = ageing["lmo_xu"].marginal_cost_per_mwh
    assert deep > 3 * shallow


def test_heat_at_full_power_is_told_with_and_without_cooling(sheet: BatterySheet, short_life: None) -> None:
    """By hand: 500 kW over 0.95 less 500, over 0.074 kW/K; the cooling of 30 kW takes all of it, from 30 °C on."""
    assert sheet.loss_kw == pytest.approx(26.316, abs=1e-3)
    assert sheet.uncooled_c == pytest.approx(25 + 26.316 / 0.074, abs=0.1)
    assert sheet.cooled_c == 30.0
    weak = battery_sheet(site_with(cooling_kw=20.0))
    assert weak.cooled_c == pytest.approx(25 + 6.316 / 0.074, abs=0.1)


def test_all_figures_go_into_json_and_come_back(sheet: BatterySheet) -> None:
    found = json.loads(json.dumps(sheet.as_json(), allow_nan=False))
    assert found["battery"] == SITE.battery.model_dump()
    assert found["response"]["t90_s"] == sheet.response.t90_s
    assert len(found["offers"]) == len(sheet.offers)
    assert found["offers"][0]["product"]["valid_from"] == "2017-09-14"
    assert found["round_trips"] == list(sheet.round_trips or ())
