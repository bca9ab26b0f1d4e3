"""What all tests share: seeded hypothesis profiles, a small data folder, and settings in a temporary home."""

import os
import shutil
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, settings

from kpp_twin.records import Slot
from kpp_twin.settings import Settings

os.environ["GX_ANALYTICS_ENABLED"] = "false"
os.environ.pop("KPP_TWIN_HOME", None)

# A shell that starts the tests in the background has them ignore Ctrl-C, which some of them press.
signal.signal(signal.SIGINT, signal.default_int_handler)

IS_FULL = os.environ.get("KPP_TWIN_TEST_FULL") == "1"

_quiet = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "derandomize": True}
settings.register_profile("reduced", max_examples=25, **_quiet)
settings.register_profile("full", max_examples=500, **_quiet)
settings.load_profile("full" if IS_FULL else "reduced")

# The made-up site of `data_folder`: hourly prices, 15-minute load and weather.
DATA_START = datetime(2024, 3, 1, 6, tzinfo=UTC)  # local midnight in Chicago
DATA_DAYS = 20

DAILY = Slot(kind="daily", as_of=DATA_START + timedelta(days=14, hours=8, minutes=30))  # 09:30 in summer time
HOURLY = [Slot(kind="hourly", as_of=DATA_START + timedelta(days=15, hours=h, minutes=15)) for h in range(1, 5)]
FILLED_SLOTS = [DAILY, *HOURLY[:3]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave tests of the full counts to `make test-full`."""
    if not IS_FULL:
        for item in items:
            if "full" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="full counts: run `make test-full`"))


def made_up_frames(days: int = DATA_DAYS) -> dict[str, pd.DataFrame]:
    """Smooth, positive, reproducible series with a daily and a weekly shape."""
    rng = np.random.default_rng(7)
    hours = pd.date_range(DATA_START, periods=days * 24, freq="h")
    quarters = pd.date_range(DATA_START, periods=days * 96, freq="15min")

    def shape(index: pd.DatetimeIndex) -> np.ndarray:
        return 1 + 0.3 * np.sin(2 * np.pi * (index.hour + index.minute / 60) / 24) + 0.1 * (index.day_of_week < 5)

    return {
        "price": pd.DataFrame(
            {
                "series": "HB_HOUSTON",
                "interval_start": hours,
                "price_per_mwh": (30 * shape(hours) + rng.normal(0, 2, len(hours))).round(2),
            }
        ),
        "load": pd.DataFrame(
            {
                "series": "SITE",
                "interval_start": quarters,
                "load_kw": (500 * shape(quarters) + rng.normal(0, 10, len(quarters))).round(3),
            }
        ),
        "weather": pd.DataFrame(
            {
                "series": "SITE",
                "interval_start": quarters,
                "temperature_c": (10 * shape(quarters) + rng.normal(0, 0.5, len(quarters))).round(3),
            }
        ),
    }


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """CSV as a user would have it: stamps with their zone."""
    stamped = frame.assign(interval_start=frame["interval_start"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    stamped.to_csv(path, index=False)


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    """20 days of made-up data as CSV files."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name, frame in made_up_frames().items():
        write_csv(frame, folder / f"{name}.csv")
    return folder


@pytest.fixture
def twin_settings(tmp_path: Path, data_folder: Path) -> Settings:
    """Settings of a twin on the made-up data, judged over 10 days."""
    return Settings(home=tmp_path / "home", data_folder=data_folder, selection_days=10, lock_timeout_s=5.0)


@pytest.fixture
def day_of() -> Callable[[int], datetime]:
    """Local midnight of the n-th day of the made-up data, in UTC (before the clocks change on 10 March)."""
    return lambda n: DATA_START + timedelta(days=n)


@pytest.fixture(scope="session")
def filled_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with made-up data and a store of one daily and three hourly cycles; copy it, never write to it."""
    from kpp_twin.cycle import run_cycle
    from kpp_twin.store.snapshot import publish

    root = tmp_path_factory.mktemp("template")
    (root / "data").mkdir()
    for name, frame in made_up_frames().items():
        write_csv(frame, root / "data" / f"{name}.csv")
    twin = settings_of(root)
    for slot in FILLED_SLOTS:
        run_cycle(twin, slot)
    publish(twin)
    return root


@pytest.fixture
def filled(filled_template: Path, tmp_path: Path) -> Settings:
    """Settings of a twin of one's own with one daily and three hourly cycles in its store, published."""
    root = tmp_path / "filled"
    shutil.copytree(filled_template, root)
    return settings_of(root)


def settings_of(root: Path) -> Settings:
    """Settings of a twin whose data and home lie in one folder."""
    return Settings(home=root / "home", data_folder=root / "data", selection_days=10, lock_timeout_s=5.0)
