import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import DAILY, HOURLY

from kpp_twin.cli import app
from kpp_twin.errors import TwinError
from kpp_twin.settings import Settings


@pytest.fixture
def run(filled: Settings, monkeypatch: pytest.MonkeyPatch):
    """Run a command on the filled store, as from the shell."""
    monkeypatch.setenv("KPP_TWIN_HOME", str(filled.home))
    monkeypatch.setenv("KPP_TWIN__DATA_FOLDER", str(filled.data_folder))
    monkeypatch.setenv("KPP_TWIN__SELECTION_DAYS", "10")

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments)

    return invoke


@pytest.mark.parametrize("name", sorted(app.commands))
def test_every_command_has_help_with_an_example(name: str, run):
    result = run(name, "--help")
    assert result.exit_code == 0
    assert "Example: " in result.output


def test_run_goes_on_with_the_next_hour(run):
    result = run("run", "hourly", "--as-of", "2024-03-16T10:15Z")
    assert result.exit_code == 0, result.output
    assert "hourly-2024-03-16T10:15Z: 8 rows in, 0 quarantined" in result.stdout
    assert "already done" in run("run", "hourly", "--as-of", "2024-03-16T10:15Z").stdout


@pytest.mark.parametrize("as_of", ["2024-03-16T10:15", "yesterday", ""])
def test_an_instant_without_zone_is_a_usage_error(run, as_of: str):
    result = run("run", "hourly", "--as-of", as_of)
    assert result.exit_code == 2
    assert "such as 2021-10-14T06:15Z" in result.output


def test_status_tells_freshness_and_exits_3_when_stale(run):
    result = run("status", "--json")
    assert result.exit_code == 3  # the made-up data is live, and years old
    found = json.loads(result.stdout)
    assert found["stale"]
    assert {item["what"] for item in found["freshness"]} >= {"load SITE", "hourly cycle"}
    assert "load SITE" in run("status").stdout


def test_status_is_fresh_where_the_replay_stands(run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KPP_TWIN__REPLAY", "true")
    assert run("status", "--json").exit_code == 0


def test_verify_prints_each_invariant_and_exits_1_on_a_breach(run, filled: Settings):
    result = run("verify")
    assert result.exit_code == 0
    assert result.stdout.count("ok     I") == 12
    filled.journal_path.write_text(filled.journal_path.read_text().replace('"digest": "', '"digest": "0', 1))
    broken = run("verify")
    assert broken.exit_code == 1
    assert "BROKEN I1" in broken.stdout


def test_replay_one_and_all(run):
    assert "identical" in run("replay", HOURLY[1].cycle_id).stdout
    result = run("replay", "all")
    assert result.exit_code == 0
    assert result.stdout.count("identical") == 4


def test_sql_pipes_csv_and_json_and_takes_ready_queries(run):
    text = "SELECT count(*) AS cycles FROM cycle"
    assert run("sql", text, "--format", "csv").stdout.split() == ["cycles", "4"]
    assert json.loads(run("sql", text, "--format", "json").stdout) == [{"cycles": 4}]
    listed = run("queries").stdout.splitlines()
    assert len(listed) >= 8
    for line in listed:
        name, _, answers = line.partition(": ")
        assert answers
        assert run("sql", name).exit_code == 0, name


def test_sql_refuses_to_write(run):
    result = run("sql", "DELETE FROM price")
    assert isinstance(result.exception, TwinError)


def test_dictionary_config_hash_publish_and_repair(run, filled: Settings):
    entries = json.loads(run("dictionary", "--json").stdout)
    (load,) = [e for e in entries if (e["table"], e["column"]) == ("site_load", "load_kw")]
    assert load["unit"] == "kW"
    assert "hourly_minute" in run("config").stdout
    assert "price" in run("hash").stdout
    assert Path(run("publish").stdout.strip()) == filled.snapshot_path
    assert run("repair").stdout == "nothing to repair\n"


def test_report_writes_and_prints(run, filled: Settings):
    result = run("report", "2024-03-16")
    assert result.exit_code == 0, result.output
    assert (filled.reports_path / "2024-03-16.html").exists()


def test_show_prints_the_day_and_writes_nothing(run, filled: Settings):
    result = run("show", "2024-03-16")
    assert result.exit_code == 0, result.output
    for title in ("Hour by hour", "Money by service", "Energy ledger [kWh]", "Services"):
        assert title in result.stdout
    data = json.loads(run("show", "2024-03-16", "--json").stdout)
    assert len(data["hours"]) == 24
    assert data["operation"]["money"]["currency"] == "USD"
    assert not filled.reports_path.exists()


def test_a_wrong_setting_is_told_with_all_faults(run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KPP_TWIN__RATED_LOAD_KW", "-1")
    monkeypatch.setenv("KPP_TWIN__MARKET_ZONE", "Mars/Olympus")
    result = run("config")
    assert "rated_load_kw" in str(result.exception)
    assert "Mars/Olympus" in str(result.exception)


def test_the_daily_slot_is_named(run):
    assert DAILY.cycle_id in run("sql", "SELECT cycle_id FROM cycle", "--format", "csv").stdout
