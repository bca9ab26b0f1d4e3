"""A performance score says how well a regulation signal was followed, by the scheme of the day."""

import math
import time
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.scheme import (
    PerformanceScore,
    hourly_scores,
    mileage,
    performance_score,
    regulation_credit,
    scoring_scheme,
)
from kpp_twin.errors import TwinError

TIME_S = np.arange(0, 3600, 10.0)
SINE = np.sin(2 * np.pi * TIME_S / 600)


def figures(score: PerformanceScore | None) -> list[float]:
    assert score is not None
    return [score.score, score.accuracy, score.delay, score.precision]


def wandering(seed: int, samples: int) -> np.ndarray:
    """A signal that wanders about zero, of some hundred kW."""
    noise = np.random.default_rng(seed).standard_normal(samples + 20)
    return 100 * np.convolve(noise, np.ones(21), mode="valid")


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (SINE, [1, 1, 1, 1]),
        (0.8 * SINE, [0.9333, 1, 1, 0.8]),
        (np.sin(2 * np.pi * (TIME_S - 60) / 600), [0.756, 0.952, 0.934, 0.382]),
        (SINE + 0.1, [0.9476, 1, 1, 0.843]),
        (np.zeros(360), [0, 0, 0, 0]),
    ],
    ids=["perfect", "four fifths", "a minute late", "a constant more", "dead"],
)
def test_fr_09_score_of_a_sine(response: np.ndarray, expected: list[float]) -> None:
    assert figures(performance_score(SINE, response, step_s=10)) == pytest.approx(expected, abs=0.01)


def plainly(reference: np.ndarray, response: np.ndarray) -> tuple[float, float]:
    """Accuracy and delay window by window, for signals that always move."""
    best = []
    for start in range(len(reference) - 59):
        window = reference[start : start + 30]
        tries = [(np.corrcoef(window, response[start + d : start + d + 30])[0, 1], 1 - d / 30) for d in range(31)]
        correlation, delay = max(tries, key=sum)
        best.append((min(max(correlation, 0), 1), 1 if delay > 0.95 else delay))
    return tuple(np.mean(best, axis=0))


def test_the_score_is_the_formula_window_by_window() -> None:
    reference = wandering(1, 90)
    response = 0.9 * np.roll(reference, 3) + 0.2 * wandering(2, 90)
    score = performance_score(reference, response, step_s=10)
    assert figures(score)[1:3] == pytest.approx(plainly(reference, response))
    assert score.precision == pytest.approx(1 - np.abs(response - reference).mean() / np.abs(reference).mean())
    assert score.score == pytest.approx((score.accuracy + score.delay + score.precision) / 3)


@given(st.integers(0, 10**6), st.integers(60, 800), st.floats(-300, 300), st.floats(1e-3, 1e3))
def test_a_perfect_response_scores_1_and_a_dead_one_0(seed: int, samples: int, offset: float, unit: float) -> None:
    reference = unit * (wandering(seed, samples) + offset)
    assert figures(performance_score(reference, reference, step_s=10)) == pytest.approx([1, 1, 1, 1])
    for dead in (np.zeros(samples), 1e-6 * np.random.default_rng(seed).standard_normal(samples) * unit):
        assert figures(performance_score(reference, dead, step_s=10)) == pytest.approx([0, 0, 0, 0], abs=1e-6)


@given(st.integers(0, 10**6), st.floats(1e-3, 1e3))
def test_scores_are_shares_and_know_no_unit(seed: int, unit: float) -> None:
    reference, response = wandering(seed, 100), wandering(seed + 1, 100)
    score = figures(performance_score(reference, response, step_s=10))
    assert all(0 <= share <= 1 for share in score)
    assert figures(performance_score(unit * reference, unit * response, step_s=10)) == pytest.approx(score)


def test_a_latency_of_10_s_is_forgiven() -> None:
    reference = wandering(3, 360)
    late = [performance_score(reference, np.roll(reference, samples), step_s=10) for samples in (1, 2, 3)]
    assert late[0].delay == pytest.approx(1)
    assert 0.93 < late[1].delay < 0.96
    assert late[2].delay < late[1].delay


def test_a_flat_signal_is_compared_by_slope() -> None:
    held = np.full(360, 100.0)
    assert figures(performance_score(held, held, step_s=10)) == pytest.approx([1, 1, 1, 1])
    half = performance_score(held, held / 2, step_s=10)
    assert figures(half) == pytest.approx([2.5 / 3, 1, 1, 0.5])
    drifting = performance_score(held, 100 + np.arange(360.0), step_s=10)
    assert drifting.accuracy == pytest.approx(1 - 0.3), "30 kW in a window, of 100 kW"
    assert performance_score(held, np.zeros(360), step_s=10).score == 0


def test_a_dead_unit_scores_0_also_where_the_signal_rests_or_stands() -> None:
    reference = np.concatenate([np.zeros(120), np.full(120, 100.0), 100 * SINE[:120]])
    assert performance_score(reference, np.zeros(360), step_s=10).score == 0


