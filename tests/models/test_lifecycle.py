"""The life of a forecaster, day by day, on a toy ensemble: refits, trials, guards, drift, and an operator's choice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from market_examples import series_of
from toy_ensemble import Toy, Twin

from kpp_twin.feeds import PRICE
from kpp_twin.records import Array, Serving
from models import day_ahead, drift, lifecycle, promotion
from models.price import PriceForecaster

FIRST = datetime(2024, 3, 1, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
PRICES = series_of(PRICE, FIRST + 60 * DAY, days=110)
# A life is short here, as each of its days costs time.
REFIT_DAYS, FIRST_DAYS, FIRST_DAYS_BACK, LAST_DAYS = 16, 8, 6, 12


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    """The only family of the price."""
    made = Toy()
    monkeypatch.setattr(PriceForecaster, "families", made.families)
    monkeypatch.setattr(day_ahead, "RECORD_DAYS", 20)
    monkeypatch.setattr(lifecycle, "REFIT_DAYS", REFIT_DAYS)
    monkeypatch.setattr(promotion, "FIRST_DAYS", FIRST_DAYS)
    monkeypatch.setattr(promotion, "FIRST_DAYS_BACK", FIRST_DAYS_BACK)
    monkeypatch.setattr(promotion, "LAST_DAYS", LAST_DAYS)
    monkeypatch.setattr(promotion, "DAYS_BETWEEN_LOOKS", 2)
    return made


@pytest.fixture
def twin(toy: Toy) -> Twin:
    return Twin(series=(PRICES,))


def chosen(twin: Twin) -> list[tuple[str, int]]:
    """Who chose, and on which day of the life."""
    return [(row.chosen_by, (row.known_at - FIRST).days) for row in twin.servings]


def tried(twin: Twin) -> list[tuple[str, str, int]]:
    return [(row.kind, row.verdict, (row.known_at - FIRST).days) for row in twin.trials]


def test_the_first_day_trains_a_version_which_serves(twin: Twin) -> None:
    decided = twin.run("daily", FIRST)
    (model,) = decided.models
    assert model.model_version.startswith("price-A-ensemble-")
    assert chosen(twin) == [("first", 0)]
    assert (model.known_at, model.window_end) == (FIRST, FIRST.replace(hour=0, minute=0) + DAY)
    assert model.scores["judged_days"] > 14
    assert {"numpy", "numba"} <= set(model.parameters["libraries"])
    (forecast,) = decided.forecasts
    assert (forecast.tier, forecast.reason, forecast.model_version) == ("ensemble", "", model.model_version)
    (member,) = decided.members
    assert (member.member, member.weight, member.valid_from) == ("toy", 1.0, forecast.grid.start)
    np.testing.assert_array_equal(member.numbers, forecast.values)


def test_a_usual_day_only_adds_what_the_members_said(twin: Twin) -> None:
    days = twin.days(FIRST, 4)
    for decided in days[1:]:
        assert (decided.models, decided.servings, decided.trials, decided.alarms) == ([], [], [], [])
        assert len(decided.members) == len(decided.forecasts) == 1
    assert [row.valid_from for row in twin.members] == [FIRST.replace(hour=0, minute=0) + n * DAY for n in range(1, 5)]


def test_what_members_said_is_what_later_days_learn_from(twin: Twin) -> None:
    """The bands of a day follow from what was said on the days before, as the history has it."""
    twin.days(FIRST, 6)
    kept = list(twin.members)
    usual = twin.run("daily", FIRST + 6 * DAY).forecasts[0]
    off = [replace(row, numbers=row.numbers + 30.0) for row in kept]
    other = Twin(series=twin.series, models=twin.models, servings=twin.servings[:1], members=off)
    wide = other.run("daily", FIRST + 6 * DAY).forecasts[0]
    np.testing.assert_array_equal(wide.values, usual.values)
    assert np.ptp(wide.quantiles, axis=1).mean() > 2 * np.ptp(usual.quantiles, axis=1).mean()


def test_at_its_turn_it_is_fitted_anew_and_the_former_version_stands_guard(twin: Twin) -> None:
    twin.days(FIRST, REFIT_DAYS + 1)
    assert chosen(twin) == [("first", 0), ("refit", REFIT_DAYS)]
    assert tried(twin) == [("guard", "begun", REFIT_DAYS)]
    first, second = twin.models
    (guard,) = twin.trials
    assert (guard.champion, guard.challenger) == (second.model_version, first.model_version)
    assert guard.reason == f"served before the refit: it has served for {REFIT_DAYS} days"
    assert second.scores["judged_days"] > first.scores["judged_days"], "the record goes on"
    decided = twin.run("daily", FIRST + (REFIT_DAYS + 1) * DAY)
    assert {row.model_version for row in decided.members} == {first.model_version, second.model_version}
    assert [row.model_version for row in decided.forecasts] == [second.model_version]


def test_a_refit_that_came_out_worse_is_taken_back(toy: Toy, twin: Twin) -> None:
    twin.days(FIRST, REFIT_DAYS)
    toy.bend = 1.5
    twin.days(FIRST + REFIT_DAYS * DAY, 1)
    toy.bend = 0.0
    twin.days(FIRST + (REFIT_DAYS + 1) * DAY, FIRST_DAYS_BACK + 3)
    assert [who for who, _ in chosen(twin)] == ["first", "refit", "rollback"]
    assert twin.servings[-1].model_version == twin.servings[0].model_version
    assert [row[:2] for row in tried(twin)] == [("guard", "begun"), ("guard", "promoted")]
    ended = twin.trials[-1]
    assert ended.days >= FIRST_DAYS_BACK
    assert ended.loss_ratio is not None
    assert ended.loss_ratio < 1
    assert ended.statistic is not None
    assert ended.limit_value is not None
    assert ended.statistic < -ended.limit_value


def test_a_refit_that_is_as_good_stays_and_its_guard_ends(twin: Twin) -> None:
    twin.days(FIRST, 2 * REFIT_DAYS + 2)
    assert [who for who, _ in chosen(twin)] == ["first", "refit", "refit"]
    assert [row[:2] for row in tried(twin)] == [("guard", "begun"), ("guard", "kept"), ("guard", "begun")]
    assert twin.trials[1].days == LAST_DAYS


def test_a_better_challenger_of_an_operator_is_promoted(toy: Toy, twin: Twin) -> None:
    toy.bend = 1.5
    twin.days(FIRST, 2)
    toy.bend = 0.0
    trained = twin.run("retrain", FIRST + DAY + timedelta(minutes=15))
    assert (len(trained.models), trained.servings, trained.forecasts) == (1, [], [])
    assert tried(twin) == [("challenge", "begun", 1)]
    assert twin.trials[0].reason == "an operator trained it"
    twin.days(FIRST + 2 * DAY, FIRST_DAYS + 4)
    assert [who for who, _ in chosen(twin)] == ["first", "gate"]
    assert twin.servings[-1].model_version == trained.models[0].model_version
    assert [row[:2] for row in tried(twin)] == [("challenge", "begun"), ("challenge", "promoted"), ("guard", "begun")]


def test_a_challenger_is_not_promoted_before_its_first_days(toy: Toy, twin: Twin) -> None:
    toy.bend = 1.5
    twin.days(FIRST, 2)
    toy.bend = 0.0
    twin.run("retrain", FIRST + DAY + timedelta(minutes=15))
    twin.days(FIRST + 2 * DAY, FIRST_DAYS - 1)
    assert [who for who, _ in chosen(twin)] == ["first"]


def test_a_new_challenger_takes_the_place_of_the_one_on_trial(toy: Toy, twin: Twin) -> None:
    twin.days(FIRST, 2)
    for bend in (1.0, 2.0):
        toy.bend = bend
        twin.run("retrain", FIRST + DAY + timedelta(minutes=15 * bend))
    assert [row[:2] for row in tried(twin)] == [("challenge", "begun"), ("challenge", "kept"), ("challenge", "begun")]
    assert twin.trials[1].reason == "another challenger came"


def test_training_the_same_again_is_no_challenge(twin: Twin) -> None:
    twin.days(FIRST, 1)
    decided = twin.run("retrain", FIRST + timedelta(minutes=15))
    assert (decided.models, decided.servings, decided.trials) == ([], [], [])


def test_an_alarm_of_the_newest_known_day_calls_for_a_refit(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    twin.days(FIRST, 5)

    def alarmed(errors: Array, covered: Array) -> tuple[drift.Alarm, ...]:
        """Yesterday's, and one of the newest day of which the actual is known: that of the issue."""
        known = np.isfinite(errors).all(axis=1) & np.isfinite(covered).all(axis=1)
        newest = int(np.flatnonzero(known)[-1])
        return tuple(drift.Alarm(kind="bias", day_index=day, statistic=-7.0, limit=6.0) for day in (newest - 1, newest))

    monkeypatch.setattr(lifecycle, "drift_alarms", alarmed)
    (alarm,) = twin.run("daily", FIRST + 5 * DAY).alarms
    assert (alarm.kind, alarm.statistic, alarm.limit_value) == ("bias", -7.0, 6.0)
    assert alarm.valid_from == FIRST.replace(hour=0, minute=0) + 5 * DAY
    assert alarm.model_version == twin.servings[0].model_version
    assert chosen(twin) == [("first", 0), ("refit", 5)]
    assert twin.trials[0].reason == "served before the refit: drift of bias"


