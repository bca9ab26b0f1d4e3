import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import FILLED_SLOTS

from kpp_twin.cli import app
from kpp_twin.cycle import run_cycle
from kpp_twin.records import Slot
from kpp_twin.settings import Settings
from kpp_twin.store.snapshot import publish

AFTER = FILLED_SLOTS[-1].as_of
Command = Callable[..., Result]


@pytest.fixture
def command(filled: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Run the command line on a filled twin."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KPP_TWIN_HOME", str(filled.home))
    monkeypatch.setenv("KPP_TWIN__DATA_FOLDER", str(filled.data_folder))
    monkeypatch.setenv("KPP_TWIN__SELECTION_DAYS", "10")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return run


def compared(command: Command, *options: str) -> list[dict[str, object]]:
    done = command("compare", "--json", *options)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_compare_shows_each_version_with_its_error_and_who_serves(command: Command):
    rows = compared(command)
    assert {(row["variable"], row["series"]) for row in rows} == {("price", "HB_HOUSTON"), ("load", "SITE")}
    assert all(row["is_serving"] and row["chosen_by"] == "first" for row in rows)
    assert all(isinstance(row["mae"], float) for row in rows)
    table = command("compare").stdout
    assert "of better naive" in table
    assert "first" in table


def test_promote_and_rollback_change_who_serves(command: Command, filled: Settings):
    before = {row["variable"]: row["model_version"] for row in compared(command)}
    run_cycle(filled, Slot(kind="daily", as_of=FILLED_SLOTS[0].as_of + timedelta(days=1)))
    publish(filled)
    served = {row["variable"]: row["model_version"] for row in compared(command) if row["is_serving"]}
    assert served["load"] != before["load"]
    assert len(compared(command, "--all")) == 4
    promoted = command("promote", str(before["load"]))
    assert promoted.exit_code == 0, promoted.output
    (row,) = [row for row in compared(command, "--all") if row["is_serving"] and row["variable"] == "load"]
    assert (row["model_version"], row["chosen_by"]) == (before["load"], "operator")
    assert command("rollback", "load", "SITE").exit_code == 0
    (row,) = [row for row in compared(command) if row["is_serving"] and row["variable"] == "load"]
    assert (row["model_version"], row["chosen_by"]) == (served["load"], "rollback")


def test_training_on_too_little_history_leaves_who_serves(command: Command):
    before = compared(command)
    trained = command("train")
    assert trained.exit_code == 0, trained.output
    assert trained.stdout == f"retrain-{AFTER:%Y-%m-%dT%H}:16Z: done\n"
    assert compared(command) == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("promote", "load-SITE-ensemble"), "there is no model version 'load-SITE-ensemble'"),
        (("rollback", "load", "ELSEWHERE"), "nothing serves load ELSEWHERE"),
        (("rollback", "price", "HB_HOUSTON"), "nothing served price HB_HOUSTON before"),
    ],
)
def test_a_choice_that_is_none_says_what_there_is(command: Command, arguments: tuple[str, ...], says: str):
    done = command(*arguments)
    assert done.exit_code == 1
    assert says in str(done.exception)
    assert "Next: " in str(done.exception)


def test_without_a_history_nothing_is_trained(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("KPP_TWIN_HOME", str(tmp_path / "nowhere"))
    assert "there is no history to train on" in str(command("train").exception)
    assert "there is no published snapshot" in str(command("compare").exception)


def test_a_wrong_variable_is_a_usage_error(command: Command):
    assert command("rollback", "weather", "SITE").exit_code == 2


@pytest.mark.parametrize("name", ["train", "compare", "promote", "rollback"])
def test_every_help_shows_an_example(command: Command, name: str):
    assert f"Example: kpp-twin {name}" in command(name, "--help").stdout
