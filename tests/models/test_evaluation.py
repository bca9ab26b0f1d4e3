from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import scores
from models.evaluation import WEEKLY_NAIVE, Issued, NothingToScoreError, evaluate, weekly_naive

BERLIN, UTC = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
LEVELS = np.arange(1, 20) / 20


def issued(n_days: int = 28, zone: ZoneInfo = UTC, start: str = "2024-03-11", seed: int = 1) -> Issued:
    """Hourly forecasts whose errors are even between -1 and 1, with honest quantiles."""
    first = pd.Timestamp(start, tz=zone)
    index = pd.date_range(first, first + pd.DateOffset(days=n_days), freq="h", inclusive="left").tz_convert("UTC")
    rng = np.random.default_rng(seed)
    forecast = 10.0 + 5.0 * rng.standard_normal(len(index))
    return Issued(
        valid_from=index,
        actual=forecast + rng.uniform(-1, 1, len(index)),
        forecast=forecast,
        quantiles=forecast[:, None] + (2 * LEVELS - 1),
        levels=LEVELS,
        references={"worse": forecast + 0.5},
    )


def test_scores_are_those_of_even_errors() -> None:
    found = evaluate(issued(364), UTC)
    whole = found.days["all"]
    assert (whole.n_days, whole.n_intervals) == (364, 364 * 24)
    assert whole.mae == pytest.approx(1 / 2, rel=0.03)
    assert whole.rmse == pytest.approx(1 / np.sqrt(3), rel=0.03)
    assert whole.bias == pytest.approx(0, abs=0.03)
    assert whole.crps == pytest.approx(0.35, rel=0.05)  # twice the mean of level (1 - level), over 19 levels
    assert (whole.coverage_50, whole.coverage_80, whole.coverage_90) == pytest.approx((0.5, 0.8, 0.9), abs=0.02)
    assert found.below == pytest.approx(LEVELS, abs=0.02)
    assert (found.first_day, found.last_day) == (date(2024, 3, 11), date(2025, 3, 9))


def test_the_other_forecasts_are_compared_on_the_same_intervals() -> None:
    part = issued()
    worse = part.references["worse"].copy()
    worse[:240] = np.nan
    against = evaluate(replace(part, references={"worse": worse}), UTC).against
    assert list(against) == [WEEKLY_NAIVE, "worse"]
    assert against["worse"].n_intervals == 18 * 24
    kept = slice(240, None)
    ratio = scores.mae(part.actual[kept], part.forecast[kept]) / scores.mae(part.actual[kept], worse[kept])
    assert against["worse"].mae_ratio == pytest.approx(ratio)
    assert against["worse"].p_value is not None
    assert against["worse"].p_value < 0.01
    assert against[WEEKLY_NAIVE].n_intervals == 21 * 24


def test_the_error_relative_to_the_naive_is_the_published_measure() -> None:
    part = issued(70)
    expected = scores.rmae(part.actual.reshape(-1, 24), part.forecast.reshape(-1, 24))
    assert evaluate(part, UTC).days["all"].rmae == pytest.approx(expected)


def test_days_of_23_and_25_hours_stand_apart_and_count_whole() -> None:
    spring, autumn = issued(zone=BERLIN, start="2024-03-25", n_days=14), issued(zone=BERLIN, start="2024-10-21")
    for part, hours in ((spring, 23), (autumn, 25)):
        days = evaluate(part, BERLIN).days
        assert (days["clock change"].n_days, days["clock change"].n_intervals) == (1, hours)
        assert days["ordinary"].n_intervals + hours == days["all"].n_intervals == len(part.actual)


def test_the_weekly_naive_keeps_to_the_clock() -> None:
    part = issued(zone=BERLIN, start="2024-03-25", n_days=14)
    naive = pd.Series(weekly_naive(part, BERLIN), part.valid_from.tz_convert(BERLIN))
    actual = pd.Series(part.actual, part.valid_from.tz_convert(BERLIN))
    assert naive["2024-04-02 08:00+02:00"] == actual["2024-03-26 08:00+01:00"]
    assert naive[:"2024-03-31 23:59"].isna().all()


def test_holidays_stand_apart() -> None:
    easter = (date(2024, 4, 1) - date(1970, 1, 1)).days
    days = evaluate(issued(), UTC, lambda days: np.where(days == easter, 1.0, 0.3)).days
    assert set(days) == {"all", "ordinary", "holiday"}
    assert (days["holiday"].n_days, days["ordinary"].n_days) == (1, 27)
    assert "holiday" not in evaluate(issued(), UTC).days


def test_hours_are_scored_in_blocks_and_one_by_one() -> None:
    part = issued()
    part.forecast[part.valid_from.hour < 6] += 9.0
    found = evaluate(part, UTC)
    assert list(found.hours) == ["00-06", "06-12", "12-18", "18-24"]
    assert all(block.n_intervals == 28 * 6 for block in found.hours.values())
    assert found.hours["00-06"].mae == pytest.approx(9.0, abs=0.2)
    assert (found.mae_by_hour[:6] > 8).all()
    assert (found.mae_by_hour[6:] < 1).all()


@given(st.integers(0, 30), st.sampled_from(["actual", "forecast"]))
def test_an_interval_without_a_value_counts_nowhere(seed: int, name: str) -> None:
    part = issued(21, seed=seed)
    missing = np.random.default_rng(seed).random(len(part.actual)) < 0.2
    values = np.where(missing, np.nan, getattr(part, name))
    found = evaluate(replace(part, **{name: values}), UTC)
    whole = found.days["all"]
    assert whole.n_intervals == (~missing).sum()
    assert whole.mae == pytest.approx(scores.mae(part.actual[~missing], part.forecast[~missing]))
    assert sum(block.n_intervals for block in found.hours.values()) == whole.n_intervals


def test_days_before_the_first_forecast_serve_the_naive() -> None:
    part = issued(14)
    forecast = np.where(np.arange(len(part.forecast)) < 7 * 24, np.nan, part.forecast)
    found = evaluate(replace(part, forecast=forecast), UTC)
    assert found.against[WEEKLY_NAIVE].n_intervals == found.days["all"].n_intervals == 7 * 24


def test_bands_and_crps_need_their_levels() -> None:
    part = issued()
    few = replace(part, quantiles=part.quantiles[:, [0, 9, 18]], levels=LEVELS[[0, 9, 18]])
    whole = evaluate(few, UTC).days["all"]
    assert (whole.coverage_50, whole.coverage_80, whole.crps) == (None, None, None)
    assert whole.coverage_90 == pytest.approx(0.9, abs=0.03)
    none = evaluate(replace(part, quantiles=part.quantiles[:, :0], levels=LEVELS[:0]), UTC)
    assert none.days["all"].coverage_90 is None
    assert none.below.shape == (0,)


def test_all_figures_are_plain_values() -> None:
    plain = evaluate(replace(issued(7), references={}), UTC).as_json()
    assert plain["first_day"] == "2024-03-11"
    assert plain["naive_mae_by_hour"] == [None] * 24
    assert plain["days"]["all"]["rmae"] is None
    assert plain["against"][WEEKLY_NAIVE] == {"n_intervals": 0, "mae_ratio": None, "p_value": None}


def test_nothing_to_score_says_what_there_is() -> None:
    part = issued(2)
    with pytest.raises(NothingToScoreError, match="48 have an actual value, 0 a forecast"):
        evaluate(replace(part, forecast=np.full(48, np.nan)), UTC)
