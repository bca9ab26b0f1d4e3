"""Availability counts what was missing of what was committed, and knows nothing where nothing was."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.availability import availability
from kpp_twin.errors import TwinError

NEVER = np.zeros(100, dtype=bool)


def test_an_outage_counts_by_its_time_and_a_derate_by_its_power() -> None:
    out = np.where(np.arange(100) < 10, 0.0, 500.0)
    assert availability(np.full(100, 400.0), out, NEVER).share == pytest.approx(0.9)
    derated = np.where(np.arange(100) < 10, 300.0, 500.0)
    assert availability(np.full(100, 400.0), derated, NEVER).share == pytest.approx(0.975)


def test_steps_weigh_what_was_committed() -> None:
    committed = np.where(np.arange(100) < 10, 900.0, 100.0)
    available = np.where(np.arange(100) < 10, 0.0, 100.0)
    assert availability(committed, available, NEVER).share == pytest.approx(0.5)


def test_planned_outages_stand_apart() -> None:
    committed, planned = np.full(100, 400.0), np.arange(100) < 20
    figures = availability(committed, np.where(planned, 0.0, 400.0), planned)
    assert (figures.share, figures.planned_share) == pytest.approx((1.0, 0.2))


def test_nothing_committed_proves_nothing() -> None:
    figures = availability(np.zeros(100), np.full(100, 500.0), NEVER)
    assert (figures.share, figures.planned_share) == (None, None)
    all_planned = availability(np.full(100, 400.0), np.zeros(100), ~NEVER)
    assert (all_planned.share, all_planned.planned_share) == (None, 1.0)


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 1000), st.booleans()), min_size=1, max_size=40))
def test_figures_are_shares_and_only_what_is_committed_counts(steps: list[tuple[float, float, bool]]) -> None:
    committed, available = (np.array([step[column] for step in steps]) for column in (0, 1))
    planned = np.array([step[2] for step in steps])
    figures = availability(committed, available, planned)
    for share in (figures.share, figures.planned_share):
        assert share is None or 0 <= share <= 1
    assert availability(committed, np.minimum(available, committed), planned) == figures


def test_impossible_figures_are_refused() -> None:
    with pytest.raises(TwinError) as caught:
        availability(np.array([-1.0, math.nan]), np.zeros(2), np.zeros(2))
    for fault in ("committed_kw is negative", "committed_kw holds 1", "planned_outage must be truth of shape (2,)"):
        assert fault in str(caught.value)
