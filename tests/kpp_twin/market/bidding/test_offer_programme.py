"""The programme of a store's offers against the same written out in loops, and what it never does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from kpp_twin.market.bidding.offer_programme import OfferProblem, OfferProgramme, StoreOnOffer
from kpp_twin.market.dispatch.storage_plan import StorageLimits

LIMITS = StorageLimits(min_kwh=100, max_kwh=900, charge_efficiency=0.9, discharge_efficiency=0.95)


def problem_of(price, *, risk_aversion=0.5, energy_kwh=500.0, target_kwh=500.0, wear_per_mwh=5.0):
    price = np.array(price, dtype=float)
    store = StoreOnOffer(
        storage=LIMITS,
        min_kwh=100.0,
        max_kwh=900.0,
        energy_kwh=energy_kwh,
        target_kwh=target_kwh,
        max_charge_kw=500.0,
        max_discharge_kw=500.0,
        wear_per_mwh=wear_per_mwh,
    )
    level = np.column_stack([np.searchsorted(np.unique(of_step), of_step) for of_step in price.T])
    return OfferProblem(price_per_mwh=price, level=level, store=store, hours=1.0, risk_aversion=risk_aversion)


def best_written_out(problem):
    """Best of mean less CVaR of the revenue with the mean energy ending at the target, and whether it wastes energy."""
    price, level, store, w = problem.price_per_mwh, problem.level, problem.store, problem.risk_aversion
    (s, n), m = price.shape, int(level.max()) + 1
    size = 2 * m * n + 1 + s

    def trade(row, b, t, charge, discharge):
        row[b * n + t] += charge
        row[m * n + b * n + t] += discharge

    cost, rows, limits = np.zeros(size), [], []
    end = np.zeros(size)
    for k in range(s):
        loss, energy = np.zeros(size), np.zeros(size)
        for t in range(n):
            trade(energy, level[k, t], t, 0.9, -1 / 0.95)
            rows += [energy.copy(), -energy]
            limits += [store.max_kwh - store.energy_kwh, store.energy_kwh - store.min_kwh]
            trade(loss, level[k, t], t, price[k, t] / 1000, (store.wear_per_mwh - price[k, t]) / 1000)
        loss -= energy * price[k].mean() / 1000
        constant = -(store.energy_kwh - store.target_kwh) * price[k].mean() / 1000
        cost += (1 - w) / s * loss
        tail = loss.copy()
        tail[2 * m * n], tail[2 * m * n + 1 + k] = -1.0, -1.0
        rows.append(tail)
        limits.append(-constant)
        cost[2 * m * n + 1 + k] = w / s / 0.05
        end += energy / s
    cost[2 * m * n] = w
    for t in range(n):
        for b in range(m - 1):
            row = np.zeros(size)
            trade(row, b, t, -1.0, 1.0)
            trade(row, b + 1, t, 1.0, -1.0)
            rows.append(row)
            limits.append(0.0)
    bounds = [(0, 500)] * (2 * m * n) + [(None, None)] + [(0, None)] * s
    result = linprog(
        cost, A_ub=np.array(rows), b_ub=limits, A_eq=[end], b_eq=[store.target_kwh - store.energy_kwh], bounds=bounds
    )
    constant = (store.target_kwh - store.energy_kwh) * price.mean() / 1000 * (1 - w)
    charge, discharge = result.x[: 2 * m * n].reshape(2, -1)
    return -(result.fun + constant), bool(np.any((charge > 1e-6) & (discharge > 1e-6)))


prices = st.integers(2, 5).flatmap(
    lambda n: st.lists(st.lists(st.integers(1, 120), min_size=n, max_size=n), min_size=1, max_size=5)
)


@given(prices, st.sampled_from([0.0, 0.5, 0.9]), st.sampled_from([(500.0, 500.0), (300.0, 350.0), (600.0, 500.0)]))
def test_as_good_as_the_same_written_out(price, risk_aversion, energies):
    problem = problem_of(price, risk_aversion=risk_aversion, energy_kwh=energies[0], target_kwh=energies[1])
    most = np.full((2, int(problem.level.max()) + 1, problem.level.shape[1]), 500.0)
    charge, discharge = problem.by_scenario(OfferProgramme(problem, most).solve())
    best, wastes = best_written_out(problem)
    assert problem.objective(charge, discharge) <= best + 1e-6
    if not wastes:
        assert problem.objective(charge, discharge) == pytest.approx(best, abs=2e-3)


@given(st.lists(st.lists(st.integers(-200, 100), min_size=4, max_size=4), min_size=1, max_size=6))
def test_never_charges_and_discharges_at_once(price):
    problem = problem_of(price, wear_per_mwh=0.0)
    power = OfferProgramme(problem, np.full((2, int(problem.level.max()) + 1, 4), 500.0)).solve()
    assert np.all(power.min(axis=0) == 0)
    energy = problem.energy(*problem.by_scenario(power))
    assert energy.min() >= 100 - 1e-6
    assert energy.max() <= 900 + 1e-6


def test_a_margin_keeps_off_the_limits():
    problem = problem_of([[10.0, 90.0, 90.0, 10.0]])
    programme = OfferProgramme(problem, np.full((2, 1, 4), 500.0))
    widest = problem.energy(*problem.by_scenario(programme.solve()))
    narrow = problem.energy(*problem.by_scenario(programme.solve(50.0)))
    assert (widest.min(), widest.max()) == pytest.approx((100, 900))
    assert (narrow.min(), narrow.max()) == pytest.approx((150, 850))


def test_a_target_out_of_reach_is_approached():
    problem = problem_of([[50.0]], energy_kwh=100.0, target_kwh=900.0)
    energy = problem.energy(*problem.by_scenario(OfferProgramme(problem, np.full((2, 1, 1), 500.0)).solve()))
    assert energy[0, -1] == pytest.approx(550.0)
