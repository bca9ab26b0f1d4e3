"""The hourly and the daily cycle as plain functions; flows and CLI are thin skins over them.

A cycle takes in what its sources bring, looks at what may be known at its ``as_of``, computes, and writes everything in
one transaction. Each step hands frozen records to the next; no database connection outlives a step.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from kpp_twin.crashpoints import reach
from kpp_twin.errors import HistoryError, IncompleteError, QualityBlockedError, TwinError
from kpp_twin.feeds import Feed
from kpp_twin.quality import gate
from kpp_twin.records import Checked, CycleKind, CycleReport, Outcome, Slot, Start, slot_of
from kpp_twin.settings import Settings
from kpp_twin.site import load_site
from kpp_twin.sources.files import read_feed
from kpp_twin.sources.replay_clock import read_clock, start_clock
from kpp_twin.store import journal
from kpp_twin.store.commit import PredecessorMovedError, commit_cycle, insert
from kpp_twin.store.connection import open_live
from kpp_twin.store.history import cycle_report, last_as_of_by_kind, read_start
from kpp_twin.store.kept import keep, keep_refused, kept_delivery
from kpp_twin.store.recovery import recover
from kpp_twin.store.snapshot import publish
from kpp_twin.thought import TAKING_IN, compute, read_known
from kpp_twin.timegrid import daily_slots, hour_label, hourly_slots, utc

log = logging.getLogger(__name__)

MAX_RESTARTS = 3


def data_time(settings: Settings, wall_time: datetime) -> datetime:
    """The instant that a replay has reached, or the wall time itself where data comes live. [UTC]"""
    if not settings.replays:
        return utc(wall_time)
    clock = read_clock(settings.clock_path)
    if clock is None:
        begin_at = max(_last_as_of(settings).values(), default=settings.replay_from)
        clock = start_clock(settings.clock_path, wall_time=wall_time, data_start=begin_at)
    return clock.data_time(wall_time)


def newest_slot(settings: Settings, kind: CycleKind, wall_time: datetime) -> Slot:
    """Return the cycle of a kind that should have run last; a retraining comes a minute after the newest one.

    Raises
    ------
    HistoryError
        Retraining was asked for before any cycle ran.
    """
    if kind == "retrain":
        return desk_slot(settings, kind)
    now = data_time(settings, wall_time)
    before = now - timedelta(days=2)
    if kind == "hourly":
        slots = list(hourly_slots(before, now, settings.hourly_minute))
    else:
        slots = list(daily_slots(before, now, settings.daily_time, settings.zone))
    return Slot(kind=kind, as_of=slots[-1])


def desk_slot(settings: Settings, kind: Literal["retrain", "promote", "rollback"], subject: str = "") -> Slot:
    """Cycle that an operator asks for: a minute after the newest one, so that each is one of its own.

    Raises
    ------
    HistoryError
        No cycle has run yet.
    """
    last = _last_as_of(settings)
    if not last:
        raise HistoryError(
            "there is no history to train on", place=str(settings.store_path), next_step="run `kpp-twin run daily`"
        )
    return Slot(kind=kind, as_of=max(last.values()) + timedelta(minutes=1), subject=subject)


def _last_as_of(settings: Settings) -> dict[str, datetime]:
    """Where each chain of cycles stands, those that a crash lost included."""
    lost = [slot_of(entry.cycle_id) for entry in recover(settings).lost]
    with open_live(settings) as connection:
        last = last_as_of_by_kind(connection)
    return last | {slot.kind: slot.as_of for slot in lost}


def due_slots(settings: Settings, target: Slot) -> tuple[Slot, ...]:
    """Every cycle that must run so that the target has run: lost ones, then missed ones, in order of time.

    The chain of a kind begins with its first cycle; an hourly one needs a daily one before it.

    Raises
    ------
    HistoryError
        The target lies before the end of the history and is not in it.
    """
    recovery = recover(settings)
    lost = [slot_of(entry.cycle_id) for entry in recovery.lost]
    with open_live(settings) as connection:
        last = last_as_of_by_kind(connection)
        is_done = cycle_report(connection, target) is not None
    last |= {slot.kind: slot.as_of for slot in lost}
    if is_done or target in lost:
        return (*lost, target)
    newest = max(last.values(), default=None)
    if newest and target.as_of < newest:
        raise HistoryError(
            f"the history already stands at {hour_label(newest)}, and {target.cycle_id} is not in it",
            place=str(settings.store_path),
            next_step="ask for a later cycle, or point KPP_TWIN_HOME at an empty folder to begin elsewhere",
        )
    return (*lost, *_missed(settings, target, last))


def _missed(settings: Settings, target: Slot, last: Mapping[str, datetime]) -> Iterator[Slot]:
    until = target.as_of
    hourly_after, daily_after = last.get("hourly"), last.get("daily")
    slots = {target}
    if hourly_after:
        slots |= {Slot(kind="hourly", as_of=t) for t in hourly_slots(hourly_after, until, settings.hourly_minute)}
    if daily_after or target.kind == "hourly":
        days = list(daily_slots(daily_after or until - timedelta(days=2), until, settings.daily_time, settings.zone))
        slots |= {Slot(kind="daily", as_of=t) for t in (days if daily_after else days[-1:])}
    return iter(sorted(slots, key=lambda slot: (slot.as_of, slot.kind)))


def begin(settings: Settings, slot: Slot) -> Start | CycleReport:
    """Where the cycle starts from; its report instead, if it has been committed before."""
    with open_live(settings) as connection:
        done = cycle_report(connection, slot)
        if done:
            log.debug("%s: already done", slot.cycle_id)
            return done
        return read_start(connection, slot, settings.feeds, timedelta(days=settings.lookback_days))


def take_in(settings: Settings, start: Start) -> tuple[Checked, ...]:
    """Read every feed, let the gate judge what is new, and keep the deliveries as they came.

    Raises
    ------
    QualityBlockedError
        A blocking rule failed. Nothing of the cycle is written; the refused rows are kept in the data home.
    IncompleteError
        The data that is replayed has come to its end.
    """
    reach("before_read")
    checked = gather(settings, start)
    reach("after_gate")
    if checked:
        keep(settings.kept_path, start.slot, checked)
    return checked


def gather(settings: Settings, start: Start) -> tuple[Checked, ...]:
    """What the gate makes of each feed's delivery, the kept one if the cycle has run before."""
    if start.slot.kind not in TAKING_IN:
        return ()
    return tuple(_gather(settings, start, feed) for feed in settings.feeds)


