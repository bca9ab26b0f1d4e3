"""Reading what earlier cycles left for the stations to go on with."""

import json
from datetime import datetime, timedelta
from typing import Any

from kpp_twin.bill import MeteredHour, SettledHour
from kpp_twin.errors import HistoryError
from kpp_twin.operation import Bid, DemandEvent, ServiceRecord, Setpoint, Standing
from kpp_twin.records import Start
from kpp_twin.site import content_digest
from kpp_twin.store.answers import records_of, rows_of
from kpp_twin.store.connection import Connection
from kpp_twin.store.queries import query
from kpp_twin.timegrid import utc

HOURS_BACK, HOURS_AHEAD = 26, 50  # the local day so far, and the two days that a plan may cover


def read_standing(connection: Connection, start: Start) -> Standing:
    """What stands at the cycle's ``as_of``; hours to be settled, also anew, are covered however old they are."""
    as_of, state = start.slot.as_of, start.predecessor.state.get("operation", {})
    known = {"as_of": as_of, "through_cycle": start.predecessor.cycle_number}
    repriced = tuple(_settled_hour(**row) for row in rows_of(connection, "standing_repriced", known))
    waiting = [utc(datetime.fromisoformat(hour["start"])) for hour in state.get("unsettled", ())]
    waiting += [hour.metered.start for hour in repriced]
    window = {
        **known,
        "start": min([as_of - timedelta(hours=HOURS_BACK), *waiting]),
        "stop": as_of + timedelta(hours=HOURS_AHEAD),
    }
    return Standing(
        setpoints={
            (row.pop("asset"), row.pop("valid_from")): Setpoint(**row)
            for row in rows_of(connection, "standing_setpoints", window)
        },
        bids=records_of(connection, Bid, "standing_bids", window),
        events=records_of(connection, DemandEvent, "standing_events", window),
        requests=records_of(connection, ServiceRecord, "standing_requests", window),
        repriced=repriced,
        state=state,
        site_digest=start.predecessor.state.get("site", ""),
    )


def _settled_hour(*, price_per_mwh: float, site_content: str, **metered: Any) -> SettledHour:
    return SettledHour(metered=MeteredHour(**metered), price_per_mwh=price_per_mwh, site_content=site_content)


def read_site_content(connection: Connection, cycle_number: int) -> str:
    """JSON of the site that a cycle used.

    Raises
    ------
    HistoryError
        The history does not hold it.
    """
    ((state,),) = connection.execute(query("cycle_state"), {"cycle_number": cycle_number}).fetchall()
    digest = json.loads(state).get("site", "")
    row = connection.execute(query("site_by_digest"), {"site_digest": digest}).fetchone()
    if row is None or content_digest(str(row[0])) != digest:
        raise HistoryError(
            f"the history does not hold the site of cycle {cycle_number}, {digest or 'which has none'}",
            place="table site",
            next_step="replay cycles that this version wrote",
        )
    return str(row[0])
