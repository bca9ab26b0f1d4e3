"""Promote and rollback by an operator."""

from datetime import UTC, datetime, timedelta

import pytest

from kpp_twin.errors import HistoryError
from kpp_twin.records import ChosenBy, ModelVersion, Serving
from models.serving import promote, rollback

NOW = datetime(2024, 3, 9, tzinfo=UTC)


def version(name: str, series: str = "A") -> ModelVersion:
    return ModelVersion(
        model_version=name,
        variable="price",
        series=series,
        method="ensemble",
        parameters={},
        window_start=NOW,
        window_end=NOW,
        scores={},
        known_at=NOW,
    )


def served(name: str, chosen_by: ChosenBy = "refit", series: str = "A") -> Serving:
    return Serving(variable="price", series=series, model_version=name, chosen_by=chosen_by, known_at=NOW)


MODELS = [version("price-A-1"), version("price-A-2"), version("price-B-1", "B")]
LATER = NOW + timedelta(hours=1)


def test_a_promoted_version_serves_by_the_operators_choice() -> None:
    row = promote(MODELS, "price-A-1", known_at=LATER)
    assert row == Serving(variable="price", series="A", model_version="price-A-1", chosen_by="operator", known_at=LATER)


def test_an_unknown_version_is_refused_with_the_nearest() -> None:
    with pytest.raises(HistoryError, match=r"'price-A-22'.*nearest are price-A-2, "):
        promote(MODELS, "price-A-22", known_at=LATER)
    with pytest.raises(HistoryError, match="train one"):
        promote([], "price-A-2", known_at=LATER)


@pytest.mark.parametrize(
    ("rows", "version_back", "chosen_by"),
    [
        pytest.param(
            [served("price-A-1"), served("price-A-2", "operator")], "price-A-1", "rollback", id="after a promotion"
        ),
        pytest.param([served("price-A-1"), served("price-A-2")], "price-A-1", "operator", id="after a refit"),
        pytest.param(
            [served("price-A-1"), served("price-A-2"), served("price-A-2"), served("price-B-1", series="B")],
            "price-A-1",
            "operator",
            id="chosen again, and another series",
        ),
    ],
)
def test_rollback_returns_to_what_served_before(rows: list[Serving], version_back: str, chosen_by: str) -> None:
    row = rollback(rows, "price", "A", known_at=LATER, models=MODELS)
    assert (row.model_version, row.chosen_by, row.known_at) == (version_back, chosen_by, LATER)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([], "nothing serves price A.*run a daily cycle"),
        ([served("price-B-1", series="B")], "nothing serves price A.*name one of: price B"),
        ([served("price-A-1")], "nothing served price A before price-A-1"),
        ([served("gone"), served("price-A-1")], "gone served before, but is gone"),
    ],
)
def test_what_cannot_be_rolled_back_is_told(rows: list[Serving], fault: str) -> None:
    with pytest.raises(HistoryError, match=fault):
        rollback(rows, "price", "A", known_at=LATER, models=MODELS)
