"""A made-up day for the stations: prices, load and forecasts without a store."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kpp_twin.operating.desk import Desk
from kpp_twin.operating.hour import operate_hour
from kpp_twin.operating.stations import operate
from kpp_twin.operation import Operation, Setpoint, Standing
from kpp_twin.records import Forecast, History, Series, Slot
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
    known_days_before: int = 1  # a price, before its hour

    def history(self, as_of: datetime) -> History:
        return History(
            as_of=as_of,
            series=(
                series("price", "HB_HOUSTON", self.prices, 60, timedelta(days=-self.known_days_before)),
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


def desk_of(site: Site, world: World, as_of: datetime, standing: Standing) -> Desk:
    return Desk(
        site=site,
        as_of=as_of,
        history=world.history(as_of),
        forecasts=(world.load_ahead(as_of),),
        standing=standing,
        zone=ZONE,
    )


def run(site: Site, world: World, as_of: datetime, standing: Standing) -> Operation:
    return operate_hour(desk_of(site, world, as_of, standing))


def handed_on(before: Standing, made: Operation) -> Standing:
    """What the next cycle finds; the store does the same with SQL."""
    setpoints = dict(before.setpoints)
    for plan in made.plans:
        for asset, values in plan.setpoint_kw.items():
            for hour, value, up, down in zip(
                plan.grid.index, values, plan.reserved_up_kw, plan.reserved_down_kw, strict=True
            ):
                is_battery = asset == "battery"
                setpoints[asset, hour.to_pydatetime()] = Setpoint(
                    setpoint_kw=float(value),
                    reserved_up_kw=float(up) if is_battery else 0.0,
                    reserved_down_kw=float(down) if is_battery else 0.0,
                )
    return Standing(
        setpoints=setpoints,
        bids=(*before.bids, *made.bids),
        events=(*before.events, *made.events),
        requests=(*before.requests, *made.requests),
        state=made.state,
    )


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


@pytest.fixture
def planned(site: Site, world: World) -> Standing:
    """What the daily cycle of the day before left."""
    as_of = MIDNIGHT - timedelta(hours=14, minutes=30)
    slot = Slot(kind="daily", as_of=as_of)
    made = operate(site, slot, world.history(as_of), world.day_ahead(as_of), Standing(), zone=ZONE, currency="USD")
    return handed_on(Standing(), made)
