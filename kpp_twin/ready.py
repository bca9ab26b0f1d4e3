"""The reference site's coordinator and optimizer, ready to use: ``from kpp_twin import coordinator, optimizer``.

Both stand where the bundled data is first replayed from, whatever the settings of this process are.
"""

from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from kpp_twin.coordination.coordinator import GridServicesCoordinator
from kpp_twin.errors import IncompleteError
from kpp_twin.feeds import Feed
from kpp_twin.market.bidding.strategy import EconomicOptimizer
from kpp_twin.market.risk import N_SCENARIOS
from kpp_twin.quality.parsing import parse
from kpp_twin.records import Array, Forecast, History, Series
from kpp_twin.settings import BUNDLED_DATA, Settings
from kpp_twin.site import load_site
from kpp_twin.sources.files import read_feed
from kpp_twin.thought import practice_of
from kpp_twin.timegrid import TimeGrid
from models.forecasting import decide
from models.price import PriceForecaster


@cache
def coordinator() -> GridServicesCoordinator:
    """Coordinator of the reference site with its initial state of charge; the same one at every call."""
    return GridServicesCoordinator(load_site(), now=_defaults().replay_from)


@cache
def optimizer() -> EconomicOptimizer:
    """Optimizer of the reference site on a price forecast of the next local day; the same one at every call."""
    forecast, scenarios_per_mwh = _bundled_prices()
    return EconomicOptimizer(load_site(), forecast, scenarios_per_mwh=scenarios_per_mwh)


def bundled_price_forecast() -> Forecast:
    """Price forecast of the local day after `replay_from`, made of the bundled prices that were known then.

    It looks back as far as the daily cycle does, and gives what that gives.

    Raises
    ------
    IncompleteError
        The forecasters cannot make one; with the reason.
    """
    return _bundled_prices()[0]


def _bundled_prices() -> tuple[Forecast, Array]:
    """Forecast, and scenarios ``(N_SCENARIOS, n_steps)`` of the forecaster that made it."""
    settings, site = _defaults(), load_site()
    price = next(feed for feed in settings.feeds if feed.name == "price")
    as_of, days = settings.replay_from, settings.selection_days + settings.training_days
    since = as_of.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
    series = known_series(price, site.market.price_series, since=since, as_of=as_of, zone=settings.zone)
    practice = practice_of(settings)
    decided = decide("daily", History(as_of=as_of, series=(series,), models=()), practice)
    if not decided.forecasts or not decided.models:
        raise IncompleteError(
            "; ".join(decided.notes), place="the bundled prices", next_step="install the package's data files anew"
        )
    forecast, model = decided.forecasts[0], decided.models[0]
    forecaster = PriceForecaster.load(
        model.weights, model.parameters, zone=practice.zone, issue_time=practice.issue_time
    )
    return forecast, forecaster.predict_scenarios(
        series,
        issued_at=as_of,
        horizon=forecast.grid,
        n_scenarios=N_SCENARIOS,
        generator=np.random.default_rng(0),
    )


def known_series(feed: Feed, name: str, *, since: datetime, as_of: datetime, zone: ZoneInfo) -> Series:
    """A bundled series from an instant on, as far as it was known at ``as_of``."""
    delivery = read_feed(BUNDLED_DATA, feed)
    rows = parse(delivery, naive_zone=None).rows
    rows = rows[(rows["series"] == name) & (rows["valid_from"] >= since)].sort_values("valid_from")
    known_at = feed.known_at(rows["valid_from"], zone)
    is_known = (known_at <= as_of).to_numpy()
    rows, known_at = rows[is_known], known_at[is_known]
    starts = pd.DatetimeIndex(rows["valid_from"])
    stop = starts[-1].to_pydatetime() + timedelta(minutes=feed.step_minutes)
    grid = TimeGrid.between(starts[0].to_pydatetime(), stop, feed.step_minutes)
    position = grid.positions(starts)
    values, known = np.full(grid.n_steps, np.nan), np.full(grid.n_steps, np.datetime64("NaT", "us"))
    values[position] = rows["value"].to_numpy(np.float64)
    known[position] = known_at.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    return Series(variable=feed.name, name=name, grid=grid, values=values, known_at=known)


def _defaults() -> Settings:
    """Settings as they come, without environment or file: the examples answer the same everywhere."""
    return Settings.model_construct()
