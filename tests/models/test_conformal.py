"""Quantiles by past errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.conformal import LEVELS, SPLIT_WINDOW_DAYS, quantiles, split_conformal
from models.scores import coverage, crps_from_quantiles

N_SLOTS = 4
NAN = float("nan")


def days(n_days: int, seed: int = 1, n_slots: int = N_SLOTS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A point forecast, what came, and a spread that tells the size of the errors."""
    rng = np.random.default_rng(seed)
    point = 40 + rng.normal(0, 10, (n_days, n_slots))
    calm = np.exp(np.sin(np.arange(n_days) / 15))[:, None]
    spread = calm * np.exp(rng.normal(0, 0.5, (n_days, n_slots)))
    return point, point + spread * rng.laplace(0, 1, point.shape), spread


def test_the_yardstick_is_the_plain_quantile_of_the_window() -> None:
    point, actual, _ = days(SPLIT_WINDOW_DAYS + 5)
    actual[50, 2] = NAN
    found = split_conformal(point, actual)
    assert np.isnan(found[:SPLIT_WINDOW_DAYS]).all()
    window = (actual - point)[4:-1]
    expected = point[-1][:, None] + np.nanquantile(window, LEVELS, axis=0).T
    assert found[-1] == pytest.approx(expected)


def test_bands_cover_what_they_say_and_beat_the_yardstick() -> None:
    point, actual, spread = days(365, n_slots=12)
    found, tested = quantiles(point, actual, 1, spread), slice(SPLIT_WINDOW_DAYS, None)
    for nominal in (0.5, 0.8, 0.9):
        by_slot = coverage(actual[tested], found[tested], LEVELS, nominal)
        assert by_slot.mean() == pytest.approx(nominal, abs=0.02)
    ours, without, yardstick = (
        crps_from_quantiles(actual[tested], q[tested], LEVELS)
        for q in (found, quantiles(point, actual, 1), split_conformal(point, actual))
    )
    assert ours < 0.96 * without
    assert without < 0.99 * yardstick


@pytest.mark.parametrize("lag", [1, 2])
def test_nothing_that_is_not_known_at_the_issue_moves_a_quantile(lag: int) -> None:
    point, actual, spread = days(60)
    found = quantiles(point, actual, lag, spread)
    for day in (0, 1, 2, 30, 59):
        poisoned = [table.copy() for table in (point, actual, spread)]
        for table, unknown in zip(poisoned, (day + 1, max(0, day - lag + 1), day + 1), strict=True):
            table[unknown:] = 1e6
        assert quantiles(poisoned[0], poisoned[1], lag, poisoned[2])[day].tobytes() == found[day].tobytes()


def test_a_live_forecast_is_the_last_row() -> None:
    point, actual, spread = days(50)
    actual[-1] = NAN
    live = quantiles(point, actual, 1, spread, first=49)
    assert live.shape == (1, N_SLOTS, 99)
    assert live[0].tobytes() == quantiles(point, actual, 1, spread)[-1].tobytes()


def test_without_errors_bands_are_wide_and_finite() -> None:
    found = quantiles(np.array([[10.0, 20.0, 30.0, 40.0]]), np.full((1, 4), NAN), 1)[0]
    assert (np.diff(found, axis=1) >= 0).all()
    assert found[:, 49] == pytest.approx([10, 20, 30, 40])
    assert (found[:, -1] - found[:, 0] > 30).all()


@given(st.integers(1, 30), st.integers(0, 9), st.booleans(), st.sampled_from([1, 2]))
def test_quantiles_rise_and_are_finite_where_there_is_a_point(
    n_days: int, seed: int, has_spread: bool, lag: int
) -> None:
    rng = np.random.default_rng(seed)
    point, actual, spread = (np.where(rng.random(t.shape) < 0.2, NAN, t) for t in days(n_days, seed))
    point[:, 0] = 3000.0  # at the cap all the time
    actual[:, 0] = 3000.0
    found = quantiles(point, actual, lag, spread if has_spread else None)
    assert (np.isfinite(found).all(axis=2) == np.isfinite(point)).all()
    assert (np.diff(found[np.isfinite(point)], axis=1) >= 0).all()


def test_a_constant_series_has_quantiles_at_its_value() -> None:
    found = quantiles(np.full((40, 4), 7.0), np.full((40, 4), 7.0), 1)
    assert found == pytest.approx(7, abs=1e-6)


def test_a_high_level_errs_upwards_where_it_did() -> None:
    rng = np.random.default_rng(2)
    level = rng.choice([-10.0, 10.0], (120, 8))
    actual = level + np.sign(level) * rng.exponential(2, level.shape)
    found = quantiles(level, actual, 1, first=119)[0]
    above = found[:, 89] - level[-1] > level[-1] - found[:, 9]
    assert (above == (level[-1] > 0)).all()


def test_quarter_hours_of_an_hour_share_its_shape() -> None:
    rng = np.random.default_rng(2)
    found = quantiles(np.zeros((30, 96)), rng.normal(0, 1, (30, 96)), 1, first=29)[0]
    shape = found / (found[:, 75:76] - found[:, 25:26])
    assert shape[0] == pytest.approx(shape[3])
    assert shape[0] != pytest.approx(shape[48])
