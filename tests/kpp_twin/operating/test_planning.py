from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from kpp_twin.coordination.hour import HourAllocation
from kpp_twin.operating.planning import (
    Need,
    Store,
    admitted,
    first_hours,
    month_peak_kw,
    plan_hours,
    plan_without_prices,
    shortfall_notes,
    site_as_it_is,
    stores_of,
)
from kpp_twin.operation import AssetState, Plan
from kpp_twin.plant.simulate import PlantState
from kpp_twin.site import Site
from kpp_twin.twin.hour import initial_state
from tests.kpp_twin.operating.conftest import DAY, LOAD_KW, MIDNIGHT, PRICES, ZONE

SOLD_NOTHING = [{"load": -load_kw} for load_kw in LOAD_KW]


def plan(
    site: Site,
    stores: dict[str, Store] | None = None,
    *,
    price_per_mwh: np.ndarray = PRICES,
    sold_kw: list[dict[str, float]] | None = None,
    reserve_kw: float | None = 100.0,
    **changes: object,
) -> Plan:
    """Plan of a day, by default with all of the reserve sold."""
    given = {"grid": DAY, "issued_at": MIDNIGHT, "load_kw": LOAD_KW, "peak_kw": 1100.0, **changes}
    need = Need(**given, reserve_kw=None if reserve_kw is None else np.full(24, reserve_kw))  # type: ignore[arg-type]
    made, _ = plan_hours(site, stores or stores_of(site), need, price_per_mwh=price_per_mwh, sold_kw=sold_kw)
    return made


def energy_after(store: Store, power_kw: np.ndarray) -> np.ndarray:
    charge, discharge = np.maximum(-power_kw, 0), np.maximum(power_kw, 0)
    change = charge * store.limits.charge_efficiency - discharge / store.limits.discharge_efficiency
    return store.energy_kwh + np.cumsum(change)


def test_a_plan_buys_cheap_and_sells_dear_and_ends_where_it_began(site: Site):
    battery = plan(site).setpoint_kw["battery"]
    assert battery[:6].sum() < -300
    assert battery[18:22].sum() > 300
    store = stores_of(site)["battery"]
    assert energy_after(store, battery)[-1] == pytest.approx(store.target_kwh)


def test_a_plan_keeps_free_what_the_reserve_needs_and_a_guard(site: Site):
    made = plan(site)
    store = stores_of(site)["battery"]
    energy = energy_after(store, made.setpoint_kw["battery"])
    # 100 kW for 15 minutes: 26.3 kWh above 100 kWh and 23.75 kWh below 900 kWh, and 20 kWh of guard each.
    assert energy.min() >= 100 + 25 / 0.95 + 20 - 1e-6
    assert energy.max() <= 900 - 25 * 0.95 - 20 + 1e-6
    assert np.abs(made.setpoint_kw["battery"]).max() <= 400 + 1e-6
    assert (made.reserved_up_kw == 100).all()
    assert (made.reserved_down_kw == 100).all()


def test_the_parts_add_up_to_the_site(site: Site):
    setpoints = plan(site).setpoint_kw
    total = setpoints["battery"] + setpoints["plant"] + setpoints["load"]
    assert setpoints["site"] == pytest.approx(total)
    assert (setpoints["load"] == -LOAD_KW).all()


@pytest.mark.parametrize("peak_kw", [600.0, 650.0, 800.0])
def test_no_store_charges_beyond_the_peak(site: Site, peak_kw: float):
    made = plan(site, peak_kw=peak_kw)
    assert (-made.setpoint_kw["site"]).max() <= max(peak_kw, LOAD_KW.max()) + 1e-6
    assert ((made.setpoint_kw["battery"] >= 0) | (-made.setpoint_kw["site"] <= peak_kw + 1e-6)).all()


def test_auxiliaries_and_cooling_have_room_below_the_peak_and_are_in_no_setpoint(site: Site):
    dear_after_cheap = np.array([5.0] * 12 + [200.0] * 12)
    made = plan(site, price_per_mwh=dear_after_cheap, peak_kw=700.0)
    assert (-made.setpoint_kw["site"]).max() == pytest.approx(700.0 - (2.5 + 30.0 / 3.0))


