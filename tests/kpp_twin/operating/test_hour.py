from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from kpp_twin.battery.ageing import Health
from kpp_twin.bill import MeteredHour, SettledHour, SettlementLine
from kpp_twin.market.bidding.bids import clear_bids
from kpp_twin.market.settlement import settle_hour
from kpp_twin.operating.desk import HOUR, Desk
from kpp_twin.operating.hour import operate_hour
from kpp_twin.operating.state import of_json
from kpp_twin.operation import Bid, Operation, Standing
from kpp_twin.site import Site
from tests.kpp_twin.operating.conftest import LOAD_KW, MIDNIGHT, PRICES, ZONE, World, handed_on, run


def test_an_hour_follows_its_plan_is_settled_and_leaves_its_state(site: Site, world: World, planned: Standing):
    made = run(site, world, MIDNIGHT + timedelta(hours=1, minutes=15), planned)
    (hour,) = made.hours
    assert hour.start == MIDNIGHT
    assert hour.minutes["battery"].setpoint_kw.mean() == pytest.approx(
        planned.setpoints["battery", MIDNIGHT].setpoint_kw, abs=5.0
    )
    assert hour.energy_in_kwh["load"] == pytest.approx(600.0)
    assert {line.valid_from for line in made.lines} == {MIDNIGHT}
    state = of_json(made.state)
    assert state.simulated_until == MIDNIGHT + HOUR
    assert state.assets == hour.state
    assert state.unsettled == ()


def energy_bids(planned: Standing, hour: datetime) -> list[Bid]:
    return [bid for bid in planned.bids if (bid.valid_from, bid.market) == (hour, "day_ahead")]


def test_the_money_of_an_hour_is_that_of_position_and_meter(site: Site, world: World, planned: Standing):
    made = run(site, world, MIDNIGHT + timedelta(hours=1, minutes=15), planned)
    lines = {(line.service, line.asset): line for line in made.lines}
    (hour,) = made.hours
    sold = clear_bids(energy_bids(planned, MIDNIGHT), PRICES[0])
    assert lines["energy", "load"].amount == pytest.approx(-600 / 1000 * PRICES[0])
    net_kwh = hour.energy_out_kwh["site"] - hour.energy_in_kwh["site"]
    assert lines["imbalance", "site"].quantity_kwh == pytest.approx(net_kwh - sum(sold.values()) - hour.activation_kwh)
    assert lines["capacity", "battery"].quantity_kwh == pytest.approx(100.0)


def test_within_an_hour_the_market_is_looked_at_by_its_interval(site: Site, world: World, planned: Standing):
    as_of = MIDNIGHT + timedelta(hours=4, minutes=15)
    *_, hour = run(site, world, as_of, planned).hours
    assert sum(hour.market_looks.values()) == 11
    assert "price_unknown" not in hour.market_looks
    *_, held = run(holding(site), world, as_of, planned).hours
    assert held.market_looks == {}


def test_missing_load_is_made_up_for_by_the_battery_where_that_pays(site: Site, world: World):
    hour, as_of = MIDNIGHT + 21 * HOUR, MIDNIGHT + timedelta(hours=22, minutes=15)
    prices, load_kw = np.array(PRICES), LOAD_KW.copy()
    prices[21] = 80.0  # missing energy costs 105, surplus earns 55; to buy it back costs 67 with losses and wear
    load_kw[21] += 20.0
    bid = Bid(
        bid_id="load",
        market="day_ahead",
        product="load",
        series="HB_HOUSTON",
        valid_from=hour,
        duration_minutes=60,
        price_per_mwh=5000.0,
        quantity_kw=-600.0,
    )
    imbalance_kwh = {}
    for name, site_ in (("looks", site), ("holds", holding(site))):
        made = run(site_, replace(world, prices=prices, load_kw=load_kw), as_of, Standing(bids=(bid,)))
        (imbalance_kwh[name],) = (line.quantity_kwh for line in made.lines if line.service == "imbalance")
    assert imbalance_kwh["holds"] == pytest.approx(-22.5, abs=1.0)
    assert imbalance_kwh["looks"] == pytest.approx(0.0, abs=1.0)


def test_the_last_hour_of_a_day_holds_while_the_next_day_has_no_prices(site: Site, world: World, planned: Standing):
    *_, hour = run(site, world, MIDNIGHT + timedelta(hours=24, minutes=15), planned).hours
    assert hour.start == MIDNIGHT + 23 * HOUR
    assert hour.market_looks == {"price_unknown": 11}


