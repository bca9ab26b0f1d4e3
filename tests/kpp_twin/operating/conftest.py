"""A made-up day for the stations: prices, load and forecasts without a store."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kpp_twin.operation import Standing
from kpp_twin.records import Forecast, History, Series
from kpp_twin.site import Site, load_site
from kpp_twin.timegrid import Array, TimeGrid

ZONE = ZoneInfo("America/Chicago")
MIDNIGHT = datetime(2024, 3, 15, 5, tzinfo=UTC)  # local, in summer time
DAY = TimeGrid(start=MIDNIGHT, step_minutes=60, n_steps=24)
PRICES = np.array([20.0] * 6 + [60.0] * 6 + [40.0] * 6 + [120.0] * 4 + [30.0] * 2)
LOAD_KW = np.full(24, 600.0)


def series(variable: str, name: str, values: Array, step_minutes: int, known_after: timedelta) -> Series:
    """Values from midnight on, each known some time after its start."""
    grid = TimeGrid(start=MIDNIGHT, step_minutes=step_minutes, n_steps=len(values))
    known_at = (grid.index + known_after).tz_localize(None).to_numpy("datetime64[us]")
    return Series(variable=variable, name=name, grid=grid, values=values, known_at=known_at)


def forecast(variable: str, name: str, values: Array, start: datetime, step_minutes: int, as_of: datetime) -> Forecast:
    grid = TimeGrid(start=start, step_minutes=step_minutes, n_steps=len(values))
    return Forecast(
        variable=variable,
        series=name,
        grid=grid,
        issued_at=as_of,
        model_version="m",
        values=values,
        quantiles=np.repeat(values[:, None], 19, axis=1),
        tier="ensemble",
    )


@dataclass(frozen=True)
class World:
    """What happens on the day, whoever looks at it."""

    prices: Array
    load_kw: Array  # by the hour

    def history(self, as_of: datetime) -> History:
        day_before = timedelta(days=-1)
        return History(
            as_of=as_of,
            series=(
                series("price", "HB_HOUSTON", self.prices, 60, day_before),
                series("load", "SITE", np.repeat(self.load_kw, 4), 15, timedelta(minutes=30)),
            ),
            models=(),
        )

    def load_ahead(self, as_of: datetime) -> Forecast:
        """A perfect forecast of the 24 hours after ``as_of``, which repeats the day."""
        return forecast("load", "SITE", np.roll(np.repeat(self.load_kw, 4), -_quarters(as_of)), as_of, 15, as_of)

    def day_ahead(self, as_of: datetime) -> tuple[Forecast, Forecast]:
        return (
            forecast("price", "HB_HOUSTON", self.prices, MIDNIGHT, 60, as_of),
            forecast("load", "SITE", np.repeat(self.load_kw, 4), MIDNIGHT, 15, as_of),
        )


def _quarters(as_of: datetime) -> int:
    return int((as_of - MIDNIGHT) / timedelta(minutes=15)) % 96


@pytest.fixture
def site() -> Site:
    return load_site()


@pytest.fixture
def world() -> World:
    return World(prices=PRICES, load_kw=LOAD_KW)


@pytest.fixture
def nothing() -> Standing:
    return Standing()


@pytest.fixture
def local_hour() -> Callable[[float], datetime]:
    """Instant some hours after local midnight, in UTC."""
    return lambda hours: MIDNIGHT + timedelta(hours=hours)
