"""Trees on what the process of a load leaves over: what they gain, and what they may not see."""

from dataclasses import replace

import numpy as np
import pytest
from load_tables import made_up_load, poisoned

from models.days import DayTables
from models.families import load_days, load_trees
from models.families.load_days import OPERATOR_ERROR, OWN_LOAD

FIRST, STOP = 240, 250


def with_a_step() -> DayTables:
    """The load is higher by a tenth where the temperature is above 12: no process bends so sharply."""
    tables = made_up_load(n_days=STOP, noise=0.003)
    return replace(tables, target=tables.target * (1 + 0.1 * (tables.exogenous[1] > 12)))


def test_trees_find_what_the_process_left() -> None:
    tables = with_a_step()
    weights = load_trees.fit(OPERATOR_ERROR, tables, FIRST)
    actual = tables.target[FIRST:STOP]
    process = load_days.forecast(OPERATOR_ERROR, weights, tables, FIRST, STOP)
    values = load_trees.forecast(OPERATOR_ERROR, weights, tables, FIRST, STOP)
    assert np.abs(values - actual).mean() < 0.95 * np.abs(process - actual).mean()


@pytest.mark.parametrize("garbage", [np.nan, 1e9])
def test_what_comes_after_the_issue_moves_nothing(garbage: float) -> None:
    tables = with_a_step()
    row = FIRST + 3
    other = poisoned(tables, row, garbage)
    weights, others = load_trees.fit(OPERATOR_ERROR, tables, row), load_trees.fit(OPERATOR_ERROR, other, row)
    assert any(name.startswith("trees.") for name in weights)
    assert all(np.array_equal(weights[name], others[name]) for name in weights)
    np.testing.assert_array_equal(
        load_trees.forecast(OPERATOR_ERROR, weights, tables, FIRST, STOP)[:4],
        load_trees.forecast(OPERATOR_ERROR, weights, other, FIRST, STOP)[:4],
    )


def test_with_a_short_past_the_process_speaks_alone() -> None:
    tables = made_up_load(n_days=60)
    weights = load_trees.fit(OWN_LOAD, tables, 50)
    np.testing.assert_array_equal(
        load_trees.forecast(OWN_LOAD, weights, tables, 50, 60), load_days.forecast(OWN_LOAD, weights, tables, 50, 60)
    )


def test_a_series_that_is_missing_throughout_leaves_a_forecast() -> None:
    tables = with_a_step()
    exogenous = tables.exogenous.copy()
    exogenous[1] = np.nan
    broken = replace(tables, exogenous=exogenous)
    weights = load_trees.fit(OPERATOR_ERROR, broken, FIRST)
    assert np.isfinite(load_trees.forecast(OPERATOR_ERROR, weights, broken, FIRST, STOP)).all()
