"""Programmes from parts: places, sums and what is left out."""

import numpy as np
import pytest

from kpp_twin.market.dispatch.site_parts import ProgrammeParts


@pytest.fixture
def parts():
    parts = ProgrammeParts()
    first = parts.add_columns(("power", "a"), 2, upper=np.array([5.0, 6]), cost=1.0)
    second = parts.add_columns(("power", "b"), 1, lower=-np.inf)
    parts.add_rows(("sum",), 2, [(np.arange(2), first, 2.0), (np.arange(2), second[0], [3.0, 0.0])], upper=[7.0, 8.0])
    parts.add_rows(("last",), 1, [(0, first, 1.0), (0, first[1], 4.0)], lower=1.0)
    return parts


def test_columns_and_rows_stand_where_their_keys_say(parts):
    programme = parts.programme()
    assert programme.matrix.toarray().tolist() == [[2, 0, 3], [0, 2, 0], [1, 5, 0]]
    assert programme.columns["power", "b"].tolist() == [2]
    assert programme.rows["last",].tolist() == [2]
    assert programme.upper.tolist() == [5, 6, np.inf]
    assert programme.row_lower.tolist() == [-np.inf, -np.inf, 1]
    assert programme.row_upper.tolist() == [7, 8, np.inf]


def test_zeros_are_left_out_and_a_row_names_its_columns(parts):
    programme = parts.programme()
    assert programme.matrix.nnz == 5
    columns, values = programme.of_row(2)
    assert columns.tolist() == [0, 1]
    assert values.tolist() == [1, 5]


def test_costs_of_a_column_named_twice_add_up(parts):
    parts.add_cost(np.array([0, 0, 2]), np.array([1.0, 2.0, 5.0]))
    assert parts.programme().cost.tolist() == [4, 1, 5]


def test_rows_of_no_steps_are_no_rows(parts):
    parts.add_rows(("none",), 0, [(np.arange(0), np.arange(0), 1.0)])
    assert parts.programme().matrix.shape == (3, 3)
