"""Days drawn from quantiles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from models.conformal import LEVELS
from models.scenarios import scenarios
from models.scores import energy_score

N_SLOTS = 8
QUANTILES = np.tile(norm.ppf(LEVELS), (N_SLOTS, 1))


def correlated(n_days: int, seed: int) -> np.ndarray:
    """Errors of days that are wholly too high or too low, with little of each slot's own."""
    rng = np.random.default_rng(seed)
    return 0.95 * rng.normal(0, 1, (n_days, 1)) + np.sqrt(1 - 0.95**2) * rng.normal(0, 1, (n_days, N_SLOTS))


def test_each_slot_keeps_its_quantiles() -> None:
    found = scenarios(10 + 3 * QUANTILES, correlated(90, 1), 200, np.random.default_rng(3))
    assert found.shape == (200, N_SLOTS)
    by_slot = np.quantile(found, [0.05, 0.5, 0.95], axis=0).T
    assert by_slot == pytest.approx(np.tile(10 + 3 * norm.ppf([0.05, 0.5, 0.95]), (N_SLOTS, 1)), abs=0.15)


def test_tails_go_beyond_the_outermost_quantiles() -> None:
    found = scenarios(QUANTILES, correlated(90, 1), 1000, np.random.default_rng(3))
    assert found.max() == pytest.approx(norm.ppf(0.9995), abs=0.4)
    assert found.min() == pytest.approx(norm.ppf(0.0005), abs=0.4)


def test_slots_go_together_as_past_errors_did() -> None:
    past = correlated(300, 1)
    past[:, 4:] *= -5
    past[::7, 2] = np.nan
    found = np.corrcoef(scenarios(QUANTILES, past, 500, np.random.default_rng(3)).T)
    assert found[0, 1] > 0.8
    assert found[0, 5] < -0.8


def test_joint_draws_score_better_than_independent_ones() -> None:
    generator, came = np.random.default_rng(3), correlated(60, 5)
    joint = scenarios(QUANTILES, correlated(90, 1), 200, generator)
    alone = np.column_stack([generator.permutation(slot) for slot in joint.T])
    assert np.mean([energy_score(day, joint) for day in came]) < 0.97 * np.mean(
        [energy_score(day, alone) for day in came]
    )


def test_steps_of_joint_draws_are_nearer_to_what_comes() -> None:
    """The variogram of order 1 between neighbours: independent slots jump about."""
    generator, came = np.random.default_rng(3), correlated(2000, 5)
    joint = scenarios(QUANTILES, correlated(90, 1), 200, generator)
    alone = np.column_stack([generator.permutation(slot) for slot in joint.T])
    step, wanted, wild = (np.abs(np.diff(days, axis=1)).mean() for days in (joint, came, alone))
    assert abs(step - wanted) < 0.3 * abs(wild - wanted)


def test_a_seed_makes_the_same_days_again() -> None:
    first, again = (scenarios(QUANTILES, correlated(30, 1), 50, np.random.default_rng(9)) for _ in range(2))
    assert first.tobytes() == again.tobytes()


@given(st.integers(0, 40), st.integers(1, 60), st.sampled_from([1, 24, 96]))
def test_days_can_be_drawn_from_any_past(n_days: int, n_scenarios: int, n_slots: int) -> None:
    rng = np.random.default_rng(n_days)
    past = np.where(rng.random((n_days, n_slots)) < 0.3, np.nan, np.round(rng.normal(0, 1, (n_days, n_slots))))
    quantiles = np.tile(LEVELS * 50, (n_slots, 1))
    found = scenarios(quantiles, past, n_scenarios, rng)
    assert found.shape == (n_scenarios, n_slots)
    assert np.isfinite(found).all()


def test_a_sure_slot_stays_at_its_value() -> None:
    assert scenarios(np.full((2, 99), 5.0), np.zeros((9, 2)), 20, np.random.default_rng(1)) == pytest.approx(5.0)
