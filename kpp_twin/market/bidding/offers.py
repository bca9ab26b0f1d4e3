"""Price-quantity curves of a store: what it trades at each price that may come, so that every day can be followed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from kpp_twin.market.bidding.bids import DAY_AHEAD, bid_id
from kpp_twin.market.bidding.curves import TOLERANCE_KW, BidRules, Side, safe_quantity, safe_tick
from kpp_twin.market.bidding.offer_programme import OfferProblem, OfferProgramme, StoreOnOffer
from kpp_twin.market.inputs import broadcast, refuse
from kpp_twin.operation import Bid
from kpp_twin.timegrid import TimeGrid
from kpp_twin.units import Array

PLACE = "offers"
TOLERANCE_KWH = 1e-6
N_MARGINS = 21  # to the limits of the energy, from none to half of what lies between
# Of prices above the floor in a step. With one for each scenario its price would tell which scenario it is, which no
# real price does: the curves would fit the scenarios, and mixtures of them could not be followed.
N_LEVELS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What a store trades in each price scenario, all quantities such as the market takes.

    In each step the quantity never falls with the price, and is the same at the same price: that is a curve.

    Attributes
    ----------
    price_per_mwh
        The scenarios, on the market's ticks and within its limits, ``(n_scenarios, n)``.
    power_kw, energy_kwh
        ``(n_scenarios, n)`` and ``(n_scenarios, n + 1)``; sales positive.
    revenue
        By scenario, ``(n_scenarios,)``: income less purchases and wear; energy off the target at the end counts at the
        scenario's mean price. [currency]
    """

    price_per_mwh: Array
    power_kw: Array
    energy_kwh: Array
    revenue: Array


def offer(
    scenarios_per_mwh: Array, store: StoreOnOffer, *, hours: float, risk_tolerance: float, rules: BidRules
) -> Offers:
    """Quantities of the best mean-CVaR revenue that curves can bring about, whichever scenario comes.

    The bids of a day are given before any price is known, and each step is cleared by its own price alone. So in each
    step there is one quantity for each of a few levels of the price, which never falls with it, while the steps of each
    scenario together keep to the store's limits (Fleten and Kristoffersen, Stochastic programming for optimizing
    bidding strategies of a Nordic hydropower producer, 2007). The objective is ``(1 - w) * mean + w * CVaR`` of the
    loss with ``w = 1 - risk_tolerance`` (Rockafellar and Uryasev, Optimization of conditional value-at-risk, 2000).

    The store ends at its target in the mean of the scenarios. Quantities that the market does not take are given up,
    never rounded up; then the end may be off by the energy of a few of the smallest bids.

    Parameters
    ----------
    scenarios_per_mwh
        Possible prices, each row as likely as the others, ``(n_scenarios, n)``; what lies outside the market's limits
        counts as the limit.
    hours
        Length of each step.

    Raises
    ------
    ConfigError
        Shapes do not match, values are not finite or contradict one another: all faults in one message.
    TwinError
        The solver found no optimum.
    """
    scenarios = np.asarray(scenarios_per_mwh, dtype=np.float64)
    faults: list[str] = []
    if scenarios.ndim != 2 or not scenarios.size:
        faults.append(f"the scenarios have shape {scenarios.shape}; (n_scenarios, n) is meant")
    elif not np.isfinite(scenarios).all():
        faults.append(f"the scenarios hold {np.size(scenarios) - np.isfinite(scenarios).sum()} values not finite")
    if not 0 <= risk_tolerance <= 1:
        faults.append(f"risk_tolerance must be from 0 to 1; it is {risk_tolerance}")
    if not 0 < hours < np.inf:
        faults.append(f"hours must be above 0; it is {hours}")
    faults += _contradictions(store)
    n = scenarios.shape[-1] if scenarios.ndim else 0
    charge = broadcast("max_charge_kw", store.max_charge_kw, n, faults, least=0.0)
    discharge = broadcast("max_discharge_kw", store.max_discharge_kw, n, faults, least=0.0)
    refuse(faults, place=PLACE, next_step="give finite prices, and limits that hold the energy and the target")
    ticks = np.round(np.clip(scenarios, rules.floor_per_mwh, rules.cap_per_mwh) / rules.tick_per_mwh)
    price = np.round(ticks * rules.tick_per_mwh, 6)
    problem = OfferProblem(
        price_per_mwh=price,
        level=_levels(price, store.floor_per_mwh),
        store=store,
        hours=hours,
        risk_aversion=1 - risk_tolerance,
    )
    charge, discharge = problem.by_scenario(_quantities(problem, np.array([charge, discharge]), rules))
    return Offers(
        price_per_mwh=price,
        power_kw=discharge - charge,
        energy_kwh=problem.energy(charge, discharge),
        revenue=problem.revenue(charge, discharge),
    )


