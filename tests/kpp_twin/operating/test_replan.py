"""The hourly plan: what it rests on, how far it looks, and what of it is written."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from conftest import IS_FULL
from hypothesis import given, settings
from hypothesis import strategies as st

from kpp_twin.operating.desk import HOUR
from kpp_twin.operating.replan import Replanned, replan
from kpp_twin.operating.stations import operate
from kpp_twin.operation import Plan, Standing
from kpp_twin.records import Slot
from kpp_twin.site import load_site
from kpp_twin.timegrid import Array
from kpp_twin.twin.hour import initial_state
from tests.kpp_twin.operating.conftest import (
    LOAD_KW,
    MIDNIGHT,
    PRICES,
    ZONE,
    World,
    desk_of,
    handed_on,
)

SITE = load_site()
AFTER_RESULTS = MIDNIGHT + timedelta(hours=13, minutes=45)
TWO_DAYS_KW = np.tile(LOAD_KW, 2)


def two_days(tomorrow: Array) -> World:
    """Known are today's prices and, at once, those of tomorrow."""
    return World(prices=np.concatenate([PRICES, tomorrow]), load_kw=TWO_DAYS_KW, known_days_before=2)


def replanned(world: World, as_of: datetime, standing: Standing, before: tuple[str, ...] = ()) -> Replanned:
    return replan(desk_of(SITE, world, as_of, standing), None, (), before)


def planned_on(made: Replanned) -> Plan:
    assert made.plan is not None
    return made.plan


@pytest.fixture
def dear_day(nothing: Standing) -> Standing:
    """What a daily cycle left that bid for no reserve in a dear hour."""
    world = World(prices=np.where(np.arange(24) == 18, 2000.0, PRICES), load_kw=LOAD_KW)
    as_of = MIDNIGHT - timedelta(hours=14, minutes=30)
    made = operate(
        SITE,
        Slot(kind="daily", as_of=as_of),
        world.history(as_of),
        world.day_ahead(as_of),
        nothing,
        zone=ZONE,
        currency="USD",
    )
    return handed_on(nothing, made)


def test_what_was_sold_as_reserve_is_held_and_no_more_though_prices_came_otherwise(dear_day: Standing):
    flipped = World(prices=np.where(np.arange(24) == 12, 3000.0, PRICES), load_kw=LOAD_KW)
    plan = planned_on(replanned(flipped, MIDNIGHT + timedelta(hours=1, minutes=15), dear_day))
    sold = {bid.valid_from: bid.quantity_kw for bid in dear_day.bids if bid.market == "PFR"}
    hours = plan.grid.index.to_pydatetime()
    assert plan.reserved_up_kw == pytest.approx([sold.get(hour, 0.0) for hour in hours])
    assert (plan.reserved_up_kw[12 - 2], plan.reserved_up_kw[18 - 2]) == (100.0, 0.0)
    assert plan.setpoint_kw["battery"][12 - 2] == pytest.approx(400.0)


def test_once_tomorrows_prices_are_known_they_count_but_only_today_is_written(planned: Standing):
    ends_kwh = {}
    for name, tomorrow in (("cheap", np.full(24, 1.0)), ("dear", np.full(24, 900.0)), ("unknown", np.full(24, np.nan))):
        plan = planned_on(replanned(two_days(tomorrow), AFTER_RESULTS, planned))
        assert (plan.grid.start, plan.grid.stop) == (MIDNIGHT + 14 * HOUR, MIDNIGHT + 24 * HOUR)
        assert {kw.shape for kw in plan.setpoint_kw.values()} == {plan.reserved_up_kw.shape} == {(10,)}
        ends_kwh[name] = -plan.setpoint_kw["battery"].sum()
    assert ends_kwh["dear"] > ends_kwh["unknown"] + 100
    assert ends_kwh["cheap"] <= ends_kwh["unknown"] + 1e-6


@pytest.mark.parametrize(
    ("tomorrow", "reason"),
    [
        (np.full(24, np.nan), "day_ahead_incomplete"),
        (np.where(np.arange(24) == 6, np.nan, PRICES), "day_ahead_incomplete"),
        (np.where(np.arange(24) == 6, 99999.0, PRICES), "price_outside_limits"),
    ],
    ids=["missing", "partly missing", "outside the limits"],
)
def test_what_is_wrong_with_tomorrow_is_said_and_today_is_planned_on_its_prices(
    planned: Standing, tomorrow: Array, reason: str
):
    made = replanned(two_days(tomorrow), AFTER_RESULTS, planned)
    today_alone = World(prices=PRICES, load_kw=TWO_DAYS_KW, known_days_before=2)
    as_if = planned_on(replanned(today_alone, AFTER_RESULTS - timedelta(minutes=30), planned))
    assert planned_on(made).setpoint_kw["battery"] == pytest.approx(as_if.setpoint_kw["battery"])
    assert made.fallbacks == (reason,)
    assert made.notes[0].startswith(f"fall-back, {reason}: ")


def test_before_the_results_of_tomorrow_are_due_nothing_is_wrong(planned: Standing):
    made = replanned(two_days(np.full(24, np.nan)), MIDNIGHT + timedelta(hours=13, minutes=15), planned)
    assert (made.fallbacks, made.notes) == ((), ())


NO_PRICES = World(prices=np.full(24, np.nan), load_kw=LOAD_KW)
EARLY = MIDNIGHT + timedelta(hours=1, minutes=15)


def test_late_results_leave_the_plan_in_force(planned: Standing):
    made = replanned(NO_PRICES, EARLY, planned)
    assert made.plan is None
    assert made.requests == ()
    assert made.fallbacks == ("day_ahead_missing",)
    assert made.notes[-1] == "no new plan from 2024-03-15T07:00Z: prices are not known; the one in force holds"


