"""Families side by side: who is asked, with which weights, and when each is fitted."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from market_examples import market

from kpp_twin.units import Array
from models import ensemble
from models.days import DayTables
from models.ensemble import REFIT_DAYS, Family

TABLES = market(n_days=200)


@dataclass
class Noted:
    """A family that forecasts the day at which it was fitted, and notes how it was asked."""

    fitted: list[int] = field(default_factory=list)
    asked: list[tuple[int, int]] = field(default_factory=list)

    def fit(self, tables: DayTables, until: int) -> Mapping[str, Array]:
        self.fitted.append(until)
        return {"until": np.array([float(until)]), "sub.part": np.zeros(2)}

    def forecast(self, weights: Mapping[str, Array], tables: DayTables, first: int, stop: int) -> Array:
        self.asked.append((first, stop))
        return np.full((stop - first, tables.n_slots), weights["until"][0])

    def family(self, name: str, *, least_days: int = 28, is_tuned: bool = False) -> Family:
        return Family(name=name, fit=self.fit, forecast=self.forecast, least_days=least_days, is_tuned=is_tuned)


def of_fives(weights: Mapping[str, Array], tables: DayTables, first: int, stop: int) -> Array:
    assert weights == {}
    return np.full((stop - first, tables.n_slots), 5.0)


FIVES = Family(name="fives", fit=None, forecast=of_fives, least_days=3)


def test_weights_are_kept_by_family_and_given_back_without_its_name() -> None:
    families = [Noted().family("one"), FIVES, Noted().family("two")]
    weights = ensemble.fit(families, TABLES, 60)
    assert sorted(weights) == ["one.sub.part", "one.until", "two.sub.part", "two.until"]
    assert sorted(ensemble.weights_of_part("one", weights)) == ["sub.part", "until"]
    assert ensemble.weights_of_part("on", weights) == {}


@pytest.mark.parametrize(
    ("known_slots", "until", "speaks"), [(24, 27, False), (24, 28, True), (9, 28, False), (9, 29, True)]
)
def test_a_family_with_too_few_known_days_is_silent(known_slots: int, until: int, *, speaks: bool) -> None:
    tables = replace(TABLES, known_slots=known_slots)
    families = [Noted().family("one", least_days=28)]
    weights = ensemble.fit(families, tables, until)
    found = ensemble.forecast(families, weights, tables, until, until + 1)
    assert bool(weights) == speaks
    assert np.isfinite(found).all() == speaks
    assert np.isnan(found).all() != speaks


def test_one_that_learns_nothing_speaks_as_soon_as_it_has_its_days() -> None:
    found = [ensemble.forecast([FIVES], {}, TABLES, row, row + 1)[0, 0, 0] for row in (2, 3)]
    assert np.isnan(found[0])
    assert found[1] == 5.0


def test_one_that_takes_no_other_series_is_silent_where_there_are_some() -> None:
    alone = replace(FIVES, takes_exogenous=False)
    assert np.isnan(ensemble.forecast([alone], {}, TABLES, 50, 51)).all()
    without = replace(TABLES, exogenous=TABLES.exogenous[:0])
    assert (ensemble.forecast([alone], {}, without, 50, 51) == 5.0).all()


def test_a_walk_refits_every_eight_weeks_and_asks_for_the_days_that_follow() -> None:
    one, tuned = Noted(), Noted()
    families = [one.family("one"), tuned.family("tuned", is_tuned=True), FIVES]
    found = ensemble.walk(families, TABLES, 40, 160)
    assert one.fitted == [40, 40 + REFIT_DAYS, 40 + 2 * REFIT_DAYS]
    assert one.asked == tuned.asked == [(40, 96), (96, 152), (152, 160)]
    assert tuned.fitted == [40], "a tuning is done once"
    assert found.shape == (3, 120, 24)
    assert found[0, :, 0].tolist() == [40.0] * 56 + [96.0] * 56 + [152.0] * 8
    assert (found[1] == 40.0).all()


def test_a_tuning_of_before_is_taken_as_it_is() -> None:
    tuned = Noted()
    family = tuned.family("tuned", is_tuned=True)
    found = ensemble.walk([family], TABLES, 100, 120, tuned={"tuned.until": np.array([7.0])})
    assert tuned.fitted == []
    assert (found == 7.0).all()


def test_a_walk_over_no_day_is_empty() -> None:
    assert ensemble.walk([FIVES], TABLES, 50, 50).shape == (1, 0, 24)
