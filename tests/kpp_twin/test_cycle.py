from datetime import UTC, datetime, timedelta

import duckdb
import pandas as pd
import pytest
from conftest import DAILY, DATA_START, FILLED_SLOTS, HOURLY, made_up_frames, write_csv

from kpp_twin import cycle
from kpp_twin.errors import HistoryError, IncompleteError, QualityBlockedError
from kpp_twin.records import Slot
from kpp_twin.settings import Settings
from kpp_twin.store.connection import open_live
from kpp_twin.store.snapshot import open_snapshot
from kpp_twin.store.verify import history_hash, verify


def rows(settings: Settings, text: str) -> list[tuple]:
    with open_snapshot(settings) as connection:
        return connection.execute(text).fetchall()


def hashes(settings: Settings) -> dict[str, tuple[int, str]]:
    with open_live(settings) as connection:
        return history_hash(connection)


def test_missed_hours_run_first_and_in_order(filled: Settings):
    target = Slot(kind="hourly", as_of=HOURLY[2].as_of + timedelta(hours=6))
    reports = list(cycle.run_due(filled, target))
    ran = [report.slot for report in reports]
    assert [slot.as_of for slot in ran] == sorted(slot.as_of for slot in ran)
    assert [slot.kind for slot in ran].count("hourly") == 6
    assert [slot.cycle_id for slot in ran if slot.kind == "daily"] == [
        "daily-2024-03-16T14:30Z"
    ]  # 09:30 in summer time
    assert ran[-1] == target
    assert all(finding.holds for finding in verify(filled))


def test_an_hourly_cycle_in_an_empty_store_brings_a_daily_one_first(twin_settings: Settings):
    reports = list(cycle.run_due(twin_settings, HOURLY[0]))
    assert [report.slot for report in reports] == [DAILY, HOURLY[0]]
    assert reports[1].row_counts["forecast"] == 96


def test_what_has_run_is_not_run_again(filled: Settings):
    before = hashes(filled)
    (report,) = cycle.run_due(filled, HOURLY[1])
    assert report.already_done
    assert report.cycle_number == 3
    assert hashes(filled) == before


def test_a_cycle_before_the_history_is_refused(filled: Settings):
    early = Slot(kind="hourly", as_of=HOURLY[0].as_of - timedelta(hours=3))
    with pytest.raises(HistoryError, match=r"already stands at .* is not in it.*Next: "):
        cycle.due_slots(filled, early)


def test_the_history_holds_what_came_row_for_row(filled: Settings):
    found = rows(filled, "SELECT valid_from, load_kw FROM site_load ORDER BY valid_from")
    expected = made_up_frames()["load"].iloc[: len(found)]
    assert len(found) > 14 * 96
    assert [value for _, value in found] == expected["load_kw"].tolist()
    assert [stamp for stamp, _ in found] == expected["interval_start"].to_list()


def test_the_daily_forecast_covers_the_next_local_day(filled: Settings):
    spans = rows(
        filled,
        "SELECT variable, min(valid_from), max(valid_from), count(*) FROM forecast WHERE cycle_number = 1"
        " GROUP BY variable ORDER BY variable",
    )
    midnight = DATA_START + timedelta(days=15) - timedelta(hours=1)  # the clocks changed on 10 March
    assert spans == [
        ("load", midnight, midnight + timedelta(hours=23, minutes=45), 96),
        ("price", midnight, midnight + timedelta(hours=23), 24),
    ]


def test_a_late_row_is_known_only_from_the_cycle_that_got_it(filled: Settings):
    load = made_up_frames()["load"]
    missing = load["interval_start"] == pd.Timestamp(HOURLY[3].as_of - timedelta(minutes=45))
    write_csv(load[~missing], filled.data_folder / "load.csv")
    cycle.run_cycle(filled, HOURLY[3])
    write_csv(load, filled.data_folder / "load.csv")
    after = Slot(kind="hourly", as_of=HOURLY[3].as_of + timedelta(hours=1))
    cycle.run_cycle(filled, after)
    cycle.publish(filled)
    ((known_at,),) = rows(
        filled, f"SELECT known_at FROM site_load WHERE valid_from = '{HOURLY[3].as_of - timedelta(minutes=45)}'"
    )
    assert known_at == after.as_of


def test_a_refused_delivery_writes_nothing_and_is_taken_once_mended(filled: Settings):
    before = hashes(filled)
    load = made_up_frames()["load"]
    write_csv(load.rename(columns={"load_kw": "load"}), filled.data_folder / "load.csv")
    with pytest.raises(
        QualityBlockedError, match=r"no column for the value with its unit \[kW\].*refused.*Next: correct"
    ):
        list(cycle.run_due(filled, HOURLY[3]))
    assert hashes(filled) == before
    (refused,) = filled.refused_path.iterdir()
    assert len(refused.read_text().splitlines()) == 1 + len(load)
    write_csv(load, filled.data_folder / "load.csv")
    (report,) = cycle.run_due(filled, HOURLY[3])
    assert report.rows_admitted == report.rows_in == 8


