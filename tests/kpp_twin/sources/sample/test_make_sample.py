"""The bundled data is what its attribution says, and is made anew as it was made."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from kpp_twin.settings import BUNDLED_DATA
from kpp_twin.sources.sample import make_sample
from kpp_twin.timegrid import TimeGrid

CHICAGO = ZoneInfo("America/Chicago")
QUARTER = timedelta(minutes=15)


@pytest.fixture(scope="module")
def bundled() -> dict[str, pd.DataFrame]:
    return {name: pd.read_parquet(BUNDLED_DATA / f"{name}.parquet") for name in ("price", "load", "weather")}


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("price", 35_040, ["series", "interval_start", "price_per_mwh"]),
        ("load", 25_972, ["series", "interval_start", "load_kw"]),
        ("weather", 25_972, ["series", "interval_start", "temperature_c"]),
    ],
)
def test_rows_and_columns(bundled: dict[str, pd.DataFrame], name: str, rows: int, columns: list[str]) -> None:
    frame = bundled[name]
    assert (len(frame), list(frame.columns)) == (rows, columns)
    assert str(frame["interval_start"].dt.tz) == "UTC"
    assert frame.notna().all(axis=None)


@pytest.mark.parametrize(("hub", "lowest", "highest"), [("HB_HOUSTON", 0.06, 8995.11), ("HB_WEST", -13.41, 9000.01)])
def test_prices_of_each_hub(bundled: dict[str, pd.DataFrame], hub: str, lowest: float, highest: float) -> None:
    prices = bundled["price"].query("series == @hub").set_index("interval_start")["price_per_mwh"]
    assert (prices.min(), prices.max()) == (lowest, highest)
    assert prices.idxmax().strftime("%Y-%m") == "2021-02"
    whole = TimeGrid.between(datetime(2021, 1, 1, 6, tzinfo=UTC), datetime(2023, 1, 1, 6, tzinfo=UTC), 60)
    assert prices.index.equals(whole.index)


def test_prices_have_the_long_and_the_short_days(bundled: dict[str, pd.DataFrame]) -> None:
    day = bundled["price"]["interval_start"].dt.tz_convert(CHICAGO).dt.strftime("%Y-%m-%d")
    hours = bundled["price"].groupby(["series", day]).size()
    for hub in ("HB_HOUSTON", "HB_WEST"):
        odd = hours[hub][hours[hub] != 24].to_dict()
        assert odd == {"2021-03-14": 23, "2021-11-07": 25, "2022-03-13": 23, "2022-11-06": 25}
        assert len(hours[hub]) == 730


def test_load_is_that_of_the_replica(bundled: dict[str, pd.DataFrame]) -> None:
    load_kw = bundled["load"]["load_kw"]
    assert load_kw.mean() == pytest.approx(633.7, abs=0.1)
    assert load_kw.max() == pytest.approx(1083.4, abs=0.1)
    assert load_kw.min() > 0
    assert bundled["weather"]["temperature_c"].between(-15, 45).all()
    pd.testing.assert_series_equal(bundled["load"]["interval_start"], bundled["weather"]["interval_start"])


@pytest.mark.parametrize(("name", "identical"), [("load", 0), ("weather", 14)])
def test_fourteen_stamps_come_twice(bundled: dict[str, pd.DataFrame], name: str, identical: int) -> None:
    frame = bundled[name]
    assert frame.duplicated(["series", "interval_start"]).sum() == 14
    assert frame.duplicated().sum() == identical


def test_a_duplicate_stands_where_the_gap_is_and_the_rows_before_it_are_on_time(
    bundled: dict[str, pd.DataFrame],
) -> None:
    """Were the rows between a stamp's first coming and the gap 15 minutes early, a row number would not give its time.

    It does, for each row but the 14, from the first to the last: those 14 bear a wrong stamp and shift nothing.
    """
    stamp = bundled["load"]["interval_start"]
    by_row_number = pd.date_range(stamp.iloc[0], periods=len(stamp), freq=QUARTER)
    misplaced = (stamp < stamp.cummax()).to_numpy()
    assert misplaced.sum() == 14
    assert (stamp[~misplaced] == by_row_number[~misplaced]).all()
    missing = by_row_number.difference(pd.DatetimeIndex(stamp))
    assert missing.tolist() == by_row_number[misplaced].tolist()
    assert stamp[misplaced].isin(stamp[~misplaced]).all()


def test_the_temperature_of_a_misplaced_row_was_looked_up_by_its_wrong_stamp(bundled: dict[str, pd.DataFrame]) -> None:
    """So its load is of the gap, and its stamp is what went wrong."""
    weather = bundled["weather"]
    misplaced = weather["interval_start"] < weather["interval_start"].cummax()
    first = weather[~misplaced].set_index("interval_start")["temperature_c"]
    assert (weather["temperature_c"][misplaced] == weather["interval_start"][misplaced].map(first)).all()


def stamps(day: str, hours: list[str], flags: list[str]) -> list[str]:
    start = make_sample.interval_start(pd.Series([day] * len(hours)), pd.Series(hours), pd.Series(flags))
    return start.dt.strftime("%dT%H").tolist()


def test_hour_ending_stamps_become_starts_in_utc() -> None:
    assert stamps("10/14/2021", ["01:00", "24:00"], ["N", "N"]) == ["14T05", "15T04"]


def test_the_flag_tells_the_two_passes_of_the_repeated_hour_apart() -> None:
    assert stamps("11/07/2021", ["01:00", "02:00", "02:00", "03:00"], ["N", "N", "Y", "N"]) == [
        "07T05",
        "07T06",
        "07T07",
        "07T08",
    ]


def test_the_skipped_hour_does_not_exist() -> None:
    assert stamps("03/14/2021", ["02:00", "04:00"], ["N", "N"]) == ["14T07", "14T08"]
    with pytest.raises(ValueError, match="nonexistent"):
        stamps("03/14/2021", ["03:00"], ["N"])


def test_price_frame_keeps_the_two_hubs_in_order_of_time() -> None:
    sheet = pd.DataFrame(
        {
            "Delivery Date": "10/14/2021",
            "Hour Ending": ["02:00", "01:00", "01:00", "02:00", "01:00"],
            "Repeated Hour Flag": "N",
            "Settlement Point": ["HB_WEST", "HB_WEST", "HB_HOUSTON", "HB_HOUSTON", "HB_NORTH"],
            "Settlement Point Price": [4.0, 2.0, 1.0, 3.0, 9.0],
        }
    )
    prices = make_sample.price_frame([sheet[:2], sheet[2:]])
    assert prices["price_per_mwh"].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert prices["series"].tolist() == ["HB_HOUSTON", "HB_WEST"] * 2


def test_site_frames_scale_convert_and_keep_the_order() -> None:
    stamp = pd.to_datetime(["2021-05-01 06:15", "2021-05-01 06:00"])
    rows = pd.DataFrame({"Timestamp": stamp, "Aux Power": [12.0, 13.0], "Ambient Temperature": [77.0, 32.0]})
    load, weather = make_sample.site_frames(rows)
    assert load["load_kw"].tolist() == [600.0, 650.0]
    assert weather["temperature_c"].tolist() == [25.0, 0.0]
    assert load["interval_start"].tolist() == stamp.tz_localize("UTC").tolist()


def test_writing_the_same_rows_gives_the_same_bytes(tmp_path: Path, bundled: dict[str, pd.DataFrame]) -> None:
    for name in ("a", "b"):
        make_sample.write(bundled["load"], tmp_path / f"{name}.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a.parquet"), bundled["load"])
