"""The gate at one delivery: no row is lost or doubled, and what is refused is told why."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from kpp_twin.feeds import LOAD, PRICE, WEATHER, Feed
from kpp_twin.quality.gate import GateSettings, RefusedError, check
from kpp_twin.records import Checked, Delivery, Seen
from kpp_twin.settings import BUNDLED_DATA

SITE = GateSettings(zone=ZoneInfo("America/Chicago"), naive_zone=None, rated_load_kw=1000.0, currency="USD")
AS_OF = datetime(2024, 3, 5, 12, 15, tzinfo=UTC)
HOURS_KNOWN = 48
FAST = (Phase.explicit, Phase.generate)  # making a failure smaller would take minutes


def delivery(feed: Feed = LOAD, **columns: object) -> Delivery:
    rows = pd.DataFrame(columns)
    origins = pd.Series([f"{feed.name}.csv:{n + 2}" for n in range(len(rows))], dtype=object)
    return Delivery(feed=feed, rows=rows, origins=origins, source="data")


def known_rows(feed: Feed, values: np.ndarray, start: datetime) -> pd.DataFrame:
    valid_from = pd.date_range(start, periods=len(values), freq=f"{feed.step_minutes}min", unit="us")
    return pd.DataFrame({"series": "SITE", "valid_from": valid_from, "value": values})


NOTHING = known_rows(LOAD, np.array([]), AS_OF)


def seen(feed: Feed, recent: pd.DataFrame = NOTHING) -> Seen:
    since = AS_OF - timedelta(days=8) if len(recent) else None
    return Seen(feed=feed, since=since, versions=recent, refused=frozenset())


def judged(given_rows: Delivery, recent: pd.DataFrame = NOTHING, previous_as_of: datetime | None = None) -> Checked:
    return check(given_rows, seen(given_rows.feed, recent), as_of=AS_OF, previous_as_of=previous_as_of, site=SITE)


def stamps(count: int, feed: Feed = LOAD, start: datetime = datetime(2024, 3, 4, 6, tzinfo=UTC)) -> list[str]:
    return [f"{start + timedelta(minutes=feed.step_minutes) * n:%Y-%m-%dT%H:%MZ}" for n in range(count)]


def uneven(count: int, middle: float) -> np.ndarray:
    """Values around a middle of which no two are equal."""
    return middle * (1 + 0.05 * np.sin(np.arange(count)) + 0.001 * np.arange(count) / max(1, count))


def reasons(checked: Checked) -> list[str]:
    return checked.quarantined["reason"].tolist() if len(checked.quarantined) else []


good_stamp = st.sampled_from(stamps(30))
dirty_stamp = st.sampled_from(
    ["2024-03-04T06:07Z", "2024-03-04T06:00", "2024-03-04", "", "soon", "2024-13-01T00:00Z", "2024-03-04 06:30:00+00"]
)
good_value = st.floats(1.0, 1000.0).map(lambda value: f"{value:.3f}")
dirty_value = st.sampled_from(["", "NaN", "n/a", "inf", "-inf", "1e400", "-7.5", "1500", "500 kW", "1,5", "0x1F"])
row = st.tuples(good_stamp, good_value)
dirty_row = st.tuples(good_stamp | dirty_stamp, good_value | dirty_value)
noisy_rows = st.lists(st.one_of(row, row, dirty_row), min_size=1, max_size=22)


def texts_of(checked: Checked, given_rows: Delivery) -> Counter[tuple[str, str]]:
    """Admitted rows, matched to the delivery by their figures, and quarantined rows by their raw text."""
    found = [(raw["interval_start"], raw["load_kw"]) for raw in map(json.loads, checked.quarantined.get("raw", []))]
    left = Counter(map(tuple, given_rows.rows.to_numpy().tolist())) - Counter(found)
    by_figures = {}
    for stamp, value in left.elements():
        by_figures.setdefault((pd.Timestamp(stamp), float(value)), []).append((stamp, value))
    admitted = checked.admitted.to_dict("records")
    return Counter(found + [by_figures[item["valid_from"], item["load_kw"]].pop() for item in admitted])


@given(rows=noisy_rows)
@settings(max_examples=10, phases=FAST)
def test_no_row_is_lost_or_doubled_whatever_the_dirt(rows: list[tuple[str, str]]) -> None:
    given_rows = delivery(interval_start=[r[0] for r in rows], load_kw=[r[1] for r in rows])
    checked = judged(given_rows)
    assert checked.rows_in == len(rows) == len(checked.admitted) + len(checked.quarantined)
    assert texts_of(checked, given_rows) == Counter(rows)
    if len(checked.admitted):
        assert not checked.admitted.duplicated(["series", "valid_from"]).any()
        assert checked.admitted["load_kw"].between(0, 1200).all()
        assert (checked.admitted["known_at"] <= pd.Timestamp(AS_OF)).all()
        assert (checked.admitted["known_at"] >= checked.admitted["valid_from"] + pd.Timedelta("30min")).all()
    for item in checked.quarantined.to_dict("records"):
        assert item["reason"]
        n = int(item["origin"].removeprefix("load.csv:")) - 2
        assert json.loads(item["raw"]) == dict(zip(("interval_start", "load_kw"), rows[n], strict=True))
    assert checked.results["rows_checked"].max() <= len(rows)


@given(rows=noisy_rows)
@settings(max_examples=6, phases=FAST)
def test_the_same_rows_again_add_nothing(rows: list[tuple[str, str]]) -> None:
    given_rows = delivery(interval_start=[r[0] for r in rows], load_kw=[r[1] for r in rows])
    first = judged(given_rows)
    admitted = first.admitted if len(first.admitted) else NOTHING.assign(load_kw=0.0)
    held = Seen(
        feed=LOAD,
        since=AS_OF - timedelta(days=8) if len(first.admitted) else None,
        versions=admitted.rename(columns={"load_kw": "value"})[["series", "valid_from", "value"]],
        refused=frozenset(first.quarantined.get("fingerprint", [])),
    )
    again = check(given_rows, held, as_of=AS_OF, previous_as_of=AS_OF, site=SITE)
    assert again.rows_in == 0


@pytest.mark.parametrize("feed", [PRICE, LOAD, WEATHER], ids=lambda feed: feed.name)
def test_admitted_rows_have_what_their_table_asks_for(feed: Feed) -> None:
    values = [str(value) for value in uneven(24, 20.0)]
    checked = judged(delivery(feed, interval_start=stamps(24, feed), **{feed.value_column: values}))
    assert len(checked.admitted) == 24
    assert set(checked.admitted["source"]) == {f"data/{feed.name}.csv"}
    assert (checked.admitted["duration_minutes"] == feed.step_minutes).all()
    assert ("currency" in checked.admitted) == (feed is PRICE)
    published = feed.known_at(checked.admitted["valid_from"], SITE.zone)
    assert (checked.admitted["known_at"] == published).all()


@pytest.mark.parametrize("feed", [PRICE, LOAD, WEATHER], ids=lambda feed: feed.name)
def test_rows_that_cannot_be_known_yet_wait(feed: Feed) -> None:
    ahead = stamps(96, feed, start=AS_OF.replace(minute=0) - timedelta(hours=2))
    checked = judged(delivery(feed, interval_start=ahead, **{feed.value_column: map(str, uneven(96, 20.0))}))
    assert 0 < checked.rows_in < 96
    assert checked.admitted["known_at"].max() <= pd.Timestamp(AS_OF)
    last = checked.admitted["valid_from"].max() + pd.Timedelta(minutes=feed.step_minutes)
    assert last == feed.latest_known(AS_OF, SITE.zone)


@pytest.mark.parametrize(
    ("values", "revisions", "kept", "kept_flags", "reason"),
    [
        pytest.param(["500", "500"], ["0", "0"], 500.0, "", "identical_duplicate", id="identical"),
        pytest.param(["500", "510"], ["0", "0"], 500.0, "conflicting_stamp", "conflicting_stamp", id="first of two"),
        pytest.param(["500", "510"], ["0", "1"], 510.0, "conflicting_stamp", "conflicting_stamp", id="latest revision"),
        pytest.param(["500", "510"], ["2", "1"], 500.0, "conflicting_stamp", "conflicting_stamp", id="revision first"),
    ],
)
def test_dq_06_of_two_rows_with_one_stamp_one_stays(
    values: list[str], revisions: list[str], kept: float, kept_flags: str, reason: str
) -> None:
    checked = judged(delivery(interval_start=stamps(1) * 2, load_kw=values, revision=revisions))
    assert checked.admitted["load_kw"].tolist() == [kept]
    assert checked.admitted["flags"].tolist() == [kept_flags]
    assert reasons(checked) == [reason]
    assert json.loads(checked.quarantined["raw"][0])["load_kw"] != f"{kept:g}" or reason == "identical_duplicate"


def test_an_instant_counts_as_one_however_it_is_written() -> None:
    checked = judged(delivery(interval_start=["2024-03-04T06:00Z", "2024-03-04T00:00-06:00"], load_kw=["5", "5.0"]))
    assert (len(checked.admitted), reasons(checked)) == (1, ["identical_duplicate"])


def test_two_meters_may_share_an_instant() -> None:
    checked = judged(delivery(meter=["A", "B"], interval_start=stamps(1) * 2, load_kw=["500", "400"]))
    assert (len(checked.admitted), len(checked.quarantined)) == (2, 0)


@pytest.mark.parametrize("value", ["-0.001", "1200.5", "1e300"])
def test_a_load_that_cannot_be_is_quarantined(value: str) -> None:
    values = [str(v) for v in uneven(8, 500.0)]
    values[4] = value
    checked = judged(delivery(interval_start=stamps(8), load_kw=values))
    assert (len(checked.admitted), reasons(checked)) == (7, ["range"])


def test_a_flag_stays_with_its_row() -> None:
    values = uneven(12, 400.0)
    values[6] = 900.0
    checked = judged(delivery(interval_start=stamps(12), load_kw=map(str, values)))
    flags = dict(zip(checked.admitted["load_kw"], checked.admitted["flags"], strict=True))
    assert flags[900.0] == "jump,spike"
    assert flags[values[0]] == ""


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_row_without_its_meter_is_quarantined(missing: object) -> None:
    checked = judged(delivery(meter=["A", missing], interval_start=stamps(2), load_kw=["500", "400"]))
    assert (checked.admitted["series"].tolist(), reasons(checked)) == (["A"], ["missing_series"])


@pytest.mark.parametrize("feed", [PRICE, LOAD], ids=lambda feed: feed.name)
def test_the_empty_date_of_a_database_is_quarantined(feed: Feed) -> None:
    given_rows = delivery(
        feed, interval_start=["0001-01-01T00:00:00Z", *stamps(2, feed)], **{feed.value_column: ["5", "6", "7"]}
    )
    checked = judged(given_rows)
    assert (len(checked.admitted), len(checked.quarantined)) == (2, 1)


def test_parquet_rows_with_missing_numbers_are_quarantined_as_json() -> None:
    start = pd.to_datetime(stamps(2), utc=True)
    checked = judged(delivery(interval_start=start, load_kw=[500.0, None]))
    assert reasons(checked) == ["missing_value"]
    json.loads(checked.quarantined["raw"][0], parse_constant=lambda token: pytest.fail(f"{token} is not JSON"))


@pytest.mark.parametrize(
    ("feed", "known", "new", "is_blocked"),
    [
        pytest.param(LOAD, 500.0, 0.5, True, id="MW taken for kW"),
        pytest.param(LOAD, 0.5, 500.0, True, id="kW taken for MW"),
        pytest.param(LOAD, 500.0, 5.0, False, id="site nearly at rest"),
        pytest.param(PRICE, 25.0, 0.025, True, id="price per kWh"),
        pytest.param(PRICE, 12_000.0, 12.0, True, id="price per kWh in yen"),
        pytest.param(PRICE, 25.0, 9000.0, False, id="storm"),
        pytest.param(PRICE, 25.0, 0.5, False, id="hour of much wind"),
    ],
)
def test_another_unit_blocks_and_a_true_change_does_not(feed: Feed, known: float, new: float, is_blocked: bool) -> None:
    start = datetime(2024, 3, 4, 6, tzinfo=UTC)
    steps = HOURS_KNOWN * 60 // feed.step_minutes
    recent = known_rows(feed, uneven(steps, known), start - timedelta(hours=HOURS_KNOWN))
    given_rows = delivery(feed, interval_start=stamps(24, feed), **{feed.value_column: map(str, uneven(24, new))})
    if not is_blocked:
        assert len(judged(given_rows, recent).admitted) == 24
        return
    with pytest.raises(RefusedError, match="rule unit failed for 24 row") as caught:
        judged(given_rows, recent)
    assert caught.value.exit_code == 4
    assert feed.value_column.rsplit("_", 1)[0] in caught.value.next_step
    assert [json.loads(text)["interval_start"] for text in caught.value.rows] == stamps(24, feed)


def test_the_first_load_in_mw_under_a_column_of_kw_is_blocked() -> None:
    with pytest.raises(RefusedError, match="rule unit"):
        judged(delivery(interval_start=stamps(8), load_kw=map(str, uneven(8, 0.5))))


def test_a_storm_day_is_flagged_and_admitted() -> None:
    start = datetime(2024, 3, 4, 6, tzinfo=UTC)
    recent = known_rows(PRICE, uneven(168, 25.0), start - timedelta(hours=168))
    values = [str(v) for v in uneven(24, 25.0)]
    values[8:20] = ["9000"] * 11 + ["9000.01"]
    checked = judged(delivery(PRICE, interval_start=stamps(24, PRICE), price_per_mwh=values), recent)
    assert (len(checked.admitted), len(checked.quarantined)) == (24, 0)
    failed = checked.results[~checked.results["passed"]].set_index("rule")["action"]
    assert failed.get("above_offer_cap") == "flag"
    assert set(failed) == {"flag"}
    flags = checked.admitted["flags"].str.split(",")
    assert flags[checked.admitted["price_per_mwh"] >= 9000].str.contains("above_offer_cap", regex=False).all()


def test_real_prices_pass_through_the_storm_of_february_2021_and_out_of_it() -> None:
    """Each day of both hubs as it was published, with the eight days before it known."""
    prices = pd.read_parquet(BUNDLED_DATA / "price.parquet").rename(
        columns={"price_per_mwh": "value", "interval_start": "valid_from"}
    )
    for day in pd.date_range("2021-02-12", "2021-02-26", tz=SITE.zone):
        as_of = day - pd.Timedelta("10h15min")
        is_new = (prices["valid_from"] >= day) & (prices["valid_from"] < day + pd.DateOffset(days=1))
        recent = prices[(prices["valid_from"] >= as_of - pd.Timedelta("8D")) & (prices["valid_from"] < day)]
        new = prices[is_new].reset_index(drop=True)
        given_rows = delivery(PRICE, series=new["series"], interval_start=new["valid_from"], price_per_mwh=new["value"])
        context = Seen(
            feed=PRICE, since=as_of.to_pydatetime() - timedelta(days=8), versions=recent, refused=frozenset()
        )
        checked = check(given_rows, context, as_of=as_of.to_pydatetime(), previous_as_of=None, site=SITE)
        assert (len(checked.admitted), len(checked.quarantined)) == (48, 0)


@pytest.mark.parametrize(
    ("stamp", "value", "fault"),
    [
        ("2024-03-04T06:00", "500", "30 of 30 new rows are bad, mostly stamp_without_zone"),
        (None, "500,5", "30 of 30 new rows are bad, mostly value_is_no_number"),
    ],
)
def test_a_delivery_that_is_mostly_bad_is_refused_whole(stamp: str | None, value: str, fault: str) -> None:
    given_rows = delivery(interval_start=[stamp or text for text in stamps(30)], load_kw=[value] * 30)
    with pytest.raises(RefusedError, match=fault) as caught:
        judged(given_rows)
    assert len(caught.value.rows) == 30
    assert caught.value.next_step.startswith("write ")


def test_a_fault_of_a_file_refuses_its_feed() -> None:
    given_rows = delivery(interval_start=stamps(2), load_kw=["500", "501"])
    faulty = Delivery(
        feed=LOAD, rows=given_rows.rows, origins=given_rows.origins, source="data", faults=("b.csv: is empty",)
    )
    with pytest.raises(RefusedError, match=r"the load delivery was refused: b\.csv: is empty") as caught:
        judged(faulty)
    assert len(caught.value.rows) == 2


def test_columns_that_cannot_be_understood_refuse_the_feed() -> None:
    with pytest.raises(RefusedError, match="no column for the value with its unit"):
        judged(delivery(interval_start=stamps(1), load=["500"]))


def test_an_optional_feed_may_be_absent() -> None:
    checked = judged(Delivery(feed=WEATHER, rows=pd.DataFrame(), origins=pd.Series(dtype=str), source="data"))
    assert (checked.rows_in, len(checked.results), checked.source_ends) == (0, 0, None)


def test_every_rule_leaves_a_result() -> None:
    checked = judged(delivery(interval_start=[*stamps(8), "soon"], load_kw=[*map(str, uneven(8, 500.0)), "5"]))
    results = checked.results.set_index("rule")
    assert results.loc["unreadable_stamp", "rows_failed"] == 1
    assert set(results.index) == {
        "unreadable_stamp",
        "off_grid",
        "range",
        "unit",
        "stuck",
        "jump",
        "gap_before",
        "spike",
    }
    assert results.index.is_unique
    assert checked.source_ends == datetime(2024, 3, 4, 7, 45, tzinfo=UTC)