def test_a_price_counts_within_the_hour_from_the_instant_at_which_it_is_known(
    site: Site, world: World, planned: Standing
):
    as_of = MIDNIGHT + timedelta(hours=4, minutes=15)
    history = world.history(as_of)
    price = history.series[0]
    known_at = price.known_at.copy()
    known_at[10] = np.datetime64((MIDNIGHT + timedelta(hours=3, minutes=17)).replace(tzinfo=None), "us")
    late = replace(history, series=(replace(price, known_at=known_at), history.series[1]))
    desk = Desk(site=site, as_of=as_of, history=late, forecasts=(), standing=planned, zone=ZONE)
    *_, hour = operate_hour(desk).hours
    assert hour.market_looks["price_unknown"] == 3


def test_the_next_hour_is_coordinated_and_the_rest_of_the_local_day_planned(
    site: Site, world: World, planned: Standing
):
    made = run(site, world, MIDNIGHT + timedelta(hours=1, minutes=15), planned)
    (plan,) = made.plans
    assert plan.grid.start == MIDNIGHT + 2 * HOUR
    assert plan.grid.stop == MIDNIGHT + 24 * HOUR
    assert {request.service for request in made.requests} >= {"frequency_response", "voltage_support"}
    assert {request.valid_from for request in made.requests} == {plan.grid.start}
    assert {request.state for request in made.requests} == {"GRANTED"}


def test_a_whole_day_conserves_energy_and_ends_near_its_target(site: Site, world: World, planned: Standing):
    standing = planned
    energy = [site.battery.initial_state_of_charge * site.battery.capacity_kwh]
    hours = []
    for n in range(1, 25):
        made = run(site, world, MIDNIGHT + timedelta(hours=n, minutes=15), standing)
        assert len(made.hours) == 1
        assert not made.notes or n >= 14  # results of the day after are due, and never come
        hours += made.hours
        standing = handed_on(standing, made)
        energy.append(of_json(made.state).assets.battery_kwh)  # type: ignore[union-attr]
    assert [hour.start for hour in hours] == [MIDNIGHT + n * HOUR for n in range(24)]
    for asset in ("battery", "plant"):
        gained = [-e.energy_kwh for h in hours for e in h.ledger if (e.asset, e.entry) == (asset, "store_change")]
        stored = [hour.energy_stored_kwh[asset] for hour in hours]
        assert np.diff(stored) == pytest.approx(gained[1:], abs=1e-6)
    # The last hour's setpoint holds, as the next day has no prices: it does not know how the hour before it ended.
    assert energy[-1] == pytest.approx(500.0, abs=25.0)
    assert max(energy) - min(energy) > 300, "the prices of the day are worth a cycle"


def worn_out(made: Operation, state_of_health: float, energy_kwh: float) -> Operation:
    """The same, had the battery aged."""
    assets = made.state["assets"]
    health = Health.initial(energy_kwh / (1000 * state_of_health), "lfp").as_json()
    battery = {**assets["battery"], "energy_kwh": energy_kwh}
    worn = {**assets, "battery": battery, "battery_health": {**health, "state_of_health": state_of_health}}
    return replace(made, state={**made.state, "assets": worn})


def test_an_aged_battery_is_planned_and_offered_with_what_it_still_holds(site: Site, world: World, planned: Standing):
    first = worn_out(run(site, world, MIDNIGHT + timedelta(hours=1, minutes=15), planned), 0.6, 300.0)
    made = run(site, world, MIDNIGHT + timedelta(hours=2, minutes=15), handed_on(planned, first))
    (hour,) = made.hours
    assert hour.minutes["battery"].energy_stored_kwh.min() >= 60 - 1e-6  # type: ignore[union-attr]
    assert hour.minutes["battery"].energy_stored_kwh.max() <= 540 + 1e-6  # type: ignore[union-attr]
    (plan,) = made.plans
    battery_kw = plan.setpoint_kw["battery"]
    swing_kwh = np.ptp(np.cumsum(np.where(battery_kw > 0, battery_kw / 0.95, battery_kw * 0.95)))
    assert 200 < swing_kwh <= 480
    assert plan.reserved_up_kw[0] == 100.0


def test_a_battery_too_worn_for_the_offer_is_offered_with_less(site: Site, world: World):
    as_of = MIDNIGHT + timedelta(hours=1, minutes=15)
    worn = worn_out(run(site, world, as_of, Standing()), 0.05, 25.0)
    made = run(site, world, as_of + HOUR, Standing(state=worn.state))
    held_kw = 0.99 * 40 / (0.25 * (1 / 0.95 + 0.95))
    assert made.plans[0].reserved_up_kw[1:] == pytest.approx(np.full(20, held_kw), rel=0.01)


