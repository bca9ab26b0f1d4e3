"""An hour of the site at 1 s: orders, load and grid go in; power, ledger, performance and the next state come out."""

from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.battery.ageing import Health, aged
from kpp_twin.battery.model import BatteryModel
from kpp_twin.battery.scheme import performance_score
from kpp_twin.battery.simulate import BatteryRun, BatteryState
from kpp_twin.battery.stabilization import StabilizationRun
from kpp_twin.demand.load import LoadHour, load_hour, seconds_of
from kpp_twin.operation import AssetState, BatteryHour, HourOrders, MinuteSeries, ServicePerformance, SimulatedHour
from kpp_twin.plant.simulate import PlantState
from kpp_twin.records import Array
from kpp_twin.site import Site
from kpp_twin.timegrid import utc
from kpp_twin.twin.assets import SiteAssets
from kpp_twin.twin.grid import grid_hour
from kpp_twin.twin.inputs import QUARTERS_PER_HOUR, check_inputs
from kpp_twin.twin.ledger import battery_entries, check_ledger, energy_kwh, load_entries, plant_entries, site_entries
from kpp_twin.twin.market_hour import revised_schedule
from kpp_twin.twin.performance import mean_response_time_s, tracked, unused
from kpp_twin.twin.relay import shed_hour
from kpp_twin.units import MINUTES_PER_HOUR, SECONDS_PER_HOUR

# Power may miss its setpoint by this before the second counts as limited. [kW]
FOLLOWED_KW = 0.5
# A change of the request by this share of the most that may be asked for is a step whose response is timed.
CLEAR_STEP = 0.1


def initial_state(site: Site, hour: datetime, zone: ZoneInfo) -> AssetState:
    """State when the history begins with an hour: as the site says, the peak that of the running local month."""
    battery = site.battery
    energy_kwh = battery.initial_state_of_charge * battery.capacity_kwh
    return AssetState(
        battery=BatteryState.initial(BatteryModel.of_site(site, 0.0), energy_kwh).as_json(),
        battery_health=Health.initial(battery.initial_state_of_charge, battery.chemistry).as_json(),
        plant=PlantState.initial(site.plant).as_json(),
        month=local_month(hour, zone),
        peak_import_kw=site.market.opening_peak_kw,
    )


def local_month(hour: datetime, zone: ZoneInfo) -> str:
    """Local month of an instant, as in 2021-10."""
    return f"{hour.astimezone(zone):%Y-%m}"


def simulate_hour(site: Site, orders: HourOrders, load_kw: Array, state: AssetState, zone: ZoneInfo) -> SimulatedHour:
    """Simulate the hour that the orders are for.

    Order of things in each second: the load is what it is, less curtailment and what the relay sheds; the plant
    generates what it was told; the battery takes what the connection leaves, and then the compressor. The import limit
    of the orders binds what is scheduled, that of the connection frequency response too. Limits hold for the mean of
    each second. Within the hour the battery's setpoint is revised as `revised_schedule` says, if the orders have an
    outlook on the market.

    Parameters
    ----------
    load_kw
        Measured load, positive, by the minute ``(60,)`` or by the quarter-hour ``(4,)``.
    state
        At the start of the hour.
    zone
        Of the market, whose months are billed.

    Raises
    ------
    TwinError
        Orders, load or state are wrong (all faults in one message), or the energy ledger does not close.
    """
    check_inputs(orders, np.asarray(load_kw), state)
    start = utc(orders.start)
    health = Health.of_json(state.battery_health)
    site = site.aged(health.state_of_health)
    frequency, voltage = grid_hour(site.grid, start, zone)
    measured_kw = seconds_of(load_kw)
    load_of = partial(
        load_hour,
        start=start,
        events=orders.events,
        settings=site.demand_response,
        blocks=site.load_blocks,
        rebound_kwh=state.rebound_kwh,
        rebound_minutes=state.rebound_minutes,
    )
    load = load_of(measured_kw)
    shed_kw, load_shedding = shed_hour(site, start, frequency, load.power_kw, state.load_shedding)
    load = load.shed(shed_kw)
    assets_of = partial(
        SiteAssets, site, orders, state, frequency_hz=frequency, voltage_pu=voltage, load_kw=load.power_kw
    )
    schedule_kw, market_looks = revised_schedule(site, orders, assets_of(), measured_kw, load_of)
    assets = assets_of()
    ran = assets.run(slice(0, SECONDS_PER_HOUR), schedule_kw)
    run, reactive = ran.stabilized.battery, ran.stabilized.reactive_kvar
    battery = run.records
    entries = (*battery_entries(run), *plant_entries(ran.plant), *load_entries(load))
    ledger = (*entries, *site_entries(ran.net_kw, entries))
    check_ledger(ledger, start)

    stored_kwh = np.concatenate([[state.battery_kwh], battery.energy_kwh])
    # A full battery holds a little more than the capacity that has aged since.
    state_of_charge = np.minimum(stored_kwh / site.battery.capacity_kwh, 1.0)
    after = aged(health, state_of_charge, battery.temperature_c, 1.0, site.battery.chemistry)

    quarters = -_means(ran.net_kw, QUARTERS_PER_HOUR)
    month = local_month(start, zone)
    peak = state.peak_import_kw if month == state.month else 0.0
    told = {
        "battery": schedule_kw + battery.asked_kw,
        "plant": np.full(SECONDS_PER_HOUR, orders.plant_kw),
        "load": load.asked_kw - load.measured_kw,
    }
    power = {"battery": battery.power_kw, "plant": ran.plant_kw, "load": load.reduction_kw - load.measured_kw}
    limited = {name: int(np.sum(np.abs(told[name] - power[name]) > FOLLOWED_KW)) for name in told}
    power = {"battery": ran.battery_kw, "plant": ran.plant_kw, "load": 0.0 - load.power_kw, "site": ran.net_kw}
    told["site"] = told["battery"] + told["plant"] + told["load"]
    stored = {"battery": battery.energy_kwh, "plant": ran.plant.by_second.stored_kwh}
    return SimulatedHour(
        start=start,
        minutes={
            name: MinuteSeries(
                setpoint_kw=_means(told[name], MINUTES_PER_HOUR),
                power_kw=_means(power[name], MINUTES_PER_HOUR),
                energy_stored_kwh=_minute_ends(stored[name]) if name in stored else None,
                reactive_power_kvar=_means(reactive, MINUTES_PER_HOUR) if name == "battery" else None,
            )
            for name in ("battery", "plant", "load", "site")
        },
        frequency_hz=_means(frequency, MINUTES_PER_HOUR),
        voltage_pu=_means(voltage, MINUTES_PER_HOUR),
        energy_out_kwh={name: energy_kwh(np.maximum(trace, 0.0)) for name, trace in power.items()},
        energy_in_kwh={name: energy_kwh(np.maximum(-trace, 0.0)) for name, trace in power.items()},
        energy_stored_kwh={name: float(trace[-1]) for name, trace in stored.items()},
        seconds_limited=limited,
        ledger=ledger,
        performance=_performance(
            site, orders, load, ran.stabilized, schedule_kw, BatteryState.of_json(state.battery).power_kw
        ),
        activation_kwh=energy_kwh(battery.response_kw),
        curtailed_kwh=energy_kwh(load.reduction_kw - load.rebound_kw),
        quarter_import_kw=quarters,
        battery=_battery_hour(assets.controller.model, run, after),
        state=AssetState(
            battery=run.state.as_json(),
            battery_health=after.as_json(),
            battery_kvar=assets.controller.reactive_kvar,
            load_shedding=load_shedding,
            plant=ran.plant.state.as_json(),
            month=month,
            peak_import_kw=max(peak, float(quarters.max())),
            rebound_kwh=load.rebound_kwh,
            rebound_minutes=load.rebound_minutes,
        ),
        market_looks=market_looks,
    )


