"""Rows to learn from, and what each refit may see."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from market_examples import UTC_ZONE, series_of

from kpp_twin.feeds import LOAD
from models.errors import TooLittleTrainingError
from models.features import instant_us
from models.horizons import hours_ahead
from models.training import Rows, fit_at, hours_ahead_rows, walk

AS_OF = datetime(2024, 6, 1, 14, 30, tzinfo=UTC)
LOADS = series_of(LOAD, AS_OF, days=50)
HOUR_US = 3_600_000_000


def rows_of(days: int) -> Rows:
    horizon = hours_ahead(AS_OF, 15)
    return hours_ahead_rows(LOADS, horizon, issued_at=AS_OF, days=days, zone=UTC_ZONE, temperature=None)


def test_hours_ahead_are_issued_at_every_hour_of_the_day() -> None:
    rows = rows_of(10)
    assert set(rows.issues_us // HOUR_US % 24) == set(range(24))
    assert (rows.issues_us < instant_us(AS_OF)).all()
    ahead_us = rows.targets.as_unit("us").asi8 - rows.issues_us
    assert ahead_us.min() >= 0
    assert ahead_us.max() < 24 * HOUR_US
    assert (rows.known.lead_hours >= 0).all()


def test_of_each_hour_one_quarter_is_a_lesson_and_each_comes_by() -> None:
    rows = rows_of(10)
    quarter = rows.targets.minute // 15
    assert set(quarter) == {0, 1, 2, 3}
    assert np.unique(rows.issues_us, return_counts=True)[1].tolist() == [24] * (10 * 24 // 5)


def test_a_fit_sees_nothing_that_is_known_later() -> None:
    rows = rows_of(45)
    now = instant_us(AS_OF - timedelta(days=3))
    one = fit_at(rows, now)
    rows.actual[rows.actual_us > now] = -1e9
    np.testing.assert_array_equal(fit_at(rows, now), one)


def test_a_walk_judges_each_issue_by_what_was_known_before() -> None:
    """What came after the first issues moves their errors by the actual alone."""
    rows = rows_of(45)
    one = walk(rows, issued_at=AS_OF, days=10)
    begun = rows.issues_us >= one.issues_us[0]
    rows.actual[begun] += 1000.0
    first = one.issues_us < one.issues_us[0] + 24 * HOUR_US
    np.testing.assert_allclose((walk(rows, issued_at=AS_OF, days=10).errors - one.errors)[first], 1000.0)


def test_fewer_than_four_weeks_are_too_little() -> None:
    rows = rows_of(20)
    with pytest.raises(TooLittleTrainingError, match=r"21 day\(s\) can be learnt from; a ridge needs 28"):
        fit_at(rows, instant_us(AS_OF))
    with pytest.raises(TooLittleTrainingError, match=r"only 0 day.* since at first only .* a ridge needs 28"):
        walk(rows, issued_at=AS_OF, days=10)
