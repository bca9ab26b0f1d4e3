"""A report made by hand, without a store: any day, any zone, any name."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

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
from kpp_twin.day_report import (
    BrokenRule,
    CycleLine,
    DayForecast,
    DayReport,
    DaySeries,
    FeedQuality,
    FeedReach,
    Judgement,
    QuarantinedRow,
)
from kpp_twin.timegrid import Array, TimeGrid, local_midnight

CHICAGO = ZoneInfo("America/Chicago")
UNITS = {"price": ("USD/MWh", 60), "load": ("kW", 15), "weather": ("°C", 15)}

MakeReport = Callable[..., DayReport]


@pytest.fixture(scope="session")
def make_report() -> MakeReport:
    """Builder of a report whose forecasts are 5 too low everywhere, with a band of 10 to either side."""
    return _report


@pytest.fixture(scope="session")
def make_operation() -> Callable[..., DayOperation]:
    """Builder of a day's operation: a battery, a plant, and load curtailed for two hours; the last hour is missing."""
    return _operation


def _operation(day: date = date(2024, 3, 16), *, name: str = "frequency_response") -> DayOperation:
    hours, minutes = TimeGrid.local_day(day, CHICAGO, 60), TimeGrid.local_day(day, CHICAGO, 1)
    n = hours.n_steps
    simulated = np.arange(n) < n - 1
    battery_kw = np.where(np.arange(n) % 2, 90.0, -100.0)
    stored_kwh = 500.0 + np.arange(60 * n) / 60
    event_start = hours.start + timedelta(hours=2)
    energy = LedgerLine(asset="battery", entry="in", energy_kwh=1000.0, largest_residual_kwh=1e-12)

    def asset(kind: str, power_kw: Array, stored: Array) -> AssetDay:
        known = np.repeat(simulated, 60)
        return AssetDay(
            asset=kind,
            planned_kw=power_kw,
            sold_kw=np.full(n, np.nan) if kind == "plant" else power_kw / 2,
            reserved_kw=np.full(n, 100.0 if kind == "battery" else 0.0),
            power_kw=np.where(known, np.repeat(power_kw, 60), np.nan),
            energy_stored_kwh=np.where(known, stored, np.nan),
        )

    nothing = np.full(60 * n, np.nan)
    starts = list(hours.index.to_pydatetime())
    unpriced = BidStep(price_per_mwh=50.0, quantity_kw=80.0, is_accepted=None)
    load_kw = np.where(np.isin(np.arange(n), (2, 3)), -50.0, -100.0)
    return DayOperation(
        hours=hours,
        minutes=minutes,
        price_series="HUB",
        load_series="HUB",
        assets=(
            asset("battery", battery_kw, stored_kwh),
            asset("plant", np.full(n, 50.0), np.full(60 * n, 80.0)),
            asset("load", load_kw, nothing),
            asset("site", battery_kw + 50.0 + load_kw, nothing),
        ),
        frequency_hz=np.where(np.repeat(simulated, 60), 60.0, np.nan),
        nominal_hz=60.0,
        battery_capacity_kwh=1000.0,
        battery=BatteryDay(
            product="PFR",
            performance_score=0.951,
            mileage=123.4,
            endurance_violation_s=5.0,
            lowest_temperature_c=24.8,
            highest_temperature_c=27.1,
            state_of_health=0.99951,
            equivalent_full_cycles=1.25,
            auxiliary_kwh=57.5,
            flag_s={"restoring_up": 1200.0, "held": 3.0},
        ),
        response_asked_kwh=np.where(simulated, 2.0, np.nan),
        response_delivered_kwh=np.where(simulated, 1.8, np.nan),
        money={
            "capacity": np.where(simulated, 0.5, np.nan),
            "energy": np.where(simulated, -20.0, np.nan),
        },
        currency="USD",
        ledger=(
            energy,
            replace(energy, entry="charge_loss", energy_kwh=-50.0),
            replace(energy, entry="store_change", energy_kwh=-950.0),
        ),
        services=(
            ServiceLine(
                service=name,
                unit="kW",
                n_requests=n,
                n_cut=1,
                requested=100.0,
                granted=98.0,
                n_hours=n - 1,
                uptime=0.995,
                response_time_s=0.2,
                accuracy=0.9,
                requested_kwh=2.0 * (n - 1),
                delivered_kwh=1.8 * (n - 1),
            ),
        ),
        events=(
            EventLine(
                event_id=name,
                start=event_start,
                stop=event_start + timedelta(hours=2),
                called_at=hours.start,
                target_reduction_kw=60.0,
                forecast_peak_kw=950.0,
                reduced_kwh=100.0,
            ),
        ),
        curves=(
            *(_curve("day_ahead", start, (-100.0, -40.0, 80.0), sold_kw=-40.0) for start in starts[:-1]),
            BidCurve(market="day_ahead", asset="battery", valid_from=starts[-1], steps=(unpriced,), sold_kw=None),
            *(_curve("PFR", start, (100.0,), sold_kw=100.0) for start in starts),
        ),
    )