def _gather(settings: Settings, start: Start, feed: Feed) -> Checked:
    slot = start.slot
    delivery = kept_delivery(settings.kept_path, slot, feed) or read_feed(settings.data_folder, feed)
    try:
        checked = gate.check(
            delivery,
            start.seen[feed.name],
            as_of=slot.as_of,
            previous_as_of=start.predecessor.as_of,
            site=_site(settings),
        )
    except gate.RefusedError as error:
        file = keep_refused(settings.refused_path, slot, feed, error.rows, error.fault)
        place = f"{error.place}, {slot.cycle_id}; its {len(error.rows)} new row(s) are in {file}"
        raise QualityBlockedError(error.fault, place=place, next_step=error.next_step) from error
    log.debug(
        "%s: %s: %d rows in, %d admitted, %d quarantined",
        slot.cycle_id,
        feed.name,
        checked.rows_in,
        len(checked.admitted),
        len(checked.quarantined),
    )
    ends = checked.source_ends
    is_over = ends is not None and ends < slot.as_of - timedelta(hours=2) and not checked.rows_in
    if is_over and settings.replays and feed.required:
        raise IncompleteError(
            f"the replayed {feed.name} ends at {ends:%Y-%m-%dT%H:%MZ}; nothing is left to play",
            place=str(settings.data_folder),
            next_step="play it again in an empty KPP_TWIN_HOME, or point KPP_TWIN__DATA_FOLDER at your own data",
        )
    return checked


def think(settings: Settings, start: Start, checked: Sequence[Checked]) -> Outcome:
    """Compute the outcome from all that may be known; the new rows are written on trial for that, and rolled back."""
    site = load_site(settings.site_file)
    with open_live(settings) as connection:
        connection.begin()
        admitted = {item.feed.table: item.admitted for item in checked if len(item.admitted)}
        insert(connection, admitted, start.predecessor.cycle_number + 1)
        known = read_known(connection, settings, start, site)
        connection.rollback()
    return compute(settings, start.slot, known, checked)


def finish(settings: Settings, start: Start, checked: Sequence[Checked], outcome: Outcome) -> CycleReport:
    """Commit, then note the commit in the journal.

    Raises
    ------
    PredecessorMovedError
        Another cycle was committed since this one began; nothing was written.
    """
    with open_live(settings) as connection:
        report, entry = commit_cycle(connection, start, checked, outcome)
        reach("before_journal")
        journal.append(settings.journal_path, entry)
        reach("after_journal")
    log.info("%s: committed as cycle %d", start.slot.cycle_id, report.cycle_number)
    return report


def _site(settings: Settings) -> gate.GateSettings:
    return gate.GateSettings(
        zone=settings.zone,
        naive_zone=ZoneInfo(settings.naive_stamps_zone) if settings.naive_stamps_zone else None,
        rated_load_kw=settings.rated_load_kw,
        currency=settings.currency,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The steps of a run; a scheduler may wrap each, and still runs them through the same functions below."""

    due_slots: Callable[[Settings, Slot], tuple[Slot, ...]] = due_slots
    begin: Callable[[Settings, Slot], Start | CycleReport] = begin
    take_in: Callable[[Settings, Start], tuple[Checked, ...]] = take_in
    think: Callable[[Settings, Start, Sequence[Checked]], Outcome] = think
    finish: Callable[[Settings, Start, Sequence[Checked], Outcome], CycleReport] = finish
    publish: Callable[[Settings], None] = publish


PLAIN = Steps()


def run_due(settings: Settings, target: Slot, steps: Steps = PLAIN) -> Iterator[CycleReport]:
    """Run what is due up to the target, cycle by cycle, and publish once at the end.

    Where a cycle fails, those before it are published; if it is the first, the store may be to blame, and the snapshot
    stays as it is.
    """
    has_committed = False
    try:
        for slot in steps.due_slots(settings, target):
            yield run_cycle(settings, slot, steps)
            has_committed = True
    except TwinError:
        if has_committed:
            steps.publish(settings)
        raise
    steps.publish(settings)


def run_cycle(settings: Settings, slot: Slot, steps: Steps = PLAIN) -> CycleReport:
    """Run one cycle; it begins anew if another process was faster with the one before."""
    for _ in range(MAX_RESTARTS):
        begun = steps.begin(settings, slot)
        if isinstance(begun, CycleReport):
            return begun
        checked = steps.take_in(settings, begun)
        outcome = steps.think(settings, begun, checked)
        try:
            return steps.finish(settings, begun, checked, outcome)
        except PredecessorMovedError as error:
            log.warning("%s", error)
    raise HistoryError(
        f"another process was faster {MAX_RESTARTS} times", place=slot.cycle_id, next_step="run one at a time"
    )
