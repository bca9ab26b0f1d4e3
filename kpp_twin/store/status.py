"""How fresh everything is: feeds, forecasts, cycles, and what lies in quarantine."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from kpp_twin.settings import Settings
from kpp_twin.store.connection import Connection
from kpp_twin.store.queries import query

Level = Literal["fresh", "late", "stale"]

LATE_AFTER = 1.5  # cadences (README, Quality gate)
STALE_AFTER = 3.0
CYCLE_CADENCE = {"hourly": timedelta(hours=1), "daily": timedelta(days=1)}
FORECAST_CADENCE = {"price forecast": timedelta(days=1), "load forecast": timedelta(hours=1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """Age of the newest of something, against how often it should come."""

    what: str
    known_until: datetime | None
    known_at: datetime
    age: timedelta
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of the twin at an instant of data time."""

    now: datetime
    freshness: tuple[Freshness, ...]
    missing: tuple[str, ...]
    quarantine: tuple[tuple[str, str, int, datetime], ...]
    notes: tuple[str, ...]
    refused: tuple[str, ...]

    @property
    def is_stale(self) -> bool:
        """Whether anything is later than it should be, or has never come."""
        return bool(self.missing) or any(item.level != "fresh" for item in self.freshness)


def read_status(connection: Connection, settings: Settings, now: datetime | None) -> Status:
    """Status at ``now`` in data time; at the newest cycle's ``as_of`` where that is none."""
    cycles = connection.execute(query("status_cycles")).fetchall()
    feeds = connection.execute(query("status_feeds")).fetchall()
    at = now or max((as_of for _, _, as_of, _ in cycles), default=None)
    cadence = {feed.name: feed.cadence for feed in settings.feeds} | FORECAST_CADENCE | CYCLE_CADENCE
    if at is None:
        return Status(
            now=settings.replay_from, freshness=(), missing=("any cycle",), quarantine=(), notes=(), refused=()
        )
    fresh = [_freshness(f"{name} {series}", until, known, at, cadence[name]) for name, series, until, known in feeds]
    fresh += [
        _freshness(f"{kind} cycle", None, as_of, at, cadence[kind]) for kind, _, as_of, _ in cycles if kind in cadence
    ]
    present = {name for name, *_ in feeds} | {kind for kind, *_ in cycles}
    wanted = {feed.name for feed in settings.feeds if feed.required} | set(FORECAST_CADENCE) | set(CYCLE_CADENCE)
    return Status(
        now=at,
        freshness=tuple(fresh),
        missing=tuple(sorted(wanted - present)),
        quarantine=tuple(connection.execute(query("status_quarantine")).fetchall()),
        notes=tuple(f"{cycle_id}: {note}" for _, cycle_id, _, notes in cycles for note in notes.splitlines()),
        refused=tuple(sorted(path.name for path in settings.refused_path.glob("*.jsonl"))),
    )


def _freshness(what: str, until: datetime | None, known: datetime, now: datetime, cadence: timedelta) -> Freshness:
    age = now - known
    level: Level = "fresh" if age <= LATE_AFTER * cadence else "late" if age <= STALE_AFTER * cadence else "stale"
    return Freshness(what=what, known_until=until, known_at=known, age=age, level=level)
