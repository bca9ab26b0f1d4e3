from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kpp_twin.records import Checked, MemberForecast, ModelVersion, Outcome, Serving, Slot, Trial
from kpp_twin.settings import Settings
from kpp_twin.store.commit import insert
from kpp_twin.store.connection import Connection, open_live
from kpp_twin.store.forecasters import read_catalogue, read_members, read_models, read_servings, read_trials
from kpp_twin.store.frames import cycle_frames

T0 = datetime(2024, 3, 1, 15, tzinfo=UTC)
WEIGHTS = {
    "coefficients": np.array([[1 / 3, -0.0, 1e-308], [np.pi, 1e300, 0.1 + 0.2]]),
    "levels": np.array([0.5]),
    "nothing": np.zeros((0, 4)),
}
NOTHING: tuple[Checked, ...] = ()


def model(version: str, known_at: datetime = T0, **weights: np.ndarray) -> ModelVersion:
    return ModelVersion(
        model_version=version,
        variable="price",
        series="HB_HOUSTON",
        method="ensemble",
        parameters={"alpha": 0.1},
        window_start=T0 - timedelta(days=60),
        window_end=T0,
        scores={"mae": 1.5},
        known_at=known_at,
        weights=weights,
    )


def choice(version: str, known_at: datetime, chosen_by: str = "refit") -> Serving:
    return Serving(
        variable="price",
        series="HB_HOUSTON",
        model_version=version,
        chosen_by=chosen_by,  # type: ignore[arg-type]
        known_at=known_at,
    )


def write(connection: Connection, number: int, *models: ModelVersion, servings: tuple[Serving, ...] = ()) -> None:
    outcome = Outcome(models=models, servings=servings)
    insert(connection, cycle_frames(Slot(kind="daily", as_of=T0), NOTHING, outcome), number)


def test_weights_come_back_bit_for_bit(twin_settings: Settings):
    with open_live(twin_settings) as connection:
        write(connection, 1, model("a", **WEIGHTS), model("b"))
        with_weights, without = read_models(connection, ["a", "b"], T0, 1)
    assert without.weights == {}
    assert with_weights.weights.keys() == WEIGHTS.keys()
    for name, array in WEIGHTS.items():
        found = with_weights.weights[name]
        assert (found.shape, found.dtype) == (array.shape, np.float64)
        # Only the sign of a zero is not kept: no sum or product of a forecast can tell.
        assert found.tobytes() == (array + 0.0).tobytes()


def test_only_the_named_ones_are_read(twin_settings: Settings):
    with open_live(twin_settings) as connection:
        write(connection, 1, model("a", **WEIGHTS), model("b", **WEIGHTS))
        assert [m.model_version for m in read_models(connection, ["b", "unknown"], T0, 1)] == ["b"]
        assert read_models(connection, [], T0, 1) == ()
        assert read_models(connection, ["b"], T0 - timedelta(hours=1), 1) == ()
        assert read_models(connection, ["b"], T0, 0) == ()


def test_the_newest_choice_serves_as_of_its_cycle(twin_settings: Settings):
    later = T0 + timedelta(days=1)
    with open_live(twin_settings) as connection:
        write(connection, 1, model("a"), servings=(choice("a", T0),))
        write(connection, 2, model("b", later), servings=(choice("b", later, "operator"),))

        def serving(as_of: datetime, through: int) -> list[str]:
            return [s.model_version for s in read_servings(connection, "serving_as_of", as_of, through)]

        assert serving(later, 2) == ["b"]
        assert serving(later, 1) == ["a"]
        assert serving(T0, 2) == ["a"]
        assert serving(T0 - timedelta(hours=1), 2) == []
        assert [s.chosen_by for s in read_servings(connection, "serving_all", later, 2)] == ["refit", "operator"]


def test_a_model_of_before_any_choice_serves_itself(twin_settings: Settings):
    with open_live(twin_settings) as connection:
        write(connection, 1, model("old"), model("newer", T0 + timedelta(hours=1)))
        (found,) = read_servings(connection, "serving_as_of", T0 + timedelta(days=1), 1)
    assert (found.model_version, found.chosen_by) == ("newer", "first")


