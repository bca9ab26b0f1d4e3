"""The kept programme gives the optimum of every change as if it were solved anew, and says why there is none."""

import logging
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_array, csr_array

from kpp_twin.errors import ConfigError, TwinError
from kpp_twin.market.dispatch import solver
from kpp_twin.market.dispatch.solver import InfeasibleError, Solution, WarmProgramme

INFINITE = np.inf


def programme(**changes) -> WarmProgramme:
    """Two variables up to 10 that make at least 1 together, the first at a cost of 1, the second of 2."""
    parts = {
        "cost": np.array([1.0, 2.0]),
        "lower": np.zeros(2),
        "upper": np.full(2, 10.0),
        "row_lower": np.array([1.0]),
        "row_upper": np.array([INFINITE]),
        "matrix": csc_array(np.array([[1.0, 1.0]])),
    }
    return WarmProgramme(**(parts | changes))


def random_parts(seed: int, n: int = 8, m: int = 5) -> dict:
    """A programme of ``n`` variables from 0 that always has a solution, with many ties."""
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-3, 4, (m, n)) * (rng.random((m, n)) < 0.6) * 1.0
    inside = matrix @ rng.integers(0, 3, n)
    return {
        "cost": rng.integers(-5, 6, n) * 1.0,
        "lower": np.zeros(n),
        "upper": rng.integers(2, 9, n) * 1.0,
        "row_lower": np.where(rng.random(m) < 0.3, -INFINITE, inside - rng.integers(0, 4, m)),
        "row_upper": inside + rng.integers(0, 4, m),
        "matrix": csc_array(matrix),
    }


def optimum(parts: dict) -> float:
    """Objective by SciPy; infinite without a solution."""
    found = milp(
        parts["cost"],
        bounds=Bounds(parts["lower"], parts["upper"]),
        constraints=LinearConstraint(parts["matrix"], parts["row_lower"], parts["row_upper"]),
    )
    return INFINITE if found.x is None else found.fun


def exclusive_optimum(parts: dict, pairs: np.ndarray) -> float:
    """Best of all choices between exclusive variables."""
    objectives = []
    for unused in product(*pairs.T):
        upper = parts["upper"].copy()
        upper[list(unused)] = 0.0
        objectives.append(optimum(parts | {"upper": upper}))
    return min(objectives)


def check_limits(parts: dict, x: np.ndarray) -> None:
    rows = parts["matrix"] @ x
    assert np.all(parts["lower"] - 1e-8 <= x)
    assert np.all(x <= parts["upper"] + 1e-8)
    assert np.all(parts["row_lower"] - 1e-8 <= rows)
    assert np.all(rows <= parts["row_upper"] + 1e-8)


@given(st.integers(0, 2**32 - 1), st.lists(st.sampled_from(["cost", "upper", "rows", "matrix", "all"]), max_size=6))
def test_each_change_of_a_kept_programme_gives_the_optimum_of_a_new_one(seed, kinds):
    parts = random_parts(seed)
    warm = WarmProgramme(**parts)
    for step, kind in enumerate(kinds):
        other = random_parts(seed + 1 + step)
        names = {"rows": ["row_lower", "row_upper"], "all": list(parts)}.get(kind, [kind])
        changes = {name: other[name] for name in names}
        parts |= changes
        expected = optimum(parts)
        if np.isinf(expected):
            with pytest.raises(InfeasibleError):
                warm.solve(**changes)
            continue
        solution = warm.solve(**changes)
        assert solution.objective == pytest.approx(expected, abs=1e-7)
        assert solution.objective == pytest.approx(parts["cost"] @ solution.x, abs=1e-7)
        check_limits(parts, solution.x)


@given(st.integers(0, 2**32 - 1))
def test_duals_explain_the_whole_objective(seed):
    parts = random_parts(seed)
    solution = WarmProgramme(**parts).solve()
    check_duals(parts, solution)
    limits = np.where(solution.row_dual > 0, parts["row_lower"], parts["row_upper"])
    bounds = np.where(solution.reduced_cost > 0, parts["lower"], parts["upper"])
    assert solution.row_dual @ limits + solution.reduced_cost @ bounds == pytest.approx(solution.objective, abs=1e-6)


