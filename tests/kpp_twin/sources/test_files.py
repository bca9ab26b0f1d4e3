"""Rows come out of files as they stand, each with its origin; what is wrong with a whole file comes out as a fault."""

from pathlib import Path

import pandas as pd
import pytest

from kpp_twin.errors import SourceError
from kpp_twin.feeds import LOAD, PRICE, WEATHER
from kpp_twin.sources import files
from kpp_twin.sources.files import SURPLUS, read_feed

HEADER = "series,interval_start,load_kw\n"
ROW = "SITE,2024-03-05T06:00Z,500.0\n"


def write_parquet(folder: Path, name: str = "load.parquet") -> pd.DataFrame:
    start = pd.to_datetime(["2024-03-05T06:00Z", "2024-03-05T06:15Z"])
    frame = pd.DataFrame({"interval_start": start, "load_kw": [500.0, None]})
    frame.to_parquet(folder / name, index=False)
    return frame


def test_csv_comes_out_as_text_as_it_stood(tmp_path: Path) -> None:
    (tmp_path / "load.csv").write_text(HEADER + "SITE,2024-03-05T06:00Z,0500.50\nSITE, soon ,n/a\n", encoding="utf-8")
    delivery = read_feed(tmp_path, LOAD)
    assert delivery.rows.to_numpy().tolist() == [["SITE", "2024-03-05T06:00Z", "0500.50"], ["SITE", " soon ", "n/a"]]
    assert delivery.origins.tolist() == ["load.csv:2", "load.csv:3"]
    assert (delivery.source, delivery.faults) == (tmp_path.name, ())


def test_parquet_comes_out_typed(tmp_path: Path) -> None:
    frame = write_parquet(tmp_path)
    delivery = read_feed(tmp_path, LOAD)
    pd.testing.assert_frame_equal(delivery.rows, frame, check_dtype=False)
    assert isinstance(delivery.rows["interval_start"].dtype, pd.DatetimeTZDtype)
    assert delivery.origins.tolist() == ["load.parquet:1", "load.parquet:2"]


def test_files_of_a_feed_follow_one_another_by_name(tmp_path: Path) -> None:
    for year in (2025, 2024):
        (tmp_path / f"load-{year}.csv").write_text(HEADER + ROW.replace("2024", str(year)), encoding="utf-8")
    (tmp_path / "price.csv").write_text("interval_start,lmp\n2024-03-05T06:00Z,30\n", encoding="utf-8")
    (tmp_path / "load.txt").write_text("not read", encoding="utf-8")
    delivery = read_feed(tmp_path, LOAD)
    assert delivery.origins.tolist() == ["load-2024.csv:2", "load-2025.csv:2"]
    assert delivery.rows["interval_start"].tolist() == ["2024-03-05T06:00Z", "2025-03-05T06:00Z"]
    assert delivery.rows.index.is_unique


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("\ufeff" + HEADER + ROW, id="byte order mark"),
        pytest.param((HEADER + ROW).replace(",", ";"), id="semicolons"),
        pytest.param((HEADER + ROW).replace("\n", "\r\n"), id="Windows line ends"),
        pytest.param((HEADER + ROW).replace("SITE", '"SITE"'), id="quotes"),
        pytest.param(HEADER.replace(",", " , ") + ROW, id="blanks in the header"),
    ],
)
def test_dialects_of_csv_read_alike(tmp_path: Path, content: str) -> None:
    (tmp_path / "load.csv").write_text(content, encoding="utf-8", newline="")
    rows = read_feed(tmp_path, LOAD).rows
    assert rows.to_dict("records") == [{"series": "SITE", "interval_start": "2024-03-05T06:00Z", "load_kw": "500.0"}]


def test_short_rows_are_filled_and_long_ones_keep_their_surplus(tmp_path: Path) -> None:
    (tmp_path / "load.csv").write_text(HEADER + "SITE,2024-03-05T06:00Z\n" + ROW[:-1] + ",1,2\n", encoding="utf-8")
    rows = read_feed(tmp_path, LOAD).rows
    assert rows["load_kw"].tolist() == ["", "500.0"]
    assert rows[SURPLUS].tolist() == ["", "1;2"]


