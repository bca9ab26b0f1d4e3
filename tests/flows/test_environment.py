import os

import pytest

from flows.environment import prepare
from kpp_twin.settings import Settings

NAMES = ("PREFECT_HOME", "PREFECT_SERVER_ANALYTICS_ENABLED", "PREFECT_SERVER_API_HOST", "DO_NOT_TRACK")


def test_prefect_lives_in_the_data_home_and_phones_nobody(twin_settings: Settings, monkeypatch: pytest.MonkeyPatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    prepare(twin_settings)
    assert os.environ["PREFECT_HOME"] == str(twin_settings.home / "prefect")
    assert (twin_settings.home / "prefect").is_dir()
    assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert os.environ["PREFECT_SERVER_API_HOST"] == "127.0.0.1"
    assert os.environ["DO_NOT_TRACK"] == "1"
    for name in NAMES:
        monkeypatch.delenv(name)


def test_what_the_user_has_set_stays(twin_settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PREFECT_HOME", "/elsewhere")
    prepare(twin_settings)
    assert os.environ["PREFECT_HOME"] == "/elsewhere"