@pytest.mark.parametrize("short_search", [solver.SHORT_SEARCH, 0], ids=["by a short search", "by a long search"])
@given(seed=st.integers(0, 2**32 - 1))
@example(seed=7698)  # neither simplex method alone decides it
def test_of_two_exclusive_variables_one_is_exactly_zero_and_nothing_better_is_left(short_search, seed):
    parts, pairs = random_parts(seed), np.array([[0, 2, 4], [1, 3, 5]])
    expected = exclusive_optimum(parts, pairs)
    warm = WarmProgramme(**parts, exclusive=pairs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solver, "SHORT_SEARCH", short_search)
        if np.isinf(expected):
            with pytest.raises(InfeasibleError):
                warm.solve()
            return
        solution = warm.solve()
        assert solution.objective == pytest.approx(expected, abs=1e-6)
        assert np.all(np.minimum(*solution.x[pairs]) == 0)
        assert solution.gap <= 1e-8
        check_limits(parts, solution.x)
        again = warm.solve(cost=-parts["cost"])
        assert again.objective == pytest.approx(exclusive_optimum(parts | {"cost": -parts["cost"]}, pairs), abs=1e-6)


def paid_to_charge(n: int) -> tuple[dict, np.ndarray]:
    """A store that is paid to charge, the same in every hour, may waste energy in any of them."""
    energy = np.tril(np.ones((n, n)))
    parts = {
        "cost": np.repeat([-1.0, 1.0], n),
        "lower": np.zeros(2 * n),
        "upper": np.full(2 * n, 3.0),
        "row_lower": np.append(np.zeros(n - 1), 3.5),
        "row_upper": np.append(np.full(n - 1, 7.0), 3.5),
        "matrix": csc_array(np.hstack([0.9 * energy, -energy / 0.9])),
    }
    return parts, np.arange(2 * n).reshape(2, n)


def check_duals(parts: dict, solution: Solution) -> None:
    explained = parts["matrix"].T @ solution.row_dual + solution.reduced_cost
    assert explained == pytest.approx(parts["cost"], abs=1e-7)


@pytest.mark.parametrize(("most_effort", "is_proven"), [(solver.LONG_SEARCH, True), (200, False), (1, False)])
def test_a_search_that_ends_early_says_how_far_from_the_optimum_it_may_be(most_effort, is_proven, monkeypatch):
    parts, pairs = paid_to_charge(6)
    monkeypatch.setattr(solver, "SHORT_SEARCH", 1)
    monkeypatch.setattr(solver, "LONG_SEARCH", most_effort)
    solution = WarmProgramme(**parts, exclusive=pairs).solve()
    above = solution.objective - exclusive_optimum(parts, pairs)
    assert -1e-6 <= above <= solution.gap * abs(solution.objective) + 1e-6
    assert (solution.gap <= 1e-8) == is_proven
    assert np.all(np.minimum(*solution.x[pairs]) == 0)
    check_limits(parts, solution.x)
    check_duals(parts, solution)


def test_many_equal_choices_end_with_a_gap_and_leave_the_programme_as_it_was():
    parts, pairs = paid_to_charge(16)
    warm = WarmProgramme(**parts, exclusive=pairs)
    solution = warm.solve()
    assert 1e-6 < solution.gap < 0.1
    assert np.all(np.minimum(*solution.x[pairs]) == 0)
    check_limits(parts, solution.x)
    dear = parts | {"cost": np.repeat([1.0, 2.0], 16)}
    assert warm.solve(cost=dear["cost"]).objective == pytest.approx(optimum(dear), abs=1e-7)


def test_costs_may_lie_twelve_orders_apart():
    assert programme(cost=np.array([1e9, 1e-3])).solve().x == pytest.approx([0.0, 1.0])