def _levels(price: Array, floor_per_mwh: float) -> npt.NDArray[np.intp]:
    """Level of each scenario's price in its step: 0 below the floor, above it evenly filled; none cuts equal prices."""
    above = np.where(price < floor_per_mwh, -np.inf, price)
    rank = np.column_stack([np.searchsorted(np.sort(of_step), of_step) for of_step in above.T])
    return np.where(price < floor_per_mwh, 0, 1 + rank * N_LEVELS // len(price))


def _contradictions(store: StoreOnOffer) -> list[str]:
    faults = []
    if (
        not store.storage.min_kwh - TOLERANCE_KWH
        <= store.min_kwh
        <= store.max_kwh
        <= store.storage.max_kwh + TOLERANCE_KWH
    ):
        faults.append(
            f"min_kwh {store.min_kwh:g} and max_kwh {store.max_kwh:g} must rise within"
            f" {store.storage.min_kwh:g} to {store.storage.max_kwh:g} kWh"
        )
    for name, value in (("energy_kwh", store.energy_kwh), ("target_kwh", store.target_kwh)):
        if not store.min_kwh - TOLERANCE_KWH <= value <= store.max_kwh + TOLERANCE_KWH:
            faults.append(f"{name} is {value:g}, outside {store.min_kwh:g} to {store.max_kwh:g} kWh")
    if not 0 <= store.wear_per_mwh < np.inf:
        faults.append(f"wear_per_mwh must be finite and not negative; it is {store.wear_per_mwh}")
    if np.isnan(store.floor_per_mwh):
        faults.append("floor_per_mwh is no number")
    return faults


def _taken(quantity_kw: Array, rules: BidRules) -> Array:
    """Quantities as the market takes them, each rounded towards zero."""
    return np.array([safe_quantity(value, rules) for value in quantity_kw.flat]).reshape(quantity_kw.shape)


def _quantities(problem: OfferProblem, limits_kw: Array, rules: BidRules) -> Array:
    """Charge and discharge ``(2, n_levels, n)`` within limits ``(2, n)``, all such as the market takes.

    What the market does not take is given up, which moves the energy. So unless all is taken, the best of several
    margins to the limits of the energy counts that the rest keeps to; nothing traded always does.
    """
    store = problem.store
    most = np.repeat(_taken(limits_kw, rules)[:, None], N_LEVELS + 1, axis=1)
    most[1, 0] = 0.0
    programme, best = OfferProgramme(problem, most), np.zeros(most.shape)
    for margin_kwh in np.linspace(0.0, (store.max_kwh - store.min_kwh) / 2, N_MARGINS):
        chosen = programme.solve(float(margin_kwh))
        taken = _taken(chosen, rules)
        charge, discharge = problem.by_scenario(taken)
        energy = problem.energy(charge, discharge)
        is_kept = store.min_kwh - TOLERANCE_KWH <= energy.min() and energy.max() <= store.max_kwh + TOLERANCE_KWH
        if is_kept and problem.objective(charge, discharge) > problem.objective(*problem.by_scenario(best)):
            best = taken
        if np.abs(taken - chosen).max() <= TOLERANCE_KW:
            break
    return best


def curve_bids(
    offers: Offers, store: StoreOnOffer, grid: TimeGrid, *, product: str, series: str, rules: BidRules
) -> tuple[Bid, ...]:
    """Price-quantity curves that trade each scenario's quantities when its prices come; in order of time.

    Between the prices of two scenarios the limit lies in the middle. What is sold at every scenario's price is sold
    down to the lowest price of all steps and scenarios, what is bought at every one is bought up to the highest: the
    energy would hardly be worth less, or cost more, in another step, and steps that follow count on it. Prices lie on
    ticks, on the safe side, and nothing is sold below the store's floor.

    Parameters
    ----------
    grid
        The offers' steps.
    product
        The store's name in the bids.
    """
    bids = []
    ends = float(offers.price_per_mwh.min()), float(offers.price_per_mwh.max())
    for step, start in enumerate(grid.index.to_pydatetime()):
        curve = _curve(offers.price_per_mwh[:, step], offers.power_kw[:, step], ends, store.floor_per_mwh, rules)
        numbers = {"sell": 0, "buy": 0}
        for price, quantity in sorted(curve, key=lambda point: abs(point[1])):
            side: Side = "sell" if quantity > 0 else "buy"
            numbers[side] += 1
            bids.append(
                Bid(
                    bid_id=bid_id(series, product, side, start, step=numbers[side]),
                    market=DAY_AHEAD,
                    product=product,
                    series=series,
                    valid_from=start,
                    duration_minutes=grid.step_minutes,
                    price_per_mwh=price,
                    quantity_kw=quantity,
                )
            )
    return tuple(bids)


def accepted_kw(bids: Iterable[Bid], grid: TimeGrid, price_per_mwh: Array) -> Array:
    """What curves of one product trade at prices ``(m, n)``, ``(m, n)``; see `clear_bids`. [kW]"""
    accepted = np.zeros(price_per_mwh.shape)
    for bid in bids:
        step = (bid.valid_from - grid.start) // timedelta(minutes=grid.step_minutes)
        price, before = price_per_mwh[:, step], accepted[:, step]
        is_accepted = price >= bid.price_per_mwh if bid.quantity_kw > 0 else price <= bid.price_per_mwh
        is_more = is_accepted & (np.abs(before) < abs(bid.quantity_kw))
        accepted[:, step] = np.where(is_more, bid.quantity_kw, before)
    return accepted


def followed_kw(power_kw: Array, store: StoreOnOffer, *, hours: float) -> tuple[Array, Array]:
    """Powers ``(m, n)`` as far as the store can follow them, and its energy ``(m, n + 1)``."""
    followed = np.zeros(power_kw.shape)
    energy = np.full((power_kw.shape[0], power_kw.shape[1] + 1), store.energy_kwh)
    per_charge, per_discharge = store.storage.charge_efficiency * hours, hours / store.storage.discharge_efficiency
    for step in range(power_kw.shape[1]):
        held = energy[:, step]
        most, least = (held - store.min_kwh) / per_discharge, (held - store.max_kwh) / per_charge
        power = np.clip(power_kw[:, step], np.minimum(least, 0.0), np.maximum(most, 0.0))
        followed[:, step] = power
        energy[:, step + 1] = held - np.where(power > 0, power * per_discharge, power * per_charge)
    return followed, energy


def _curve(
    price: Array, power_kw: Array, ends: tuple[float, float], floor_per_mwh: float, rules: BidRules
) -> list[tuple[float, float]]:
    """Limit prices and cumulative quantities of one step, purchases negative, from the lowest price to the highest."""
    level, first = np.unique(price, return_index=True)
    power = power_kw[first]
    # Above which price each level's quantity holds, by ticks; the first from, the last to the ends.
    middle = np.ceil(np.round((level[1:] + level[:-1]) / 2 / rules.tick_per_mwh, 6)) * rules.tick_per_mwh
    sell_from = np.concatenate([ends[:1], middle])
    buy_until = np.concatenate([middle - rules.tick_per_mwh, ends[1:]])
    is_sale = (power > 0) & (np.diff(power, prepend=0.0) > TOLERANCE_KW)
    is_purchase = (power < 0) & (np.diff(power, append=0.0) > TOLERANCE_KW)
    purchases = [
        (safe_tick(limit, "buy", rules), float(kw))
        for limit, kw in zip(buy_until[is_purchase], power[is_purchase], strict=True)
    ]
    sales = [
        (safe_tick(max(limit, floor_per_mwh), "sell", rules), float(kw))
        for limit, kw in zip(sell_from[is_sale], power[is_sale], strict=True)
    ]
    return purchases + sales
