from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kpp_twin.errors import ConfigError, SourceError
from kpp_twin.sources.price_file import read_prices


def written(folder: Path, table: dict[str, object], name: str = "mine.csv") -> Path:
    frame = pd.DataFrame(table)
    frame.to_csv(folder / name, index=False) if name.endswith("csv") else frame.to_parquet(folder / name)
    return folder / name


@pytest.mark.parametrize("name", ["mine.csv", "mine.parquet"])
def test_the_columns_are_found_and_steps_may_change_their_length(tmp_path: Path, name: str) -> None:
    stamps = [
        *pd.date_range("2025-09-30T22:00", periods=2, freq="h"),
        *pd.date_range("2025-10-01", periods=3, freq="15min"),
    ]
    prices = read_prices(written(tmp_path, {"timestamp_utc": stamps, "price_eur": range(5), "load": 1.0}, name))
    np.testing.assert_array_equal(prices.hours, [1, 1, 0.25, 0.25, 0.25])
    np.testing.assert_array_equal(prices.price_per_mwh, [0, 1, 2, 3, 4])
    assert prices.valid_from[2] == pd.Timestamp("2025-10-01")


def test_a_file_of_several_markets_and_columns_needs_them_named(tmp_path: Path) -> None:
    stamps = list(pd.date_range("2024-01-01", periods=2, freq="h")) * 2
    table = {"timestamp": stamps, "market": ["A", "A", "B", "B"], "price_x": range(4), "price_y": range(4, 8)}
    file = written(tmp_path, table)
    np.testing.assert_array_equal(read_prices(file, "price_y", "B").price_per_mwh, [6, 7])
    for column, market, fault in (
        ("price_y", None, "not said.*choose one of A, B"),
        ("price_y", "C", "no market C"),
        (None, "A", "several columns may be that of prices"),
        ("price", "A", "no column of prices"),
    ):
        with pytest.raises(ConfigError, match=fault):
            read_prices(file, column, market)


@pytest.mark.parametrize(
    ("stamps", "prices", "fault"),
    [
        (["2024-01-01T00:00", "2024-01-01T01:00", "2024-01-01T03:00"], [1, 2, 3], "120 minutes lie between"),
        (["2024-01-01T00:00", "2024-01-01T00:15", "2024-01-01T00:45", "2024-01-01T01:00"], [1, 2, 3, 4], "30 minutes"),
        (["2024-01-01T00:00", "2024-01-01T01:00"], [1, "none"], "no number at 2024-01-01 01:00"),
        (["2024-01-01T00:00"], [1], "fewer than two rows"),
    ],
)
def test_gaps_are_refused(tmp_path: Path, stamps: list[str], prices: list[object], fault: str) -> None:
    with pytest.raises(SourceError, match=fault):
        read_prices(written(tmp_path, {"valid_from": stamps, "price": prices}))
