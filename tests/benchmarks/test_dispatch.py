"""The benchmark of dispatch takes any price file, steps of any length, and tells where a file has holes."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from benchmarks import dispatch
from benchmarks.dispatch import Prices, days_of, hourly_price, main, read_prices
from kpp_twin.errors import SourceError

START = pd.Timestamp("2025-09-30", tz="UTC")


def frame_of(n_days: int = 3) -> pd.DataFrame:
    """A day of hours, then quarter-hours: cheap by night and dear by day, negative for an hour."""
    later = START + pd.Timedelta(days=1)
    stamps = pd.date_range(START, later, freq="h", inclusive="left").append(
        pd.date_range(later, START + pd.Timedelta(days=n_days), freq="15min", inclusive="left")
    )
    price = np.select([stamps.hour == 3, stamps.hour < 12], [-20.0, 10.0], 100.0)
    return pd.DataFrame({"timestamp_utc": stamps, "market": "XX", "price": price})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "prices.parquet"
    frame_of().to_parquet(path)
    return path


@pytest.fixture(autouse=True)
def _one_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "REPETITIONS", 1)
    programmes = SimpleNamespace(regulation_day_ms=lambda price: float(len(price)), full_day_ms=lambda _: 20.0)
    monkeypatch.setitem(sys.modules, "benchmarks.dispatch_lp", programmes)


def test_days_and_the_whole_are_planned(file: Path) -> None:
    arguments = ["--file", str(file), "--market", "XX", "--column", "price", "--hours", "72", "--json"]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    figures = json.loads(result.output.splitlines()[-1])
    assert list(figures) == [
        "objective_year",
        "cpu_s_year",
        "objective_days",
        "cpu_s_days",
        "simultaneous_hours",
        "cpu_ms_per_day_lp",
        "cpu_ms_per_day_full",
    ]
    assert 0 < figures["objective_days"] <= figures["objective_year"]
    assert figures["simultaneous_hours"] == 0
    assert figures["cpu_ms_per_day_lp"] == 72


def test_steps_are_as_long_as_the_time_to_the_next(file: Path) -> None:
    prices = read_prices(file, market="XX", column="price", start="2025-09-30 12:00", hours=36)
    assert prices.hours.tolist() == [1.0] * 12 + [0.25] * 96
    assert [block.price_per_mwh.shape for block in days_of(prices)] == [(1, 60), (1, 48)]
    whole = read_prices(file, market=None, column="price", start=None, hours=72)
    assert [block.price_per_mwh.shape for block in days_of(whole)] == [(1, 24), (2, 96)]
    assert hourly_price(whole) == pytest.approx(np.tile(whole.price_per_mwh[:24], 3))


def test_a_csv_file_and_an_index_of_instants_will_do(file: Path, tmp_path: Path) -> None:
    expected = read_prices(file, market=None, column="price", start=None, hours=30)
    frame_of().to_csv(tmp_path / "prices.csv", index=False)
    frame_of().set_index("timestamp_utc").to_parquet(tmp_path / "index.parquet")
    for name in ("prices.csv", "index.parquet"):
        prices = read_prices(tmp_path / name, market=None, column="price", start="2025-09-30T00:00Z", hours=30)
        assert isinstance(prices, Prices)
        assert prices.price_per_mwh.tolist() == expected.price_per_mwh.tolist()
        assert prices.hours.tolist() == expected.hours.tolist()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"column": "power"}, "there are no prices 'power'"),
        ({"market": "YY"}, "of the market YY with timestamps among 0 rows"),
        ({"hours": 100}, "only 72 hours there"),
        ({"start": "2026-01-01"}, "only 0 hours there"),
    ],
)
def test_what_is_not_there_is_told(file: Path, changes: dict[str, object], told: str) -> None:
    terms = {"market": None, "column": "price", "start": None, "hours": 72} | changes
    with pytest.raises(SourceError) as error:
        read_prices(file, **terms)
    assert told in str(error.value)


def test_gaps_and_missing_prices_are_told(tmp_path: Path) -> None:
    frame = frame_of().drop(index=[5])
    frame.loc[40, "price"] = np.nan
    frame.to_parquet(tmp_path / "holes.parquet")
    with pytest.raises(
        SourceError, match=r"2 fault\(s\).*gap or repetition at 2025-09-30 04.*no price at 2025-10-01 04"
    ):
        read_prices(tmp_path / "holes.parquet", market=None, column="price", start=None, hours=72)
