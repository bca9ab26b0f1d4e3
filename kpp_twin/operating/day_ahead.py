"""The day-ahead stations: plan the next local day with its reserve, and bid for it."""

from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.market.bidding.bids import DAY_AHEAD, MarketInterface, bid_id, day_ahead_bids
from kpp_twin.market.bidding.curves import BidRules
from kpp_twin.market.bidding.emergency import emergency_bids
from kpp_twin.market.bidding.offer_programme import StoreOnOffer
from kpp_twin.market.bidding.offers import accepted_kw, curve_bids, followed_kw, offer
from kpp_twin.market.dispatch.expected_prices import expected_prices
from kpp_twin.market.risk import N_SCENARIOS, price_scenarios
from kpp_twin.operating.hourly import forecast_of, hourly_means
from kpp_twin.operating.market_rules import bid_rules, market_product
from kpp_twin.operating.planning import (
    Need,
    Store,
    auxiliaries_kw,
    binding_note,
    month_peak_kw,
    plan_hours,
    shortfall_notes,
    site_as_it_is,
    stores_of,
    with_battery,
)
from kpp_twin.operating.state import of_json
from kpp_twin.operation import Bid, Operation, Plan, Standing
from kpp_twin.records import Forecast, Slot
from kpp_twin.site import Site
from kpp_twin.timegrid import Array, TimeGrid
from kpp_twin.units import MINUTES_PER_HOUR


def day_ahead(site: Site, slot: Slot, forecasts: Sequence[Forecast], standing: Standing, zone: ZoneInfo) -> Operation:
    """Plan and bids for the local day that the forecasts are about; from and to the target energy.

    One plan holds battery, plant and reserve together. Of it come the reserve that is offered and what the plant
    trades; the battery bids curves in what these leave free, and the load buys at any price. Without a price forecast
    only the load is bid for.
    """
    price = forecast_of(forecasts, "price", site.market.price_series)
    load = forecast_of(forecasts, "load", site.market.load_series)
    if load is None:
        what = f"load {site.market.load_series}"
        if price is None:
            what = f"price {site.market.price_series} and {what}"
        return Operation(state=standing.state, notes=(f"no plan and no bids: no forecast of {what}",))
    grid = TimeGrid.between(load.grid.start, load.grid.stop, MINUTES_PER_HOUR)
    load_kw = hourly_means(load.values, load.grid, grid)
    rules = bid_rules(site, grid)
    if price is None:
        alone = emergency_bids({"load": -load_kw}, grid, rules, series=site.market.price_series)
        note = f"no plan: no forecast of price {site.market.price_series}; the load alone is bid for, at any price"
        taken, refused = submitted(alone, site, rules, grid, slot)
        return Operation(bids=taken, state=standing.state, notes=(note, *refused))
    quantiles = hourly_quantiles(price, grid)
    price_per_mwh = hourly_means(price.values, price.grid, grid) if quantiles is None else expected_prices(quantiles)
    assets = of_json(standing.state).assets
    site = site_as_it_is(site, assets)
    stores = stores_of(site)
    need = Need(grid=grid, issued_at=slot.as_of, load_kw=load_kw, peak_kw=month_peak_kw(site, assets, grid.start, zone))
    plan, planned = plan_hours(site, stores, need, price_per_mwh=price_per_mwh)
    on_offer = battery_on_offer(site, stores["battery"], plan, need.peak_kw)
    if quantiles is None:
        scenarios = price_per_mwh[np.newaxis]
    else:
        scenarios = price_scenarios(quantiles, hours=1.0, n_scenarios=N_SCENARIOS)
    offers = offer(
        scenarios,
        on_offer,
        hours=1.0,
        risk_tolerance=site.market.risk_tolerance,
        rules=rules,
    )
    curves = curve_bids(offers, on_offer, grid, product="battery", series=site.market.price_series, rules=rules)
    battery_kw, _ = followed_kw(accepted_kw(curves, grid, price_per_mwh[np.newaxis]), on_offer, hours=1.0)
    plan = with_battery(plan, battery_kw[0])
    others = day_ahead_bids(plan, price_per_mwh, site.market, {"plant": stores["plant"].terms(site.market)}, rules)
    bids = sorted((*others, *curves, *reserve_bids(site, plan)), key=lambda bid: bid.valid_from)
    taken, refused = submitted(bids, site, rules, grid, slot)
    notes = (binding_note(planned), *shortfall_notes(planned), *refused)
    return Operation(plans=(plan,), bids=taken, state=standing.state, notes=notes)


def hourly_quantiles(price: Forecast, grid: TimeGrid) -> Array | None:
    """Mean of each quantile over each hour, ``(grid.n_steps, n_levels)``; none of a forecast that has none."""
    hourly = [hourly_means(level, price.grid, grid) for level in price.quantiles.T]
    return np.column_stack(hourly) if hourly and np.isfinite(hourly).all() else None


def battery_on_offer(site: Site, store: Store, plan: Plan, most_import_kw: float) -> StoreOnOffer:
    """The battery as it may trade beside the reserve, the plant and the load of a plan, below an import."""
    reserve_kw = plan.reserved_up_kw
    others_kw = plan.setpoint_kw["plant"] + plan.setpoint_kw["load"]
    import_kw = np.minimum(most_import_kw, site.connection.limit_kw - reserve_kw) - auxiliaries_kw(site)
    return StoreOnOffer(
        storage=store.limits,
        min_kwh=store.min_kwh,
        max_kwh=store.max_kwh,
        energy_kwh=store.energy_kwh,
        target_kwh=store.target_kwh,
        max_charge_kw=np.clip(import_kw + others_kw, 0.0, store.max_charge_kw - reserve_kw),
        max_discharge_kw=np.clip(
            site.connection.limit_kw - reserve_kw - others_kw, 0.0, store.max_discharge_kw - reserve_kw
        ),
        wear_per_mwh=store.wear_per_mwh,
        floor_per_mwh=site.market.price_threshold_per_mwh,
    )


def reserve_bids(site: Site, plan: Plan) -> tuple[Bid, ...]:
    """Bids for the frequency response that a plan holds, at the price that the site is paid for it."""
    services, series = site.services, site.market.price_series
    return tuple(
        Bid(
            bid_id=bid_id(series, "battery", "sell", start, market=services.frequency_product),
            market=services.frequency_product,
            product="battery",
            series=series,
            valid_from=start,
            duration_minutes=plan.grid.step_minutes,
            price_per_mwh=services.frequency_response_price_per_mw_hour,
            quantity_kw=float(kw),
        )
        for start, kw in zip(plan.grid.index.to_pydatetime(), plan.reserved_up_kw, strict=True)
        if kw > 0
    )


def submitted(
    bids: Sequence[Bid], site: Site, rules: BidRules, grid: TimeGrid, slot: Slot
) -> tuple[tuple[Bid, ...], tuple[str, ...]]:
    """Bids that the market takes at the cycle's instant, and why it refuses others."""
    product = market_product(site, grid)
    gates = None if product is None else product.gates(product.delivery_day(grid.start))
    book = MarketInterface(rules, gates=gates)
    receipts = book.submit([bid for bid in bids if bid.market == DAY_AHEAD], at=slot.as_of)
    refused = {receipt.bid_id: receipt.reason for receipt in receipts if receipt.state == "rejected"}
    notes = tuple(f"{n} bids are refused: {reason}" for reason, n in Counter(refused.values()).items())
    return tuple(bid for bid in bids if bid.bid_id not in refused), notes
