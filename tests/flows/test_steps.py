"""The flows themselves, run once in process against a temporary Prefect server."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import DAILY, FILLED_SLOTS, HOURLY, settings_of
from prefect.artifacts import Artifact
from prefect.testing.utilities import prefect_test_harness

from flows.daily import daily
from flows.hourly import hourly
from flows.retrain import retrain
from kpp_twin.errors import QualityBlockedError
from kpp_twin.settings import Settings
from kpp_twin.store.connection import open_live
from kpp_twin.store.verify import history_hash


@pytest.fixture(scope="module")
def server() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def as_user(data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that the flows read from the environment."""
    twin = settings_of(tmp_path)
    monkeypatch.setenv("KPP_TWIN_HOME", str(twin.home))
    monkeypatch.setenv("KPP_TWIN__DATA_FOLDER", str(twin.data_folder))
    monkeypatch.setenv("KPP_TWIN__SELECTION_DAYS", "10")
    return twin


def hashes(twin: Settings) -> dict[str, tuple[int, str]]:
    with open_live(twin) as connection:
        return history_hash(connection)


@pytest.mark.usefixtures("server")
def test_flows_write_what_plain_cycles_write(as_user: Settings, filled: Settings):
    daily(as_of=DAILY.as_of)
    for slot in FILLED_SLOTS[1:]:
        (report,) = hourly(as_of=slot.as_of)
        assert report.slot == slot
    assert hashes(as_user) == hashes(filled)
    (again,) = hourly(as_of=HOURLY[2].as_of)
    assert again.already_done
    shown = Artifact.get("quality-hourly")
    assert shown is not None
    assert HOURLY[2].cycle_id in str(shown.data)
    money = Artifact.get("money-hourly")
    assert money is not None
    assert "net" in str(money.data)
    (trained,) = retrain()
    assert trained.row_counts == {}, "20 days are too few for an ensemble"
    assert len(trained.notes) == 2


@pytest.mark.usefixtures("server")
def test_without_an_instant_the_clock_decides(as_user: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KPP_TWIN__REPLAY", "true")
    monkeypatch.setenv("KPP_TWIN__REPLAY_FROM", (DAILY.as_of - timedelta(days=7)).isoformat())
    *_, last = hourly()
    assert last.slot.kind == "hourly"
    assert timedelta(0) <= last.slot.as_of - (DAILY.as_of - timedelta(days=7)) <= timedelta(days=7)
    assert as_user.clock_path.exists()


@pytest.mark.usefixtures("server")
def test_a_refused_delivery_fails_the_flow(as_user: Settings):
    (as_user.data_folder / "load.csv").write_text("")
    with pytest.raises(QualityBlockedError, match=r"load\.csv: is empty"):
        daily(as_of=DAILY.as_of)
