"""A linear programme, with choices of one of two, that the solver keeps and solves anew from its last optimum."""

import heapq
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypedDict, Unpack

import highspy
import numpy as np
import numpy.typing as npt
from highspy import HighsModelStatus, HighsStatus

from kpp_twin.errors import TwinError
from kpp_twin.market.dispatch.solver_options import DUAL_SIMPLEX, OPTIONS, PRIMAL_SIMPLEX, RESCUES
from kpp_twin.market.inputs import refuse
from kpp_twin.units import Array

Columns = npt.NDArray[np.int64]

PLACE = "solver"
NEXT_STEP = "give finite costs and coefficients, and limits that are numbers or infinite"
# The solver refuses larger coefficients, and takes larger costs for infinite without a word.
MOST_COEFFICIENT, MOST_COST = 1e15, 1e20
COLUMNWISE, MINIMISE = 1, 1
# Two exclusive variables are both used if the smaller one is above this.
TOLERANCE = 1e-7
# How far the best that is found may be from the optimum, relative to it.
GAP = 1e-9
# Effort of a search counts steps of the simplex method, which are the same on every machine. A short search is mostly
# enough; where many choices come to nearly the same, as at equal negative prices, no search ends in good time, and a
# long one takes about a second.
SHORT_SEARCH, LONG_SEARCH = 1000, 15000
EFFORT_OF_PROGRAMME = 10  # beside its steps
WORDS = {
    HighsModelStatus.kUnbounded: ("unbounded", "give limits to what earns without end"),
    HighsModelStatus.kUnboundedOrInfeasible: ("unbounded or infeasible", "look for missing or contradicting limits"),
}

Highs: Any = highspy.Highs  # its types are incomplete
logger = logging.getLogger(__name__)


class InfeasibleError(TwinError):
    """The limits of a programme contradict one another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The optimum of a programme.

    Attributes
    ----------
    x
        Values of the variables, ``(n,)``.
    objective
        ``cost @ x``.
    row_dual
        Change of the objective with each row's limit, ``(m,)``; 0 where it does not bind.
    reduced_cost
        Change of the objective with each variable's bound, ``(n,)``; 0 where it does not bind. This and ``row_dual``
        hold for choices between exclusive variables as they are.
    gap
        How far the objective may lie above the optimum, relative to it (to 1 where it is smaller).
    """

    x: Array
    objective: float
    row_dual: Array
    reduced_cost: Array
    gap: float


class Changes(TypedDict, total=False):
    """What may change from one solution to the next, each as a whole; meanings and shapes as of `WarmProgramme`."""

    cost: Array
    lower: Array
    upper: Array
    row_lower: Array
    row_upper: Array
    matrix: Any


