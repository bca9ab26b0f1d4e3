"""A day of operation made by hand, round enough to be added up in one's head.

The battery charges at 100 kW in even hours and discharges at 90 kW in odd ones, the plant generates 50 kW, the load
draws 500 kW, 400 kW in the event of hours 2 and 3.
"""

from datetime import datetime, timedelta

import numpy as np

from kpp_twin.operation import (
    AssetState,
    BatteryHour,
    Bid,
    DemandEvent,
    LedgerEntry,
    MinuteSeries,
    Operation,
    Plan,
    ServicePerformance,
    ServiceRecord,
    SettlementLine,
    SimulatedHour,
)
from kpp_twin.site import load_site
from kpp_twin.timegrid import TimeGrid, hour_label

HOUR = timedelta(hours=1)
CHARGE_KW, DISCHARGE_KW, PLANT_KW, LOAD_KW, CUT_KW = -100.0, 90.0, 50.0, 500.0, 100.0
EVENT_HOURS = (2, 3)
FIRST_KWH = 500.0  # in the battery before the first hour


def battery_kw(hour: int) -> float:
    return DISCHARGE_KW if hour % 2 else CHARGE_KW


def drawn_kw(hour: int) -> float:
    return LOAD_KW - CUT_KW * (hour in EVENT_HOURS)


def operation_of(start: datetime, n_hours: int, *, n_simulated: int | None = None) -> Operation:
    """Plan, bids and requests of hours from ``start``, of which the first are simulated and settled."""
    n = n_hours if n_simulated is None else n_simulated
    site = load_site()
    return Operation(
        currency="USD",
        site_digest=site.digest,
        site_content=site.content,
        plans=(_plan(start, n_hours),),
        bids=tuple(bid for hour in range(n_hours) for bid in _bids(start + hour * HOUR, hour)),
        events=(
            DemandEvent(
                event_id="event-1",
                start=start + EVENT_HOURS[0] * HOUR,
                duration_minutes=120,
                target_reduction_kw=120.0,
                ramp_kw_per_minute=10.0,
                forecast_peak_kw=1000.0,
            ),
        ),
        requests=tuple(_request(start + hour * HOUR, hour) for hour in range(n_hours)),
        hours=tuple(_hour(start + hour * HOUR, hour) for hour in range(n)),
        lines=tuple(line for hour in range(n) for line in _lines(start + hour * HOUR, hour)),
    )


def _plan(start: datetime, n_hours: int) -> Plan:
    battery = np.array([battery_kw(hour) for hour in range(n_hours)])
    plant, load = np.full(n_hours, 60.0), np.full(n_hours, -LOAD_KW)
    return Plan(
        grid=TimeGrid(start=start, step_minutes=60, n_steps=n_hours),
        issued_at=start - 14 * HOUR,
        setpoint_kw={"battery": battery, "plant": plant, "load": load, "site": battery + plant + load},
        reserved_up_kw=np.full(n_hours, 100.0),
        reserved_down_kw=np.full(n_hours, 100.0),
    )


def _bids(start: datetime, hour: int) -> list[Bid]:
    """The load buys at any price; the battery sells at 40 and buys at 20, in steps of half and whole."""
    sale = battery_kw(hour) > 0
    steps = [("load", 1, 5000.0, -LOAD_KW)]
    steps += [
        ("battery", n, (40.0 if sale else 20.0) + (n - 1) * (10.0 if sale else -10.0), battery_kw(hour) * n / 2)
        for n in (1, 2)
    ]
    return [
        Bid(
            bid_id=f"day_ahead-{asset}-{number}-{hour_label(start)}",
            market="day_ahead",
            product=asset,
            series="HB_HOUSTON",
            valid_from=start,
            duration_minutes=60,
            price_per_mwh=price,
            quantity_kw=quantity,
        )
        for asset, number, price, quantity in steps
    ]


def _request(start: datetime, hour: int) -> ServiceRecord:
    return ServiceRecord(
        request_id=f"frequency_response-{hour_label(start)}",
        service="frequency_response",
        priority="HIGH",
        valid_from=start,
        duration_minutes=60,
        requested=100.0,
        granted=100.0 if hour else 60.0,
        unit="kW",
        state="GRANTED",
        reason="" if hour else "the battery holds too little",
    )


