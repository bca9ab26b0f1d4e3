"""Each benchmark runs at a tiny size and shows its figures to people and, as one flat JSON object, to programs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(name: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a benchmark as people do, in a process of its own: it keeps itself to one thread."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={"TMPDIR": str(folder)}, capture_output=True, text=True, timeout=200, check=False
    )


def figures(done: subprocess.CompletedProcess[str]) -> dict[str, float]:
    """The flat JSON object of the last line; each of its names also stands in the table before it."""
    assert done.returncode == 0, done.stderr
    *table, last = done.stdout.splitlines()
    found = json.loads(last)
    assert all(any(name in line for line in table) for name in found)
    assert all(isinstance(value, int | float) for value in found.values())
    return found


@pytest.mark.full
def test_store_times_insert_and_as_of_at_each_size(tmp_path: Path):
    found = figures(run("store", "--json", "--rows", "20000", "--rows", "60000", folder=tmp_path))
    expected = {"insert_rows_per_s", "insert_rows_per_cpu_s", "bytes_per_row", "fill_rows", "fill_s"}
    expected |= {"asof_ms_2e4", "asof_cpu_ms_2e4", "asof_ms_6e4", "asof_cpu_ms_6e4"}
    assert set(found) == expected
    assert found["fill_rows"] == 60_000
    assert 1 < found["bytes_per_row"] < 200
    assert all(value > 0 for value in found.values())
    assert not list(tmp_path.iterdir()), "the temporary store was left behind"


def test_store_says_how_much_space_it_lacks(tmp_path: Path):
    done = run("store", "--rows", str(10**15), folder=tmp_path)
    assert done.returncode == 1
    assert "need about 20000000.0 GB" in done.stderr
    assert "choose fewer --rows" in done.stderr


@pytest.mark.full
def test_cycle_times_every_stage(tmp_path: Path):
    found = figures(run("cycle", "--json", "--hours", "1", folder=tmp_path))
    stages = {f"stages_{stage}_cpu_s" for stage in ("begin", "take_in", "think", "finish")}
    whole = {"first_daily_cpu_s", "daily_cpu_s", "update_cpu_s", "refit_cpu_s", "hourly_cpu_s", "publish_cpu_s"}
    assert set(found) == whole | stages
    assert all(value > 0 for value in found.values())
    assert sum(found[stage] for stage in stages) <= found["hourly_cpu_s"] * 1.001
    assert not list(tmp_path.iterdir()), "the temporary store was left behind"


def test_help_shows_an_example(tmp_path: Path):
    for name in ("store", "cycle", "forecasts", "plant"):
        assert f"python -m benchmarks.{name} --json" in run(name, "--help", folder=tmp_path).stdout


@pytest.mark.full
def test_forecasts_are_judged_in_windows(tmp_path: Path):
    found = figures(run("forecasts", "--json", "--windows", "1", folder=tmp_path))
    names = {"price_hb_houston", "price_hb_west", "load_site"}
    assert {f"rmae_{name}" for name in names} | {f"coverage_90_{name}" for name in names} <= set(found)
    assert len(found) == 9
    assert all(0 < value < 2 for value in found.values())


@pytest.mark.full
def test_the_plant_runs_through_its_days_and_its_ledger_closes(tmp_path: Path):
    found = figures(run("plant", "--json", "--days", "2", "--runs", "1", folder=tmp_path))
    assert set(found) - {"peak_mib"} == {"steps_per_s", "closure_relative", "round_trip", "first_step_s"}
    assert found["closure_relative"] < 1e-9
    assert 0.05 < found["round_trip"] < 0.6
    assert found["steps_per_s"] > 0
    assert 0 < found["first_step_s"] < 60