def test_plans_are_made_with_the_battery_as_it_has_aged(site: Site):
    new = initial_state(site, MIDNIGHT, ZONE)
    worn = replace(new, battery_health={**new.battery_health, "state_of_health": 0.8})
    assert site_as_it_is(site, None) == site_as_it_is(site, new) == site
    store = stores_of(site_as_it_is(site, worn), worn)["battery"]
    assert (store.limits.min_kwh, store.limits.max_kwh) == (80.0, 720.0)
    assert (store.energy_kwh, store.target_kwh) == (500.0, 400.0)
    assert store.max_kwh == pytest.approx(720 - 25 * 0.95 - 16)


def test_the_connection_binds_whatever_the_peak(site: Site):
    made = plan(site, peak_kw=5000.0, load_kw=np.full(24, 1300.0))
    assert (-made.setpoint_kw["site"]).max() <= 1500 - 100 + 1e-6


def test_flat_prices_move_nothing(site: Site):
    made = plan(site, price_per_mwh=np.full(24, 50.0))
    assert np.abs(made.setpoint_kw["battery"]).max() < 1e-6
    assert np.abs(made.setpoint_kw["plant"]).max() < 1e-6


def test_what_was_sold_is_delivered_though_prices_are_flat(site: Site):
    bought_kw = 100.0 / 0.9025
    sold = [{"battery": {2: -bought_kw, 18: 100.0}.get(hour, 0.0), "load": -LOAD_KW[hour]} for hour in range(24)]
    made = plan(site, price_per_mwh=np.full(24, 50.0), sold_kw=sold)
    assert made.setpoint_kw["battery"] == pytest.approx([of_hour["battery"] for of_hour in sold], abs=1e-6)


def test_a_small_gain_is_not_worth_an_imbalance(site: Site):
    free = plan(site).setpoint_kw["battery"]
    tied = plan(site, sold_kw=SOLD_NOTHING).setpoint_kw["battery"]
    assert np.abs(tied).sum() <= np.abs(free).sum() + 1e-6
    mild = np.array([40.0] * 12 + [60.0] * 12)
    assert np.abs(plan(site, price_per_mwh=mild, sold_kw=SOLD_NOTHING).setpoint_kw["battery"]).max() < 1e-6
    assert np.abs(plan(site, price_per_mwh=np.array([20.0] * 12 + [90.0] * 12)).setpoint_kw["battery"]).max() > 100


def test_a_drifted_state_of_charge_still_gets_a_plan(site: Site):
    stores = stores_of(site)
    low = replace(stores["battery"], energy_kwh=101.0)
    made = plan(site, {"battery": low, "plant": stores["plant"]})
    assert energy_after(low, made.setpoint_kw["battery"])[-1] == pytest.approx(500.0)


def test_stores_know_the_state_of_their_assets(site: Site):
    empty = {**PlantState.initial(site.plant).as_json(), "receiver_kpa": site.plant.min_receiver_bar * 100}
    assets = AssetState(
        battery={"energy_kwh": 321.0}, battery_health={}, plant=empty, month="2024-03", peak_import_kw=0.0
    )
    stores = stores_of(site, assets)
    assert stores["battery"].energy_kwh == 321.0
    assert stores["plant"].energy_kwh == pytest.approx(0.0, abs=1e-9)
    assert stores_of(site)["plant"].energy_kwh == stores["plant"].target_kwh > 0


def test_energy_after_setpoints_stays_within_what_the_store_can_hold(site: Site):
    battery = stores_of(site)["battery"]
    assert battery.after([]) == 500.0
    assert battery.after([95.0]) == pytest.approx(400.0)
    assert battery.after([-100.0]) == pytest.approx(595.0)
    assert battery.after([500.0, 500.0]) == pytest.approx(100 + 25 / 0.95)
    assert battery.after([-500.0, -500.0]) == pytest.approx(900 - 25 * 0.95)


def test_the_coordinator_has_the_last_word_on_the_first_hour(site: Site):
    made = plan(site)
    allocation = HourAllocation(reserve_kw=0.0, voltage_support_kvar=0.0, battery_kw=-12.0, records=())
    told = admitted(made, allocation)
    assert told.setpoint_kw["battery"][0] == -12.0
    assert told.setpoint_kw["site"][0] == pytest.approx(-12.0 + made.setpoint_kw["plant"][0] - 600.0)
    assert (told.reserved_up_kw[0], told.reserved_down_kw[0]) == (0.0, 0.0)
    assert told.setpoint_kw["battery"][1:] == pytest.approx(made.setpoint_kw["battery"][1:])
    assert made.setpoint_kw["battery"][0] != -12.0, "a plan is frozen"


