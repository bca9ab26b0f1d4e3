"""The best plan of everything behind one connection: stores, reserves, curtailment, peak and risk together.

What cannot all be kept is kept tier by tier: contracts before the peak, the peak before money. A plan always comes, and
it says what it falls short of.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from kpp_twin.market.dispatch.binding import bindings
from kpp_twin.market.dispatch.site_parts import Programme
from kpp_twin.market.dispatch.site_problem import SiteProblem, check
from kpp_twin.market.dispatch.site_programme import TIERS, WAYS, site_programme
from kpp_twin.market.dispatch.site_result import SitePlan, energy_path, profits, recheck
from kpp_twin.market.dispatch.solver import Solution, WarmProgramme
from kpp_twin.market.risk import ALPHA, conditional_value_at_risk
from kpp_twin.units import Array

__all__ = ["SitePlan", "SitePlanner", "plan_site"]

TOLERANCE = 1e-6  # of a power or an energy that is none [kW] or [kWh]
TIER_TOLERANCE = 2e-6  # how exactly a shortfall is the least [kW] or [kWh]
# Weight of a kW beside that of a kWh that falls short: where money does not count yet, stores should rather rest.
IDLE_WEIGHT = 1e-8
# Of a shortfall, as a multiple of the dearest column, so that the first try has none unless it must.
PENALTY = 10.0


def plan_site(problem: SiteProblem) -> SitePlan:
    """Plan of a single problem; see `SitePlanner.plan`."""
    return SitePlanner().plan(problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Optimum:
    programme: Programme
    solution: Solution
    shortfalls: dict[str, float]


class SitePlanner:
    """Plans one problem after another, from the last optimum where the next problem has the same form."""

    def __init__(self) -> None:
        self._kept: tuple[object, WarmProgramme] | None = None

    def plan(self, problem: SiteProblem) -> SitePlan:
        """Plan of the highest expected profit and least risk, weighed by the risk tolerance.

        No store charges and discharges at once: where the linear programme would, the search branches. Quantities of
        reserve beyond what is committed are rounded down, and the rest is planned anew around them.

        Raises
        ------
        ConfigError
            Shapes do not match, or values are not finite or of the wrong sign: all faults in one message.
        TwinError
            The solver failed, or what it found breaks a limit.
        """
        check(problem)
        programme = site_programme(problem)
        solver = self._solver(problem, programme)
        best = _optimum(programme, solver)
        rounded = _rounded_quantities(problem, best)
        if rounded:
            best = _optimum(_with_quantities(programme, rounded), solver)
        plan = _plan(problem, best)
        recheck(problem, plan)
        return plan

    def _solver(self, problem: SiteProblem, programme: Programme) -> WarmProgramme:
        """The kept solver if the form is the same, else a new one."""
        form = programme.matrix.shape, tuple(programme.columns), tuple(programme.rows)
        if self._kept is None or self._kept[0] != form:
            self._kept = form, site_solver(problem, programme)
        return self._kept[1]


def site_solver(problem: SiteProblem, programme: Programme) -> WarmProgramme:
    """Solver of a programme in which no store charges and discharges at once."""
    stores = [[programme.columns[way, name] for name in problem.stores] for way in WAYS]
    return WarmProgramme(
        cost=programme.cost,
        lower=programme.lower,
        upper=programme.upper,
        row_lower=programme.row_lower,
        row_upper=programme.row_upper,
        matrix=programme.matrix,
        exclusive=np.array([np.concatenate([np.empty(0, dtype=np.int64), *columns]) for columns in stores]),
    )


def _optimum(programme: Programme, solver: WarmProgramme) -> _Optimum:
    """Optimum with the least shortfalls, tier by tier.

    The first try makes shortfalls dearer than all else. If it has none, none is needed, and it is the optimum. If it
    has any, each tier is brought to its least in turn and held there.
    """
    tiers = {tier: programme.of_row(int(programme.rows[tier,][0])) for tier in TIERS}
    cost = programme.cost.copy()
    for columns, weights in tiers.values():
        cost[columns] = PENALTY * np.abs(programme.cost).max() * weights
    solution = solver.solve(
        cost=cost,
        lower=programme.lower,
        upper=programme.upper,
        row_lower=programme.row_lower,
        row_upper=programme.row_upper,
        matrix=programme.matrix,
    )
    if all(np.all(solution.x[columns] <= TOLERANCE) for columns, _ in tiers.values()):
        return _Optimum(programme=programme, solution=solution, shortfalls={})
    row_upper, shortfalls, gap = programme.row_upper.copy(), {}, 0.0
    idle = np.zeros_like(programme.cost)
    for (kind, *_), columns in programme.columns.items():
        if kind in WAYS:
            idle[columns] = IDLE_WEIGHT
    for tier, (columns, weights) in tiers.items():
        cost = idle.copy()
        cost[columns] = weights
        solution = solver.solve(cost=cost, row_upper=row_upper)
        gap = max(gap, solution.gap)
        least = float(weights @ solution.x[columns])
        row_upper[programme.rows[tier,]] = least + TIER_TOLERANCE
        if least > TIER_TOLERANCE:
            shortfalls[tier] = least
    solution = solver.solve(cost=programme.cost, row_upper=row_upper)
    return _Optimum(programme=programme, solution=replace(solution, gap=max(gap, solution.gap)), shortfalls=shortfalls)


def _with_quantities(programme: Programme, quantities: Mapping[str, Array]) -> Programme:
    """The programme with given quantities of reserve, what falls short of the committed included."""
    row_lower, row_upper = programme.row_lower.copy(), programme.row_upper.copy()
    for name, quantity in quantities.items():
        row_lower[programme.rows["quantity", name]] = row_upper[programme.rows["quantity", name]] = quantity
    return replace(programme, row_lower=row_lower, row_upper=row_upper)


def _rounded_quantities(problem: SiteProblem, best: _Optimum) -> dict[str, Array]:
    """Quantities of products that are held to sizes, rounded down to them, if any of these changes by it.

    What falls short of the committed stays as it is, and is counted with what is missing, as the rows of the programme
    have it.
    """
    rounded, is_changed = {}, False
    x, columns = best.solution.x, best.programme.columns
    for name, product in problem.reserves.items():
        if not (product.minimum_kw or product.step_kw):
            continue
        committed = product.committed_of_block(problem.n_steps)
        counted = best.programme.matrix[best.programme.rows["quantity", name]] @ x
        missing = x[columns["committed reserve", name]] if product.committed_kw is not None else 0.0
        extra = counted - missing - committed
        whole = np.floor(extra / product.step_kw + 1e-9) * product.step_kw if product.step_kw else extra
        whole = np.where(whole < product.minimum_kw - TOLERANCE, 0.0, whole)
        rounded[name] = np.where(extra > 0, committed + whole, counted)
        is_changed |= bool(np.any(np.abs(rounded[name] - counted) > TOLERANCE))
    return rounded if is_changed else {}


def _plan(problem: SiteProblem, best: _Optimum) -> SitePlan:
    """The plan by its powers and shares alone; all else is worked out from these."""
    x, columns = best.solution.x, best.programme.columns
    power = {name: x[columns["discharge", name]] - x[columns["charge", name]] for name in problem.stores}
    power = {name: np.where(np.abs(kw) > TOLERANCE, kw, 0.0) for name, kw in power.items()}
    shares = {
        key: np.where(x[of_key] > TOLERANCE, x[of_key], 0.0)
        for key, of_key in columns.items()
        if key[0] in ("up", "down")
    }
    none = np.zeros(problem.n_steps)
    curtailed = np.maximum(x[columns["curtailed",]], 0.0) if problem.curtailment is not None else none
    reserve = dict.fromkeys(problem.reserves, none)
    for key, kw in shares.items():
        if key[0] == problem.reserves[key[-2]].sides[0]:
            reserve[key[-2]] = reserve[key[-2]] + kw
    plan = SitePlan(
        power_kw=power,
        energy_kwh={name: energy_path(problem, name, kw, shares) for name, kw in power.items()},
        curtailed_kw=curtailed,
        rebound_kw=curtailed @ problem.rebound_share(),
        reserve_kw=reserve,
        shares_kw=shares,
        profit=0.0,
        profit_by_scenario=none,
        conditional_value_at_risk=0.0,
        shortfalls=best.shortfalls,
        gap=best.solution.gap,
        binding=bindings(problem, best.programme, best.solution.row_dual, best.solution.reduced_cost),
    )
    by_scenario = profits(problem, plan)
    return replace(
        plan,
        profit=float(problem.weights @ by_scenario),
        profit_by_scenario=by_scenario,
        conditional_value_at_risk=conditional_value_at_risk(-by_scenario, ALPHA, problem.weights),
    )
