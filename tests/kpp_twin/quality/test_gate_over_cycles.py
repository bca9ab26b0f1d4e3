"""The gate from cycle to cycle: live or in bulk, late, corrected, or delivered again."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from kpp_twin.cycle import run_cycle
from kpp_twin.feeds import LOAD
from kpp_twin.quality.gate import GateSettings, check
from kpp_twin.records import Checked, CycleReport, Delivery, Seen, Slot
from kpp_twin.settings import Settings
from kpp_twin.store.connection import open_live
from kpp_twin.store.history import read_history, read_start

SITE = GateSettings(zone=ZoneInfo("America/Chicago"), naive_zone=None, rated_load_kw=1000.0, currency="USD")
START = datetime(2024, 3, 4, 6, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
LOOKBACK = timedelta(days=8)
FAST = (Phase.explicit, Phase.generate)  # making a failure smaller would take minutes


def rows_of(values: list[float], first: datetime = START, **more: object) -> pd.DataFrame:
    stamps = [f"{first + QUARTER * n:%Y-%m-%dT%H:%MZ}" for n in range(len(values))]
    return pd.DataFrame({"interval_start": stamps, "load_kw": [repr(value) for value in values], **more})


@dataclass
class Meter:
    """A load feed that is read cycle after cycle, and what a store would have kept of it."""

    admitted: pd.DataFrame = field(default_factory=pd.DataFrame)
    quarantined: pd.DataFrame = field(default_factory=pd.DataFrame)
    previous_as_of: datetime | None = None

    def read(self, source: pd.DataFrame, as_of: datetime) -> Checked:
        origins = pd.Series([f"load.csv:{n + 2}" for n in range(len(source))], dtype=object)
        delivery = Delivery(feed=LOAD, rows=source, origins=origins, source="data")
        seen = self._seen(as_of)
        checked = check(delivery, seen, as_of=as_of, previous_as_of=self.previous_as_of, site=SITE)
        if len(checked.quarantined):  # what is kept must be judged alike, else a replay would differ
            kept = check(checked.delivery, seen, as_of=as_of, previous_as_of=self.previous_as_of, site=SITE)
            pd.testing.assert_frame_equal(kept.admitted, checked.admitted)
            pd.testing.assert_frame_equal(kept.quarantined, checked.quarantined)
        self.admitted = pd.concat([self.admitted, checked.admitted], ignore_index=True)
        self.quarantined = pd.concat([self.quarantined, checked.quarantined], ignore_index=True)
        self.previous_as_of = as_of
        return checked

    def read_hourly(self, source: pd.DataFrame, hours: int) -> None:
        for hour in range(1, hours + 1):
            self.read(source, START + timedelta(hours=hour, minutes=15))

    def latest(self) -> pd.Series:
        newest = self.admitted.sort_values("known_at", kind="stable").drop_duplicates("valid_from", keep="last")
        return newest.set_index("valid_from")["load_kw"].sort_index()

    def _seen(self, as_of: datetime) -> Seen:
        if not len(self.admitted):
            empty = pd.DataFrame({"series": [], "valid_from": pd.DatetimeIndex([], tz="UTC"), "value": np.array([])})
            return Seen(
                feed=LOAD, since=None, versions=empty, refused=frozenset(self.quarantined.get("fingerprint", []))
            )
        since = min(self.latest().index.max(), pd.Timestamp(as_of - LOOKBACK))
        versions = self.admitted[self.admitted["valid_from"] >= since].sort_values("known_at", kind="stable")
        versions = versions.rename(columns={"load_kw": "value"})[["series", "valid_from", "value"]]
        refused = frozenset(self.quarantined.get("fingerprint", []))
        return Seen(feed=LOAD, since=since.to_pydatetime(), versions=versions, refused=refused)


def varied(count: int, first: int = 0) -> list[float]:
    return [500.0 + (7 * n) % 101 for n in range(first, first + count)]


@pytest.mark.parametrize("before", [4, 6])
def test_a_stuck_meter_is_quarantined_from_its_twelfth_value_on_live_as_in_bulk(before: int) -> None:
    stuck = 22
    source = rows_of([*varied(before), *[444.0] * stuck, *varied(36 - before - stuck, 70)])
    live, bulk = Meter(), Meter()
    live.read_hourly(source, 9)
    bulk.read(source, START + timedelta(hours=9, minutes=15))
    assert len(bulk.quarantined) == stuck - 11
    assert set(bulk.quarantined["reason"]) == {"stuck"}
    assert sorted(live.quarantined["valid_from"]) == sorted(bulk.quarantined["valid_from"])
    pd.testing.assert_series_equal(live.latest(), bulk.latest())


def test_a_meter_that_moves_again_is_believed_again() -> None:
    live = Meter()
    live.read_hourly(rows_of([*varied(4), *[444.0] * 14, *varied(8, 50), *[444.0] * 6]), 8)
    assert len(live.quarantined) == 3
    assert live.latest().iloc[-6:].tolist() == [444.0] * 6


@given(values=st.lists(st.floats(10.0, 990.0).map(lambda v: round(v, 2)), min_size=14, max_size=16, unique=True))
@settings(max_examples=2, phases=FAST)
def test_live_and_bulk_admit_the_same_rows_known_at_the_same_time(values: list[float]) -> None:
    live, bulk = Meter(), Meter()
    live.read_hourly(rows_of(values), 4)
    bulk.read(rows_of(values), START + timedelta(hours=4, minutes=15))
    columns = ["valid_from", "known_at", "load_kw"]
    pd.testing.assert_frame_equal(live.admitted[columns], bulk.admitted[columns])


def test_a_correction_is_a_new_row_known_from_now_on() -> None:
    meter, values = Meter(), varied(12)
    meter.read_hourly(rows_of(values), 3)
    values[5] = 950.0
    as_of = START + timedelta(hours=4, minutes=15)
    checked = meter.read(rows_of(values), as_of)
    assert checked.admitted["load_kw"].tolist() == [950.0]
    assert checked.admitted["known_at"].tolist() == [pd.Timestamp(as_of)]
    assert set(checked.admitted["flags"][0].split(",")) == {"correction", "jump", "spike"}  # judged by its neighbours
    assert meter.latest()[START + 5 * QUARTER] == 950.0
    assert meter.read(rows_of(values), as_of + timedelta(hours=1)).rows_in == 0


def test_a_correction_of_a_correction_may_bring_the_first_value_back() -> None:
    meter, first = Meter(), varied(12)
    changed = [*first[:5], 777.0, *first[6:]]
    for hour, values in ((3, first), (4, changed), (5, first)):
        meter.read(rows_of(values), START + timedelta(hours=hour, minutes=15))
    assert meter.admitted.query("flags.str.contains('correction')")["load_kw"].tolist() == [777.0, first[5]]
    assert meter.latest()[START + 5 * QUARTER] == first[5]


def test_the_first_value_may_come_back_also_if_it_had_come_twice() -> None:
    meter, first = Meter(), varied(12)
    doubled = rows_of(first).iloc[[*range(12), 5]].reset_index(drop=True)
    changed = rows_of([*first[:5], 777.0, *first[6:]])
    for hour, source in ((3, doubled), (4, changed), (5, rows_of(first))):
        meter.read(source, START + timedelta(hours=hour, minutes=15))
    assert meter.quarantined["reason"].tolist() == ["identical_duplicate"]
    assert meter.latest()[START + 5 * QUARTER] == first[5]


def test_a_revision_that_stands_beside_what_it_corrects_holds() -> None:
    """Sources append: the old row stays in the file, and must not come back as a correction of its own correction."""
    meter, values = Meter(), varied(12)
    meter.read(rows_of(values, revision="0"), START + timedelta(hours=3, minutes=15))
    appended = pd.concat(
        [rows_of(values, revision="0"), rows_of([777.0], START + 5 * QUARTER, revision="1")], ignore_index=True
    )
    for hour in (4, 5, 6):
        meter.read(appended, START + timedelta(hours=hour, minutes=15))
        assert meter.latest()[START + 5 * QUARTER] == 777.0
    assert len(meter.admitted) == 13


def test_an_appended_row_without_revision_does_not_change_the_history_for_ever() -> None:
    meter, values = Meter(), varied(12)
    meter.read(rows_of(values), START + timedelta(hours=3, minutes=15))
    appended = pd.concat([rows_of(values), rows_of([777.0], START + 5 * QUARTER)], ignore_index=True)
    counts = [meter.read(appended, START + timedelta(hours=hour, minutes=15)).rows_in for hour in range(4, 9)]
    assert counts[2:] == [0, 0, 0]


def test_a_late_row_is_known_from_the_cycle_that_first_saw_it() -> None:
    meter, source = Meter(), rows_of(varied(16))
    meter.read(source.drop(index=[6, 7]).reset_index(drop=True), START + timedelta(hours=3, minutes=15))
    as_of = START + timedelta(hours=4, minutes=15)
    checked = meter.read(source, as_of)
    late = checked.admitted["valid_from"] < pd.Timestamp(START + 12 * QUARTER)
    assert late.tolist() == [True, True, False, False, False, False]
    assert set(checked.admitted["known_at"][late]) == {pd.Timestamp(as_of)}
    punctual = checked.admitted[~late]
    assert (punctual["known_at"] == punctual["valid_from"] + 2 * QUARTER).all()
    assert not checked.admitted["flags"].str.contains("correction").any()


def test_an_outage_longer_than_the_look_back_does_not_bring_the_history_again() -> None:
    meter = Meter()
    before = rows_of(varied(40))
    meter.read(before, START + timedelta(hours=10, minutes=15))
    after = rows_of(varied(8), START + timedelta(days=12))
    checked = meter.read(pd.concat([before, after], ignore_index=True), START + timedelta(days=12, hours=2, minutes=15))
    assert checked.rows_in == 8


def run_hourly(twin_settings: Settings, hours: int) -> CycleReport:
    return run_cycle(twin_settings, Slot(kind="hourly", as_of=START + timedelta(hours=hours, minutes=15)))


def load_as_of(twin_settings: Settings, as_of: datetime) -> float:
    """What a later cycle with this `as_of` would know of the load at START."""
    with open_live(twin_settings) as connection:
        start = read_start(connection, Slot(kind="hourly", as_of=as_of), twin_settings.feeds, LOOKBACK)
        (series,) = [s for s in read_history(connection, start, twin_settings.feeds, 10).series if s.variable == "load"]
    (position,) = series.grid.positions(pd.DatetimeIndex([START]))
    return float(series.values[position])


def test_dq_05_a_query_as_of_before_a_revision_gives_the_old_value_and_after_it_the_new(
    twin_settings: Settings, data_folder: Path
) -> None:
    run_hourly(twin_settings, 2)
    file = data_folder / "load.csv"
    frame = pd.read_csv(file)
    is_start = frame["interval_start"] == f"{START:%Y-%m-%dT%H:%M:%SZ}"
    old = frame.loc[is_start, "load_kw"].item()
    frame.loc[is_start, "load_kw"] = old + 25.0
    frame.to_csv(file, index=False)
    assert run_hourly(twin_settings, 3).row_counts["site_load"] == 5
    assert load_as_of(twin_settings, START + timedelta(hours=3, minutes=14)) == old
    assert load_as_of(twin_settings, START + timedelta(hours=3, minutes=15)) == old + 25.0
    assert run_hourly(twin_settings, 4).row_counts["site_load"] == 4


def test_dirt_reaches_the_quarantine_of_the_store_once(twin_settings: Settings, data_folder: Path) -> None:
    with (data_folder / "load.csv").open("a", encoding="utf-8") as stream:
        stream.write("SITE,2024-03-04T06:07:00Z,500\nSITE,soon,500\nSITE,2024-03-04T06:00:00Z,n/a\n")
    counts = []
    for hours in (2, 3):
        report = run_hourly(twin_settings, hours)
        assert report.rows_in == report.rows_admitted + report.rows_quarantined
        counts.append(report.rows_quarantined)
    assert counts == [3, 0]


def test_csv_and_parquet_of_one_feed_go_together(twin_settings: Settings, data_folder: Path) -> None:
    frame = pd.read_csv(data_folder / "load.csv", parse_dates=["interval_start"])
    is_old = frame["interval_start"] < START - timedelta(days=1)
    frame[is_old].to_parquet(data_folder / "load-1.parquet", index=False)
    frame[~is_old].to_csv(data_folder / "load-2.csv", index=False)
    (data_folder / "load.csv").unlink()
    report = run_hourly(twin_settings, 2)
    assert report.rows_quarantined == 0
    assert report.row_counts["site_load"] == (frame["interval_start"] < START + timedelta(hours=2)).sum()
