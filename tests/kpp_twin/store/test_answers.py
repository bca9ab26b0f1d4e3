from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest
from operation_by_hand import HOUR, operation_of

from kpp_twin.records import Serving
from kpp_twin.store.answers import frame_of, on_grid, records_of, rows_of
from kpp_twin.store.commit import insert
from kpp_twin.store.connection import Connection
from kpp_twin.store.migrate import migrate
from kpp_twin.store.operation_frames import operation_frames
from kpp_twin.timegrid import TimeGrid

START = datetime(2024, 3, 16, 5, tzinfo=UTC)
AS_OF = START + timedelta(days=1)
DAY = {"start": START, "stop": AS_OF, "as_of": AS_OF, "through_cycle": 1}


@pytest.fixture(scope="module", params=["UTC", "America/Chicago"])
def filled(request: pytest.FixtureRequest) -> Iterator[Connection]:
    with duckdb.connect() as connection:
        connection.execute(f"SET TimeZone = '{request.param}'")
        migrate(connection)
        insert(connection, operation_frames(operation_of(START, 6, n_simulated=4), AS_OF), 1)
        chosen = {"variable": "load", "series": "SITE", "model_version": "m", "chosen_by": "operator"}
        insert(connection, {"model_serving": pd.DataFrame([{**chosen, "known_at": AS_OF}])}, 1)
        yield connection


def test_rows_have_plain_instants_in_utc_whatever_zone_the_connection_has(filled: Connection):
    rows = [row for row in rows_of(filled, "standing_setpoints", DAY) if row["asset"] == "battery"]
    assert [row["valid_from"] for row in rows] == [START + n * HOUR for n in range(6)]
    assert {row["valid_from"].tzinfo for row in rows} == {UTC}
    assert [row["setpoint_kw"] for row in rows] == [-100.0, 90.0] * 3
    assert rows_of(filled, "standing_setpoints", {**DAY, "through_cycle": 0}) == []


def test_a_row_is_a_record(filled: Connection):
    (serving,) = records_of(filled, Serving, "serving_all", {"as_of": AS_OF, "through_cycle": 1})
    assert serving == Serving(variable="load", series="SITE", model_version="m", chosen_by="operator", known_at=AS_OF)
    assert records_of(filled, Serving, "serving_all", {"as_of": START, "through_cycle": 1}) == ()


def test_columns_that_are_no_fields_are_refused(filled: Connection):
    with pytest.raises(TypeError, match="unexpected keyword"):
        records_of(filled, Serving, "standing_setpoints", DAY)


def test_the_instants_of_a_frame_have_a_zone(filled: Connection):
    frame = frame_of(filled, "standing_setpoints", DAY)
    battery = frame[frame["asset"] == "battery"]
    assert battery["valid_from"].tolist() == [START + n * HOUR for n in range(6)]
    grid = TimeGrid(start=START - HOUR, step_minutes=60, n_steps=5)
    np.testing.assert_array_equal(on_grid(grid, battery, "setpoint_kw"), [np.nan, -100.0, 90.0, -100.0, 90.0])


def test_what_has_no_place_on_the_grid_is_left_out():
    grid = TimeGrid(start=START, step_minutes=60, n_steps=3)
    moments = [START - HOUR, START, START + HOUR / 4, START + 2 * HOUR, START + 3 * HOUR]
    rows = pd.DataFrame({"valid_from": moments, "value": [1.0, 2.0, 3.0, None, 5.0]})
    np.testing.assert_array_equal(on_grid(grid, rows, "value"), [2.0, np.nan, np.nan])
    without = rows.astype({"value": object}).where(rows["value"].notna(), None)
    np.testing.assert_array_equal(on_grid(grid, without, "value"), [2.0, np.nan, np.nan])
    assert np.isnan(on_grid(grid, rows.iloc[:0], "value")).all()
