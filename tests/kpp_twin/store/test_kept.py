import json
from pathlib import Path

import pandas as pd
import pytest
from conftest import DAILY, HOURLY

from kpp_twin.errors import StoreError
from kpp_twin.feeds import LOAD, PRICE
from kpp_twin.settings import Settings
from kpp_twin.sources.files import read_feed
from kpp_twin.store.kept import folder_of, keep, keep_refused, kept_delivery


def test_a_kept_delivery_is_what_was_delivered(filled: Settings):
    source = read_feed(filled.data_folder, LOAD)
    kept = kept_delivery(filled.kept_path, DAILY, LOAD)
    first = kept.rows.iloc[0].astype(str).to_dict()
    assert first == source.rows.iloc[0].to_dict()
    assert kept.origins.iloc[0] == source.origins.iloc[0] == "load.csv:2"
    assert kept.source == source.source


def test_what_is_kept_stays(filled: Settings):
    before = folder_of(filled.kept_path, DAILY).stat().st_mtime_ns
    keep(filled.kept_path, DAILY, ())
    assert folder_of(filled.kept_path, DAILY).stat().st_mtime_ns == before


def test_nothing_was_kept_of_a_cycle_that_never_ran(filled: Settings):
    assert kept_delivery(filled.kept_path, HOURLY[3], PRICE) is None


def test_a_damaged_kept_delivery_names_the_file(filled: Settings):
    (folder_of(filled.kept_path, DAILY) / "load.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(StoreError, match=r"kept delivery is damaged.*load\.parquet.*Next: remove the folder"):
        kept_delivery(filled.kept_path, DAILY, LOAD)


def test_a_refused_delivery_is_kept_whole_and_once(tmp_path: Path):
    rows = pd.Series(['{"a": "1"}', '{"a": "2"}'])
    first = keep_refused(tmp_path / "refused", DAILY, PRICE, rows, "wrong unit")
    second = keep_refused(tmp_path / "refused", HOURLY[0], PRICE, rows, "wrong unit")
    assert first == second
    head, *lines = first.read_text().splitlines()
    assert lines == list(rows)
    assert json.loads(head)["rows"] == 2
    assert list(first.parent.iterdir()) == [first]
