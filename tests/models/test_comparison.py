"""Versions side by side."""

from datetime import UTC, datetime, timedelta

from kpp_twin.records import ModelVersion, Serving
from models.comparison import compare

NOW = datetime(2024, 3, 9, tzinfo=UTC)


def version(method: str, mae: float | None, days: int = 0, variable: str = "price") -> ModelVersion:
    scores = {} if mae is None else {"mae": mae, "rmae": mae / 10, "coverage_90": 0.9}
    return ModelVersion(
        model_version=f"{variable}-A-{method}-{days}",
        variable=variable,
        series="A",
        method=method,
        parameters={},
        window_start=NOW,
        window_end=NOW,
        scores=scores,
        known_at=NOW + timedelta(days=days),
    )


def test_rows_come_by_series_then_the_newest_then_the_best() -> None:
    models = [
        version("naive_daily", 10.0),
        version("ensemble", 8.0),
        version("naive_daily", 9.0, days=1),
        version("ensemble", 12.0, days=1),
        version("naive_weekly", None, days=1, variable="load"),
    ]
    serving = Serving(
        variable="price", series="A", model_version="price-A-ensemble-0", chosen_by="operator", known_at=NOW
    )
    rows = compare(models, [serving])
    assert [row.model_version for row in rows] == [
        "load-A-naive_weekly-1",
        "price-A-naive_daily-1",
        "price-A-ensemble-1",
        "price-A-ensemble-0",
        "price-A-naive_daily-0",
    ]
    assert [(row.is_serving, row.chosen_by) for row in rows] == [
        (False, None),
        (False, None),
        (False, None),
        (True, "operator"),
        (False, None),
    ]
    assert (rows[3].mae, rows[3].rmae, rows[3].coverage_90, rows[3].dm_p_value) == (8.0, 0.8, 0.9, None)
    assert rows[0].mae is None


def test_the_newest_choice_of_a_series_counts() -> None:
    rows = [
        Serving(variable="price", series="A", model_version=f"price-A-{m}-0", chosen_by="refit", known_at=NOW)
        for m in ("ensemble", "naive_daily")
    ]
    found = compare([version("naive_daily", 10.0), version("ensemble", 8.0)], rows)
    assert [row.method for row in found if row.is_serving] == ["naive_daily"]


def test_nothing_trained_is_an_empty_table() -> None:
    assert compare([], []) == ()