def test_errors_that_are_no_longer_as_they_were_call_for_a_refit(toy: Toy) -> None:
    """The level rises for good: the toy says the mean of two weeks before its last fit."""
    jump = np.asarray(PRICES.grid.index >= FIRST.replace(hour=0, minute=0) + 11 * DAY)
    twin = Twin(series=(replace(PRICES, values=PRICES.values + 20.0 * jump),))
    days = twin.days(FIRST, 25)
    alarms = [alarm for decided in days for alarm in decided.alarms]
    assert alarms
    first = alarms[0]
    assert first.kind in ("bias", "size", "coverage")
    assert abs(first.statistic) >= first.limit_value
    assert timedelta(0) < first.known_at - (FIRST + 11 * DAY) <= 6 * DAY
    assert chosen(twin)[:2] == [("first", 0), ("refit", (first.known_at - FIRST).days)]
    assert twin.trials[0].reason.startswith("served before the refit: drift of ")


def test_quiet_days_raise_no_alarm(twin: Twin) -> None:
    assert [decided.alarms for decided in twin.days(FIRST, 15)] == [[]] * 15


def pinned(twin: Twin, as_of: datetime) -> Serving:
    """An operator promotes what serves."""
    row = replace(twin.servings[-1], chosen_by="operator", known_at=as_of)
    twin.servings.append(row)
    return row


