"""Plans of everything behind one connection: against the plan of one store, by hand, and never sold twice."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from site_examples import battery, plant, problem, problems, reserve, within

from kpp_twin.errors import ConfigError
from kpp_twin.market.dispatch.site_plan import SitePlanner, plan_site
from kpp_twin.market.dispatch.site_problem import LOAD, Curtailment
from kpp_twin.market.dispatch.storage_plan import Sold, StorageLimits, plan_storage

TOLERANCE = 1e-3
LOSSLESS = StorageLimits(min_kwh=0, max_kwh=6000, charge_efficiency=1, discharge_efficiency=1)


@pytest.mark.parametrize(
    ("prices", "energy_kwh", "powers_kw", "profit"),
    [
        pytest.param([10, 50, 10, 5000, 10], 0, [-4000, 4000, -4000, 4000, 0], 20120, id="MK-06"),
        pytest.param([20, 15, 10], 6000, [4000, 2000, 0], 110, id="MK-07"),
        pytest.param([10, 10, 10], 0, [0, 0, 0], 0, id="MK-08"),
    ],
)
def test_lossless_reference_cases(prices, energy_kwh, powers_kw, profit):
    store = battery(
        limits=LOSSLESS, energy_kwh=energy_kwh, target_kwh=0.0, max_charge_kw=4000.0, max_discharge_kw=4000.0
    )
    plan = plan_site(problem(prices, stores={"battery": store}))
    assert plan.power_kw["battery"] == pytest.approx(powers_kw, abs=1e-6)
    assert plan.profit == pytest.approx(profit, abs=1e-6)


@given(
    prices=st.lists(within(-300, 1000), min_size=1, max_size=12),
    start=within(100, 900),
    target=within(100, 900),
    wear=within(0, 40),
    hours=st.sampled_from([0.25, 1.0]),
)
def test_a_battery_alone_is_planned_as_by_the_exact_programme(prices, start, target, wear, hours):
    store = battery(energy_kwh=start, target_kwh=target, wear_per_mwh=wear)
    plan = plan_site(problem(prices, hours=hours, stores={"battery": store}))
    exact = plan_storage(
        np.array(prices),
        hours=hours,
        storage=store.limits,
        energy_kwh=start,
        target_kwh=target,
        max_charge_kw=500.0,
        max_discharge_kw=500.0,
        wear_per_mwh=wear,
    )
    assert plan.profit == pytest.approx(exact.profit, rel=1e-6, abs=1e-4)
    assert plan.energy_kwh["battery"][-1] == pytest.approx(exact.target_kwh, abs=1e-4)
    assert ("energy target" in plan.shortfalls) == (not exact.is_target_met)


@given(problem_=problems(is_held=True), called=st.lists(st.floats(0, 1), min_size=3, max_size=3), late=st.floats(0, 1))
def test_never_sold_twice(problem_, called, late):
    """Whatever part of its reserves is called, for the whole duration and wherever in a step: all limits hold."""
    plan = plan_site(problem_)
    share = dict(zip(problem_.reserves, called, strict=False))
    for fractions in (share, dict.fromkeys(share, 1.0), {key: float(key == "up") for key in share}):
        for step, length in enumerate(problem_.step_hours):
            _check_stores(problem_, plan, step, length, fractions, late)
            if "connection limit" not in plan.shortfalls:
                _check_connection(problem_, plan, step, fractions)


def _check_stores(problem_, plan, step, length, fractions, late):
    for name, store in problem_.stores.items():
        starts = {key: late * max(length - product.duration_h, 0.0) for key, product in problem_.reserves.items()}
        stops = {key: starts[key] + min(product.duration_h, length) for key, product in problem_.reserves.items()}
        cuts = sorted({0.0, length, *starts.values(), *stops.values()})
        energy = [plan.energy_kwh[name][step]]
        for begin, end in pairwise(cuts):
            power = plan.power_kw[name][step]
            for (side, *_, key, asset), kw in plan.shares_kw.items():
                if asset == name and starts[key] <= begin and end <= stops[key]:
                    power += fractions[key] * kw[step] * (1 if side == "up" else -1)
            assert -store.max_charge_kw - TOLERANCE <= power <= store.max_discharge_kw + TOLERANCE
            rate = 1 / store.limits.discharge_efficiency if power > 0 else store.limits.charge_efficiency
            energy.append(energy[-1] - (end - begin) * power * rate)
        at_end = {
            side: sum(
                fractions[key[-2]] * problem_.reserves[key[-2]].duration_h * kw[step]
                for key, kw in plan.shares_kw.items()
                if key[0] == side and key[-1] == name
            )
            for side in ("up", "down")
        }
        energy.append(plan.energy_kwh[name][step + 1] - at_end["up"] / store.limits.discharge_efficiency)
        energy.append(plan.energy_kwh[name][step + 1] + at_end["down"] * store.limits.charge_efficiency)
        assert min(energy) >= store.limits.min_kwh - TOLERANCE
        assert max(energy) <= store.limits.max_kwh + TOLERANCE


def _check_connection(problem_, plan, step, fractions):
    call = sum(fractions[key[-2]] * kw[step] * (1 if key[0] == "up" else -1) for key, kw in plan.shares_kw.items())
    back = [fractions[key[-2]] * kw @ problem_.rebound_share() for key, kw in plan.shares_kw.items() if key[-1] == LOAD]
    for load in problem_.load_kw:
        power = plan.site_kw[step] - load[step] + call
        if problem_.export_limit_kw is not None:
            assert power <= problem_.export_limit_kw + TOLERANCE
        if problem_.import_limit_kw is not None:
            assert -power + sum(rebound[step] for rebound in back) <= problem_.import_limit_kw + TOLERANCE


def test_no_store_charges_and_discharges_at_once_at_negative_prices():
    plan = plan_site(problem([-100] * 6, stores={"battery": battery(), "plant": plant()}))
    for name, store in plan.energy_kwh.items():
        change, power = np.diff(store), plan.power_kw[name]
        limits = {"battery": battery(), "plant": plant()}[name].limits
        drawn = np.where(power > 0, -power / limits.discharge_efficiency, -power * limits.charge_efficiency)
        assert change == pytest.approx(drawn, abs=1e-6)
    assert plan.gap <= 1e-6


def test_a_committed_reserve_goes_before_the_peak_and_both_before_money():
    committed = reserve("down", committed_kw=400.0)
    plan = plan_site(
        problem(
            [10, 500],
            load=550.0,
            reserves={"down": committed},
            import_limit_kw=900.0,
            peak_target_kw=500.0,
            stores={"battery": battery(energy_kwh=100.0, target_kwh=100.0)},
        )
    )
    # The connection leaves 350 kW of the 400; the battery is empty, so that the peak cannot be met either.
    assert plan.shortfalls == {
        "committed reserve": pytest.approx(2 * 50, abs=1e-3),
        "peak target": pytest.approx(50, abs=1e-3),
    }


def test_a_load_beyond_the_connection_is_said_and_the_plan_still_comes():
    plan = plan_site(problem([50, 50], load=[2500, 100], import_limit_kw=1500.0))
    # The battery holds 380 kWh for the grid above its least; the target cannot be kept then.
    assert plan.power_kw["battery"][0] == pytest.approx(380, abs=1e-3)
    assert plan.shortfalls == {"connection limit": pytest.approx(620, abs=1e-3)}


def test_a_reserve_beyond_all_power_is_held_as_far_as_can_be_and_said():
    plan = plan_site(problem([50, 50], reserves={"up": reserve("up", committed_kw=1200.0)}))
    assert plan.shortfalls["committed reserve"] == pytest.approx(np.sum(1200 - plan.reserve_kw["up"]), abs=1e-3)
    assert plan.shortfalls["committed reserve"] > 0


def test_a_target_out_of_reach_comes_as_near_as_can_be():
    plan = plan_site(problem([50], stores={"battery": battery(energy_kwh=100.0, target_kwh=900.0)}))
    assert plan.energy_kwh["battery"][-1] == pytest.approx(100 + 475)
    assert plan.shortfalls == {"energy target": pytest.approx(325)}


def test_a_store_outside_its_limits_returns_and_says_so():
    plan = plan_site(problem([50, 50, 50], stores={"battery": battery(energy_kwh=950.0)}))
    assert plan.energy_kwh["battery"][1] <= 900 + 1e-6
    assert "energy limits" not in plan.shortfalls


def test_limits_of_the_plan_tighter_than_the_store_are_kept():
    store = battery(min_kwh=400.0, max_kwh=np.array([600.0, 550.0, 600.0]))
    plan = plan_site(problem([0, 100], stores={"battery": store}))
    assert plan.energy_kwh["battery"] == pytest.approx([500, 550, 500])


def test_a_day_of_25_hours_and_prices_at_the_cap_are_planned():
    prices = np.where(np.arange(25) % 2, 9000.0, -500.0)
    plan = plan_site(problem(prices))
    assert plan.power_kw["battery"].shape == (25,)
    assert plan.profit > 0


def test_blocks_hold_one_quantity_and_symmetric_products_the_same_both_ways():
    product = reserve("symmetric", price_per_mw_hour=np.array([1, 90, 5, 80.0]), block_of_step=np.array([0, 0, 1, 1]))
    plan = plan_site(problem([20, 90, 10, 95], reserves={"containment": product}))
    held = plan.reserve_kw["containment"]
    assert held[0] == pytest.approx(held[1])
    assert held[2] == pytest.approx(held[3])
    for side in ("up", "down"):
        assert plan.held_kw(side, "battery") == pytest.approx(held, abs=1e-6)


def test_quantities_are_rounded_down_and_small_ones_dropped():
    def held(**sizes):
        product = reserve("up", price_per_mw_hour=40.0, max_kw=280.0, **sizes)
        return plan_site(problem([50, 50], reserves={"up": product})).reserve_kw["up"]

    assert held() == pytest.approx([280, 280])
    assert held(step_kw=100.0) == pytest.approx([200, 200])
    assert held(minimum_kw=300.0) == pytest.approx([0, 0])
    assert held(committed_kw=150.0, minimum_kw=200.0) == pytest.approx([150, 150])


def test_curtailment_pays_only_above_its_cost_and_comes_back_later():
    curtailment = Curtailment(max_kw=100.0, cost_per_mwh=50.0, rebound_fraction=0.5, rebound_steps=2)
    plan = plan_site(problem([40, 500, 20, 20], load=300.0, stores={}, curtailment=curtailment))
    assert plan.curtailed_kw == pytest.approx([0, 100, 0, 0])
    assert plan.rebound_kw == pytest.approx([0, 0, 25, 25])
    bought = 300 * (40 + 500 + 20 + 20) / 1000
    assert plan.profit == pytest.approx(100 * (500 - 50 - 10) / 1000 - bought)


def test_the_demand_charge_flattens_a_peak_that_it_outweighs():
    site = {"load": [200, 900, 200], "demand_charge_per_kw": 10.0, "peak_so_far_kw": 100.0}
    plan = plan_site(problem([50, 50, 50], **site))
    peak = np.max(np.array(site["load"]) - plan.site_kw)
    free = plan_site(problem([50, 50, 50], load=site["load"]))
    assert peak < 600
    assert free.site_kw == pytest.approx([0, 0, 0], abs=1e-6)
    assert plan.profit == pytest.approx(free.profit - 10 * (peak - 100), abs=10)


def test_after_the_auction_only_what_differs_from_the_sold_moves_the_profit():
    sold = Sold(
        power_kw=np.array([-300.0, 250.0]), short_per_mwh=np.array([90.0, 200]), long_per_mwh=np.array([10, 80.0])
    )
    store = battery()
    plan = plan_site(problem([50, 100], stores={"battery": store}, sold=sold))
    exact = plan_storage(
        np.array([50.0, 100]),
        hours=1.0,
        storage=store.limits,
        energy_kwh=500.0,
        target_kwh=500.0,
        max_charge_kw=500.0,
        max_discharge_kw=500.0,
        sold=sold,
    )
    assert plan.profit == pytest.approx(exact.profit, abs=1e-4)


def test_caution_trades_expected_profit_for_the_worst_twentieth():
    prices = [[50, 120, 50, 60], [50, 20, 50, 60], [50, 60, 50, 60]]
    plans = [plan_site(problem(prices, risk_tolerance=tolerance)) for tolerance in (1.0, 0.5, 0.0)]
    profits, risks = [plan.profit for plan in plans], [plan.conditional_value_at_risk for plan in plans]
    assert profits[0] > profits[2]
    assert risks[0] > risks[2]
    assert sorted(profits, reverse=True) == pytest.approx(profits)
    assert sorted(risks, reverse=True) == pytest.approx(risks)


def test_full_caution_is_the_best_of_the_worst_by_brute_force():
    """Two hours, two scenarios: the sale of the energy that is held, split between the hours in steps of 1 kW."""
    prices = np.array([[100.0, 40], [30, 80]])
    store = battery(energy_kwh=900.0, target_kwh=900.0 - 400 / 0.95, max_charge_kw=0.0)
    plan = plan_site(problem(prices, stores={"battery": store}, risk_tolerance=0.0))
    first = np.arange(401)
    worst = np.min(prices @ np.stack([first, 400 - first]), axis=0)
    assert -plan.conditional_value_at_risk == pytest.approx(worst.max() / 1000, abs=0.05)


def test_a_kept_planner_plans_as_a_new_one():
    planner, rng = SitePlanner(), np.random.default_rng(3)
    curtailment = Curtailment(max_kw=100.0, cost_per_mwh=90.0, rebound_fraction=0.5)
    for _ in range(5):
        one = problem(
            rng.normal(60, 40, (3, 8)),
            load=rng.uniform(200, 800, (3, 8)),
            stores={"battery": battery(), "plant": plant()},
            reserves={"up": reserve("up", price_per_mw_hour=rng.uniform(0, 30, 8), activation_up=0.1)},
            curtailment=curtailment,
            import_limit_kw=1000.0,
            demand_charge_per_kw=1.0,
            risk_tolerance=0.5,
        )
        kept, new = planner.plan(one), plan_site(one)
        objectives = [plan.profit - plan.conditional_value_at_risk for plan in (kept, new)]
        assert objectives[0] == pytest.approx(objectives[1], abs=1e-5)


def test_the_plan_does_not_count_on_a_call_to_stay_within_limits():
    """Expected calls down would fill the battery for a sale; without them it must not be drawn below its least."""
    product = reserve("down", price_per_mw_hour=50.0, activation_down=0.5)
    plan = plan_site(problem([10, 10, 300], reserves={"down": product}))
    energy, power = plan.energy_kwh["battery"], plan.power_kw["battery"]
    uncalled = energy[:-1] - np.where(power > 0, power / 0.95, power * 0.95)
    assert uncalled.min() >= 100 - 1e-4


def test_all_faults_come_in_one_error_before_anything_is_solved():
    with pytest.raises(ConfigError, match=r"2 fault\(s\)"):
        plan_site(problem([np.nan, 1.0], risk_tolerance=2.0))
