import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from kpp_twin.report.plain import NO_OPERATION, day_data, forecast_rows, hour_rows
from kpp_twin.report.wording import ASSUMPTION


def test_the_data_is_json_without_nan(make_report, make_operation):
    data = day_data(make_report(operation=make_operation()))
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    operation = data["operation"]
    assert operation["assumption"] == ASSUMPTION
    assert operation["money"] == {
        "currency": "USD",
        "by_service": {"capacity": 11.5, "energy": -460.0},
        "net": -448.5,
    }
    assert (operation["hours_simulated"], operation["hours_settled"]) == (23, 23)
    assert operation["ledger_residual_kwh"] == {"battery": 0.0}
    assert (operation["battery"]["performance_score"], operation["battery"]["flag_s"]["held"]) == (0.951, 3.0)
    assert operation["bids"][1] == {
        "market": "day_ahead",
        "asset": "battery",
        "n_bids": 70,
        "n_accepted": 23,
        "position_kwh": -920.0,
    }
    first, *_, last = (curve for curve in operation["bid_curves"] if curve["market"] == "day_ahead")
    assert first["steps"][0] == {"price_per_mwh": 110.0, "quantity_kw": -100.0, "is_accepted": False}
    assert (first["sold_kw"], last["sold_kw"], last["valid_from"]) == (-40.0, None, "2024-03-17T04:00Z")
    assert operation["curtailments"][0]["start"] == "2024-03-16T07:00Z"
    assert data["servings"][0]["serves_from"] == "2024-03-15T14:30Z"


def test_a_day_without_operation_says_so(make_report):
    data = day_data(make_report())
    assert data["operation"] == NO_OPERATION
    assert {row["battery_kw"] for row in data["hours"]} == {None}
    json.dumps(data, allow_nan=False)


def test_hours_hold_means_and_none_where_something_is_missing(make_report, make_operation):
    report = make_report(operation=make_operation())
    price, load, weather = report.series
    values = load.values.copy()
    values[4] = np.nan
    first, second, *_, last = hour_rows(replace(report, series=(price, replace(load, values=values), weather)))
    assert (first["load_kw"], first["load_forecast_kw"]) == (load.values[:4].mean(), load.values[:4].mean() - 5.0)
    assert (second["load_kw"], second["battery_kw"], second["state_of_charge"]) == (
        None,
        90.0,
        pytest.approx(0.50198, abs=1e-5),
    )
    assert (first["battery_sold_kw"], first["battery_bid_steps"], first["battery_reserved_kw"]) == (-50.0, 3, 100.0)
    assert (first["plant_sold_kw"], first["site_sold_kw"], last["battery_bid_steps"]) == (None, -75.0, 1)
    assert (last["battery_planned_kw"], last["battery_kw"], last["net_amount"]) == (90.0, None, None)


@pytest.mark.parametrize(("day", "hours"), [("2024-03-10", 23), ("2024-11-03", 25)])
def test_the_hours_of_a_day_on_which_clocks_change_are_told_apart(make_report, make_operation, day: str, hours: int):
    local_day = date.fromisoformat(day)
    rows = hour_rows(make_report(local_day, operation=make_operation(local_day)))
    assert len({row["local"] for row in rows}) == len(rows) == hours


def test_forecasts_stand_beside_their_candidates(make_report):
    price, load = forecast_rows(make_report())
    assert (price["variable"], load["variable"]) == ("price", "load")
    assert load["errors_before"] == {"naive_daily": 12.345, "naive_weekly": 11.0}
    assert (load["mean_absolute_error"], load["relative_error"], load["serves"]) == (5.0, 0.875, "naive_weekly")


def test_of_several_series_the_one_of_the_site_is_told(make_report, make_operation):
    report = make_report(operation=make_operation())
    price, *others = report.series
    other = replace(price, name="AAA", values=price.values + 1000.0)
    told = hour_rows(replace(report, series=(other, price, *others)))
    assert told[0]["price_per_mwh"] == price.values[0]
    untold = hour_rows(replace(report, series=(other, price, *others), operation=None))
    assert untold[0]["price_per_mwh"] == price.values[0] + 1000.0
