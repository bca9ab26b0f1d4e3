"""The kernel over days, and how its parameters are found."""

import numpy as np
import pytest

from models.families import day_kernel


def test_the_gradient_of_the_loss_is_its_slope() -> None:
    rng = np.random.default_rng(5)
    groups = [rng.normal(size=(40, columns)) for columns in (5, 3)]
    grams = np.array([group @ group.T for group in groups])
    targets = rng.normal(size=(40, 4))
    start = np.log(rng.uniform(0.01, 1.0, 4 + len(day_kernel.TIME)))
    at = start + rng.normal(0, 0.3, len(start))
    gradient = day_kernel.loss(at, grams, targets, start)[1]
    for entry, step in enumerate(1e-5 * np.eye(len(at))):
        ahead, behind = (day_kernel.loss(at + sign * step, grams, targets, start)[0] for sign in (1, -1))
        assert gradient[entry] == pytest.approx((ahead - behind) / 2e-5, abs=1e-8)


def test_tuning_lowers_the_loss() -> None:
    rng = np.random.default_rng(6)
    groups = [rng.normal(size=(40, 3))]
    targets = groups[0] @ rng.normal(size=(3, 4)) + 0.1 * rng.normal(size=(40, 4))
    grams = np.array([groups[0] @ groups[0].T])
    start = np.log(np.full(2 + len(day_kernel.TIME), 0.1))
    found = day_kernel.tuned(groups, targets, start, start, 20)
    assert day_kernel.loss(found, grams, targets, start)[0] < day_kernel.loss(start, grams, targets, start)[0] - 0.1
    assert found[0] > start[0]  # all is linear here
