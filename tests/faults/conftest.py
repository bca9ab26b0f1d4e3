"""What the fault tests share: a filled twin to damage, and children that run the real command line.

A child is forked from this process after everything heavy has been imported, so a run costs half a second instead of
ten; it ends like any process: with an exit code, or by a signal.
"""

import ctypes
import logging
import os
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NoReturn

import duckdb
import pytest

import kpp_twin.cycle
from kpp_twin import cli
from kpp_twin.crashpoints import VARIABLE
from kpp_twin.records import CycleKind, CycleReport, Slot
from kpp_twin.settings import Settings
from kpp_twin.store.connection import open_live
from kpp_twin.store.snapshot import open_snapshot
from kpp_twin.store.verify import history_hash, verify
from tests.conftest import made_up_frames, write_csv

SELECTION_DAYS = 10
LOCK_TIMEOUT_S = 20.0
UNEXPECTED = 70

# Where the two prepared twins stand, on the made-up data of tests/conftest.py (days there begin at 6:00 UTC).
DAY_13 = datetime(2024, 3, 14, 14, 30, tzinfo=UTC)  # 9:30 local
MORNING = datetime(2024, 3, 15, 14, 15, tzinfo=UTC)
DAY_14 = datetime(2024, 3, 15, 14, 30, tzinfo=UTC)
NOON = datetime(2024, 3, 15, 16, 15, tzinfo=UTC)
HERE = ("run", "hourly", "--as-of", "2024-03-15T16:15Z")  # at NOON there is nothing to do
NEXT = ("run", "hourly", "--as-of", "2024-03-15T17:15Z")  # and here 4 loads are new
AFTER_NEXT = ("run", "hourly", "--as-of", "2024-03-15T18:15Z")
NEXT_ID, AFTER_NEXT_ID = "hourly-2024-03-15T17:15Z", "hourly-2024-03-15T18:15Z"
N_CYCLES_AT_NOON = 4

