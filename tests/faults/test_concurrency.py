"""Readers, a second starter and strangers at the same time: nobody sees a lock error, and nothing is written twice."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from kpp_twin.store.connection import open_live
from kpp_twin.store.snapshot import open_snapshot
from kpp_twin.timegrid import hour_label
from tests.conftest import IS_FULL
from tests.faults.conftest import (
    AFTER_NEXT,
    N_CYCLES_AT_NOON,
    NEXT,
    NEXT_ID,
    NOON,
    Child,
    Ended,
    Hash,
    Twin,
    assert_told,
    assert_whole,
    fork,
    snapshot_cycles,
    snapshot_hash,
)

N_HOURS = 24 if IS_FULL else 4
ROUNDS = {2: 40, 4: 10} if IS_FULL else {4: 1}
PATIENCE_S = 3.0


@pytest.fixture
def children() -> Iterator[list[Child]]:
    """Children to be ended with the test, whatever happens."""
    started: list[Child] = []
    yield started
    for child in started:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()


def hold_until_killed() -> None:
    sys.stdout.write("ready")
    sys.stdout.flush()
    signal.pause()


def wait_until_ready(child: Child) -> None:
    deadline = time.monotonic() + 30
    while os.fstat(child.out.fileno()).st_size == 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def holder(opened: Callable[[], object]) -> Child:
    """A process that opens something and keeps it."""

    def work() -> None:
        kept = opened()
        hold_until_killed()
        del kept

    child = fork(work)
    wait_until_ready(child)
    return child


def test_readers_of_the_snapshot_and_hourly_cycles_never_meet(noon: Twin, children: list[Child]) -> None:
    stop = noon.root / "stop"

    def read_again_and_again() -> None:
        seen = [0]
        while not stop.exists():
            with open_snapshot(noon.settings) as connection:
                seen.append(connection.execute("SELECT max(cycle_number), count(*) FROM cycle").fetchall()[0][0])
            time.sleep(0.1)
        assert seen == sorted(seen), "went back in time"
        sys.stdout.write(str(len(seen)))

    path = str(noon.settings.snapshot_path)
    children.append(holder(lambda: duckdb.connect(path, read_only=True)))
    reader = fork(read_again_and_again)
    for hour in range(1, N_HOURS + 1):
        ended = noon.run("run", "hourly", "--as-of", hour_label(NOON + timedelta(hours=hour)))
        assert ended.code == 0, ended
        assert "lock" not in ended.stderr
    stop.touch()
    read = reader.wait()
    assert read.code == 0, read
    assert int(read.stdout) > N_HOURS / 2
    assert len(snapshot_cycles(noon)) >= N_CYCLES_AT_NOON + N_HOURS
    assert noon.broken() == []


@pytest.mark.parametrize("n_processes", ROUNDS)
def test_the_same_hour_started_several_times_at_once_runs_once(
    n_processes: int, prepared: dict[str, Twin], clean: Callable[..., Hash], tmp_path: Path
) -> None:
    expected = clean("noon", NEXT)
    for number in range(ROUNDS[n_processes]):
        twin = prepared["noon"].copy(tmp_path / str(number))
        ended = start_together(twin, [NEXT] * n_processes)
        assert [end.code for end in ended] == [0] * n_processes, ended
        for end in ended:
            assert end.stdout.splitlines()[-1].startswith(NEXT_ID)
        assert sum("4 rows in" in end.stdout for end in ended) >= 1
        assert_whole(twin, expected)
        assert len(snapshot_cycles(twin)) == N_CYCLES_AT_NOON + 1


def test_an_hour_and_the_one_after_it_started_at_once(noon: Twin, clean: Callable[..., Hash]) -> None:
    ended = start_together(noon, [NEXT, AFTER_NEXT])
    assert [end.code for end in ended] == [0, 0], ended
    assert_whole(noon, clean("noon", AFTER_NEXT))
    assert len(snapshot_cycles(noon)) == N_CYCLES_AT_NOON + 2


def start_together(twin: Twin, commands: list[tuple[str, ...]]) -> list[Ended]:
    """Let processes wait at a gate, and open it for all."""
    gate, opening = os.pipe()

    def wait_at_gate() -> None:
        os.close(opening)
        os.read(gate, 1)

    started = [twin.start(*command, prepare=wait_at_gate) for command in commands]
    os.close(opening)
    os.close(gate)
    return [child.wait() for child in started]


def pause_before(module: ModuleType, name: str, turnstile: Path) -> Callable[[], None]:
    """Let a child, whenever it is about to call a function, say so and wait for leave."""

    def prepare() -> None:
        original = getattr(module, name)

        def paused(*arguments: Any, **more: Any) -> Any:
            turnstile.with_suffix(".here").touch()
            while not turnstile.exists():
                time.sleep(0.01)
            return original(*arguments, **more)

        setattr(module, name, paused)

    return prepare


def wait_for(path: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)


def test_both_keep_the_same_delivery_and_the_slower_one_yields(noon: Twin, clean: Callable[..., Hash]) -> None:
    go = noon.root / "go"
    slow = noon.start(*NEXT, prepare=pause_before(os, "rename", go))
    wait_for(go.with_suffix(".here"), 30)
    assert noon.run(*NEXT).code == 0
    go.touch()
    ended = slow.wait()
    assert ended.code == 0, ended
    assert_whole(noon, clean("noon", NEXT))


def test_two_that_publish_at_once_never_show_half_a_snapshot(noon: Twin) -> None:
    before = noon.hash()
    first_go, second_go = noon.root / "first", noon.root / "second"
    first = noon.start("publish", prepare=pause_before(os, "fsync", first_go))  # its copy is whole
    wait_for(first_go.with_suffix(".here"), 30)
    second = noon.start("publish", prepare=half_copied(second_go))
    wait_for(second_go.with_suffix(".here"), 2.0)  # never comes if the first still holds the lock
    first_go.touch()
    assert first.wait().code == 0
    shown_bytes = noon.settings.snapshot_path.stat().st_size
    second_go.touch()
    ended = second.wait()
    assert ended.code == 0, ended
    assert snapshot_hash(noon) == before
    assert shown_bytes == noon.settings.store_path.stat().st_size


def half_copied(turnstile: Path) -> Callable[[], None]:
    """Let a child stop in the middle of copying a file."""

    def prepare() -> None:
        original = shutil.copyfile

        def copyfile(source: Path, target: Path) -> None:
            content = Path(source).read_bytes()
            Path(target).write_bytes(content[: len(content) // 2])
            turnstile.with_suffix(".here").touch()
            while not turnstile.exists():
                time.sleep(0.01)
            original(source, target)

        shutil.copyfile = copyfile  # type: ignore[assignment]

    return prepare


@pytest.mark.parametrize("who", ["stranger", "twin"] if IS_FULL else ["twin"])
def test_a_store_that_is_held_too_long_is_told_in_time(who: str, noon: Twin, children: list[Child]) -> None:
    settings = noon.settings
    before = noon.hash()
    if who == "stranger":
        children.append(holder(lambda: duckdb.connect(str(settings.store_path))))
    else:
        children.append(holder(lambda: held(open_live(settings))))
    began = time.monotonic()
    ended = noon.with_variables(LOCK_TIMEOUT_S=str(PATIENCE_S)).run(*NEXT)
    took_s = time.monotonic() - began
    assert_told(ended, 5, "another process holds the store", "twin.duckdb", "run again later")
    assert PATIENCE_S * 0.8 < took_s < PATIENCE_S * 1.8
    release(children)
    assert noon.hash() == before


@pytest.mark.parametrize("who", ["stranger", "twin"] if IS_FULL else ["twin"])
def test_a_store_that_is_let_go_in_time_is_no_fault(
    who: str, noon: Twin, children: list[Child], clean: Callable[..., Hash]
) -> None:
    settings = noon.settings
    if who == "stranger":
        children.append(holder(lambda: duckdb.connect(str(settings.store_path))))
    else:
        children.append(holder(lambda: held(open_live(settings))))
    waiting = noon.start(*NEXT)
    time.sleep(1.5)
    release(children)
    ended = waiting.wait()
    assert ended.code == 0, ended
    assert "stamina" not in ended.stderr, "waiting for a lock is no news for the user"
    assert_whole(noon, clean("noon", NEXT))


def held(context: object) -> object:
    context.__enter__()  # type: ignore[attr-defined]
    return context


def release(children: list[Child]) -> None:
    for child in children:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    children.clear()