def test_a_unit_that_is_stuck_has_precision_alone() -> None:
    reference = 100 + 10 * SINE
    stuck = performance_score(reference, np.full(360, 100.0), step_s=10)
    assert (stuck.accuracy, stuck.delay) == (0, 0)
    assert stuck.precision == pytest.approx(0.936, abs=1e-3)


def test_fine_samples_are_averaged_to_10_s() -> None:
    fine = np.repeat(SINE, 10)
    assert performance_score(fine, 0.5 * fine, step_s=1) == performance_score(SINE, 0.5 * SINE, step_s=10)
    assert performance_score(np.repeat(SINE, 100), np.repeat(SINE, 100), step_s=0.1).score == pytest.approx(1)


def test_hours_are_scored_one_by_one_and_a_rest_counts_to_the_last() -> None:
    signal = np.tile(SINE, 3)
    response = np.concatenate([SINE, 0.8 * SINE, np.zeros(360)])
    hours = hourly_scores(signal, response, step_s=10)
    assert [hour.score for hour in hours] == pytest.approx([1, 2.8 / 3, 0])
    assert performance_score(signal, response, step_s=10).score == pytest.approx(np.mean([1, 2.8 / 3, 0]))
    assert [len(hourly_scores(signal[:n], response[:n], step_s=10)) for n in (60, 360, 419, 420, 1080)] == [
        1,
        1,
        1,
        2,
        3,
    ]


def test_hours_in_which_nothing_was_asked_are_not_scored() -> None:
    signal = np.concatenate([np.zeros(360), SINE])
    assert hourly_scores(signal, signal, step_s=10)[0] is None
    assert performance_score(signal, 0.8 * signal, step_s=10).score == pytest.approx(2.8 / 3)
    assert performance_score(np.zeros(360), SINE, step_s=10) is None
    late = np.where(np.arange(360) < 335, 0.0, SINE)
    assert performance_score(late, late, step_s=10) is None, "no window reaches so far"


@pytest.mark.parametrize(
    ("samples", "step_s", "fault"),
    [
        (599, 1, "599 steps are not whole 10 s, 600 s or more"),
        (605, 1, "605 steps are not whole 10 s"),
        (360, 3, "step_s 3 does not divide 10 s"),
        (360, 20, "step_s 20 does not divide 10 s"),
        (360, 0, "step_s must be positive"),
        (360, math.nan, "step_s nan does not divide"),
    ],
)
def test_series_that_cannot_be_scored_are_refused(samples: int, step_s: float, fault: str) -> None:
    with pytest.raises(TwinError, match=fault):
        performance_score(np.ones(samples), np.ones(samples), step_s=step_s)


def test_missing_values_are_refused() -> None:
    with pytest.raises(TwinError, match="response_kw holds 1 value"):
        performance_score(SINE, np.where(TIME_S == 50, math.nan, SINE), step_s=10)


def test_a_day_of_seconds_is_scored_at_once() -> None:
    signal = wandering(4, 86_400)
    began = time.process_time()
    hours = hourly_scores(signal, np.roll(signal, 15), step_s=1)
    assert len(hours) == 24
    assert time.process_time() - began < 0.3


def test_mileage_is_the_way_up_and_down() -> None:
    assert mileage(np.array([0.0, 1.0, -1.0, -1.0, 0.5])) == pytest.approx(4.5)
    assert mileage(np.array([0.3])) == 0
    with pytest.raises(TwinError, match="signal holds 1"):
        mileage(np.array([0.0, math.nan]))


CREDIT = {
    "regulation_kw": 1000.0,
    "score": 0.9,
    "mileage_ratio": 3.0,
    "capability_price_per_mw": 20.0,
    "mileage_price_per_mw": 5.0,
}


def test_fr_10_credit_of_an_hour_of_regulation() -> None:
    assert regulation_credit(**CREDIT) == pytest.approx(31.50, abs=1e-9)


def test_an_impossible_credit_is_refused() -> None:
    with pytest.raises(TwinError) as caught:
        regulation_credit(**CREDIT | {"score": math.nan, "mileage_ratio": -1.0, "mileage_price_per_mw": math.inf})
    for fault in ("score must be in [0, 1], not nan", "mileage_ratio must be positive", "mileage_price_per_mw must be"):
        assert fault in str(caught.value)


@pytest.mark.parametrize("day", [date(2012, 10, 1), date(2024, 2, 29), date(2025, 9, 30)])
def test_days_of_two_signals_are_scored_by_the_performance_score(day: date) -> None:
    assert scoring_scheme(day).score is performance_score


@pytest.mark.parametrize("day", [date(2012, 9, 30), date(2025, 10, 1), date(2030, 1, 1)])
def test_days_without_a_verified_scheme_are_refused(day: date) -> None:
    with pytest.raises(TwinError, match=f"known for {day}.*2012-10-01 to 2025-09-30.*Next: add the scheme"):
        scoring_scheme(day)
