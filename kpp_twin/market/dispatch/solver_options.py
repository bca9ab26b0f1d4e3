"""What HiGHS is told, and what is tried where it leads nowhere."""

from typing import Any

LEAST_COEFFICIENT = 1e-12  # smaller ones count as 0
OPTIONS: dict[str, Any] = {
    "output_flag": False,
    "threads": 1,
    "presolve": "off",  # it would lose the kept basis
    "small_matrix_value": LEAST_COEFFICIENT,
    "simplex_dual_edge_weight_strategy": 1,  # Devex: faster where few steps are left
    "no_unnecessary_rebuild_refactor": False,  # faster, and kinder to the last digits
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}
# Values of the option simplex_strategy.
DUAL_SIMPLEX, PRIMAL_SIMPLEX = 1, 4
# Tried in order, from scratch and with the same costs, where the kept basis leads nowhere: the primal simplex tells
# what is infeasible where the dual cannot; presolve and wider tolerances end what cycles at the last digits.
RESCUES: tuple[dict[str, Any], ...] = (
    {"simplex_strategy": PRIMAL_SIMPLEX},
    {
        "simplex_strategy": DUAL_SIMPLEX,
        "presolve": "on",
        "primal_feasibility_tolerance": 1e-7,
        "dual_feasibility_tolerance": 1e-7,
    },
)