def test_late_results_without_a_plan_in_force_have_one_made_that_needs_no_price(planned: Standing):
    standing = replace(planned, setpoints={})
    made = replanned(NO_PRICES, EARLY, standing)
    plan = planned_on(made)
    assert made.fallbacks == ("day_ahead_missing",)
    assert plan.grid.stop == MIDNIGHT + 24 * HOUR
    assert plan.setpoint_kw["plant"].tolist() == [0.0] * 22
    assert np.abs(plan.setpoint_kw["battery"]).max() <= 400.0
    assert plan.setpoint_kw["load"] == pytest.approx(-LOAD_KW[2:])
    assert plan.reserved_up_kw.tolist() == [100.0] * 22
    assert {request.service for request in made.requests} >= {"frequency_response", "voltage_support"}


def test_when_prices_come_back_it_is_said_once_and_planned_on_them(planned: Standing, world: World):
    made = replanned(world, EARLY, planned, before=("day_ahead_missing",))
    assert made.fallbacks == ()
    assert [note.split(":")[0] for note in made.notes] == ["fall-back is over, day_ahead_missing"]
    again = replanned(world, EARLY + HOUR, planned, before=made.fallbacks)
    assert again.notes == ()


def test_a_fallback_is_not_over_while_no_plan_is_made(planned: Standing, world: World):
    desk = replace(desk_of(SITE, world, EARLY, planned), forecasts=())
    made = replan(desk, None, (), ("day_ahead_missing",))
    assert made.plan is None
    assert made.fallbacks == ("day_ahead_missing",)
    assert not [note for note in made.notes if "over" in note]


def test_an_hour_whose_load_nobody_knows_is_not_planned(nothing: Standing):
    world = World(prices=np.tile(PRICES, 2), load_kw=LOAD_KW, known_days_before=2)
    plan = planned_on(replanned(world, MIDNIGHT + timedelta(hours=23, minutes=15), nothing))
    assert plan.grid.start == MIDNIGHT + 24 * HOUR
    assert plan.grid.stop == MIDNIGHT + 47 * HOUR
    assert (plan.setpoint_kw["load"] == -600.0).all()


def test_of_what_was_sold_the_coordinator_is_asked_for_what_can_be_held_and_the_rest_is_said(
    planned: Standing, world: World
):
    nearly_empty = replace(initial_state(SITE, MIDNIGHT, ZONE), battery={"energy_kwh": 105.0})
    made = replan(desk_of(SITE, world, EARLY, replace(planned, setpoints={})), nearly_empty, (), ())
    (request,) = (request for request in made.requests if request.service == "frequency_response")
    assert request.requested == request.granted == planned_on(made).reserved_up_kw[0] == pytest.approx(19.0)
    assert planned_on(made).reserved_up_kw[1:] == pytest.approx(np.full(21, 100.0))
    assert made.notes == ("the plan falls short of the committed reserve by 81 kW or kWh",)


within = {"allow_nan": False, "allow_infinity": False}


@settings(max_examples=100 if IS_FULL else 10)
@given(
    prices=st.lists(st.floats(-250, 5000, **within), min_size=48, max_size=48).map(np.array),
    load_kw=st.lists(st.floats(0, 1300), min_size=48, max_size=48).map(np.array),
    hour=st.integers(0, 23),
    known_hours=st.sampled_from([20, 24, 30, 48]),
    has_bids=st.booleans(),
)
def test_whatever_prices_come_and_bids_they_accept_the_hourly_plan_keeps_all_limits(
    prices: Array, load_kw: Array, hour: int, known_hours: int, has_bids: bool
):
    day_before = MIDNIGHT - timedelta(hours=14, minutes=30)
    expected = World(prices=PRICES, load_kw=load_kw[:24])
    standing = Standing()
    if has_bids:
        slot = Slot(kind="daily", as_of=day_before)
        history = expected.history(day_before)
        made = operate(SITE, slot, history, expected.day_ahead(day_before), standing, zone=ZONE, currency="USD")
        standing = handed_on(standing, made)
    known = np.where(np.arange(48) < known_hours, prices, np.nan)
    world = World(prices=known, load_kw=load_kw, known_days_before=2)
    replan_ = replanned(world, MIDNIGHT + timedelta(hours=hour, minutes=15), standing)
    if replan_.plan is None:
        assert "prices are not known; the one in force holds" in replan_.notes[-1]
        return
    plan, limit_kw = replan_.plan, SITE.connection.limit_kw
    battery_kw, site_kw = plan.setpoint_kw["battery"], plan.setpoint_kw["site"]
    assert plan.grid.start == MIDNIGHT + (hour + 1) * HOUR
    assert (plan.grid.stop - MIDNIGHT) in (timedelta(days=1), timedelta(days=2))
    assert (np.abs(battery_kw) + plan.reserved_up_kw).max() <= SITE.battery.max_power_kw + 1e-6
    assert (np.abs(site_kw) + plan.reserved_up_kw).max() <= limit_kw + 1e-6
    assert site_kw == pytest.approx(battery_kw + plan.setpoint_kw["plant"] + plan.setpoint_kw["load"])
    sold = {bid.valid_from: bid.quantity_kw for bid in standing.bids if bid.market == "PFR"}
    hours = plan.grid.index.to_pydatetime()
    bid_for = {bid.valid_from for bid in standing.bids}
    assert plan.reserved_up_kw == pytest.approx([sold.get(h, 0.0 if h in bid_for else 100.0) for h in hours], abs=1e-6)
    assert not [note for note in replan_.notes if "falls short" in note]
