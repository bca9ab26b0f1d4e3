from pathlib import Path

import pandas as pd
import pytest

from kpp_twin.errors import ConfigError, SourceError
from kpp_twin.sources.table_file import read_table, stamps_of


def test_what_a_column_is_missing_is_said_with_those_that_there_are(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    assert list(read_table(tmp_path / "mine.csv", ("a",))) == ["a", "b"]
    with pytest.raises(ConfigError, match=r"no column c.*columns are a, b"):
        read_table(tmp_path / "mine.csv", ("a", "c"))
    with pytest.raises(SourceError, match="cannot be read"):
        read_table(tmp_path / "other.parquet", ())


def test_stamps_have_a_zone_if_they_were_written_with_one(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"a": ["2024-01-01T00:00Z", "2024-01-01T01:00Z"], "b": ["2024-01-01 00:00", "2024-01-01 01:00"]}
    )
    assert str(stamps_of(table, "a", tmp_path).tz) == "UTC"
    assert stamps_of(table, "b", tmp_path).tz is None


@pytest.mark.parametrize(
    ("stamps", "fault"),
    [
        (["2024-01-01T00:00Z", "2024-01-01 01:00"], "has no zone, others have"),
        (["2024-01-01T01:00Z", "2024-01-01T00:00Z"], "row 2 is not after"),
        (["soon", "later"], "column 'a'"),
    ],
)
def test_stamps_that_do_not_rise_are_refused(stamps: list[str], fault: str) -> None:
    with pytest.raises(SourceError, match=fault):
        stamps_of(pd.DataFrame({"a": stamps}), "a", Path("mine.csv"))
