"""What is shown of a run, without a server: the artifacts are caught before they are sent."""

import base64
import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from conftest import HOURLY

from flows import artifacts
from kpp_twin.records import CycleReport, Slot
from kpp_twin.report.wording import ASSUMPTION
from kpp_twin.settings import Settings
from kpp_twin.store.connection import open_live
from kpp_twin.store.snapshot import publish

LAST = HOURLY[2]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, object]]:
    """Artifacts by key."""
    caught: dict[str, dict[str, object]] = {}

    def catch(**artifact: object) -> None:
        caught[str(artifact["key"])] = artifact

    monkeypatch.setattr(artifacts, "create_table_artifact", catch)
    monkeypatch.setattr(artifacts, "create_markdown_artifact", catch)
    return caught


def report_of(slot: Slot) -> CycleReport:
    counts = {"rows_in": 8, "rows_admitted": 7, "rows_quarantined": 1, "row_counts": {}}
    return CycleReport(slot=slot, cycle_number=4, notes=("a note",), **counts)


def test_a_run_shows_its_tables(filled: Settings, shown):
    artifacts.show_run(filled, LAST, [report_of(LAST)])
    assert list(shown) == ["quality-hourly", "forecasts-hourly", "money-hourly", "curtailments-hourly"]
    assert all(re.fullmatch(r"[a-z0-9-]+", key) for key in shown)
    assert shown["quality-hourly"]["table"][0]["findings"] == "a note"
    money = {row["service"]: row["USD"] for row in shown["money-hourly"]["table"]}
    assert money["net"] == pytest.approx(sum(amount for name, amount in money.items() if name != "net"), abs=0.05)
    assert ASSUMPTION in str(shown["money-hourly"]["description"])
    assert {row["forecast"] for row in shown["forecasts-hourly"]["table"]} == {"price HB_HOUSTON", "load SITE"}
    assert shown["curtailments-hourly"]["table"] == [{"": "none"}]


def test_the_run_that_ends_a_local_day_shows_its_figures(filled: Settings, shown):
    midnight = Slot(kind="hourly", as_of=LAST.as_of + timedelta(hours=20))  # 00:15 local of the next day
    artifacts.show_run(filled, midnight, [report_of(midnight)])
    page = str(shown["figures-hourly"]["markdown"])
    assert page.startswith("# 2024-03-16\n\n" + ASSUMPTION)
    images = re.findall(r"!\[(.*?)\]\(data:image/svg\+xml;base64,(.*?)\)", page)
    assert [title for title, _ in images] == list(artifacts.FIGURES.values())
    for title, data in images:
        root = ET.fromstring(base64.b64decode(data))
        assert root.findtext("{http://www.w3.org/2000/svg}title") == title


def test_a_run_that_caught_up_over_midnight_shows_the_day_that_ended(filled: Settings, shown):
    midnight = Slot(kind="hourly", as_of=LAST.as_of - timedelta(hours=4))
    artifacts.show_run(filled, LAST, [report_of(midnight), report_of(LAST)])
    assert "2024-03-16" in str(shown["money-hourly"]["description"])
    assert str(shown["figures-hourly"]["markdown"]).startswith("# 2024-03-15")


def test_a_day_of_which_nothing_is_known_has_no_tables(filled: Settings, shown, caplog: pytest.LogCaptureFixture):
    ahead = Slot(kind="hourly", as_of=LAST.as_of + timedelta(days=40))
    artifacts.show_run(filled, ahead, [report_of(ahead)])
    assert list(shown) == ["quality-hourly"]
    assert "nothing is known of" in caplog.text


def test_a_day_without_operation_has_no_money(filled: Settings, shown):
    with open_live(filled) as connection:
        for table in ("schedule", "simulation_minute", "bid"):
            connection.execute(f"DELETE FROM {table}")
    publish(filled)
    artifacts.show_run(filled, LAST, [report_of(LAST)])
    assert shown["money-hourly"]["table"] == [{"": "none"}]
