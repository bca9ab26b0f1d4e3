"""Bad files: the delivery is refused in words and kept aside, nothing is written; mended, the run completes."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import IS_FULL
from tests.faults.conftest import (
    N_CYCLES_AT_NOON,
    NEXT,
    NEXT_ID,
    Hash,
    Twin,
    assert_told,
    assert_whole,
    obey_permissions,
)

VALUES = {"price": "price_per_mwh", "load": "load_kw", "weather": "temperature_c"}
N_ROWS = {"price": 480, "load": 1920}  # in the file
N_DUE = {"price": 203, "load": 767}  # of these in the eight days that a cycle looks back, and known


@dataclass(frozen=True)
class Case:
    """What happens to a feed's file, what the message says, and how many rows are kept aside."""

    feed: str
    fault: str
    spoil: Callable[[Path], None]
    says: tuple[str, ...]
    n_rows: int

    def __str__(self) -> str:
        return f"{self.feed}-{self.fault}"


def text(change: Callable[[str], str]) -> Callable[[Path], None]:
    return lambda file: file.write_text(change(file.read_text())) and None


def header(old: str, new: str) -> Callable[[Path], None]:
    return text(lambda content: content.replace(old, new, 1))


def column(name: str, of: str) -> Callable[[Path], None]:
    """Add a copy of a column under a name."""

    def spoil(file: Path) -> None:
        table = pd.read_csv(file, dtype=str)
        file.write_text(table.assign(copy=table[of]).to_csv(index=False).replace("copy", name, 1))

    return spoil


def values(change: Callable[[pd.Series], pd.Series], rename: str = "") -> Callable[[Path], None]:
    def spoil(file: Path) -> None:
        table = pd.read_csv(file)
        name = table.columns[-1]
        table[name] = change(table[name])
        table.rename(columns={name: rename or name}).to_csv(file, index=False)

    return spoil


def content(of: bytes) -> Callable[[Path], None]:
    return lambda file: file.write_bytes(of) and None


def as_parquet(cut: float, *, naive: bool = False) -> Callable[[Path], None]:
    """Write the feed as Parquet instead, and keep a share of the file."""

    def spoil(file: Path) -> None:
        table = pd.read_csv(file)
        stamps = pd.to_datetime(table["interval_start"])
        table["interval_start"] = stamps.dt.tz_localize(None) if naive else stamps
        file.unlink()
        parquet = file.with_suffix(".parquet")
        table.to_parquet(parquet)
        whole = parquet.read_bytes()
        parquet.write_bytes(whole[: int(cut * len(whole))])

    return spoil


def decimal_commas(file: Path) -> None:
    file.write_text(file.read_text().replace(",", ";").replace(".", ","))


NOISE = np.random.default_rng(3).bytes(5000)


def cases_of(feed: str) -> list[Case]:
    """The faults that any feed's file can have."""
    name, n_rows, n_due = VALUES[feed], N_ROWS[feed], N_DUE[feed]
    csv, naive, same_meaning = f"{feed}.csv", "stamp_without_zone", "columns that mean the same"
    no_start, no_value = "no column for the interval's start", "no column for the value with its unit"
    return [
        Case(feed, "missing_file", Path.unlink, (f"no file {csv[:-4]}*.csv", "data/"), 0),
        Case(feed, "empty_file", content(b""), (csv, "is empty"), 0),
        Case(feed, "header_only", text(lambda all_: all_.partition("\n")[0] + "\n"), (csv, "header and no row"), 0),
        Case(feed, "no_time_column", header("interval_start", "when"), (no_start, "when"), n_rows),
        Case(feed, "no_value_column", header(name, "reading"), (no_value, "reading"), n_rows),
        Case(feed, "value_without_unit", header(name, feed), (no_value, name), n_rows),
        Case(feed, "column_twice", column(name, name), (csv, f"the column {name} more than once"), 0),
        Case(feed, "column_in_capitals_too", column(name.upper(), name), (same_meaning, name), n_rows),
        Case(feed, "two_time_columns", column("timestamp", "interval_start"), (same_meaning, "timestamp"), n_rows),
        Case(feed, "tabs_for_commas", text(lambda all_: all_.replace(",", "\t")), (no_start,), n_rows),
        Case(feed, "latin_1", content("série,interval_start\n".encode("latin-1") * 3), (csv, "is not UTF-8 text"), 0),
        Case(feed, "utf_16", content("series,interval_start,x\n".encode("utf-16")), (csv, "is not UTF-8 text"), 0),
        Case(feed, "binary_noise", content(NOISE), (csv, "is not"), 0),
        Case(feed, "truncated_parquet", as_parquet(0.6), (f"{feed}.parquet", "is not a readable Parquet file"), 0),
        Case(feed, "empty_parquet", as_parquet(0.0), (f"{feed}.parquet", "is empty"), 0),
        Case(feed, "naive_parquet", as_parquet(1.0, naive=True), (naive, "KPP_TWIN__NAIVE_STAMPS_ZONE"), n_rows),
        Case(feed, "no_stamp_has_a_zone", text(lambda all_: all_.replace("Z,", ",")), (naive, f"{csv}:2"), n_rows),
        Case(feed, "decimal_commas", decimal_commas, ("value_is_no_number", "decimal point"), n_due),
    ]  # fmt: skip