def _hour(start: datetime, hour: int) -> SimulatedHour:
    power = {"battery": battery_kw(hour), "plant": PLANT_KW, "load": -drawn_kw(hour)}
    power["site"] = sum(power.values())
    before = FIRST_KWH + sum(-_store_change(h) for h in range(hour))
    after = before - _store_change(hour)
    stored = {"battery": np.linspace(before, after, 61)[1:], "plant": np.full(60, 80.0)}
    return SimulatedHour(
        start=start,
        minutes={
            asset: MinuteSeries(
                setpoint_kw=np.full(60, kw),
                power_kw=np.full(60, kw),
                energy_stored_kwh=stored.get(asset),
                reactive_power_kvar=np.full(60, 5.0) if asset == "battery" else None,
            )
            for asset, kw in power.items()
        },
        frequency_hz=np.full(60, 60.0 + 0.01 * (hour % 2)),
        voltage_pu=np.full(60, 1.0),
        energy_out_kwh={asset: max(kw, 0.0) for asset, kw in power.items()},
        energy_in_kwh={asset: max(-kw, 0.0) for asset, kw in power.items()},
        energy_stored_kwh={"battery": after, "plant": 80.0},
        seconds_limited={"battery": 60 * (hour % 2)},
        ledger=_ledger(hour),
        performance=(_performance(hour),),
        activation_kwh=0.0,
        curtailed_kwh=CUT_KW * (hour in EVENT_HOURS),
        quarter_import_kw=np.full(4, -power["site"]),
        battery=_battery(hour),
        state=AssetState(
            battery={"energy_kwh": after}, battery_health={}, plant={}, month="2024-03", peak_import_kw=1050.0
        ),
    )


def _battery(hour: int) -> BatteryHour:
    """The first hour lacks a minute of frequency; each takes a thousandth of a per cent of the capacity."""
    return BatteryHour(
        product="PFR",
        performance_score=0.9,
        mileage=2.0,
        endurance_violation_s=0.0 if hour else 1800.0,
        temperature_c=26.0,
        state_of_health=1.0 - 1e-5 * (hour + 1),
        equivalent_full_cycles=0.05 * (hour + 1),
        auxiliary_kwh=0.0,
        flag_s={} if hour else {"missing": 60.0},
    )


def _store_change(hour: int) -> float:
    """What the store gave; negative if it gained."""
    return 94.5 if hour % 2 else -95.0


def _ledger(hour: int) -> tuple[LedgerEntry, ...]:
    battery = (
        {"in": 0.0, "out": -90.0, "discharge_loss": -4.5}
        if hour % 2
        else {"in": 100.0, "out": 0.0, "charge_loss": -5.0}
    )
    entries = {
        "battery": {**battery, "store_change": _store_change(hour)},
        "load": {"in": drawn_kw(hour), "consumed": -drawn_kw(hour)},
    }
    return tuple(
        LedgerEntry(asset=asset, entry=entry, energy_kwh=kwh)
        for asset, of_asset in entries.items()
        for entry, kwh in of_asset.items()
    )


def _performance(hour: int) -> ServicePerformance:
    return ServicePerformance(
        service="frequency_response",
        committed=100.0 if hour else 60.0,
        uptime=1.0 if hour else 0.5,
        response_time_s=0.2,
        accuracy=0.9,
        requested_kwh=2.0,
        delivered_kwh=1.8,
    )


def _lines(start: datetime, hour: int) -> list[SettlementLine]:
    """At 40 per MWh: the battery's energy, the load's, 10 kWh short at 60, and 100 kW of capacity at 8."""
    lines = [
        ("energy", "battery", battery_kw(hour), 40.0),
        ("energy", "load", -LOAD_KW, 40.0),
        ("imbalance", "site", -10.0, 60.0),
        ("capacity", "battery", 100.0, 8.0),
        ("degradation", "battery", -max(battery_kw(hour), 0.0), 20.0),
    ]
    return [
        SettlementLine(
            service=service,
            asset=asset,
            valid_from=start,
            duration_minutes=60,
            quantity_kwh=quantity,
            price_per_mwh=price,
            amount=quantity / 1000 * price,
        )
        for service, asset, quantity, price in lines
    ]


# Net of an hour: charging buys 100 kWh, discharging sells 90 at a wear of 20 per MWh.
NET_EVEN = -4.0 - 20.0 - 0.6 + 0.8
NET_ODD = 3.6 - 20.0 - 0.6 + 0.8 - 1.8
