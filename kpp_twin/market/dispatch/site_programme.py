"""The linear programme of everything behind one connection.

Reserves are held as StorageVET does it: each store has a part up and down against its discharge and one against its
charge, so that calls move its energy with the right efficiency. Risk is the conditional value at risk (Rockafellar and
Uryasev, Optimization of conditional value-at-risk, 2000).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kpp_twin.market.dispatch.site_parts import Indices, Key, Programme, ProgrammeParts, Term
from kpp_twin.market.dispatch.site_problem import LOAD, ReserveProduct, SiteProblem, SiteStore
from kpp_twin.market.risk import ALPHA
from kpp_twin.units import KW_PER_MW, KWH_PER_MWH, Array

# Of plans that earn the same, the one that moves least energy. It can cost at most this much of each MWh moved.
THROUGHPUT_COST_PER_MWH = 1e-5
# What a plan may fall short of, the most important first; each as little as those before it allow.
TIERS = ("connection limit", "energy limits", "committed reserve", "peak target", "energy target")
WAYS = ("discharge", "charge")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """What the parts of a site share.

    Attributes
    ----------
    planned, settled
        Terms by step: power to the grid before any call, and expected power that is settled at the price.
    called
        Power of all reserves, by side.
    shortfalls
        Columns of each tier and their weights.
    """

    problem: SiteProblem
    parts: ProgrammeParts
    steps: Indices
    hours: Array
    planned: list[Term] = field(default_factory=list)
    settled: list[Term] = field(default_factory=list)
    called: Mapping[str, list[Term]] = field(default_factory=lambda: {"up": [], "down": []})
    shortfalls: dict[str, list[Term]] = field(default_factory=lambda: {tier: [] for tier in TIERS})

    def add_shortfall(self, tier: str, *key: str, size: int, weights: float | Array = 1.0) -> Indices:
        """New columns of what a tier may fall short of."""
        columns = self.parts.add_columns((tier, *key), size)
        self.shortfalls[tier].append((0, columns, weights))
        return columns


def site_programme(problem: SiteProblem) -> Programme:
    """Programme of a checked problem; its cost is money alone.

    Every shortfall has its columns. Each tier has a row ``(tier,)`` that sums them, without a limit. Stores may charge
    and discharge at once.
    """
    parts = ProgrammeParts()
    site = _Site(problem=problem, parts=parts, steps=np.arange(problem.n_steps), hours=problem.step_hours)
    for name, store in problem.stores.items():
        _add_store(site, name, store)
    _add_load(site)
    for name, product in problem.reserves.items():
        _add_quantity(site, name, product)
    if problem.has_connection:
        _add_planned(site)
    _add_connection(site)
    _add_money(site)
    for tier, terms in site.shortfalls.items():
        parts.add_rows((tier,), 1, terms)
    return parts.programme()


def _add_store(site: _Site, name: str, store: SiteStore) -> None:
    """Power, energy and reserves of a store."""
    parts, steps, limits, n = site.parts, site.steps, store.limits, site.steps.size
    into, out_of = site.hours * limits.charge_efficiency, site.hours / limits.discharge_efficiency
    wear, moved = store.wear_per_mwh * site.hours / KWH_PER_MWH, THROUGHPUT_COST_PER_MWH * site.hours / KWH_PER_MWH
    charge = parts.add_columns(("charge", name), n, upper=store.max_charge_kw, cost=moved)
    discharge = parts.add_columns(("discharge", name), n, upper=store.max_discharge_kw, cost=moved + wear)
    power: list[Term] = [(steps, discharge, 1.0), (steps, charge, -1.0)]
    site.planned.extend(power)
    site.settled.extend(power)
    planned: list[Term] = [(steps, charge, into), (steps, discharge, -out_of)]
    called: list[Term] = []
    products = {key: product for key, product in site.problem.reserves.items() if name in product.providers}
    for key, product in products.items():
        for side in product.sides:
            shares = _add_shares(site, key, product, side, name)
            expected = product.activation_up if side == "up" else -product.activation_down
            if expected:
                called += [(steps, shares[0], -expected * out_of), (steps, shares[1], -expected * into)]
                parts.add_cost(shares[0], expected * wear)
    energy = parts.add_columns(
        ("energy", name),
        n,
        lower=min(limits.min_kwh, store.energy_kwh),
        upper=max(limits.max_kwh, store.energy_kwh),
    )
    before = [(steps[1:], energy[:-1], 1.0)]
    change = [(rows, columns, -value) for rows, columns, value in [*before, *planned, *called]]
    start = np.where(steps == 0, store.energy_kwh, 0.0)
    parts.add_rows(("balance", name), n, [(steps, energy, 1.0), *change], lower=start, upper=start)
    outside = _add_energy_limits(site, name, store, energy)
    for side in ("up", "down"):
        held = {key: product for key, product in products.items() if side in product.sides}
        if held:
            _add_headroom(site, name, store, side, tuple(held))
        if held or called:
            _add_held_energy(site, name, store, side, products, planned, outside, has_calls=bool(called))


def _add_shares(site: _Site, key: str, product: ReserveProduct, side: str, name: str) -> tuple[Indices, Indices]:
    """What a store holds of a product to one side: against its discharge, and against its charge."""
    shares = []
    for way, settlement in zip(WAYS, (1.0, product.charge_settlement), strict=True):
        columns = site.parts.add_columns((side, way, key, name), site.steps.size)
        _settle(site, product, side, columns, settlement)
        shares.append(columns)
    return shares[0], shares[1]


def _settle(site: _Site, product: ReserveProduct, side: str, columns: Indices, settlement: float = 1.0) -> None:
    """What columns of a reserve earn: for being held, of a symmetric product only up, and for expected calls."""
    if side == "up" or product.direction == "down":
        site.parts.add_cost(columns, -np.asarray(product.price_per_mw_hour) / KW_PER_MW * site.hours)
    site.called[side].append((site.steps, columns, 1.0))
    expected = settlement * (product.activation_up if side == "up" else -product.activation_down)
    if expected and product.activation_price_per_mwh is None:
        site.settled.append((site.steps, columns, expected))
    elif expected:
        price = np.asarray(product.activation_price_per_mwh)
        site.parts.add_cost(columns, -expected * price * site.hours / KWH_PER_MWH)


def _add_energy_limits(site: _Site, name: str, store: SiteStore, energy: Indices) -> dict[str, tuple[Indices, float]]:
    """Limits tighter than those of the store, and the target: each may be missed where it is out of reach.

    If the store starts outside its limits, the columns of what it is outside come back, by the side that they concern.
    """
    parts, steps, n, limits = site.parts, site.steps, site.steps.size, store.limits
    low, high = store.energy_band(n)
    is_outside = not limits.min_kwh <= store.energy_kwh <= limits.max_kwh
    outside: dict[str, tuple[Indices, float]] = {}
    if is_outside or store.min_kwh is not None or store.max_kwh is not None:
        under = site.add_shortfall("energy limits", "under", name, size=n)
        over = site.add_shortfall("energy limits", "over", name, size=n)
        terms = [(steps, energy, 1.0), (steps, under, 1.0), (steps, over, -1.0)]
        parts.add_rows(("energy limits", name), n, terms, lower=low[1:], upper=high[1:])
        outside = {"up": (under, 1.0), "down": (over, -1.0)} if is_outside else {}
    under = site.add_shortfall("energy target", "under", name, size=1)
    over = site.add_shortfall("energy target", "over", name, size=1)
    ends: list[Term] = [(0, energy[-1], 1.0), (0, under, 1.0), (0, over, -1.0)]
    parts.add_rows(("energy target", name), 1, ends, lower=store.target_kwh, upper=store.target_kwh)
    return outside


def _add_headroom(site: _Site, name: str, store: SiteStore, side: str, products: Sequence[str]) -> None:
    """Reserves stay within the power that the plan leaves free: up beside the discharge, and as much as is charged."""
    beside, most = ("discharge", store.max_discharge_kw) if side == "up" else ("charge", store.max_charge_kw)
    for way in WAYS:
        shares = [(site.steps, site.parts.columns[side, way, key, name], 1.0) for key in products]
        power = site.steps, site.parts.columns[way, name], 1.0 if way == beside else -1.0
        site.parts.add_rows(
            ("headroom", side, way, name), site.steps.size, [*shares, power], upper=most if way == beside else 0.0
        )


def _add_held_energy(
    site: _Site,
    name: str,
    store: SiteStore,
    side: str,
    products: Mapping[str, ReserveProduct],
    planned: Sequence[Term],
    outside: Mapping[str, tuple[Indices, float]],
    *,
    has_calls: bool,
) -> None:
    """Energy for the whole duration of all reserves of a side, at the start of each step, and of most at its end.

    The end is that of the plan with the expected calls, and that without any; of a call that outlasts its step, all
    ends that it reaches. There a call may have saved discharge of earlier steps, which fills the store faster.
    """
    parts, n, limits = site.parts, site.steps.size, store.limits
    sure = {key: product for key, product in products.items() if product.is_held_at_end}
    at_end = {key: product for key, product in sure.items() if side in product.sides}
    longest = max((product.duration_h for product in at_end.values()), default=0.0)
    reached = min(max(1, int(np.ceil(longest / site.hours.min() - 1e-9))), n)
    drawn = 1 / limits.discharge_efficiency
    out_of_limits = [outside[side]] if outside else []

    def hold(
        point: str,
        held: Mapping[str, ReserveProduct],
        rate: float,
        rows: Indices,
        *,
        energy_of: int,
        reached: int,
        moved: Sequence[Term] = (),
    ) -> None:
        """The energy so many steps after the start of each row, and what is moved until the point that is reached."""
        terms = [
            (rows, parts.columns[side, way, key, name][rows], rate * product.duration_h)
            for key, product in held.items()
            for way in WAYS
        ]
        energy = parts.columns["energy", name]
        for columns, factor, later in ((energy, 1.0, energy_of), *((*beyond, reached) for beyond in out_of_limits)):
            after = rows[1:] if later == 0 else rows  # the energy at the start is no column
            terms.append((after, columns[after + later - 1], factor))
        room = np.full(rows.size, float(limits.min_kwh if side == "up" else limits.max_kwh))
        if energy_of == 0:
            room[0] -= store.energy_kwh
        if reached == 0:
            room[0] = min(room[0], 0.0) if side == "up" else max(room[0], 0.0)
        bounds = {"lower": room} if side == "up" else {"upper": room}
        parts.add_rows(("held energy", side, name, point), rows.size, [*terms, *moved], **bounds)

    at_start = {key: product for key, product in products.items() if side in product.sides}
    hold("start", at_start, -drawn if side == "up" else limits.charge_efficiency, site.steps, energy_of=0, reached=0)
    if not sure:
        return
    rate = -drawn if side == "up" else drawn if reached > 1 else limits.charge_efficiency
    if has_calls:
        hold("end", at_end, rate, site.steps, energy_of=1, reached=1)
    for steps in range(1, reached + 1):
        rows = site.steps[: n + 1 - steps]
        moved = [
            (rows, columns[rows + step], value[rows + step]) for step in range(steps) for _, columns, value in planned
        ]
        hold(f"uncalled end {steps}", at_end, rate, rows, energy_of=0, reached=steps, moved=moved)


def _add_load(site: _Site) -> None:
    """Curtailment with its rebound, and the reserves that it serves."""
    curtailment = site.problem.curtailment
    if curtailment is None:
        return
    n, most = site.steps.size, site.problem.most_curtailed_kw()
    cost = curtailment.cost_per_mwh * site.hours / KWH_PER_MWH
    share = site.problem.rebound_share()
    earlier, later = np.nonzero(share)

    def rebound(columns: Indices, taken: float) -> Term:
        return later, columns[earlier], -taken * share[earlier, later]

    curtailed = site.parts.add_columns(("curtailed",), n, upper=most, cost=cost)
    power = [(site.steps, curtailed, 1.0), rebound(curtailed, 1.0)]
    site.planned.extend(power)
    site.settled.extend(power)
    shares = [curtailed]
    for key, product in site.problem.reserves.items():
        if LOAD in product.providers and "up" in product.sides:
            columns = site.parts.add_columns(("up", key, LOAD), n, cost=product.activation_up * cost)
            _settle(site, product, "up", columns)
            site.called["down"].append(rebound(columns, -1.0))  # what comes back after a call of a whole step
            if product.activation_up:
                site.settled.append(rebound(columns, product.activation_up))
            shares.append(columns)
    site.parts.add_rows(("curtailed",), n, [(site.steps, columns, 1.0) for columns in shares], upper=most)


def _add_quantity(site: _Site, key: str, product: ReserveProduct) -> None:
    """The quantity of a product: what is committed, at most so much, both ways alike, one for each block."""
    n, steps, parts = site.steps.size, site.steps, site.parts
    quantity = {side: _quantity(site, key, product, side) for side in product.sides}
    terms = quantity[product.sides[0]]
    if product.is_limited:
        counted = terms.copy()
        if product.committed_kw is not None:
            short = site.add_shortfall("committed reserve", key, size=n, weights=site.hours)
            counted.append((steps, short, 1.0))
        parts.add_rows(
            ("quantity", key),
            n,
            counted,
            lower=0.0 if product.committed_kw is None else product.committed_kw,
            upper=np.inf if product.max_kw is None else product.max_kw,
        )
    if product.direction == "symmetric":
        down = [(rows, columns, -value) for rows, columns, value in quantity["down"]]
        parts.add_rows(("symmetric", key), n, [*quantity["up"], *down], lower=0.0, upper=0.0)
    if product.block_of_step is not None:
        same = np.flatnonzero(np.diff(product.block_of_step) == 0)
        rows = np.arange(same.size)
        pairs = [(rows, columns[at], sign) for _, columns, _ in terms for at, sign in ((same, 1.0), (same + 1, -1.0))]
        parts.add_rows(("block", key), same.size, pairs, lower=0.0, upper=0.0)


def _quantity(site: _Site, key: str, product: ReserveProduct, side: str) -> list[Term]:
    """What all providers hold of a product to one side."""
    keys: list[Key] = [(side, way, key, name) for name in product.providers if name != LOAD for way in WAYS]
    if side == "up" and LOAD in product.providers:
        keys.append((side, key, LOAD))
    return [(site.steps, site.parts.columns[of_share], 1.0) for of_share in keys]


def _add_planned(site: _Site) -> None:
    """Columns of the power before any call: rows that count it hold one entry for it."""
    n, steps = site.steps.size, site.steps
    planned = site.parts.add_columns(("planned",), n, lower=-np.inf)
    parts = [(rows, columns, -value) for rows, columns, value in site.planned]
    site.parts.add_rows(("planned",), n, [(steps, planned, 1.0), *parts], lower=0.0, upper=0.0)
    site.planned[:] = [(steps, planned, 1.0)]


def _add_connection(site: _Site) -> None:
    """Limits of the connection with all reserves called in every load, and the peak that is aimed at without calls."""
    problem, steps, n = site.problem, site.steps, site.steps.size
    most, least = problem.load_kw.max(axis=0), problem.load_kw.min(axis=0)
    if problem.import_limit_kw is not None:
        excess = site.add_shortfall("connection limit", "import", size=n, weights=site.hours)
        down = [(rows, columns, -value) for rows, columns, value in site.called["down"]]
        terms = [*site.planned, *down, (steps, excess, 1.0)]
        site.parts.add_rows(("connection", "import"), n, terms, lower=most - problem.import_limit_kw)
    if problem.export_limit_kw is not None:
        excess = site.add_shortfall("connection limit", "export", size=n, weights=site.hours)
        terms = [*site.planned, *site.called["up"], (steps, excess, -1.0)]
        site.parts.add_rows(("connection", "export"), n, terms, upper=problem.export_limit_kw + least)
    if problem.peak_target_kw is not None:
        excess = site.add_shortfall("peak target", size=1)
        terms = [*site.planned, (steps, excess, 1.0)]
        site.parts.add_rows(("peak target", "import"), n, terms, lower=most - problem.peak_target_kw)


def _add_money(site: _Site) -> None:
    """Cost of energy, imbalance and peak, and of the worst scenarios as far as they count."""
    problem, parts, steps, n = site.problem, site.parts, site.steps, site.steps.size
    profiles, of_scenario = problem.load_profiles
    profile_weights = np.bincount(of_scenario, problem.weights)
    caution = 1 - problem.risk_tolerance if len(problem.price_per_mwh) > 1 else 0.0
    risky: list[tuple[Indices, Array]] = []  # what scenarios may cost more, by profile of the load
    if problem.demand_charge_per_kw:
        peaks = parts.add_columns(("peak",), len(profiles), lower=problem.peak_so_far_kw)
        for profile, load in enumerate(profiles):
            terms = [*site.planned, (steps, peaks[profile], 1.0)]
            parts.add_rows(("peak", str(profile)), n, terms, lower=load)
        risky.append((peaks[:, None], np.array([problem.demand_charge_per_kw])))
    if problem.sold is not None:
        shorts = parts.add_columns(("short",), len(profiles) * n).reshape(-1, n)
        for profile, load in enumerate(profiles):
            terms = [*site.settled, (steps, shorts[profile], 1.0)]
            parts.add_rows(("short", str(profile)), n, terms, lower=problem.sold.power_kw + load)
        dearer = problem.sold.short_per_mwh - problem.sold.long_per_mwh
        risky.append((shorts, dearer * site.hours / KWH_PER_MWH))
    for columns, cost in risky:
        parts.add_cost(columns, (1 - caution) * profile_weights[:, None] * cost)
    if caution:
        _add_risk(site, caution, of_scenario, risky)
        return
    income = problem.weights @ problem.settled_per_mwh * site.hours / KWH_PER_MWH
    for rows, columns, value in site.settled:
        parts.add_cost(columns, -income[rows] * value)


def _add_risk(site: _Site, caution: float, of_scenario: Indices, risky: Sequence[tuple[Indices, Array]]) -> None:
    """Weigh expected cost and conditional value at risk: of the quantile, and of what each scenario costs beyond it.

    What all scenarios cost alike moves both by the same; it stays a cost of the columns.
    """
    problem, parts, steps, n = site.problem, site.parts, site.steps, site.steps.size
    weights, income = problem.weights, problem.settled_per_mwh * site.hours / KWH_PER_MWH
    settled = parts.add_columns(("settled",), n, lower=-np.inf, cost=-(1 - caution) * (weights @ income))
    parts.add_rows(
        ("settled",),
        n,
        [(steps, settled, 1.0), *((rows, columns, -value) for rows, columns, value in site.settled)],
        lower=0.0,
        upper=0.0,
    )
    quantile = parts.add_columns(("quantile",), 1, lower=-np.inf, cost=caution)
    beyond = parts.add_columns(("beyond",), weights.size, cost=caution / (1 - ALPHA) * weights)
    scenarios = np.arange(weights.size)
    by_step = [(settled[None], income), *((columns[of_scenario], -cost) for columns, cost in risky)]
    terms: list[Term] = [(scenarios, quantile, 1.0), (scenarios, beyond, 1.0)]
    for columns, values in by_step:
        entry = np.broadcast_arrays(scenarios[:, None], columns, values)
        terms.append((entry[0].ravel(), entry[1].ravel(), entry[2].ravel()))
    parts.add_rows(("scenario",), weights.size, terms, lower=problem.fixed_costs())
