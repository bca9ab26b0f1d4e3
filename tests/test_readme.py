"""The README stays true: its commands run, its tables name what exists."""

import math
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from kpp_twin.cli import app
from kpp_twin.errors import TwinError
from kpp_twin.feeds import LOAD
from kpp_twin.quality.parsing import parse
from kpp_twin.settings import Settings
from kpp_twin.sources.files import read_feed

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
COMMANDS = [line for language, text in BLOCKS if language == "bash" for line in text.splitlines() if line]
TWIN_COMMANDS = [c for c in COMMANDS if c.startswith("kpp-twin ") and " run " not in c]


def test_the_two_commands_are_targets_of_the_makefile():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {command.removeprefix("make ") for command in COMMANDS if command.startswith("make ")} == {"run", "test"}
    assert {"run", "test", "test-full", "lint", "bench"} <= set(targets)


@pytest.mark.parametrize("command", TWIN_COMMANDS)
def test_each_command_of_the_readme_runs(command: str, filled: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KPP_TWIN_HOME", str(filled.home))
    monkeypatch.setenv("KPP_TWIN__DATA_FOLDER", str(filled.data_folder))
    monkeypatch.setenv("KPP_TWIN__SELECTION_DAYS", "10")
    monkeypatch.setenv("KPP_TWIN__REPLAY", "true")
    command = command.replace("2021-10-14", "2024-03-16")  # the day that the made-up twin has run
    arguments = [quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', command)][1:]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert result.stdout


# What the examples print: the least and the most of each number.
PRINTED = {
    "services": [],
    "plant": [(4.0, math.inf), (-1e-9, 1e-9)],
    "battery": [(199.9, 200.0)],
    "market": [(-900.0, -700.0), (-1e-9, 1e-9)],
}


@pytest.mark.parametrize(
    ("text", "ranges"),
    list(zip((text for language, text in BLOCKS if language == "python"), PRINTED.values(), strict=True)),
    ids=PRINTED,
)
def test_each_example_runs(text: str, ranges: list[tuple[float, float]], capsys: pytest.CaptureFixture[str]):
    exec(compile(text, "README.md", "exec"), {})
    printed = capsys.readouterr().out.split()
    assert len(printed) >= len(ranges)
    for word, (least, most) in zip(printed, ranges, strict=False):
        assert least < float(word) <= most


def test_every_command_is_in_the_readme():
    for name in app.commands:
        assert f"`{name}`" in README or f"kpp-twin {name}" in README, name


def test_the_example_file_is_read(tmp_path: Path):
    (text,) = [text for language, text in BLOCKS if language == "csv"]
    (tmp_path / "load.csv").write_text(text)
    parsed = parse(read_feed(tmp_path, LOAD), naive_zone=None)
    assert (parsed.faults == "").all()
    assert parsed.rows["value"].tolist() == [512.3, 498.0]


def test_the_exit_codes_are_those_of_the_errors():
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert listed == {0, 130} | {error.exit_code for error in [TwinError, *TwinError.__subclasses__()]}


def test_the_deployed_pool_is_the_documented_one():
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    (pool,) = {deployment["work_pool"]["name"] for deployment in deployments}
    assert f"prefect work-pool create {pool} --type process" in COMMANDS
    assert f"prefect worker start --pool {pool}" in COMMANDS


def test_every_setting_of_the_readme_exists():
    for name in re.findall(r"KPP_TWIN__([A-Z_]+[A-Z])", README):
        assert name.lower() in Settings.model_fields
