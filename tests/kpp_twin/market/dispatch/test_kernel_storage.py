"""The dynamic programme finds what a mixed-integer programme finds, and its source says what the machine code does."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import IS_FULL
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_python import plain_kernels
from storage_milp import best_profit

import kpp_twin.market.dispatch
from kpp_twin.market.dispatch.kernel_storage import ease, optimal_paths
from kpp_twin.market.dispatch.storage_plan import Sold, StorageLimits, StoragePlan, plan_storage

FOLDER = Path(kpp_twin.market.dispatch.__file__).parent
PLAIN = plain_kernels(FOLDER, ["kernel_pieces", "kernel_storage"])["kernel_storage"]


def random_problem(seed: int, most_steps: int) -> dict[str, Any]:
    """A store on prices of many kinds; its limits, start and target lie around a random feasible path."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, most_steps + 1))
    hours = np.full(n, rng.choice([1 / 12, 0.25, 0.5, 1.0])) if rng.random() < 0.5 else rng.uniform(0.05, 1.5, n)
    kinds = [
        rng.normal(40, 30, n),
        rng.normal(-20, 30, n),  # long negative runs
        rng.integers(-3, 4, n) * 10.0,  # ties
        np.select([rng.random(n) < 0.1, rng.random(n) < 0.2], [17500.0, -1000.0], rng.normal(30, 60, n)),  # at the cap
        np.repeat(rng.normal(0, 40, n), 4)[:n],
    ]
    price = kinds[rng.integers(len(kinds))]
    charge_efficiency, discharge_efficiency = rng.choice([0.5, 0.8, 0.95, 1.0]), rng.uniform(0.5, 1)
    max_kwh = rng.uniform(10, 2000)
    min_kwh = rng.choice([0, 0.1]) * max_kwh
    charge, discharge = (
        rng.uniform(0, 1000, n) * (rng.random(n) < 0.9) if rng.random() < 0.3 else np.full(n, rng.uniform(10, 1000))
        for _ in range(2)
    )
    energy = [rng.uniform(min_kwh, max_kwh)]
    for step in range(n):
        change = rng.uniform(
            -discharge[step] * hours[step] / discharge_efficiency, charge[step] * hours[step] * charge_efficiency
        )
        energy.append(float(np.clip(energy[-1] + change * rng.choice([0, 1]), min_kwh, max_kwh)))
    low, high = np.full(n + 1, min_kwh), np.full(n + 1, max_kwh)
    if rng.random() < 0.3:
        low = np.where(rng.random(n + 1) < 0.3, rng.uniform(min_kwh, energy), low)
        high = np.where(rng.random(n + 1) < 0.3, rng.uniform(energy, max_kwh), high)
    sold = Sold(power_kw=np.zeros(n), short_per_mwh=price, long_per_mwh=price)
    if rng.random() < 0.35:
        sold = Sold(
            power_kw=rng.uniform(-1.1, 1.1, n) * np.maximum(charge, discharge) * (rng.random(n) < 0.8),
            short_per_mwh=price + rng.uniform(0, 40, n) * rng.choice([0, 1], n),
            long_per_mwh=price - rng.uniform(0, 40, n) * rng.choice([0, 1], n),
        )
    return {
        "price_per_mwh": price,
        "hours": hours,
        "storage": StorageLimits(
            min_kwh=min_kwh,
            max_kwh=max_kwh,
            charge_efficiency=charge_efficiency,
            discharge_efficiency=discharge_efficiency,
        ),
        "energy_kwh": energy[0],
        "target_kwh": energy[-1],
        "max_charge_kw": charge,
        "max_discharge_kw": discharge,
        "wear_per_mwh": rng.choice([0.0, 10.0, 30.0]),
        "min_kwh": low,
        "max_kwh": high,
        "sold": sold,
    }


def best_of(problem: dict[str, Any]) -> float:
    low, high, sold = problem["min_kwh"][1:].copy(), problem["max_kwh"][1:].copy(), problem["sold"]
    low[-1] = high[-1] = problem["target_kwh"]
    return best_profit(
        problem["price_per_mwh"],
        hours=problem["hours"],
        efficiencies=(problem["storage"].charge_efficiency, problem["storage"].discharge_efficiency),
        max_charge=problem["max_charge_kw"],
        max_discharge=problem["max_discharge_kw"],
        wear=problem["wear_per_mwh"],
        start=problem["energy_kwh"],
        low=low,
        high=high,
        sold=(sold.power_kw, sold.short_per_mwh, sold.long_per_mwh),
    )


def income_scale(problem: dict[str, Any]) -> float:
    """What a thousandth of the largest trades would be worth: zero is no measure of a small profit."""
    power = np.maximum(problem["max_charge_kw"], problem["max_discharge_kw"])
    return float(np.abs(problem["price_per_mwh"]) @ (power * problem["hours"])) * 1e-6


