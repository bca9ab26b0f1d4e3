"""Exact plans: reference cases, a brute-force twin in plain Python, and what happens out of reach."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError, TwinError
from kpp_twin.market.dispatch import storage_plan
from kpp_twin.market.dispatch.storage_plan import Sold, StorageLimits, plan_storage, plan_storage_batch

DOCUMENT = StorageLimits(min_kwh=100, max_kwh=900, charge_efficiency=0.95, discharge_efficiency=0.95)
LOSSLESS = StorageLimits(min_kwh=0, max_kwh=6000, charge_efficiency=1, discharge_efficiency=1)


def document_plan(prices, **changes):
    given_values = {
        "hours": 0.5,
        "storage": DOCUMENT,
        "energy_kwh": 500.0,
        "target_kwh": 500.0,
        "max_charge_kw": 500.0,
        "max_discharge_kw": 500.0,
    }
    return plan_storage(np.array(prices, dtype=float), **(given_values | changes))


@pytest.mark.parametrize(
    ("prices", "energy_kwh", "powers_kw", "profit"),
    [
        pytest.param([10, 50, 10, 5000, 10], 0, [-4000, 4000, -4000, 4000, 0], 20120, id="MK-06"),
        pytest.param([20, 15, 10], 6000, [4000, 2000, 0], 110, id="MK-07"),
        pytest.param([10, 10, 10], 0, [0, 0, 0], 0, id="MK-08"),
    ],
)
def test_lossless_reference_cases(prices, energy_kwh, powers_kw, profit):
    plan = plan_storage(
        np.array(prices, dtype=float),
        hours=1.0,
        storage=LOSSLESS,
        energy_kwh=energy_kwh,
        target_kwh=0.0,
        max_charge_kw=4000.0,
        max_discharge_kw=4000.0,
    )
    assert plan.power_kw == pytest.approx(powers_kw, abs=1e-6)
    assert plan.profit == pytest.approx(profit, abs=1e-6)


@pytest.mark.parametrize(
    ("wear_per_mwh", "profit"), [pytest.param(0.0, 29.579, id="MK-09"), pytest.param(30.0, 18.179, id="MK-09-wear")]
)
def test_mk_09_buys_low_and_sells_high(wear_per_mwh, profit):
    plan = document_plan([20, 20, 100, 100], wear_per_mwh=wear_per_mwh)
    energy_kwh = plan.power_kw * 0.5
    assert -energy_kwh[energy_kwh < 0].sum() == pytest.approx(421.053, abs=1e-3)
    assert energy_kwh[energy_kwh > 0].sum() == pytest.approx(380, abs=1e-6)
    assert plan.profit == pytest.approx(profit, abs=5e-4)


def test_mk_10_no_trade_below_break_even():
    assert document_plan([50, 50, 52, 52]).power_kw.tolist() == [0, 0, 0, 0]
    assert document_plan([50, 50, 55.41, 55.41]).profit > 0  # 50 / 0.9025 = 55.40


def test_mk_11_full_swing():
    plan = document_plan([20] * 4 + [100] * 4, energy_kwh=100.0, target_kwh=100.0)
    energy_kwh = plan.power_kw * 0.5
    assert -energy_kwh[energy_kwh < 0].sum() == pytest.approx(842.105, abs=1e-3)
    assert energy_kwh[energy_kwh > 0].sum() == pytest.approx(760, abs=1e-6)
    assert plan.profit == pytest.approx(59.158, abs=1e-3)


@st.composite
def small_problems(draw):
    """Energies in whole units of what is stored, so that an optimum lies on the grid of the twin in plain Python."""
    n = draw(st.integers(1, 6))
    low = draw(st.integers(0, 3))
    high = low + draw(st.integers(0, 8))
    charge_efficiency = draw(st.sampled_from([0.5, 0.8, 0.95, 1.0]))
    discharge_efficiency = draw(st.sampled_from([0.5, 0.8, 0.95, 1.0]))
    units = st.integers(0, 5)
    prices = st.lists(st.integers(-60, 90), min_size=n, max_size=n)
    price = draw(prices)
    sold = None
    if draw(st.booleans()):
        position = draw(st.lists(st.integers(-4, 4), min_size=n, max_size=n))
        margin = draw(st.lists(st.integers(0, 30), min_size=n, max_size=n))
        sold = {
            "power_kw": [grid_kwh(-q, charge_efficiency, discharge_efficiency) for q in position],
            "short_per_mwh": [p + m for p, m in zip(price, margin, strict=True)],
            "long_per_mwh": [p - 2 * m for p, m in zip(price, margin, strict=True)],
        }
    return {
        "price": price,
        "low": low,
        "high": high,
        "start": draw(st.integers(max(low - 2, 0), high + 2)),
        "target": draw(st.integers(max(low - 1, 0), high + 1)),
        "rise": draw(st.lists(units, min_size=n, max_size=n)),
        "fall": draw(st.lists(units, min_size=n, max_size=n)),
        "charge_efficiency": charge_efficiency,
        "discharge_efficiency": discharge_efficiency,
        "wear": draw(st.sampled_from([0.0, 3.0, 20.0])),
        "sold": sold,
    }


def grid_kwh(change, charge_efficiency, discharge_efficiency):
    """Energy at the grid side, discharge positive, of a change of what is stored."""
    return -change / charge_efficiency if change > 0 else -change * discharge_efficiency


def planned(problem):
    efficiencies = problem["charge_efficiency"], problem["discharge_efficiency"]
    return plan_storage(
        np.array(problem["price"], dtype=float),
        hours=1.0,
        storage=StorageLimits(
            min_kwh=problem["low"],
            max_kwh=problem["high"],
            charge_efficiency=efficiencies[0],
            discharge_efficiency=efficiencies[1],
        ),
        energy_kwh=problem["start"],
        target_kwh=problem["target"],
        max_charge_kw=np.array(problem["rise"]) / efficiencies[0],
        max_discharge_kw=np.array(problem["fall"]) * efficiencies[1],
        wear_per_mwh=problem["wear"],
        sold=Sold(**{k: np.array(v, dtype=float) for k, v in problem["sold"].items()}) if problem["sold"] else None,
    )


def brute_force(problem):
    """Best profit of every whole path that stays within the limits, or comes as near to them as it can."""
    best = {problem["start"]: 0.0}
    for step, price in enumerate(problem["price"]):
        rise, fall = problem["rise"][step], problem["fall"][step]
        reached: dict[int, float] = {}
        for energy, profit in best.items():
            for change in range(-fall, rise + 1):
                out = grid_kwh(change, problem["charge_efficiency"], problem["discharge_efficiency"])
                earned = income(problem, step, price, out) - problem["wear"] * max(out, 0) / 1000
                if energy + change >= 0:
                    reached[energy + change] = max(reached.get(energy + change, -math.inf), profit + earned)
        best = nearest(reached, problem["low"], problem["high"])
    return nearest(best, problem["target"], problem["target"])


def income(problem, step, price, out):
    if problem["sold"] is None:
        return price * out / 1000
    position, short, long = (problem["sold"][k][step] for k in ("power_kw", "short_per_mwh", "long_per_mwh"))
    return (price * position + (long if out > position else short) * (out - position)) / 1000


def nearest(reached, low, high):
    def distance(energy):
        return max(low - energy, energy - high, 0)

    least = min(map(distance, reached))
    return {energy: profit for energy, profit in reached.items() if distance(energy) == least}


@given(small_problems())
def test_equals_the_best_of_all_paths(problem):
    plan = planned(problem)
    ((energy, profit),) = brute_force(problem).items()
    assert plan.energy_kwh[-1] == pytest.approx(energy, abs=1e-6)
    assert plan.profit == pytest.approx(profit, abs=1e-6)


@given(small_problems())
def test_energy_balances_and_powers_keep_their_limits(problem):
    plan = planned(problem)
    change = [
        -p * problem["charge_efficiency"] if p < 0 else -p / problem["discharge_efficiency"] for p in plan.power_kw
    ]
    assert plan.energy_kwh == pytest.approx(problem["start"] + np.concatenate([[0.0], np.cumsum(change)]), abs=1e-5)
    assert np.all(-plan.power_kw <= np.array(problem["rise"]) / problem["charge_efficiency"])
    assert np.all(plan.power_kw <= np.array(problem["fall"]) * problem["discharge_efficiency"])
    inside = (plan.energy_kwh >= problem["low"] - 1e-6) & (plan.energy_kwh <= problem["high"] + 1e-6)
    assert plan.are_limits_met == inside.all()
    assert plan.is_target_met == (abs(plan.energy_kwh[-1] - problem["target"]) < 1e-6)


@given(
    st.lists(st.floats(-500, 5000, allow_subnormal=False), min_size=1, max_size=12),
    st.floats(100, 900),
    st.floats(0, 50),
)
def test_never_worse_than_doing_nothing(prices, energy_kwh, wear_per_mwh):
    plan = document_plan(prices, energy_kwh=energy_kwh, target_kwh=energy_kwh, wear_per_mwh=wear_per_mwh)
    assert plan.profit >= -1e-5
    assert plan.is_target_met


def test_a_negative_price_is_not_earned_twice():
    """Charging and discharging at once would burn energy for money; the plan charges, or does nothing."""
    full = document_plan([-50.0], energy_kwh=900.0, target_kwh=900.0)
    assert full.power_kw.tolist() == [0.0]
    swing = document_plan([-50.0, -50.0], energy_kwh=900.0, target_kwh=900.0)
    assert swing.power_kw == pytest.approx([451.25, -500.0])  # out first, then more than that in
    assert swing.profit == pytest.approx(50 * (500 - 451.25) * 0.5 / 1000)


def test_steps_may_differ_in_length_and_power():
    plan = document_plan(
        [10, 10, 80, 80],
        hours=np.array([0.25, 0.25, 1.0, 1.0]),
        max_charge_kw=np.array([400.0, 0.0, 0.0, 0.0]),
        max_discharge_kw=np.array([0.0, 0.0, 0.0, 30.0]),
        target_kwh=500.0,
    )
    assert plan.power_kw[3] == pytest.approx(30.0)
    assert plan.power_kw[0] == pytest.approx(-30 / 0.9025 / 0.25)


def test_tighter_limits_hold_at_their_steps():
    plan = document_plan([90, 10, 10, 90], min_kwh=np.array([0, 500, 0, 0, 0.0]), max_kwh=600.0)
    assert plan.energy_kwh[1] >= 500 - 1e-6
    assert plan.energy_kwh.max() <= 600 + 1e-6


def test_a_target_out_of_reach_is_approached():
    plan = document_plan([20, 20], target_kwh=900.0, max_charge_kw=100.0)
    assert plan.power_kw.tolist() == pytest.approx([-100, -100])
    assert plan.target_kwh == pytest.approx(595)
    assert not plan.is_target_met
    assert plan.are_limits_met


@pytest.mark.parametrize(("energy_kwh", "sign"), [(0.0, -1), (40.0, -1), (-1e-9, -1), (950.0, 1), (2000.0, 1)])
def test_energy_outside_its_limits_comes_back_as_fast_as_it_can(energy_kwh, sign):
    plan = document_plan([50.0] * 8, energy_kwh=energy_kwh, max_charge_kw=50.0, max_discharge_kw=50.0)
    assert plan.power_kw[0] * sign == pytest.approx(50.0)
    assert not plan.are_limits_met
    assert plan.energy_kwh[0] == max(energy_kwh, 0.0)


def test_what_was_sold_is_delivered_unless_the_deviation_pays():
    sold = Sold(
        power_kw=np.array([-400.0, 361.0]), short_per_mwh=np.array([30.0, 120.0]), long_per_mwh=np.array([10.0, 30.0])
    )
    as_sold = document_plan([20, 100], sold=sold)
    assert as_sold.power_kw == pytest.approx([-400, 361])
    assert as_sold.profit == pytest.approx((-20 * 400 + 100 * 361) * 0.5 / 1000)
    dear = Sold(power_kw=sold.power_kw, short_per_mwh=sold.short_per_mwh, long_per_mwh=np.array([10.0, 118.0]))
    assert document_plan([20, 120], sold=dear).power_kw[1] > 361


def test_the_same_question_gets_the_same_bits():
    prices = np.random.default_rng(3).normal(40, 30, 48)
    first, second = (document_plan(prices, hours=1.0) for _ in range(2))
    assert first.power_kw.tobytes() == second.power_kw.tobytes()
    assert first.profit == second.profit


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"hours": 0.0}, "hours must be finite and at least"),
        ({"hours": np.ones(3)}, "hours has shape (3,)"),
        ({"energy_kwh": math.nan}, "energy_kwh must be finite"),
        ({"energy_kwh": -5.0}, "energy_kwh must be finite and at least"),
        ({"target_kwh": math.inf}, "target_kwh must be finite"),
        ({"max_charge_kw": -1.0}, "max_charge_kw must be finite and at least 0; it is -1.0"),
        ({"max_discharge_kw": np.array([1.0, math.nan])}, "max_discharge_kw must be finite"),
        ({"wear_per_mwh": -1.0}, "wear_per_mwh must be"),
        ({"min_kwh": np.zeros(2)}, "min_kwh has shape (2,); it needs one value or 3"),
        ({"min_kwh": 700.0, "max_kwh": 600.0}, "the energy limits leave nothing at step 0: 700 to 600 kWh"),
        ({"max_kwh": 50.0}, "the energy limits leave nothing at step 0: 100 to 50 kWh"),
        ({"sold": Sold(power_kw=np.zeros(2), short_per_mwh=np.zeros(2), long_per_mwh=np.ones(2))}, "at step 0"),
        ({"sold": Sold(power_kw=np.zeros(1), short_per_mwh=np.ones(3), long_per_mwh=np.ones(2))}, "sold.short_per_mwh"),
    ],
)
def test_bad_input_is_refused(changes, told):
    with pytest.raises(ConfigError) as error:
        document_plan([20, 30], **changes)
    assert told in str(error.value)
    assert "Next: " in str(error.value)


@pytest.mark.parametrize("prices", [[], [[1.0, 2.0]], [1.0, math.nan], 5.0])
def test_bad_prices_are_refused(prices):
    with pytest.raises(ConfigError, match="price_per_mwh"):
        document_plan(prices)


def test_all_faults_of_a_call_come_together():
    with pytest.raises(ConfigError, match=r"3 fault\(s\).*hours.*wear_per_mwh.*energy_kwh"):
        document_plan([20, 30], hours=-1.0, energy_kwh=math.nan, wear_per_mwh=-3.0)


def test_of_equal_plans_the_one_that_moves_least():
    """Without losses and at one price, trading to and fro earns nothing."""
    plan = plan_storage(
        np.full(4, 30.0),
        hours=1.0,
        storage=LOSSLESS,
        energy_kwh=50.0,
        target_kwh=50.0,
        max_charge_kw=10.0,
        max_discharge_kw=10.0,
    )
    assert plan.power_kw.tolist() == [0.0] * 4


@given(st.lists(st.lists(st.integers(-60, 90), min_size=5, max_size=5), min_size=1, max_size=4), st.floats(0, 30))
def test_a_batch_is_each_of_its_problems(prices, wear_per_mwh):
    m = len(prices)
    starts = np.linspace(100.0, 900.0, m)
    terms = {"hours": np.array([0.25, 0.25, 0.5, 1.0, 1.0]), "storage": DOCUMENT, "wear_per_mwh": wear_per_mwh}
    powers = {"max_charge_kw": 500.0, "max_discharge_kw": np.array([500.0, 0.0, 500.0, 400.0, 500.0])}
    price = np.array(prices, dtype=float)
    power, profit = plan_storage_batch(price, energy_kwh=starts, target_kwh=500.0, **terms, **powers)
    for row in range(m):
        alone = plan_storage(price[row], energy_kwh=starts[row], target_kwh=500.0, **terms, **powers)
        assert power[row].tolist() == alone.power_kw.tolist()
        assert profit[row] == pytest.approx(alone.profit, abs=1e-12)


@pytest.mark.parametrize(
    ("prices", "changes", "told"),
    [
        ([1.0, 2.0], {}, "price_per_mwh has shape (2,)"),
        ([[1.0, math.nan]], {}, "price_per_mwh"),
        ([[1.0], [2.0]], {"energy_kwh": np.zeros(3)}, "energy_kwh has shape (3,); it needs one value or 2"),
        ([[1.0], [2.0]], {"energy_kwh": np.array([500.0, 100.0])}, "problem 1 cannot keep its energy limits and reach"),
        ([[1.0], [2.0]], {"hours": -1.0, "wear_per_mwh": -1.0}, "2 fault(s)"),
    ],
)
def test_a_bad_batch_is_refused(prices, changes, told):
    terms = {"hours": 0.5, "energy_kwh": 500.0, "target_kwh": 500.0, "max_charge_kw": 500.0, "max_discharge_kw": 500.0}
    with pytest.raises(ConfigError) as error:
        plan_storage_batch(np.array(prices), storage=DOCUMENT, **(terms | changes))
    assert told in str(error.value)


def test_a_path_that_breaks_a_limit_is_never_handed_on(monkeypatch):
    monkeypatch.setattr(storage_plan, "optimal_paths", lambda *arguments: arguments[-1].fill(1000.0))
    with pytest.raises(TwinError, match=r"leaves the store 100.0 kWh outside"):
        document_plan([20, 30])


def test_round_trip_efficiency():
    assert DOCUMENT.round_trip_efficiency == pytest.approx(0.9025)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"charge_efficiency": 0.0}, "charge_efficiency must be above 0"),
        ({"discharge_efficiency": 1.2}, "discharge_efficiency must be above 0 and at most 1; it is 1.2"),
        ({"charge_efficiency": math.nan}, "charge_efficiency"),
        ({"min_kwh": -1.0}, "min_kwh -1.0"),
        ({"min_kwh": 200.0}, "min_kwh 200.0 and max_kwh 100.0"),
        ({"max_kwh": math.inf}, "must rise from 0 and be finite"),
        ({"max_kwh": math.nan}, "must rise from 0 and be finite"),
    ],
)
def test_impossible_limits_are_refused(changes, told):
    values = {"min_kwh": 0.0, "max_kwh": 100.0, "charge_efficiency": 0.9, "discharge_efficiency": 0.9} | changes
    with pytest.raises(ConfigError) as error:
        StorageLimits(**values)
    assert told in str(error.value)
