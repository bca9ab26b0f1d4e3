"""Reading: what was known at an instant, as frozen records."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from kpp_twin.feeds import Feed
from kpp_twin.records import ORIGIN, CycleReport, History, Predecessor, Seen, Series, Slot, Start
from kpp_twin.store.answers import frame_of
from kpp_twin.store.connection import Connection
from kpp_twin.store.forecasters import read_members, read_models, read_servings, read_trials
from kpp_twin.store.journal import JournalEntry
from kpp_twin.store.queries import query
from kpp_twin.timegrid import TimeGrid


def predecessor(connection: Connection, before: int | None = None) -> Predecessor:
    """End state of the newest cycle, or of the newest one before a given number."""
    row = connection.execute(query("last_cycle"), {"before": before}).fetchone()
    if row is None:
        return ORIGIN
    number, cycle_id, as_of, digest, state = row
    return Predecessor(cycle_number=number, cycle_id=cycle_id, as_of=as_of, digest=digest, state=json.loads(state))


def read_start(
    connection: Connection, slot: Slot, feeds: Sequence[Feed], lookback: timedelta, before: int | None = None
) -> Start:
    """Where a cycle stands: its predecessor, and what the store held of each feed after it."""
    last = predecessor(connection, before)
    seen = {feed.name: _seen(connection, feed, slot.as_of, lookback, last.cycle_number) for feed in feeds}
    return Start(slot=slot, predecessor=last, seen=seen)


def _seen(connection: Connection, feed: Feed, as_of: datetime, lookback: timedelta, through: int) -> Seen:
    refused = connection.execute(
        query("refused_fingerprints"), {"feed": feed.name, "as_of": as_of, "through_cycle": through}
    ).fetchall()
    ((newest,),) = connection.execute(
        query("feed_last_interval"), {"table_name": feed.table, "as_of": as_of, "through_cycle": through}
    ).fetchall()
    since = None if newest is None else min(newest, as_of - lookback)
    return Seen(
        feed=feed,
        since=since,
        versions=_rows(
            connection,
            "versions_since",
            {"table_name": feed.table, "start": since or as_of, "as_of": as_of, "through_cycle": through},
        ),
        refused=frozenset(text for (text,) in refused),
    )


def read_history(connection: Connection, start: Start, feeds: Sequence[Feed], days: int) -> History:
    """All that may be known at the cycle's ``as_of`` of the last days, and of the days ahead.

    The cycle's own admitted rows count as known; models only if an earlier cycle made them.
    """
    as_of, before = start.slot.as_of, start.predecessor.cycle_number
    first = as_of.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
    series = [item for feed in feeds for item in _series(feed, _known(connection, feed, first, as_of, before + 1))]
    servings = read_servings(connection, "serving_as_of", as_of, before)
    trials = read_trials(connection, as_of, before)
    names = {s.model_version for s in servings} | {t.challenger for t in trials if t.verdict == "begun"}
    return History(
        as_of=as_of,
        series=tuple(series),
        models=read_models(connection, sorted(names), as_of, before),
        servings=servings,
        trials=trials,
        members=read_members(connection, sorted(names), first, as_of, before),
    )


def _known(connection: Connection, feed: Feed, first: datetime, as_of: datetime, through: int) -> pd.DataFrame:
    parameters = {"start": first, "stop": as_of + timedelta(days=8), "as_of": as_of, "through_cycle": through}
    return _rows(connection, f"{feed.table}_as_of", parameters)


def _rows(connection: Connection, name: str, parameters: dict[str, Any]) -> pd.DataFrame:
    rows: dict[str, Any] = connection.execute(query(name), parameters).fetchnumpy()
    return pd.DataFrame(
        {
            "series": pd.Series(np.asarray(rows["series"], dtype=object), dtype="str"),
            "valid_from": pd.to_datetime(rows["valid_from"], utc=True).as_unit("us"),
            "value": np.ma.getdata(rows["value"]),
            "known_at": pd.to_datetime(rows["known_at"], utc=True).as_unit("us"),
        }
    )


def read_tables(connection: Connection, start: Start) -> dict[str, pd.DataFrame]:
    """What each history table gained in the two days up to the cycle's ``as_of``, by earlier cycles."""
    parameters = {
        "since": start.slot.as_of - timedelta(days=2),
        "as_of": start.slot.as_of,
        "through_cycle": start.predecessor.cycle_number,
    }
    frames = {}
    for (table,) in connection.execute(query("history_tables")).fetchall():
        name = "cycle_gained" if table == "cycle" else "table_gained"
        given = parameters if table == "cycle" else {**parameters, "table_name": table}
        frames[table] = frame_of(connection, name, given)
    return frames


def committed_cycles(connection: Connection) -> dict[int, JournalEntry]:
    """Every cycle that the database holds, by number, as the journal notes it."""
    rows = connection.execute(query("committed_cycles")).fetchall()
    return {
        number: JournalEntry(cycle_number=number, cycle_id=cycle_id, row_counts=json.loads(counts), digest=digest)
        for number, cycle_id, counts, digest in rows
    }


def last_as_of_by_kind(connection: Connection) -> dict[str, datetime]:
    """Where each chain of cycles stands."""
    return dict(connection.execute(query("last_as_of_by_kind")).fetchall())


def cycle_report(connection: Connection, slot: Slot) -> CycleReport | None:
    """Report of a committed cycle; none if it has not run."""
    row = connection.execute(query("cycle_by_id"), {"cycle_id": slot.cycle_id}).fetchone()
    if row is None:
        return None
    number, notes, row_counts, rows_in, rows_admitted, rows_quarantined = row
    return CycleReport(
        slot=slot,
        cycle_number=number,
        rows_in=rows_in,
        rows_admitted=rows_admitted,
        rows_quarantined=rows_quarantined,
        row_counts=json.loads(row_counts),
        notes=tuple(notes.splitlines()),
        already_done=True,
    )


def _series(feed: Feed, rows: pd.DataFrame) -> list[Series]:
    """One record per series, on the grid from its first to its last known interval."""
    found = []
    for name, part in rows.groupby("series", sort=True):
        first, last = part["valid_from"].iloc[0], part["valid_from"].iloc[-1]
        stop = last + timedelta(minutes=feed.step_minutes)
        grid = TimeGrid.between(first.to_pydatetime(), stop.to_pydatetime(), feed.step_minutes)
        position = grid.positions(pd.DatetimeIndex(part["valid_from"]))
        values = np.full(grid.n_steps, np.nan)
        known_at = np.full(grid.n_steps, np.datetime64("NaT", "us"))
        values[position] = part["value"].to_numpy()
        known_at[position] = part["known_at"].dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
        found.append(Series(variable=feed.name, name=str(name), grid=grid, values=values, known_at=known_at))
    return found
