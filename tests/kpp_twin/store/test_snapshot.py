import duckdb
import pytest
from conftest import HOURLY

from kpp_twin.cycle import run_cycle
from kpp_twin.errors import IncompleteError, StoreError
from kpp_twin.settings import Settings
from kpp_twin.store.snapshot import open_snapshot, publish


def cycles(settings: Settings) -> int:
    with open_snapshot(settings) as connection:
        return connection.execute("SELECT count(*) FROM cycle").fetchone()[0]


def test_a_reader_keeps_the_old_one_and_the_next_sees_the_new(filled: Settings):
    with open_snapshot(filled) as old:
        run_cycle(filled, HOURLY[3])
        publish(filled)
        assert old.execute("SELECT count(*) FROM cycle").fetchone() == (4,)
    assert cycles(filled) == 5


def test_the_one_before_is_kept(filled: Settings):
    before = filled.snapshot_path.read_bytes()
    publish(filled)
    assert filled.snapshot_path.with_suffix(".previous").read_bytes() == before


def test_the_snapshot_cannot_be_written(filled: Settings):
    with pytest.raises(StoreError), open_snapshot(filled) as connection:
        connection.execute("DELETE FROM price")


def test_a_vanished_snapshot_says_what_to_do(filled: Settings):
    filled.snapshot_path.unlink()
    with (
        pytest.raises(IncompleteError, match=r"no published snapshot.*Next: run `kpp-twin publish`"),
        open_snapshot(filled),
    ):
        pass


def test_a_failed_publish_leaves_the_old_snapshot(filled: Settings, monkeypatch: pytest.MonkeyPatch):
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kpp_twin.store.snapshot.shutil.copyfile", full)
    with pytest.raises(StoreError, match=r"could not be published: No space left.*the old one still serves"):
        publish(filled)
    assert cycles(filled) == 4
    assert not filled.snapshot_path.with_suffix(".new").exists()


def test_the_snapshot_is_an_ordinary_database(filled: Settings):
    with duckdb.connect(filled.snapshot_path, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM price").fetchone()[0] > 300