@pytest.mark.parametrize(("through", "expected"), [(1, ["a"]), (2, ["a", "b"])])
def test_the_catalogue_holds_all_that_was_trained_by_then(twin_settings: Settings, through: int, expected: list[str]):
    with open_live(twin_settings) as connection:
        write(connection, 1, model("a", **WEIGHTS))
        write(connection, 2, model("b", T0 + timedelta(hours=1)))
        found = read_catalogue(connection, T0 + timedelta(days=1), through)
    assert [m.model_version for m in found] == expected
    assert all(m.weights == {} for m in found)


def said(version: str, day: int, issued_at: datetime = T0, first: float = 1 / 3) -> MemberForecast:
    return MemberForecast(
        variable="price",
        series="HB_HOUSTON",
        model_version=version,
        member="lasso",
        valid_from=T0 + timedelta(days=day),
        duration_minutes=60,
        issued_at=issued_at,
        weight=0.1 + 0.2,
        numbers=np.array([first, *np.arange(23.0)]),
    )


def add_members(connection: Connection, number: int, *members: MemberForecast) -> None:
    insert(connection, cycle_frames(Slot(kind="daily", as_of=T0), NOTHING, Outcome(members=members)), number)


def test_what_members_said_comes_back_bit_for_bit(twin_settings: Settings):
    given = [said("a", 1), said("a", 2), said("b", 1)]
    with open_live(twin_settings) as connection:
        add_members(connection, 1, *given)
        found = read_members(connection, ["a", "b"], T0, T0, 1)
    assert [(row.model_version, row.valid_from) for row in found] == [(r.model_version, r.valid_from) for r in given]
    for row, expected in zip(found, given, strict=True):
        assert row.numbers.tobytes() == expected.numbers.tobytes()
        assert (row.weight, row.issued_at, row.duration_minutes) == (expected.weight, T0, 60)


def test_of_members_only_what_is_asked_and_known_is_read(twin_settings: Settings):
    later = T0 + timedelta(hours=2)
    with open_live(twin_settings) as connection:
        add_members(connection, 1, said("a", 1), said("a", -9), said("b", 1))
        add_members(connection, 2, said("a", 1, later, first=7.0))

        def firsts(since: datetime, as_of: datetime, through: int) -> list[float]:
            return [row.numbers[0] for row in read_members(connection, ["a"], since, as_of, through)]

        assert firsts(T0, T0, 2) == [1 / 3]
        assert firsts(T0, later, 1) == [1 / 3]
        assert firsts(T0, later, 2) == [7.0], "of a day the newest issue counts"
        assert firsts(T0 - timedelta(days=10), later, 2) == [1 / 3, 7.0]
        assert firsts(T0, T0 - timedelta(hours=1), 2) == []


def trial(verdict: str, known_at: datetime, kind: str = "challenge") -> Trial:
    return Trial(
        variable="price",
        series="HB_HOUSTON",
        champion="a",
        challenger="b",
        kind=kind,  # type: ignore[arg-type]
        verdict=verdict,  # type: ignore[arg-type]
        days=0 if verdict == "begun" else 28,
        loss_ratio=None if verdict == "begun" else 0.9,
        statistic=None if verdict == "begun" else -4.5,
        limit_value=None if verdict == "begun" else 4.0,
        reason="because",
        known_at=known_at,
    )


def test_the_newest_row_of_a_trial_is_read_as_it_was_written(twin_settings: Settings):
    later = T0 + timedelta(days=28)
    begun, ended, guard = trial("begun", T0), trial("promoted", later), trial("begun", later, "guard")
    with open_live(twin_settings) as connection:
        for number, rows in ((1, (begun,)), (2, (ended, guard))):
            slot = Slot(kind="daily", as_of=later)
            insert(connection, cycle_frames(slot, NOTHING, Outcome(trials=rows)), number)
        assert read_trials(connection, T0 - timedelta(hours=1), 2) == ()
        assert read_trials(connection, later, 1) == (begun,)
        assert read_trials(connection, later, 2) == (guard,), "one that ends makes room for the next at once"
