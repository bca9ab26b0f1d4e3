"""Each history table keeps the rules of its kind; what breaks one is found."""

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from kpp_twin.quality.tables import KEYS, check_tables, table_rules
from kpp_twin.settings import Settings
from kpp_twin.store.connection import open_live
from kpp_twin.store.queries import query

CHICAGO = ZoneInfo("America/Chicago")
AS_OF = pd.Timestamp("2024-03-12T14:30Z")


def load_rows(first: str = "2024-03-11T05:00Z", periods: int = 96) -> pd.DataFrame:
    """Metered load of a local day."""
    valid_from = pd.date_range(first, periods=periods, freq="15min", unit="us")
    return pd.DataFrame(
        {
            "series": "SITE",
            "valid_from": valid_from,
            "duration_minutes": 15,
            "known_at": valid_from + pd.Timedelta("30min"),
            "load_kw": np.linspace(400.0, 600.0, periods),
        }
    )


def forecast_rows() -> pd.DataFrame:
    valid_from = pd.date_range("2024-03-13T05:00Z", periods=3, freq="h", unit="us")
    return pd.DataFrame(
        {
            "variable": "price",
            "series": "HUB",
            "valid_from": valid_from,
            "issued_at": AS_OF,
            "known_at": AS_OF,
            "forecast_value": 30.0,
            "quantiles": [np.array([20.0, 30.0, 40.0])] * 3,
        }
    )


def failures(table: str, frame: pd.DataFrame, as_of: pd.Timestamp = AS_OF) -> dict[str, int]:
    (lines,) = check_tables({table: frame}, as_of=as_of, zone=CHICAGO)
    assert set(lines["rule"]) == {rule.name for rule in table_rules(table)}
    assert (lines["passed"] == (lines["rows_failed"] == 0)).all()
    return dict(lines.loc[~lines["passed"], ["rule", "rows_failed"]].to_numpy().tolist())


@pytest.mark.parametrize("frame", [load_rows(), load_rows("2024-03-10T06:00Z", 92)], ids=["24 hours", "23 hours"])
def test_a_good_day_passes(frame: pd.DataFrame) -> None:
    as_of = frame["valid_from"].iloc[-1] + pd.Timedelta("9h")
    assert failures("site_load", frame, as_of) == {}


def test_good_forecasts_pass() -> None:
    assert failures("forecast", forecast_rows()) == {}


def test_a_repeated_key_is_found_at_each_of_its_rows() -> None:
    frame = load_rows()
    assert failures("site_load", pd.concat([frame, frame[:2]], ignore_index=True)) == {"unique_key": 4}
    revised = frame[:2].assign(known_at=frame["known_at"] + pd.Timedelta("2h"), load_kw=1.0)
    assert failures("site_load", pd.concat([frame, revised], ignore_index=True)) == {}


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_a_number_that_is_not_finite_is_found(value: float) -> None:
    frame = load_rows()
    frame.loc[7, "load_kw"] = value
    assert failures("site_load", frame) == {"finite": 1}


def test_what_a_column_may_leave_open_is_no_fault() -> None:
    minute = pd.DataFrame(
        {
            "asset": "load",
            "valid_from": AS_OF - pd.Timedelta("1h"),
            "known_at": [AS_OF],
            "power_kw": 5.0,
            "energy_stored_kwh": np.nan,
            "frequency_hz": 60.0,
        }
    )
    assert failures("simulation_minute", minute) == {}


def test_knowledge_from_the_future_is_found() -> None:
    frame = load_rows()
    frame.loc[3, "known_at"] = AS_OF + pd.Timedelta("1us")
    assert failures("site_load", frame) == {"known_by_as_of": 1}


def test_crossing_quantiles_are_found() -> None:
    frame = forecast_rows()
    frame["quantiles"] = [np.array([20.0, middle, 40.0]) for middle in (30.0, 19.9, 20.0)]
    assert failures("forecast", frame) == {"quantiles_rise": 1}


def test_a_day_that_lacks_an_interval_is_found() -> None:
    assert failures("site_load", load_rows().drop(index=[8, 9])) == {"complete_local_day": 1}
    today = load_rows("2024-03-12T05:00Z", 20)
    assert failures("site_load", pd.concat([load_rows(), today], ignore_index=True)) == {}


def test_a_table_that_gained_nothing_is_not_judged() -> None:
    assert check_tables({"price": load_rows()[:0]}, as_of=AS_OF, zone=CHICAGO) == ()


def test_every_history_table_has_a_key_of_columns_that_it_has(tmp_path: Path) -> None:
    with open_live(Settings(home=tmp_path)) as connection:
        tables = {table for (table,) in connection.execute(query("history_tables")).fetchall()}
        columns = {table: set(connection.table(table).columns) for table in tables}
    assert tables == set(KEYS)
    for table, key in KEYS.items():
        assert set(key) <= columns[table]
        assert "known_at" in columns[table] or "as_of" in columns[table]