CASES = [
    # A feed is read like any other: in the reduced counts each fault meets one of the two.
    *(cases_of("price") if IS_FULL else cases_of("price")[::3]),
    *(cases_of("load") if IS_FULL else cases_of("load")[1::3]),
    Case("price", "per_kwh", values(lambda v: v / 1000), ("rule unit failed", "per MWh"), N_DUE["price"]),
    Case(
        "load",
        "kw_called_mw",
        values(lambda v: v, "load_mw"),
        ("rule unit failed", "load_kw or load_mw"),
        N_DUE["load"],
    ),
    Case("load", "mw_called_kw", values(lambda v: v / 1000), ("rule unit failed", "load_kw or load_mw"), N_DUE["load"]),
    Case("load", "negative_throughout", values(lambda v: -v), ("mostly range",), N_DUE["load"]),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_bad_file_is_refused(case: Case, noon: Twin, clean: Callable[..., Hash]) -> None:
    file = noon.data / f"{case.feed}.csv"
    good = file.read_bytes()
    case.spoil(file)
    ended = noon.run(*NEXT)
    assert_told(ended, 4, f"the {case.feed} delivery was refused", f"feed {case.feed}, {NEXT_ID}", *case.says)
    assert_kept_aside(noon, case.feed, case.n_rows)
    assert noon.ask("SELECT max(cycle_number), count(*) FROM cycle") == [(N_CYCLES_AT_NOON, N_CYCLES_AT_NOON)]
    assert not list(noon.home.glob(f"kept/*/{NEXT_ID.replace(':', '')}"))
    if IS_FULL or CASES.index(case) % 8 == 0:
        file.with_suffix(".parquet").unlink(missing_ok=True)
        file.write_bytes(good)
        assert noon.run(*NEXT).code == 0
        assert_whole(noon, clean("noon", NEXT))


def assert_kept_aside(twin: Twin, feed: str, n_rows: int) -> None:
    (refused,) = twin.settings.refused_path.glob("*.jsonl")
    first, *rows = refused.read_text().splitlines()
    told = json.loads(first)
    assert (told["cycle_id"], told["feed"]) == (NEXT_ID, feed)
    assert told["rows"] == len(rows) == n_rows
    assert all(json.loads(row) for row in rows)


def test_the_same_file_refused_again_is_kept_aside_once(noon: Twin) -> None:
    case = next(case for case in CASES if case.fault == "mw_called_kw")
    case.spoil(noon.data / "load.csv")
    assert [noon.run(*NEXT).code for _ in range(2)] == [4, 4]
    assert_kept_aside(noon, "load", N_DUE["load"])


def test_of_two_files_the_good_one_is_kept_aside_with_the_bad_one(noon: Twin, clean: Callable[..., Hash]) -> None:
    broken = noon.data / "load-2.csv"
    broken.write_text("")
    assert_told(noon.run(*NEXT), 4, "load-2.csv: is empty")
    assert_kept_aside(noon, "load", N_ROWS["load"])
    broken.unlink()
    assert noon.run(*NEXT).code == 0
    assert_whole(noon, clean("noon", NEXT))


def test_a_missing_optional_feed_is_no_fault(noon: Twin) -> None:
    assert not (noon.data / "weather.csv").exists()
    assert noon.run(*NEXT).code == 0


@pytest.mark.parametrize(
    ("fault", "spoil", "code", "says"),
    [
        ("folder_named_csv", lambda file: (file.unlink(), file.mkdir()), 1, ("price.csv", "directory")),
        ("folder_named_parquet", lambda file: file.with_suffix(".parquet").mkdir(), 4, ("price.parquet", "directory")),
        ("no_permission", lambda file: file.chmod(0), 1, ("price.csv", "Permission denied", "check its permissions")),
        ("no_data_folder", lambda file: shutil.rmtree(file.parent), 1, ("does not exist", "KPP_TWIN__DATA_FOLDER")),
        ("dangling_link", lambda file: (file.unlink(), file.symlink_to("nowhere")), 1, ("price.csv", "No such file")),
        ("data_folder_is_a_file", lambda file: (shutil.rmtree(file.parent), file.parent.touch()), 1, ("data folder",)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_source_that_cannot_be_read_is_told(
    fault: str,
    spoil: Callable[[Path], object],
    code: int,
    says: tuple[str, ...],
    noon: Twin,
    clean: Callable[..., Hash],
) -> None:
    good = noon.root / "good"
    shutil.copytree(noon.data, good)
    spoil(noon.data / "price.csv")
    assert_told(noon.run(*NEXT, prepare=obey_permissions), code, *says)
    if noon.data.is_dir():
        shutil.rmtree(noon.data)
    noon.data.unlink(missing_ok=True)
    good.rename(noon.data)
    if IS_FULL or fault == "no_permission":
        assert noon.run(*NEXT).code == 0
        assert_whole(noon, clean("noon", NEXT))
