"""The market product that a site trades, what bids are held to, and whether the market can be relied on."""

from dataclasses import replace
from datetime import datetime

import numpy as np

from kpp_twin.market.bidding.curves import BidRules
from kpp_twin.market.rules.disruption import Basis, decide_basis
from kpp_twin.market.rules.products import MarketProduct, product_named
from kpp_twin.site import Site
from kpp_twin.timegrid import Array, TimeGrid


def market_product(site: Site, grid: TimeGrid) -> MarketProduct | None:
    """Day-ahead product of the site's market as it holds when a grid begins; none if the site names none."""
    name = site.market.product
    return product_named(name, product_named(name).delivery_day(grid.start)) if name else None


def bid_rules(site: Site, grid: TimeGrid) -> BidRules:
    """Price limits and ticks of the market's product, and the site's own smallest bid, of which any more is taken."""
    product = market_product(site, grid)
    rules = BidRules() if product is None else product.rules(product.delivery_day(grid.start))
    return replace(rules, minimum_kw=site.market.minimum_bid_kw, step_kw=0.0)


def market_basis(site: Site, as_of: datetime, grid: TimeGrid, price_per_mwh: Array) -> Basis:
    """What a plan of a grid can rest on, with day-ahead prices ``(grid.n_steps,)``, NaN where none is known.

    Of a market that the site does not name nothing is due, and no price is outside its limits.
    """
    product = market_product(site, grid)
    if product is None:
        return Basis(fallbacks=(), price_per_mwh=price_per_mwh, may_buy=np.full(grid.n_steps, fill_value=True))
    return decide_basis(
        as_of,
        grid=grid,
        price_per_mwh=price_per_mwh,
        rules=bid_rules(site, grid),
        due_until=product.results_due_until(as_of),
    )
