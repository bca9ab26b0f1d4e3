"""Which stations a cycle passes, and the day-ahead ones."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from kpp_twin.market.bids import day_ahead_bids
from kpp_twin.operating.hour import Desk, operate_hour
from kpp_twin.operating.hourly import forecast_of, hourly_means
from kpp_twin.operating.planning import plan_hours, site_as_it_is, stores_of
from kpp_twin.operating.state import of_json
from kpp_twin.operation import Operation, Standing
from kpp_twin.records import Forecast, History, Slot
from kpp_twin.site import Site
from kpp_twin.timegrid import TimeGrid
from kpp_twin.units import MINUTES_PER_HOUR

HOUR = timedelta(hours=1)


def operate(
    site: Site,
    slot: Slot,
    history: History,
    forecasts: Sequence[Forecast],
    standing: Standing,
    *,
    zone: ZoneInfo,
    currency: str,
) -> Operation:
    """Everything that the stations do in a cycle; a pure function of its arguments.

    A daily cycle plans the next local day and bids for it. An hourly one simulates the hours that ended, settles what
    has a price, calls curtailments, plans the rest of the local day anew and lets the coordinator admit the next hour.
    Any other hands on what it found.
    """
    offset = slot.as_of.astimezone(zone).utcoffset()
    if offset is None or offset % HOUR:
        made = Operation(state=standing.state, notes=(f"nothing is operated: hours of {zone} are no hours of UTC",))
    elif slot.kind == "daily":
        made = _day_ahead(site, slot, forecasts, standing)
    elif slot.kind == "hourly":
        made = operate_hour(
            Desk(site=site, as_of=slot.as_of, history=history, forecasts=forecasts, standing=standing, zone=zone)
        )
    else:
        made = Operation(state=standing.state)
    is_new = standing.site_digest != site.digest
    return replace(made, currency=currency, site_digest=site.digest, site_content=site.content if is_new else "")


def _day_ahead(site: Site, slot: Slot, forecasts: Sequence[Forecast], standing: Standing) -> Operation:
    """Plan and bids for the local day that the forecasts are about; from and to the target energy."""
    price = forecast_of(forecasts, "price", site.market.price_series)
    load = forecast_of(forecasts, "load", site.market.load_series)
    if price is None or load is None:
        missing = [
            f"{variable} {name}"
            for variable, name, found in (
                ("price", site.market.price_series, price),
                ("load", site.market.load_series, load),
            )
            if found is None
        ]
        return Operation(state=standing.state, notes=(f"no plan and no bids: no forecast of {' and '.join(missing)}",))
    grid = TimeGrid.between(price.grid.start, price.grid.stop, MINUTES_PER_HOUR)
    price_per_mwh = hourly_means(price.values, price.grid, grid)
    assets = of_json(standing.state).assets
    site = site_as_it_is(site, assets)
    stores = stores_of(site)
    plan = plan_hours(
        site,
        stores,
        grid=grid,
        issued_at=slot.as_of,
        price_per_mwh=price_per_mwh,
        load_kw=hourly_means(load.values, load.grid, grid),
        peak_kw=max(
            assets.peak_import_kw if assets else site.market.opening_peak_kw, site.demand_response.peak_target_kw
        ),
    )
    bids = day_ahead_bids(plan, price_per_mwh, site.market, {name: s.terms(site.market) for name, s in stores.items()})
    return Operation(plans=(plan,), bids=bids, state=standing.state)
