"""The record of what members said, and what follows from it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_examples import market, poisoned

from kpp_twin.units import Array
from models.day_ahead import LEAST_RECORD_DAYS, RECORD_DAYS, Issued, Record, issue, judged, said, walk
from models.ensemble import Family
from models.errors import TooLittleTrainingError
from models.families import persistence, regime

FAMILIES = (
    Family(name="regime", fit=None, forecast=regime.forecast, least_days=28),
    Family(name="persistence", fit=None, forecast=persistence.forecast, least_days=2),
)


def record(days: list[int], *, base: float = 0.0) -> Record:
    """Two members of two slots, which say the day, and the day and a half."""
    day = np.array(days, dtype=np.int64)
    one = np.repeat(day[:, None] + base, 2, axis=1)
    return Record(day=day, members=np.array([one, one + 0.5]))


def test_what_was_said_of_other_days_is_found_by_day() -> None:
    found = record([3, 4, 6]).on(np.array([6, 5, 3]))
    assert found[0, :, 0].tolist()[::2] == [6.0, 3.0]
    assert np.isnan(found[:, 1]).all()
    assert found[1, 0].tolist() == [6.5, 6.5]


def test_of_a_day_in_both_the_later_record_counts_where_it_says_something() -> None:
    later = record([4, 5], base=100.0)
    later.members[1, 0] = np.nan
    both = record([2, 3, 4]).extended(later)
    assert both.day.tolist() == [2, 3, 4, 5]
    assert both.members[0, :, 0].tolist() == [2.0, 3.0, 104.0, 105.0]
    assert both.members[1, :, 0].tolist() == [2.5, 3.5, 4.5, 105.5]


def test_the_newest_days_are_the_last_ones() -> None:
    newest = record([1, 2, 3, 4]).newest(2)
    assert newest.day.tolist() == [3, 4]
    assert newest.members[0, :, 0].tolist() == [3.0, 4.0]


@given(st.sets(st.integers(0, 30), min_size=1), st.sets(st.integers(0, 30), min_size=1))
def test_extending_keeps_each_day_once_and_in_order(one: set[int], other: set[int]) -> None:
    both = record(sorted(one)).extended(record(sorted(other), base=100.0))
    assert both.day.tolist() == sorted(one | other)
    expected = [day + 100.0 if day in other else float(day) for day in sorted(one | other)]
    assert both.members[0, :, 0].tolist() == expected


def test_a_record_is_made_of_what_was_kept_day_by_day() -> None:
    kept = {8: np.full((2, 3), 8.0), 5: np.full((2, 3), 5.0)}
    found = said(kept, 2, 3)
    assert found.day.tolist() == [5, 8]
    assert found.members.shape == (2, 2, 3)
    assert found.members[1, :, 0].tolist() == [5.0, 8.0]
    assert said({}, 2, 3).members.shape == (2, 0, 3)


@pytest.mark.parametrize(("known_slots", "n_days"), [(24, 64), (9, 64), (24, 125)])
def test_a_walk_covers_the_last_days_before_the_one_ahead(known_slots: int, n_days: int) -> None:
    tables = market(n_days=n_days, known_slots=known_slots)
    found = walk(FAMILIES, tables)
    assert found.day[-1] == tables.day[-2]
    assert len(found.day) == min(RECORD_DAYS, n_days - 1 - 28 - (tables.lag - 1))
    first = n_days - 1 - len(found.day)
    np.testing.assert_array_equal(found.members[1], persistence.forecast({}, tables, first, n_days - 1))


@pytest.mark.parametrize(("known_slots", "least"), [(24, 28 + LEAST_RECORD_DAYS + 1), (9, 29 + LEAST_RECORD_DAYS + 1)])
def test_too_few_days_to_fit_and_to_judge_are_told(known_slots: int, least: int) -> None:
    assert len(walk(FAMILIES, market(n_days=least, known_slots=known_slots)).day) == LEAST_RECORD_DAYS
    with pytest.raises(TooLittleTrainingError, match=rf"{least - 2} day\(s\) lie before the one ahead"):
        walk(FAMILIES, market(n_days=least - 1, known_slots=known_slots))


def issued(row: int, known_slots: int, garbage: float | None = None) -> Issued:
    """Up to the day with that index, perhaps with garbage for all that is not known at its issue."""
    tables = market(n_days=row + 1, known_slots=known_slots)
    tables = tables if garbage is None else poisoned(tables, row, garbage)
    today = np.array([family.forecast({}, tables, row, row + 1) for family in FAMILIES])
    return issue(walk(FAMILIES, tables).extended(Record(day=tables.day[-1:], members=today)), tables)


@pytest.mark.parametrize("garbage", [1e9, np.nan])
@pytest.mark.parametrize("known_slots", [24, 9])
def test_what_comes_after_the_issue_moves_no_bit_of_point_bands_and_weights(known_slots: int, garbage: float) -> None:
    whole, other = issued(53, known_slots), issued(53, known_slots, garbage)
    assert np.isfinite(whole.quantiles[-1]).all()
    np.testing.assert_array_equal(other.point[-1], whole.point[-1])
    np.testing.assert_array_equal(other.quantiles[-1], whole.quantiles[-1])
    np.testing.assert_array_equal(other.weights[:, -1], whole.weights[:, -1])


def test_bands_of_the_days_that_are_asked_for_are_those_of_a_whole_record() -> None:
    tables = market(n_days=54)
    found = walk(FAMILIES, tables)
    whole, part = issue(found, tables), issue(found, tables, bands_from=20)
    assert np.isnan(part.quantiles[:20]).all()
    np.testing.assert_array_equal(part.quantiles[20:], whole.quantiles[20:])
    np.testing.assert_array_equal(part.point, whole.point)


def test_weights_are_shares_and_bands_hold_nine_of_ten() -> None:
    found = issued(90, 24)
    np.testing.assert_allclose(found.weights.sum(axis=0), 1.0)
    assert (np.diff(found.quantiles, axis=-1) >= 0).all()
    lower, upper = found.band_90
    inside = (found.actual[20:-1] >= lower[20:-1]) & (found.actual[20:-1] <= upper[20:-1])
    assert 0.8 < inside.mean() < 0.98


def by_hand(point: Array, actual: Array) -> Issued:
    n_days = len(point)
    return Issued(
        day=np.arange(19_000, 19_000 + n_days),
        point=point,
        actual=actual,
        quantiles=point[..., None] + np.linspace(-4.9, 4.9, 99),
        weights=np.ones((1, n_days)),
    )


def test_daily_losses_are_means_over_what_is_known() -> None:
    actual = np.array([[1.0, 3.0], [5.0, np.nan], [np.nan, np.nan]])
    losses = by_hand(np.array([[0.0, 1.0], [2.0, 9.0], [7.0, 7.0]]), actual).daily_losses
    assert losses[:2].tolist() == [1.5, 3.0]
    assert np.isnan(losses[2])


def test_scores_by_hand() -> None:
    """The target rises by 2 a day: the daily naive errs by 2, the weekly one by 14, the forecast by 1."""
    tables = market(n_days=30)
    target = np.repeat(2.0 * np.arange(30.0)[:, None], 24, axis=1)
    tables = replace(tables, target=target)
    days = tables.day[10:]
    found = judged(replace(by_hand(target[10:] + 1.0, target[10:]), day=days), tables)
    assert (found["mae"], found["naive_daily"], found["naive_weekly"]) == (1.0, 2.0, 14.0)
    assert (found["rmae"], found["judged_days"], found["coverage_90"]) == (0.5, 20.0, 1.0)
    assert 0 < found["crps"] < 1


def test_a_series_that_never_changes_is_judged_without_a_ratio() -> None:
    tables = replace(market(n_days=30), target=np.full((30, 24), 7.0))
    found = judged(replace(by_hand(tables.target[10:], tables.target[10:]), day=tables.day[10:]), tables)
    assert found["mae"] == found["naive_daily"] == 0
    assert "rmae" not in found
