"""Which stations a cycle passes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from kpp_twin.operating.day_ahead import day_ahead
from kpp_twin.operating.desk import Desk
from kpp_twin.operating.hour import operate_hour
from kpp_twin.operation import Operation, Standing
from kpp_twin.records import Forecast, History, Slot
from kpp_twin.site import Site

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
        made = day_ahead(site, slot, forecasts, standing, zone)
    elif slot.kind == "hourly":
        made = operate_hour(
            Desk(site=site, as_of=slot.as_of, history=history, forecasts=forecasts, standing=standing, zone=zone)
        )
    else:
        made = Operation(state=standing.state)
    is_new = standing.site_digest != site.digest
    return replace(made, currency=currency, site_digest=site.digest, site_content=site.content if is_new else "")