def faults_of(plan: StoragePlan, problem: dict[str, Any]) -> list[str]:
    """What a plan breaks, followed by its powers alone."""
    storage, power, hours = problem["storage"], plan.power_kw, problem["hours"]
    out = np.where(power > 0, power / storage.discharge_efficiency, power * storage.charge_efficiency) * hours
    energy = problem["energy_kwh"] - np.concatenate([[0.0], np.cumsum(out)])
    rules = {
        "energy": np.abs(energy - plan.energy_kwh).max() <= 1e-6,
        "low": np.all(energy >= problem["min_kwh"] - 1e-6),
        "high": np.all(energy <= problem["max_kwh"] + 1e-6),
        "power": np.all((-power <= problem["max_charge_kw"]) & (power <= problem["max_discharge_kw"])),
        "target": abs(energy[-1] - problem["target_kwh"]) <= 1e-6,
    }
    return [name for name, holds in rules.items() if not holds]


@pytest.mark.parametrize("block", range(10 if IS_FULL else 1))
def test_equals_the_mixed_integer_programme(block: int) -> None:
    for seed in range(50) if IS_FULL else range(40):
        problem = random_problem(1000 * block + seed, 40 if IS_FULL else 8)
        plan, best = plan_storage(**problem), best_of(problem)
        assert plan.profit == pytest.approx(best, rel=1e-6, abs=1e-6 * income_scale(problem)), (block, seed)
        assert faults_of(plan, problem) == []


@settings(max_examples=500 if IS_FULL else 40)
@given(st.integers(0, 2**32 - 1))
def test_a_plan_keeps_its_limits_and_is_no_worse_than_what_was_sold(seed: int) -> None:
    problem = random_problem(seed, 60)
    plan = plan_storage(**problem)
    assert faults_of(plan, problem) == []
    again = plan_storage(**(problem | {"sold": None}))
    whole = problem | {"sold": Sold(power_kw=plan.power_kw, **prices_of(problem))}
    assert faults_of(again, problem) == []
    assert plan_storage(**whole).profit >= plan.profit - 1e-5 * income_scale(problem)


def prices_of(problem: dict[str, Any]) -> dict[str, np.ndarray]:
    price = problem["price_per_mwh"]
    return {"short_per_mwh": price, "long_per_mwh": price}


def kernel_inputs(problem: dict[str, Any]) -> list[Any]:
    storage, hours, sold = problem["storage"], problem["hours"], problem["sold"]
    per_charge, per_discharge = hours * storage.charge_efficiency, hours / storage.discharge_efficiency
    energy = np.empty((1, len(hours) + 1))
    energy[0, 0] = problem["energy_kwh"]
    return [
        sold.short_per_mwh[np.newaxis],
        sold.long_per_mwh[np.newaxis],
        np.where(sold.power_kw > 0, per_discharge, per_charge) * sold.power_kw,
        problem["max_charge_kw"] * per_charge,
        problem["max_discharge_kw"] * per_discharge,
        problem["min_kwh"][np.newaxis].copy(),
        problem["max_kwh"][np.newaxis].copy(),
        np.array([problem["target_kwh"]]),
        storage.charge_efficiency,
        storage.discharge_efficiency,
        problem["wear_per_mwh"],
        energy,
    ]


@given(st.integers(0, 2**32 - 1))
def test_compiled_and_plain_agree(seed: int) -> None:
    problem = random_problem(seed, 30)
    fast, plain = kernel_inputs(problem), kernel_inputs(problem)
    optimal_paths(*fast)
    PLAIN.optimal_paths(*plain)
    assert fast[-1] == pytest.approx(plain[-1], rel=1e-12, abs=1e-9)
    assert fast[5] == pytest.approx(plain[5], rel=1e-12)


def test_a_long_run_of_negative_prices_is_planned() -> None:
    """Every edge of the value may breed two more in each step; all but some hundred are beaten."""
    rng = np.random.default_rng(1)
    plan = plan_storage(
        rng.uniform(-60.0, -1.0, 3000),
        hours=rng.uniform(0.05, 0.1, 3000),
        storage=StorageLimits(min_kwh=100, max_kwh=900, charge_efficiency=0.93, discharge_efficiency=0.97),
        energy_kwh=500.0,
        target_kwh=500.0,
        max_charge_kw=470.0,
        max_discharge_kw=510.0,
    )
    assert plan.profit > 0
    assert plan.is_target_met


def test_limits_out_of_reach_are_eased_to_the_nearest() -> None:
    low, high = np.array([0.0, 60.0, 60.0, 0.0]), np.full(4, 100.0)
    ease(low, high, np.full(3, 20.0), np.full(3, 5.0), 30.0, 100.0)
    assert low.tolist() == [30.0, 50.0, 60.0, 90.0]
    assert high.tolist() == [30.0, 50.0, 70.0, 90.0]
