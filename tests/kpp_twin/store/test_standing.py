from dataclasses import asdict, replace
from datetime import datetime, timedelta

import pandas as pd
import pytest
from conftest import FILLED_SLOTS
from rows_by_hand import analysis

from kpp_twin.cycle import run_cycle
from kpp_twin.errors import HistoryError
from kpp_twin.market.settlement import settle_hour
from kpp_twin.operation import DemandEvent, Operation, Plan, ServiceRecord, Setpoint
from kpp_twin.records import ORIGIN, Predecessor, Slot, Start
from kpp_twin.replay import replay
from kpp_twin.settings import Settings
from kpp_twin.site import load_site, site_of
from kpp_twin.store.commit import insert
from kpp_twin.store.connection import Connection, open_live
from kpp_twin.store.history import read_start
from kpp_twin.store.operation_frames import operation_frames
from kpp_twin.store.snapshot import publish
from kpp_twin.store.standing import read_site_content, read_standing
from kpp_twin.store.verify import verify
from kpp_twin.timegrid import TimeGrid, hour_label

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


def correct_price(connection: Connection, hour: datetime, price: float, known_at: datetime, cycle_number: int) -> None:
    """A price of an hour that came later than the first."""
    connection.execute(
        "INSERT INTO price SELECT * REPLACE (? AS price_per_mwh, ? AS known_at, ? AS cycle_number) "
        "FROM price WHERE valid_from = ? ORDER BY known_at LIMIT 1",
        [price, known_at, cycle_number, hour],
    )


def test_a_settled_hour_of_which_another_price_came_is_as_it_was_metered(filled: Settings):
    hour = FILLED_SLOTS[1].as_of.replace(minute=0) - timedelta(hours=1)
    with open_live(filled) as connection:
        start = start_after(connection, filled)
        number = start.predecessor.cycle_number
        assert read_standing(connection, start).repriced == ()
        correct_price(connection, hour, 99.0, NEXT.as_of + timedelta(seconds=1), number + 1)
        correct_price(connection, hour, 98.0, NEXT.as_of, number + 2)
        assert read_standing(connection, start).repriced == (), "nobody knows of it yet"
        correct_price(connection, hour, 97.0, NEXT.as_of, number + 1)
        (found,) = read_standing(connection, start).repriced
        lines = rows_of_hour(connection, hour)
        site = site_of(found.site_content, place="table site")
        assert site == load_site()
        anew = settle_hour(found.metered, {"load": lines["energy", "load"][0]}, found.price_per_mwh, site)
        assert {(line.service, line.asset): (line.quantity_kwh, line.amount) for line in anew} == lines
        correct_price(connection, hour, 96.0, NEXT.as_of, 2)  # came with the cycle that settled the hour
        connection.execute("UPDATE settlement_line SET cycle_number = ? WHERE valid_from = ?", [number, hour])
        connection.execute("DELETE FROM price WHERE cycle_number > ?", [number])
        assert read_standing(connection, start).repriced == (), "it was settled on the newest"


def rows_of_hour(connection: Connection, hour: datetime) -> dict[tuple[str, str], tuple[float, float]]:
    text = "SELECT service, asset, quantity_kwh, amount FROM settlement_line WHERE valid_from = ?"
    return {(service, asset): tuple(rest) for service, asset, *rest in connection.execute(text, [hour]).fetchall()}


def test_a_corrected_price_of_an_old_hour_has_its_bids_in_sight(filled: Settings):
    hour = FILLED_SLOTS[1].as_of.replace(minute=0) - timedelta(hours=1)
    far = Slot(kind="hourly", as_of=LAST + timedelta(days=5))
    with open_live(filled) as connection:
        start = start_after(connection, filled, far)
        correct_price(connection, hour, 97.0, far.as_of, start.predecessor.cycle_number + 1)
        standing = read_standing(connection, start)
    assert [settled.metered.start for settled in standing.repriced] == [hour]
    assert {bid.valid_from for bid in standing.bids} >= {hour}


def test_a_correction_is_settled_once_and_the_first_bill_stays_to_be_asked_for(filled: Settings):
    """From the file to the views: the hour has a second revision, sums are right as of both, and all of it replays."""
    hour = FILLED_SLOTS[1].as_of.replace(minute=0) - timedelta(hours=1)
    file = filled.data_folder / "price.csv"
    prices = pd.read_csv(file)
    prices.loc[prices["interval_start"] == f"{hour:%Y-%m-%dT%H:%M:%SZ}", "price_per_mwh"] += 7.5
    prices.to_csv(file, index=False)
    with open_live(filled) as connection:
        before = net_of(connection, hour, LAST)
    report = run_cycle(filled, NEXT)
    assert [note.split(",")[0] for note in report.notes] == [f"settled anew: the hour from {hour_label(hour)}"]
    publish(filled)
    assert [finding for finding in verify(filled) if not finding.holds] == []
    with open_live(filled) as connection:
        assert replay(filled, connection, NEXT.cycle_id).is_identical
        assert net_of(connection, hour, LAST) == before
        now = net_of(connection, hour, NEXT.as_of)
        ((latest, lines, revision),) = connection.execute(
            "SELECT sum(amount), count(*), max(revision) FROM out_settlement WHERE valid_from = ?", [hour]
        ).fetchall()
        assert (latest, lines, revision) == (pytest.approx(now), 11, 1)
        money = connection.execute("SELECT DISTINCT net_amount FROM out_money WHERE valid_from = ?", [hour]).fetchall()
        assert money == [(pytest.approx(now),)]
        (found,) = analysis(connection, "settlement_revisions")
    assert found["change_of_net"] == pytest.approx(now - before) != 0
    assert found["price_per_mwh"] - found["price_before_per_mwh"] == pytest.approx(7.5)


def net_of(connection: Connection, hour: datetime, as_of: datetime) -> float:
    ((amount, revisions),) = connection.execute(
        "SELECT sum(amount), count(DISTINCT revision) FROM out_settlement_revision "
        "WHERE valid_from = $hour AND known_at <= $as_of AND (replaced_at IS NULL OR replaced_at > $as_of)",
        {"hour": hour, "as_of": as_of},
    ).fetchall()
    assert revisions == 1
    return float(amount)


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
