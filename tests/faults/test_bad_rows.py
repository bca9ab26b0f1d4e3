"""Bad rows: each is kept out with its reason, or let in with a flag; none is lost, and mended it comes back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from kpp_twin.records import slot_of
from kpp_twin.store.connection import open_live
from tests.conftest import IS_FULL, made_up_frames
from tests.faults.conftest import AFTER_NEXT_ID, NEXT_ID, NOON, Twin

Lines = list[str]

NEW = "2024-03-15T16:15:00Z"  # one of the four loads that are new after NOON
HELD = "2024-03-15T12:00:00Z"  # an hour whose price is known long since
N_NEW_LOADS = 4
KNOWN_UNTIL = "2024-03-15T17:45:01Z"  # starts of loads that the cycle after the next may know


@dataclass(frozen=True)
class Case:
    """What happens to the lines of a feed's file, and what becomes of the rows.

    ``reasons`` are those of the rows in quarantine; ``flag`` is one that admitted rows carry. Beyond the four new loads
    ``more_rows`` come in.
    """

    feed: str
    fault: str
    spoil: Callable[[Lines], Lines]
    reasons: tuple[str, ...] = ()
    flag: str = ""
    more_rows: int = 0
    variables: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.feed}-{self.fault}"


def changed(stamp: str, change: Callable[[str, str, str], str]) -> Callable[[Lines], Lines]:
    """Change the line of a stamp, given its series, stamp and value."""

    def spoil(lines: Lines) -> Lines:
        assert any(f",{stamp}," in line for line in lines)
        return [change(*line.split(",")) if f",{stamp}," in line else line for line in lines]

    return spoil


def value(stamp: str, text: str) -> Callable[[Lines], Lines]:
    return changed(stamp, lambda series, at, _: f"{series},{at},{text}")


def stamp(old: str, text: str) -> Callable[[Lines], Lines]:
    return changed(old, lambda series, _, number: f"{series},{text},{number}")


def more(line: str) -> Callable[[Lines], Lines]:
    return lambda lines: [*lines, line]


def twice(stamp: str, text: str = "") -> Callable[[Lines], Lines]:
    return changed(stamp, lambda series, at, number: f"{series},{at},{number}\n{series},{at},{text or number}")


def without(*stamps: str) -> Callable[[Lines], Lines]:
    return lambda lines: [line for line in lines if not any(stamp in line for stamp in stamps)]


def same_value(text: str, *, after: str, until: str) -> Callable[[Lines], Lines]:
    def one(line: str) -> str:
        series, at, number = line.split(",")
        return f"{series},{at},{text}" if after <= at < until else f"{series},{at},{number}"

    return lambda lines: [one(line) for line in lines]


def with_ends(lines: Lines) -> Lines:
    """Add a column of interval ends, of which one is an hour late."""

    def end(line: str) -> str:
        at = datetime.fromisoformat(line.split(",")[1])
        length = timedelta(minutes=75 if NEW in line else 15)
        return f"{line},{(at + length).isoformat()}"

    return [lines[0] + ",interval_end", *(end(line) for line in lines[1:])]


def in_fahrenheit(since: str) -> Callable[[Lines], Lines]:
    def one(line: str) -> str:
        series, at, number = line.split(",")
        return f"{series},{at},{float(number) * 1.8 + 32:.3f}" if at >= since and number[0] != "t" else line

    return lambda lines: [one(line) for line in lines]


CHICAGO = {"KPP_TWIN__NAIVE_STAMPS_ZONE": "America/Chicago"}
CASES = [
    Case("load", "text_in_number", value(NEW, "about 500"), ("value_is_no_number",)),
    Case("load", "decimal_comma", value(NEW, '"512,3"'), ("value_is_no_number",)),
    Case("load", "decimal_comma_without_quotes", value(NEW, "512,3"), ("surplus_fields",)),
    Case("load", "not_a_number", value(NEW, "NaN"), ("missing_value",)),
    Case("load", "infinite", value(NEW, "inf"), ("value_is_infinite",)),
    Case("load", "missing_value", value(NEW, ""), ("missing_value",)),
    Case("load", "short_row", changed(NEW, lambda series, at, _: f"{series},{at}"), ("missing_value",)),
    Case("load", "missing_series", changed(NEW, lambda _, at, number: f",{at},{number}"), ("missing_series",)),
    Case("load", "same_stamp_same_value", twice(NEW), ("identical_duplicate",), more_rows=1),
    Case("load", "same_stamp_other_value", twice(NEW, "499"), ("conflicting_stamp",), "conflicting_stamp", more_rows=1),
    Case("load", "stamp_without_zone", stamp(NEW, NEW[:-1]), ("stamp_without_zone",)),
    Case("load", "unreadable_stamp", stamp(NEW, "a quarter past four"), ("unreadable_stamp",)),
    Case("load", "impossible_date", stamp(NEW, "2024-02-30T16:15:00Z"), ("unreadable_stamp",)),
    Case("load", "missing_stamp", stamp(NEW, ""), ("missing_stamp",)),
    Case("load", "stamp_of_the_year_1", stamp(NEW, "0001-01-01T00:00:00Z"), ("implausible_stamp",)),
    Case(
        "load",
        "stamp_in_the_repeated_hour",
        more("SITE,2023-11-05T01:30:00,500"),
        ("stamp_in_repeated_hour",),
        "",
        1,
        CHICAGO,
    ),
    Case(
        "load",
        "stamp_in_the_skipped_hour",
        more("SITE,2024-03-10T02:30:00,500"),
        ("stamp_in_skipped_hour",),
        "",
        1,
        CHICAGO,
    ),
    Case("load", "off_grid", stamp(NEW, "2024-03-15T16:17:00Z"), ("off_grid",)),
    Case("load", "wrong_interval_length", with_ends, ("interval_length",)),
    Case("load", "negative", value(NEW, "-20"), ("range",)),
    Case("load", "beyond_rating", value(NEW, "5000"), ("range",)),
    Case(
        "load",
        "stuck_meter",
        same_value("500", after="2024-03-15T13:00:00Z", until="2024-03-15T17:00:00Z"),
        ("stuck",) * 5,
        "correction",
        12,
    ),
    Case("load", "gap", without(NEW), flag="gap_before", more_rows=-1),
    Case("load", "jump", value(NEW, "1100"), flag="jump"),
    Case("load", "blank_line_at_the_end", more("")),
    Case("price", "text_in_number", value(HELD, "thirty"), ("value_is_no_number",), "", 1),
    Case("price", "decimal_comma_without_quotes", value(HELD, "30,5"), ("surplus_fields",), "", 1),
    Case("price", "infinite", value(HELD, "-inf"), ("value_is_infinite",), "", 1),
    Case("price", "missing_value", value(HELD, ""), ("missing_value",), "", 1),
    Case("price", "same_stamp_other_value", twice(HELD, "99"), ("conflicting_stamp",), "", 1),
    Case("price", "stamp_without_zone", stamp(HELD, HELD[:-1]), ("stamp_without_zone",), "", 1),
    Case("price", "off_grid", stamp(HELD, "2024-03-15T12:20:00Z"), ("off_grid",), "", 1),
    Case("price", "absurd", value(HELD, "1000000"), ("range",), "", 1),
    Case("price", "above_the_offer_cap", value(HELD, "6000"), (), "above_offer_cap", 1),
    Case(
        "price", "stuck", same_value("30", after="2024-03-14T00:00:00Z", until="2024-03-15T12:00:00Z"), (), "stuck", 36
    ),
    Case("price", "correction", value(HELD, "31.5"), (), "correction", 1),
    Case("weather", "text_in_number", value(NEW, "cold"), ("value_is_no_number",), "", 4),
    Case("weather", "absurd", value(NEW, "99"), ("range",), "", 4),
    Case("weather", "fahrenheit_from_now_on", in_fahrenheit("2024-03-15T16:00:00Z"), (), "jump", 4),
    Case("weather", "fahrenheit_all_along", in_fahrenheit("2024"), (), "jump", 64 + 4),
]
# Faults that a parser meets in the same way whatever the feed.
PARSED_ALIKE = {"text_in_number", "decimal_comma_without_quotes", "infinite", "missing_value", "stamp_without_zone"}
REDUCED = [case for case in CASES if case.feed == "load"]
REDUCED += [case for case in CASES if case.feed != "load" and case.fault not in PARSED_ALIKE][::2]
TABLES = {
    "price": ("price", "price_per_mwh"),
    "load": ("site_load", "load_kw"),
    "weather": ("weather", "temperature_c"),
}
N_HELD_WEATHER = 64


def source_lines(prepared: dict[str, Twin], feed: str) -> Lines:
    if feed != "weather":
        return (prepared["noon"].data / f"{feed}.csv").read_text().splitlines()
    frame = made_up_frames()["weather"]
    frame = frame[frame["interval_start"] >= pd.Timestamp(NOON) - timedelta(minutes=15 * (N_HELD_WEATHER + 1))]
    stamps = frame["interval_start"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return [
        "series,interval_start,temperature_c",
        *(frame["series"] + "," + stamps + "," + frame["temperature_c"].astype(str)),
    ]


def not_stored(twin: Twin, lines: Lines, feed: str) -> list[tuple[str, float]]:
    """Rows of a source that should be known by now and are not, as the newest version, in their table."""
    table, column = TABLES[feed]
    newest = f"SELECT strftime(valid_from, '%Y-%m-%dT%H:%M:%SZ'), arg_max({column}, known_at) FROM {table} GROUP BY ALL"
    found = twin.ask(newest)
    rows = [(line.split(",")[1], float(line.split(",")[2])) for line in lines[1:]]
    return sorted({row for row in rows if row[0] < KNOWN_UNTIL} - set(found))


@pytest.mark.parametrize("case", CASES if IS_FULL else REDUCED, ids=str)
def test_no_row_is_lost(case: Case, noon: Twin, prepared: dict[str, Twin]) -> None:
    twin = Twin(noon.root, case.variables)
    source = source_lines(prepared, case.feed)
    file: Path = twin.data / f"{case.feed}.csv"
    file.write_text("\n".join(case.spoil(source)) + "\n")

    report = twin.run_here(slot_of(NEXT_ID))
    assert report.rows_in == N_NEW_LOADS + case.more_rows
    assert report.rows_in == report.rows_admitted + report.rows_quarantined
    table, _ = TABLES[case.feed]
    with open_live(twin.settings) as connection:
        kept_out = connection.execute("SELECT reason, origin, raw FROM quarantine").fetchall()
        flagged = connection.execute(f"SELECT DISTINCT flags FROM {table} WHERE cycle_number = 5").fetchall()
    assert sorted(reason for reason, *_ in kept_out) == sorted(case.reasons)
    for reason, origin, raw in kept_out:
        assert origin.startswith(f"{case.feed}.csv:")
        assert raw.startswith('{"series": ')
        assert any(reason in note for note in report.notes)
    flags = {flag for (text,) in flagged for flag in text.split(",")}
    assert case.flag in flags | {""}
    assert case.flag in {"", "correction"} or any(case.flag in note for note in report.notes), "a flagged row is told"
    if IS_FULL or CASES.index(case) % 7 == 0:
        file.write_text("\n".join(source) + "\n")
        twin.run_here(slot_of(AFTER_NEXT_ID))
        assert not_stored(twin, source, case.feed) == []
        assert not_stored(twin, source_lines(prepared, "load"), "load") == []
