"""Views and questions on the members of ensembles, on trials, alarms and tiers, with rows made by hand."""

import pandas as pd
from rows_by_hand import NOW, add, add_prices, analysis

from kpp_twin.store.connection import Connection


def test_a_member_is_scored_on_the_hours_that_are_known(made_by_hand: Connection):
    """A local day of 24 slots, of which the first three have a price: errors of 1, 2 and 3."""
    add(made_by_hand, "member_forecast", [{"numbers": [20.0] * 24}])
    add_prices(
        made_by_hand, [(f"2024-03-02 0{6 + hour}:00:00+00", "2024-03-01 19:30:00+00", 21.0 + hour) for hour in range(3)]
    )
    columns = "member, weight, mean_forecast, intervals_scored, mean_absolute_error"
    assert made_by_hand.execute(f"SELECT {columns} FROM out_member_forecast").fetchall() == [
        ("lasso", 0.5, 20.0, 3, 2.0)
    ]
    (row,) = analysis(made_by_hand, "members_of_ensembles")
    assert (row["member"], row["days"], row["mean_weight"], row["mean_absolute_error"]) == ("lasso", 1, 0.5, 2.0)


def test_a_trial_is_one_row_from_its_begin_to_its_end(made_by_hand: Connection):
    """The same two meet twice; at one instant the first trial ends and the second begins, which is open."""
    later = NOW + pd.Timedelta("30 days")
    pair = {"champion": "a", "challenger": "b"}
    add(
        made_by_hand,
        "model_trial",
        [
            {**pair, "verdict": "begun", "known_at": NOW, "reason": "trained"},
            {
                **pair,
                "verdict": "begun",
                "known_at": later,
                "kind": "guard",
                "reason": "served before",
                "cycle_number": 2,
            },
            {**pair, "verdict": "kept", "known_at": later, "days": 28, "loss_ratio": 1.1, "cycle_number": 2},
        ],
    )
    columns = "kind, begun_at, begun_because, verdict, ended_at, days, loss_ratio"
    found = made_by_hand.execute(f"SELECT {columns} FROM out_trial ORDER BY begun_at").fetchall()
    assert found == [
        ("challenge", NOW, "trained", "kept", later, 28, 1.1),
        ("guard", later, "served before", "open", None, None, None),
    ]


def test_alarms_stand_beside_trials(made_by_hand: Connection):
    add(made_by_hand, "cycle", [{"cycle_id": "daily-1", "kind": "daily"}])
    add(made_by_hand, "drift_alarm", [{}])
    add(made_by_hand, "model_trial", [{"champion": "a", "challenger": "b", "verdict": "begun", "known_at": NOW}])
    assert made_by_hand.execute("SELECT kind, statistic, cycle_id FROM out_drift_alarm").fetchall() == [
        ("bias", -6.5, "daily-1")
    ]
    found = [(row["what"], row["model_version"], row["outcome"]) for row in analysis(made_by_hand, "trials_and_alarms")]
    assert sorted(found) == [("challenge", "b", "open"), ("drift", "m", "bias")]


def test_tiers_are_counted_by_issue_with_their_reason(made_by_hand: Connection):
    add(made_by_hand, "cycle", [{"cycle_id": "daily-1", "kind": "daily"}])
    said = {"forecast_value": 30.0, "quantiles": [1.0]}
    hours = pd.date_range("2024-03-02T06:00Z", periods=2, freq="h")
    add(made_by_hand, "forecast", [{**said, "valid_from": hour} for hour in hours])
    next_day = {"issued_at": NOW + pd.Timedelta("1 day"), "tier": "naive_daily", "reason": "too little is known"}
    add(made_by_hand, "forecast", [{**said, **next_day, "valid_from": hours[0] + pd.Timedelta("1 day")}])
    found = analysis(made_by_hand, "forecast_tiers")
    assert sorted((row["tier"], row["reason"], row["issues"]) for row in found) == [
        ("ensemble", "", 1),
        ("naive_daily", "too little is known", 1),
    ]
