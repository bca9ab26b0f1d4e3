"""Old data played as if live: shifted by whole weeks, the same after every restart."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError
from kpp_twin.sources.replay_clock import WEEK, ReplayClock, read_clock, start_clock

DATA_START = datetime(2021, 5, 1, 6, tzinfo=UTC)
WALL_TIME = datetime(2026, 11, 22, 15, 40, 3, tzinfo=UTC)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(wall_time=instants, data_start=instants)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_clock_begins_within_a_week_after_the_data(
    tmp_path: Path, wall_time: datetime, data_start: datetime
) -> None:
    path = tmp_path / "clock.json"
    path.unlink(missing_ok=True)
    data_time = start_clock(path, wall_time=wall_time, data_start=data_start).data_time(wall_time)
    assert data_start <= data_time < data_start + WEEK
    assert (data_time.weekday(), data_time.time()) == (wall_time.weekday(), wall_time.time())


def test_a_stored_clock_runs_on(tmp_path: Path) -> None:
    path = tmp_path / "home" / "clock.json"
    assert read_clock(path) is None
    clock = start_clock(path, wall_time=WALL_TIME, data_start=DATA_START)
    assert read_clock(path) == clock
    later = WALL_TIME + timedelta(days=40)
    assert clock.data_time(later) - clock.data_time(WALL_TIME) == timedelta(days=40)
    assert [file.name for file in path.parent.iterdir()] == ["clock.json"]


def test_a_clock_started_again_stands_at_the_new_start(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    start_clock(path, wall_time=WALL_TIME, data_start=DATA_START)
    again = start_clock(path, wall_time=WALL_TIME, data_start=DATA_START + 10 * WEEK)
    assert read_clock(path) == again
    assert DATA_START + 10 * WEEK <= again.data_time(WALL_TIME) < DATA_START + 11 * WEEK


def test_data_time_is_utc_and_needs_a_zone() -> None:
    clock = ReplayClock(offset_weeks=2)
    local = datetime.fromisoformat("2026-11-22T09:40:00-06:00")
    assert clock.data_time(local).isoformat() == "2026-11-08T15:40:00+00:00"
    with pytest.raises(ValueError, match="no time zone"):
        clock.data_time(datetime(2026, 11, 22))  # noqa: DTZ001


@pytest.mark.parametrize("text", ["", "not JSON", "[]", "7", "{}", '{"offset_weeks": null}', '{"offset_weeks": "x"}'])
def test_a_damaged_clock_is_named_and_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clock.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="replay clock cannot be read") as caught:
        read_clock(path)
    assert caught.value.place == str(path)
    assert path.read_text(encoding="utf-8") == text
