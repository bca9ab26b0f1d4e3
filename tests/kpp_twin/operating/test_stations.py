from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kpp_twin.operating.state import OperatingState
from kpp_twin.operating.stations import operate
from kpp_twin.operation import Operation, Standing
from kpp_twin.records import CycleKind, Slot
from kpp_twin.site import Site
from kpp_twin.timegrid import TimeGrid
from kpp_twin.twin.hour import initial_state
from tests.kpp_twin.operating.conftest import DAY, LOAD_KW, MIDNIGHT, PRICES, ZONE, World, forecast

AS_OF = MIDNIGHT - timedelta(hours=14, minutes=30)
BATTERY = ("battery", "day_ahead")


def daily(site: Site, world: World, standing: Standing, n_forecasts: int = 2) -> Operation:
    slot = Slot(kind="daily", as_of=AS_OF)
    forecasts = world.day_ahead(AS_OF)[:n_forecasts]
    return operate(site, slot, world.history(AS_OF), forecasts, standing, zone=ZONE, currency="USD")


def test_a_daily_cycle_plans_the_next_local_day_and_bids_it(site: Site, world: World, nothing: Standing):
    made = daily(site, world, nothing)
    (plan,) = made.plans
    assert plan.grid == DAY
    assert plan.issued_at == AS_OF
    load = [bid for bid in made.bids if bid.product == "load"]
    assert [bid.quantity_kw for bid in load] == (-LOAD_KW).tolist()
    hours = DAY.index.to_pydatetime()
    battery = {bid.valid_from: bid.quantity_kw for bid in made.bids if (bid.product, bid.market) == BATTERY}
    by_hour = dict(zip(hours, plan.setpoint_kw["battery"], strict=True))
    assert battery == {hour: kw for hour, kw in by_hour.items() if kw}
    assert min(abs(kw) for kw in battery.values()) >= site.market.minimum_bid_kw - 1e-6
    response = {bid.valid_from: bid.quantity_kw for bid in made.bids if bid.market == "PFR"}
    by_hour = dict(zip(hours, plan.reserved_up_kw, strict=True))
    assert response == {hour: kw for hour, kw in by_hour.items() if kw}
    assert set(response.values()) == {100.0}
    assert made.hours == made.lines == made.requests == ()


def test_the_same_day_gives_the_same_bids_by_name(site: Site, world: World, nothing: Standing):
    assert daily(site, world, nothing).bids == daily(site, world, nothing).bids
    assert len({bid.bid_id for bid in daily(site, world, nothing).bids}) == len(daily(site, world, nothing).bids)


def test_no_stored_energy_is_offered_below_the_threshold(site: Site, world: World, nothing: Standing):
    sales = [bid for bid in daily(site, world, nothing).bids if bid.quantity_kw > 0 and bid.market == "day_ahead"]
    assert sales
    assert min(bid.price_per_mwh for bid in sales) >= site.market.price_threshold_per_mwh


@pytest.mark.parametrize(("n_forecasts", "missing"), [(1, "load SITE"), (0, "price HB_HOUSTON and load SITE")])
def test_without_a_forecast_there_is_no_plan_and_it_is_said(
    site: Site, world: World, nothing: Standing, n_forecasts: int, missing: str
):
    made = daily(site, world, nothing, n_forecasts)
    assert (made.plans, made.bids) == ((), ())
    assert made.notes == (f"no plan and no bids: no forecast of {missing}",)


@pytest.mark.parametrize("day", ["2024-03-10", "2024-11-03"])
def test_days_of_23_and_25_hours_are_planned_whole(site: Site, nothing: Standing, day: str):
    zone = ZoneInfo("America/Chicago")
    grid = TimeGrid.local_day(np.datetime64(day).item(), zone, 60)
    price = forecast("price", "HB_HOUSTON", np.resize(PRICES, grid.n_steps), grid.start, 60, AS_OF)
    load = forecast("load", "SITE", np.full(4 * grid.n_steps, 500.0), grid.start, 15, AS_OF)
    slot = Slot(kind="daily", as_of=grid.start - timedelta(hours=15))
    world = World(prices=PRICES, load_kw=LOAD_KW)
    made = operate(site, slot, world.history(AS_OF), (price, load), nothing, zone=zone, currency="USD")
    assert made.plans[0].grid.n_steps in (23, 25)
    assert len([bid for bid in made.bids if bid.product == "load"]) == made.plans[0].grid.n_steps


@pytest.mark.parametrize("kind", ["retrain", "promote", "rollback"])
def test_any_other_cycle_hands_on_what_it_found(site: Site, world: World, kind: CycleKind):
    standing = Standing(state={"anything": 1}, site_digest=site.digest)
    slot = Slot(kind=kind, as_of=AS_OF)
    made = operate(site, slot, world.history(AS_OF), (), standing, zone=ZONE, currency="USD")
    assert made == Operation(state={"anything": 1}, site_digest=site.digest, currency="USD")


def test_a_site_is_written_when_it_is_new_or_changed(site: Site, world: World, nothing: Standing):
    assert daily(site, world, nothing).site_content == site.content
    assert daily(site, world, Standing(site_digest=site.digest)).site_content == ""
    changed = site.model_copy(update={"services": site.services.model_copy(update={"frequency_response_kw": 50.0})})
    made = daily(changed, world, Standing(site_digest=site.digest))
    assert made.site_content == changed.content
    assert made.site_digest != site.digest


def test_the_month_so_far_sets_how_much_may_be_charged(site: Site, world: World, nothing: Standing):
    generous = site.market.model_copy(update={"opening_peak_kw": 1400.0})
    free = daily(site.model_copy(update={"market": generous}), world, nothing).plans[0]
    tight = daily(site, world, nothing).plans[0]
    assert free.setpoint_kw["battery"].min() <= tight.setpoint_kw["battery"].min()
    assert (-tight.setpoint_kw["site"]).max() <= 1050 + 1e-6


def test_an_aged_battery_is_offered_with_what_it_still_holds(site: Site, world: World, nothing: Standing):
    assets = initial_state(site, AS_OF, ZONE)
    worn = replace(assets, battery_health={**assets.battery_health, "state_of_health": 0.6})
    sold_kwh = [
        sum(
            bid.quantity_kw
            for bid in daily(site, world, standing).bids
            if (bid.product, bid.market) == BATTERY and bid.quantity_kw > 0
        )
        for standing in (nothing, replace(nothing, state=OperatingState(assets=worn).as_json()))
    ]
    assert 0 < sold_kwh[1] < 0.7 * sold_kwh[0]


@pytest.mark.parametrize("kind", ["daily", "hourly"])
def test_a_market_whose_hours_are_not_those_of_utc_is_told(
    site: Site, world: World, nothing: Standing, kind: CycleKind
):
    slot, zone = Slot(kind=kind, as_of=AS_OF), ZoneInfo("Asia/Kolkata")
    made = operate(site, slot, world.history(AS_OF), world.day_ahead(AS_OF), nothing, zone=zone, currency="INR")
    assert made.notes == ("nothing is operated: hours of Asia/Kolkata are no hours of UTC",)
    assert (made.plans, made.hours) == ((), ())
