"""What is trained for one series, and by what it is told which is better."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from kpp_twin.feeds import PRICE
from kpp_twin.records import Series
from kpp_twin.timegrid import TimeGrid
from models import naive
from models.candidates import METHODS, Candidates, naive_version, train
from models.horizons import next_local_day

ZONE = ZoneInfo("America/Chicago")
AS_OF = datetime(2024, 6, 1, 14, 30, tzinfo=UTC)
DAYS = 15


def prices(days: int, noise: float) -> Series:
    """A daily shape that repeats, but for the noise."""
    grid = TimeGrid(start=AS_OF.replace(hour=5, minute=0) - timedelta(days=days), step_minutes=60, n_steps=days * 24)
    known_at = PRICE.known_at(pd.Series(grid.index), ZONE).dt.tz_localize(None).to_numpy("datetime64[us]")
    hour = np.arange(grid.n_steps) % 24
    values = 50 + 20 * np.sin(2 * np.pi * hour / 24) + np.random.default_rng(1).normal(0, noise, grid.n_steps)
    return Series(variable="price", name="A", grid=grid, values=values, known_at=known_at)


def trained(series: Series) -> Candidates:
    judged = naive.judge(series, issued_at=AS_OF, horizon=next_local_day(AS_OF, 60, ZONE), days=DAYS, zone=ZONE)
    return train(series, judged, issued_at=AS_OF, days=DAYS, zone=ZONE)


def test_noise_about_a_fixed_shape_is_averaged_out_by_the_ridge() -> None:
    """A naive error is the difference of two equal noises: the square root of 2 larger than a mean leaves."""
    found = trained(prices(70, noise=5.0))
    assert found.versions[0].method == "ridge"
    scores = found.best.scores
    assert scores["rmae"] == pytest.approx(1 / np.sqrt(2), abs=0.1)
    assert scores["mae"] == scores["ridge"] == min(scores[method] for method in METHODS)
    assert scores["dm_p_value"] < 0.01
    assert found.notes == ()


def test_a_shape_that_repeats_exactly_is_left_to_the_naive() -> None:
    found = trained(prices(70, noise=0.0))
    assert found.best.method == "naive_daily"
    assert found.best.scores["mae"] == 0
    assert "rmae" not in found.best.scores


def test_both_are_judged_on_the_same_days() -> None:
    series = prices(70, noise=5.0)
    series.values[-5 * 24 : -4 * 24] = np.nan
    days = {version.scores["judged_days"] for version in trained(series).versions}
    assert len(days) == 1
    assert days.pop() < DAYS


def test_with_little_history_the_naive_is_alone_and_a_note_says_why() -> None:
    found = trained(prices(25, noise=5.0))
    assert [v.method for v in found.versions] == [found.best.method]
    assert found.best.method in naive.LAGS
    assert found.best.weights == {}
    assert len(found.notes) == 1
    assert found.notes[0].startswith("no ridge of price A: only ")


def test_a_naive_version_names_the_better_one() -> None:
    series = prices(40, noise=5.0)
    judged = naive.judge(series, issued_at=AS_OF, horizon=next_local_day(AS_OF, 60, ZONE), days=DAYS, zone=ZONE)
    version = naive_version(series, judged, AS_OF, judged.best)
    assert version.model_version == f"price-A-{judged.best}-2024-06-01T14:30Z"
    assert version.scores["mae"] == judged.scores[judged.best]
