"""What a plan of everything behind one connection is made of: stores, reserves, load, prices and limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

from kpp_twin.market.dispatch.storage_plan import Sold, StorageLimits
from kpp_twin.market.inputs import broadcast, refuse
from kpp_twin.units import KWH_PER_MWH, Array

PLACE = "site problem"
LOAD = "load"  # the provider of reserve that is no store
NEXT_STEP = "correct the values; powers are positive, in kW, prices in currency/MWh"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteStore:
    """A store behind the connection; the plant is one by its storage equivalent.

    Attributes
    ----------
    energy_kwh, target_kwh
        Energy held at the start, and to be held at the end.
    max_charge_kw, max_discharge_kw
        Largest power at the grid side, both positive; one value or ``(n,)``.
    wear_per_mwh
        Cost of wear on energy discharged, at the grid side. [currency/MWh]
    min_kwh, max_kwh
        What the plan may use, tighter than the limits; one value or ``(n + 1,)``. Reserves may use the limits.
    """

    limits: StorageLimits
    energy_kwh: float
    target_kwh: float
    max_charge_kw: float | Array
    max_discharge_kw: float | Array
    wear_per_mwh: float = 0.0
    min_kwh: float | Array | None = None
    max_kwh: float | Array | None = None

    def energy_band(self, n: int) -> tuple[Array, Array]:
        """Least and most energy that a plan of n steps may use, ``(n + 1,)`` each. [kWh]"""
        low = self.limits.min_kwh if self.min_kwh is None else np.maximum(self.min_kwh, self.limits.min_kwh)
        high = self.limits.max_kwh if self.max_kwh is None else np.minimum(self.max_kwh, self.limits.max_kwh)
        return np.full(n + 1, low), np.full(n + 1, high)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveProduct:
    """A reserve: power that is held for a call.

    Attributes
    ----------
    direction
        Up is more power to the grid; symmetric is the same quantity both ways.
    providers
        Names of the stores that hold it, and `LOAD` if curtailment may, which only serves up.
    price_per_mw_hour
        Paid for each MW held for an hour; one value or ``(n,)``. [currency]
    duration_h
        How long it may be called in full; the energy for it is held, by power at the grid.
    activation_up, activation_down
        Expected call, of each kW held, in an hour. [kWh]
    activation_price_per_mwh
        Paid for what is called up, and by the site for what is called down; None settles it as all other energy.
        One value or ``(n,)``.
    charge_settlement
        Energy settled for each kWh by which a call changes the charge; 1 at a meter of the grid. StorageVET divides
        by the round-trip efficiency.
    is_held_at_end
        The energy is also there at the end of each step, called before or not. Without it only at the start, as
        StorageVET has it: then a call late in a step may find too little.
    block_of_step
        Number of the block that a step belongs to, ``(n,)``; one quantity for all steps of a block.
    committed_kw
        Sold already, to be held before all else but physical limits; one value or ``(n,)``.
    max_kw
        Most that may be held; one value or ``(n,)``.
    minimum_kw, step_kw
        Smallest quantity beyond what is committed, and whole multiples that it has; what is found is rounded down.
    """

    direction: Literal["up", "down", "symmetric"]
    providers: tuple[str, ...]
    price_per_mw_hour: float | Array
    duration_h: float
    activation_up: float = 0.0
    activation_down: float = 0.0
    activation_price_per_mwh: float | Array | None = None
    charge_settlement: float = 1.0
    is_held_at_end: bool = True
    block_of_step: npt.NDArray[np.int64] | None = None
    committed_kw: float | Array | None = None
    max_kw: float | Array | None = None
    minimum_kw: float = 0.0
    step_kw: float = 0.0

    @property
    def sides(self) -> tuple[str, ...]:
        """Up, down or both."""
        return ("up", "down") if self.direction == "symmetric" else (self.direction,)

    @property
    def is_limited(self) -> bool:
        """Whether its quantity has limits of its own."""
        return self.committed_kw is not None or self.max_kw is not None or self.minimum_kw > 0 or self.step_kw > 0

    def committed_of_block(self, n: int) -> Array:
        """Most that is committed of any step of the same block, ``(n,)``. [kW]"""
        committed = np.full(n, 0.0 if self.committed_kw is None else self.committed_kw)
        if self.block_of_step is not None:
            for block in np.unique(self.block_of_step):
                committed[self.block_of_step == block] = committed[self.block_of_step == block].max()
        return committed


@dataclass(frozen=True, slots=True, kw_only=True)
class Curtailment:
    """Load that may be reduced.

    Attributes
    ----------
    max_kw
        Most that can be taken off; one value or ``(n,)``.
    cost_per_mwh
        Paid to the consumer for what is taken off. [currency/MWh]
    rebound_fraction, rebound_steps
        Share of the energy that is consumed later, evenly over so many steps after; at the end of the horizon over
        those that are left, so that nothing is taken off in the last one.
    """

    max_kw: float | Array
    cost_per_mwh: float
    rebound_fraction: float = 0.0
    rebound_steps: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteProblem:
    """Everything behind one connection over n steps, in scenarios of price and load; one plan serves all of them.

    Attributes
    ----------
    start
        When the first step begins; the words of a plan name times by it.
    hours
        Length of the steps; one value or ``(n,)``.
    price_per_mwh, load_kw
        Energy price and consumption that is not planned, by scenario, ``(n_scenarios, n)``.
    probability
        Of each scenario, ``(n_scenarios,)``; all alike by default.
    sold
        After an auction: the position of the whole site, load included, that was sold at the price. Only what differs
        from it moves the profit, at the prices of imbalance. Without it all is settled at the price.
    import_limit_kw, export_limit_kw
        Of the connection, in every scenario of the load and with all reserves called; None for none. One value or
        ``(n,)``.
    demand_charge_per_kw
        Cost of each kW by which the highest mean import of a step, before any call, exceeds ``peak_so_far_kw``.
    peak_target_kw
        Import not to be exceeded in any scenario, before any call; it goes before money, but after committed reserves.
    risk_tolerance
        1 plans for the expected profit, 0 for the mean of the worst twentieth; between them for a mixture.
    """

    start: datetime
    hours: float | Array
    price_per_mwh: Array
    load_kw: Array
    stores: Mapping[str, SiteStore]
    probability: Array | None = None
    reserves: Mapping[str, ReserveProduct] = field(default_factory=dict)
    curtailment: Curtailment | None = None
    sold: Sold | None = None
    import_limit_kw: float | Array | None = None
    export_limit_kw: float | Array | None = None
    demand_charge_per_kw: float = 0.0
    peak_so_far_kw: float = 0.0
    peak_target_kw: float | None = None
    risk_tolerance: float = 1.0

    @property
    def has_connection(self) -> bool:
        """Whether it matters what is drawn or fed in at the connection."""
        limits = self.import_limit_kw, self.export_limit_kw, self.peak_target_kw
        return self.demand_charge_per_kw > 0 or any(limit is not None for limit in limits)

    @property
    def n_steps(self) -> int:
        """Number of steps."""
        return int(self.price_per_mwh.shape[1])

    @property
    def step_hours(self) -> Array:
        """Length of each step, ``(n,)``. [h]"""
        return np.broadcast_to(np.asarray(self.hours, dtype=np.float64), (self.n_steps,))

    @property
    def weights(self) -> Array:
        """Probability of each scenario, ``(n_scenarios,)``."""
        scenarios = self.price_per_mwh.shape[0]
        return np.full(scenarios, 1 / scenarios) if self.probability is None else np.asarray(self.probability)

    @property
    def settled_per_mwh(self) -> Array:
        """Price of one more MWh delivered, ``(n_scenarios, n)``: after an auction that of a surplus."""
        if self.sold is None:
            return self.price_per_mwh
        return np.broadcast_to(np.asarray(self.sold.long_per_mwh, dtype=np.float64), self.price_per_mwh.shape)

    @property
    def load_profiles(self) -> tuple[Array, npt.NDArray[np.int64]]:
        """Loads that differ, and which of them each scenario has: one if all are alike, else one for each."""
        scenarios = np.arange(len(self.load_kw))
        if np.all(self.load_kw == self.load_kw[0]):
            return self.load_kw[:1], np.zeros_like(scenarios)
        return self.load_kw, scenarios

    def fixed_costs(self) -> Array:
        """Cost by scenario that no plan changes, ``(n_scenarios,)``: of the load, less what was sold. [currency]"""
        cost = self.settled_per_mwh * self.load_kw
        if self.sold is not None:
            cost = cost - (self.price_per_mwh - self.settled_per_mwh) * self.sold.power_kw
        return cost @ self.step_hours / KWH_PER_MWH - self.demand_charge_per_kw * self.peak_so_far_kw

    def rebound_share(self) -> Array:
        """Power that comes back in each step of each kW taken off before: ``(n, n)``, from row to column."""
        n, hours = self.n_steps, self.step_hours
        if self.curtailment is None or self.curtailment.rebound_fraction == 0:
            return np.zeros((n, n))
        later = np.arange(n) - np.arange(n)[:, None]
        is_after = (later >= 1) & (later <= self.curtailment.rebound_steps)
        spread_h = np.where(is_after.any(axis=1), is_after @ hours, np.inf)  # after the last step there is no other
        return self.curtailment.rebound_fraction * is_after * (hours / spread_h)[:, None]

    def most_curtailed_kw(self) -> Array:
        """Most load that can be taken off, ``(n,)``."""
        if self.curtailment is None:
            return np.zeros(self.n_steps)
        most = np.array(np.broadcast_to(np.asarray(self.curtailment.max_kw, dtype=np.float64), (self.n_steps,)))
        if self.curtailment.rebound_fraction > 0:
            most[-1] = 0.0
        return most


def check(problem: SiteProblem) -> None:
    """Raise one `ConfigError` that names all faults of a problem."""
    price = problem.price_per_mwh
    if np.ndim(price) != 2 or not np.size(price):
        shape = np.shape(price)
        refuse(
            [f"price_per_mwh has shape {shape}"],
            place=PLACE,
            next_step="give one row per scenario, one column per step",
        )
    faults: list[str] = []
    n = problem.n_steps
    broadcast("hours", problem.hours, n, faults, least=1e-6)
    for name, values in (("price_per_mwh", price), ("load_kw", problem.load_kw)):
        if np.shape(values) != price.shape:
            faults.append(f"{name} has shape {np.shape(values)}; price_per_mwh has {price.shape}")
        elif not np.isfinite(values).all():
            scenario, step = np.argwhere(~np.isfinite(values))[0]
            faults.append(f"{name} must be finite; it is {values[scenario, step]} in scenario {scenario}, step {step}")
    _check_numbers(problem, faults)
    for name, store in problem.stores.items():
        _check_store(name, store, n, faults)
    for name, product in problem.reserves.items():
        _check_reserve(name, product, problem, faults)
    if problem.curtailment is not None:
        _check_curtailment(problem.curtailment, n, faults)
    if problem.sold is not None:
        _check_sold(problem.sold, n, faults)
    refuse(faults, place=PLACE, next_step=NEXT_STEP)


def _check_numbers(problem: SiteProblem, faults: list[str]) -> None:
    n, scenarios = problem.n_steps, problem.price_per_mwh.shape[0]
    for name, limit in (("import_limit_kw", problem.import_limit_kw), ("export_limit_kw", problem.export_limit_kw)):
        if limit is not None:
            broadcast(name, limit, n, faults, least=0.0)
    broadcast("demand_charge_per_kw", problem.demand_charge_per_kw, 1, faults, least=0.0)
    broadcast("peak_so_far_kw", problem.peak_so_far_kw, 1, faults, least=0.0)
    if problem.peak_target_kw is not None:
        broadcast("peak_target_kw", problem.peak_target_kw, 1, faults, least=0.0)
    if not 0 <= problem.risk_tolerance <= 1:
        faults.append(f"risk_tolerance must be from 0 to 1; it is {problem.risk_tolerance}")
    if problem.probability is not None:
        weights = broadcast("probability", problem.probability, scenarios, faults, least=0.0)
        if abs(weights.sum() - 1) > 1e-9:
            faults.append(f"the probabilities must add up to 1; they are {weights.sum()}")
    if not problem.stores and problem.curtailment is None:
        faults.append("there is neither a store nor load to plan")
    if LOAD in problem.stores:
        faults.append(f"no store may be named {LOAD!r}")


def _check_store(name: str, store: SiteStore, n: int, faults: list[str]) -> None:
    for what in ("energy_kwh", "target_kwh", "wear_per_mwh"):
        broadcast(f"{what} of {name}", getattr(store, what), 1, faults, least=0.0)
    for what in ("max_charge_kw", "max_discharge_kw"):
        broadcast(f"{what} of {name}", getattr(store, what), n, faults, least=0.0)
    limits = store.limits
    given = (
        (limits.min_kwh if store.min_kwh is None else store.min_kwh),
        (limits.max_kwh if store.max_kwh is None else store.max_kwh),
    )
    low = np.maximum(broadcast(f"min_kwh of {name}", given[0], n + 1, faults, least=0.0), limits.min_kwh)
    high = np.minimum(broadcast(f"max_kwh of {name}", given[1], n + 1, faults, least=0.0), limits.max_kwh)
    if np.any(low > high) and not faults:
        point = int(np.argmax(low > high))
        faults.append(f"the energy limits of {name} leave nothing at {point}: {low[point]:g} to {high[point]:g} kWh")


def _check_reserve(name: str, product: ReserveProduct, problem: SiteProblem, faults: list[str]) -> None:
    if product.direction in ("up", "down", "symmetric"):
        _check_providers(name, product, problem, faults)
    else:
        faults.append(f"direction of {name} is {product.direction!r}; up, down and symmetric are known")
    for what in ("duration_h", "minimum_kw", "step_kw", "charge_settlement"):
        broadcast(f"{what} of {name}", getattr(product, what), 1, faults, least=0.0)
    shares = {what: getattr(product, what) for what in ("activation_up", "activation_down")}
    faults += [
        f"{what} of {name} must be from 0 to 1; it is {is_}" for what, is_ in shares.items() if not 0 <= is_ <= 1
    ]
    n = problem.n_steps
    for what, least in (
        ("price_per_mw_hour", -np.inf),
        ("activation_price_per_mwh", -np.inf),
        ("committed_kw", 0.0),
        ("max_kw", 0.0),
    ):
        if getattr(product, what) is not None:
            broadcast(f"{what} of {name}", getattr(product, what), n, faults, least=least)
    if (
        product.committed_kw is not None
        and product.max_kw is not None
        and np.any(product.committed_kw > product.max_kw)
    ):
        faults.append(f"committed_kw of {name} exceeds its max_kw")
    if product.block_of_step is not None and np.shape(product.block_of_step) != (n,):
        faults.append(f"block_of_step of {name} has shape {np.shape(product.block_of_step)}; it needs ({n},)")


def _check_providers(name: str, product: ReserveProduct, problem: SiteProblem, faults: list[str]) -> None:
    known = {*problem.stores, *([LOAD] if problem.curtailment is not None else [])}
    faults += [f"{name} has a provider {one!r} that is not there" for one in product.providers if one not in known]
    if not product.providers:
        faults.append(f"{name} has no provider")
    elif "down" in product.sides and set(product.providers) == {LOAD}:
        faults.append(f"{name} has no provider down; load only serves up")


def _check_curtailment(curtailment: Curtailment, n: int, faults: list[str]) -> None:
    broadcast("max_kw of the curtailment", curtailment.max_kw, n, faults, least=0.0)
    broadcast("cost_per_mwh of the curtailment", curtailment.cost_per_mwh, 1, faults, least=0.0)
    broadcast("rebound_fraction", curtailment.rebound_fraction, 1, faults, least=0.0)
    if curtailment.rebound_steps < 1:
        faults.append(f"rebound_steps must be at least 1; it is {curtailment.rebound_steps}")


def _check_sold(sold: Sold, n: int, faults: list[str]) -> None:
    broadcast("sold.power_kw", sold.power_kw, n, faults)
    short = broadcast("sold.short_per_mwh", sold.short_per_mwh, n, faults)
    long = broadcast("sold.long_per_mwh", sold.long_per_mwh, n, faults)
    if np.any(long > short):
        faults.append(f"sold.long_per_mwh exceeds sold.short_per_mwh at step {int(np.argmax(long > short))}")