def test_a_comma_for_a_decimal_point_does_not_make_columns(tmp_path: Path) -> None:
    (tmp_path / "load.csv").write_text("interval_start;load_kw\n2024-03-05T06:00Z;500,5\n", encoding="utf-8")
    assert read_feed(tmp_path, LOAD).rows["load_kw"].tolist() == ["500,5"]


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("load.csv", b"", "is empty"),
        ("load.csv", HEADER.encode(), "has a header and no row"),
        ("load.csv", b"load_kw,interval_start,load_kw\n1,2,3\n", "has the column load_kw more than once"),
        ("load.csv", b"interval_start,load_kw\n\xff\xfe,1\n", "is not UTF-8 text"),
        ("load.csv", HEADER.encode() + b'SITE,2024,"' + b"9" * 200_000 + b'"\n', "is not a CSV file"),
        ("load.parquet", b"", "is empty"),
        ("load.parquet", b"PAR1 but no more", "is not a readable Parquet file"),
    ],
)
def test_a_fault_of_a_file_is_told_with_its_name(tmp_path: Path, name: str, content: bytes, fault: str) -> None:
    (tmp_path / name).write_bytes(content)
    delivery = read_feed(tmp_path, LOAD)
    assert len(delivery.faults) == 1
    assert delivery.faults[0].startswith(f"{name}: {fault}")
    assert len(delivery.rows) == 0


def test_good_files_come_out_beside_faulty_ones(tmp_path: Path) -> None:
    (tmp_path / "load-a.csv").write_text(HEADER + ROW, encoding="utf-8")
    (tmp_path / "load-b.csv").write_bytes(b"")
    (tmp_path / "load-c.parquet").write_bytes(b"x")
    delivery = read_feed(tmp_path, LOAD)
    assert delivery.origins.tolist() == ["load-a.csv:2"]
    assert [fault.split(":")[0] for fault in delivery.faults] == ["load-b.csv", "load-c.parquet"]


def test_a_truncated_parquet_file_is_a_fault(tmp_path: Path) -> None:
    write_parquet(tmp_path)
    file = tmp_path / "load.parquet"
    file.write_bytes(file.read_bytes()[:-20])
    assert "is not a readable Parquet file" in read_feed(tmp_path, LOAD).faults[0]


def test_a_parquet_file_without_rows_is_a_fault(tmp_path: Path) -> None:
    pd.DataFrame({"interval_start": [], "load_kw": []}).to_parquet(tmp_path / "load.parquet")
    assert read_feed(tmp_path, LOAD).faults == ("load.parquet: has columns and no row",)


@pytest.mark.parametrize(
    ("limit", "fault"), [("MAX_FILE_BYTES", "bytes; at most 1 are read"), ("MAX_FILE_ROWS", "has 2 rows; at most 1")]
)
def test_a_file_that_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, fault: str
) -> None:
    write_parquet(tmp_path)
    monkeypatch.setattr(files, limit, 1)
    assert fault in read_feed(tmp_path, LOAD).faults[0]


def test_only_a_required_feed_must_have_a_file(tmp_path: Path) -> None:
    assert read_feed(tmp_path, PRICE).faults == (f"no file price*.csv or price*.parquet in {tmp_path.name}/",)
    optional = read_feed(tmp_path, WEATHER)
    assert (optional.faults, len(optional.rows), len(optional.origins)) == ((), 0, 0)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist") as caught:
        read_feed(tmp_path / "nowhere", LOAD)
    assert "KPP_TWIN__DATA_FOLDER" in caught.value.next_step


def test_what_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "load.csv").mkdir()
    with pytest.raises(SourceError, match=r"cannot read load\.csv"):
        read_feed(tmp_path, LOAD)