def test_what_an_operator_chose_is_neither_refitted_nor_replaced(toy: Toy, twin: Twin) -> None:
    toy.bend = 1.5
    twin.days(FIRST, 2)
    toy.bend = 0.0
    twin.run("retrain", FIRST + DAY + timedelta(minutes=15))
    row = pinned(twin, FIRST + DAY + timedelta(minutes=30))
    days = twin.days(FIRST + 2 * DAY, REFIT_DAYS + 3)
    assert {f.model_version for decided in days for f in decided.forecasts} == {row.model_version}
    assert twin.servings[-1] == row
    assert tried(twin) == [("challenge", "begun", 1), ("challenge", "kept", 2)]
    assert twin.trials[-1].reason == "an operator chose"
    trained = twin.run("retrain", FIRST + (REFIT_DAYS + 6) * DAY)
    assert len(trained.models) == 1
    assert trained.trials == []
    assert trained.notes == [
        f"{trained.models[0].model_version} was trained; {row.model_version} serves, chosen by an operator"
    ]


def test_a_serving_version_that_is_not_there_is_told(twin: Twin) -> None:
    twin.days(FIRST, 1)
    twin.models.clear()
    with pytest.raises(ValueError, match="serves or is on trial, but is not in the history"):
        twin.run("daily", FIRST + DAY)


def test_a_version_of_a_recipe_of_before_is_replaced_by_one_of_today(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin.days(FIRST, 1)
    monkeypatch.setattr(PriceForecaster, "recipe", "price-next")
    decided = twin.run("daily", FIRST + DAY)
    assert [f.tier for f in decided.forecasts] == ["ensemble"]
    assert [m.parameters["recipe"] for m in decided.models] == ["price-next"]
    assert len(decided.servings) == 1


def test_the_same_history_decides_the_same(twin: Twin) -> None:
    twin.days(FIRST, 3)
    other = Twin(twin.series, list(twin.models), list(twin.servings), list(twin.trials), list(twin.members))
    one, two = (each.run("daily", FIRST + 3 * DAY) for each in (twin, other))
    np.testing.assert_array_equal(one.forecasts[0].values, two.forecasts[0].values)
    np.testing.assert_array_equal(one.forecasts[0].quantiles, two.forecasts[0].quantiles)
