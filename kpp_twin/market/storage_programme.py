"""The programme behind a storage plan: a mixed-integer linear one, solved to the optimum by HiGHS."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kpp_twin.errors import TwinError
from kpp_twin.market.inputs import refuse
from kpp_twin.records import Array

PLACE = "storage plan"
# Of plans that earn the same, the one that moves least energy. It can cost at most this much of each MWh moved.
THROUGHPUT_COST_PER_MWH = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageLimits:
    """What a store can hold, and what it loses; efficiencies are one way, grid side to store and back."""

    min_kwh: float
    max_kwh: float
    charge_efficiency: float
    discharge_efficiency: float

    def __post_init__(self) -> None:
        faults = [
            f"{name} must be above 0 and at most 1; it is {value}"
            for name, value in (
                ("charge_efficiency", self.charge_efficiency),
                ("discharge_efficiency", self.discharge_efficiency),
            )
            if not 0 < value <= 1
        ]
        if not 0 <= self.min_kwh <= self.max_kwh < np.inf:
            faults.append(f"min_kwh {self.min_kwh} and max_kwh {self.max_kwh} must rise from 0 and be finite")
        refuse(faults, place="storage limits", next_step="give energies in kWh and efficiencies as fractions")

    @property
    def round_trip_efficiency(self) -> float:
        """Energy out per energy in, both at the grid side. [fraction]"""
        return self.charge_efficiency * self.discharge_efficiency


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """What has been sold of each step, and what it costs to deliver less and earns to deliver more; arrays ``(n,)``.

    Attributes
    ----------
    power_kw
        Sold power, a purchase negative.
    short_per_mwh, long_per_mwh
        Prices of missing and of surplus energy; surplus is never dearer.
    """

    power_kw: Array
    short_per_mwh: Array
    long_per_mwh: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageProblem:
    """What the programme is made of; all arrays ``(n,)``. With nothing sold, all is sold at the price."""

    price_per_mwh: Array
    sold: Sold
    hours: Array
    storage: StorageLimits
    energy_kwh: float
    max_charge_kw: Array
    max_discharge_kw: Array
    wear_per_mwh: float

    @property
    def kwh_per_charge_kw(self) -> Array:
        """Energy stored in a step by each kW charged. [kWh/kW]"""
        return self.hours * self.storage.charge_efficiency

    @property
    def kwh_per_discharge_kw(self) -> Array:
        """Energy taken from the store in a step by each kW discharged. [kWh/kW]"""
        return self.hours / self.storage.discharge_efficiency


def solve(problem: StorageProblem, low: Array, high: Array) -> tuple[Array, Array]:
    """Charge and discharge ``(n,)`` in kW.

    Charging and discharging at once only pays where the loss of energy earns more than the wear costs; there a binary
    chooses one of them, and the programme is solved once more with the choice fixed, so that no trace of the other
    remains.
    """
    round_trip = problem.storage.round_trip_efficiency
    cost_of_both = problem.sold.long_per_mwh * (1 - round_trip) + problem.wear_per_mwh * round_trip
    may_pay = (cost_of_both < 0) & (problem.max_charge_kw > 0) & (problem.max_discharge_kw > 0)
    charge, discharge, is_charging = _programme(
        problem, low, high, problem.max_charge_kw, problem.max_discharge_kw, np.flatnonzero(may_pay)
    )
    if may_pay.any():
        most_charge = np.where(may_pay & ~is_charging, 0.0, problem.max_charge_kw)
        most_discharge = np.where(may_pay & is_charging, 0.0, problem.max_discharge_kw)
        charge, discharge, _ = _programme(problem, low, high, most_charge, most_discharge, np.empty(0, dtype=np.int64))
    both = np.minimum(charge, discharge / round_trip)
    return charge - both, discharge - both * round_trip


def _programme(
    problem: StorageProblem,
    low: Array,
    high: Array,
    most_charge: Array,
    most_discharge: Array,
    choices: npt.NDArray[np.int64],
) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """Solve with a binary at each step of ``choices``.

    Variables are charge, discharge, energy after the step, shortfall where it costs more than surplus earns, and the
    binaries.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    short_costs = problem.sold.short_per_mwh - problem.sold.long_per_mwh
    shorts = np.flatnonzero(short_costs > 0)
    n, m, k = problem.price_per_mwh.size, shorts.size, choices.size
    step, short, choice = np.arange(n), np.arange(m), np.arange(k)
    shortfall, binary = 3 * n + short, 3 * n + m + choice
    blocks = [
        # Balance: energy after - energy before - charge + discharge = 0.
        (step, step, -problem.kwh_per_charge_kw),
        (step, n + step, problem.kwh_per_discharge_kw),
        (step, 2 * n + step, np.ones(n)),
        (step[1:], 2 * n + step[:-1], -np.ones(n - 1)),
        # Discharge - charge + shortfall is at least what was sold.
        (n + short, shorts, -np.ones(m)),
        (n + short, n + shorts, np.ones(m)),
        (n + short, shortfall, np.ones(m)),
        # Charge only with the binary, discharge only without it.
        (n + m + choice, choices, np.ones(k)),
        (n + m + choice, binary, -most_charge[choices]),
        (n + m + k + choice, n + choices, np.ones(k)),
        (n + m + k + choice, binary, most_discharge[choices]),
    ]
    rows, columns, values = (np.concatenate(part) for part in zip(*blocks, strict=True))
    matrix = coo_array((values, (rows, columns)), shape=(n + m + 2 * k, 3 * n + m + k)).tocsc()
    start = np.zeros(n)
    start[0] = problem.energy_kwh
    buy = (problem.sold.long_per_mwh + THROUGHPUT_COST_PER_MWH) * problem.hours
    sell = (problem.wear_per_mwh + THROUGHPUT_COST_PER_MWH - problem.sold.long_per_mwh) * problem.hours
    result = milp(
        np.concatenate([buy, sell, np.zeros(n), (short_costs * problem.hours)[shorts], np.zeros(k)]),
        integrality=np.repeat([0, 1], [3 * n + m, k]),
        bounds=Bounds(
            np.concatenate([np.zeros(2 * n), low[1:], np.zeros(m + k)]),
            np.concatenate([most_charge, most_discharge, high[1:], np.full(m, np.inf), np.ones(k)]),
        ),
        constraints=LinearConstraint(
            matrix,
            np.concatenate([start, problem.sold.power_kw[shorts], np.full(2 * k, -np.inf)]),
            np.concatenate([start, np.full(m, np.inf), np.zeros(k), most_discharge[choices]]),
        ),
        # The default gap is no optimum; programmes this small are solved faster as they are.
        options={"mip_rel_gap": 0.0, "presolve": False},
    )
    if result.x is None or result.status != 0:
        raise TwinError(
            f"no plan was found for {n} steps from {problem.energy_kwh:g} kWh to {high[-1]:g} kWh: {result.message}",
            place=PLACE,
            next_step="report it with these figures: every such plan should exist",
        )
    charge = np.clip(result.x[:n], 0.0, most_charge)
    discharge = np.clip(result.x[n : 2 * n], 0.0, most_discharge)
    is_charging = np.zeros(n, dtype=np.bool_)
    is_charging[choices] = result.x[binary] > 0.5
    return charge, discharge, is_charging
