from dataclasses import asdict, replace
from datetime import timedelta

import pytest
from conftest import FILLED_SLOTS

from kpp_twin.errors import HistoryError
from kpp_twin.operation import DemandEvent, Operation, Plan, ServiceRecord, Setpoint
from kpp_twin.records import ORIGIN, Predecessor, Slot, Start
from kpp_twin.settings import Settings
from kpp_twin.site import load_site, site_of
from kpp_twin.store.commit import insert
from kpp_twin.store.connection import Connection, open_live
from kpp_twin.store.history import read_start
from kpp_twin.store.operation_frames import operation_frames
from kpp_twin.store.standing import read_site_content, read_standing
from kpp_twin.timegrid import TimeGrid

LAST = FILLED_SLOTS[-1].as_of
NEXT = Slot(kind="hourly", as_of=LAST + timedelta(hours=1))
HOUR = (LAST + timedelta(hours=1)).replace(minute=0)


def start_after(connection: Connection, settings: Settings, slot: Slot = NEXT) -> Start:
    return read_start(connection, slot, settings.feeds, timedelta(days=8))


def plan(issued_at, setpoint_kw: float, hours: int = 2) -> Plan:
    import numpy as np

    grid = TimeGrid(start=HOUR, step_minutes=60, n_steps=hours)
    values = np.full(hours, setpoint_kw)
    return Plan(
        grid=grid, issued_at=issued_at, setpoint_kw={"battery": values}, reserved_up_kw=values, reserved_down_kw=values
    )


def write(connection: Connection, operation: Operation, as_of, cycle_number: int) -> None:
    insert(connection, operation_frames(operation, as_of), cycle_number)


def test_the_state_that_the_cycle_before_left_comes_back(filled: Settings):
    with open_live(filled) as connection:
        start = start_after(connection, filled)
        standing = read_standing(connection, start)
    assert standing.state == start.predecessor.state["operation"]
    assert standing.state["simulated_until"] == LAST.strftime("%Y-%m-%dT%H:00Z")
    assert standing.site_digest == load_site().digest
    assert ("battery", HOUR) in standing.setpoints
    assert {bid.product for bid in standing.bids} >= {"load"}
    assert {request.service for request in standing.requests} >= {"frequency_response"}


def test_the_newest_plan_that_was_issued_before_the_hour_holds(filled: Settings):
    with open_live(filled) as connection:
        number = start_after(connection, filled).predecessor.cycle_number
        for issued_at, setpoint_kw in ((LAST, 1.0), (HOUR, 2.0), (HOUR + timedelta(minutes=30), 3.0)):
            write(connection, Operation(plans=(plan(issued_at, setpoint_kw),)), LAST, number)
        found = read_standing(connection, start_after(connection, filled)).setpoints
    # The third was issued when the first hour had begun.
    assert found["battery", HOUR] == Setpoint(setpoint_kw=2.0, reserved_up_kw=2.0, reserved_down_kw=2.0)
    assert found["battery", HOUR + timedelta(hours=1)].setpoint_kw == 3.0


def test_nothing_that_came_later_is_seen(filled: Settings):
    with open_live(filled) as connection:
        start = start_after(connection, filled)
        before = read_standing(connection, start)
        number = start.predecessor.cycle_number
        late = NEXT.as_of + timedelta(seconds=1)
        event = DemandEvent(
            event_id="DR-late",
            start=HOUR,
            duration_minutes=60,
            target_reduction_kw=100.0,
            ramp_kw_per_minute=10.0,
            forecast_peak_kw=1000.0,
        )
        request = ServiceRecord(
            request_id="late",
            service="frequency_response",
            priority="HIGH",
            valid_from=HOUR,
            duration_minutes=60,
            requested=1.0,
            granted=1.0,
            unit="kW",
            state="GRANTED",
            reason="",
        )
        made = Operation(plans=(plan(LAST + timedelta(minutes=1), 9.0),), events=(event,), requests=(request,))
        write(connection, made, late, number)
        write(connection, made, LAST, number + 1)
        assert read_standing(connection, start) == before
        write(connection, made, LAST, number)
        after = read_standing(connection, start)
    assert after.events == (*before.events, event)
    assert request in after.requests
    assert after.setpoints["battery", HOUR].setpoint_kw == 9.0


def test_hours_that_wait_to_be_settled_keep_their_bids_in_sight(filled: Settings):
    far = Slot(kind="hourly", as_of=LAST + timedelta(days=5))
    with open_live(filled) as connection:
        start = start_after(connection, filled, far)
        assert read_standing(connection, start).bids == ()
        waiting = {"unsettled": [{"start": FILLED_SLOTS[1].as_of.strftime("%Y-%m-%dT%H:00Z")}]}
        state = {**start.predecessor.state, "operation": {**start.predecessor.state["operation"], **waiting}}
        held = replace(start, predecessor=Predecessor(**{**_fields(start.predecessor), "state": state}))
        assert read_standing(connection, held).bids


def _fields(record: Predecessor) -> dict[str, object]:
    return {name: getattr(record, name) for name in asdict(ORIGIN)}


def test_before_the_first_cycle_nothing_stands(filled: Settings):
    with open_live(filled) as connection:
        standing = read_standing(connection, Start(slot=NEXT, predecessor=ORIGIN, seen={}))
    assert (standing.setpoints, standing.bids, standing.state, standing.site_digest) == ({}, (), {}, "")


def test_the_site_of_a_cycle_is_the_one_that_it_used(filled: Settings):
    with open_live(filled) as connection:
        assert site_of(read_site_content(connection, 2), place="table site") == load_site()
        connection.execute("UPDATE site SET content = replace(content, '1500.0', '1501.0')")
        with pytest.raises(HistoryError, match="does not hold the site"):
            read_site_content(connection, 2)
        connection.execute("DELETE FROM site")
        with pytest.raises(HistoryError, match="does not hold the site"):
            read_site_content(connection, 2)
