"""Settings from the file and the environment; every fault is told, and told at once."""

from datetime import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from kpp_twin.errors import ConfigError
from kpp_twin.settings import BUNDLED_DATA, CONFIG_FILE, Settings, load_settings


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder without a settings file."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_config(folder: Path, text: str) -> None:
    (folder / CONFIG_FILE).write_text(text, encoding="utf-8")


def test_without_a_file_the_defaults_hold() -> None:
    settings = load_settings()
    assert settings.home == Path("var")
    assert settings.data_folder == BUNDLED_DATA
    assert settings.daily_time == time(9, 30)
    assert settings.zone.key == "America/Chicago"


def test_the_environment_wins_over_the_file(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(empty_folder, 'rated_load_kw = 2000.0\nhourly_minute = 20\ndaily_time = 08:45:00\nhome = "twin"\n')
    monkeypatch.setenv("KPP_TWIN__HOURLY_MINUTE", "25")
    settings = load_settings()
    assert (settings.rated_load_kw, settings.hourly_minute, settings.daily_time) == (2000.0, 25, time(8, 45))
    assert settings.home == Path("twin")
    monkeypatch.setenv("KPP_TWIN_HOME", "elsewhere")
    assert load_settings().home == Path("elsewhere")


def test_all_files_of_the_twin_lie_in_its_home() -> None:
    settings = Settings(home=Path("h"))
    paths = [
        getattr(settings, name)
        for name in (
            "store_path",
            "journal_path",
            "snapshot_path",
            "kept_path",
            "refused_path",
            "reports_path",
            "clock_path",
        )
    ]
    assert all(path.is_relative_to("h") for path in paths)
    assert len(set(paths)) == len(paths)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        pytest.param('market_zone = "Texas/Dallas"', "market_zone: .*no IANA time zone", id="unknown zone"),
        pytest.param('market_zone = "../../etc/passwd"', "market_zone: .*no IANA time zone", id="zone that is a path"),
        pytest.param('naive_stamps_zone = "CT"', "naive_stamps_zone", id="unknown zone of stamps"),
        pytest.param('daily_time = "09:30+02:00"', "daily_time: .*without a zone", id="time with a zone"),
        pytest.param('currency = "usd"', "currency", id="currency in small letters"),
        pytest.param("price_step_minutes = 20", "price_step_minutes", id="20-minute market"),
        pytest.param("rated_load_kw = 0.0", "rated_load_kw", id="no rating"),
        pytest.param("rated_load_kw = nan", "rated_load_kw", id="rating that is no number"),
        pytest.param("hourly_minute = 60", "hourly_minute", id="minute 60"),
        pytest.param("lookback_days = 1", "lookback_days", id="short look-back"),
        pytest.param("rated_laod_kw = 900.0", "rated_laod_kw", id="misspelt name"),
        pytest.param("rated_load_kw 900", CONFIG_FILE, id="no TOML"),
    ],
)
def test_a_wrong_setting_is_named(empty_folder: Path, line: str, fault: str) -> None:
    write_config(empty_folder, line + "\n")
    with pytest.raises(ConfigError, match=fault) as caught:
        load_settings()
    assert caught.value.exit_code == 2
    assert CONFIG_FILE in caught.value.place


def test_all_faults_come_in_one_message(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(empty_folder, 'currency = "euro"\nlookback_days = 0\n')
    monkeypatch.setenv("KPP_TWIN__SELECTION_DAYS", "3")
    with pytest.raises(ConfigError, match=r"3 fault\(s\)") as caught:
        load_settings()
    assert all(name in caught.value.fault for name in ("currency", "lookback_days", "selection_days"))


def test_a_misspelt_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPP_TWIN__DATA_FOLDR", "mine")
    with pytest.raises(ConfigError, match=r"(?i)data_foldr"):
        load_settings()


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Settings().hourly_minute = 5


def test_price_feed_takes_step_and_currency_of_the_site() -> None:
    price, load, weather = Settings(price_step_minutes=15, currency="EUR").feeds
    assert (price.step_minutes, price.unit) == (15, "EUR/MWh")
    assert (load.unit, weather.required) == ("kW", False)


@pytest.mark.parametrize(
    ("given", "replays"),
    [
        ({}, True),
        ({"data_folder": "mine"}, False),
        ({"data_folder": "mine", "replay": True}, True),
        ({"replay": False}, False),
    ],
)
def test_only_the_bundled_data_is_replayed_unless_told(given: dict[str, object], replays: bool) -> None:
    assert Settings(**given).replays is replays
