"""Reading what the stations did on one market-local day, and which forecasters served."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from kpp_twin.day_operation import (
    AssetDay,
    BatteryDay,
    BidCurve,
    BidStep,
    DayOperation,
    EventLine,
    LedgerLine,
    ServiceLine,
    ServingLine,
)
from kpp_twin.market.bidding.bids import DAY_AHEAD
from kpp_twin.operation import ASSETS
from kpp_twin.site import Site, site_of
from kpp_twin.store.answers import Parameters, frame_of, on_grid, records_of, rows_of
from kpp_twin.store.connection import Connection
from kpp_twin.store.queries import query
from kpp_twin.timegrid import TimeGrid
from kpp_twin.units import MINUTES_PER_HOUR

NEWEST_TABLE = "battery_hour"  # a snapshot from before it tells of no operation


def read_operation(
    connection: Connection, day: date, zone: ZoneInfo, *, as_of: datetime, through_cycle: int
) -> DayOperation | None:
    """What was planned, simulated, delivered and earned on a day; none if nothing was."""
    if not _has_tables(connection):
        return None
    hours, minutes = TimeGrid.local_day(day, zone, MINUTES_PER_HOUR), TimeGrid.local_day(day, zone, 1)
    of_day = {"start": hours.start, "stop": hours.stop, "through_cycle": through_cycle}
    planned = frame_of(connection, "standing_setpoints", {**of_day, "as_of": as_of})
    simulated = frame_of(connection, "report_minutes", of_day)
    curves = tuple(_curve(row) for row in rows_of(connection, "report_bids", of_day))
    positions = _positions(curves)
    if not (len(planned) or len(simulated) or curves):
        return None
    battery = _battery(connection, of_day)
    site = _site(connection, through_cycle)
    if site and battery:
        site = site.aged(battery.state_of_health)
    money = frame_of(connection, "report_money", of_day)
    response = frame_of(connection, "report_response", of_day)
    load_series = site.market.load_series if site else ""
    return DayOperation(
        hours=hours,
        minutes=minutes,
        price_series=site.market.price_series if site else "",
        load_series=load_series,
        assets=tuple(
            _asset(name, hours, minutes, planned, positions, simulated)
            for name in ASSETS
            if any((frame["asset"] == name).any() for frame in (planned, simulated, positions))
        ),
        frequency_hz=on_grid(minutes, simulated.dropna(subset="frequency_hz"), "frequency_hz"),
        nominal_hz=site.grid.nominal_hz if site else None,
        battery_capacity_kwh=site.battery.capacity_kwh if site else None,
        battery=battery,
        response_asked_kwh=on_grid(hours, response, "requested_kwh"),
        response_delivered_kwh=on_grid(hours, response, "delivered_kwh"),
        money={str(service): on_grid(hours, rows, "amount") for service, rows in money.groupby("service", sort=True)},
        currency=str(money["currency"].iloc[0]) if len(money) else "",
        ledger=records_of(connection, LedgerLine, "report_ledger", of_day),
        services=records_of(connection, ServiceLine, "report_services", of_day),
        events=records_of(connection, EventLine, "report_events", {**of_day, "load_series": load_series}),
        curves=curves,
    )


def read_servings(
    connection: Connection, start: datetime, stop: datetime, through_cycle: int
) -> tuple[ServingLine, ...]:
    """Choices of a forecaster that held at some time of ``[start, stop)``."""
    if not _has_tables(connection):
        return ()
    parameters = {"start": start, "stop": stop, "through_cycle": through_cycle}
    return records_of(connection, ServingLine, "report_servings", parameters)


def _has_tables(connection: Connection) -> bool:
    ((is_there,),) = connection.execute(query("report_has_tables"), {"table_name": NEWEST_TABLE}).fetchall()
    return bool(is_there)


def _site(connection: Connection, through_cycle: int) -> Site | None:
    row = connection.execute(query("report_site"), {"through_cycle": through_cycle}).fetchone()
    return site_of(str(row[0]), place="table site") if row else None


def _battery(connection: Connection, of_day: Parameters) -> BatteryDay | None:
    flag_s = {row["flag"]: row["seconds"] for row in rows_of(connection, "report_battery_flags", of_day)}
    found = rows_of(connection, "report_battery", of_day)
    return BatteryDay(**found[0], flag_s=flag_s) if found else None


def _asset(
    name: str,
    hours: TimeGrid,
    minutes: TimeGrid,
    planned: pd.DataFrame,
    positions: pd.DataFrame,
    simulated: pd.DataFrame,
) -> AssetDay:
    plan, sold, flow = (frame[frame["asset"] == name] for frame in (planned, positions, simulated))
    return AssetDay(
        asset=name,
        planned_kw=on_grid(hours, plan, "setpoint_kw"),
        sold_kw=on_grid(hours, sold, "sold_kw"),
        reserved_kw=on_grid(hours, plan, "reserved_up_kw"),
        power_kw=on_grid(minutes, flow, "power_kw"),
        energy_stored_kwh=on_grid(minutes, flow, "energy_stored_kwh"),
    )


def _curve(row: Mapping[str, Any]) -> BidCurve:
    return BidCurve(**{**row, "steps": tuple(BidStep(**step) for step in row["steps"])})


def _positions(curves: Sequence[BidCurve]) -> pd.DataFrame:
    """Positions of energy by asset and hour, and their sum as that of the site; not known where one of them is not."""
    sold = pd.DataFrame(
        [(curve.asset, curve.valid_from, curve.sold_kw) for curve in curves if curve.market == DAY_AHEAD],
        columns=["asset", "valid_from", "sold_kw"],
    ).astype({"sold_kw": np.float64})
    of_site = sold.groupby("valid_from", as_index=False).agg(
        sold_kw=("sold_kw", lambda sold_kw: sold_kw.sum(skipna=False))
    )
    return pd.concat([sold, of_site.assign(asset="site")], ignore_index=True)
