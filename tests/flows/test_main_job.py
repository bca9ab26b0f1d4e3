import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from flows.main_job import DAY, slots
from kpp_twin.settings import Settings


@pytest.mark.parametrize(
    ("day", "hours"), [(DAY, 24), (date(2021, 11, 7), 25), (date(2022, 3, 13), 23)], ids=["plain", "autumn", "spring"]
)
def test_a_day_is_one_daily_cycle_and_one_for_each_of_its_hours(day: date, hours: int):
    twin = Settings()
    daily, *hourly = slots(twin, day)
    assert daily.kind == "daily"
    assert daily.as_of.astimezone(twin.zone).date() == day - timedelta(days=1)
    assert len(hourly) == hours
    assert {slot.kind for slot in hourly} == {"hourly"}
    assert hourly[0].as_of.astimezone(twin.zone).isoformat()[:16] == f"{day}T01:15"
    assert hourly[-1].as_of.astimezone(twin.zone).isoformat()[:16] == f"{day + timedelta(days=1)}T00:15"


@pytest.mark.full
def test_the_main_job_twice_leaves_the_history_of_once(tmp_path: Path):
    environment = {**os.environ, "KPP_TWIN_HOME": str(tmp_path / "home")}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )
        return done.stdout

    first = run("flows.main_job")
    once = run("kpp_twin.cli", "hash")
    second = run("flows.main_job")
    assert run("kpp_twin.cli", "hash") == once
    assert first == second
    assert "Traceback" not in first
    assert run("kpp_twin.cli", "verify").count("ok     I") == 12
