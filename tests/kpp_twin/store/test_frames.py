from datetime import UTC, datetime

import numpy as np
from conftest import DAILY

from kpp_twin.records import Forecast, ModelVersion, Outcome
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
    )
    frames = cycle_frames(DAILY, (), Outcome(forecasts=(forecast,)))
    assert list(frames) == ["forecast"]
    rows = frames["forecast"]
    assert rows["forecast_value"].tolist() == [1.0, 2.0]
    assert [list(q) for q in rows["quantiles"]] == [[0.5, 1.5], [1.5, 2.5]]
    assert (rows["known_at"] == rows["issued_at"]).all()
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


def test_tables_without_rows_are_left_out():
    assert cycle_frames(DAILY, (), Outcome()) == {}