Hash = Mapping[str, tuple[int, str]]


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code, or less than zero the signal that killed it."""

    code: int
    stdout: str
    stderr: str


@dataclass
class Child:
    """A command line running in a forked process."""

    pid: int
    out: IO[bytes]
    err: IO[bytes]

    def wait(self) -> Ended:
        _, status = os.waitpid(self.pid, 0)
        return Ended(os.waitstatus_to_exitcode(status), _text(self.out), _text(self.err))


@dataclass(frozen=True)
class Twin:
    """A data home, the data folder that it reads, and a place to stand."""

    root: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def settings(self) -> Settings:
        given = {
            "selection_days": SELECTION_DAYS,
            "lock_timeout_s": LOCK_TIMEOUT_S,
            **{name.removeprefix("KPP_TWIN__").lower(): value for name, value in self.variables.items()},
        }
        return Settings(home=self.home, data_folder=self.data, **given)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "KPP_TWIN_HOME": str(self.home),
            "KPP_TWIN__DATA_FOLDER": str(self.data),
            "KPP_TWIN__SELECTION_DAYS": str(SELECTION_DAYS),
            "KPP_TWIN__LOCK_TIMEOUT_S": str(LOCK_TIMEOUT_S),
            **self.variables,
        }

    def start(self, *arguments: str, crash_at: str = "", prepare: Callable[[], None] = lambda: None) -> Child:
        """Fork a child that runs the command line, after `prepare`."""

        def command_line() -> None:
            for name in [name for name in os.environ if name.startswith("KPP_TWIN")]:
                del os.environ[name]
            os.environ.update(self.environment)
            if crash_at:
                os.environ[VARIABLE] = crash_at
            os.chdir(self.root)
            sys.argv = ["kpp-twin", *arguments]
            prepare()
            cli.main()

        return fork(command_line)

    def run(self, *arguments: str, crash_at: str = "", prepare: Callable[[], None] = lambda: None) -> Ended:
        return self.start(*arguments, crash_at=crash_at, prepare=prepare).wait()

    def run_here(self, slot: Slot) -> CycleReport:
        """One cycle in this process; neither caught up nor published."""
        return kpp_twin.cycle.run_cycle(self.settings, slot)

    def hash(self) -> Hash:
        with open_live(self.settings) as connection:
            return history_hash(connection)

    def broken(self) -> list[str]:
        """Evidence of every invariant that does not hold."""
        return [f"{f.invariant}: {'; '.join(f.evidence)}" for f in verify(self.settings) if not f.holds]

    def ask(self, text: str) -> list[tuple[object, ...]]:
        with open_live(self.settings) as connection:
            return connection.execute(text).fetchall()

    def copy(self, root: Path) -> "Twin":
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        return Twin(root, self.variables)

    def with_variables(self, **variables: str) -> "Twin":
        return Twin(self.root, {**self.variables, **{f"KPP_TWIN__{name}": value for name, value in variables.items()}})


def fork(work: Callable[[], None]) -> Child:
    """Do some work in a child of this process, which ends with it."""
    child = Child(0, tempfile.TemporaryFile(), tempfile.TemporaryFile())  # noqa: SIM115 - closed when forgotten
    child.pid = os.fork()
    if child.pid == 0:
        _work_and_end(work, child)
    return child


def _work_and_end(work: Callable[[], None], child: Child) -> NoReturn:
    code = UNEXPECTED
    try:
        os.dup2(child.out.fileno(), 1)
        os.dup2(child.err.fileno(), 2)
        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
        logging.getLogger().handlers.clear()
        work()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode()


def obey_permissions() -> None:
    """Give up root's power to pass every permission check; for use in a child."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3 of the call, this process
    nothing = (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def assert_told(ended: Ended, code: int, *parts: str) -> None:
    """The child ended with this code, and said in one line what is wrong, where, and what to do."""
    assert ended.code == code, ended
    assert "Traceback" not in ended.stderr
    assert "unexpected" not in ended.stderr
    last = ended.stderr.strip().splitlines()[-1]
    assert last.startswith("kpp-twin: ")
    assert "[" in last
    assert "Next: " in last
    for part in parts:
        assert part in last


def assert_whole(twin: Twin, expected: Hash) -> None:
    """Every invariant holds, and the history is that of a run without a fault."""
    assert twin.broken() == []
    assert twin.hash() == expected


def snapshot_cycles(twin: Twin) -> list[str]:
    with duckdb.connect(str(twin.settings.snapshot_path), read_only=True) as connection:
        return [name for (name,) in connection.execute("SELECT cycle_id FROM cycle ORDER BY cycle_number").fetchall()]


@pytest.fixture(scope="session")
def trials(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """Count of the faults that really happened and were survived; told at the end with what it proves."""
    counts: Counter[str] = Counter()
    yield counts
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        for fault, n in counts.items():
            sys.stderr.write(f"\n{fault}: {n} trials passed; if none failed, under {min(3 / n, 1.0):.1%} do (95 %)\n")


def snapshot_hash(twin: Twin) -> Hash:
    """History hash of the published snapshot; reads every row of it."""
    with open_snapshot(twin.settings) as connection:
        return history_hash(connection)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Twin]:
    """The twin at MORNING and at NOON, both published; it also warms this process for its children."""
    morning = Twin(tmp_path_factory.mktemp("morning"))
    morning.data.mkdir()
    for name, frame in made_up_frames().items():
        write_csv(frame, morning.data / f"{name}.csv")
    _stand_at(morning, ("daily", DAY_13), ("hourly", MORNING))
    noon = morning.copy(tmp_path_factory.mktemp("noon"))
    _stand_at(noon, ("daily", DAY_14), ("hourly", NOON))
    for twin in (morning, noon):  # the optional feed has done its part: without it a cycle is faster
        (twin.data / "weather.csv").unlink()
    return {"morning": morning, "noon": noon}


def _stand_at(twin: Twin, *slots: tuple[CycleKind, datetime]) -> None:
    for kind, as_of in slots:
        twin.run_here(Slot(kind=kind, as_of=as_of))
    kpp_twin.cycle.publish(twin.settings)


@pytest.fixture
def noon(prepared: dict[str, Twin], tmp_path: Path) -> Twin:
    """A copy of one's own of the twin at NOON."""
    return prepared["noon"].copy(tmp_path / "twin")


@pytest.fixture
def morning(prepared: dict[str, Twin], tmp_path: Path) -> Twin:
    """A copy of one's own of the twin at MORNING."""
    return prepared["morning"].copy(tmp_path / "twin")


@pytest.fixture(scope="session")
def clean(prepared: dict[str, Twin], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Hash]:
    """History hash after commands that met no fault; each is run once."""
    known: dict[tuple[object, ...], Hash] = {}

    def hash_after(base: str, *commands: tuple[str, ...]) -> Hash:
        if (base, *commands) not in known:
            twin = prepared[base].copy(tmp_path_factory.mktemp("clean"))
            for command in commands:
                ended = twin.run(*command)
                assert ended.code == 0, ended
            known[(base, *commands)] = twin.hash()
        return known[(base, *commands)]

    return hash_after
