"""Typed settings from `kpp_twin.toml` and the environment; the environment wins.

``KPP_TWIN_HOME`` moves the data home; any other field is ``KPP_TWIN__FIELD``, as in ``KPP_TWIN__DATA_FOLDER``.
"""

import os
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from kpp_twin.errors import ConfigError, faults_of
from kpp_twin.feeds import LOAD, PRICE, WEATHER, Feed
from kpp_twin.site import REFERENCE_SITE
from kpp_twin.timegrid import utc

CONFIG_FILE = "kpp_twin.toml"
HOME_VARIABLE = "KPP_TWIN_HOME"
PREFIX = "KPP_TWIN__"
BUNDLED_DATA = Path(__file__).parent / "sources" / "sample"


class Settings(BaseSettings):
    """All that a user may set; frozen, and unknown names are refused."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    home: Annotated[Path, Field(description="Data home: store, snapshot, kept deliveries, reports")] = Path("var")
    data_folder: Annotated[Path, Field(description="Folder of CSV or Parquet files, one or more per feed")] = (
        BUNDLED_DATA
    )
    site_file: Annotated[Path, Field(description="TOML file of the site: battery, plant, load, market, grid")] = (
        REFERENCE_SITE
    )
    replay: Annotated[
        bool | None, Field(description="Whether old data is played as if live; default: the bundled data is")
    ] = None
    replay_from: Annotated[datetime, Field(description="Where a replay begins in an empty store")] = datetime(
        2021, 10, 13, 14, 30, tzinfo=UTC
    )
    market_zone: Annotated[str, Field(description="IANA zone of the market's calendar")] = "America/Chicago"
    holiday_market: Annotated[str, Field(description="Market whose holidays count, as in models/zones.toml")] = "ERCOT"
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", description="Currency of all prices")] = "USD"
    price_step_minutes: Annotated[
        Literal[15, 30, 60], Field(description="Length of the market's price interval [minutes]")
    ] = 60
    naive_stamps_zone: Annotated[
        str | None, Field(description="Zone of stamps without one in data files; none: refused")
    ] = None
    hourly_minute: Annotated[int, Field(ge=0, le=59, description="Minute past the hour of the hourly cycle")] = 15
    daily_time: Annotated[
        time, Field(description="Market-local time of the daily cycle, before the day-ahead gate")
    ] = time(9, 30)
    rated_load_kw: Annotated[float, Field(gt=0, description="Largest load that the site can draw [kW]")] = 1100.0
    training_days: Annotated[
        int, Field(ge=14, le=1460, description="Days before those on which a forecaster is trained [d]")
    ] = 730
    selection_days: Annotated[int, Field(ge=7, le=730, description="Days over which forecasters are compared [d]")] = 60
    lookback_days: Annotated[
        int, Field(ge=2, description="How far back a cycle looks for late or corrected rows [d]")
    ] = 8
    lock_timeout_s: Annotated[float, Field(gt=0, description="How long to wait for another process's lock [s]")] = 60.0

    @field_validator("market_zone", "naive_stamps_zone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                ZoneInfo(name)
            except (ZoneInfoNotFoundError, ValueError, OSError) as error:
                raise ValueError(f"{name!r} is no IANA time zone, such as America/Chicago") from error
        return name

    @field_validator("replay_from")
    @classmethod
    def _instant(cls, value: datetime) -> datetime:
        return utc(value)

    @field_validator("daily_time")
    @classmethod
    def _wall_clock(cls, value: time) -> time:
        if value.tzinfo is not None:
            raise ValueError("must be a market-local time without a zone, such as 09:30")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(CONFIG_FILE))

    @property
    def zone(self) -> ZoneInfo:
        """Zone of the market's calendar."""
        return ZoneInfo(self.market_zone)

    @property
    def feeds(self) -> tuple[Feed, ...]:
        """The feeds, with this site's price interval and currency."""
        price = replace(PRICE, step_minutes=self.price_step_minutes, unit=f"{self.currency}/MWh")
        return price, LOAD, WEATHER

    @property
    def replays(self) -> bool:
        """Whether data time runs behind the wall clock."""
        return self.data_folder == BUNDLED_DATA if self.replay is None else self.replay

    @property
    def store_path(self) -> Path:
        """The live database; private to the twin."""
        return self.home / "store" / "twin.duckdb"

    @property
    def journal_path(self) -> Path:
        """Append-only log of committed cycles, outside the database."""
        return self.home / "store" / "cycles.log"

    @property
    def snapshot_path(self) -> Path:
        """The published copy, for everybody to read."""
        return self.home / "snapshot.duckdb"

    @property
    def kept_path(self) -> Path:
        """Deliveries as they came, by cycle."""
        return self.home / "kept"

    @property
    def refused_path(self) -> Path:
        """Whole deliveries that a blocking rule refused."""
        return self.home / "refused"

    @property
    def reports_path(self) -> Path:
        """HTML reports."""
        return self.home / "reports"

    @property
    def clock_path(self) -> Path:
        """Offset of the replay clock."""
        return self.home / "replay_clock.json"


def load_settings() -> Settings:
    """Settings of this process; all faults in one `ConfigError`."""
    faults = [f"{name}: there is no such setting" for name in os.environ if _is_unknown(name)]
    try:
        home = os.environ.get(HOME_VARIABLE)
        settings = Settings(home=Path(home)) if home else Settings()
        if not faults:
            return settings
    except ValidationError as error:
        faults += faults_of(error.errors(), "settings")
    except ValueError as error:  # the file is no TOML
        faults.append(f"{CONFIG_FILE}: {error}")
    raise ConfigError(
        f"{len(faults)} fault(s) in the settings: " + "; ".join(faults),
        place=f"{CONFIG_FILE} or {PREFIX}* in the environment",
        next_step="correct them; `kpp-twin config` shows every setting with its meaning",
    )


def _is_unknown(name: str) -> bool:
    return name.startswith(PREFIX) and name.removeprefix(PREFIX).lower() not in Settings.model_fields
