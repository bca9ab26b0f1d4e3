"""A test may end the process at a named place; without the variable nothing happens."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kpp_twin import crashpoints

PACKAGE = Path(crashpoints.__file__).parent
PASSES = (
    "from kpp_twin.crashpoints import reach\nfor n in range(1, 4):\n    reach('after_gate'); print(n, flush=True)\n"
)


def run(crash_at: str | None) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if name != crashpoints.VARIABLE}
    if crash_at is not None:
        environment[crashpoints.VARIABLE] = crash_at
    return subprocess.run([sys.executable, "-c", PASSES], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("crash_at", "passes"),
    [("after_gate", ""), ("after_gate:1", ""), ("after_gate:2", "1\n"), ("after_gate:3", "1\n2\n")],
)
def test_the_process_dies_at_the_wanted_pass(crash_at: str, passes: str) -> None:
    ended = run(crash_at)
    assert ended.returncode == -signal.SIGKILL
    assert ended.stdout == passes


@pytest.mark.parametrize("crash_at", [None, "", "after_gate:4", "before_commit"])
def test_nothing_happens_elsewhere(crash_at: str | None) -> None:
    ended = run(crash_at)
    assert (ended.returncode, ended.stdout) == (0, "1\n2\n3\n")


def test_each_point_is_reached_somewhere_and_each_reached_point_is_named() -> None:
    reached = [
        point
        for file in PACKAGE.rglob("*.py")
        for point in re.findall(r'\breach\("(\w+)"\)', file.read_text(encoding="utf-8"))
    ]
    assert sorted(reached) == sorted(crashpoints.POINTS)