def test_an_hour_sold_as_reserve_is_held_though_energy_is_dear(site: Site):
    dear = np.where(np.arange(24) == 18, 4000.0, PRICES)
    made = plan(site, price_per_mwh=dear, sold_kw=SOLD_NOTHING)
    assert (made.reserved_up_kw[18], made.reserved_down_kw[18]) == (100.0, 100.0)
    assert made.setpoint_kw["battery"][18] == pytest.approx(400.0)
    assert plan(site, price_per_mwh=dear, reserve_kw=0.0).setpoint_kw["battery"][18] == pytest.approx(500.0)


def test_more_reserve_than_can_be_held_is_said_and_the_rest_planned(site: Site):
    need = Need(grid=DAY, issued_at=MIDNIGHT, load_kw=LOAD_KW, peak_kw=1100.0, reserve_kw=np.full(24, 600.0))
    made, planned = plan_hours(site, stores_of(site), need, price_per_mwh=PRICES)
    assert made.reserved_up_kw.max() <= 500 + 1e-6
    (note,) = shortfall_notes(planned)
    assert note.startswith("the plan falls short of the committed reserve by 2.")
    assert (
        shortfall_notes(plan_hours(site, stores_of(site), replace(need, reserve_kw=None), price_per_mwh=PRICES)[1])
        == ()
    )


def test_the_first_hours_of_a_plan_are_as_they_were(site: Site):
    made = plan(site)
    begun = first_hours(made, 5)
    assert (begun.grid.start, begun.grid.n_steps) == (made.grid.start, 5)
    assert begun.reserved_up_kw.shape == begun.reserved_down_kw.shape == (5,)
    assert all((kw == made.setpoint_kw[asset][:5]).all() for asset, kw in begun.setpoint_kw.items())


def blind_plan(site: Site, in_force_kw: float, load_kw: np.ndarray, peak_kw: float, **changes: float) -> Plan:
    need = Need(grid=DAY, issued_at=MIDNIGHT, load_kw=load_kw, peak_kw=peak_kw, reserve_kw=np.full(24, 100.0))
    stores = stores_of(site)
    stores["battery"] = replace(stores["battery"], **changes)
    return plan_without_prices(
        site, stores, need, in_force_kw={"battery": np.full(24, in_force_kw), "plant": np.full(24, in_force_kw)}
    )


def test_without_prices_the_plan_in_force_goes_on_with_its_reserve(site: Site):
    made = blind_plan(site, 10.0, LOAD_KW, 1100.0)
    assert made.setpoint_kw["battery"].tolist() == made.setpoint_kw["plant"].tolist() == [10.0] * 24
    assert (made.setpoint_kw["site"] == 20.0 - LOAD_KW).all()
    assert made.reserved_up_kw.tolist() == made.reserved_down_kw.tolist() == [100.0] * 24


def test_without_prices_and_plan_peaks_are_shaved_and_the_battery_moves_to_its_middle(site: Site):
    load_kw = np.where(np.arange(24) == 3, 700.0, 600.0)
    made = blind_plan(site, np.nan, load_kw, 650.0, energy_kwh=200.0)
    assert made.setpoint_kw["plant"].tolist() == [0.0] * 24
    assert -made.setpoint_kw["site"][3] == pytest.approx(650.0 - 12.5)
    assert -made.setpoint_kw["site"].min() <= 650.0 - 12.5 + 1e-6
    store = replace(stores_of(site)["battery"], energy_kwh=200.0)
    energy = energy_after(store, made.setpoint_kw["battery"])
    assert energy[-1] == pytest.approx((store.min_kwh + store.max_kwh) / 2)
    assert np.abs(made.setpoint_kw["battery"]).max() <= 400.0


def test_a_peak_counts_only_in_its_own_month(site: Site):
    assets = replace(initial_state(site, MIDNIGHT, ZONE), month="2024-03", peak_import_kw=1300.0)
    last_hour, first_hour = MIDNIGHT + timedelta(hours=16 * 24 + 23), MIDNIGHT + timedelta(hours=17 * 24)
    assert month_peak_kw(site, assets, last_hour, ZONE) == 1300.0
    assert month_peak_kw(site, assets, first_hour, ZONE) == site.demand_response.peak_target_kw
    assert month_peak_kw(site, None, first_hour, ZONE) == site.market.opening_peak_kw
