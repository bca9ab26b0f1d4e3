"""The hourly stations: simulate what was metered, settle it, call curtailments, plan anew, coordinate the next hour."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.coordination.hour import HourAllocation, coordinate_event, coordinate_hour
from kpp_twin.demand.curtailment import sheddable_share
from kpp_twin.demand.events import hourly_reduction_kw, plan_events
from kpp_twin.feeds import METERING_DELAY
from kpp_twin.market.bids import clear_bids
from kpp_twin.market.settlement import settle_hour
from kpp_twin.operating.hourly import forecast_of, hourly_means, known_on, series_of
from kpp_twin.operating.planning import admitted, plan_hours, site_as_it_is, stores_of
from kpp_twin.operating.state import OperatingState, of_json
from kpp_twin.operation import (
    AssetState,
    DemandEvent,
    HourOrders,
    MeteredHour,
    Operation,
    Plan,
    ServiceRecord,
    Setpoint,
    SettlementLine,
    SimulatedHour,
    Standing,
)
from kpp_twin.records import Forecast, History
from kpp_twin.site import Site
from kpp_twin.timegrid import Array, TimeGrid, hour_label, local_day_bounds
from kpp_twin.twin.hour import initial_state, simulate_hour
from kpp_twin.units import MINUTES_PER_HOUR

HOUR = timedelta(hours=1)
MAX_HOURS_BEHIND = 48  # a longer gap is not simulated: nobody knows what the assets did
IDLE = Setpoint(setpoint_kw=0.0, reserved_up_kw=0.0, reserved_down_kw=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every hourly station looks at."""

    site: Site
    as_of: datetime
    history: History
    forecasts: Sequence[Forecast]
    standing: Standing
    zone: ZoneInfo

    @property
    def metered_until(self) -> datetime:
        """End of the last hour that is metered whole."""
        return _hour_of(self.as_of - METERING_DELAY)

    @property
    def next_hour(self) -> datetime:
        """Start of the first hour that has not begun."""
        floor = _hour_of(self.as_of)
        return floor if floor == self.as_of else floor + HOUR

    def price_on(self, grid: TimeGrid) -> Array:
        """Day-ahead price of each hour, ``(grid.n_steps,)``; NaN where it is not known."""
        series = series_of(self.history, "price", self.site.market.price_series)
        if series is None:
            return np.full(grid.n_steps, np.nan)
        fine = TimeGrid.between(grid.start, grid.stop, series.grid.step_minutes)
        return hourly_means(known_on(series, fine, self.as_of), fine, grid)

    def setpoint(self, asset: str, hour: datetime) -> Setpoint:
        """What the plan in force says; idle where there is none."""
        return self.standing.setpoints.get((asset, hour), IDLE)


def operate_hour(desk: Desk) -> Operation:
    """Everything that the hourly stations do; a pure function of what lies on the desk."""
    before = of_json(desk.standing.state)
    notes: list[str] = []
    hours, assets, metered = _simulate(desk, before, notes)
    lines, unsettled = _settle(desk, (*before.unsettled, *metered))
    events, called = _call_events(desk, notes)
    plan, allocation = _plan(desk, assets, (*desk.standing.events, *events), notes)
    state = OperatingState(
        assets=assets,
        simulated_until=hours[-1].start + HOUR if hours else before.simulated_until,
        unsettled=unsettled,
    )
    return Operation(
        plans=(plan,) if plan else (),
        events=events,
        requests=(*called, *(allocation.records if allocation else ())),
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
            metered.append(_metered(hour, assets))
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
    )


def _metered(hour: SimulatedHour, before: AssetState) -> MeteredHour:
    response = next((p for p in hour.performance if p.service == "frequency_response"), None)
    peak_before_kw = before.peak_import_kw if before.month == hour.state.month else 0.0
    return MeteredHour(
        start=hour.start,
        net_kwh=hour.energy_out_kwh["site"] - hour.energy_in_kwh["site"],
        activation_kwh=hour.activation_kwh,
        discharged_kwh=hour.energy_out_kwh["battery"],
        reserve_kw=response.committed if response else 0.0,
        availability=response.uptime or 0.0 if response else 0.0,
        peak_rise_kw=max(0.0, hour.state.peak_import_kw - peak_before_kw),
    )


def _settle(desk: Desk, metered: Sequence[MeteredHour]) -> tuple[tuple[SettlementLine, ...], tuple[MeteredHour, ...]]:
    """Lines of every hour whose price is known; the others wait."""
    lines: list[SettlementLine] = []
    waiting = []
    for hour in metered:
        (price,) = desk.price_on(TimeGrid.between(hour.start, hour.start + HOUR, MINUTES_PER_HOUR))
        if np.isnan(price):
            waiting.append(hour)
        else:
            lines += settle_hour(hour, _sold_kw(desk, hour.start, price), price, desk.site)
    return tuple(lines), tuple(waiting)


def _sold_kw(desk: Desk, hour: datetime, price: float) -> dict[str, float]:
    """What was sold day-ahead for the hour, by asset; kW over an hour are kWh."""
    return dict(clear_bids([bid for bid in desk.standing.bids if bid.valid_from == hour], price))


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


def _plan(
    desk: Desk, assets: AssetState | None, events: Sequence[DemandEvent], notes: list[str]
) -> tuple[Plan | None, HourAllocation | None]:
    """Plan of the rest of the local day, its first hour as the coordinator admits it."""
    start = desk.next_hour
    _, stop = local_day_bounds(start.astimezone(desk.zone).date(), desk.zone)
    grid = TimeGrid.between(start, stop, MINUTES_PER_HOUR)
    load = forecast_of(desk.forecasts, "load", desk.site.market.load_series)
    price = desk.price_on(grid)
    if load is None or np.isnan(price).any():
        what = "the load is not forecast" if load is None else "prices are not known"
        notes.append(f"no new plan from {hour_label(start)}: {what}; the one in force holds")
        return None, None
    load_kw = hourly_means(load.values, load.grid, grid)
    planned_kw = np.array([-desk.setpoint("load", hour.to_pydatetime()).setpoint_kw for hour in grid.index])
    load_kw = np.where(np.isnan(load_kw), planned_kw, load_kw)  # the last hour may lie beyond the 24 that are forecast
    load_kw = load_kw - np.sum([hourly_reduction_kw(event, grid) for event in events], axis=0)
    assets = assets or initial_state(desk.site, desk.metered_until, desk.zone)
    site = site_as_it_is(desk.site, assets)
    before = TimeGrid.between(desk.metered_until, start, MINUTES_PER_HOUR)
    stores = {
        asset: replace(
            store, energy_kwh=store.after([desk.setpoint(asset, h.to_pydatetime()).setpoint_kw for h in before.index])
        )
        for asset, store in stores_of(site, assets).items()
    }
    plan = plan_hours(
        site,
        stores,
        grid=grid,
        issued_at=desk.as_of,
        price_per_mwh=price,
        load_kw=load_kw,
        peak_kw=max(assets.peak_import_kw, desk.site.demand_response.peak_target_kw),
        sold_kw=[_sold_kw(desk, hour.to_pydatetime(), p) for hour, p in zip(grid.index, price, strict=True)],
    )
    allocation = coordinate_hour(
        site,
        battery_kwh=stores["battery"].energy_kwh,
        start=start,
        planned_battery_kw=float(plan.setpoint_kw["battery"][0]),
        now=desk.as_of,
    )
    return admitted(plan, allocation), allocation


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
