"""Columns are recognised, types parsed, and each row that cannot be is told why."""

import json
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.feeds import LOAD, PRICE, WEATHER, Feed
from kpp_twin.quality.parsing import ColumnFaultError, fingerprints, parse, raw_texts
from kpp_twin.records import Delivery

CHICAGO = ZoneInfo("America/Chicago")
STAMP = "2024-03-05T06:00Z"


def delivery(feed: Feed = LOAD, **columns: object) -> Delivery:
    rows = pd.DataFrame(columns)
    origins = pd.Series([f"{feed.name}.csv:{n + 2}" for n in range(len(rows))])
    return Delivery(feed=feed, rows=rows, origins=origins, source="data")


def fault_of(stamp: object = STAMP, value: object = "500", naive_zone: ZoneInfo | None = None, **more: object) -> str:
    columns = {name: [item] for name, item in {"interval_start": stamp, "load_kw": value, **more}.items()}
    return parse(delivery(**columns), naive_zone=naive_zone).faults[0]


@pytest.mark.parametrize(
    ("feed", "column", "given_value", "value"),
    [
        (PRICE, "price_per_mwh", "31.5", 31.5),
        (PRICE, "LMP", "31.5", 31.5),
        (PRICE, "Settlement Point Price", "-31.5", -31.5),
        (LOAD, "load_kw", "500", 500.0),
        (LOAD, "load_mw", "0.5", 500.0),
        (LOAD, "load_w", "500000", 500.0),
        (LOAD, "Actual Load", "0.5", 500.0),
        (WEATHER, "temperature_c", "25", 25.0),
        (WEATHER, "temperature_f", "77", 25.0),
    ],
)
def test_a_value_column_names_its_unit(feed: Feed, column: str, given_value: str, value: float) -> None:
    parsed = parse(delivery(feed, interval_start=[STAMP], **{column: [given_value]}), naive_zone=None)
    assert parsed.rows["value"].tolist() == pytest.approx([value])
    assert parsed.faults.tolist() == [""]


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        pytest.param({"interval_start": [STAMP], "load": ["1"]}, "no column for the value with its unit", id="no unit"),
        pytest.param({"load_kw": ["1"]}, "no column for the interval's start", id="no time"),
        pytest.param(
            {"time": [STAMP], "timestamp": [STAMP], "load_kw": ["1"]}, "mean the same: timestamp, time", id="two times"
        ),
        pytest.param(
            {"time": [STAMP], "load_kw": ["1"], "load_mw": ["1"]}, "mean the same: load_kw, load_mw", id="two values"
        ),
        pytest.param({"time": [STAMP], "load_kw": ["1"], "Load kW": ["1"]}, "mean the same: load_kw", id="same name"),
        pytest.param(
            {"time": [STAMP], "meter": ["a"], "zone": ["b"], "load_kw": ["1"]}, "mean the same", id="two series"
        ),
        pytest.param({}, "has none", id="nothing"),
    ],
)
def test_columns_that_cannot_be_understood_are_refused(columns: dict[str, list[str]], fault: str) -> None:
    with pytest.raises(ColumnFaultError, match=fault):
        parse(delivery(**columns), naive_zone=None)


def test_series_are_named_by_the_source_or_by_default() -> None:
    named = parse(delivery(meter=[" M1 ", 7], time=[STAMP, STAMP], load_kw=["1", "2"]), naive_zone=None)
    assert named.rows["series"].tolist() == ["M1", "7"]
    assert parse(delivery(time=[STAMP], load_kw=["1"]), naive_zone=None).rows["series"].tolist() == ["SITE"]


@pytest.mark.parametrize("name", ["", "  ", None, float("nan")])
def test_a_row_without_its_series_is_told(name: object) -> None:
    parsed = parse(delivery(series=["A", name], time=[STAMP, STAMP], load_kw=["1", "2"]), naive_zone=None)
    assert parsed.faults.tolist() == ["", "missing_series"]


