"""Views and questions on what the stations did, against a day that can be added up in one's head."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest
from operation_by_hand import HOUR, NET_EVEN, NET_ODD, operation_of

from kpp_twin.battery.kernel_constants import Flag
from kpp_twin.store.answers import rows_of
from kpp_twin.store.commit import insert
from kpp_twin.store.connection import Connection
from kpp_twin.store.migrate import migrate
from kpp_twin.store.operation_frames import operation_frames
from kpp_twin.store.queries import query

START = datetime(2024, 3, 16, 5, tzinfo=UTC)  # local midnight
N_HOURS, N_SIMULATED = 6, 4
AS_OF = START + timedelta(days=1)
HEALTH = 1 - 1e-5 * np.arange(1, N_SIMULATED + 1)  # of the battery at the hours' ends
Rows = list[dict[str, object]]


def asked(connection: Connection, text: str) -> Rows:
    cursor = connection.execute(text)
    columns = [column[0] for column in cursor.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def analysis(connection: Connection, name: str) -> Rows:
    return asked(connection, query(name, "analysis"))


def add_cycle(connection: Connection, number: int, as_of: datetime) -> None:
    texts = ("notes", "predecessor_digest", "digest", "software_version")
    row = {"cycle_id": f"hourly-{number}", "kind": "hourly", "as_of": as_of, "state": "{}", "row_counts": "{}"}
    counts = dict.fromkeys(("rows_in", "rows_admitted", "rows_quarantined"), 0)
    insert(connection, {"cycle": pd.DataFrame([{**row, **counts, **dict.fromkeys(texts, "")}])}, number)


def add_prices(connection: Connection, prices: list[float]) -> None:
    rows = [
        {"series": "HB_HOUSTON", "valid_from": START + n * HOUR, "known_at": START, "price_per_mwh": price}
        for n, price in enumerate(prices)
    ]
    frame = pd.DataFrame(rows).assign(duration_minutes=60, currency="USD", source="", flags="")
    insert(connection, {"price": frame}, 1)


def add_flags(connection: Connection, flag_s: dict[str, float]) -> None:
    """Seconds by flag, in the second hour, as simulated with it."""
    flags = pd.DataFrame(flag_s.items(), columns=["flag", "seconds"])
    insert(
        connection,
        {"battery_flag": flags.assign(valid_from=START + HOUR, duration_minutes=60, known_at=AS_OF)},
        1,
    )


@pytest.fixture(scope="module")
def made_once() -> Iterator[Connection]:
    """Six planned hours, four of them simulated and settled, at a price of 40 that is known for all but the last."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        migrate(connection)
        add_cycle(connection, 1, AS_OF)
        insert(connection, operation_frames(operation_of(START, N_HOURS, n_simulated=N_SIMULATED), AS_OF), 1)
        add_prices(connection, [15.0, 45.0, 15.0, 55.0, 5.0])
        loads = [{"valid_from": START + n * HOUR / 4, "load_kw": 500.0} for n in range(4 * N_HOURS)]
        frame = pd.DataFrame(loads).assign(series="SITE", duration_minutes=15, known_at=AS_OF, source="", flags="")
        insert(connection, {"site_load": frame}, 1)
        yield connection


@pytest.fixture
def day(made_once: Connection) -> Iterator[Connection]:
    """The same, to be changed by the test."""
    made_once.begin()
    yield made_once
    made_once.rollback()


def test_a_bid_is_accepted_by_the_price_and_unsaid_without_one(day: Connection):
    bids = asked(day, "SELECT * FROM out_bid WHERE product = 'battery' ORDER BY valid_from, bid_id")
    assert [bid["is_accepted"] for bid in bids] == [
        *(True, False),  # buys at 20 and at 10, the price is 15
        *(True, False),  # sells at 40 and at 50, the price is 45
        *(True, False),
        *(True, True),
        *(True, True),
        *(None, None),
    ]
    assert {bid["clearing_price_per_mwh"] for bid in bids} == {15.0, 45.0, 55.0, 5.0, None}


def test_of_accepted_steps_the_largest_is_the_position(day: Connection):
    def sold(asset: str) -> list[object]:
        rows = asked(day, f"SELECT sold_kw FROM out_schedule WHERE asset = '{asset}' ORDER BY valid_from")
        return [row["sold_kw"] for row in rows]

    assert sold("battery") == [-50.0, 45.0, -50.0, 90.0, -100.0, None]
    assert sold("load") == [-500.0] * 5 + [None]
    assert sold("site") == [-550.0, -455.0, -550.0, -410.0, -600.0, None]
    assert sold("plant") == [None] * 6  # it bid nothing


