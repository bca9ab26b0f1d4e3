"""The market within an hour: prices and positions are looked at anew, and the battery's setpoint is revised.

At each look the battery is planned from the energy that it holds, over the rest of the hour and the hours after it.
What it should deliver in the rest of the hour is what leaves the site without imbalance: what was sold, less what the
meter has shown so far and what load and plant are expected to do. It delivers that where the price of the imbalance is
worth the wear and the stored energy, which the hours after need. Frequency response counts as settlement counts it, as
no imbalance, so nothing works against it.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from kpp_twin.demand.load import LoadHour
from kpp_twin.market.accounts import pays_reduction
from kpp_twin.market.dispatch.storage_plan import StorageLimits, plan_storage
from kpp_twin.market.settlement import sold_at
from kpp_twin.operation import HourOrders, MarketLook, MarketOutlook
from kpp_twin.site import Site
from kpp_twin.twin.assets import AssetsRun, SiteAssets
from kpp_twin.twin.ledger import energy_kwh
from kpp_twin.units import SECONDS_PER_HOUR, SECONDS_PER_MINUTE, Array

# A setpoint is revised by no less. [kW]
LEAST_REVISION_KW = 0.5
# What load and plant miss of what was sold they miss in the next hour too, this share of it: on the bundled data the
# imbalance of an hour correlates with those 1, 2, 4 and 8 hours later by 0.74, 0.63, 0.45 and 0.29.
CARRIED_ON = 0.8


def revised_schedule(
    site: Site,
    orders: HourOrders,
    assets: SiteAssets,
    measured_kw: Array,
    load_of: Callable[[Array], LoadHour],
) -> tuple[Array, Mapping[MarketLook, int]]:
    """Battery's setpoint by the second, ``(3600,)``, and how many looks at the market came to what.

    The first setpoint is that of the orders. Each look, one every ``site.market.update_interval_s`` after the start,
    uses only what is known at its instant. It ends as one of these:

    - ``price_unknown``: a price is missing, and the setpoint holds;
    - ``kept``: the setpoint is still the best;
    - ``price_came``: revised, since prices became known after the look before;
    - ``imbalance``: revised for what meter and stored energy show.

    Parameters
    ----------
    assets
        In their state at the start of the hour; they are run through it.
    measured_kw
        Load by the second before curtailment, ``(3600,)``.
    load_of
        Load of the hour from what was measured, with curtailments and rebound.
    """
    schedule_kw = np.full(SECONDS_PER_HOUR, orders.battery_kw)
    looks: Counter[MarketLook] = Counter()
    market, interval_s = orders.market, round(site.market.update_interval_s)
    if market is None:
        return schedule_kw, looks
    metered_kwh, was_known = 0.0, bool((market.known_s <= 0).all())
    for now in range(interval_s, SECONDS_PER_HOUR, interval_s):
        last = slice(now - interval_s, now)
        stretch = assets.run(last, schedule_kw[last])
        metered_kwh += energy_kwh(stretch.net_kw - stretch.stabilized.battery.records.response_kw)
        if (market.known_s > now).any():
            looks["price_unknown"] += 1
            continue
        expected_kw = np.full(SECONDS_PER_HOUR - now, measured_kw[last].mean())
        load = load_of(np.concatenate([measured_kw[:now], expected_kw]))
        rest = _rest(site, market, now, metered_kwh, stretch, load)
        planned_kw = _planned_kw(site, assets, market, rest)
        # What load and plant leave of the import limit is not passed for the sake of the market.
        planned_kw = max(planned_kw, min(schedule_kw[now], -assets.import_limit_kw - rest.others_kw))
        look: MarketLook = "imbalance" if was_known else "price_came"
        was_known = True
        if abs(planned_kw - schedule_kw[now]) < LEAST_REVISION_KW:
            look = "kept"
        else:
            schedule_kw[now:] = planned_kw
        looks[look] += 1
    return schedule_kw, looks


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    """What is expected of the rest of an hour; means of its power.

    Attributes
    ----------
    owed_kw
        Power of the battery that would leave the hour without imbalance.
    others_kw
        Net power of load and plant.
    missed_kw
        What load and plant do not deliver of what was sold of them.
    """

    hours: float
    owed_kw: float
    others_kw: float
    missed_kw: float


def _rest(site: Site, market: MarketOutlook, now: int, metered_kwh: float, stretch: AssetsRun, load: LoadHour) -> _Rest:
    """Expect the load as given, nothing shed of it, and plant and auxiliaries to go on as in the last minute."""
    hours, minute = 1 - now / SECONDS_PER_HOUR, slice(-SECONDS_PER_MINUTE, None)
    auxiliary_kw = float(stretch.stabilized.battery.records.auxiliary_kw[minute].mean())
    others_kw = float(stretch.plant_kw[minute].mean() - load.power_kw[now:].mean())
    sold = market.sold_kw[0]
    owed_kwh, missed_kw = math.fsum(sold.values()) - metered_kwh, _of_others(sold) - others_kw
    if pays_reduction(float(market.price_per_mwh[0]), site.demand_response.net_benefits_price_per_mwh):
        # It is a service of its own, and no surplus.
        owed_kwh += energy_kwh(load.reduction_kw)
        missed_kw += float(load.reduction_kw[now:].mean())
    return _Rest(
        hours=hours, owed_kw=owed_kwh / hours - others_kw + auxiliary_kw, others_kw=others_kw, missed_kw=missed_kw
    )


def _planned_kw(site: Site, assets: SiteAssets, market: MarketOutlook, rest: _Rest) -> float:
    """The battery's best setpoint for the rest of the hour."""
    battery, model, price = site.battery, assets.controller.model, market.price_per_mwh
    n = len(price)
    missed_kw = rest.missed_kw * CARRIED_ON ** np.arange(n)
    sold_kw = np.array([sold.get("battery", 0.0) for sold in market.sold_kw]) + missed_kw
    sold_kw[0] = rest.owed_kw
    others_kw = np.array([_of_others(sold) for sold in market.sold_kw]) - missed_kw
    others_kw[0] = rest.others_kw
    up_kw, down_kw = model.constants.reserve_up_kw, model.constants.reserve_down_kw
    import_kw = min(assets.import_limit_kw, site.connection.limit_kw - down_kw) - model.extra_kw
    least_kwh, most_kwh = model.window_kwh
    # Responses move the energy away from the plan, and the next hour needs its reserve from its first second.
    guard_kwh = np.full(n + 1, battery.guard_state_of_charge * battery.capacity_kwh)
    guard_kwh[0] = 0.0
    target_kwh = battery.target_state_of_charge * battery.capacity_kwh
    plan = plan_storage(
        price,
        hours=np.array([rest.hours, *np.ones(n - 1)]),
        storage=StorageLimits(
            min_kwh=model.config.min_kwh,
            max_kwh=model.config.max_kwh,
            charge_efficiency=battery.charge_efficiency,
            discharge_efficiency=battery.discharge_efficiency,
        ),
        energy_kwh=assets.controller.state.energy_kwh,
        target_kwh=target_kwh,
        max_charge_kw=np.clip(import_kw + others_kw, 0.0, battery.max_power_kw - down_kw),
        max_discharge_kw=np.clip(site.connection.limit_kw - up_kw - others_kw, 0.0, battery.max_power_kw - up_kw),
        wear_per_mwh=battery.degradation_cost_per_mwh,
        min_kwh=np.minimum(least_kwh + guard_kwh, target_kwh),
        max_kwh=np.maximum(most_kwh - guard_kwh, target_kwh),
        sold=sold_at(sold_kw, price, site.market),
    )
    return float(plan.power_kw[0])


def _of_others(sold_kw: Mapping[str, float]) -> float:
    """What was sold of load and plant."""
    return sold_kw.get("load", 0.0) + sold_kw.get("plant", 0.0)
