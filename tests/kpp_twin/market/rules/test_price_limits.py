"""Price limits by day, and when those of the European day-ahead market move."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError
from kpp_twin.market.rules.price_limits import (
    SDAC_MAXIMUM,
    SDAC_MINIMUM,
    limits_on,
    observations,
    price_limits,
    price_limits_of,
)

FINLAND = date(2023, 11, 24)
GOOD = """
[[limit]]
market = "Mine"
valid_from = 2020-01-01
floor_per_mwh = -500.0
cap_per_mwh = 4000.0
source = "made up"
evidence = "plain"
"""


def test_mk_15_a_price_at_the_minimum_opens_an_observation_of_thirty_days():
    (opened,) = observations({FINLAND: -500.0}, -500.0, SDAC_MINIMUM)
    assert (opened.first_day, opened.last_day) == (FINLAND, date(2023, 12, 23))
    assert (opened.second_day, opened.limit_per_mwh, opened.in_force_on) == (None, -500.0, None)


@pytest.mark.parametrize(
    ("second_day", "price", "limit"),
    [
        (date(2023, 12, 23), -350.0, -600.0),
        (date(2023, 11, 25), -480.0, -600.0),
        (date(2023, 12, 23), -349.99, -500.0),
        (date(2023, 12, 24), -350.0, -500.0),
    ],
)
def test_mk_15_a_further_price_of_70_percent_within_it_lowers_the_minimum_by_100(second_day, price, limit):
    first = observations({FINLAND: -500.0, second_day: price}, -500.0, SDAC_MINIMUM)[0]
    assert first.limit_per_mwh == limit
    assert first.second_day == (second_day if limit == -600 else None)
    assert first.in_force_on == (second_day + timedelta(days=28) if limit == -600 else None)


def test_a_maximum_rises_by_the_same_rule_and_the_new_one_counts_from_then_on():
    day = date(2025, 1, 1)
    prices = {day: 2800.0, day + timedelta(days=1): 4000.0, day + timedelta(days=5): 4000.0}
    (made,) = observations(prices, 4000.0, SDAC_MAXIMUM)  # within the transition nothing counts
    assert (made.limit_per_mwh, made.in_force_on) == (4500.0, date(2025, 1, 30))
    later = {made.in_force_on: 3149.0, made.in_force_on + timedelta(days=1): 3150.0}
    assert [o.first_day for o in observations(prices | later, 4000.0, SDAC_MAXIMUM)] == [day, date(2025, 1, 31)]


@given(st.dictionaries(st.dates(date(2023, 1, 1), date(2023, 12, 31)), st.floats(-500, 100), max_size=40))
def test_observations_never_overlap_and_move_the_limit_one_step_at_a_time(lowest):
    made = observations(lowest, -500.0, SDAC_MINIMUM)
    limits = [-500.0, *(observation.limit_per_mwh for observation in made)]
    for before, after, observation in zip(limits[:-1], limits[1:], made, strict=True):
        assert lowest[observation.first_day] <= 0.7 * before
        assert after == (before if observation.second_day is None else before - 100)
    for one, next_one in pairwise(made):
        assert next_one.first_day > (one.last_day if one.second_day is None else one.second_day)


def test_limits_of_every_row_hold_from_its_first_day():
    for row in price_limits():
        assert limits_on(row.market, row.valid_from) == row
        assert row.source


def test_unknown_markets_and_days_are_told():
    with pytest.raises(ConfigError, match="there are no price limits of 'Mars'"):
        limits_on("Mars", FINLAND)
    with pytest.raises(ConfigError, match="the price limits of SDAC on 2000-01-01 are not known") as caught:
        limits_on("SDAC", date(2000, 1, 1))
    assert "2022-05-11 to now" in caught.value.next_step


def test_all_faults_of_a_table_come_in_one_message():
    with pytest.raises(ConfigError) as caught:
        price_limits_of(GOOD.replace("4000.0", "-4000.0") + GOOD + GOOD + GOOD.replace("source", "sauce"))
    told = caught.value.fault
    assert told.startswith("4 fault(s): ")
    assert "limit 1 (Mine): it: Value error, floor_per_mwh must be below cap_per_mwh" in told
    assert "limit 4 (Mine): source: Field required" in told
    assert "Mine has two rows on 2020-01-01" in told
