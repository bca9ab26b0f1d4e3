"""The market's product by the day of delivery, what bids are held to, and what a plan can rest on."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kpp_twin.errors import ConfigError
from kpp_twin.market.bidding.curves import BidRules
from kpp_twin.operating.market_rules import bid_rules, market_basis, market_product
from kpp_twin.site import Site
from kpp_twin.timegrid import TimeGrid
from tests.kpp_twin.operating.conftest import DAY, PRICES, ZONE

BERLIN = ZoneInfo("Europe/Berlin")
DUE = datetime.fromisoformat("2024-03-14T18:30:00Z")  # 13:30 of the day before, local
SECOND = timedelta(seconds=1)


def trading(site: Site, product: str | None) -> Site:
    return site.model_copy(update={"market": site.market.model_copy(update={"product": product})})


@pytest.mark.parametrize(
    ("day", "minutes"), [("2014-02-04", 60), ("2025-09-30", 60), ("2025-10-01", 15), ("2025-10-26", 15)]
)
def test_the_product_is_that_of_the_local_day_though_it_is_the_day_before_in_utc(site: Site, day: str, minutes: int):
    grid = TimeGrid.local_day(date.fromisoformat(day), BERLIN, 60)
    product = market_product(trading(site, "SDAC"), grid)
    assert product is not None
    assert product.interval_minutes == minutes
    assert bid_rules(trading(site, "SDAC"), grid).tick_per_mwh == product.tick_per_mwh


def test_bids_keep_to_the_prices_of_the_market_and_the_smallest_bid_of_the_site(site: Site):
    assert bid_rules(site, DAY) == BidRules(
        floor_per_mwh=-250.0, cap_per_mwh=5000.0, tick_per_mwh=0.01, minimum_kw=100.0, step_kw=0.0, most_steps=10
    )
    before = TimeGrid.local_day(date(2021, 2, 15), ZONE, 60)
    assert bid_rules(site, before).cap_per_mwh == 9000.0


def test_of_a_market_that_is_not_named_nothing_is_due_and_no_price_is_too_high(site: Site):
    nameless = trading(site, None)
    assert market_product(nameless, DAY) is None
    assert bid_rules(nameless, DAY) == BidRules(minimum_kw=100.0)
    for prices in (np.full(24, np.nan), np.full(24, 99999.0)):
        basis = market_basis(nameless, DUE, DAY, prices)
        assert (basis.fallbacks, basis.decision_basis) == ((), "market")
        assert basis.price_per_mwh == pytest.approx(prices, nan_ok=True)


def test_a_market_that_does_not_exist_is_named_with_those_that_do(site: Site):
    with pytest.raises(ConfigError, match=r"no market product 'NOWHERE'.*choose among SDAC, .*ERCOT day-ahead"):
        market_product(trading(site, "NOWHERE"), DAY)


def test_prices_are_missed_from_the_instant_at_which_the_results_are_due(site: Site):
    nothing = np.full(24, np.nan)
    assert market_basis(site, DUE - SECOND, DAY, nothing).reasons == ()
    assert market_basis(site, DUE, DAY, nothing).reasons == ("day_ahead_missing",)
    some = np.where(np.arange(24) < 7, PRICES, np.nan)
    assert market_basis(site, DUE, DAY, some).reasons == ("day_ahead_incomplete",)
    assert market_basis(site, DUE, DAY, PRICES).reasons == ()


def test_a_price_outside_the_limits_is_not_used_and_one_at_the_cap_is_scarcity(site: Site):
    outside = np.where(np.arange(24) == 5, 5000.01, PRICES)
    basis = market_basis(site, DUE, DAY, outside)
    assert basis.reasons == ("price_outside_limits",)
    assert np.isnan(basis.price_per_mwh).nonzero()[0].tolist() == [5]
    scarce = market_basis(site, DUE, DAY, np.minimum(outside, 5000.0))
    assert scarce.reasons == ("scarcity",)
    assert (scarce.price_per_mwh == np.minimum(outside, 5000.0)).all()
