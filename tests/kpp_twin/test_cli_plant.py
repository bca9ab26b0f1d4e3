import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from kpp_twin.cli import app
from kpp_twin.errors import ConfigError
from kpp_twin.plant.parameters import PlantParameters, load_plant
from kpp_twin.plant.toml import plant_toml
from kpp_twin.site import REFERENCE_SITE, load_site

Command = Callable[..., Result]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Run `kpp-twin plant` in an empty folder: it needs no history."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["plant", *arguments])


def test_the_sheet_is_printed_plain(command: Command):
    done = command()
    assert done.exit_code == 0, done.output
    for part in ("floaters", "full_at_depth", "round trip", "not a source", "As a store", "Capability", "Start-up"):
        assert part in done.stdout
    assert "█" in done.stdout
    assert "\x1b" not in done.output


def test_json_is_one_object_of_all_figures(command: Command):
    found = json.loads(command("--json").stdout)
    assert set(found) >= {"parameters", "steady", "store", "offers", "start_up"}
    assert all(point["net_kw"] < 0 for table in found["steady"].values() for point in table["points"])
    assert found["parameters"] == load_site().plant.model_dump()


def test_the_toml_is_read_back_as_the_same_plant(command: Command, tmp_path: Path):
    text = command("--toml").stdout
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    assert load_plant(tmp_path / "mine.toml") == load_site().plant
    assert command("--toml", "--file", "mine.toml").stdout == text


def test_every_parameter_comes_with_unit_range_and_source(command: Command):
    header, *rows = csv.reader(io.StringIO(command("--parameters").stdout), dialect="excel-tab")
    assert header == ["name", "value", "unit", "range", "meaning", "source"]
    assert [row[0] for row in rows] == list(PlantParameters.model_fields)
    assert ["receiver_m3", "100.0", "m³", ">= 0.001, <= 1e+08", "compressed air", "assumption"] in rows


def test_on_a_terminal_the_parameters_are_a_table(command: Command, monkeypatch: pytest.MonkeyPatch):
    shown: list[str] = []
    monkeypatch.setattr("kpp_twin.cli_plant.print_table", lambda title, columns, rows: shown.extend(columns))
    terminal = SimpleNamespace(stdout=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("kpp_twin.cli_plant.sys", terminal)
    assert command("--parameters").exit_code == 0
    assert shown[:2] == ["name", "value"]


def test_a_plant_of_ones_own_is_shown(command: Command, tmp_path: Path):
    (tmp_path / "mine.toml").write_text("[plant]\nfloaters = 60\nmax_chain_force_kn = 60.0\n")
    done = command("--file", "mine.toml")
    assert done.exit_code == 0, done.output
    assert "60 floaters" in done.stdout
    assert "not possible: a full column pulls with" in done.stdout


def test_the_plant_is_that_of_the_settings_site(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    text = REFERENCE_SITE.read_text(encoding="utf-8").replace("receiver_m3 = 100.0", "receiver_m3 = 120.0")
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("KPP_TWIN__SITE_FILE", "site.toml")
    assert "receiver_m3 = 120.0" in command("--toml").stdout


@pytest.mark.parametrize(("name", "begins"), [("start.svg", b"<?xml"), ("start.png", b"\x89PNG")])
def test_the_start_up_is_written_as_a_figure(command: Command, tmp_path: Path, name: str, begins: bytes):
    done = command("--toml", "--figure", name)
    assert done.exit_code == 0, done.output
    assert done.stdout == plant_toml(load_site().plant)
    assert done.stderr == f"figure: {name}\n"
    assert (tmp_path / name).read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--toml", "--json"), "choose one of --parameters, --toml and --json"),
        (("--figure", "start.pdf"), "must end in .png or .svg"),
    ],
)
def test_a_wrong_use_is_a_usage_error(command: Command, arguments: tuple[str, ...], says: str):
    done = command(*arguments)
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stdout == ""


def test_an_impossible_plant_is_told_with_all_its_faults(command: Command, tmp_path: Path):
    (tmp_path / "wrong.toml").write_text("[plant]\nfloaters = 1\ngenerator_kw = 500.0\n")
    error = command("--file", "wrong.toml").exception
    assert isinstance(error, ConfigError)
    assert "floaters" in str(error)
    assert "generator_kw 500" in str(error)
    assert "wrong.toml" in str(error)


@pytest.mark.parametrize(
    "arguments", [("--file", "nowhere.toml"), ("--toml", "--figure", "nowhere/start.svg")], ids=lambda names: names[0]
)
def test_a_file_that_cannot_be_read_or_written_is_named(command: Command, arguments: tuple[str, ...]):
    error = command(*arguments).exception
    assert isinstance(error, ConfigError)
    assert arguments[-1] in str(error)
    assert "Next: name" in str(error)


def test_the_help_shows_an_example(command: Command):
    assert "Example: kpp-twin plant" in command("--help").stdout
