import pytest
from conftest import FILLED_SLOTS, HOURLY

from kpp_twin.cycle import begin, take_in, think
from kpp_twin.records import Outcome
from kpp_twin.settings import Settings
from kpp_twin.store.commit import PredecessorMovedError, commit_cycle, digest_of, trial_digest
from kpp_twin.store.connection import open_live
from kpp_twin.store.history import committed_cycles
from kpp_twin.store.verify import history_hash


def test_a_cycle_that_started_from_another_state_writes_nothing(filled: Settings):
    start = begin(filled, HOURLY[3])
    checked = take_in(filled, start)
    outcome = think(filled, start, checked)
    with open_live(filled) as connection:
        commit_cycle(connection, start, checked, outcome)
        before = history_hash(connection)
        with pytest.raises(PredecessorMovedError, match=r"started from .* Next: run the cycle again"):
            commit_cycle(connection, start, checked, outcome)
        assert history_hash(connection) == before


def test_the_trial_digest_is_the_committed_one(filled: Settings):
    start = begin(filled, HOURLY[3])
    checked = take_in(filled, start)
    outcome = think(filled, start, checked)
    with open_live(filled) as connection:
        _, entry = commit_cycle(connection, start, checked, outcome)
    assert trial_digest(start, checked, outcome) == entry.digest


def test_a_digest_sees_every_change_of_a_row(filled: Settings):
    with open_live(filled) as connection:
        entries = committed_cycles(connection)
        entry, before = entries[2], entries[1].digest
        found = digest_of(connection, entry.row_counts, 2, before, entry.cycle_id)
        assert found == (entry.row_counts, entry.digest)
        connection.execute("UPDATE forecast SET forecast_value = forecast_value + 1e-9 WHERE cycle_number = 2")
        assert digest_of(connection, entry.row_counts, 2, before, entry.cycle_id)[1] != entry.digest


def test_a_cycle_without_rows_still_stands_in_the_chain(filled: Settings):
    start = begin(filled, HOURLY[3])
    with open_live(filled) as connection:
        report, entry = commit_cycle(connection, start, (), Outcome())
        assert report.cycle_number == len(FILLED_SLOTS) + 1
        assert entry.row_counts == {}
        assert committed_cycles(connection)[report.cycle_number] == entry