def _battery_hour(model: BatteryModel, run: BatteryRun, health: Health) -> BatteryHour:
    score = performance_score(run.records.asked_kw, run.records.response_kw, step_s=1.0)
    return BatteryHour(
        product=model.product.name,
        performance_score=score.score if score else None,
        mileage=run.mileage,
        endurance_violation_s=run.endurance_violation_s,
        temperature_c=run.state.temperature_c,
        state_of_health=health.state_of_health,
        equivalent_full_cycles=health.equivalent_full_cycles,
        auxiliary_kwh=run.energy_kwh["auxiliary"],
        flag_s=run.flag_s,
    )


def _performance(
    site: Site,
    orders: HourOrders,
    load: LoadHour,
    stabilized: StabilizationRun,
    schedule_kw: Array,
    first_power_kw: float,
) -> tuple[ServicePerformance, ...]:
    battery = stabilized.battery.records
    response = battery.asked_kw
    least_step = CLEAR_STEP * orders.reserve_kw
    jumps = np.abs(np.diff(response, prepend=response[:1])) >= least_step
    return (
        tracked(
            "frequency_response",
            committed=orders.reserve_kw,
            requested=response,
            delivered=battery.response_kw,
            ready=battery.deliverable > 0,
            response_time_s=mean_response_time_s(battery.target_kw, battery.end_power_kw, first_power_kw, least_step)
            if least_step > 0 and jumps.any()
            else None,
        ),
        tracked(
            "voltage_support",
            committed=orders.voltage_support_kvar,
            requested=stabilized.reactive_asked_kvar,
            delivered=stabilized.reactive_kvar,
            ready=np.full(SECONDS_PER_HOUR, site.battery.converter_kva >= orders.voltage_support_kvar),
            response_time_s=None,
        ),
        _demand_response(load, orders),
        tracked(
            "energy_arbitrage",
            committed=float(np.abs(schedule_kw).max()),
            requested=schedule_kw,
            delivered=battery.scheduled_kw,
            ready=np.abs(schedule_kw - battery.scheduled_kw) <= FOLLOWED_KW,
            response_time_s=None,
        ),
    )


def _demand_response(load: LoadHour, orders: HourOrders) -> ServicePerformance:
    asked = load.asked_kw > 0
    if not asked.any():
        return unused("non_critical_demand_response")
    target = max(event.target_reduction_kw for event in orders.events)
    return tracked(
        "non_critical_demand_response",
        committed=target,
        requested=load.asked_kw[asked],
        delivered=load.reduction_kw[asked],
        ready=load.reduction_kw[asked] >= load.asked_kw[asked] - FOLLOWED_KW,
        response_time_s=None,
    )


def _means(trace: Array, parts: int) -> Array:
    return trace.reshape(parts, -1).mean(axis=1)


def _minute_ends(stored_kwh: Array) -> Array:
    return stored_kwh.reshape(MINUTES_PER_HOUR, -1)[:, -1].copy()
