"""A power cut at any point costs nothing: the same command once more, and the history is as if nothing had happened."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kpp_twin.crashpoints import POINTS
from tests.conftest import IS_FULL
from tests.faults.conftest import AFTER_NEXT, NEXT, Ended, Hash, Twin, assert_whole, snapshot_cycles

RETRAIN = ("run", "retrain", "--as-of", "2024-03-15T16:15Z")
# From the morning: a daily cycle, then an hourly one, or three.
DAY_AND_HOURS = ("run", "hourly", "--as-of", f"2024-03-15T{17 if IS_FULL else 15}:15Z")

# Where a run may die: the twin it starts from, its command, and at which pass of the point (0: there is none).
RUNS = {
    "hourly": ("noon", NEXT, 1),
    "retrain": ("noon", RETRAIN, 1),
    "second_of_two": ("noon", AFTER_NEXT, 2),
    "hour_after_day": ("morning", DAY_AND_HOURS, 2),
}
ONCE_PER_RUN = ("before_publish", "after_copy", "before_replace", "after_publish")
REDUCED = [("hourly", point, 1) for point in POINTS] + [("second_of_two", "after_keep", 1)]
FULL = [
    (run, point, trials)
    for run, trials in zip(RUNS, (5, 3, 2, 1), strict=True)
    for point in POINTS
    if run != "retrain" or not point.endswith("_keep")  # nothing is delivered to it
]
N_KILLS = 10 if IS_FULL else 3
KILLED = {"noon": NEXT, "morning": DAY_AND_HOURS}
KILLS = [("noon", 0), ("morning", 1), ("noon", 2), ("noon", 3)] if IS_FULL else [("noon", 0)]


def assert_mended(twin: Twin, command: tuple[str, ...], expected: Hash) -> None:
    ended = twin.run(*command)
    assert ended.code == 0, ended
    assert_whole(twin, expected)
    assert len(snapshot_cycles(twin)) == expected["cycle"][0]


@pytest.mark.parametrize(("run", "point", "n_trials"), FULL if IS_FULL else REDUCED, ids=lambda value: str(value))
def test_death_at_a_named_point(
    run: str,
    point: str,
    n_trials: int,
    prepared: dict[str, Twin],
    clean: Callable[..., Hash],
    trials: Counter[str],
    tmp_path: Path,
) -> None:
    base, command, nth = RUNS[run]
    crash_at = point if point in ONCE_PER_RUN else f"{point}:{nth}"
    expected = clean(base, command)
    for trial in range(n_trials):
        twin = prepared[base].copy(tmp_path / str(trial))
        died = twin.run(*command, crash_at=crash_at)
        assert died.code == -signal.SIGKILL, died
        if trial % 3 == 2:  # the run that mends may die as well, early or late
            second = POINTS[(trial // 3 * 5 + POINTS.index(point)) % len(POINTS)]
            assert twin.run(*command, crash_at=second).code in {-signal.SIGKILL, 0}
        assert_mended(twin, command, expected)
        trials["death at a named point"] += 1


def test_the_journal_alone_remembers_nothing_that_was_not_committed(noon: Twin, clean: Callable[..., Hash]) -> None:
    died = noon.run(*NEXT, crash_at="inside_transaction")
    assert died.code == -signal.SIGKILL
    assert len(noon.settings.journal_path.read_text().splitlines()) == len(snapshot_cycles(noon))
    assert noon.hash()["cycle"][0] == len(snapshot_cycles(noon))


@pytest.mark.parametrize(("base", "seed"), KILLS)
def test_death_at_random_moments(
    base: str, seed: int, prepared: dict[str, Twin], trials: Counter[str], tmp_path: Path
) -> None:
    """Of an hourly cycle, or of a daily one and those after it."""
    rng, command = np.random.default_rng(seed), KILLED[base]
    undisturbed = prepared[base].copy(tmp_path / "undisturbed")
    longest_s = _duration_s(undisturbed, command)
    expected = undisturbed.hash()
    kills = attempts = 0
    while kills < N_KILLS:
        attempts += 1
        assert attempts <= 3 * N_KILLS, f"only {kills} runs could be killed in time"
        twin = prepared[base].copy(tmp_path / str(attempts))
        ended = _kill_after(twin, command, rng.uniform(0.0, longest_s))
        if ended.code != -signal.SIGKILL:
            assert ended.code == 0, ended  # it was faster: no trial
            continue
        assert_mended(twin, command, expected)
        kills += 1
    trials["death at a random moment"] += kills


def _duration_s(twin: Twin, command: tuple[str, ...]) -> float:
    began = time.monotonic()
    assert twin.run(*command).code == 0
    return time.monotonic() - began


def _kill_after(twin: Twin, command: tuple[str, ...], seconds: float) -> Ended:
    child = twin.start(*command)
    time.sleep(seconds)
    os.kill(child.pid, signal.SIGKILL)  # of a child that has ended, but was not waited for, this is no fault
    return child.wait()