@pytest.mark.parametrize(
    "stamp",
    [
        "2024-03-05T06:00Z",
        "2024-03-05 06:00:00Z",
        "2024-03-05T06:00:00.000+00:00",
        "2024-03-05T00:00-06:00",
        "20240305T060000Z",
        "2024-03-05T07:00:00+0100",
        " 2024-03-05T06:00Z ",
        pd.Timestamp("2024-03-05T00:00-06:00"),
        pytest.param("2024-03-05 06:00:00+00", id="as DuckDB and PostgreSQL write it"),
        pytest.param("2024-03-05 00:00:00-06", id="as DuckDB and PostgreSQL write it, in winter in Chicago"),
    ],
)
def test_a_stamp_with_its_zone_is_read(stamp: object) -> None:
    parsed = parse(delivery(time=[stamp], load_kw=["1"]), naive_zone=None)
    assert parsed.faults.tolist() == [""]
    assert parsed.rows["valid_from"].tolist() == [pd.Timestamp("2024-03-05T06:00Z")]


def test_stamps_with_short_offset_and_without_zone_come_side_by_side() -> None:
    parsed = parse(
        delivery(time=["2024-03-05 06:00:00+00", "2024-03-05 06:15:00"], load_kw=["1", "2"]), naive_zone=None
    )
    assert parsed.faults.tolist() == ["", "stamp_without_zone"]


@pytest.mark.parametrize("dtype", ["datetime64[s, UTC]", "datetime64[ns, America/Chicago]"])
def test_typed_stamps_are_read_in_any_zone_and_resolution(dtype: str) -> None:
    stamps = pd.Series(pd.to_datetime([STAMP, None], utc=True)).astype(dtype)
    parsed = parse(delivery(time=stamps, load_kw=[1.0, 2.0]), naive_zone=None)
    assert parsed.faults.tolist() == ["", "missing_stamp"]
    assert parsed.rows["valid_from"][0] == pd.Timestamp(STAMP)
    assert parsed.rows["valid_from"].dtype == "datetime64[us, UTC]"


@pytest.mark.parametrize(
    ("stamp", "naive_zone", "fault"),
    [
        ("2024-03-05T06:00", None, "stamp_without_zone"),
        ("2024-03-05T06:00", CHICAGO, ""),
        ("2024-03-10T02:30", CHICAGO, "stamp_in_skipped_hour"),
        ("2024-11-03T01:30", CHICAGO, "stamp_in_repeated_hour"),
        ("2024-11-03T01:30-05:00", CHICAGO, ""),
        ("yesterday", CHICAGO, "unreadable_stamp"),
        ("05.03.2024 06:00", CHICAGO, "unreadable_stamp"),
        ("2024-02-30T06:00Z", None, "unreadable_stamp"),
        ("1709618400", None, "unreadable_stamp"),
        ("", None, "missing_stamp"),
        (None, None, "missing_stamp"),
    ],
)
def test_a_stamp_that_is_a_guess_or_no_stamp_is_told(stamp: object, naive_zone: ZoneInfo | None, fault: str) -> None:
    assert fault_of(stamp=stamp, naive_zone=naive_zone) == fault


def test_naive_stamps_are_read_in_the_zone_that_was_set() -> None:
    parsed = parse(delivery(time=["2024-03-09T12:00", "2024-03-10T12:00"], load_kw=["1", "2"]), naive_zone=CHICAGO)
    assert parsed.rows["valid_from"].dt.hour.tolist() == [18, 17]


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("5e2", ""),
        (" 500 ", ""),
        ("-1", ""),
        ("500,5", "value_is_no_number"),
        ("500 kW", "value_is_no_number"),
        ("1_000", "value_is_no_number"),
        ("0x1F", "value_is_no_number"),
        ("True", "value_is_no_number"),
        ("inf", "value_is_infinite"),
        ("-Infinity", "value_is_infinite"),
        ("1e999", "value_is_infinite"),
        pytest.param("1" * 400, "value_is_infinite", id="400 digits"),
        ("", "missing_value"),
        ("nan", "missing_value"),
        (None, "missing_value"),
        (float("nan"), "missing_value"),
        (float("inf"), "value_is_infinite"),
    ],
)
def test_a_value_that_is_no_finite_number_is_told(value: object, fault: str) -> None:
    assert fault_of(value=value) == fault


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "float32", "int16", "object"])
def test_numbers_of_any_type_are_read(dtype: str) -> None:
    parsed = parse(delivery(time=[STAMP], load_kw=pd.Series([500], dtype=dtype)), naive_zone=None)
    assert parsed.rows["value"].tolist() == [500.0]
    assert parsed.faults.tolist() == [""]