def holding(site: Site) -> Site:
    """The site with setpoints that hold for whole hours, whatever the market shows."""
    return site.model_copy(update={"market": site.market.model_copy(update={"update_interval_s": 3600.0})})


def bill(site: Site, planned: Standing, hour: MeteredHour, price_per_mwh: float) -> list[SettlementLine]:
    """Lines of a metered hour, of whose bids the price accepts what it does."""
    sold = clear_bids(energy_bids(planned, hour.start), price_per_mwh)
    return list(settle_hour(hour, sold, price_per_mwh, site))


def test_a_price_that_comes_late_settles_its_hours_then(site: Site, world: World, planned: Standing):
    site = holding(site)
    gap = np.array(PRICES)
    gap[0] = np.nan
    made = run(site, replace(world, prices=gap), MIDNIGHT + timedelta(hours=1, minutes=15), planned)
    assert made.lines == ()
    (waiting,) = of_json(made.state).unsettled
    assert waiting.start == MIDNIGHT
    later = run(site, world, MIDNIGHT + timedelta(hours=2, minutes=15), handed_on(planned, made))
    assert sorted({line.valid_from for line in later.lines}) == [MIDNIGHT, MIDNIGHT + HOUR]
    assert [line for line in later.lines if line.valid_from == MIDNIGHT] == bill(site, planned, waiting, PRICES[0])


def settled(site: Site, made: Operation, price_per_mwh: float) -> SettledHour:
    """The hour of a cycle as the store gives it back, had it been settled at a price."""
    (hour,) = made.hours
    response = next(p for p in hour.performance if p.service == "frequency_response")
    quantity = {line.service: line.quantity_kwh for line in made.lines}
    metered = MeteredHour(
        start=hour.start,
        net_kwh=hour.energy_out_kwh["site"] - hour.energy_in_kwh["site"],
        activation_kwh=hour.activation_kwh,
        discharged_kwh=-quantity["degradation"],
        reserve_kw=response.committed,
        availability=response.uptime or 0.0,
        peak_rise_kw=-quantity["demand_charge"],
        performance_score=hour.battery.performance_score,
    )
    return SettledHour(metered=metered, price_per_mwh=price_per_mwh, site_content=site.content)


def test_a_corrected_price_settles_its_hour_anew_by_the_terms_of_then(site: Site, world: World, planned: Standing):
    site = holding(site)
    as_of = MIDNIGHT + timedelta(hours=1, minutes=15)
    first = run(site, world, as_of, planned)
    standing = replace(handed_on(planned, first), repriced=(settled(site, first, PRICES[0]),))
    market = site.market.model_copy(update={"fee_per_mwh": 5.0})
    dearer = site.model_copy(update={"market": market})
    corrected = replace(world, prices=np.concatenate([[PRICES[0] + 7.5], PRICES[1:]]))
    made = run(dearer, corrected, as_of + HOUR, standing)
    anew = [line for line in made.lines if line.valid_from == MIDNIGHT]
    assert anew == bill(site, planned, standing.repriced[0].metered, PRICES[0] + 7.5)
    assert {line.price_per_mwh for line in made.lines if line.service == "fees"} == {0.1, 5.0}
    note = "settled anew: the hour from 2024-03-15T05:00Z, whose price was corrected from 20 to 27.5 per MWh"
    assert note in made.notes


@pytest.mark.parametrize("price", [PRICES[0], np.nan], ids=["as before", "not known"])
def test_an_hour_is_not_settled_anew_without_another_price(site: Site, world: World, planned: Standing, price: float):
    as_of = MIDNIGHT + timedelta(hours=1, minutes=15)
    first = run(site, world, as_of, planned)
    standing = replace(handed_on(planned, first), repriced=(settled(site, first, PRICES[0]),))
    made = run(site, replace(world, prices=np.concatenate([[price], PRICES[1:]])), as_of + HOUR, standing)
    assert {line.valid_from for line in made.lines} == {MIDNIGHT + HOUR}
    assert not [note for note in made.notes if note.startswith("settled anew")]


def test_without_prices_the_plan_in_force_holds(site: Site, world: World, planned: Standing):
    blind = replace(world, prices=np.full(24, np.nan))
    made = run(site, blind, MIDNIGHT + timedelta(hours=1, minutes=15), planned)
    assert made.plans == ()
    assert made.requests == ()
    assert any("prices are not known; the one in force holds" in note for note in made.notes)
    assert len(made.hours) == 1