def test_the_newest_plan_before_an_hour_is_in_force(day: Connection):
    add_cycle(day, 2, AS_OF)
    newer = pd.DataFrame(
        [
            {"valid_from": START + hour * HOUR, "issued_at": START + 90 * timedelta(minutes=1), "setpoint_kw": 1.0}
            for hour in range(3)
        ]
    ).assign(asset="battery", duration_minutes=60, known_at=AS_OF, reserved_up_kw=0.0, reserved_down_kw=0.0)
    insert(day, {"schedule": newer}, 2)
    rows = asked(day, "SELECT * FROM out_schedule WHERE asset = 'battery' ORDER BY valid_from")
    assert [row["setpoint_kw"] for row in rows] == [-100.0, 90.0, 1.0, 90.0, -100.0, 90.0]
    assert [row["cycle_id"] for row in rows] == ["hourly-1", "hourly-1", "hourly-2", "hourly-1", "hourly-1", "hourly-1"]
    standing = rows_of(
        day,
        "standing_setpoints",
        {"start": START, "stop": START + 6 * HOUR, "as_of": AS_OF, "through_cycle": 2},
    )
    assert [row["setpoint_kw"] for row in standing if row["asset"] == "battery"] == [r["setpoint_kw"] for r in rows]


def test_the_state_of_charge_is_of_what_is_left_of_the_capacity_of_the_site(day: Connection):
    hours = asked(day, "SELECT * FROM out_simulation_hour WHERE asset = 'battery' ORDER BY valid_from")
    assert [row["state_of_charge"] for row in hours] == pytest.approx(np.array([0.595, 0.5005, 0.5955, 0.501]) / HEALTH)
    assert [row["net_kwh"] for row in hours] == [-100.0, 90.0, -100.0, 90.0]
    minutes = asked(day, "SELECT * FROM out_simulation ORDER BY valid_from")
    assert len(minutes) == 4 * 60 * N_SIMULATED
    assert {row["asset"] for row in minutes if row["state_of_charge"] is not None} == {"battery"}
    assert {row["frequency_hz"] for row in minutes if row["asset"] == "battery"} == {60.0, 60.01}


def test_a_later_simulation_replaces_the_earlier(day: Connection):
    add_cycle(day, 2, AS_OF + HOUR)
    again = operation_frames(operation_of(START, 2), AS_OF + HOUR)
    again["simulation_hour"]["energy_in_kwh"] += 1.0
    again["settlement_line"]["amount"] += 1.0
    again["energy_ledger"] = again["energy_ledger"][again["energy_ledger"]["entry"] != "charge_loss"]
    insert(day, {t: again[t] for t in ("simulation_hour", "settlement_line", "energy_ledger")}, 2)
    (count,) = asked(day, "SELECT count(*) AS n, sum(energy_in_kwh) AS kwh FROM out_simulation_hour")
    assert count["n"] == 4 * N_SIMULATED
    money = asked(day, "SELECT DISTINCT valid_from, net_amount FROM out_money ORDER BY valid_from")
    assert [row["net_amount"] for row in money] == pytest.approx([NET_EVEN + 5, NET_ODD + 5, NET_EVEN, NET_ODD])
    (residual,) = asked(
        day, f"SELECT DISTINCT residual_kwh FROM out_energy_ledger WHERE asset = 'battery' AND valid_from = '{START}'"
    )
    assert residual["residual_kwh"] == pytest.approx(5.0)  # the entry that the later booking left out


def test_money_adds_up_to_the_lines(day: Connection):
    money = asked(day, "SELECT * FROM out_money ORDER BY valid_from, service")
    assert len(money) == 4 * N_SIMULATED
    energy = [row["amount"] for row in money if row["service"] == "energy"]
    assert energy == pytest.approx([-24.0, -16.4, -24.0, -16.4])
    assert {row["currency"] for row in money} == {"USD"}
    (lines,) = asked(day, "SELECT sum(amount) AS amount, count(*) AS n FROM out_settlement")
    assert (lines["n"], lines["amount"]) == (20, pytest.approx(2 * (NET_EVEN + NET_ODD)))
    days = {row["service"]: row["amount"] for row in analysis(day, "money_by_day_and_service")}
    assert days["net"] == pytest.approx(2 * (NET_EVEN + NET_ODD))
    assert days["capacity"] == pytest.approx(3.2)


def test_the_ledger_closes_and_losses_are_named(day: Connection):
    ledger = asked(day, "SELECT * FROM out_energy_ledger")
    assert [row for row in ledger if abs(float(str(row["residual_kwh"]))) > 1e-9] == []
    losses = {row["entry"]: row for row in analysis(day, "ledger_losses_by_asset")}
    assert {entry: row["lost_kwh"] for entry, row in losses.items()} == {"charge_loss": 10.0, "discharge_loss": 9.0}
    assert losses["charge_loss"]["share_of_what_came_in"] == pytest.approx(0.05)


