"""A file of frequency comes out by the second, its gaps are seen, and what is wrong with it is said."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kpp_twin.battery.frequency_file import nominal_hz_of, read_frequency
from kpp_twin.errors import ConfigError, SourceError

HZ = np.array([49.98, 50.01, 50.02, 50.0])
NAN = np.nan
START = pd.Timestamp("2024-03-31 00:59:58", tz="UTC")  # clocks change two seconds later
Written = Callable[[pd.DataFrame], Path]


@pytest.fixture(params=["csv", "parquet"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Written:
    """Writes a table without its index, in each format."""

    def write(table: pd.DataFrame) -> Path:
        file = tmp_path / f"frequency.{request.param}"
        table.to_csv(file, index=False) if request.param == "csv" else table.to_parquet(file, index=False)
        return file

    return write


def test_rows_are_seconds_where_no_time_is_given(written: Written) -> None:
    found = read_frequency(written(pd.DataFrame({"hz": HZ})))
    assert list(found) == ["hz"]
    assert found["hz"].tolist() == HZ.tolist()


@pytest.mark.parametrize(
    "times",
    [
        [5, 6, 8, 10],
        [0.5, 1.5, 3.5, 5.5],
        [0.0, 1.02, 2.97, 5.01],
        [START + pd.Timedelta(seconds=second) for second in (0, 1, 3, 5)],
    ],
    ids=["seconds", "middles", "jitter", "instants"],
)
def test_missing_seconds_are_gaps(written: Written, times: list) -> None:
    found = read_frequency(written(pd.DataFrame({"time": times, "hz": HZ})))["hz"]
    np.testing.assert_array_equal(found, [HZ[0], HZ[1], NAN, HZ[2], NAN, HZ[3]])


def test_a_column_of_dates_is_the_time_whatever_its_name(tmp_path: Path) -> None:
    times = START.tz_localize(None) + pd.to_timedelta([0, 1, 2, 4], unit="s")
    pd.DataFrame({"measured": times, "hz": HZ}).to_parquet(tmp_path / "f.parquet")
    assert np.isnan(read_frequency(tmp_path / "f.parquet")["hz"]).tolist() == [False, False, False, True, False]


@pytest.mark.parametrize(
    "index",
    [pd.DatetimeIndex(START + pd.to_timedelta([0, 1, 2, 4], unit="s")), pd.Index([7, 8, 9, 11], name="second")],
    ids=["instants", "seconds"],
)
def test_the_index_may_be_the_time(tmp_path: Path, index: pd.Index) -> None:
    pd.DataFrame({"hz": HZ}, index=index).to_parquet(tmp_path / "f.parquet")
    np.testing.assert_array_equal(read_frequency(tmp_path / "f.parquet")["hz"], [*HZ[:3], NAN, HZ[3]])


def test_only_columns_of_frequency_are_taken(written: Written) -> None:
    seconds = np.arange(120)  # their median would be a frequency
    table = pd.DataFrame(
        {
            "Second": seconds,
            "a": 50 + 0.01 * np.sin(seconds),
            "voltage_pu": 1.0,
            "place": "here",
            "b": 60.0,
            "empty": NAN,
        }
    )
    found = read_frequency(written(table))
    assert list(found) == ["a", "b"]
    assert [nominal_hz_of(hz) for hz in found.values()] == [50.0, 60.0]
    assert list(read_frequency(written(table), "b")) == ["b"]
    for name in ("c", "voltage_pu", "Second", "place"):
        with pytest.raises(ConfigError, match=f"no column '{name}' of frequency .* choose among a, b"):
            read_frequency(written(table), name)


def test_samples_that_are_no_numbers_are_gaps(written: Written) -> None:
    found = read_frequency(written(pd.DataFrame({"hz": [50.0, NAN, 50.1]})))["hz"]
    np.testing.assert_array_equal(found, [50.0, NAN, 50.1])
    assert nominal_hz_of(found) == 50.0


def test_a_file_without_frequency_is_refused(written: Written) -> None:
    with pytest.raises(ConfigError, match=r"no column holds a frequency .* its columns are time, volt"):
        read_frequency(written(pd.DataFrame({"time": [0, 1], "volt": [230.0, 231.0]})))


@pytest.mark.parametrize(
    ("times", "fault"),
    [
        ([0, 1, 1, 2], "row 3 .1. is no second after 1"),
        ([0, 2, 1, 3], "row 3 .1. is no second after 2"),
        ([0, 1, NAN, 3], "row 3 .nan. is no second after 1"),
        ([NAN, 1, 2, 3], "row 2 .1.0. is no second after nan"),
        ([0, 0.1, 0.2, 0.3], "row 2 .0.1. is no second after 0.0"),
        ([0, 10, 20, 30], "4 samples in 30 seconds"),
        ([0, 1, 2, np.inf], "4 samples in inf seconds"),
    ],
)
def test_times_that_are_no_seconds_are_refused(written: Written, times: list, fault: str) -> None:
    with pytest.raises(SourceError, match=f"column 'time': {fault}"):
        read_frequency(written(pd.DataFrame({"time": times, "hz": HZ})))


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"no parquet")
    (tmp_path / "b.csv").write_bytes(b"")
    (tmp_path / "c.csv").write_bytes(b"hz\n\xff\xfe\n")
    pd.DataFrame({"time": ["today", "some day"], "hz": 50.0}).to_csv(tmp_path / "d.csv")
    pd.DataFrame({"hz": []}).to_csv(tmp_path / "e.csv", index=False)
    pd.DataFrame({"second": [3, 4], "hz": 50.0}, index=pd.Index([3, 4], name="second")).to_parquet(
        tmp_path / "f.parquet"
    )
    for name in ("a.parquet", "b.csv", "c.csv", "d.csv", "e.csv", "f.parquet", "none.csv"):
        with pytest.raises(SourceError, match=f"{name}.*Next"):
            read_frequency(tmp_path / name)
