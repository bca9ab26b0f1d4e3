from dataclasses import replace
from datetime import timedelta

import pytest
from conftest import DAILY, FILLED_SLOTS, HOURLY

from kpp_twin import cycle
from kpp_twin.errors import HistoryError
from kpp_twin.records import Slot
from kpp_twin.settings import Settings
from kpp_twin.site import load_site
from kpp_twin.store.connection import open_live
from kpp_twin.store.history import read_start
from kpp_twin.thought import Known, compute, read_known

NEXT = HOURLY[3]
NEXT_DAY = Slot(kind="hourly", as_of=NEXT.as_of + timedelta(days=1))
CHOSEN_AT = FILLED_SLOTS[-1].as_of + timedelta(minutes=1)


def known_at(settings: Settings, slot: Slot) -> Known:
    with open_live(settings) as connection:
        start = read_start(connection, slot, settings.feeds, timedelta(days=8))
        return read_known(connection, settings, start, load_site())


def test_the_same_knowledge_gives_the_same_outcome(filled: Settings):
    known = known_at(filled, NEXT)
    one, other = (compute(filled, NEXT, known, ()) for _ in range(2))
    assert one.state == other.state
    assert one.operation.lines == other.operation.lines
    assert [f.values.tolist() for f in one.forecasts] == [f.values.tolist() for f in other.forecasts]


def test_the_state_names_the_site_and_hands_the_stations_on(filled: Settings):
    outcome = compute(filled, NEXT, known_at(filled, NEXT), ())
    assert outcome.state["site"] == load_site().digest
    assert set(outcome.state["operation"]) == {"assets", "simulated_until", "unsettled", "fallbacks"}
    assert outcome.operation.site_content == "", "the history knows the site already"


def test_only_a_daily_cycle_judges_tables_and_only_a_choice_reads_the_catalogue(filled: Settings):
    hourly = known_at(filled, NEXT)
    assert (hourly.gained, hourly.catalogue, hourly.choices) == ({}, (), ())
    assert known_at(filled, Slot(kind="daily", as_of=NEXT.as_of)).gained
    chosen = known_at(filled, Slot(kind="promote", as_of=CHOSEN_AT, subject="x"))
    assert len(chosen.catalogue) == 2
    assert len(chosen.choices) == 2


def test_promoting_pins_a_version_and_rolling_back_returns(filled: Settings):
    load = next(m for m in known_at(filled, Slot(kind="promote", as_of=CHOSEN_AT)).catalogue if m.variable == "load")
    promoted = Slot(kind="promote", as_of=CHOSEN_AT, subject=load.model_version)
    report = cycle.run_cycle(filled, promoted)
    assert dict(report.row_counts) == {"model_serving": 1}
    assert report.notes == (f"load SITE is forecast by {load.model_version}, chosen by operator",)
    assert cycle.run_cycle(filled, promoted).already_done
    with pytest.raises(HistoryError, match="nothing served load SITE before"):
        cycle.run_cycle(filled, Slot(kind="rollback", as_of=CHOSEN_AT + timedelta(minutes=1), subject="load SITE"))
    tomorrow = Slot(kind="daily", as_of=FILLED_SLOTS[0].as_of + timedelta(days=1))
    cycle.run_cycle(filled, tomorrow)
    serves = {s.variable: s for s in known_at(filled, NEXT_DAY).history.servings}
    assert (serves["load"].model_version, serves["load"].chosen_by) == (load.model_version, "operator")
    assert serves["price"].known_at == tomorrow.as_of
    back = cycle.desk_slot(filled, "rollback", "price HB_HOUSTON")
    (note,) = cycle.run_cycle(filled, back).notes
    assert note.endswith("chosen by operator")


@pytest.mark.parametrize("kind", ["promote", "rollback"])
def test_a_choice_of_nothing_is_refused_and_leaves_no_trace(filled: Settings, kind):
    before = known_at(filled, NEXT).history.servings
    slot = Slot(kind=kind, as_of=CHOSEN_AT, subject="load nowhere")
    with pytest.raises(HistoryError, match="Next: "):
        cycle.run_cycle(filled, slot)
    assert known_at(filled, NEXT).history.servings == before


def test_a_changed_site_is_noted_once(filled: Settings, tmp_path):
    file = tmp_path / "site.toml"
    from kpp_twin.site import REFERENCE_SITE

    file.write_text(REFERENCE_SITE.read_text().replace("frequency_response_kw = 100.0", "frequency_response_kw = 60.0"))
    changed = filled.model_copy(update={"site_file": file})
    assert cycle.run_cycle(changed, HOURLY[3]).row_counts["site"] == 1
    last = Slot(kind="hourly", as_of=HOURLY[3].as_of + timedelta(hours=1))
    assert "site" not in cycle.run_cycle(changed, last).row_counts


def test_without_any_history_there_are_notes_and_no_operation(filled: Settings):
    known = known_at(filled, NEXT)
    empty = replace(known, history=replace(known.history, series=(), models=(), servings=()))
    outcome = compute(filled, DAILY, empty, ())
    assert (outcome.models, outcome.forecasts, outcome.operation.plans) == ((), (), ())
    assert any(note.startswith("no plan and no bids") for note in outcome.notes)
