"""What the stations made, as frames in the shape of their tables."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime

import pandas as pd

from kpp_twin.operation import MinuteSeries, Operation, Plan, SimulatedHour
from kpp_twin.timegrid import TimeGrid
from kpp_twin.units import MINUTES_PER_HOUR


def operation_frames(operation: Operation, as_of: datetime) -> dict[str, pd.DataFrame]:
    """Rows of an operation, by table; known from ``as_of``."""
    known_at, currency, hours = pd.Timestamp(as_of), operation.currency, operation.hours
    site = [{"site_digest": operation.site_digest, "content": operation.site_content}] if operation.site_content else []
    frames = {
        "site": pd.DataFrame(site),
        "schedule": _concat([frame for plan in operation.plans for frame in _schedule(plan)]),
        "bid": pd.DataFrame([asdict(bid) for bid in operation.bids]).assign(issued_at=known_at, currency=currency),
        "demand_event": pd.DataFrame([asdict(event) for event in operation.events]).rename(
            columns={"start": "valid_from"}
        ),
        "service_request": pd.DataFrame([asdict(request) for request in operation.requests]),
        "service_performance": _concat([_of_hour(hour, hour.performance) for hour in hours]),
        "simulation_minute": _concat([frame for hour in hours for frame in _minutes(hour)]),
        "simulation_hour": _concat([_totals(hour) for hour in hours]),
        "energy_ledger": _concat([_of_hour(hour, hour.ledger) for hour in hours]),
        "battery_hour": _concat([_battery(hour) for hour in hours]),
        "battery_flag": pd.DataFrame([row for hour in hours for row in _flags(hour)]),
        "market_look": pd.DataFrame([row for hour in hours for row in _looks(hour)]),
        "settlement_line": pd.DataFrame([asdict(line) for line in operation.lines]).assign(currency=currency),
    }
    return {table: frame.assign(known_at=known_at) for table, frame in frames.items() if len(frame)}


def _concat(frames: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _schedule(plan: Plan) -> Iterator[pd.DataFrame]:
    for asset, setpoint_kw in plan.setpoint_kw.items():
        is_battery = asset == "battery"
        yield pd.DataFrame(
            {
                "asset": asset,
                "valid_from": plan.grid.index,
                "duration_minutes": plan.grid.step_minutes,
                "issued_at": pd.Timestamp(plan.issued_at),
                "setpoint_kw": setpoint_kw,
                "reserved_up_kw": plan.reserved_up_kw if is_battery else 0.0,
                "reserved_down_kw": plan.reserved_down_kw if is_battery else 0.0,
            }
        )


def _minutes(hour: SimulatedHour) -> Iterator[pd.DataFrame]:
    index = TimeGrid(start=hour.start, step_minutes=1, n_steps=MINUTES_PER_HOUR).index
    for asset, series in hour.minutes.items():
        sees_grid = series.reactive_power_kvar is not None
        yield pd.DataFrame(
            {
                "asset": asset,
                "valid_from": index,
                "duration_minutes": 1,
                **_columns(series),
                "frequency_hz": hour.frequency_hz if sees_grid else None,
                "voltage_pu": hour.voltage_pu if sees_grid else None,
            }
        ).astype({"energy_stored_kwh": float, "reactive_power_kvar": float, "frequency_hz": float, "voltage_pu": float})


def _columns(series: MinuteSeries) -> Mapping[str, object]:
    return {
        "setpoint_kw": series.setpoint_kw,
        "power_kw": series.power_kw,
        "energy_stored_kwh": series.energy_stored_kwh,
        "reactive_power_kvar": series.reactive_power_kvar,
    }


def _totals(hour: SimulatedHour) -> pd.DataFrame:
    rows = [
        {
            "asset": asset,
            "valid_from": hour.start,
            "duration_minutes": MINUTES_PER_HOUR,
            "energy_out_kwh": hour.energy_out_kwh[asset],
            "energy_in_kwh": hour.energy_in_kwh[asset],
            "energy_stored_kwh": hour.energy_stored_kwh.get(asset),
            "seconds_limited": hour.seconds_limited.get(asset, 0),
        }
        for asset in hour.energy_out_kwh
    ]
    return pd.DataFrame(rows).astype({"energy_stored_kwh": float})


def _battery(hour: SimulatedHour) -> pd.DataFrame:
    frame = _of_hour(hour, (hour.battery,)).drop(columns="flag_s")
    return frame.astype({"performance_score": float})


def _flags(hour: SimulatedHour) -> Iterator[Mapping[str, object]]:
    for flag, seconds in hour.battery.flag_s.items():
        yield {
            "flag": flag,
            "valid_from": hour.start,
            "duration_minutes": MINUTES_PER_HOUR,
            "seconds": seconds,
        }


def _looks(hour: SimulatedHour) -> Iterator[Mapping[str, object]]:
    for outcome, looks in hour.market_looks.items():
        yield {
            "outcome": outcome,
            "valid_from": hour.start,
            "duration_minutes": MINUTES_PER_HOUR,
            "looks": looks,
        }


def _of_hour(hour: SimulatedHour, records: tuple[object, ...]) -> pd.DataFrame:
    frame = pd.DataFrame([asdict(record) for record in records])  # type: ignore[call-overload]
    return frame.assign(valid_from=hour.start, duration_minutes=MINUTES_PER_HOUR)