class WarmProgramme:
    """Minimise ``cost @ x`` within ``lower <= x <= upper`` and ``row_lower <= matrix @ x <= row_upper``.

    HiGHS (Huangfu and Hall, Parallelizing the dual revised simplex method, 2018) keeps the programme and the basis of
    its last optimum; where little has changed, the next one is near.

    Parameters
    ----------
    cost, lower, upper
        Of the variables, ``(n,)``; bounds may be infinite.
    row_lower, row_upper
        Limits of the rows, ``(m,)``; may be infinite.
    matrix
        ``scipy.sparse.csc_array`` of shape ``(m, n)``.
    exclusive
        Columns of two variables each, bounded from 0 to a finite value, of which at most one may be above 0:
        ``(2, k)``. The search for the optimum (Land and Doig, An automatic method of solving discrete programming
        problems, 1960) branches only where both are used.

    Raises
    ------
    ConfigError
        Shapes do not match, or values are not numbers.
    """

    def __init__(
        self,
        *,
        cost: Array,
        lower: Array,
        upper: Array,
        row_lower: Array,
        row_upper: Array,
        matrix: Any,
        exclusive: Columns | None = None,
    ) -> None:
        m, n = matrix.shape
        self._columns, self._rows = np.arange(n, dtype=np.int32), np.arange(m, dtype=np.int32)
        self._exclusive = np.empty((2, 0), dtype=np.int64) if exclusive is None else exclusive
        self._kept: dict[str, Any] = {
            **dict.fromkeys(("cost", "lower", "upper"), np.full(n, np.nan)),
            **dict.fromkeys(("row_lower", "row_upper"), np.full(m, np.nan)),
            "matrix": None,
        }
        self._keep(
            cost=cost,
            lower=lower,
            upper=upper,
            row_lower=row_lower,
            row_upper=row_upper,
            matrix=matrix,
        )
        self._highs = Highs()
        self._set(OPTIONS)
        self._pass()

    def solve(self, **changes: Unpack[Changes]) -> Solution:
        """Change what is given, for this and all later calls, and solve.

        Where the search for the best choices between exclusive variables takes too long, the best that is found comes
        back, with its gap.

        Raises
        ------
        ConfigError
            Shapes do not match, or values are not numbers.
        TwinError
            There is no optimum (`InfeasibleError`: no solution), or it was not found, even from scratch.
        """
        changed = self._keep(**changes)
        if "matrix" in changed:
            basis = self._highs.getBasis()
            self._pass()
            self._highs.setBasis(basis)
        else:
            self._change(changed)
        # A basis stays feasible for the primal simplex under new costs, for the dual one under new limits.
        has_basis = self._highs.getInfo().basis_validity
        self._run(PRIMAL_SIMPLEX if changed == {"cost"} and has_basis else DUAL_SIMPLEX)
        solution = self._solution()
        if not np.any(self._used_both(solution)):
            return solution
        best = self._with_exclusion(solution)
        first, second = self._exclusive
        best.x[np.where(best.x[first] < best.x[second], first, second)] = 0.0  # not even in its last digits
        return best

    def _pass(self) -> None:
        """Give the solver all of the programme."""
        matrix = self._kept["matrix"]
        status = self._highs.passModel(
            self._columns.size,
            self._rows.size,
            matrix.nnz,
            COLUMNWISE,
            MINIMISE,
            0.0,
            *(self._kept[name] for name in ("cost", "lower", "upper", "row_lower", "row_upper")),
            matrix.indptr[:-1].astype(np.int32),
            matrix.indices.astype(np.int32),
            matrix.data,
            np.zeros(self._columns.size, dtype=np.int32),  # no integers
        )
        if status == HighsStatus.kError:
            raise TwinError(f"{self._size()} is refused by HiGHS", place=PLACE, next_step="give each place one entry")

    def _change(self, changed: set[str]) -> None:
        """Give the solver what has changed."""
        if "cost" in changed:
            self._highs.changeColsCost(self._columns.size, self._columns, self._kept["cost"])
        if changed & {"lower", "upper"}:
            self._change_bounds(self._kept["upper"])
        if changed & {"row_lower", "row_upper"}:
            self._highs.changeRowsBounds(self._rows.size, self._rows, self._kept["row_lower"], self._kept["row_upper"])

    def _with_exclusion(self, root: Solution) -> Solution:
        """Optimum with exclusive variables, from that without: by a short search, or a long one with tighter limits."""
        try:
            best = self._searched(root, None, SHORT_SEARCH)
            if best is None or best.gap > GAP:
                best = self._long_search(best)
        finally:
            self._change_bounds(self._kept["upper"])
        if best is None:
            fault = f"{self._size()}: no choice of {self._exclusive.shape[1]} exclusive ones was found that fits"
            raise TwinError(fault, place=PLACE, next_step="relax its limits")
        return best

    def _long_search(self, best: Solution | None) -> Solution | None:
        """The best with rows by which two shares of the most make 1 at most: the tightest linear limit of a choice."""
        k, basis = self._exclusive.shape[1], self._highs.getBasis()
        two = np.arange(0, 2 * k, 2, dtype=np.int32)
        columns = self._exclusive.T.ravel().astype(np.int32)
        self._highs.addRows(k, np.full(k, -np.inf), np.ones(k), 2 * k, two, columns, self._share().T.ravel())
        try:
            self._change_bounds(self._kept["upper"])
            self._run(DUAL_SIMPLEX)
            root = self._solution()
            return self._searched(root, _better(best, self._rounded(root, [])), LONG_SEARCH)
        finally:
            self._highs.deleteRows(k, self._rows.size + np.arange(k, dtype=np.int32))
            self._highs.setBasis(basis)

    def _searched(self, root: Solution, best: Solution | None, most_effort: int) -> Solution | None:
        """The best that is found with exclusive variables and its gap: branch from the best of all that is left."""
        left: list[tuple[float, int, int, list[int], Solution]] = [(root.objective, 0, 0, [], root)]
        self._effort, branch = 0, 0
        while left and self._effort < most_effort and _gap(best, left[0][0]) > GAP:
            _, _, _, unused, node = heapq.heappop(left)
            branch += 1
            if branch >= 8 and branch & (branch - 1) == 0:  # at powers of 2
                best = _better(best, self._rounded(node, unused))
            worst = (node.x[self._exclusive] * self._share()).min(axis=0).argmax()
            for side in (0, 1):
                tried = [*unused, int(self._exclusive[side, worst])]
                child = self._solved_without(tried)
                if child is None:
                    continue
                if self._used_both(child).any():
                    # Of equals the one with more choices made is first.
                    heapq.heappush(left, (child.objective, -len(tried), 2 * branch + side, tried, child))
                else:
                    best = _better(best, child)
        if best is None and not left:
            raise self._infeasible(f" with {self._exclusive.shape[1]} exclusive choices")
        return best and replace(best, gap=_gap(best, left[0][0]) if left else 0.0)

    def _rounded(self, solution: Solution | None, unused: list[int]) -> Solution | None:
        """Without the smaller share wherever both are used, the more decided half of them first; none if in vain."""
        while solution is not None:
            is_open = np.flatnonzero(self._used_both(solution))
            if not is_open.size:
                break
            pairs = self._exclusive[:, is_open]
            share = solution.x[pairs] * self._share()[:, is_open]
            decided = np.argsort(-np.abs(share[0] - share[1]), kind="stable")[: -(-is_open.size // 2)]
            unused = [*unused, *np.where(share[0] < share[1], *pairs)[decided].tolist()]
            solution = self._solved_without(unused)
        return solution

    def _used_both(self, solution: Solution) -> npt.NDArray[np.bool_]:
        """Where two exclusive variables are both used, ``(k,)``."""
        used: npt.NDArray[np.bool_] = solution.x[self._exclusive].min(axis=0) > TOLERANCE
        return used

    def _share(self) -> Array:
        """What one of each variable is of the most that it may be, ``(2, k)``."""
        most = self._kept["upper"][self._exclusive]
        return np.divide(1.0, most, out=np.zeros(most.shape), where=most > 0)

    def _solved_without(self, columns: list[int]) -> Solution | None:
        """Optimum with these variables at 0; none if it is infeasible."""
        upper = self._kept["upper"].copy()
        upper[columns] = 0.0
        self._change_bounds(upper)
        try:
            self._run(DUAL_SIMPLEX)
        except InfeasibleError:
            return None
        finally:
            self._effort += EFFORT_OF_PROGRAMME + self._highs.getInfo().simplex_iteration_count
        return self._solution()

    def _change_bounds(self, upper: Array) -> None:
        self._highs.changeColsBounds(self._columns.size, self._columns, self._kept["lower"], upper)

    def _run(self, strategy: int) -> None:
        self._highs.setOptionValue("simplex_strategy", strategy)
        self._highs.run()
        status = self._highs.getModelStatus()
        if status == HighsModelStatus.kOptimal:
            return
        for options in RESCUES:
            words = self._highs.modelStatusToString(status)
            logger.debug("%s is solved once more, from scratch, as it ended in: %s", self._size(), words)
            self._highs.clearSolver()
            self._set(options)
            self._highs.run()
            self._set(OPTIONS)
            status = self._highs.getModelStatus()
            if status == HighsModelStatus.kOptimal:
                return
            if status != HighsModelStatus.kUnknown:
                break
        if status == HighsModelStatus.kInfeasible:
            raise self._infeasible()
        failed = f"not solved: {self._highs.modelStatusToString(status)}", "report it with its figures"
        words, next_step = WORDS.get(status, failed)
        raise TwinError(f"{self._size()} is {words}", place=PLACE, next_step=next_step)

    def _set(self, options: Mapping[str, Any]) -> None:
        for name, value in options.items():
            self._highs.setOptionValue(name, value)

    def _infeasible(self, choices: str = "") -> InfeasibleError:
        return InfeasibleError(
            f"{self._size()}{choices} is infeasible", place=PLACE, next_step="relax limits that contradict one another"
        )

    def _size(self) -> str:
        return f"a programme of {self._columns.size} variables and {self._rows.size} rows"

    def _solution(self) -> Solution:
        solution, m = self._highs.getSolution(), self._rows.size
        row_dual, reduced_cost = np.array(solution.row_dual), np.array(solution.col_dual)
        if row_dual.size > m:  # rows of a long search: they bound the one that is used
            np.add.at(reduced_cost, self._exclusive, row_dual[m:] * self._share())
        return Solution(
            x=np.array(solution.col_value),
            objective=self._highs.getObjectiveValue(),
            row_dual=row_dual[:m],
            reduced_cost=reduced_cost,
            gap=0.0,
        )

    def _keep(self, **given: Any) -> set[str]:
        """Take over what differs from before, all of it or nothing; its names."""
        faults, changes = [], {}
        for name, value in given.items():
            fault = self._fault_of_matrix(value) if name == "matrix" else self._fault_of(name, value)
            if fault:
                faults.append(fault)
            elif not _is_same(self._kept[name], value):
                changes[name] = value.copy()
        refuse(faults, place=PLACE, next_step=NEXT_STEP)
        self._kept |= changes
        return set(changes)

    def _fault_of(self, name: str, value: Array) -> str | None:
        if value.shape != self._kept[name].shape:
            return f"{name} has shape {value.shape}; it needs {self._kept[name].shape}"
        if name == "cost":
            return None if np.all(np.abs(value) < MOST_COST) else f"cost must be finite and below {MOST_COST:g} in size"
        if np.isnan(value).any():
            return f"{name} holds NaN"
        if name == "lower" and np.any(value[self._exclusive] < 0):
            return "lower of exclusive variables is below 0"
        if name == "upper" and np.any(value[self._exclusive] == np.inf):
            return "upper of exclusive variables is infinite"
        nothing = np.inf if name.endswith("lower") else -np.inf
        return f"{name} leaves nothing" if np.any(value == nothing) else None

    def _fault_of_matrix(self, matrix: Any) -> str | None:
        if matrix.shape != (self._rows.size, self._columns.size) or not self._columns.size:
            return f"matrix has shape {matrix.shape}; it needs {(self._rows.size, self._columns.size)}, with columns"
        if matrix.format != "csc" or not np.all(np.abs(matrix.data) < MOST_COEFFICIENT):
            return f"matrix must be of csc, its entries finite and below {MOST_COEFFICIENT:g} in size"
        return None


def _is_same(before: Any, value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return np.array_equal(before, value)
    return before is not None and all(
        np.array_equal(getattr(before, part), getattr(value, part)) for part in ("data", "indices", "indptr")
    )


def _better(one: Solution | None, other: Solution | None) -> Solution | None:
    found = [solution for solution in (one, other) if solution is not None]
    return min(found, key=lambda solution: solution.objective, default=None)


def _gap(best: Solution | None, bound: float) -> float:
    """How far a solution may lie above the optimum, which is not below the bound, relative to it; see `Solution`."""
    return np.inf if best is None else max(best.objective - bound, 0.0) / max(abs(best.objective), 1.0)
