"""The synthetic grid has the statistics that it says, and the same bits for the same hour."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kpp_twin.errors import TwinError
from kpp_twin.site import load_site
from kpp_twin.twin.grid import LINE_S, grid_hour

GRID = load_site().grid
ZONE = ZoneInfo("America/Chicago")
START = datetime(2021, 10, 14, 5, tzinfo=UTC)  # local midnight
QUIET: dict[str, float] = {
    "frequency_noise_hz": 0.0,
    "frequency_wander_hz": 0.0,
    "hourly_swing_hz": 0.0,
    "events_per_day": 0.0,
    "voltage_noise_pu": 0.0,
    "voltage_daily_swing_pu": 0.0,
}


@lru_cache
def many_hours(n_hours: int, **changes: float) -> tuple[np.ndarray, np.ndarray]:
    """Frequency deviation and voltage of consecutive hours, ``(n_hours, 3600)`` each."""
    grid = GRID.model_copy(update=QUIET | changes)
    hours = [grid_hour(grid, START + timedelta(hours=n), ZONE) for n in range(n_hours)]
    return np.array([hour[0] for hour in hours]) - grid.nominal_hz, np.array([hour[1] for hour in hours])


def test_the_same_hour_has_the_same_bits() -> None:
    once, again = grid_hour(GRID, START, ZONE), grid_hour(GRID, START.astimezone(ZONE), ZONE)
    assert [part.tobytes() for part in once] == [part.tobytes() for part in again]
    assert [part.shape for part in once] == [(3600,), (3600,)]
    other = grid_hour(GRID.model_copy(update={"seed": GRID.seed + 1}), START, ZONE)
    assert not np.array_equal(once[0], other[0])


def test_the_slow_deviation_is_an_ornstein_uhlenbeck_process() -> None:
    deviation, _ = many_hours(300, frequency_noise_hz=0.016)
    # 300 hours hold 300 * 3600 / 120 = 9,000 independent values: 1.1 % of the deviation for the mean, 0.8 % for it.
    assert abs(deviation.mean()) < 4 * 0.016 / np.sqrt(9000)
    assert deviation.std() == pytest.approx(0.016, rel=0.03)
    path = deviation.ravel() / deviation.std()
    for lag in (1, 30, 60, 120):
        assert np.mean(path[lag:] * path[:-lag]) == pytest.approx(np.exp(-lag / 60), abs=0.04)
    by_position = deviation.std(axis=0)
    assert by_position[[0, 900, 1800, 3599]] == pytest.approx(np.full(4, 0.016), rel=0.2), "at the ends as in between"


def test_the_path_runs_through_the_full_hour() -> None:
    deviation, voltage = many_hours(300, frequency_noise_hz=0.016, voltage_noise_pu=0.008)
    step = np.sqrt(2 * (1 - np.exp(-LINE_S / 60))) * 0.016 / LINE_S
    over_the_hour = deviation[1:, 0] - deviation[:-1, -1]
    assert over_the_hour.std() == pytest.approx(step, rel=0.2)
    assert np.diff(deviation).std() == pytest.approx(step, rel=0.02), "as in every other second"
    assert np.abs(voltage[1:, 0] - voltage[:-1, -1]).max() < 5 * np.sqrt(1 - np.exp(-2 / 600)) * 0.008


def test_what_wanders_runs_through_several_hours() -> None:
    deviation, _ = many_hours(300, frequency_wander_hz=0.01)
    # 300 hours hold 300 * 3600 / 1800 = 600 independent values.
    assert deviation.std() == pytest.approx(0.01, rel=0.12)
    path = deviation.ravel() / deviation.std()
    for lag in (60, 300, 900):
        assert np.mean(path[lag:] * path[:-lag]) == pytest.approx(np.exp(-lag / 900), abs=0.1)


def test_different_hours_are_independent() -> None:
    deviation, _ = many_hours(300, frequency_noise_hz=0.016)
    middles = deviation[:, 600:3000:60]
    correlation = np.mean(middles[1:] * middles[:-1]) / np.mean(middles**2)
    assert abs(correlation) < 0.04


def test_falls_come_as_often_and_as_deep_as_was_said() -> None:
    deviation, _ = many_hours(300, events_per_day=48.0)
    jumps = -np.diff(deviation.ravel())
    depths = jumps[jumps > 1e-4]
    assert len(depths) == pytest.approx(600, abs=4 * np.sqrt(600))
    assert depths.mean() == pytest.approx(0.08, rel=0.15)
    assert deviation.max() <= 1e-12, "generation is lost, never won"


def test_a_fall_recovers_over_the_full_hour() -> None:
    deviation, _ = many_hours(300, events_per_day=2.0)
    path = deviation.ravel()
    falling = np.diff(path) < -1e-4
    quiet = ~falling & (path[:-1] < -0.005)
    assert quiet.sum() > 1000
    assert path[1:][quiet] / path[:-1][quiet] == pytest.approx(np.full(quiet.sum(), np.exp(-1 / 300)), abs=1e-3)


def test_the_swing_follows_the_local_time_of_day() -> None:
    deviation, _ = many_hours(24, hourly_swing_hz=0.012)
    assert deviation[7, 0] == pytest.approx(0.012)
    assert deviation[19, 0] == pytest.approx(-0.012)
    assert deviation[7, 120] == pytest.approx(0.012 / np.e)
    assert deviation[:, 0].mean() == pytest.approx(0.0, abs=1e-12)


def test_voltage_has_its_mean_its_spread_and_its_daily_swing() -> None:
    _, noisy = many_hours(300, voltage_noise_pu=0.008)
    assert noisy.mean() == pytest.approx(1.0, abs=4 * 0.008 / np.sqrt(900))
    assert noisy.std() == pytest.approx(0.008, rel=0.1)
    _, swinging = many_hours(24, voltage_daily_swing_pu=0.012)
    assert swinging[17, 0] == swinging.min() == pytest.approx(1 - 0.012)
    assert swinging[5, 0] == swinging.max() == pytest.approx(1 + 0.012)


def test_the_days_of_a_clock_change_have_local_hours_too() -> None:
    grid = GRID.model_copy(update=QUIET | {"hourly_swing_hz": 0.012})
    winter = grid_hour(grid, datetime(2021, 11, 7, 13, tzinfo=UTC), ZONE)[0]  # 07:00 CST
    assert winter[0] - 60.0 == pytest.approx(0.012)


@pytest.mark.parametrize("start", [START + timedelta(minutes=15), START + timedelta(microseconds=1)], ids=str)
def test_only_full_hours(start: Any) -> None:
    with pytest.raises(TwinError, match="no full hour"):
        grid_hour(GRID, start, ZONE)
