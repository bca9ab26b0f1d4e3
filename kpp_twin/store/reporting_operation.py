"""Reading what the stations did on one market-local day, and which forecasters served."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from kpp_twin.day_operation import AssetDay, BidLine, DayOperation, EventLine, LedgerLine, ServiceLine, ServingLine
from kpp_twin.operation import ASSETS
from kpp_twin.site import Site, site_of
from kpp_twin.store.connection import Connection
from kpp_twin.store.queries import query
from kpp_twin.timegrid import Array, TimeGrid
from kpp_twin.units import MINUTES_PER_HOUR

Record = TypeVar("Record")
Parameters = Mapping[str, object]

NEWEST_TABLE = "service_performance"  # a snapshot from before it tells of no operation


def read_operation(
    connection: Connection, day: date, zone: ZoneInfo, *, as_of: datetime, through_cycle: int
) -> DayOperation | None:
    """What was planned, simulated, delivered and earned on a day; none if nothing was."""
    if not _has_tables(connection):
        return None
    hours, minutes = TimeGrid.local_day(day, zone, MINUTES_PER_HOUR), TimeGrid.local_day(day, zone, 1)
    of_day = {"start": hours.start, "stop": hours.stop, "through_cycle": through_cycle}
    planned = _frame(connection, "standing_setpoints", {**of_day, "as_of": as_of})
    simulated = _frame(connection, "report_minutes", of_day)
    bids = _frame(connection, "report_positions", of_day)
    positions = _with_site(bids)
    if not (len(planned) or len(simulated) or len(bids)):
        return None
    site = _site(connection, through_cycle)
    money = _frame(connection, "report_money", of_day)
    response = _frame(connection, "report_response", of_day)
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
        frequency_hz=_values(minutes, simulated.dropna(subset="frequency_hz"), "frequency_hz"),
        nominal_hz=site.grid.nominal_hz if site else None,
        battery_capacity_kwh=site.battery.capacity_kwh if site else None,
        response_asked_kwh=_values(hours, response, "requested_kwh"),
        response_delivered_kwh=_values(hours, response, "delivered_kwh"),
        money={str(service): _values(hours, rows, "amount") for service, rows in money.groupby("service", sort=True)},
        currency=str(money["currency"].iloc[0]) if len(money) else "",
        ledger=_records(connection, LedgerLine, "report_ledger", of_day),
        services=_records(connection, ServiceLine, "report_services", of_day),
        events=_records(connection, EventLine, "report_events", {**of_day, "load_series": load_series}),
        bids=tuple(_bids(bids)),
    )


def read_servings(
    connection: Connection, start: datetime, stop: datetime, through_cycle: int
) -> tuple[ServingLine, ...]:
    """Choices of a forecaster that held at some time of ``[start, stop)``."""
    if not _has_tables(connection):
        return ()
    parameters = {"start": start, "stop": stop, "through_cycle": through_cycle}
    return _records(connection, ServingLine, "report_servings", parameters)


def _has_tables(connection: Connection) -> bool:
    ((is_there,),) = connection.execute(query("report_has_tables"), {"table_name": NEWEST_TABLE}).fetchall()
    return bool(is_there)


def _site(connection: Connection, through_cycle: int) -> Site | None:
    row = connection.execute(query("report_site"), {"through_cycle": through_cycle}).fetchone()
    return site_of(str(row[0]), place="table site") if row else None


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
        planned_kw=_values(hours, plan, "setpoint_kw"),
        sold_kw=_values(hours, sold, "sold_kw"),
        power_kw=_values(minutes, flow, "power_kw"),
        energy_stored_kwh=_values(minutes, flow, "energy_stored_kwh"),
    )


def _with_site(positions: pd.DataFrame) -> pd.DataFrame:
    """Positions, and their sum as that of the site; not known where one of them is not."""
    if positions.empty:
        return positions
    of_site = positions.groupby("valid_from", as_index=False).agg(
        sold_kw=("sold_kw", lambda sold_kw: sold_kw.sum(skipna=False))
    )
    return pd.concat([positions, of_site.assign(asset="site")], ignore_index=True)


def _bids(positions: pd.DataFrame) -> Iterable[BidLine]:
    for asset, rows in positions.groupby("asset", sort=True):
        yield BidLine(
            asset=str(asset),
            n_bids=int(rows["n_bids"].sum()),
            n_accepted=int(rows["n_accepted"].sum()),
            position_kwh=float(rows["sold_kw"].sum()),  # kW over whole hours
        )


def _values(grid: TimeGrid, rows: pd.DataFrame, column: str) -> Array:
    """Values by interval, ``(grid.n_steps,)``; NaN where there is none."""
    values = np.full(grid.n_steps, np.nan)
    position = grid.positions(pd.DatetimeIndex(rows["valid_from"]))
    on_grid = position >= 0
    values[position[on_grid]] = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)[on_grid]
    return values


def _frame(connection: Connection, name: str, parameters: Parameters) -> pd.DataFrame:
    return connection.execute(query(name), dict(parameters)).to_arrow_table().to_pandas()


def _records(connection: Connection, record: type[Record], name: str, parameters: Parameters) -> tuple[Record, ...]:
    rows: list[dict[str, Any]] = connection.execute(query(name), dict(parameters)).to_arrow_table().to_pylist()
    return tuple(record(**row) for row in rows)
