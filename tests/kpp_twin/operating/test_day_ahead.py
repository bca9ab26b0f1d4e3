"""Plan and bids of the next local day."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from conftest import IS_FULL
from hypothesis import given, settings
from hypothesis import strategies as st

from kpp_twin.market.bidding.bids import clear_bids
from kpp_twin.market.bidding.curves import TOLERANCE_KW
from kpp_twin.operating.day_ahead import day_ahead
from kpp_twin.operating.planning import Need, auxiliaries_kw, plan_hours, stores_of
from kpp_twin.operation import Bid, Operation, Plan, Standing
from kpp_twin.records import Forecast, Slot
from kpp_twin.site import Site, load_site
from kpp_twin.timegrid import Array, TimeGrid
from tests.kpp_twin.operating.conftest import DAY, LOAD_KW, MIDNIGHT, PRICES, ZONE, forecast

AS_OF = MIDNIGHT - timedelta(hours=14, minutes=30)  # 09:30 of the day before, half an hour before the gate
SITE = load_site()
LEVELS = np.arange(1, 20) / 20
SPIKE = np.where(np.arange(24) == 18, 2000.0, PRICES)  # worth more than the response of that hour


def load_of(load_kw: Array = LOAD_KW, grid: TimeGrid = DAY) -> Forecast:
    return forecast("load", "SITE", np.repeat(load_kw, 4), grid.start, 15, AS_OF)


def price_of(prices: Array = PRICES, grid: TimeGrid = DAY, spread: float = 0.0) -> Forecast:
    """A forecast whose quantiles reach a spread below and above."""
    made = forecast("price", "HB_HOUSTON", prices, grid.start, 60, AS_OF)
    return replace(made, quantiles=prices[:, None] + spread * (2 * LEVELS - 1))


def of_day(*forecasts: Forecast, site: Site = SITE, as_of: datetime = AS_OF) -> Operation:
    return day_ahead(site, Slot(kind="daily", as_of=as_of), forecasts, Standing(), zone=ZONE)


def changed(**sections: dict[str, float]) -> Site:
    """The reference site with other values."""
    parts = {name: getattr(SITE, name).model_copy(update=values) for name, values in sections.items()}
    return SITE.model_copy(update=parts)


def energy_bids(made: Operation, product: str) -> list[Bid]:
    return [bid for bid in made.bids if (bid.market, bid.product) == ("day_ahead", product)]


def reserve_bids(made: Operation) -> list[Bid]:
    return [bid for bid in made.bids if bid.market == "PFR"]


def earned(plan: Plan, prices: Array) -> float:
    """Energy at the price, less wear, and the response at its own."""
    battery_kw, plant_kw = plan.setpoint_kw["battery"], plan.setpoint_kw["plant"]
    energy = prices @ (battery_kw + plant_kw) - SITE.battery.degradation_cost_per_mwh * np.maximum(battery_kw, 0).sum()
    return float(energy + SITE.services.frequency_response_price_per_mw_hour * plan.reserved_up_kw.sum()) / 1000


def test_reserve_is_chosen_only_where_it_earns_more_than_the_battery_could_otherwise():
    def plan(reserve_kw: Array | None) -> Plan:
        need = Need(grid=DAY, issued_at=AS_OF, load_kw=LOAD_KW, peak_kw=1050.0, reserve_kw=reserve_kw)
        return plan_hours(SITE, stores_of(SITE), need, price_per_mwh=SPIKE)[0]

    chosen = plan(None)
    assert chosen.reserved_up_kw[18] == 0.0
    assert chosen.setpoint_kw["battery"][18] == pytest.approx(500.0)
    assert chosen.reserved_up_kw[8] == 100.0
    for always in (0.0, 100.0):
        assert earned(chosen, SPIKE) > earned(plan(np.full(24, always)), SPIKE) + 0.1


def test_the_reserve_of_the_plan_is_bid_for_at_what_the_site_is_paid():
    made = of_day(price_of(SPIKE), load_of())
    (plan,) = made.plans
    bids = reserve_bids(made)
    held = {start: kw for start, kw in zip(DAY.index.to_pydatetime(), plan.reserved_up_kw, strict=True) if kw > 0}
    assert {bid.valid_from: bid.quantity_kw for bid in bids} == held
    assert 0 < len(bids) < 24
    assert {(bid.product, bid.price_per_mwh, bid.duration_minutes) for bid in bids} == {("battery", 8.0, 60)}
    assert len({bid.bid_id for bid in made.bids}) == len(made.bids)
    assert [bid.valid_from for bid in made.bids] == sorted(bid.valid_from for bid in made.bids)


def test_a_site_that_offers_no_response_bids_for_none_and_trades_all_its_power():
    made = of_day(price_of(), load_of(), site=changed(services={"frequency_response_kw": 0.0}))
    assert reserve_bids(made) == []
    assert max(bid.quantity_kw for bid in energy_bids(made, "battery")) == pytest.approx(500.0)


def test_an_offer_below_the_smallest_bid_is_sold_as_it_is():
    made = of_day(price_of(), load_of(), site=changed(services={"frequency_response_kw": 50.0}))
    assert {bid.quantity_kw for bid in reserve_bids(made)} == {50.0}


def test_prices_that_may_come_otherwise_make_curves_of_several_steps():
    made = of_day(price_of(2 * PRICES, spread=20.0), load_of())
    steps = Counter(bid.valid_from for bid in energy_bids(made, "battery"))
    assert max(steps.values()) > 1
    assert set(steps) <= set(DAY.index.to_pydatetime())


def test_without_quantiles_the_curves_rest_on_the_forecast_itself():
    bare = replace(price_of(), quantiles=np.empty((24, 0)))
    bids, others = of_day(bare, load_of()).bids, of_day(price_of(), load_of()).bids
    assert [bid.bid_id for bid in bids] == [bid.bid_id for bid in others]
    assert [bid.quantity_kw for bid in bids] == pytest.approx([bid.quantity_kw for bid in others])


@pytest.mark.parametrize("load_kw", [600.0, 60.0])
def test_without_a_price_forecast_the_load_alone_is_bid_for_at_any_price(load_kw: float):
    made = of_day(load_of(np.full(24, load_kw)))
    assert made.plans == ()
    assert {(bid.quantity_kw, bid.price_per_mwh) for bid in made.bids} == (
        {(-600.0, 5000.0)} if load_kw > 100 else set()
    )
    assert made.notes == ("no plan: no forecast of price HB_HOUSTON; the load alone is bid for, at any price",)
    whole = of_day(price_of(), load_of(np.full(24, load_kw)))
    assert [bid.bid_id for bid in made.bids] == [bid.bid_id for bid in energy_bids(whole, "load")]


@pytest.mark.parametrize("forecasts", [(price_of(), load_of()), (load_of(),)], ids=["planned", "without a price"])
def test_after_the_gate_no_bid_for_energy_goes_out_and_it_is_said(forecasts: tuple[Forecast, ...]):
    gate = datetime.fromisoformat("2024-03-14T15:00:00Z")  # 10:00 local
    early, late = (of_day(*forecasts, as_of=at) for at in (gate - timedelta(seconds=1), gate))
    assert energy_bids(early, "load")
    assert not [note for note in early.notes if "refused" in note]
    assert not [bid for bid in late.bids if bid.market == "day_ahead"]
    assert [note for note in late.notes if "refused: the gate closed at 2024-03-14T15:00Z" in note]
    assert len(late.plans) == len(early.plans)


@pytest.mark.parametrize(("day", "n_hours"), [("2024-03-10", 23), ("2024-11-03", 25)])
def test_days_of_23_and_25_hours_are_bid_for_whole(day: str, n_hours: int):
    grid = TimeGrid.local_day(date.fromisoformat(day), ZONE, 60)
    price = price_of(np.resize(PRICES, n_hours), grid, spread=40.0)
    made = of_day(price, load_of(np.full(n_hours, 500.0), grid), as_of=grid.start - timedelta(hours=15))
    hours = list(grid.index.to_pydatetime())
    assert [bid.valid_from for bid in energy_bids(made, "load")] == hours
    assert {bid.valid_from for bid in made.bids} == set(hours)
    assert energy_bids(made, "battery")
    assert reserve_bids(made)


@pytest.mark.parametrize("limits", [{"peak_target_kw": 5.0}, {"peak_target_kw": 610.0}], ids=["of 5 kW", "of 610 kW"])
def test_below_a_low_peak_nothing_is_bought_to_be_stored(limits: dict[str, float]):
    site = changed(demand_response=limits, market={"opening_peak_kw": 0.0})
    made = of_day(price_of(), load_of(), site=site)
    assert not [bid for bid in energy_bids(made, "battery") if bid.quantity_kw < 0]
    assert energy_bids(made, "load")


within = {"allow_nan": False, "allow_infinity": False}
DAYS = st.lists(st.floats(-200, 3000, **within), min_size=24, max_size=24).map(np.array)


@settings(max_examples=100 if IS_FULL else 8)
@given(
    prices=DAYS,
    actual=DAYS,
    load_kw=st.lists(st.floats(0, 1300), min_size=24, max_size=24).map(np.array),
    spread=st.floats(0, 200),
    most_import_kw=st.floats(900, 1600),
)
def test_whatever_is_accepted_of_the_bids_no_limit_is_passed(
    prices: Array, actual: Array, load_kw: Array, spread: float, most_import_kw: float
):
    site = changed(market={"opening_peak_kw": most_import_kw})
    made = of_day(price_of(prices, spread=spread), load_of(load_kw), site=site)
    (plan,) = made.plans
    check_plan(site, plan, ends_within_kwh=3 * site.market.minimum_bid_kw)
    assert not [note for note in made.notes if "refused" in note]
    limit_kw, beside_kw = site.connection.limit_kw, auxiliaries_kw(site)
    sold_kw = []
    for hour, price in enumerate(actual):
        bids = [bid for bid in made.bids if bid.valid_from == MIDNIGHT + timedelta(hours=hour)]
        energy = [bid for bid in bids if bid.market == "day_ahead"]
        reserve_kw = sum(bid.quantity_kw for bid in bids if bid.market == "PFR")
        of_battery = [bid.quantity_kw for bid in energy if bid.product == "battery"]
        most, least = max([0.0, *of_battery]), min([0.0, *of_battery])
        assert max(most, -least) <= site.battery.max_power_kw - reserve_kw + TOLERANCE_KW
        others_kw = plan.setpoint_kw["plant"][hour] - load_kw[hour]
        assert most == 0 or most + others_kw + reserve_kw <= limit_kw + TOLERANCE_KW
        import_kw = beside_kw - least - others_kw
        assert least == 0 or import_kw + reserve_kw <= limit_kw + TOLERANCE_KW
        assert least == 0 or import_kw <= most_import_kw + TOLERANCE_KW
        sales = [bid.price_per_mwh for bid in energy if bid.quantity_kw > 0]
        assert all(price >= site.market.price_threshold_per_mwh for price in sales)
        sold_kw.append(clear_bids(energy, float(price)))
    need = Need(grid=DAY, issued_at=AS_OF, load_kw=load_kw, peak_kw=most_import_kw, reserve_kw=plan.reserved_up_kw)
    anew, planned = plan_hours(site, stores_of(site), need, price_per_mwh=actual, sold_kw=sold_kw)
    check_plan(site, anew, ends_within_kwh=1e-3)
    assert anew.reserved_up_kw == pytest.approx(plan.reserved_up_kw, abs=1e-6)
    assert not planned.shortfalls


def check_plan(site: Site, plan: Plan, *, ends_within_kwh: float) -> None:
    """Power, energy and connection are kept, with all of the reserve called either way for its duration."""
    battery, reserve_kw = site.battery, plan.reserved_up_kw
    power_kw = plan.setpoint_kw["battery"]
    assert np.abs(power_kw + reserve_kw).max() <= battery.max_power_kw + 1e-6
    assert np.abs(power_kw - reserve_kw).max() <= battery.max_power_kw + 1e-6
    change = (
        np.maximum(power_kw, 0) / battery.discharge_efficiency + np.minimum(power_kw, 0) * battery.charge_efficiency
    )
    energy_kwh = battery.target_state_of_charge * battery.capacity_kwh - np.concatenate([[0.0], np.cumsum(change)])
    endurance_h = site.frequency_product().endurance_h
    called_kwh = np.maximum(np.append(reserve_kw, 0.0), np.append(0.0, reserve_kw)) * endurance_h
    assert (energy_kwh - called_kwh / battery.discharge_efficiency).min() >= 100 - 1e-4
    assert (energy_kwh + called_kwh * battery.charge_efficiency).max() <= 900 + 1e-4
    assert energy_kwh[-1] == pytest.approx(500.0, abs=ends_within_kwh)
    assert plan.setpoint_kw["site"] == pytest.approx(power_kw + plan.setpoint_kw["plant"] + plan.setpoint_kw["load"])
    most_kw = site.connection.limit_kw - reserve_kw
    assert (plan.setpoint_kw["site"] <= most_kw + 1e-6).all()
    assert (-plan.setpoint_kw["site"] + auxiliaries_kw(site) <= most_kw + 1e-6).all()