def test_a_curtailment_reduced_what_was_metered_but_not_drawn(day: Connection):
    (event,) = asked(day, "SELECT * FROM out_demand_event")
    assert (event["reduced_kwh"], event["largest_reduction_kw"]) == (pytest.approx(200.0), 100.0)
    assert event["ends_at"] == START + 4 * HOUR
    (found,) = analysis(day, "curtailments_and_effect")
    assert found["share_of_target"] == pytest.approx(200.0 / 240.0)
    day.execute("DELETE FROM simulation_minute")
    (ahead,) = asked(day, "SELECT * FROM out_demand_event")
    assert ahead["reduced_kwh"] is None


def test_services_are_weighted_by_what_was_committed(day: Connection):
    (found,) = analysis(day, "frequency_response_by_day")
    assert found["uptime"] == pytest.approx((60 * 0.5 + 300) / 360)
    assert (found["requested_kwh"], found["share_delivered"]) == (8.0, pytest.approx(0.9))
    (granted,) = analysis(day, "services_granted_and_refused")
    assert (granted["granted_whole"], granted["granted_in_part"], granted["refused"]) == (5, 1, 0)
    assert granted["last_reason"] == "the battery holds too little"
    shares = asked(day, "SELECT share_granted FROM out_service_request ORDER BY valid_from")
    assert [row["share_granted"] for row in shares] == [0.6, 1.0, 1.0, 1.0, 1.0, 1.0]


def test_plan_and_flow_are_set_side_by_side(day: Connection):
    found = {row["asset"]: row for row in analysis(day, "plan_against_flow")}
    assert (found["plant"]["planned_kwh"], found["plant"]["flowed_kwh"]) == (240.0, 200.0)
    assert found["load"]["largest_difference_kwh"] == 100.0
    assert found["battery"]["minutes_limited"] == 2.0


def test_imbalance_and_what_it_costs_beside_day_ahead(day: Connection):
    hours = analysis(day, "imbalance_by_local_hour")
    assert [row["local_hour"] for row in hours] == [0, 1, 2, 3]
    assert {row["mean_imbalance_kwh"] for row in hours} == {-10.0}
    assert [row["amount_beside_day_ahead"] for row in hours] == pytest.approx([-0.2] * 4)


def test_the_battery_is_measured_against_the_best_spread(day: Connection):
    (found,) = analysis(day, "battery_earnings_by_day")
    assert found["net_amount"] == pytest.approx(-8.0 + 7.2 + 3.2 - 3.6)
    assert (found["discharged_mwh"], found["best_spread_per_mwh"]) == (pytest.approx(0.18), 40.0)


def test_the_state_of_charge_of_a_day_has_a_range(day: Connection):
    (found,) = analysis(day, "state_of_charge_by_day")
    assert (found["lowest"], found["highest"]) == pytest.approx((0.5005 / HEALTH[1], 0.5955 / HEALTH[2]))
    assert (found["highest_at"], found["hours_simulated"]) == ("02:59", 4.0)


def test_the_battery_of_an_hour_stands_beside_its_charge(day: Connection):
    hours = asked(day, "SELECT * FROM out_battery ORDER BY valid_from")
    assert [row["energy_stored_kwh"] for row in hours] == [595.0, 500.5, 595.5, 501.0]
    assert [row["capacity_kwh"] for row in hours] == pytest.approx(1000 * HEALTH)
    assert [row["state_of_charge"] for row in hours] == pytest.approx(np.array([0.595, 0.5005, 0.5955, 0.501]) / HEALTH)
    assert {(row["product"], row["performance_score"], row["cycle_id"]) for row in hours} == {("PFR", 0.9, "hourly-1")}


def test_what_a_later_simulation_did_not_see_again_is_gone(day: Connection):
    (flag,) = asked(day, "SELECT * FROM out_battery_flag")
    assert (flag["flag"], flag["is_fault"], flag["share_of_time"]) == ("missing", True, pytest.approx(1 / 60))
    add_cycle(day, 2, AS_OF + HOUR)
    again = operation_frames(operation_of(START, 1), AS_OF + HOUR)
    insert(day, {"battery_hour": again["battery_hour"].assign(mileage=3.0)}, 2)
    assert asked(day, "SELECT * FROM out_battery_flag") == []
    assert asked(day, "SELECT sum(mileage) AS mileage FROM out_battery") == [{"mileage": 9.0}]


def test_faults_of_the_frequency_are_told_from_management(day: Connection):
    add_flags(day, {flag.name.lower(): 60.0 for flag in Flag})
    faults = {row["flag"] for row in asked(day, "SELECT flag FROM out_battery_flag WHERE is_fault")}
    assert faults == {flag.name.lower() for flag in Flag if flag <= Flag.SIGNAL_MISSING}
    found = {row["flag"]: row for row in analysis(day, "frequency_faults")}
    assert set(found) == faults
    assert (found["missing"]["hours"], found["missing"]["seconds"]) == (2, 120.0)
    assert found["frozen"]["share_of_time"] == pytest.approx(1 / 240)


