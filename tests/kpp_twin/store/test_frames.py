from datetime import UTC, datetime

import numpy as np
from conftest import DAILY

from kpp_twin.records import DriftAlarm, Forecast, MemberForecast, ModelVersion, Outcome
from kpp_twin.store.frames import cycle_frames
from kpp_twin.timegrid import TimeGrid

GRID = TimeGrid(start=datetime(2024, 3, 16, 5, tzinfo=UTC), step_minutes=60, n_steps=2)


def test_a_forecast_becomes_one_row_per_interval():
    forecast = Forecast(
        variable="price",
        series="HUB",
        grid=GRID,
        issued_at=DAILY.as_of,
        model_version="m",
        values=np.array([1.0, 2.0]),
        quantiles=np.array([[0.5, 1.5], [1.5, 2.5]]),
        tier="naive_daily",
        reason="too little is known",
    )
    frames = cycle_frames(DAILY, (), Outcome(forecasts=(forecast,)))
    assert list(frames) == ["forecast"]
    rows = frames["forecast"]
    assert rows["forecast_value"].tolist() == [1.0, 2.0]
    assert [list(q) for q in rows["quantiles"]] == [[0.5, 1.5], [1.5, 2.5]]
    assert (rows["known_at"] == rows["issued_at"]).all()
    assert set(zip(rows["tier"], rows["reason"], strict=True)) == {("naive_daily", "too little is known")}
    assert rows["valid_from"].iloc[1] - rows["valid_from"].iloc[0] == np.timedelta64(1, "h")


def test_a_model_keeps_what_it_learned():
    model = ModelVersion(
        model_version="m",
        variable="load",
        series="SITE",
        method="naive_weekly",
        parameters={"lags_days": [7]},
        window_start=GRID.start,
        window_end=GRID.stop,
        scores={"naive_weekly": 1.5},
        known_at=DAILY.as_of,
    )
    row = cycle_frames(DAILY, (), Outcome(models=(model,)))["model_version"].iloc[0]
    assert row["parameters"] == '{"lags_days": [7]}'
    assert row["scores"] == '{"naive_weekly": 1.5}'


def test_what_a_member_said_is_known_at_its_issue_and_has_no_minus_zero():
    member = MemberForecast(
        variable="price",
        series="HUB",
        model_version="m",
        member="lasso",
        valid_from=GRID.start,
        duration_minutes=60,
        issued_at=DAILY.as_of,
        weight=0.25,
        numbers=np.array([-0.0, 2.0]),
    )
    row = cycle_frames(DAILY, (), Outcome(members=(member,)))["member_forecast"].iloc[0]
    assert (row["member"], row["weight"], row["known_at"]) == ("lasso", 0.25, DAILY.as_of)
    assert not np.signbit(row["numbers"]).any()


def test_an_alarm_is_one_row():
    alarm = DriftAlarm(
        variable="price",
        series="HUB",
        model_version="m",
        kind="bias",
        valid_from=GRID.start,
        statistic=-6.5,
        limit_value=6.0,
        known_at=DAILY.as_of,
    )
    row = cycle_frames(DAILY, (), Outcome(alarms=(alarm,)))["drift_alarm"].iloc[0]
    assert (row["kind"], row["statistic"], row["limit_value"]) == ("bias", -6.5, 6.0)


def test_tables_without_rows_are_left_out():
    assert cycle_frames(DAILY, (), Outcome()) == {}