def _curve(market: str, start: datetime, quantities_kw: tuple[float, ...], *, sold_kw: float) -> BidCurve:
    return BidCurve(
        market=market,
        asset="battery",
        valid_from=start,
        steps=tuple(
            BidStep(price_per_mwh=120.0 + kw / 10, quantity_kw=kw, is_accepted=kw == sold_kw) for kw in quantities_kw
        ),
        sold_kw=sold_kw,
    )


def _report(
    day: date = date(2024, 3, 16),
    *,
    name: str = "HUB",
    source: str = "data/price.csv",
    operation: DayOperation | None = None,
) -> DayReport:
    start = local_midnight(day, CHICAGO)
    issued_at = start - timedelta(hours=14, minutes=30)
    series = tuple(_series(variable, name, day, issued_at) for variable in UNITS)
    raw = f'{{"series": "{name}", "load_kw": "-1"}}'
    return DayReport(
        day=day,
        zone=CHICAGO,
        as_of=start + timedelta(days=1, minutes=15),
        last_cycle_id="hourly-2024-03-17T05:15Z",
        digest="0123456789abcdef",
        sources=(source,),
        series=series,
        quality=(FeedQuality(feed="load", rows_checked=1234, rows_admitted=1230, rows_flagged=3, rows_quarantined=4),),
        broken_rules=(
            BrokenRule(subject="load", rule="range", action="quarantine", rows_failed=4, cycles=2, evidence="-1"),
        ),
        quarantined=(
            QuarantinedRow(feed="load", reason=name, origin=name, valid_from=None, raw=raw, cycle_id="hourly"),
        ),
        freshness=(
            FeedReach(feed="load", series=name, known_until=start, could_be_known_until=start + timedelta(hours=26)),
            FeedReach(feed="weather", series="", known_until=None, could_be_known_until=start),
        ),
        cycles=(
            CycleLine(
                cycle_number=1,
                cycle_id="hourly-2024-03-16T05:15Z",
                kind="hourly",
                as_of=start + timedelta(minutes=15),
                rows_in=1234,
                rows_admitted=1230,
                rows_quarantined=4,
                notes=f"{name}\nsecond note",
            ),
        ),
        servings=(
            ServingLine(
                variable="load",
                series=name,
                method="ensemble",
                model_version=f"load-{name}-ensemble",
                chosen_by="operator",
                serves_from=issued_at,
            ),
        ),
        operation=operation,
    )


def _series(variable: str, name: str, day: date, issued_at: datetime) -> DaySeries:
    unit, step_minutes = UNITS[variable]
    grid = TimeGrid.local_day(day, CHICAGO, step_minutes)
    context_grid = TimeGrid.between(local_midnight(day - timedelta(days=7), CHICAGO), grid.stop, step_minutes)
    context_values = 100.0 + np.arange(context_grid.n_steps, dtype=np.float64) % 50
    values = context_values[-grid.n_steps :]
    judgement = Judgement(
        method="naive_weekly",
        scores={"naive_daily": 12.345, "naive_weekly": 11.0},
        window_start=issued_at.astimezone(UTC) - timedelta(days=10),
        window_end=issued_at.astimezone(UTC),
        relative_error=0.875,
    )
    forecast = DayForecast(
        issued_at=issued_at, values=values - 5.0, low=values - 15.0, high=values + 5.0, judgement=judgement
    )
    return DaySeries(
        variable=variable,
        name=name,
        unit=unit,
        grid=grid,
        values=values,
        known_from=grid.start,
        known_until=grid.stop,
        context_grid=context_grid,
        context_values=context_values,
        forecast=None if variable == "weather" else forecast,
    )
