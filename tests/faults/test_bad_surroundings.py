"""Full disks, read-only folders, foreign schemas, wrong settings and questions: told in a line, and nothing is lost."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import IS_FULL
from tests.faults.conftest import (
    HERE,
    N_CYCLES_AT_NOON,
    NEXT,
    NEXT_ID,
    Hash,
    Twin,
    assert_told,
    assert_whole,
    obey_permissions,
    snapshot_cycles,
)


def files_up_to(size_bytes: int) -> Callable[[], None]:
    """No file of the child may grow beyond a size: to it that is a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes))


@pytest.mark.parametrize(
    ("size_bytes", "command", "says"),
    [
        (500, NEXT, ("the deliveries could not be kept", "kept", "free space")),
        (10_000, NEXT, ("disk is full", "twin.duckdb", "free some space and run the same command again")),
        (1_000_000, HERE, ("the snapshot could not be published", "snapshot.duckdb", "free space")),
    ],
    ids=["kept_deliveries", "store", "snapshot"],
)
def test_no_room_to_write(
    size_bytes: int, command: tuple[str, ...], says: tuple[str, ...], noon: Twin, clean: Callable[..., Hash]
) -> None:
    ended = noon.run(*command, prepare=files_up_to(size_bytes))
    assert_told(ended, 1, *says)
    assert len(snapshot_cycles(noon)) == N_CYCLES_AT_NOON, "the old snapshot still serves"
    assert not list(noon.home.glob("*.new"))
    assert noon.run(*NEXT).code == 0
    assert_whole(noon, clean("noon", NEXT))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB of one's own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if (
        os.getuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk], check=False).returncode
    ):
        pytest.skip("mounting a small disk needs root")
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("room_bytes", [0, 4096, 8192, 16_384] if IS_FULL else [0, 16_384])
def test_a_full_disk_under_the_store(room_bytes: int, small_disk: Path, noon: Twin, clean: Callable[..., Hash]) -> None:
    _move_onto(small_disk, noon.home / "store")
    free_bytes = shutil.disk_usage(small_disk).free
    filler = small_disk / "filler"
    filler.write_bytes(bytes(free_bytes - room_bytes))
    ended = noon.run(*NEXT)
    assert_told(ended, 1, "disk is full", "twin.duckdb", "run the same command again")
    filler.unlink()
    assert noon.run(*NEXT).code == 0
    assert_whole(noon, clean("noon", NEXT))


def test_a_disk_that_turned_read_only(small_disk: Path, noon: Twin, clean: Callable[..., Hash]) -> None:
    _move_onto(small_disk, noon.home / "store")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert_told(noon.run(*NEXT), 1, "the data home cannot be written", "store", "make it writable")
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    assert noon.run(*NEXT).code == 0
    assert_whole(noon, clean("noon", NEXT))


def _move_onto(disk: Path, folder: Path) -> None:
    shutil.copytree(folder, disk / folder.name)
    shutil.rmtree(folder)
    folder.symlink_to(disk / folder.name)


@pytest.mark.parametrize("part", ["home", "store", "kept"])
def test_a_read_only_folder(part: str, noon: Twin, clean: Callable[..., Hash]) -> None:
    folder = noon.home if part == "home" else noon.home / part
    inside = [folder, *folder.rglob("*")]
    modes = {path: path.stat().st_mode for path in inside}
    for path in inside:
        path.chmod(0o555 if path.is_dir() else 0o444)
    ended = noon.run(*NEXT, prepare=obey_permissions)
    for path, mode in modes.items():
        path.chmod(mode)
    assert_told(ended, 1, "kept" if part == "kept" else "cannot be written", "writable")
    assert noon.run(*NEXT).code == 0
    assert_whole(noon, clean("noon", NEXT))


def test_a_home_that_cannot_even_be_made(noon: Twin) -> None:
    shutil.rmtree(noon.home)
    noon.home.touch()
    assert_told(noon.run(*NEXT), 1, "the data home cannot be written", "KPP_TWIN_HOME")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("9999_future", ("the schema 9999_future", "update kpp-twin")),
        ("0002_market", ("0002_market was edited", "restore")),
    ],
    ids=["newer_schema", "edited_migration"],
)
def test_a_database_of_another_schema(name: str, says: tuple[str, ...], noon: Twin, clean: Callable[..., Hash]) -> None:
    noon.ask(f"INSERT OR REPLACE INTO schema_migration (name, sha256) VALUES ('{name}', 'another')")
    assert_told(noon.run(*NEXT), 1, "twin.duckdb", *says)
    assert len(snapshot_cycles(noon)) == N_CYCLES_AT_NOON


BAD_FILE = """
market_zone = "America/Chicgo"
rated_load_kw = -5
hourly_minute = 75
colour = "blue"
"""


def test_all_faults_of_the_settings_come_in_one_message(noon: Twin) -> None:
    (noon.root / "kpp_twin.toml").write_text(BAD_FILE)
    ended = noon.run(*NEXT)
    assert_told(
        ended, 2, "4 fault(s)", "kpp_twin.toml", "market_zone", "America/Chicgo", "rated_load_kw", "hourly_minute"
    )
    assert "colour" in ended.stderr
    (noon.root / "kpp_twin.toml").write_text("rated_load_kw = 1100\n")
    assert noon.run(*HERE).code == 0


