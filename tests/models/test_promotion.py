import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.promotion import (
    DAYS_BETWEEN_LOOKS,
    FIRST_DAYS,
    FIRST_DAYS_BACK,
    LAST_DAYS,
    LAST_LIMIT,
    judge_challenger,
    judge_champion,
)
from models.promotion import HAC_LAGS as LAGS

seeds = st.integers(0, 10_000)


def losses(seed: int, ratio: float, n_days: int = LAST_DAYS, apart: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """Losses of a champion, and of a challenger whose losses are `ratio` of them, apart from chance."""
    rng = np.random.default_rng(seed)
    level = np.exp(rng.normal(0, 0.6, n_days))
    champion, challenger = (level * np.exp(apart * rng.standard_normal(n_days)) for _ in range(2))
    return champion, ratio * challenger


def test_nothing_is_decided_before_four_weeks() -> None:
    champion, challenger = losses(1, 0.5, FIRST_DAYS - 1)
    found = judge_challenger(champion, challenger)
    assert (found.decision, found.n_days, found.statistic, found.limit) == ("wait", FIRST_DAYS - 1, None, None)
    assert judge_challenger(*losses(1, 0.5, FIRST_DAYS)).decision == "promote"


def test_a_challenger_that_is_much_better_is_promoted_at_the_first_look() -> None:
    found = judge_challenger(*losses(1, 0.7))
    assert (found.decision, found.n_days) == ("promote", FIRST_DAYS)
    assert found.loss_ratio == pytest.approx(0.7, abs=0.03)
    assert found.limit == pytest.approx(LAST_LIMIT * math.sqrt(LAST_DAYS / FIRST_DAYS))
    assert found.statistic is not None
    assert found.statistic <= -found.limit


def test_a_champion_that_is_as_good_or_better_is_kept_after_sixty_days() -> None:
    champion, _ = losses(1, 1.0)
    assert judge_challenger(champion, champion).decision == "keep"
    assert judge_challenger(*losses(2, 1.3)).decision == "keep"
    assert judge_challenger(*losses(2, 1.3, LAST_DAYS - 1)).decision == "wait"


def test_a_bad_champion_gives_its_place_back_sooner() -> None:
    found = judge_champion(*losses(1, 0.7))
    assert (found.decision, found.n_days) == ("promote", FIRST_DAYS_BACK)


@given(seeds, st.floats(0.9, 1.1), st.integers(0, 100))
def test_a_decision_stays_whatever_comes_after(seed: int, ratio: float, n_days: int) -> None:
    """The poison test of a gate: days after the look that decided move nothing."""
    champion, challenger = losses(seed, ratio, 100)
    early = judge_challenger(champion[:n_days], challenger[:n_days])
    if early.decision != "wait":
        later = challenger.copy()
        later[early.n_days :] = 1e6
        assert judge_challenger(champion, later) == early


@given(seeds)
def test_days_without_a_loss_do_not_count(seed: int) -> None:
    champion, challenger = losses(seed, 0.97)
    gap = np.insert(champion, [3, 30], np.nan), np.insert(challenger, [3, 30], [7.0, np.nan])
    assert judge_challenger(*gap) == judge_challenger(champion, challenger)


@given(seeds, st.floats(1e-3, 1e3))
def test_the_unit_of_the_losses_does_not_matter(seed: int, unit: float) -> None:
    one, other = (judge_challenger(scale * a, scale * b) for scale in (1.0, unit) for a, b in [losses(seed, 0.96)])
    assert (one.decision, one.n_days) == (other.decision, other.n_days)
    assert one.statistic == pytest.approx(other.statistic)


def test_the_statistic_is_that_of_newey_and_west() -> None:
    champion, challenger = losses(3, 0.99)
    difference = 2 * (challenger - champion) / (challenger + champion)
    error = difference - difference.mean()
    n_days = len(error)
    covariance = [float(error[lag:] @ error[: n_days - lag]) / n_days for lag in range(LAGS + 1)]
    variance = covariance[0] + 2 * sum((1 - lag / (LAGS + 1)) * covariance[lag] for lag in range(1, LAGS + 1))
    found = judge_challenger(champion, challenger)
    assert found.n_days == LAST_DAYS
    assert found.statistic == pytest.approx(difference.mean() / math.sqrt(variance / n_days))


def test_losses_of_nothing_are_no_reason_to_change() -> None:
    found = judge_challenger(np.zeros(60), np.zeros(60))
    assert (found.decision, found.loss_ratio, found.statistic) == ("keep", None, 0.0)
    assert judge_challenger(np.full(60, 2.0), np.full(60, 1.0)).decision == "promote"
    assert judge_challenger(np.full(60, 1.0), np.full(60, 2.0)).decision == "keep"


def test_a_lower_mean_is_needed_too() -> None:
    """Better on most days, but far worse in sum."""
    champion, challenger = losses(4, 0.9)
    challenger[::10] = 20 * champion[::10]
    found = judge_challenger(champion, challenger)
    assert found.decision == "keep"


def test_the_last_look_is_on_the_last_day() -> None:
    assert (LAST_DAYS - FIRST_DAYS) % DAYS_BETWEEN_LOOKS == 0
    assert (LAST_DAYS - FIRST_DAYS_BACK) % DAYS_BETWEEN_LOOKS == 0
