import json
import re
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from conftest import DATA_START, FILLED_SLOTS, settings_of
from rows_by_hand import add, add_prices, analysis

from kpp_twin.feeds import LOAD, OFFER_CAPS, PRICE, Feed
from kpp_twin.settings import Settings
from kpp_twin.store.adhoc import run_query
from kpp_twin.store.connection import Connection
from kpp_twin.store.queries import names, query

ANALYSES, VIEWS = names("analysis"), names("views")
CHICAGO = "America/Chicago"


@pytest.fixture(scope="module")
def published(filled_template: Path) -> Settings:
    """One daily and three hourly cycles; the tests here only read."""
    return settings_of(filled_template)


def frame_of(settings: Settings, text: str) -> pd.DataFrame:
    result = run_query(settings, text)
    return pd.DataFrame(result.rows, columns=list(result.columns))


@pytest.mark.parametrize("folder", ["queries", "analysis", "views", "migrations"])
def test_every_file_begins_with_what_it_is_for(folder):
    for name in names(folder):
        first = query(name, folder).splitlines()[0]
        assert re.match(r"-- \S.{10,}", first), name


@pytest.mark.parametrize("name", ANALYSES)
def test_an_analysis_begins_with_its_question(name: str):
    comment = " ".join(line for line in query(name, "analysis").splitlines() if line.startswith("--"))
    assert "?" in comment


def test_there_are_analyses_and_views():
    assert len(ANALYSES) >= 25
    assert {
        f"out_{name}" for name in ("price", "load", "weather", "forecast", "forecast_error", "forecast_score")
    } <= set(VIEWS)


@pytest.mark.parametrize("name", ANALYSES)
def test_an_analysis_runs_on_an_empty_database(made_by_hand: Connection, name: str):
    assert analysis(made_by_hand, name) == []


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_empty_on_an_empty_database(made_by_hand: Connection, name: str):
    assert made_by_hand.execute(f"SELECT * FROM {name}").fetchall() == []


# What the made-up data does not have: rows that are bad, late or corrected, peaks, hours without a price, and hours in
# which something was special to the battery.
EMPTY_ON_CLEAN_DATA = {
    *("late_and_corrected_rows", "quarantine_by_reason", "out_quarantine"),
    *("curtailments_and_effect", "out_demand_event", "unsettled_hours", "settlement_revisions"),
    *("frequency_faults", "out_battery_flag"),
    # 20 days are too few for an ensemble
    *("members_of_ensembles", "out_member_forecast", "trials_and_alarms", "out_trial", "out_drift_alarm"),
}


@pytest.mark.parametrize("name", ANALYSES)
def test_an_analysis_answers_on_a_filled_snapshot(published: Settings, name: str):
    result = run_query(published, query(name, "analysis"))
    assert len(result.columns) >= 4
    assert bool(result.rows) != (name in EMPTY_ON_CLEAN_DATA)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_answers_on_a_filled_snapshot(published: Settings, name: str):
    rows = run_query(published, f"SELECT * FROM {name}").rows
    assert bool(rows) != (name in EMPTY_ON_CLEAN_DATA)


