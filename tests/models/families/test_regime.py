"""A forecast that follows a change of regime within a day."""

from dataclasses import replace

import numpy as np
import pytest
from market_examples import market, poisoned

from models import naive
from models.families import regime


@pytest.mark.parametrize(("n_slots", "known_slots"), [(24, 24), (24, 9), (96, 37)])
@pytest.mark.parametrize("garbage", [1e9, np.nan])
def test_what_comes_after_the_issue_moves_no_bit(n_slots: int, known_slots: int, garbage: float) -> None:
    tables = market(n_slots=n_slots, known_slots=known_slots)
    (whole,) = regime.forecast({}, tables, 60, 61)
    assert np.isfinite(whole).all()
    np.testing.assert_array_equal(regime.forecast({}, poisoned(tables, 60, garbage), 60, 61)[0], whole)


def test_a_plant_that_is_shut_down_is_forecast_low_two_days_later() -> None:
    tables = market(n_days=70, known_slots=9)
    target = 700 + tables.target / 10
    target[60:] = 150 + tables.target[60:] / 100
    found = regime.forecast({}, replace(tables, target=target), 62, 64)
    assert np.abs(found - target[62:64]).max() < 20


def test_it_beats_the_daily_naive_where_days_of_the_week_differ() -> None:
    tables = market(n_days=90, n_series=0)
    rows = np.arange(70, 90)
    errors = [
        np.abs(values - tables.target[70:]).mean()
        for values in (regime.forecast({}, tables, 70, 90), naive.on_days(tables, rows, "naive_daily"))
    ]
    assert errors[0] < 0.9 * errors[1]


def test_a_time_of_day_of_which_nothing_is_known_stays_open() -> None:
    tables = market()
    target = tables.target.copy()
    target[:, 3] = np.nan
    (found,) = regime.forecast({}, replace(tables, target=target), 60, 61)
    assert np.flatnonzero(np.isnan(found)).tolist() == [3]


def test_it_is_refitted_on_the_way() -> None:
    """Day by day and in one walk, the first day of each week is the same."""
    tables = market()
    walked = regime.forecast({}, tables, 50, 64)
    for row in (50, 57):
        np.testing.assert_array_equal(regime.forecast({}, tables, row, row + 1)[0], walked[row - 50])
