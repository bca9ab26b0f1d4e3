from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from kpp_twin.errors import ConfigError, SourceError, TwinError
from kpp_twin.sources.forecast_file import read_forecasts

BERLIN = ZoneInfo("Europe/Berlin")


def written(folder: Path, name: str = "mine.csv", **columns: object) -> Path:
    table = {
        "valid_from": ["2024-03-30T22:00Z", "2024-03-30T23:00Z", "2024-03-31T00:00Z"],
        "actual": [1.0, 2.0, None],
        "forecast": [None, 2.5, 3.5],
        **columns,
    }
    frame = pd.DataFrame({name: values for name, values in table.items() if values is not None})
    frame.to_csv(folder / name, index=False) if name.endswith("csv") else frame.to_parquet(folder / name)
    return folder / name


@pytest.mark.parametrize("name", ["mine.csv", "mine.parquet"])
def test_columns_are_known_by_their_names(tmp_path: Path, name: str) -> None:
    file = written(tmp_path, name, q95=[2.0, 3, 4], q5=[0.0, 1, 2], rival=[1.0, 1, None], note=["a", "b", "c"])
    issued, clock = read_forecasts(file, BERLIN)
    assert clock == BERLIN
    assert list(issued.valid_from) == list(pd.date_range("2024-03-30T22:00Z", periods=3, freq="h"))
    np.testing.assert_array_equal(issued.actual, [1, 2, np.nan])
    np.testing.assert_array_equal(issued.forecast, [np.nan, 2.5, 3.5])
    np.testing.assert_array_equal(issued.levels, [0.05, 0.95])
    np.testing.assert_array_equal(issued.quantiles, [[0, 2], [1, 3], [2, 4]])
    assert list(issued.references) == ["rival"]
    np.testing.assert_array_equal(issued.references["rival"], [1, 1, np.nan])


def test_stamps_may_have_another_zone(tmp_path: Path) -> None:
    stamps = ["2024-03-31T00:00+01:00", "2024-03-31T01:00+01:00", "2024-03-31T03:00+02:00"]
    issued, _ = read_forecasts(written(tmp_path, valid_from=stamps), BERLIN)
    assert issued.valid_from[-1] == pd.Timestamp("2024-03-31T01:00Z")


def test_stamps_without_a_zone_are_of_days_of_24_hours(tmp_path: Path) -> None:
    stamps = [f"2024-03-31 0{hour}:00:00" for hour in (1, 2, 3)]
    issued, clock = read_forecasts(written(tmp_path, valid_from=stamps), BERLIN)
    assert clock.key == "UTC"
    assert list(issued.valid_from.hour) == [1, 2, 3]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"forecast": None}, "there is no column forecast"),
        ({"actual": ["a", "b", "c"]}, "column 'actual' holds no numbers"),
        ({"valid_from": ["2024-03-30T22:00Z", "2024-03-30T23:00Z", "2024-03-30T23:00Z"]}, "row 3 is not after"),
        ({"valid_from": ["2024-03-30T22:00Z", None, "2024-03-30T23:00Z"]}, "valid_from"),
        ({"valid_from": ["2024-03-30T22:00Z", "2024-03-30T23:00", "2024-03-31T00:00Z"]}, "has no zone, others have"),
        ({"valid_from": ["today", "then", "now"]}, "valid_from"),
        ({"q05": [0.0, 3, 0], "q95": [1.0, 2, 3]}, "the quantiles of row 2 cross"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(tmp_path: Path, columns: dict, says: str) -> None:
    with pytest.raises(TwinError, match=says) as told:
        read_forecasts(written(tmp_path, **columns), BERLIN)
    assert isinstance(told.value, SourceError | ConfigError)
    assert "mine.csv" in str(told.value)


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read_forecasts(tmp_path / "none.parquet", BERLIN)
    (tmp_path / "bad.parquet").write_bytes(b"no parquet")
    with pytest.raises(SourceError, match="cannot be read"):
        read_forecasts(tmp_path / "bad.parquet", BERLIN)
