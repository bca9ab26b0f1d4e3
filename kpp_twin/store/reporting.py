"""Reading what the report of one market-local day says."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

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
from kpp_twin.errors import IncompleteError
from kpp_twin.feeds import Feed
from kpp_twin.store.answers import Parameters, frame_of, on_grid, records_of, rows_of
from kpp_twin.store.connection import Connection
from kpp_twin.store.reporting_operation import read_operation, read_servings
from kpp_twin.timegrid import TimeGrid, hour_label, local_day_bounds, local_midnight, utc

CONTEXT_DAYS = 7
MAX_QUARANTINED = 20
NAIVE_METHODS = ("naive_daily", "naive_weekly")  # every forecaster is judged beside them


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stand:
    """The newest cycle that the report may know of."""

    cycle_number: int
    cycle_id: str
    as_of: datetime
    digest: str


def read_day(
    connection: Connection, day: date, zone: ZoneInfo, feeds: Sequence[Feed], as_of: datetime | None = None
) -> DayReport:
    """Everything that the report of a day needs, as the newest cycle up to ``as_of`` knew it; none: the newest of all.

    Raises
    ------
    IncompleteError
        No cycle has run by then, or it knew nothing of the day.
    """
    stand = _stand(connection, as_of)
    start, stop = local_day_bounds(day, zone)
    of_day = {"start": start, "stop": stop, "through_cycle": stand.cycle_number}
    forecasts = _forecasts(connection, of_day)
    series = [s for feed in feeds for s in _series(connection, feed, day, zone, stand, forecasts)]
    if not any(s.n_known or s.forecast for s in series):
        raise _nothing_known(connection, day, zone, stand)
    return DayReport(
        day=day,
        zone=zone,
        as_of=stand.as_of,
        last_cycle_id=stand.cycle_id,
        digest=stand.digest,
        sources=_sources(connection, feeds, of_day),
        series=tuple(series),
        quality=tuple(_quality(connection, feed, of_day) for feed in feeds),
        broken_rules=records_of(connection, BrokenRule, "report_broken_rules", of_day),
        quarantined=records_of(connection, QuarantinedRow, "report_quarantine", {**of_day, "n_rows": MAX_QUARANTINED}),
        freshness=tuple(r for feed in feeds for r in _reach(connection, feed, zone, stand)),
        cycles=records_of(connection, CycleLine, "report_cycles", of_day),
        servings=read_servings(connection, start, stop, stand.cycle_number),
        operation=read_operation(connection, day, zone, as_of=stand.as_of, through_cycle=stand.cycle_number),
    )


def _stand(connection: Connection, as_of: datetime | None) -> _Stand:
    stands = records_of(connection, _Stand, "report_last_cycle", {"as_of": utc(as_of) if as_of else None})
    if not stands:
        raise IncompleteError(
            f"no cycle has run by {hour_label(as_of)}" if as_of else "no cycle has run yet",
            place="table cycle",
            next_step="run `kpp-twin run daily`, or ask for the report as of a later instant",
        )
    return stands[0]


def _nothing_known(connection: Connection, day: date, zone: ZoneInfo, stand: _Stand) -> IncompleteError:
    (extent,) = rows_of(connection, "report_extent", {"through_cycle": stand.cycle_number})
    first, last = extent["first_start"], extent["last_start"]
    known = f"days from {first.astimezone(zone):%Y-%m-%d} to {last.astimezone(zone):%Y-%m-%d}" if first else "nothing"
    return IncompleteError(
        f"nothing is known of {day}; {stand.cycle_id} knows {known}",
        place="tables price, site_load, weather and forecast",
        next_step="ask for a day that is known, or run the cycles up to that day",
    )


def _series(
    connection: Connection,
    feed: Feed,
    day: date,
    zone: ZoneInfo,
    stand: _Stand,
    forecasts: Mapping[tuple[str, str], pd.DataFrame],
) -> list[DaySeries]:
    """Each series of a feed that has a value on the day or in the days before it."""
    grid = TimeGrid.local_day(day, zone, feed.step_minutes)
    first = local_midnight(day - timedelta(days=CONTEXT_DAYS), zone)
    context_grid = TimeGrid.between(first, grid.stop, feed.step_minutes)
    parameters = {"start": first, "stop": grid.stop, "as_of": stand.as_of, "through_cycle": stand.cycle_number}
    rows = frame_of(connection, f"{feed.table}_as_of", parameters)
    found = []
    for name, part in rows.groupby("series", sort=True):
        context_values = on_grid(context_grid, part, "value")
        known_at = part.loc[part["valid_from"] >= grid.start, "known_at"]
        forecast = forecasts.get((feed.name, str(name)))
        found.append(
            DaySeries(
                variable=feed.name,
                name=str(name),
                unit=feed.unit,
                grid=grid,
                values=context_values[-grid.n_steps :],
                known_from=known_at.min().to_pydatetime() if len(known_at) else None,
                known_until=known_at.max().to_pydatetime() if len(known_at) else None,
                context_grid=context_grid,
                context_values=context_values,
                forecast=None if forecast is None else _forecast(connection, grid, forecast),
            )
        )
    return found


def _forecasts(connection: Connection, of_day: Parameters) -> dict[tuple[str, str], pd.DataFrame]:
    """Rows of the day-ahead forecast, by variable and series."""
    rows = frame_of(connection, "report_forecast", of_day)
    return {(str(variable), str(name)): part for (variable, name), part in rows.groupby(["variable", "series"])}


def _forecast(connection: Connection, grid: TimeGrid, rows: pd.DataFrame) -> DayForecast:
    trained = rows_of(connection, "report_model", {"model_version": rows["model_version"].iloc[0]})
    return DayForecast(
        issued_at=rows["issued_at"].iloc[0].to_pydatetime(),
        values=on_grid(grid, rows, "value"),
        low=on_grid(grid, rows, "low"),
        high=on_grid(grid, rows, "high"),
        judgement=_judgement(trained),
    )


def _judgement(trained: Sequence[Mapping[str, Any]]) -> Judgement:
    """Judgement of the first of the forecasters of one training; the others give the errors that it does not hold."""
    model, own = trained[0], json.loads(trained[0]["scores"])
    figures = {name: value for row in reversed(trained) for name, value in json.loads(row["scores"]).items()}
    methods = {*NAIVE_METHODS, *(row["method"] for row in trained)}
    return Judgement(
        method=model["method"],
        scores={name: figures[name] for name in sorted(methods & figures.keys())},
        window_start=model["window_start"],
        window_end=model["window_end"],
        relative_error=own.get("rmae"),
    )


def _sources(connection: Connection, feeds: Sequence[Feed], of_day: Parameters) -> tuple[str, ...]:
    frames = [rows_of(connection, "report_sources", {**of_day, "table_name": feed.table}) for feed in feeds]
    return tuple(dict.fromkeys(str(row["source"]) for rows in frames for row in rows))


def _quality(connection: Connection, feed: Feed, of_day: Parameters) -> FeedQuality:
    parameters = {**of_day, "feed": feed.name, "table_name": feed.table}
    (quality,) = records_of(connection, FeedQuality, "report_feed_quality", parameters)
    return quality


def _reach(connection: Connection, feed: Feed, zone: ZoneInfo, stand: _Stand) -> list[FeedReach]:
    parameters = {"table_name": feed.table, "through_cycle": stand.cycle_number}
    rows = rows_of(connection, "report_freshness", parameters) or [{"series": "", "known_until": None}]
    could = utc(feed.latest_known(stand.as_of, zone))
    return [FeedReach(feed=feed.name, could_be_known_until=could, **row) for row in rows]
