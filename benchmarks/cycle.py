"""CPU time of the daily and the hourly cycle on the bundled data, outside Prefect.

Example: ``python -m benchmarks.cycle --json``
"""

import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import click

from benchmarks.output import Figure, show
from kpp_twin.records import Slot
from kpp_twin.settings import BUNDLED_DATA, Settings
from models.ensemble import REFIT_DAYS

STAGES = ("begin", "take_in", "think", "finish")
FIRST_DAILY = datetime(2021, 10, 13, 14, 30, tzinfo=UTC)
FIRST_HOURLY = datetime(2021, 10, 14, 6, 15, tzinfo=UTC)
PUBLISH_REPEATS = 3


@click.command()
@click.option("--hours", type=click.IntRange(min=1), default=24, show_default=True, help="Hourly cycles to run.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures once more as the last line, as a JSON object.")
def main(hours: int, *, as_json: bool) -> None:
    """Run the back-fill, hourly cycles and the next daily one in a new store, in order of time.

    Example: python -m benchmarks.cycle --json
    """
    _use_one_thread()
    with tempfile.TemporaryDirectory(prefix="kpp-twin-benchmark-") as home:
        figures = list(_run(Path(home), hours))
    show("Cycles, one thread", figures, as_json=as_json)


def _use_one_thread() -> None:
    """A crowd of threads burns CPU time that depends on the machine; BLAS looks at its setting when it is imported."""
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", GX_ANALYTICS_ENABLED="false")
    import duckdb
    import pyarrow

    pyarrow.set_cpu_count(1)
    connect = duckdb.connect
    duckdb.connect = lambda path=":memory:", config=None, **more: connect(
        path, config={**(config or {}), "threads": 1}, **more
    )


def _run(home: Path, hours: int) -> Iterator[Figure]:
    import great_expectations  # noqa: F401 - takes seconds, once in a process

    from kpp_twin import cycle
    from kpp_twin.store.snapshot import publish

    settings = Settings(home=home, data_folder=BUNDLED_DATA)
    first = Slot(kind="daily", as_of=FIRST_DAILY)
    daily = Slot(kind="daily", as_of=FIRST_DAILY + timedelta(days=1))
    hourly = [Slot(kind="hourly", as_of=FIRST_HOURLY + timedelta(hours=hour)) for hour in range(hours)]
    cpu_s: dict[Slot, float] = {}
    stage_cpu_s: dict[Slot, Mapping[str, float]] = {}
    for slot in sorted([first, daily, *hourly], key=lambda slot: slot.as_of):
        seconds: dict[str, float] = defaultdict(float)
        timed: dict[str, Any] = {name: _timed(getattr(cycle.PLAIN, name), name, seconds) for name in STAGES}
        steps = replace(cycle.PLAIN, **timed)
        cpu_s[slot], stage_cpu_s[slot] = _cpu_seconds(cycle.run_cycle, settings, slot, steps), seconds
    update_cpu_s, refit_cpu_s = _forecasters(settings, daily)
    publish_cpu_s = [_cpu_seconds(publish, settings) for _ in range(PUBLISH_REPEATS)]

    yield Figure(name="first_daily_cpu_s", value=cpu_s[first], meaning="the first daily cycle: takes in months of data")
    yield Figure(name="daily_cpu_s", value=cpu_s[daily], meaning="the daily cycle of the day after")
    yield Figure(
        name="hourly_cpu_s",
        value=median(cpu_s[s] for s in hourly),
        meaning=f"median of {hours} hourly cycles",
        target="≤ 1",
    )
    yield Figure(
        name="update_cpu_s", value=update_cpu_s, meaning="of the daily one: three series take a day in", target="≤ 0.5"
    )
    yield Figure(name="refit_cpu_s", value=refit_cpu_s, meaning="the same with all three fitted anew", target="≤ 10")
    for stage in STAGES:
        value = median(stage_cpu_s[slot][stage] for slot in hourly)
        yield Figure(name=f"stages_{stage}_cpu_s", value=value, meaning="of it, median")
    yield Figure(name="publish_cpu_s", value=median(publish_cpu_s), meaning="publish the snapshot")


def _forecasters(settings: Settings, daily: Slot) -> tuple[float, float]:
    """CPU seconds of the forecasters of a daily cycle: as it ran, and if it had been their turn to be fitted anew."""
    from kpp_twin.store.connection import open_live
    from kpp_twin.store.history import read_history, read_start
    from kpp_twin.thought import practice_of
    from models.forecasting import decide

    with open_live(settings) as connection:
        start = read_start(connection, daily, settings.feeds, timedelta(days=settings.lookback_days))
        history = read_history(connection, start, settings.feeds, settings.selection_days + settings.training_days)
    practice = practice_of(settings)
    past = [replace(row, known_at=row.known_at - timedelta(days=REFIT_DAYS)) for row in history.servings]
    return (
        _cpu_seconds(decide, "daily", history, practice),
        _cpu_seconds(decide, "daily", replace(history, servings=tuple(past)), practice),
    )


def _timed(step: Callable[..., object], name: str, seconds: dict[str, float]) -> Callable[..., object]:
    """Wrap a step so that its CPU seconds are added up under its name."""

    def run(*arguments: object) -> object:
        started = time.process_time()
        result = step(*arguments)
        seconds[name] += time.process_time() - started
        return result

    return run


def _cpu_seconds(function: Callable[..., object], *arguments: object) -> float:
    started = time.process_time()
    function(*arguments)
    return time.process_time() - started


if __name__ == "__main__":
    main()
