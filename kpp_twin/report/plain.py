"""The day as plain data: what the terminal, JSON and the scheduler's tables show."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.day_operation import BidCurve, DayOperation
from kpp_twin.day_report import DayReport, DaySeries
from kpp_twin.market.bidding.bids import DAY_AHEAD
from kpp_twin.report.wording import ASSUMPTION, known
from kpp_twin.timegrid import Array, TimeGrid, hour_label
from kpp_twin.units import MINUTES_PER_HOUR

Row = Mapping[str, Any]
NO_OPERATION = "nothing was planned or simulated on this day"


def day_data(report: DayReport) -> dict[str, Any]:
    """Everything of the day that fits into tables, ready for JSON; instants are UTC, none where nothing is known."""
    operation = report.operation
    return {
        "day": report.day.isoformat(),
        "zone": report.zone.key,
        "as_of": hour_label(report.as_of),
        "last_cycle": report.last_cycle_id,
        "digest": report.digest,
        "forecasts": forecast_rows(report),
        "servings": [_told(asdict(line)) for line in report.servings],
        "hours": hour_rows(report),
        "operation": _operation(operation) if operation else NO_OPERATION,
        "quality": [asdict(line) for line in report.quality],
        "freshness": [_told(asdict(line)) for line in report.freshness],
    }


def forecast_rows(report: DayReport) -> list[Row]:
    """Error of each day-ahead forecast of the day, and those of the candidates over the days before."""
    return [
        {
            "variable": series.variable,
            "series": series.name,
            "unit": series.unit,
            "intervals": series.grid.n_steps,
            "scored": series.n_scored,
            "inside_band": series.n_inside_band,
            "mean_absolute_error": series.mean_absolute_error,
            "days_before": forecast.judgement.days,
            "errors_before": {method: forecast.judgement.scores.get(method) for method in report.methods},
            "serves": forecast.judgement.method,
            "relative_error": forecast.judgement.relative_error,
        }
        for series, forecast in report.forecasts
    ]


def hour_rows(report: DayReport) -> list[Row]:
    """The day hour by hour: price and load with their forecasts, what the assets did, and the money.

    Of several prices or loads, the one of the site; without an operation the first.
    """
    grid = TimeGrid.local_day(report.day, report.zone, MINUTES_PER_HOUR)
    operation = report.operation
    named = {"price": operation.price_series, "load": operation.load_series} if operation else {}
    columns: dict[str, Array] = {}
    for variable, unit in (("price", "per_mwh"), ("load", "kw")):
        of_variable = [s for s in report.series if s.variable == variable]
        series = next((s for s in of_variable if s.name == named.get(variable)), next(iter(of_variable), None))
        columns[f"{variable}_{unit}"], columns[f"{variable}_forecast_{unit}"] = _by_hour(series, grid)
    columns |= _asset_columns(operation, grid)
    return [
        {"hour": hour_label(start), "local": _clock(start, report.zone)}
        | {name: known(float(values[n])) for name, values in columns.items()}
        for n, start in enumerate(grid.index.to_pydatetime())
    ]


def _clock(start: datetime, zone: ZoneInfo) -> str:
    return f"{start.astimezone(zone):%H:%M %Z}"


def _by_hour(series: DaySeries | None, grid: TimeGrid) -> tuple[Array, Array]:
    """Hourly means of the values and of their forecast, ``(grid.n_steps,)`` each; NaN where a value is missing."""
    nothing = np.full(grid.n_steps, np.nan)
    if series is None:
        return nothing, nothing
    values = series.values.reshape(grid.n_steps, -1).mean(axis=1)
    forecast = series.forecast.values.reshape(grid.n_steps, -1).mean(axis=1) if series.forecast else nothing
    return values, forecast


def _asset_columns(operation: DayOperation | None, grid: TimeGrid) -> dict[str, Array]:
    nothing = np.full(grid.n_steps, np.nan)
    columns = {}
    for name in ("battery", "plant", "site"):
        asset = operation.asset(name) if operation else None
        columns[f"{name}_planned_kw"] = asset.planned_kw if asset else nothing
        columns[f"{name}_sold_kw"] = asset.sold_kw if asset else nothing
        columns[f"{name}_kw"] = asset.hourly_kw if asset else nothing
    battery = operation.asset("battery") if operation else None
    columns["battery_reserved_kw"] = battery.reserved_kw if battery else nothing
    columns["battery_bid_steps"] = _bid_steps(operation, "battery") if operation else nothing
    columns["state_of_charge"] = (
        operation.state_of_charge[MINUTES_PER_HOUR - 1 :: MINUTES_PER_HOUR] if operation else nothing
    )
    columns["net_amount"] = operation.net if operation else nothing
    return columns


def _bid_steps(operation: DayOperation, asset: str) -> Array:
    """Steps of the asset's curves of energy by the hour."""
    steps = np.zeros(operation.hours.n_steps)
    for curve in operation.curves:
        if (curve.market, curve.asset) == (DAY_AHEAD, asset):
            steps[(curve.valid_from - operation.hours.start) // timedelta(hours=1)] = len(curve.steps)
    return steps


def _operation(operation: DayOperation) -> Row:
    return {
        "assumption": ASSUMPTION,
        "hours_simulated": operation.n_simulated,
        "hours_settled": operation.n_settled,
        "money": {
            "currency": operation.currency,
            "by_service": operation.money_by_service,
            "net": operation.net_amount,
        },
        "ledger": [asdict(line) for line in operation.ledger],
        "ledger_residual_kwh": dict(operation.residual_kwh),
        "services": [asdict(line) for line in operation.services],
        "battery": asdict(operation.battery) if operation.battery else None,
        "curtailments": [_told(asdict(line)) for line in operation.events],
        "bids": [asdict(line) for line in operation.bids],
        "bid_curves": [_curve(curve) for curve in operation.curves],
    }


def _curve(curve: BidCurve) -> Row:
    return {**_told(asdict(curve)), "steps": [asdict(step) for step in curve.steps]}


def _told(row: Mapping[str, Any]) -> Row:
    """Row with its instants as labels."""
    return {name: hour_label(value) if isinstance(value, datetime) else value for name, value in row.items()}