@pytest.mark.parametrize(
    ("fault", "toml", "variables", "says"),
    [
        ("no_toml", "market_zone = America", {}, ("kpp_twin.toml",)),
        ("toml_not_utf8", "\udcff", {}, ("kpp_twin.toml",)),
        ("unknown_setting_in_the_file", "data_foldr = 'x'", {}, ("data_foldr",)),
        ("unknown_setting_in_the_environment", "", {"DATA_FOLDR": "x"}, ("data_foldr",)),
        ("unknown_zone", "", {"MARKET_ZONE": "America/Chicgo"}, ("market_zone", "America/Chicgo")),
        ("unknown_zone_of_naive_stamps", "", {"NAIVE_STAMPS_ZONE": "CXT"}, ("naive_stamps_zone", "CXT")),
        ("zone_outside_the_list", "", {"MARKET_ZONE": "../../etc/passwd"}, ("market_zone",)),
        ("text_for_a_number", "", {"RATED_LOAD_KW": "much"}, ("rated_load_kw",)),
        ("nan", "", {"RATED_LOAD_KW": "nan"}, ("rated_load_kw",)),
        ("naive_instant", "replay_from = 2021-10-13T14:30:00", {}, ("replay_from", "time zone")),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isidentifier() else "",
)  # fmt: skip
def test_a_wrong_setting(fault: str, toml: str, variables: dict[str, str], says: tuple[str, ...], noon: Twin) -> None:
    (noon.root / "kpp_twin.toml").write_text(toml, errors="surrogateescape")
    ended = noon.with_variables(**variables).run(*NEXT)
    assert_told(ended, 2, "kpp-twin config")
    for part in says:
        assert part in ended.stderr.lower() + ended.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("run", "hourly", "--as-of", "yesterday"), 2, "'yesterday' is no instant with a zone, such as"),
        (("run", "hourly", "--as-of", "2024-03-15T17:15"), 2, "has no time zone"),
        (("run", "hourly", "--as-of", "2024-13-15T17:15Z"), 2, "is no instant"),
        (("run", "weekly"), 2, "'weekly' is not one of"),
        (("replay", "hourly-2031-01-01T00:15Z"), 1, "there is no cycle 'hourly-2031-01-01T00:15Z'"),
        (("replay", "nonsense"), 1, "there is no cycle 'nonsense'"),
        (("run", "hourly", "--as-of", "2024-03-01T17:15Z"), 1, "the history already stands at 2024-03-15T16:15Z"),
        (("run", "daily", "--as-of", "2024-03-15T15:30Z"), 1, "daily-2024-03-15T15:30Z is not in it"),
        (("report", "15.3.2024"), 2, "15.3.2024"),
        (("report", "1999-01-01"), 3, "1999-01-01"),
        (("sql", "SELECT * FROM nowhere"), 1, "nowhere"),
    ],
    ids=lambda value: "_".join(value[:2]).replace(" ", "_") if isinstance(value, tuple) else "",
)  # fmt: skip
def test_a_wrong_question(arguments: tuple[str, ...], code: int, says: str, noon: Twin) -> None:
    ended = noon.run(*arguments)
    assert ended.code == code, ended
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "unexpected" not in ended.stderr
    if code != 2:
        assert_told(ended, code)


def test_ctrl_c_is_told_and_finished_cycles_are_kept(noon: Twin, clean: Callable[..., Hash]) -> None:
    import kpp_twin.store.commit as commit

    def prepare() -> None:
        os.environ["KPP_TWIN_CRASH_AT"] = "before_commit"
        commit.reach = lambda point: os.kill(os.getpid(), signal.SIGINT)  # type: ignore[assignment]

    ended = noon.run(*NEXT, prepare=prepare)
    assert ended.code == 130, ended
    assert "interrupted; finished cycles are kept" in ended.stderr
    assert noon.run(*NEXT).code == 0
    assert_whole(noon, clean("noon", NEXT))


def command_line(twin: Twin, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line in a process of its own, as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "kpp_twin.cli", *arguments],
        env={**{k: v for k, v in os.environ.items() if not k.startswith("KPP_TWIN")}, **twin.environment},
        cwd=twin.root,
        capture_output=True,
        text=True,
        check=False,
    )


def test_as_a_process_of_its_own(noon: Twin) -> None:
    """A handful through the real thing; the forked children of the other tests skip its start."""
    bad = command_line(noon, "run", "hourly", "--as-of", "yesterday")
    assert (bad.returncode, bad.stdout) == (2, "")
    (noon.data / "price.csv").rename(noon.data / "prise.csv")
    refused = command_line(noon, *NEXT)
    assert (refused.returncode, refused.stdout) == (4, "")
    lost = command_line(noon.with_variables(DATA_FOLDER="/nowhere"), *NEXT)
    assert (lost.returncode, lost.stdout) == (1, "")
    for ended in (bad, refused, lost):
        assert "Traceback" not in ended.stderr
    for ended in (refused, lost):
        (line,) = ended.stderr.splitlines()
        assert line.startswith("kpp-twin: ")
        assert "Next: " in line


@pytest.mark.full
def test_as_a_process_of_its_own_to_the_end(noon: Twin, clean: Callable[..., Hash]) -> None:
    ended = command_line(noon, *NEXT)
    assert (ended.returncode, ended.stdout) == (0, f"{NEXT_ID}: 4 rows in, 0 quarantined\n")
    assert_whole(noon, clean("noon", NEXT))
