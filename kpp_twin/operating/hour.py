"""The hourly stations: simulate what was metered, settle it, call curtailments, plan anew, coordinate the next hour."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from kpp_twin.bill import MeteredHour, SettlementLine
from kpp_twin.coordination.hour import coordinate_event
from kpp_twin.demand.curtailment import sheddable_share
from kpp_twin.demand.events import plan_events
from kpp_twin.market.settlement import settle_hour
from kpp_twin.operating.desk import HOUR, Desk
from kpp_twin.operating.hourly import forecast_of, known_on, series_of
from kpp_twin.operating.replan import replan
from kpp_twin.operating.state import OperatingState, of_json
from kpp_twin.operation import (
    AssetState,
    DemandEvent,
    HourOrders,
    MarketOutlook,
    Operation,
    ServiceRecord,
    SimulatedHour,
)
from kpp_twin.site import site_of
from kpp_twin.timegrid import Array, TimeGrid, hour_label, local_day_bounds
from kpp_twin.twin.hour import initial_state, simulate_hour
from kpp_twin.units import MINUTES_PER_HOUR

MAX_HOURS_BEHIND = 48  # a longer gap is not simulated: nobody knows what the assets did


def operate_hour(desk: Desk) -> Operation:
    """Everything that the hourly stations do; a pure function of what lies on the desk."""
    before = of_json(desk.standing.state)
    notes: list[str] = []
    hours, assets, metered = _simulate(desk, before, notes)
    lines, unsettled = _settle(desk, (*before.unsettled, *metered), notes)
    events, called = _call_events(desk, notes)
    replanned = replan(desk, assets, (*desk.standing.events, *events), before.fallbacks)
    notes += replanned.notes
    state = OperatingState(
        assets=assets,
        simulated_until=hours[-1].start + HOUR if hours else before.simulated_until,
        unsettled=unsettled,
        fallbacks=replanned.fallbacks,
    )
    return Operation(
        plans=(replanned.plan,) if replanned.plan else (),
        events=events,
        requests=(*called, *replanned.requests),
        hours=hours,
        lines=lines,
        notes=tuple(notes),
        state=state.as_json(),
    )


def _simulate(
    desk: Desk, before: OperatingState, notes: list[str]
) -> tuple[tuple[SimulatedHour, ...], AssetState | None, tuple[MeteredHour, ...]]:
    """Every metered hour that has not been simulated, in order."""
    until, assets = desk.metered_until, before.assets
    first = before.simulated_until or until - HOUR
    if first < until - MAX_HOURS_BEHIND * HOUR:
        notes.append(f"not simulated: the hours from {hour_label(first)} to {hour_label(until - HOUR)}")
        first = until - HOUR
    hours, metered = [], []
    while first < until:
        load_kw = _load_of(desk, first, notes)
        if load_kw is None:
            notes.append(f"not simulated: the hour from {hour_label(first)}, of whose load nothing is known")
        else:
            assets = assets or initial_state(desk.site, first, desk.zone)
            hour = simulate_hour(desk.site, _orders(desk, first, assets), load_kw, assets, desk.zone)
            hours.append(hour)
            metered.append(_metered(desk, hour, assets))
            assets = hour.state
        first += HOUR
    return tuple(hours), assets, tuple(metered)


def _load_of(desk: Desk, start: datetime, notes: list[str]) -> Array | None:
    """Metered load of the hour; what is missing is taken from the plan, and said."""
    name = desk.site.market.load_series
    series = series_of(desk.history, "load", name)
    planned_kw = -desk.setpoint("load", start).setpoint_kw if ("load", start) in desk.standing.setpoints else None
    if series is None:
        return None
    grid = TimeGrid.between(start, start + HOUR, series.grid.step_minutes)
    load_kw = known_on(series, grid, desk.as_of)
    missing = np.isnan(load_kw)
    if not missing.any():
        return load_kw
    if planned_kw is None:
        return None
    notes.append(
        f"load {name} is missing in {int(missing.sum())} of {grid.n_steps} intervals of the hour from "
        f"{hour_label(start)}; simulated with the plan's {planned_kw:.0f} kW"
    )
    return np.where(missing, planned_kw, load_kw)


def _orders(desk: Desk, start: datetime, assets: AssetState) -> HourOrders:
    battery = desk.setpoint("battery", start)
    peak_kw = assets.peak_import_kw if assets.month == f"{start.astimezone(desk.zone):%Y-%m}" else 0.0
    return HourOrders(
        start=start,
        battery_kw=battery.setpoint_kw,
        plant_kw=desk.setpoint("plant", start).setpoint_kw,
        reserve_kw=battery.reserved_up_kw,
        voltage_support_kvar=sum(
            request.granted
            for request in desk.standing.requests
            if request.service == "voltage_support" and request.valid_from == start
        ),
        import_limit_kw=max(peak_kw, desk.site.demand_response.peak_target_kw),
        events=tuple(event for event in desk.standing.events if event.start < start + HOUR and event.stop > start),
        market=_outlook(desk, start),
    )


def _outlook(desk: Desk, start: datetime) -> MarketOutlook | None:
    """Prices from an hour on to the end of the local day; of its last hour, to the end of the next day."""
    series = series_of(desk.history, "price", desk.site.market.price_series)
    if series is None:
        return None
    _, stop = local_day_bounds((start + HOUR).astimezone(desk.zone).date(), desk.zone)
    grid = TimeGrid.between(start, stop, MINUTES_PER_HOUR)
    price = desk.price_on(grid)
    fine = TimeGrid.between(start, stop, series.grid.step_minutes)
    known_s = (series.known_at[series.grid.positions(fine.index)] - np.datetime64(start.replace(tzinfo=None), "us")) / (
        np.timedelta64(1, "s")
    )
    return MarketOutlook(
        price_per_mwh=price,
        known_s=np.where(np.isnan(price), np.inf, known_s.reshape(grid.n_steps, -1).max(axis=1)),
        sold_kw=tuple(
            {} if np.isnan(p) else desk.sold_kw(hour.to_pydatetime(), p)
            for hour, p in zip(grid.index, price, strict=True)
        ),
    )


def _metered(desk: Desk, hour: SimulatedHour, before: AssetState) -> MeteredHour:
    """What is settled; reserve that was sold and could not be held counts as not available."""
    performance = {of_service.service: of_service for of_service in hour.performance}
    response = performance.get("frequency_response")
    curtailment = performance.get("non_critical_demand_response")
    held_kw = response.committed if response else 0.0
    sold_kw = held_kw if (sold := desk.reserve_kw(hour.start)) is None else sold
    peak_before_kw = before.peak_import_kw if before.month == hour.state.month else 0.0
    return MeteredHour(
        start=hour.start,
        net_kwh=hour.energy_out_kwh["site"] - hour.energy_in_kwh["site"],
        activation_kwh=hour.activation_kwh,
        discharged_kwh=hour.energy_out_kwh["battery"],
        reserve_kw=sold_kw,
        availability=(response.uptime or 0.0) * min(held_kw / sold_kw, 1.0) if response and sold_kw else 0.0,
        peak_rise_kw=max(0.0, hour.state.peak_import_kw - peak_before_kw),
        reduction_kwh=curtailment.delivered_kwh if curtailment else 0.0,
        performance_score=hour.battery.performance_score,
    )


def _settle(
    desk: Desk, metered: Sequence[MeteredHour], notes: list[str]
) -> tuple[tuple[SettlementLine, ...], tuple[MeteredHour, ...]]:
    """Lines of every hour whose price is known, the others wait; and of those whose price was corrected, anew."""
    lines: list[SettlementLine] = []
    waiting = []
    for hour in metered:
        price = _price_of(desk, hour.start)
        if price is None:
            waiting.append(hour)
        else:
            lines += _lines(desk, hour, price)
    for settled in desk.standing.repriced:
        then = replace(desk, site=site_of(settled.site_content, place="table site"))
        price = _price_of(then, settled.metered.start)
        if price not in (None, settled.price_per_mwh):
            lines += _lines(then, settled.metered, price)
            notes.append(
                f"settled anew: the hour from {hour_label(settled.metered.start)}, whose price was corrected from "
                f"{settled.price_per_mwh:g} to {price:g} per MWh"
            )
    return tuple(lines), tuple(waiting)


def _lines(desk: Desk, hour: MeteredHour, price: float) -> tuple[SettlementLine, ...]:
    return settle_hour(hour, desk.sold_kw(hour.start, price), price, desk.site)


def _price_of(desk: Desk, hour: datetime) -> float | None:
    """Day-ahead price of an hour; none if it is not known."""
    (price,) = desk.price_on(TimeGrid.between(hour, hour + HOUR, MINUTES_PER_HOUR))
    return None if np.isnan(price) else float(price)


def _call_events(desk: Desk, notes: list[str]) -> tuple[tuple[DemandEvent, ...], tuple[ServiceRecord, ...]]:
    """Curtailments that the newest load forecast calls for, as the coordinator admits them."""
    load = forecast_of(desk.forecasts, "load", desk.site.market.load_series)
    if load is None:
        return (), ()
    wanted = plan_events(
        load.values,
        load.grid,
        desk.site.demand_response,
        known=desk.standing.events,
        zone=desk.zone,
        issued_at=desk.as_of,
        not_before=desk.next_hour,
        sheddable_share=sheddable_share(desk.site.load_blocks),
    )
    events, records = [], []
    for event in wanted:
        admitted_event, record = coordinate_event(desk.site, event, now=desk.as_of)
        records.append(record)
        if admitted_event is None:
            notes.append(f"curtailment from {hour_label(event.start)} refused: {record.reason}")
            continue
        events.append(admitted_event)
        notes.append(
            f"curtailment called: {admitted_event.target_reduction_kw:.0f} kW for {event.duration_minutes} minutes "
            f"from {hour_label(event.start)}, since {event.forecast_peak_kw:.0f} kW are forecast"
        )
    return tuple(events), tuple(records)