def test_a_matrix_with_two_entries_at_one_place_is_refused():
    twice = csc_array((np.ones(3), np.array([0, 0, 0]), np.array([0, 2, 3])), shape=(1, 2))
    with pytest.raises(TwinError, match=r"refused by HiGHS.*one entry"):
        programme(matrix=twice)


def test_tiny_coefficients_count_and_those_of_rounding_do_not():
    counted = programme(matrix=csc_array(np.array([[1e-10, 1.0]])), cost=np.array([0.0, 1.0])).solve()
    assert counted.x[1] == pytest.approx(1 - 1e-9, abs=1e-12)
    assert programme(matrix=csc_array(np.array([[1e-13, 1.0]])), cost=np.array([0.0, 1.0])).solve().x[1] == 1.0


def test_tiny_limits_hold():
    tiny = programme(upper=np.array([1e-5, 10.0])).solve()
    assert tiny.x == pytest.approx([1e-5, 1 - 1e-5], rel=1e-9)


def test_what_was_given_may_be_written_to_afterwards():
    upper = np.full(2, 10.0)
    warm = programme(upper=upper)
    upper[:] = 0.0
    assert warm.solve(lower=np.zeros(2)).objective == 1.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"row_lower": np.array([21.0])}, "infeasible", id="out of reach"),
        pytest.param({"lower": np.array([11.0, 0.0])}, "infeasible", id="crossed bounds"),
        pytest.param({"row_upper": np.array([0.5])}, "infeasible", id="crossed rows"),
        pytest.param({"cost": np.array([-1.0, 0.0]), "upper": np.full(2, INFINITE)}, "unbounded", id="unbounded"),
    ],
)
def test_no_optimum_is_said_in_words_and_the_next_change_is_solved(changes, words, caplog):
    warm = programme()
    before = warm.solve()
    with caplog.at_level(logging.DEBUG), pytest.raises(TwinError, match=f"2 variables .* 1 rows is {words}.* Next: "):
        warm.solve(**changes)
    assert "from scratch" in caplog.text
    kept = {"cost": [1.0, 2.0], "lower": [0.0, 0.0], "upper": [10.0, 10.0], "row_lower": [1.0], "row_upper": [INFINITE]}
    after = warm.solve(**{name: np.array(values) for name, values in kept.items()})
    assert after.x == pytest.approx(before.x)


def test_all_faults_come_in_one_message_and_change_nothing():
    warm = programme()
    with pytest.raises(
        ConfigError, match=r"4 fault\(s\): cost must be finite.*upper has shape \(3,\).*row_lower holds NaN.*matrix"
    ):
        warm.solve(
            cost=np.array([1.0, INFINITE]),
            upper=np.ones(3),
            row_lower=np.array([np.nan]),
            matrix=csc_array(np.ones((2, 1))),
            row_upper=np.array([0.0]),
        )
    assert warm.solve().objective == 1.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"matrix": csc_array(np.array([[1.0, 1e16]]))}, "finite and below 1e"),
        ({"matrix": csc_array(np.array([[1.0, np.nan]]))}, "finite and below 1e"),
        ({"matrix": csr_array(np.array([[1.0, 1.0]]))}, "of csc"),
        ({"lower": np.array([INFINITE, 0.0])}, "lower leaves nothing"),
        ({"upper": np.array([-INFINITE, 0.0])}, "upper leaves nothing"),
        ({"cost": np.array([1e25, 0.0])}, "below 1e"),
        ({"exclusive": np.array([[0], [1]]), "lower": np.array([-1.0, 0.0])}, "is below 0"),
        ({"exclusive": np.array([[0], [1]]), "upper": np.array([1.0, INFINITE])}, "is infinite"),
    ],
)
def test_what_the_solver_cannot_take_as_it_is_meant_is_refused(changes, words):
    with pytest.raises(ConfigError, match=words):
        programme(**changes)
