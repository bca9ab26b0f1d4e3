import pytest
from conftest import HOURLY

from kpp_twin.errors import StoreError
from kpp_twin.settings import Settings
from kpp_twin.store import journal
from kpp_twin.store.connection import open_live
from kpp_twin.store.recovery import recover, repair


def test_a_sound_store_needs_nothing(filled: Settings):
    found = recover(filled)
    assert found.lost == ()
    assert found.repairs == ()


def test_cycles_that_only_the_journal_has_are_named(filled: Settings):
    with open_live(filled) as connection:
        connection.execute("DELETE FROM cycle WHERE cycle_number >= 3")
    found = recover(filled)
    assert [entry.cycle_id for entry in found.lost] == [HOURLY[1].cycle_id, HOURLY[2].cycle_id]
    assert "2 committed cycle(s) are missing" in found.repairs[-1]


def test_a_journal_that_misses_a_cycle_is_completed(filled: Settings):
    whole = filled.journal_path.read_text()
    filled.journal_path.write_text("".join(whole.splitlines(keepends=True)[:3]) + '{"cycle_nu')
    assert "journal was completed" in recover(filled).repairs[0]
    assert filled.journal_path.read_text() == whole


def test_a_journal_that_contradicts_the_database_is_told(filled: Settings):
    entries = journal.read(filled.journal_path)
    forged = [type(e)(**{**{n: getattr(e, n) for n in e.__slots__}, "digest": "0"}) for e in entries.values()]
    journal.rewrite(filled.journal_path, forged)
    with pytest.raises(StoreError, match=r"differs from what the journal says.*Next: run `kpp-twin verify`"):
        recover(filled)


def test_repair_restores_a_damaged_database_from_the_snapshot(filled: Settings):
    data = bytearray(filled.store_path.read_bytes())
    data[:4096] = bytes(4096)
    filled.store_path.write_bytes(data)
    with pytest.raises(StoreError, match="kpp-twin repair"):
        recover(filled)
    assert "restored from the snapshot" in repair(filled)[0]
    assert recover(filled).lost == ()
    assert filled.store_path.with_name("twin.duckdb.damaged-1").read_bytes() == bytes(data)


def test_repair_writes_a_damaged_journal_anew(filled: Settings):
    whole = filled.journal_path.read_text()
    filled.journal_path.write_text("garbage\n" + whole)
    assert "written anew" in repair(filled)[0]
    assert filled.journal_path.read_text() == whole
