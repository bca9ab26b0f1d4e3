"""The programme itself, against the same formulas written out once more."""

import numpy as np
import pytest
from hypothesis import given
from scipy.optimize import linprog
from site_examples import battery, problem, problems, reserve

from kpp_twin.market.dispatch.site_problem import check
from kpp_twin.market.dispatch.site_programme import TIERS, site_programme
from kpp_twin.market.dispatch.storage_plan import StorageLimits

REFERENCE = StorageLimits(min_kwh=100, max_kwh=900, charge_efficiency=0.9025, discharge_efficiency=1.0)
N = 8


def solved(programme):
    matrix = programme.matrix.toarray()
    upper, lower = np.isfinite(programme.row_upper), np.isfinite(programme.row_lower)
    return linprog(
        programme.cost,
        A_ub=np.vstack([matrix[upper], -matrix[lower]]),
        b_ub=np.concatenate([programme.row_upper[upper], -programme.row_lower[lower]]),
        bounds=np.column_stack([programme.lower, programme.upper]),
    )


def regulation_twin(price, up, down):
    """Energy and regulation of the reference, its formulas entry by entry; prices in currency/kWh."""
    rte, most, n = 0.9025, 500.0, price.size
    names = ["charge", "discharge", "up_dis", "up_ch", "down_dis", "down_ch", "energy"]
    of = {(name, step): i for i, (name, step) in enumerate((a, t) for a in names for t in range(n + 1))}
    cost, below, most_of, equal, value = np.zeros(len(of)), [], [], [], []

    def row(entries):
        made = np.zeros(len(of))
        for key, factor in entries.items():
            made[of[key]] += factor
        return made

    for t in range(n):
        p = price[t]
        for name, factor in {
            "charge": p,
            "discharge": -p,
            "up_dis": -up[t] - 0.3 * p,
            "up_ch": -up[t] - 0.3 * p / rte,
            "down_dis": -down[t] + 0.16 * p,
            "down_ch": -down[t] + 0.16 * p / rte,
        }.items():
            cost[of[name, t]] = factor
        for entries, limit in (
            ({("up_dis", t): 1, ("discharge", t): 1}, most),
            ({("up_ch", t): 1, ("charge", t): -1}, 0),
            ({("down_dis", t): 1, ("discharge", t): -1}, 0),
            ({("down_ch", t): 1, ("charge", t): 1}, most),
            ({("energy", t): 1, ("down_dis", t): 0.25, ("down_ch", t): 0.25}, 900),
            ({("energy", t): -1, ("up_dis", t): 0.25, ("up_ch", t): 0.25}, -100),
        ):
            below.append(row(entries))
            most_of.append(limit)
        balance = {("energy", t + 1): 1, ("energy", t): -1, ("discharge", t): 1, ("charge", t): -rte}
        balance |= {("up_dis", t): 0.3, ("down_dis", t): -0.16, ("up_ch", t): 0.3 * rte, ("down_ch", t): -0.16 * rte}
        equal.append(row(balance))
        value.append(0.0)
    for t in (0, n):
        equal.append(row({("energy", t): 1}))
        value.append(450.0)
    bounds = [(100, 900) if name == "energy" else (0, most) for name, _ in of]
    return linprog(cost, A_ub=below, b_ub=most_of, A_eq=equal, b_eq=value, bounds=bounds).fun


def test_energy_and_regulation_cost_what_the_formulas_of_the_reference_say():
    rng = np.random.default_rng(1)
    price, up, down = rng.uniform(0.01, 0.1, (3, N))
    of_both = {"charge_settlement": 1 / 0.9025, "is_held_at_end": False}
    site = problem(
        price * 1000,
        stores={"battery": battery(limits=REFERENCE, energy_kwh=450.0, target_kwh=450.0)},
        reserves={
            "up": reserve("up", price_per_mw_hour=up * 1000, activation_up=0.3, **of_both),
            "down": reserve(
                "down", price_per_mw_hour=down * 1000, activation_down=0.16, duration_h=0.25 / 0.9025, **of_both
            ),
        },
    )
    programme = site_programme(site)
    for (kind, *_), columns in programme.columns.items():
        if kind in TIERS:
            programme.upper[columns] = 0.0
    assert solved(programme).fun == pytest.approx(regulation_twin(price, up, down), abs=2e-4)


@given(problems())
def test_every_problem_has_a_solution_with_shortfalls(one):
    check(one)
    programme = site_programme(one)
    programme.cost[:] = 0.0
    assert solved(programme).status == 0


def test_without_a_connection_there_is_nothing_of_it():
    programme = site_programme(problem([50, 60]))
    assert ("planned",) not in programme.columns
    assert {kind for kind, *_ in programme.rows} == {"balance", *TIERS}


def test_one_scenario_has_no_risk_and_several_do_if_cautious():
    for prices, tolerance, is_risky in (([50], 0.0, False), ([[50], [60]], 1.0, False), ([[50], [60]], 0.0, True)):
        programme = site_programme(problem(prices, risk_tolerance=tolerance))
        assert (("scenario",) in programme.rows) == is_risky


def test_a_store_that_starts_below_its_least_needs_what_is_missing_to_the_last_digit():
    """Limits given as whole numbers must not cut off the fraction of the energy."""
    limits = StorageLimits(min_kwh=100, max_kwh=900, charge_efficiency=0.95, discharge_efficiency=0.95)
    store = battery(limits=limits, energy_kwh=1.1)
    programme = site_programme(problem([50, 60], stores={"battery": store}, reserves={"up": reserve("up")}))
    rows = programme.rows["held energy", "up", "battery", "uncalled end 1"]
    assert programme.row_lower[rows] == pytest.approx([98.9, 100])
