"""What holds a plan back, in words that an operator reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from kpp_twin.market.dispatch.site_parts import Key, Programme
from kpp_twin.market.dispatch.site_problem import SiteProblem
from kpp_twin.market.dispatch.site_programme import TIERS
from kpp_twin.units import HOURS_PER_DAY, Array

WORTH_NAMING = 1e-6  # a smaller worth is the solver's last digit [currency]
# Kinds of rows that are limits; others only define what these count.
NAMED_ROWS = {
    "connection",
    "headroom",
    "held energy",
    "quantity",
    "energy limits",
    "energy target",
    "peak target",
    "peak",
    "curtailed",
}
TIER_ROWS = {(tier,) for tier in TIERS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A limit that holds a plan back over successive steps.

    Attributes
    ----------
    words
        The limit, and when it binds.
    first_step, stop_step
        First step, and the one after the last.
    worth
        What one kW or kWh more in each of these steps would earn in all. [currency]
    """

    words: str
    first_step: int
    stop_step: int
    worth: float


def bindings(problem: SiteProblem, programme: Programme, row_dual: Array, reduced_cost: Array) -> tuple[Binding, ...]:
    """Limits that cost money, those worth most first.

    Parameters
    ----------
    row_dual, reduced_cost
        Shadow prices at the optimum, of the rows and the columns.
    """
    found: dict[str, Array] = {}
    for words, worth in (*_of_rows(problem, programme, row_dual), *_of_columns(problem, programme, reduced_cost)):
        found[words] = found[words] + worth if words in found else worth
    labels = _labels(problem)
    named = []
    for words, worth in found.items():
        for first, stop in _runs(worth > WORTH_NAMING):
            total = float(worth[first:stop].sum())
            text = f"{words} {labels[first]}–{labels[stop]}; one more is worth {total:.4g}"
            named.append(Binding(words=text, first_step=first, stop_step=stop, worth=total))
    return tuple(sorted(named, key=lambda binding: -binding.worth))


def _of_rows(problem: SiteProblem, programme: Programme, row_dual: Array) -> Iterator[tuple[str, Array]]:
    n, is_costly = problem.n_steps, np.abs(row_dual) > WORTH_NAMING
    for key, rows in programme.rows.items():
        # What falls short of a tier is told by the plan.
        if key[0] not in NAMED_ROWS or key in TIER_ROWS or not is_costly[rows].any():
            continue
        dual, at_step = row_dual[rows], np.zeros(n)
        # A single row is that of the end.
        at_step[slice(n - 1, n) if rows.size == 1 else slice(rows.size)] = np.abs(dual)
        yield _row_words(problem, key, is_lower=bool(dual.sum() > 0)), at_step


def _row_words(problem: SiteProblem, key: Key, *, is_lower: bool) -> str:
    kind, subject = key[0], key[1] if len(key) > 1 else ""
    if kind == "connection":
        limit = problem.import_limit_kw if subject == "import" else problem.export_limit_kw
        return f"connection limit {_range(np.asarray(limit))} kW: full {subject}, reserves called"
    if kind == "headroom":
        side, way, asset = key[1:]
        is_beside = way == ("discharge" if side == "up" else "charge")
        return f"{asset}: reserve {side} takes all power {'beside' if is_beside else 'against'} its {way}"
    if kind == "held energy":
        side, asset = key[1:3]
        return f"{asset}: reserve {side} keeps it {'above empty' if side == 'up' else 'below full'}"
    return {
        "quantity": f"{subject}: {'held as committed' if is_lower else 'at its most'}",
        "energy limits": f"{subject}: at the {'least' if is_lower else 'most'} energy of the plan",
        "energy target": f"{subject}: must end at its target",
        "peak target": f"peak target {problem.peak_target_kw or 0.0:g} kW: full import",
        "peak": "demand charge: this import makes the peak",
        "curtailed": "load: all that can be taken off is taken or held",
    }[kind]


def _of_columns(problem: SiteProblem, programme: Programme, reduced_cost: Array) -> Iterator[tuple[str, Array]]:
    n, is_costly = problem.n_steps, np.abs(reduced_cost) > WORTH_NAMING
    for key, columns in programme.columns.items():
        if key[0] not in ("charge", "discharge", "energy") or not is_costly[columns].any():
            continue
        kind, name = key
        store, worth = problem.stores[name], -reduced_cost[columns]
        if kind == "energy":
            yield f"{name}: full ({store.limits.max_kwh:g} kWh)", np.maximum(worth, 0.0)
            yield f"{name}: empty ({store.limits.min_kwh:g} kWh)", np.maximum(-worth, 0.0)
        else:
            most = store.max_charge_kw if kind == "charge" else store.max_discharge_kw
            # Where there is no power to begin with, nobody needs to be told.
            at_most = np.where(np.full(n, most) > 0, np.maximum(worth, 0.0), 0.0)
            yield f"{name}: {kind} at its most ({_range(most)} kW)", at_most


def _range(limit: float | Array) -> str:
    low, high = np.min(limit), np.max(limit)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _runs(is_binding: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_binding.astype(np.int8), [0]])))
    return [(int(first), int(stop)) for first, stop in zip(edges[::2], edges[1::2], strict=True)]


def _labels(problem: SiteProblem) -> list[str]:
    """When each step begins, and when the last one ends; with the day if there are several."""
    since = np.concatenate([[0.0], np.cumsum(problem.step_hours)])
    form = "%H:%M" if since[-1] <= HOURS_PER_DAY else "%d %b %H:%M"
    return [(problem.start + timedelta(hours=hours)).strftime(form) for hours in since.tolist()]
