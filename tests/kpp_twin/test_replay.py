import pytest
from conftest import FILLED_SLOTS

from kpp_twin.errors import HistoryError
from kpp_twin.replay import replay
from kpp_twin.settings import Settings
from kpp_twin.store.connection import open_live
from kpp_twin.store.snapshot import open_snapshot


@pytest.mark.parametrize("slot", FILLED_SLOTS, ids=lambda slot: slot.cycle_id)
def test_a_replay_gives_the_same_bytes(filled: Settings, slot):
    with open_snapshot(filled) as connection:
        found = replay(filled, connection, slot.cycle_id)
    assert found.is_identical


def test_a_replay_notices_what_was_known_differently(filled: Settings):
    with open_live(filled) as connection:
        connection.execute("UPDATE site_load SET load_kw = load_kw + 1 WHERE cycle_number = 1")
        assert not replay(filled, connection, FILLED_SLOTS[1].cycle_id).is_identical


def test_an_unknown_cycle_is_told(filled: Settings):
    with (
        open_snapshot(filled) as connection,
        pytest.raises(HistoryError, match=r"there is no cycle 'hourly-x'.*Next: list"),
    ):
        replay(filled, connection, "hourly-x")