def test_retraining_on_too_little_history_says_so_and_leaves_who_serves(filled: Settings):
    slot = cycle.newest_slot(filled, "retrain", datetime(2030, 1, 1, tzinfo=UTC))
    assert slot.as_of == HOURLY[2].as_of + timedelta(minutes=1)
    (report,) = cycle.run_due(filled, slot)
    assert report.row_counts == {}
    assert [note.partition(": ")[0] for note in report.notes] == [
        "no ensemble of price HB_HOUSTON",
        "no ensemble of load SITE",
    ]
    cycle.run_cycle(filled, HOURLY[3])
    cycle.publish(filled)
    served = rows(filled, "SELECT model_version FROM out_serving WHERE variable = 'load' AND serves_now")
    assert rows(filled, "SELECT DISTINCT model_version FROM forecast WHERE cycle_number = 6") == served


def test_retraining_without_history_says_what_to_do(twin_settings: Settings):
    with pytest.raises(HistoryError, match=r"no history to train on.*Next: run `kpp-twin run daily`"):
        cycle.newest_slot(twin_settings, "retrain", datetime(2030, 1, 1, tzinfo=UTC))


def test_the_newest_slot_follows_the_clock(twin_settings: Settings):
    now = datetime(2024, 3, 16, 14, 31, tzinfo=UTC)
    assert cycle.newest_slot(twin_settings, "hourly", now).cycle_id == "hourly-2024-03-16T14:15Z"
    assert cycle.newest_slot(twin_settings, "daily", now).cycle_id == "daily-2024-03-16T14:30Z"
    before = now - timedelta(minutes=2)
    assert cycle.newest_slot(twin_settings, "daily", before).cycle_id == "daily-2024-03-15T14:30Z"


def test_a_replay_goes_on_where_the_history_stands(filled: Settings):
    replaying = filled.model_copy(update={"replay": True})
    wall = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
    now = cycle.data_time(replaying, wall)
    assert timedelta(0) <= now - FILLED_SLOTS[-1].as_of < timedelta(weeks=1)
    assert (wall - now) % timedelta(weeks=1) == timedelta(0)
    assert cycle.data_time(replaying, wall + timedelta(days=100)) == now + timedelta(days=100)


def test_a_replay_ends_with_the_data_and_says_what_next(twin_settings: Settings):
    replaying = twin_settings.model_copy(update={"replay": True})
    end = DATA_START + timedelta(days=20)
    list(cycle.run_due(replaying, Slot(kind="hourly", as_of=end - timedelta(minutes=45))))
    with pytest.raises(
        IncompleteError, match=r"replayed (load|price) ends at .*nothing is left to play.*Next: play it again"
    ):
        list(cycle.run_due(replaying, Slot(kind="hourly", as_of=end + timedelta(hours=6, minutes=15))))
    (last,) = rows(replaying, "SELECT max(as_of) FROM cycle")
    assert end <= last[0] <= end + timedelta(hours=3)


def test_too_little_history_is_a_note_not_a_failure(twin_settings: Settings):
    early = Slot(kind="daily", as_of=DATA_START + timedelta(days=3, hours=9, minutes=30))
    report = cycle.run_cycle(twin_settings, early)
    assert report.rows_in > 0
    assert "forecast" not in report.row_counts
    said = [note for note in report.notes if note.startswith("no forecast: ") and "known intervals" in note]
    assert len(said) == 2
    assert "no plan and no bids: no forecast of price HB_HOUSTON and load SITE" in report.notes


def test_steps_may_be_wrapped(filled: Settings):
    seen: list[str] = []

    def noted(name: str, step):
        def run(*arguments):
            seen.append(name)
            return step(*arguments)

        return run

    names = ("due_slots", "begin", "take_in", "think", "finish", "publish")
    steps = cycle.Steps(**{name: noted(name, getattr(cycle.PLAIN, name)) for name in names})
    list(cycle.run_due(filled, HOURLY[3], steps))
    assert tuple(seen) == names


def test_a_connection_never_outlives_a_step(filled: Settings):
    start = cycle.begin(filled, HOURLY[3])
    with duckdb.connect(filled.store_path) as connection:
        assert connection.execute("SELECT count(*) FROM cycle").fetchone() == (4,)
    cycle.take_in(filled, start)
    with duckdb.connect(filled.store_path):
        pass