def test_errors_agree_with_the_tables_in_pandas(published: Settings):
    forecast = frame_of(published, "SELECT * FROM forecast")
    actual = pd.concat(
        [
            frame_of(published, f"SELECT series, valid_from, known_at, {column} AS actual FROM {table}").assign(
                variable=variable
            )
            for variable, table, column in (("price", "price", "price_per_mwh"), ("load", "site_load", "load_kw"))
        ]
    )
    latest = actual.sort_values("known_at").groupby(["variable", "series", "valid_from"], as_index=False).last()
    expected = forecast.merge(latest, on=["variable", "series", "valid_from"], suffixes=("", "_of_actual"))
    assert set(expected["quantiles"].map(len)) <= {19, 99}  # hours and days ahead
    outer = [(row[(len(row) + 1) // 20 - 1], row[-((len(row) + 1) // 20)]) for row in expected["quantiles"]]
    lower, upper = np.array(outer).T
    expected["error"] = expected["actual"] - expected["forecast_value"]
    expected["lead_time_hours"] = (expected["valid_from"] - expected["issued_at"]) / pd.Timedelta(hours=1)
    expected["inside_90"] = (lower <= expected["actual"]) & (expected["actual"] <= upper)
    expected["p50"] = [row[len(row) // 2] for row in expected["quantiles"]]
    key = ["variable", "series", "issued_at", "valid_from"]
    columns = [*key, "lead_time_hours", "forecast_value", "p50", "error", "inside_90"]
    found = frame_of(published, "SELECT * FROM out_forecast_error")
    assert len(found) > 48
    pd.testing.assert_frame_equal(
        found[columns].sort_values(key, ignore_index=True),
        expected[columns].sort_values(key, ignore_index=True),
        check_dtype=False,
    )

    grouped = expected.groupby(["variable", "series", "issued_at"])
    score = (
        frame_of(published, "SELECT * FROM out_forecast_score")
        .set_index(["variable", "series", "issued_at"])
        .sort_index()
    )
    assert score["intervals_scored"].to_list() == grouped.size().to_list()
    assert score["mean_absolute_error"].to_list() == pytest.approx(
        grouped["error"].agg(lambda e: e.abs().mean()).to_list()
    )
    assert score["bias"].to_list() == pytest.approx(grouped["error"].mean().to_list())
    assert score["share_inside_90"].to_list() == pytest.approx(grouped["inside_90"].mean().to_list())


def test_errors_hold_only_what_is_known(published: Settings):
    last = FILLED_SLOTS[-1].as_of
    found = frame_of(published, "SELECT variable, max(valid_from) AS newest FROM out_forecast_error GROUP BY variable")
    newest = dict(found.itertuples(index=False))
    assert newest["load"] == last - timedelta(minutes=30)  # metered 15 minutes after its interval ended
    assert newest["price"] > last


def test_a_forecast_of_daily_and_hourly_cycles_at_one_instant_is_two_issues(made_by_hand: Connection):
    levels = {"daily": [20.0, 30.0, 40.0], "hourly": [float(q) for q in range(21, 40)]}
    for number, kind in enumerate(levels, start=1):
        add(made_by_hand, "cycle", [{"cycle_number": number, "cycle_id": kind, "kind": kind}])
        add(
            made_by_hand,
            "forecast",
            [{"cycle_number": number, "forecast_value": 30.0 + number, "quantiles": levels[kind]}],
        )
    add_prices(made_by_hand, [("2024-03-02 06:00:00+00", "2024-03-01 19:30:00+00", 21.0)])
    columns = "kind, lead_time_hours, p05, p50, p95, error, inside_90"
    assert made_by_hand.execute(f"SELECT {columns} FROM out_forecast_error ORDER BY kind").fetchall() == [
        ("daily", 14.75, None, None, None, -10.0, None),  # three levels: there is no 90 % band
        ("hourly", 14.75, 21.0, 30.0, 39.0, -11.0, True),  # at the very end of the band
    ]
    assert made_by_hand.execute("SELECT kind, intervals_scored FROM out_forecast_score ORDER BY kind").fetchall() == [
        ("daily", 1),
        ("hourly", 1),
    ]


def test_the_latest_known_value_holds(made_by_hand: Connection):
    stamp = "2024-03-02 06:00:00+00"
    add_prices(made_by_hand, [(stamp, "2024-03-03 00:00:00+00", 50.0), (stamp, "2024-03-01 19:30:00+00", 40.0)])
    assert made_by_hand.execute("SELECT price_per_mwh FROM out_price").fetchall() == [(50.0,)]
    assert made_by_hand.execute("SELECT actual_value FROM out_actual").fetchall() == [(50.0,)]
    (late,) = analysis(made_by_hand, "late_and_corrected_rows")
    assert (late["rows_late"], late["rows_corrected"], late["largest_change"]) == (0, 1, 10.0)
    assert late["longest_delay_hours"] == pytest.approx(28.5)


@pytest.mark.parametrize("feed", [PRICE, LOAD])
def test_rows_in_time_are_not_late_by_the_feeds_own_rule(made_by_hand: Connection, feed: Feed):
    """The due time in SQL is that of `Feed.known_at`, over both changes of the clocks."""
    hours = pd.Series(pd.date_range("2024-01-01", "2025-01-01", freq="7h", tz="UTC"))
    known = feed.known_at(hours, ZoneInfo(CHICAGO))
    pairs = zip(hours, known, strict=True)
    add(made_by_hand, feed.table, [{"valid_from": valid_from, "known_at": known_at} for valid_from, known_at in pairs])
    assert analysis(made_by_hand, "late_and_corrected_rows") == []
    made_by_hand.execute(f"UPDATE {feed.table} SET known_at = known_at + INTERVAL 1 SECOND")
    days = analysis(made_by_hand, "late_and_corrected_rows")
    assert sum(int(str(day["rows_late"])) for day in days) == len(hours)


def test_the_daily_spread_knows_that_one_buys_first(made_by_hand: Connection):
    prices = [("06", 30.0), ("07", 50.0), ("08", 10.0), ("09", 45.0)]  # local midnight is 06:00 UTC
    add_prices(
        made_by_hand, [(f"2024-03-02 {hour}:00:00+00", "2024-03-01 19:30:00+00", price) for hour, price in prices]
    )
    (day,) = analysis(made_by_hand, "price_spread_by_day")
    assert str(day["local_day"]) == "2024-03-02"
    assert (day["lowest_at"], day["highest_at"]) == ("02:00", "01:00")
    assert (day["earned_per_mwh_any_order"], day["earned_per_mwh_bought_first"]) == (40.0, 35.0)


def test_prices_at_the_cap_are_those_of_the_feed(made_by_hand: Connection):
    rows = []
    for cap in OFFER_CAPS:
        noon = pd.Timestamp(f"{cap.from_day} 12:00", tz=CHICAGO).tz_convert("UTC")
        rows += [
            (str(noon), str(noon), cap.price_per_mwh),
            (str(noon + pd.Timedelta(hours=1)), str(noon), 0.98 * cap.price_per_mwh),
        ]
    day_before = pd.Timestamp(f"{OFFER_CAPS[1].from_day} 00:00", tz=CHICAGO).tz_convert("UTC") - pd.Timedelta(hours=1)
    rows += [(str(day_before), str(day_before), OFFER_CAPS[1].price_per_mwh)]  # the old cap still held
    add_prices(made_by_hand, [*rows, ("2024-03-02 06:00:00+00", "2024-03-01 19:30:00+00", -5.0)])
    found = {
        row["local_month"]: (row["hours_negative"], row["hours_dear"], row["hours_at_cap"])
        for row in analysis(made_by_hand, "price_extremes_by_month")
    }
    assert found == {"2015-06": (0, 2, 1), "2021-12": (0, 1, 0), "2022-01": (0, 2, 1), "2024-03": (1, 0, 0)}


def test_local_days_of_23_and_25_hours_are_whole(made_by_hand: Connection):
    hours = pd.date_range("2024-01-01", "2025-01-01", freq="h", tz=CHICAGO, inclusive="left").tz_convert("UTC")
    add(made_by_hand, "price", [{"valid_from": hour, "known_at": hour} for hour in hours])
    days = analysis(made_by_hand, "price_spread_by_day")
    months = {row["local_month"]: row["hours"] for row in analysis(made_by_hand, "price_extremes_by_month")}
    assert len(days) == 366
    assert (months["2024-03"], months["2024-11"]) == (31 * 24 - 1, 30 * 24 + 1)


def test_the_as_of_comparison_shows_what_came_between(published: Settings):
    found = frame_of(published, query("known_at_two_instants", "analysis"))
    load = found[found["variable"] == "load"]
    first, last = FILLED_SLOTS[1].as_of, FILLED_SLOTS[-1].as_of
    assert load["value_known_earlier"].notna().sum() == (
        first - DATA_START - timedelta(days=14, hours=23, minutes=15)
    ) // timedelta(minutes=15)
    assert load["value_known_later"].notna().sum() - load["value_known_earlier"].notna().sum() == (
        last - first
    ) // timedelta(minutes=15)
    price = found[found["variable"] == "price"]
    assert len(price) == 24
    assert price["value_known_earlier"].equals(price["value_known_later"])
    assert (found["known_at_earlier"].dropna() <= first).all()
    assert (found["known_at_later"].dropna() <= last).all()


def test_the_cost_of_a_day_by_hand(published: Settings):
    costs = frame_of(published, query("load_cost_by_day", "analysis"))
    load = frame_of(published, "SELECT valid_from, load_kw FROM site_load")
    price = frame_of(published, "SELECT valid_from, price_per_mwh FROM price").set_index("valid_from")["price_per_mwh"]
    hourly = pd.DatetimeIndex(load["valid_from"]).floor("h")
    cost = load["load_kw"] / 4 / 1000 * price.reindex(hourly).to_numpy()
    day = pd.DatetimeIndex(load["valid_from"]).tz_convert(CHICAGO).date
    assert costs["cost"].to_list() == pytest.approx(cost.groupby(day).sum().to_list())


def test_counts_of_a_cycle_are_unpacked(published: Settings):
    cycles = frame_of(
        published, "SELECT * FROM out_cycle JOIN (SELECT cycle_id, row_counts FROM cycle) USING (cycle_id)"
    )
    counts = [json.loads(text) for text in cycles["row_counts"]]
    assert cycles["rows_written"].to_list() == [sum(count.values()) for count in counts]
    assert cycles["forecast_rows"].to_list() == [count["forecast"] for count in counts]


def test_scores_of_a_model_are_unpacked(published: Settings):
    models = frame_of(
        published,
        "SELECT * FROM out_model JOIN (SELECT model_version, scores FROM model_version) USING (model_version)",
    )
    assert len(models) >= 2
    for model in models.itertuples():
        scores = json.loads(model.scores)
        assert (model.mae_naive_daily, model.mae_naive_weekly) == (scores["naive_daily"], scores["naive_weekly"])
        assert model.mae_method == scores[model.method]
    assert models[models["serves_now"]].groupby(["variable", "series"]).size().tolist() == [1, 1]


def test_the_duration_curve_falls_from_peak_to_base(published: Settings):
    curve = frame_of(published, query("load_duration_curve", "analysis"))
    load = frame_of(published, "SELECT load_kw FROM out_load")["load_kw"]
    assert curve["load_kw"].is_monotonic_decreasing
    assert (curve["load_kw"].iloc[0], curve["load_kw"].iloc[-1]) == (load.max(), load.min())
    assert curve.set_index("share_of_time")["load_kw"].loc[0.5] == pytest.approx(load.median())


def test_freshness_is_that_of_the_publication_rules(published: Settings):
    lag = frame_of(published, query("freshness_lag", "analysis")).set_index("series")["last_lag_hours"]
    assert lag["load SITE"] == 0.25
    assert lag["price HB_HOUSTON"] < -12


def test_quarantine_tells_where_a_row_came_from(made_by_hand: Connection):
    add(made_by_hand, "cycle", [{"cycle_id": "hourly-a"}])
    raw = '{"series": "SITE", "load_kw": "-1"}'
    add(made_by_hand, "quarantine", [{"origin": f"load.csv:{i}", "raw": raw, "fingerprint": str(i)} for i in range(3)])
    (found,) = analysis(made_by_hand, "quarantine_by_reason")
    assert (found["feed"], found["reason"], found["rows_quarantined"], found["cycles"]) == ("load", "range", 3, 1)
    assert made_by_hand.execute("SELECT DISTINCT series, cycle_id FROM out_quarantine").fetchall() == [
        ("SITE", "hourly-a")
    ]
