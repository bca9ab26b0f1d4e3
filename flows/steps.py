"""The steps of a cycle as Prefect tasks."""

from datetime import datetime
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from flows.artifacts import show_run
from kpp_twin import cycle
from kpp_twin.records import CycleKind, CycleReport, Slot
from kpp_twin.settings import Settings

NAMES = {
    "due_slots": "find due cycles",
    "begin": "begin",
    "take_in": "read and gate",
    "think": "forecast",
    "finish": "commit",
    "publish": "publish snapshot",
}
# Nothing is cached: the history itself knows what has been done.
_tasks: dict[str, Any] = {
    step: task(getattr(cycle.PLAIN, step), name=name, cache_policy=NO_CACHE) for step, name in NAMES.items()
}
TASKS = cycle.Steps(**_tasks)


def target(settings: Settings, kind: CycleKind, as_of: datetime | None) -> Slot:
    """Return the cycle that was asked for, else the newest one at the time for which the run was scheduled."""
    if as_of is not None:
        return Slot(kind=kind, as_of=as_of)
    return cycle.newest_slot(settings, kind, flow_run.scheduled_start_time)


def run_due(settings: Settings, wanted: Slot) -> list[CycleReport]:
    """Run what is due up to a cycle, step by step, and show what it found and did."""
    reports = list(cycle.run_due(settings, wanted, TASKS))
    show_run(settings, wanted, reports)
    return reports