def test_frequency_response_tells_how_its_energy_was_kept(day: Connection):
    add_flags(day, {"restoring_up": 360.0, "restoring_down": 360.0, "deadband_use": 900.0})
    (found,) = analysis(day, "frequency_response_by_day")
    assert (found["performance_score"], found["mileage"]) == (pytest.approx(0.9), 8.0)
    assert (found["hours"], found["endurance_violation_s"]) == (4, 1800.0)
    shares = [found[name] for name in ("share_restoring", "share_response_bent", "share_setpoint_cut")]
    assert shares == pytest.approx([0.2 / 4, 0.25 / 4, 0.0])


def test_the_battery_ages_by_the_day(day: Connection):
    day.execute("UPDATE battery_hour SET valid_from = valid_from + INTERVAL 1 DAY WHERE valid_from > ?", [START])
    first, second = analysis(day, "battery_health_by_day")
    assert (first["hours"], second["hours"]) == (1, 3)
    assert [row["capacity_lost"] for row in (first, second)] == pytest.approx([1e-5, 3e-5])
    assert [row["full_cycles"] for row in (first, second)] == pytest.approx([0.05, 0.15])
    assert second["full_cycles_since_new"] == pytest.approx(0.2)


def test_hours_that_wait_for_their_price_are_listed(day: Connection):
    assert analysis(day, "unsettled_hours") == []
    day.execute("DELETE FROM settlement_line WHERE valid_from >= ?", [START + 2 * HOUR])
    assert [(row["valid_from"], row["price_per_mwh"]) for row in analysis(day, "unsettled_hours")] == [
        (START + 2 * HOUR, 15.0),
        (START + 3 * HOUR, 55.0),
    ]


def add_models(connection: Connection) -> None:
    """Two trainings of two candidates each, and a choice after each; an operator goes back to the first."""
    scores = {"ensemble": '{"ensemble": 1.0, "mae": 1.0}', "naive_daily": '{"naive_daily": 2.0, "naive_weekly": 3.0}'}
    for number in (2, 3):
        known_at = AS_OF + number * HOUR
        add_cycle(connection, number, known_at)
        models = pd.DataFrame(
            [{"model_version": f"{m}-{number}", "method": m, "scores": text} for m, text in scores.items()]
        ).assign(variable="price", series="H", parameters="{}", window_start=START, window_end=START, known_at=known_at)
        chosen = {"variable": "price", "series": "H", "model_version": f"ensemble-{number}", "chosen_by": "refit"}
        insert(
            connection,
            {"model_version": models, "model_serving": pd.DataFrame([{**chosen, "known_at": known_at}])},
            number,
        )
    add_cycle(connection, 4, AS_OF + 4 * HOUR)
    back = {"variable": "price", "series": "H", "model_version": "ensemble-2", "chosen_by": "operator"}
    insert(connection, {"model_serving": pd.DataFrame([{**back, "known_at": AS_OF + 4 * HOUR}])}, 4)


def test_each_candidate_has_its_own_score_and_one_serves(day: Connection):
    add_models(day)
    models = {str(row["model_version"]): row for row in asked(day, "SELECT * FROM out_model")}
    assert [models[f"ensemble-{n}"]["mae_method"] for n in (2, 3)] == [1.0, 1.0]
    assert models["ensemble-2"]["mae_naive_weekly"] == 3.0  # of the naive candidate beside it
    assert [name for name, row in models.items() if row["serves_now"]] == ["ensemble-2"]
    assert len(analysis(day, "model_history")) == 4
    day.execute("DELETE FROM model_serving")  # as in a history from before there were choices
    (newest,) = asked(day, "SELECT * FROM out_model WHERE serves_now")
    assert newest["known_at"] == AS_OF + 3 * HOUR


def test_choices_follow_one_another(day: Connection):
    add_models(day)
    served = asked(day, "SELECT * FROM out_serving ORDER BY serves_from")
    assert [row["model_version"] for row in served] == ["ensemble-2", "ensemble-3", "ensemble-2"]
    assert [row["serves_until"] for row in served] == [AS_OF + 3 * HOUR, AS_OF + 4 * HOUR, None]
    assert [(row["chosen_by"], row["serves_now"]) for row in served][-1] == ("operator", True)
    found = analysis(day, "forecasters_that_served")
    assert [(row["method"], row["mae_when_trained"], row["intervals_since"]) for row in found] == [
        ("ensemble", 1.0, 0)
    ] * 3
