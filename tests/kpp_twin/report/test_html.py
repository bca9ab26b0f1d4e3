import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from kpp_twin.day_report import DayReport
from kpp_twin.errors import StoreError
from kpp_twin.report.html import html, write_report
from kpp_twin.report.plain import NO_OPERATION
from kpp_twin.report.wording import ASSUMPTION

VOID = {"meta", "br", "hr", "img", "input", "link"}
HOSTILE = "<script>alert('x')</script><img src=http://evil.example/x.png onerror=alert(1)>\"'&"


class Page(HTMLParser):
    """Tags with their attributes, the texts of each table's rows, and whether every tag is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.headings: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


@pytest.fixture(scope="module")
def text(make_report) -> str:
    return html(make_report())


@pytest.fixture(scope="module")
def hostile(make_report, make_operation) -> str:
    return html(make_report(name=HOSTILE, source=HOSTILE, operation=make_operation(name=HOSTILE)))


def temperature_only(report: DayReport) -> DayReport:
    """The same with a single panel to draw."""
    return replace(report, series=report.series[2:])


def test_the_page_is_whole_and_has_its_sections(text):
    page = Page(text)
    assert text.startswith("<!DOCTYPE html>")
    assert page.open == []
    assert page.headings == [
        "What was known when",
        "Forecast and outcome",
        "Forecast error",
        "Forecasters that served",
        "Operation",
        "Data quality",
        "Quarantined rows",
        "Freshness",
        "Cycles of the day",
    ]
    assert [tag for tag, _ in page.tags].count("svg") == 4


def test_tables_say_what_the_report_says(text):
    rows = Page(text).rows
    assert ["load HUB", "kW", "96 of 96", "96", "5.00", "10", "12.35", "11.00", "weekly naive", "87.5 %"] in rows
    assert ["load", "1,234", "1,230", "3", "4"] in rows
    assert ["load", "range", "quarantine", "4", "2", "-1"] in rows
    assert ["load", "HUB", "HUB", "–", '{"series": "HUB", "load_kw": "-1"}'] in rows
    assert ["load HUB", "2024-03-16 00:00 CDT", "2024-03-17 02:00 CDT", "1 d 2 h"] in rows
    assert ["weather HUB", "96 of 96", "2024-03-16 00:00 CDT", "2024-03-17 00:00 CDT", "–"] in rows
    assert ["2024-03-16 00:15 CDT", "hourly", "1,234", "1,230", "4", "HUB\nsecond note"] in rows


def test_the_operation_is_told_with_its_tables(make_report, make_operation):
    told = html(temperature_only(make_report(operation=make_operation())))
    page = Page(told)
    assert page.open == []
    assert {"Operation", "Money", "Grid services", "Energy ledger"} <= set(page.headings)
    assert [tag for tag, _ in page.tags].count("svg") == 6
    assert "23 of 24 hours simulated in steps of 1 s, 23 settled" in told
    assert ["energy", "-460.00", "sold day-ahead less bought, at the day-ahead price"] in page.rows
    assert ["net", "-448.50", ""] in page.rows
    assert ["day ahead", "battery", "70", "23", "-920.0"] in page.rows
    assert ["PFR", "battery", "24", "24", "2,400.0"] in page.rows
    served = ["frequency response", "kW", "100.0", "98.0", "1 of 24", "99.5 %", "0.20", "90.0 %", "46.0", "41.4"]
    assert served in page.rows
    assert "<p>Frequency response as PFR: score 95.1 %, mileage 123.4, 5 s without" in told
    assert ["battery", "charge loss", "-50.000"] in page.rows
    assert ["battery", "residual of the day; largest of an hour 1.0e-12", "0.0e+00"] in page.rows
    event = ["2024-03-16 02:00 CDT", "2024-03-16 04:00 CDT", "2024-03-16 00:00 CDT", "950", "60", "100.0"]
    assert event in page.rows
    assert ["load HUB", "2024-03-15 09:30 CDT", "ensemble", "load-HUB-ensemble", "operator"] in page.rows
    first, *_, last = [row for row in page.rows if row[0] in ("00:00 CDT", "23:00 CDT")]
    assert first == [
        *("00:00 CDT", "–", "–"),
        *("-100", "3", "-50", "-100", "100", "50 %"),
        *("50", "50", "-150", "-75", "-150", "-19.50"),
    ]
    assert last == ["23:00 CDT", "–", "–", "90", "1", "45", "–", "100", "–", "50", "–", "40", "20", "–", "–"]


def test_all_money_stands_beside_what_it_rests_on(make_report, make_operation):
    told = html(temperature_only(make_report(operation=make_operation())))
    assert told.count(ASSUMPTION) == 3  # the table of hours, the section, its figure
    assert ASSUMPTION not in html(temperature_only(make_report()))


def test_a_day_that_is_only_planned_says_so(make_report, make_operation):
    whole = make_operation()
    nothing = np.full(whole.minutes.n_steps, np.nan)
    planned = replace(
        whole,
        assets=tuple(replace(asset, power_kw=nothing, energy_stored_kwh=nothing) for asset in whole.assets),
        money={},
        battery=None,
        **dict.fromkeys(("ledger", "services", "events", "curves"), ()),
        currency="",
    )
    told = html(temperature_only(make_report(operation=planned)))
    assert "Battery: health" not in told
    for sentence in (
        "0 of 24 hours simulated",
        "No hour of this day is settled yet.",
        "Nothing was bid for this day.",
        "No service was asked for or measured.",
        "No curtailment was called.",
        "Nothing is booked.",
    ):
        assert sentence in told


def test_hostile_text_stays_text(hostile):
    page = Page(hostile)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "link", "iframe", "object", "embed", "a", "base", "form"}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert ["load", HOSTILE, HOSTILE] in [row[:3] for row in page.rows]


def test_nothing_is_loaded_from_anywhere(text, hostile):
    loads = [
        (name, value)
        for _, attributes in Page(hostile).tags
        for name, value in attributes.items()
        if name in ("src", "srcset", "href", "xlink:href", "data", "action", "background", "poster")
    ]
    assert [(name, value) for name, value in loads if not (value or "").startswith("#")] == []
    assert not re.search(r"@import|url\((?!#)|https?:", text)
    assert "default-src 'none'" in text


def test_the_bundled_site_is_said_to_be_a_replica(make_report):
    assert "1:20 replica of a real industrial site" in html(temperature_only(make_report(source="sample/load.parquet")))
    assert "replica" not in html(temperature_only(make_report(source="data/load.csv")))


def test_a_day_without_forecast_cycle_or_fault_says_so(make_report):
    report = replace(temperature_only(make_report()), cycles=(), broken_rules=(), quarantined=())
    bare = html(report)
    for sentence in (
        "No daily cycle issued a forecast",
        "No cycle ran on this day",
        "No rule was broken",
        "None.",
        NO_OPERATION,
    ):
        assert sentence in bare


def test_the_same_report_gives_the_same_file_and_leaves_no_other(make_report, tmp_path: Path):
    path = tmp_path / "reports" / "day.html"
    report = temperature_only(make_report())
    assert write_report(report, path) == path
    first = path.read_bytes()
    write_report(report, path)
    assert path.read_bytes() == first
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_told_in_words(make_report, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="could not be written") as caught:
        write_report(temperature_only(make_report()), tmp_path / "file" / "day.html")
    assert caught.value.next_step
