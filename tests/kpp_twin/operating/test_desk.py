"""What the hourly stations find on the desk."""

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pytest

from kpp_twin.operating.desk import HOUR, IDLE, Desk
from kpp_twin.operation import Bid, Setpoint, Standing
from kpp_twin.site import Site
from kpp_twin.timegrid import TimeGrid
from tests.kpp_twin.operating.conftest import DAY, MIDNIGHT, PRICES, World, desk_of


def bid_for(start: datetime, product: str, quantity_kw: float, price: float, market: str = "day_ahead") -> Bid:
    return Bid(
        bid_id=f"{market}-{product}-{quantity_kw}",
        market=market,
        product=product,
        series="HB_HOUSTON",
        valid_from=start,
        duration_minutes=60,
        price_per_mwh=price,
        quantity_kw=quantity_kw,
    )


BIDS = (
    bid_for(MIDNIGHT, "load", -600.0, 5000.0),
    bid_for(MIDNIGHT, "battery", 200.0, 60.0),
    bid_for(MIDNIGHT, "battery", 300.0, 80.0),
    bid_for(MIDNIGHT, "battery", 100.0, 8.0, "PFR"),
    bid_for(MIDNIGHT + HOUR, "load", -600.0, 5000.0),
)
SET = Setpoint(setpoint_kw=70.0, reserved_up_kw=100.0, reserved_down_kw=100.0)


@pytest.fixture
def desk(site: Site, world: World) -> Desk:
    return desk_of(site, world, MIDNIGHT, Standing(bids=BIDS, setpoints={("battery", MIDNIGHT): SET}))


@pytest.mark.parametrize(("price", "battery_kw"), [(59.0, 0.0), (60.0, 200.0), (80.0, 300.0)])
def test_what_the_price_accepts_of_the_energy_bids_is_sold(desk: Desk, price: float, battery_kw: float):
    assert desk.sold_kw(MIDNIGHT, price) == {"load": -600.0, "battery": battery_kw}
    assert desk.sold_kw(MIDNIGHT + 5 * HOUR, price) == {}


def test_reserve_is_what_was_bid_for_and_none_where_nothing_was(desk: Desk):
    assert [desk.reserve_kw(MIDNIGHT + n * HOUR) for n in range(3)] == [100.0, 0.0, None]


def test_an_hour_without_a_setpoint_is_idle(desk: Desk):
    assert desk.setpoint("battery", MIDNIGHT) == SET
    assert desk.setpoint("battery", MIDNIGHT + HOUR) == desk.setpoint("plant", MIDNIGHT) == IDLE
    assert desk.in_force_kw("battery", [MIDNIGHT, MIDNIGHT + HOUR]) == pytest.approx([70.0, np.nan], nan_ok=True)


def test_prices_are_those_that_are_known(desk: Desk, site: Site, world: World):
    early = desk_of(site, world, MIDNIGHT - 14 * HOUR, Standing())
    assert early.price_on(DAY) == pytest.approx(np.where(np.arange(24) <= 10, PRICES, np.nan), nan_ok=True)
    assert desk.price_on(DAY) == pytest.approx(PRICES)
    beyond = TimeGrid(start=MIDNIGHT + 22 * HOUR, step_minutes=60, n_steps=4)
    assert desk.price_on(beyond) == pytest.approx([*PRICES[22:], np.nan, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("minutes", "metered_hours", "next_hours"), [(0, -1, 0), (14, -1, 1), (15, 0, 1), (59, 0, 1), (60, 0, 1)]
)
def test_the_next_hour_has_not_begun_and_the_last_is_metered_whole(
    site: Site,
    world: World,
    nothing: Standing,
    local_hour: Callable[[float], datetime],
    minutes: int,
    metered_hours: int,
    next_hours: int,
):
    desk = desk_of(site, world, MIDNIGHT + timedelta(minutes=minutes), nothing)
    assert (desk.metered_until, desk.next_hour) == (local_hour(metered_hours), local_hour(next_hours))
