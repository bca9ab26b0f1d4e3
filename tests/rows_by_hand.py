"""Rows for an empty database, and the answers of the questions to it."""

import pandas as pd

from kpp_twin.store.connection import Connection
from kpp_twin.store.queries import query


def analysis(connection: Connection, name: str) -> list[dict[str, object]]:
    cursor = connection.execute(query(name, "analysis"))
    columns = [column[0] for column in cursor.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def add(connection: Connection, table: str, rows: list[dict[str, object]]) -> None:
    """Append rows; a column that is not given and needs a value gets that of `BLANK`."""
    frame = pd.DataFrame([{**BLANK[table], "cycle_number": 1, **row} for row in rows])
    connection.register("rows_to_add", frame)
    connection.execute(f"INSERT INTO {table} BY NAME FROM rows_to_add")
    connection.unregister("rows_to_add")


NOW = pd.Timestamp("2024-03-01T15:15Z")
BLANK: dict[str, dict[str, object]] = {
    "price": {
        "series": "HB_HOUSTON",
        "duration_minutes": 60,
        "price_per_mwh": 1.0,
        "currency": "USD",
        "source": "",
        "flags": "",
    },
    "site_load": {"series": "SITE", "duration_minutes": 15, "load_kw": 1.0, "source": "", "flags": ""},
    "cycle": {
        **dict.fromkeys(("state", "row_counts"), "{}"),
        **dict.fromkeys(("notes", "predecessor_digest", "digest", "software_version"), ""),
        **dict.fromkeys(("rows_in", "rows_admitted", "rows_quarantined"), 0),
        "kind": "hourly",
        "as_of": NOW,
    },
    "forecast": {
        "variable": "price",
        "series": "HB_HOUSTON",
        "valid_from": pd.Timestamp("2024-03-02T06:00Z"),
        "duration_minutes": 60,
        "issued_at": NOW,
        "known_at": NOW,
        "model_version": "m",
        "tier": "ensemble",
        "reason": "",
    },
    "member_forecast": {
        "variable": "price",
        "series": "HB_HOUSTON",
        "model_version": "m",
        "member": "lasso",
        "valid_from": pd.Timestamp("2024-03-02T06:00Z"),
        "duration_minutes": 60,
        "issued_at": NOW,
        "known_at": NOW,
        "weight": 0.5,
    },
    "model_trial": {
        **dict.fromkeys(("loss_ratio", "statistic", "limit_value"), None),
        "variable": "price",
        "series": "HB_HOUSTON",
        "kind": "challenge",
        "days": 0,
        "reason": "",
    },
    "drift_alarm": {
        "variable": "price",
        "series": "HB_HOUSTON",
        "model_version": "m",
        "kind": "bias",
        "valid_from": pd.Timestamp("2024-03-01T06:00Z"),
        "statistic": -6.5,
        "limit_value": 6.0,
        "known_at": NOW,
    },
    "quarantine": {"feed": "load", "reason": "range", "known_at": NOW},
}


def add_prices(connection: Connection, rows: list[tuple[str, str, float]]) -> None:
    """Hourly prices of one hub, by valid_from, known_at and price."""
    stamped = [(pd.Timestamp(valid_from), pd.Timestamp(known_at), price) for valid_from, known_at, price in rows]
    add(connection, "price", [{"valid_from": v, "known_at": k, "price_per_mwh": p} for v, k, p in stamped])
