"""The programme behind a store's offers: one path for each price scenario, tied to a curve in each step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kpp_twin.market.bidding.curves import TOLERANCE_KW
from kpp_twin.market.dispatch.solver import WarmProgramme
from kpp_twin.market.dispatch.storage_plan import StorageLimits
from kpp_twin.market.risk import ALPHA, conditional_value_at_risk
from kpp_twin.units import KWH_PER_MWH, Array

# With aversion alone it would not matter what is earned where the loss is not among the worst.
MOST_AVERSION = 0.999
# Of quantities that earn the same, those that move least energy.
THROUGHPUT_COST_PER_MWH = 1e-3
# By which it is worse to end off the target than to make up for it at the worst of all prices.
END_COST_PER_MWH = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOnOffer:
    """A store as it may trade over ``n`` steps, after all that is reserved elsewhere.

    Attributes
    ----------
    min_kwh, max_kwh
        Energy that trade may use; what a reserve needs for its duration lies outside.
    max_charge_kw, max_discharge_kw
        Largest power at the grid side, both positive; one value or ``(n,)``.
    wear_per_mwh
        Cost of wear on energy discharged, at the grid side.
    floor_per_mwh
        Nothing is sold below.
    """

    storage: StorageLimits
    min_kwh: float
    max_kwh: float
    energy_kwh: float
    target_kwh: float
    max_charge_kw: float | Array
    max_discharge_kw: float | Array
    wear_per_mwh: float = 0.0
    floor_per_mwh: float = -np.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferProblem:
    """What the programme is made of.

    Attributes
    ----------
    price_per_mwh
        Scenarios, each as likely as the others, ``(n_scenarios, n)``.
    level
        Which of the step's levels the price is on, from the lowest up, ``(n_scenarios, n)``; each has one quantity.
    hours
        Length of each step.
    risk_aversion
        Weight of the conditional value at risk against the mean. [fraction]
    """

    price_per_mwh: Array
    level: npt.NDArray[np.intp]
    store: StoreOnOffer
    hours: float
    risk_aversion: float

    def by_scenario(self, quantity: Array) -> Array:
        """Quantities ``(..., n_scenarios, n)`` of those by level, ``(..., n_levels, n)``."""
        return quantity[..., self.level, np.arange(self.level.shape[1])]

    def revenue(self, charge_kw: Array, discharge_kw: Array) -> Array:
        """Income less purchases and wear by scenario, ``(n_scenarios,)``. [currency]

        Energy that misses the target at the end, or is beyond it, counts at the scenario's mean price.
        """
        income = (discharge_kw - charge_kw) * self.price_per_mwh - discharge_kw * self.store.wear_per_mwh
        left_kwh = self.energy(charge_kw, discharge_kw)[:, -1] - self.store.target_kwh
        return (income.sum(axis=1) * self.hours + left_kwh * self.price_per_mwh.mean(axis=1)) / KWH_PER_MWH

    def objective(self, charge_kw: Array, discharge_kw: Array) -> float:
        """What is to be high: mean revenue less the conditional value at risk, weighed by the aversion. [currency]"""
        revenue = self.revenue(charge_kw, discharge_kw)
        at_risk = conditional_value_at_risk(-revenue, ALPHA)
        return float((1 - self.risk_aversion) * revenue.mean() - self.risk_aversion * at_risk)

    def energy(self, charge_kw: Array, discharge_kw: Array) -> Array:
        """Energy at the start and after each step, ``(n_scenarios, n + 1)``. [kWh]"""
        storage = self.store.storage
        change = charge_kw * storage.charge_efficiency - discharge_kw / storage.discharge_efficiency
        return self.store.energy_kwh + np.pad(np.cumsum(change * self.hours, axis=1), ((0, 0), (1, 0)))


class OfferProgramme:
    """Charge and discharge by level and step, of the best mean and conditional value at risk together.

    Variables are charge and discharge of each level and step; energy after the step of each scenario; by scenario the
    loss beyond the value at risk; the value at risk; and the energy that misses the target in the mean of all
    scenarios, and that beyond it. The latter count as bought back at the dearest of all prices and as sold at the
    cheapest; that never pays, so it only happens where the target is out of reach.

    Parameters
    ----------
    most_kw
        Largest charge and discharge, ``(2, n_levels, n)``.
    """

    def __init__(self, problem: OfferProblem, most_kw: Array) -> None:
        self.problem, self._most_kw = problem, most_kw.copy()
        self._build()

    def solve(self, margin_kwh: float = 0.0) -> Array:
        """Charge and discharge ``(2, n_levels, n)`` in kW, never both at once; see `WarmProgramme` for the errors.

        Where the best is to do both, which wastes energy, the larger one is kept and the other forbidden for good. That
        is no longer the optimum in every case, but what is lost is small, and there is an answer after few turns.

        Parameters
        ----------
        margin_kwh
            How far the energy stays off its limits; not farther than it is at the start.
        """
        store, most_kw = self.problem.store, self._most_kw
        while True:
            self._lower[self._energy] = min(store.min_kwh + margin_kwh, store.energy_kwh)
            self._upper[self._energy] = max(store.max_kwh - margin_kwh, store.energy_kwh)
            self._upper[: most_kw.size] = most_kw.ravel()
            x = self._programme.solve(lower=self._lower, upper=self._upper).x
            power = np.clip(x[: most_kw.size].reshape(most_kw.shape), 0.0, most_kw)
            both = (power > TOLERANCE_KW).all(axis=0)
            if not both.any():
                return np.where(power > power[::-1], power, 0.0)
            most_kw[:, both] = np.where(power > power[::-1], most_kw, 0.0)[:, both]

    def _build(self) -> None:
        problem, store = self.problem, self.problem.store
        price, hours = problem.price_per_mwh, problem.hours
        (s, n), n_levels = price.shape, self._most_kw.shape[1]
        charge_of, discharge_of = np.arange(2 * n_levels * n).reshape(2, n_levels, n)
        charge, discharge = problem.by_scenario(charge_of), problem.by_scenario(discharge_of)
        energy = 2 * n_levels * n + np.arange(s * n).reshape(s, n)
        excess = energy[-1, -1] + 1 + np.arange(s)
        at_risk, missing, beyond = excess[-1] + 1 + np.arange(3)
        mean, short, long = _end_values(problem)
        earned = np.concatenate([-price, price - store.wear_per_mwh], axis=1) * hours / KWH_PER_MWH

        rows = _Rows()
        first = np.full((s, 1), store.energy_kwh)
        stored = [
            (charge, -hours * store.storage.charge_efficiency),
            (discharge, hours / store.storage.discharge_efficiency),
        ]
        rows.add([*((part[:, :1], by) for part, by in stored), (energy[:, :1], 1.0)], first, first)
        rows.add([*((part[:, 1:], by) for part, by in stored), (energy[:, :-1], -1.0), (energy[:, 1:], 1.0)], 0.0, 0.0)
        one = np.array([missing])
        rows.add([(energy[:, -1], 1 / s), (one + 1, -1.0), (one, 1.0)], store.target_kwh, store.target_kwh)
        # In each step the quantity does not fall from level to level.
        higher = [(discharge_of[1:], 1.0), (charge_of[1:], -1.0)]
        rows.add([*higher, (discharge_of[:-1], -1.0), (charge_of[:-1], 1.0)], 0.0, np.inf)
        # The excess is at least the loss less the value at risk.
        both = np.concatenate([charge, discharge], axis=1)
        rows.add(
            [(both, earned), (energy[:, -1], mean), (np.full(s, at_risk), 1.0), (excess, 1.0)],
            mean * store.target_kwh,
            np.inf,
        )

        n_columns = int(beyond) + 1
        cost, self._lower, self._upper = np.zeros(n_columns), np.zeros(n_columns), np.full(n_columns, np.inf)
        aversion = min(problem.risk_aversion, MOST_AVERSION)
        end = END_COST_PER_MWH / KWH_PER_MWH
        throughput = THROUGHPUT_COST_PER_MWH * hours / KWH_PER_MWH / s
        np.add.at(cost, both, throughput - (1 - aversion) / s * earned)
        cost[energy[:, -1]] = -(1 - aversion) / s * mean
        cost[missing], cost[beyond] = short - mean.min() + end, mean.max() - long + end
        cost[at_risk], cost[excess] = aversion, aversion / s / (1 - ALPHA)
        self._lower[at_risk] = -np.inf
        self._energy = energy.ravel()
        self._programme = WarmProgramme(
            cost=cost,
            lower=self._lower,
            upper=self._upper,
            row_lower=np.concatenate(rows.lower),
            row_upper=np.concatenate(rows.upper),
            matrix=rows.matrix(n_columns),
        )


def _end_values(problem: OfferProblem) -> tuple[Array, float, float]:
    """What a kWh counts at the end: at the mean price of each scenario, and at the dearest and cheapest of all.

    No trade gets stored energy cheaper than at the dearest, or sells it dearer than at the cheapest.
    """
    storage, price = problem.store.storage, problem.price_per_mwh / KWH_PER_MWH
    dearest, cheapest, wear = price.max(), price.min(), problem.store.wear_per_mwh / KWH_PER_MWH
    short = max(dearest / storage.charge_efficiency, dearest * storage.discharge_efficiency)
    long = min((cheapest - wear) * storage.discharge_efficiency, cheapest / storage.charge_efficiency)
    return price.mean(axis=1), float(short), float(long)


class _Rows:
    """Rows of a matrix, added in blocks."""

    def __init__(self) -> None:
        self.lower: list[Array] = []
        self.upper: list[Array] = []
        self._parts: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Array]] = []
        self._n_rows = 0

    def add(self, terms: Sequence[tuple[Any, Any]], lower: float | Array, upper: float | Array) -> None:
        """Add rows of the terms (columns, coefficients); the last term has one column for each row."""
        of_each = terms[-1][0]
        row = self._n_rows + np.arange(of_each.size)
        for columns, by in terms:
            values = np.broadcast_to(by, columns.shape).ravel()
            self._parts.append((np.repeat(row, columns.size // max(row.size, 1)), columns.ravel(), values))
        self.lower.append(np.broadcast_to(lower, of_each.shape).ravel())
        self.upper.append(np.broadcast_to(upper, of_each.shape).ravel())
        self._n_rows += row.size

    def matrix(self, n_columns: int) -> Any:
        from scipy.sparse import coo_array

        rows, columns, values = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        is_some = np.abs(values) > 1e-9
        places = (rows[is_some], columns[is_some])
        return coo_array((values[is_some], places), shape=(self._n_rows, n_columns)).tocsc()
