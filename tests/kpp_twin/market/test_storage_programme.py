"""The programme itself: limits of a store, and one mode at a time where both would pay."""

import math

import numpy as np
import pytest

from kpp_twin.errors import ConfigError, TwinError
from kpp_twin.market.storage_programme import Sold, StorageLimits, StorageProblem, solve


def problem_of(prices, *, efficiency=0.9, wear_per_mwh=0.0):
    price = np.array(prices, dtype=float)
    power = np.full(price.size, 10.0)
    return StorageProblem(
        price_per_mwh=price,
        sold=Sold(power_kw=np.zeros(price.size), short_per_mwh=price, long_per_mwh=price),
        hours=np.ones(price.size),
        storage=StorageLimits(min_kwh=0, max_kwh=100, charge_efficiency=efficiency, discharge_efficiency=efficiency),
        energy_kwh=50.0,
        max_charge_kw=power,
        max_discharge_kw=power,
        wear_per_mwh=wear_per_mwh,
    )


@pytest.mark.parametrize("efficiency", [0.5, 0.9, 1.0])
@pytest.mark.parametrize("price", [-500.0, -20.0, 0.0, 30.0])
@pytest.mark.parametrize("wear_per_mwh", [0.0, 20.0])
def test_never_both_at_once(price, wear_per_mwh, efficiency):
    problem = problem_of([price] * 5, efficiency=efficiency, wear_per_mwh=wear_per_mwh)
    charge, discharge = solve(problem, np.array([50.0, 0, 0, 0, 0, 50.0]), np.array([50.0, 60, 60, 60, 60, 50.0]))
    assert np.all(charge * discharge == 0)


def test_of_equal_plans_the_one_that_moves_least():
    """Without losses and at one price, trading to and fro earns nothing."""
    low, high = np.array([50.0, 0, 0, 0, 50]), np.array([50.0, 100, 100, 100, 50])
    for power_kw in solve(problem_of([30.0] * 4, efficiency=1.0), low, high):
        assert power_kw.tolist() == [0.0] * 4


def test_limits_that_cannot_be_met_are_an_explained_error():
    with pytest.raises(TwinError, match=r"no plan was found for 2 steps from 50 kWh to 100 kWh"):
        solve(problem_of([1.0, 1.0]), np.array([50.0, 0, 100]), np.array([50.0, 100, 100]))


def test_round_trip_efficiency():
    limits = StorageLimits(min_kwh=0, max_kwh=1, charge_efficiency=0.95, discharge_efficiency=0.95)
    assert limits.round_trip_efficiency == pytest.approx(0.9025)


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
