"""The hourly plan: of the rest of the local day, around what was sold, with the next hour as it is coordinated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from kpp_twin.coordination.hour import coordinate_hour
from kpp_twin.demand.events import hourly_reduction_kw
from kpp_twin.market.rules.disruption import recovery_notes
from kpp_twin.operating.desk import HOUR, Desk
from kpp_twin.operating.hourly import forecast_of, hourly_means
from kpp_twin.operating.market_rules import market_basis
from kpp_twin.operating.planning import (
    Need,
    Store,
    admitted,
    first_hours,
    month_peak_kw,
    plan_hours,
    plan_without_prices,
    shortfall_notes,
    site_as_it_is,
    stores_of,
)
from kpp_twin.operation import AssetState, DemandEvent, Plan, ServiceRecord
from kpp_twin.records import Forecast
from kpp_twin.site import Site
from kpp_twin.timegrid import Array, TimeGrid, hour_label, local_day_bounds
from kpp_twin.twin.hour import initial_state
from kpp_twin.units import MINUTES_PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Replanned:
    """What an hourly cycle plans.

    Attributes
    ----------
    plan
        None: the one in force holds.
    requests
        For the next hour, as the coordinator answered them.
    fallbacks
        Why the last plan did not rest on the market; empty if it did.
    """

    plan: Plan | None = None
    requests: tuple[ServiceRecord, ...] = ()
    fallbacks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def replan(
    desk: Desk, assets: AssetState | None, events: Sequence[DemandEvent], fallbacks_before: Sequence[str]
) -> Replanned:
    """Plan of the rest of the local day, its first hour as the coordinator admits it.

    Once the prices of the next day are known, the plan looks on to the end of that. While the market cannot be relied
    on, the plan in force holds; where there is none, one is made without prices.
    """
    start = desk.next_hour
    today = start.astimezone(desk.zone).date()
    (_, stop), (_, end) = (local_day_bounds(day, desk.zone) for day in (today, today + timedelta(days=1)))
    n_today = (stop - start) // HOUR
    grid = TimeGrid.between(start, end, MINUTES_PER_HOUR)
    basis = market_basis(desk.site, desk.as_of, grid, desk.price_on(grid))
    load = forecast_of(desk.forecasts, "load", desk.site.market.load_series)
    load_kw = _load_kw(desk, load, grid, events)
    known = np.isfinite(load_kw)
    is_whole = known.all() and np.isfinite(basis.price_per_mwh).all()
    n_steps = grid.n_steps if is_whole else n_today if known[:n_today].all() else int(np.argmin(known))
    grid, load_kw, price = replace(grid, n_steps=n_steps), load_kw[:n_steps], basis.price_per_mwh[:n_steps]
    hours = list(grid.index.to_pydatetime())
    in_force_kw = {asset: desk.in_force_kw(asset, hours) for asset in ("battery", "plant")}
    has_prices, has_plan = np.isfinite(price).all(), np.isfinite(in_force_kw["battery"]).all()
    if load is None or not n_steps or not (has_prices or (basis.calls_for("optimise_locally") and not has_plan)):
        what = "prices are not known" if load and n_steps else "the load is not forecast"
        note = f"no new plan from {hour_label(start)}: {what}; the one in force holds"
        return Replanned(
            fallbacks=tuple(dict.fromkeys((*fallbacks_before, *basis.reasons))), notes=(*basis.notes, note)
        )
    assets = assets or initial_state(desk.site, desk.metered_until, desk.zone)
    site = site_as_it_is(desk.site, assets)
    stores = _stores_at(desk, site, assets, start)
    offered_kw = site.services.frequency_response_kw
    need = Need(
        grid=grid,
        issued_at=desk.as_of,
        load_kw=load_kw,
        peak_kw=month_peak_kw(site, assets, start, desk.zone),
        reserve_kw=np.array([offered_kw if (sold := desk.reserve_kw(hour)) is None else sold for hour in hours]),
    )
    notes = [*basis.notes]
    if has_prices:
        notes += recovery_notes(fallbacks_before, basis)
        sold_kw = [desk.sold_kw(hour, p) for hour, p in zip(hours, price, strict=True)]
        plan, planned = plan_hours(site, stores, need, price_per_mwh=price, sold_kw=sold_kw)
        notes += shortfall_notes(planned)
    else:
        plan = plan_without_prices(site, stores, need, in_force_kw=in_force_kw)
    plan = first_hours(plan, min(n_today, n_steps))
    allocation = coordinate_hour(
        site,
        battery_kwh=stores["battery"].energy_kwh,
        start=start,
        reserve_kw=float(plan.reserved_up_kw[0]),
        planned_battery_kw=float(plan.setpoint_kw["battery"][0]),
        now=desk.as_of,
    )
    return Replanned(
        plan=admitted(plan, allocation), requests=allocation.records, fallbacks=basis.reasons, notes=tuple(notes)
    )


def _load_kw(desk: Desk, load: Forecast | None, grid: TimeGrid, events: Sequence[DemandEvent]) -> Array:
    """Consumption after curtailment, ``(grid.n_steps,)``; beyond the forecast as in the plan in force, else NaN."""
    planned_kw = -desk.in_force_kw("load", list(grid.index.to_pydatetime()))
    if load is None:
        return planned_kw
    forecast_kw = hourly_means(load.values, load.grid, grid)
    reduced_kw = np.sum([hourly_reduction_kw(event, grid) for event in events], axis=0)
    return np.where(np.isnan(forecast_kw), planned_kw, forecast_kw) - reduced_kw


def _stores_at(desk: Desk, site: Site, assets: AssetState, start: datetime) -> dict[str, Store]:
    """The stores as they will be once the plan in force has led them there from the last metered hour."""
    before = list(TimeGrid.between(desk.metered_until, start, MINUTES_PER_HOUR).index.to_pydatetime())
    return {
        asset: replace(store, energy_kwh=store.after([desk.setpoint(asset, hour).setpoint_kw for hour in before]))
        for asset, store in stores_of(site, assets).items()
    }
