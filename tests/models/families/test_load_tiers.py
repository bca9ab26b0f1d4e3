"""The chain of tiers always answers, and says who spoke and why."""

from dataclasses import replace

import numpy as np
import pytest
from load_tables import made_up_load, poisoned

from models.days import DayTables
from models.families.load_tiers import Spoken, chain, fit, naive_daily, naive_weekly, spoken

FIRST, STOP = 80, 90
CHAIN = chain(has_operator=True, n_series=2)
NAMES = ["operator", "own with weather", "own", "seasonal", "naive"]


def spoken_of(tables: DayTables) -> Spoken:
    return spoken(CHAIN, fit(CHAIN, tables, FIRST), tables, FIRST, STOP)


def test_tiers_follow_from_the_series_there_are() -> None:
    assert [tier.name for tier in CHAIN] == NAMES
    assert [tier.name for tier in chain(has_operator=True, n_series=1)] == ["operator", *NAMES[2:]]
    assert [tier.name for tier in chain(has_operator=False, n_series=1)] == NAMES[1:]
    assert [tier.name for tier in chain(has_operator=False, n_series=0)] == NAMES[2:]


def test_the_best_tier_speaks_where_nothing_is_missing() -> None:
    found = spoken_of(made_up_load())
    assert np.isfinite(found.values).all()
    assert not found.tier.any()
    assert set(found.why) == {""}


def test_each_day_falls_to_the_tier_that_has_what_it_needs() -> None:
    tables = made_up_load()
    exogenous = tables.exogenous.copy()
    exogenous[0, FIRST + 1 : FIRST + 3] = np.nan
    exogenous[1, FIRST + 2, 5] = np.nan
    found = spoken_of(replace(tables, exogenous=exogenous))
    assert np.isfinite(found.values).all()
    assert found.tier[:4].tolist() == [0, 1, 2, 0]
    assert found.why[1] == "without the operator's forecast of the day"
    assert (
        found.why[2]
        == "without the operator's forecast of the day; without a forecast of the weather for every hour of the day"
    )


def test_after_two_months_without_a_value_the_naive_tier_speaks() -> None:
    tables = made_up_load()
    target = tables.target.copy()
    target[20:] = np.nan
    found = spoken_of(replace(tables, target=target, exogenous=np.full_like(tables.exogenous, np.nan)))
    assert np.isfinite(found.values).all()
    assert set(found.tier) == {4}


@pytest.mark.parametrize("garbage", [np.nan, 1e9])
@pytest.mark.parametrize("place", range(len(CHAIN)))
def test_no_tier_sees_what_comes_after_the_issue(place: int, garbage: float) -> None:
    tables, tier = made_up_load(), CHAIN[place : place + 1]
    other = poisoned(tables, FIRST, garbage)
    weights, others = fit(tier, tables, FIRST), fit(tier, other, FIRST)
    assert all(np.array_equal(weights[name], others[name]) for name in weights)
    values = spoken(tier, weights, tables, FIRST, STOP).values[0]
    np.testing.assert_array_equal(values, spoken(tier, weights, other, FIRST, STOP).values[0])


def test_the_naive_forecasts_take_the_newest_values_there_are() -> None:
    tables = made_up_load()
    target = tables.target.copy()
    target[FIRST - 7, 3] = np.nan
    tables = replace(tables, target=target)
    assert naive_weekly(tables)[FIRST, 2] == target[FIRST - 7, 2]
    assert naive_weekly(tables)[FIRST, 3] == target[FIRST - 14, 3]
    assert naive_daily(tables)[FIRST, 8] == target[FIRST - 1, 8]
    assert naive_daily(tables)[FIRST, 9] == target[FIRST - 2, 9]
