"""The benchmark of frequency response shows nine figures for each column, and says what is wrong."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from benchmarks.frequency import MEANINGS, main

NINE = {
    "score",
    "accuracy",
    "delay",
    "precision",
    "t90_s",
    "mileage",
    "energy_drift_kwh",
    "endurance_violations",
    "steps_per_s",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Twenty minutes of two grids, with a gap and a voltage."""
    seconds = np.delete(np.arange(1200), slice(700, 720))
    deviation_hz = 0.05 * np.sin(seconds / 40) + 0.001
    table = pd.DataFrame(
        {"second": seconds, "europe": 50 + deviation_hz, "texas": 60 - deviation_hz, "voltage_pu": 1.0}
    )
    table.to_parquet(tmp_path / "frequency.parquet")
    return tmp_path / "frequency.parquet"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["--runs", "1", "--json", *map(str, arguments)])


def figures(done: Result) -> dict:
    """The JSON object of the last line; each of its names also stands in a table before it."""
    assert done.exit_code == 0, done.output
    *table, last = done.stdout.splitlines()
    found = json.loads(last)
    assert all(any(name in line for line in table) for name in found)
    return found


def test_one_column_gives_a_flat_object_with_the_shares_of_management(file: Path) -> None:
    found = figures(run("--file", file, "--column", "europe", "--product", "FCR", "--power-kw", "400"))
    shares = {name: value for name, value in found.items() if name.startswith("share_")}
    assert set(found) - set(shares) == NINE == set(MEANINGS)
    assert {"share_deadband_use", "share_over_fulfilment", "share_restoring_up", "share_setpoint_cut"} < set(shares)
    assert found["t90_s"] == pytest.approx(0.23, abs=1e-3)
    assert found["score"] > 0.95
    assert found["steps_per_s"] > 1e5
    assert shares["share_missing"] == pytest.approx(20 / 1200, rel=1e-3)


def test_all_columns_give_an_object_each(file: Path) -> None:
    done = run("--file", file)
    found = figures(done)
    assert {name: set(column) for name, column in found.items()} == {"europe": NINE, "texas": NINE}
    assert found["europe"]["mileage"] == found["texas"]["mileage"], "the product is used on the other grid"
    assert "texas: FCR of 50 Hz is used at 60 Hz" in done.stderr
    assert "europe:" not in done.stderr


def test_without_a_file_the_synthetic_grid_is_answered() -> None:
    assert set(figures(run("--hours", "1"))) > NINE


def test_figures_that_there_are_not_are_null() -> None:
    found = figures(run("--hours", "1", "--product", "FFR"))
    assert found["score"] is None
    assert found["t90_s"] > 0


def test_statistics_stand_beside_those_of_the_synthetic_grid(file: Path) -> None:
    found = figures(run("--statistics", "--file", file, "--hours", "2"))
    assert list(found) == ["europe", "texas", "synthetic"]
    assert found["europe"]["std_mhz"] == found["texas"]["std_mhz"]
    assert all(set(column) == set(found["synthetic"]) for column in found.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--column", "mars"], "choose among europe, texas"),
        (["--power-kw", "480", "--product", "FCR-N"], "sell at most 373.1 kW"),
        (["--product", "FCR-Z"], "choose among FCR, FCR-N"),
        (["--product", "RegD"], "RegD follows a signal"),
        (["--power-kw", "0"], "--power-kw"),
    ],
)
def test_wrong_options_are_told_with_exit_code_2(file: Path, arguments: list[str], message: str) -> None:
    done = run("--file", file, *arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_help_shows_an_example() -> None:
    assert "python -m benchmarks.frequency --json" in CliRunner().invoke(main, ["--help"]).stdout
