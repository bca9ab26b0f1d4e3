"""What follows from how much is known of the day of an issue, and the calendar."""

from datetime import date, timedelta

import numpy as np
import pytest
from market_examples import market


@pytest.mark.parametrize(("known_slots", "lag"), [(24, 1), (23, 2), (9, 2), (0, 2)])
def test_the_day_of_the_issue_is_a_lesson_only_if_it_is_known_whole(known_slots: int, lag: int) -> None:
    assert market(known_slots=known_slots).lag == lag


def test_weekdays_are_those_of_the_calendar() -> None:
    tables = market(n_days=9)
    days = [date(1970, 1, 1) + timedelta(days=int(day)) for day in tables.day]
    assert tables.weekday.tolist() == [day.weekday() for day in days]


@pytest.mark.parametrize("n_slots", [24, 96])
def test_the_table_tells_its_size(n_slots: int) -> None:
    tables = market(n_days=9, n_slots=n_slots)
    assert (tables.n_days, tables.n_slots) == tables.target.shape == (9, n_slots)


def test_some_of_the_days_are_a_table_of_their_own() -> None:
    whole = market(n_days=9, known_slots=9)
    part = whole.rows(2, 5)
    assert (part.n_days, part.known_slots) == (3, 9)
    np.testing.assert_array_equal(part.day, whole.day[2:5])
    np.testing.assert_array_equal(part.target, whole.target[2:5])
    np.testing.assert_array_equal(part.exogenous, whole.exogenous[:, 2:5])
    np.testing.assert_array_equal(part.holiday, whole.holiday[2:5])
