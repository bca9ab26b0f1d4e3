"""A report made by hand, without a store: any day, any zone, any name."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

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
from kpp_twin.timegrid import TimeGrid, local_midnight

CHICAGO = ZoneInfo("America/Chicago")
UNITS = {"price": ("USD/MWh", 60), "load": ("kW", 15), "weather": ("°C", 15)}

MakeReport = Callable[..., DayReport]


@pytest.fixture(scope="session")
def make_report() -> MakeReport:
    """Builder of a report whose forecasts are 5 too low everywhere, with a band of 10 to either side."""
    return _report


def _report(day: date = date(2024, 3, 16), *, name: str = "HUB", source: str = "data/price.csv") -> DayReport:
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
