import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from kpp_twin.cli_evaluate import evaluate_command
from kpp_twin.settings import Settings


def run(settings: Settings, *arguments: object) -> Result:
    return CliRunner().invoke(evaluate_command, [str(argument) for argument in arguments], obj=settings)


def found(settings: Settings, *arguments: object) -> list[dict]:
    done = run(settings, *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Thirty days around Easter in Berlin, two of whose forecasts differ in quality."""
    index = pd.date_range("2024-03-14T23:00Z", periods=30 * 24 - 1, freq="h")
    rng = np.random.default_rng(1)
    error = rng.normal(0, 1, len(index))
    table = pd.DataFrame({"valid_from": index, "actual": 50 + error, "forecast": 50.0, "rival": 50 - error})
    for percent in (5, 50, 95):
        table[f"q{percent:02}"] = 50 + np.quantile(error, percent / 100)
    table.to_parquet(tmp_path / "mine.parquet")
    return tmp_path / "mine.parquet"


def test_the_store_is_scored_by_variable_and_series(filled: Settings, tmp_path: Path) -> None:
    every = found(filled)
    assert [part["name"] for part in every] == ["load SITE", "price HB_HOUSTON"]
    (price,) = found(filled, "--variable", "price", "--series", "HB_HOUSTON")
    assert price == every[1]
    assert (price["first_day"], price["last_day"]) == ("2024-03-16", "2024-03-16")
    whole = price["days"]["all"]
    assert (whole["n_days"], whole["n_intervals"]) == (1, 24)
    assert 0 < whole["mae"] < 10
    assert whole["crps"] < whole["mae"]
    assert price["against"]["weekly naive"]["n_intervals"] == 24  # by values from before the first forecast
    assert found(filled, "--variable", "price", "--from", "2024-03-16", "--to", "2024-03-16") == [price]
    figure = tmp_path / "price.svg"
    done = run(filled, "--variable", "price", "--figure", figure)
    assert done.exit_code == 0, done.output
    assert "price HB_HOUSTON, 2024-03-16 to 2024-03-16" in done.stdout
    assert b"Calibration" in figure.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--series", "ELSEWHERE"), "nothing of what was asked for has been forecast"),
        (("--from", "2024-03-17"), "nothing of what was asked for has been forecast"),
        (("--figure", "x.svg"), "choose --variable and --series"),
        (("--zone", "DF"), "there is no market zone 'DF'"),
    ],
)
def test_what_cannot_be_scored_is_told(filled: Settings, arguments: tuple[str, ...], says: str) -> None:
    done = run(filled, *arguments)
    assert done.exit_code != 0
    assert says in done.output + str(done.exception)


def test_a_file_is_scored_by_the_clock_and_holidays_of_its_market(twin_settings: Settings, file: Path) -> None:
    (whole,) = found(twin_settings, "--file", file, "--zone", "DE")
    days = whole["days"]
    assert whole["name"] == "mine"
    assert {kind: days[kind]["n_days"] for kind in days} == {"all": 30, "ordinary": 27, "holiday": 2, "clock change": 1}
    assert days["clock change"]["n_intervals"] == 23
    assert days["all"]["coverage_90"] == pytest.approx(0.9, abs=0.01)
    assert whole["against"]["rival"]["p_value"] < 0.01
    (part,) = found(twin_settings, "--file", file, "--zone", "DE", "--from", "2024-04-01", "--to", "2024-04-07")
    assert (part["first_day"], part["last_day"]) == ("2024-04-01", "2024-04-07")
    assert part["against"]["weekly naive"]["n_intervals"] == 7 * 24


def test_a_table_shows_what_there_is(twin_settings: Settings, file: Path) -> None:
    told = run(twin_settings, "--file", file, "--zone", "DE").stdout
    assert all(words in told for words in ("clock change days", "holiday days", "06-12", "weekly naive", "rival"))


def test_a_file_without_forecasts_of_the_span_is_told(twin_settings: Settings, file: Path) -> None:
    done = run(twin_settings, "--file", file, "--from", "2025-01-01")
    assert "719 have an actual value, 0 a forecast" in str(done.exception)
    assert run(twin_settings, "--file", file, "--variable", "price").exit_code == 2


def test_the_help_shows_an_example_and_the_columns_of_a_file(twin_settings: Settings) -> None:
    told = run(twin_settings, "--help").stdout
    assert "Example: kpp-twin evaluate" in told
    assert "q05, q50 ..  quantiles in percent" in told