def test_all_faults_of_a_row_are_told() -> None:
    assert fault_of(stamp="soon", value="n/a", series="") == "unreadable_stamp,value_is_no_number,missing_series"


@pytest.mark.parametrize(
    ("end", "fault"),
    [
        ("2024-03-05T06:15Z", ""),
        ("2024-03-05T07:00Z", "interval_length"),
        ("", "missing_stamp"),
        ("soon", "unreadable_stamp"),
    ],
)
def test_an_interval_end_must_fit_the_feed(end: str, fault: str) -> None:
    assert fault_of(interval_end=end) == fault


def test_revisions_are_numbers_and_surplus_fields_a_fault() -> None:
    parsed = parse(delivery(time=[STAMP] * 3, load_kw=["1"] * 3, revision=["2", "x", "1"]), naive_zone=None)
    assert parsed.rows["revision"].tolist() == pytest.approx([2.0, np.nan, 1.0], nan_ok=True)
    assert parsed.faults.tolist() == ["", "revision_is_no_number", ""]
    assert fault_of(surplus_fields="9;9") == "surplus_fields"


def test_raw_texts_are_json_of_the_row_as_delivered() -> None:
    given_rows = delivery(Time=[STAMP, None], load_kw=["0500.50", None], Note=["°C – ü", "b"])
    first, second = raw_texts(given_rows, given_rows.rows.index)
    assert json.loads(first) == {"Time": STAMP, "load_kw": "0500.50", "Note": "°C – ü"}
    json.loads(second, parse_constant=lambda token: pytest.fail(f"{token} is not JSON"))


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)


@given(rows=st.lists(st.tuples(texts, texts), min_size=1, max_size=6, unique=True))
def test_fingerprints_tell_rows_and_feeds_apart(rows: list[tuple[str, str]]) -> None:
    stamps, values = zip(*rows, strict=True)
    load = delivery(time=list(stamps), load_kw=list(values))
    same_for_price = delivery(PRICE, time=list(stamps), load_kw=list(values))
    stayed = pd.Series("", index=load.rows.index)
    digests = fingerprints(load, stayed)
    assert digests.is_unique
    assert digests.tolist() == fingerprints(load, stayed).tolist()
    assert not set(digests) & set(fingerprints(same_for_price, stayed))
    assert not set(digests) & set(fingerprints(load, stayed + "identical_duplicate"))


@given(
    rows=st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=8),
    naive_zone=st.sampled_from([None, CHICAGO]),
)
def test_any_text_is_parsed_or_told_why_not(rows: list[tuple[str, str, str]], naive_zone: ZoneInfo | None) -> None:
    stamps, values, names = map(list, zip(*rows, strict=True))
    parsed = parse(delivery(time=stamps, load_kw=values, series=names), naive_zone=naive_zone)
    good = parsed.rows[parsed.faults == ""]
    assert len(parsed.rows) == len(parsed.faults) == len(rows)
    assert np.isfinite(good["value"]).all()
    assert good["valid_from"].notna().all()
    assert (good["series"].str.len() > 0).all()


@given(moment=st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1)), offset_minutes=st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_zoned_stamps_keep_their_instant(moment: datetime, offset_minutes: int) -> None:
    stamp = moment.replace(tzinfo=timezone(timedelta(minutes=offset_minutes))).isoformat()
    parsed = parse(delivery(time=[stamp], load_kw=["1"]), naive_zone=None)
    assert parsed.faults.tolist() == [""]
    assert parsed.rows["valid_from"].tolist() == [pd.Timestamp(stamp)]
