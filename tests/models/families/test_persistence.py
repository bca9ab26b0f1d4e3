"""The day before as a forecast."""

from dataclasses import replace

import numpy as np
import pytest
from market_examples import market, poisoned

from models.families import persistence


def test_a_price_is_that_of_the_day_before() -> None:
    tables = market()
    np.testing.assert_array_equal(persistence.forecast({}, tables, 3, 64), tables.target[2:-1])


def test_a_load_is_as_far_as_known_that_of_the_day_before_and_else_that_of_two_days_before() -> None:
    tables = market(known_slots=9)
    (found,) = persistence.forecast({}, tables, 5, 6)
    assert found.tolist() == [*tables.target[4, :9], *tables.target[3, 9:]]


def test_over_a_gap_the_next_older_day_serves() -> None:
    tables = market()
    target = tables.target.copy()
    target[8:10] = np.nan
    (found,) = persistence.forecast({}, replace(tables, target=target), 10, 11)
    np.testing.assert_array_equal(found, tables.target[7])


@pytest.mark.parametrize("known_slots", [24, 9])
def test_what_comes_after_the_issue_moves_no_bit(known_slots: int) -> None:
    tables = market(known_slots=known_slots)
    np.testing.assert_array_equal(
        persistence.forecast({}, poisoned(tables, 60, 1e9), 60, 61), persistence.forecast({}, tables, 60, 61)
    )
