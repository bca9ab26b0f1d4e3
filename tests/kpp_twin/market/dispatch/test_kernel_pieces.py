"""Piecewise linear functions: what is made of them equals, point by point, what the definitions say."""

from pathlib import Path
from typing import Any

import numpy as np
from conftest import IS_FULL
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_python import plain_kernels

import kpp_twin.market.dispatch
from kpp_twin.market.dispatch.kernel_pieces import appended, convolved, cut_into, higher

FOLDER = Path(kpp_twin.market.dispatch.__file__).parent
PLAIN = plain_kernels(FOLDER, ["kernel_pieces"])["kernel_pieces"]
NARROW = 1e-9
Pieces = tuple[np.ndarray, np.ndarray]


@st.composite
def functions(draw: st.DrawFn, left: float | None = None) -> Pieces:
    """Edges and slopes; whole numbers among them, so that ties happen."""
    widths = draw(st.lists(st.one_of(st.integers(1, 5), st.floats(0.1, 5.0)), max_size=8))
    numbers = st.one_of(st.integers(-4, 4), st.floats(-5.0, 5.0).map(lambda x: round(x, 6)))
    slopes = draw(st.lists(numbers, min_size=len(widths), max_size=len(widths)))
    first = draw(st.floats(-5.0, 5.0)) if left is None else left
    return first + np.concatenate([[0.0], np.cumsum(widths)]), np.array(slopes, dtype=float)


def value(pieces: Pieces, at: Any) -> Any:
    """Value less that at the left edge."""
    edge, slope = pieces
    return np.interp(at, edge, np.concatenate([[0.0], np.cumsum(slope * np.diff(edge))]))


def points(*edges: np.ndarray) -> np.ndarray:
    """All edges, and points between them."""
    known = np.unique(np.concatenate(edges))
    return np.unique(np.concatenate([known, (known[1:] + known[:-1]) / 2, np.linspace(known[0], known[-1], 23)]))


@settings(max_examples=200 if IS_FULL else 25)
@given(functions(), st.floats(0.1, 8.0), st.one_of(st.integers(-4, 4), st.floats(-5.0, 5.0)))
def test_taking_out_leads_to_the_best_within_reach(function: Pieces, width: float, rate: float) -> None:
    edge, _ = function
    new = convolved(*function, width, float(rate), NARROW)
    assert [part.tobytes() for part in new] == [
        part.tobytes() for part in PLAIN.convolved(*function, width, float(rate), NARROW)
    ]
    assert (new[0][0], new[0][-1]) == (edge[0], edge[-1] + width)
    at = points(new[0])[:, np.newaxis]
    low, high = np.maximum(edge[0], at - width), np.minimum(edge[-1], at)
    ends = np.clip(edge, low, high)  # the best lies at an edge, or at an end of the reach
    best = np.max(value(function, np.hstack([ends, low, high])) + rate * (at - np.hstack([ends, low, high])), axis=1)
    assert np.abs(value(new, at[:, 0]) - best).max() <= 1e-6


@settings(max_examples=200 if IS_FULL else 25)
@given(functions(), st.data(), st.floats(-10.0, 10.0))
def test_the_higher_of_two_where_both_are_and_the_only_one_elsewhere(
    one: Pieces, data: st.DataObject, less: float
) -> None:
    other = data.draw(functions(left=data.draw(st.sampled_from(one[0]))))
    if other[0][-1] < one[0][-1]:
        other = (np.append(other[0], one[0][-1]), np.append(other[1], 0.0))
    new = higher(*one, *other, less, NARROW)
    plain = PLAIN.higher(*one, *other, less, NARROW)
    assert [part.tobytes() for part in new] == [part.tobytes() for part in plain]

    def best(at: float) -> float:
        worths = [
            value(pieces, at) + shift
            for pieces, shift in ((one, less), (other, 0.0))
            if pieces[0][0] <= at <= pieces[0][-1]
        ]
        return float(max(worths))

    where = points(new[0])
    # Where the second begins above the first the value leaps; dispatch never asks for that.
    if value(one, other[0][0]) + less >= 0.0 and value(other, one[0][-1]) >= value(one, one[0][-1]) + less:
        assert np.abs(value(new, where) - [best(at) - best(where[0]) for at in where]).max() <= 1e-6


@settings(max_examples=200 if IS_FULL else 25)
@given(functions(), st.floats(-6.0, 10.0), st.floats(0.0, 10.0))
def test_a_cut_leaves_what_lies_within(function: Pieces, low: float, width: float) -> None:
    edge, slope = np.empty(20), np.empty(20)
    if low > function[0][-1] or low + width < function[0][0]:
        return
    count = cut_into(*function, low, low + width, edge, slope, NARROW)
    new = edge[: count + 1], slope[:count]
    assert new[0][-1] == min(low + width, function[0][-1])
    at = points(new[0])
    assert np.abs(value(new, at) - value(function, at) + value(function, new[0][0])).max() <= 1e-6


def test_slivers_go_and_equal_slopes_are_one_piece() -> None:
    edge, slope = np.empty(4), np.empty(4)
    count = 0
    for at, rate in ((0.0, 3.0), (1.0, 3.0), (2.0, 7.0), (2.0 + 1e-12, 3.0), (4.0, 1.0)):
        count = appended(edge, slope, count, at, rate, NARROW)
    assert (edge[:count].tolist(), slope[:count].tolist()) == ([0.0, 4.0], [3.0, 1.0])