def test_a_missing_quarter_of_load_is_taken_from_the_plan_and_said(site: Site, world: World, planned: Standing):
    as_of = MIDNIGHT + timedelta(hours=1, minutes=15)
    history = world.history(as_of)
    load = history.series[1]
    values = load.values.copy()
    values[2] = np.nan
    desk = Desk(
        site=site,
        as_of=as_of,
        history=replace(history, series=(history.series[0], replace(load, values=values))),
        forecasts=(world.load_ahead(as_of),),
        standing=planned,
        zone=ZONE,
    )
    made = operate_hour(desk)
    assert made.hours[0].energy_in_kwh["load"] == pytest.approx(600.0)
    assert any("missing in 1 of 4 intervals" in note and "600 kW" in note for note in made.notes)


def test_an_hour_of_whose_load_nothing_is_known_is_not_simulated_and_said(site: Site, world: World, nothing: Standing):
    as_of = MIDNIGHT + timedelta(hours=1, minutes=15)
    history = world.history(as_of)
    empty = replace(history.series[1], values=np.full(96, np.nan))
    desk = Desk(
        site=site,
        as_of=as_of,
        history=replace(history, series=(history.series[0], empty)),
        forecasts=(),
        standing=nothing,
        zone=ZONE,
    )
    made = operate_hour(desk)
    assert made.hours == ()
    assert made.lines == ()
    assert any(note.startswith("not simulated: the hour from 2024-03-15T05:00Z") for note in made.notes)


def test_hours_that_were_left_out_are_simulated_in_order(site: Site, world: World, planned: Standing):
    first = run(site, world, MIDNIGHT + timedelta(hours=1, minutes=15), planned)
    made = run(site, world, MIDNIGHT + timedelta(hours=4, minutes=15), handed_on(planned, first))
    assert [hour.start for hour in made.hours] == [MIDNIGHT + n * HOUR for n in (1, 2, 3)]


def test_a_gap_of_days_is_not_simulated_but_said(site: Site, world: World, planned: Standing):
    first = run(site, world, MIDNIGHT + timedelta(hours=1, minutes=15), planned)
    late = MIDNIGHT + timedelta(days=3, hours=1, minutes=15)
    made = run(site, replace(world, load_kw=np.tile(LOAD_KW, 4)), late, handed_on(planned, first))
    assert any(note.startswith("not simulated: the hours from 2024-03-15T06:00Z") for note in made.notes)
    assert [hour.start for hour in made.hours] == [MIDNIGHT + timedelta(days=3)]


def test_a_peak_ahead_calls_a_curtailment_and_the_plan_counts_on_it(site: Site, world: World, planned: Standing):
    load_kw = LOAD_KW.copy()
    load_kw[14:17] = 1000.0
    peaky = replace(world, load_kw=load_kw)
    made = run(site, peaky, MIDNIGHT + timedelta(hours=1, minutes=15), planned)
    (event,) = made.events
    assert event.start == MIDNIGHT + 14 * HOUR
    assert event.target_reduction_kw == pytest.approx(100.0)
    (plan,) = made.plans
    assert plan.setpoint_kw["load"][13 - 1] > -1000.0 + 80
    assert any(note.startswith("curtailment called: 100 kW for 180 minutes") for note in made.notes)
    again = run(site, peaky, MIDNIGHT + timedelta(hours=2, minutes=15), handed_on(planned, made))
    assert again.events == (), "one a day"


def test_a_curtailment_is_carried_out_and_paid(site: Site, world: World, planned: Standing):
    terms = site.demand_response.model_copy(update={"net_benefits_price_per_mwh": PRICES[2]})
    site = site.model_copy(update={"demand_response": terms})
    load_kw = LOAD_KW.copy()
    load_kw[2:5] = 1000.0
    standing, reduced, paid_kwh = planned, [], []
    for n in range(1, 7):
        made = run(site, replace(world, load_kw=load_kw), MIDNIGHT + timedelta(hours=n, minutes=15), standing)
        reduced.append(made.hours[0].curtailed_kwh)
        paid_kwh += [line.quantity_kwh for line in made.lines if line.service == "demand_response"]
        standing = handed_on(standing, made)
    assert reduced[:2] == [0.0, 0.0]
    assert sum(reduced[2:5]) > 200
    assert reduced[5] < 0, "some of it is drawn later"
    assert paid_kwh == pytest.approx([*reduced[:5], 0.0])


@pytest.mark.parametrize("minute", [0, 10, 15, 59])
def test_whatever_the_minute_of_the_cycle_nothing_unmetered_is_simulated_or_begun_hours_planned(
    site: Site, world: World, planned: Standing, minute: int, local_hour: Callable[[float], datetime]
):
    as_of = local_hour(3) + timedelta(minutes=minute)
    made = run(site, world, as_of, planned)
    (hour,) = made.hours
    assert hour.start + HOUR + timedelta(minutes=15) <= as_of
    assert as_of <= made.plans[0].grid.start < as_of + HOUR
