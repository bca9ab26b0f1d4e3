import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.drift import drift_alarms

INSIDE = 1.645  # of a normal distribution, nine tenths


def history(seed: int, n_days: int = 365, n_slots: int = 24) -> np.ndarray:
    """Normal errors, days of unequal size whose size wanders."""
    rng = np.random.default_rng(seed)
    size = np.zeros(n_days)
    for day in range(1, n_days):
        size[day] = 0.4 * size[day - 1] + 0.35 * rng.standard_normal()
    shared = 0.5 * rng.standard_normal((n_days, 1))
    return np.exp(size - size.var())[:, None] * (shared + rng.normal(0, 0.85, (n_days, n_slots)))


def alarms(errors: np.ndarray) -> tuple[tuple[str, int], ...]:
    found = drift_alarms(errors, (np.abs(errors) <= INSIDE).astype(float))
    return tuple((alarm.kind, alarm.day_index) for alarm in found)


def test_a_stationary_year_alarms_at_most_once_in_two_years() -> None:
    assert sum(len(alarms(history(seed))) for seed in range(20)) <= 10


@pytest.mark.parametrize("start", [60, 200])
def test_twice_the_errors_are_found_within_two_weeks(start: int) -> None:
    waited = []
    for seed in range(9):
        errors = history(seed)
        errors[start:] *= 2
        waited.append(next(day for _, day in alarms(errors) if day >= start) + 1 - start)
    assert np.median(waited) <= 14


@pytest.mark.parametrize("sign", [-1, 1])
def test_errors_to_one_side_are_found_within_two_weeks(sign: int) -> None:
    errors = history(1)
    errors[100:] += sign
    covered = (np.abs(errors) <= INSIDE).astype(float)
    first = next(alarm for alarm in drift_alarms(errors, covered) if alarm.kind == "bias")
    assert 100 <= first.day_index < 100 + 14
    assert np.sign(first.statistic) == sign
    assert abs(first.statistic) >= first.limit


def test_bands_that_hold_too_little_are_found() -> None:
    covered = np.full((60, 24), 0.9)
    covered[30:] = 0.6
    (first, *_) = drift_alarms(np.zeros((60, 24)), covered)
    assert (first.kind, first.day_index) == ("coverage", 38)


def test_a_size_is_judged_by_the_days_before_in_whatever_unit() -> None:
    errors = history(2)
    errors[150:] *= 2
    sizes = [[found for found in alarms(scale * errors) if found[0] == "size"] for scale in (1.0, 0.8)]
    assert sizes[0] == sizes[1] != []


def test_one_day_of_spikes_is_no_drift() -> None:
    errors = 0.5 * np.ones((120, 24)) * np.where(np.arange(24) % 2, 1, -1)
    errors[60] *= 1000
    errors[61] = 1000.0
    assert drift_alarms(errors, np.ones((120, 24))) == ()


@given(st.integers(0, 50), st.integers(30, 120))
def test_an_alarm_knows_only_its_day_and_those_before(seed: int, n_known: int) -> None:
    errors = history(seed, 120) * np.linspace(1, 4, 120)[:, None]
    poisoned = errors.copy()
    poisoned[n_known:] = 1e9
    assert [a for a in alarms(poisoned) if a[1] < n_known] == [a for a in alarms(errors) if a[1] < n_known]


def test_days_without_errors_change_nothing() -> None:
    errors = history(3)
    errors[100:] += 1.0
    gap = np.insert(errors, 105, np.nan, axis=0)
    covered = (np.abs(errors) <= INSIDE).astype(float)
    first = next(alarm for alarm in drift_alarms(errors, covered) if alarm.kind == "bias")
    later = next(a for a in drift_alarms(gap, np.insert(covered, 105, np.nan, axis=0)) if a.kind == "bias")
    assert later.day_index == first.day_index + 1
    assert later.statistic == first.statistic


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_series_without_errors_is_quiet(value: float) -> None:
    assert drift_alarms(np.full((100, 24), value), np.full((100, 24), np.nan if np.isnan(value) else 1.0)) == ()
    assert drift_alarms(np.zeros((0, 24)), np.zeros((0, 24))) == ()
