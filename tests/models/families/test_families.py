"""Every family of the price and of the load: nothing from after the issue, and a forecast whatever is missing."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from market_examples import market, poisoned, series_of

from kpp_twin.feeds import LOAD, PRICE
from kpp_twin.units import Array
from models import load, price
from models.days import DayTables
from models.ensemble import Family
from models.layout import day_tables

N_DAYS = 62
ROW = N_DAYS - 1  # the day that is forecast
KNOWN_SLOTS = {"price": 24, "load": 9}
CASES = [
    pytest.param(variable, family, id=f"{variable}-{family.name}")
    for variable, families in (("price", price.FAMILIES), ("load", load.FAMILIES))
    for family in families
]
each_family = pytest.mark.parametrize(("variable", "family"), CASES)


def tables_of(variable: str) -> DayTables:
    return market(n_days=N_DAYS, known_slots=KNOWN_SLOTS[variable])


def fitted(family: Family, tables: DayTables) -> Mapping[str, Array]:
    return {} if family.fit is None else family.fit(tables, ROW)


def said(family: Family, tables: DayTables) -> Array:
    (values,) = family.forecast(fitted(family, tables), tables, ROW, ROW + 1)
    return values


@cache
def usual(variable: str, name: str) -> tuple[Mapping[str, Array], Array]:
    """Weights and forecast where nothing is missing."""
    family = next(f for f in {"price": price.FAMILIES, "load": load.FAMILIES}[variable] if f.name == name)
    tables = tables_of(variable)
    weights = fitted(family, tables)
    return weights, family.forecast(weights, tables, ROW, ROW + 1)[0]


@each_family
@pytest.mark.parametrize("garbage", [1e9, np.nan])
def test_what_comes_after_the_issue_moves_no_bit(variable: str, family: Family, garbage: float) -> None:
    weights, values = usual(variable, family.name)
    other = poisoned(tables_of(variable), ROW, garbage)
    for name, array in fitted(family, other).items():
        np.testing.assert_array_equal(array, weights[name])
    np.testing.assert_array_equal(family.forecast(weights, other, ROW, ROW + 1)[0], values)


@each_family
def test_its_weights_are_plain_numbers(variable: str, family: Family) -> None:
    weights, values = usual(variable, family.name)
    assert all(array.dtype == np.float64 and np.isfinite(array).all() for array in weights.values())
    assert values.shape == (24,)


@each_family
def test_it_is_better_than_a_blind_guess(variable: str, family: Family) -> None:
    tables = tables_of(variable)
    error = np.abs(usual(variable, family.name)[1] - tables.target[ROW]).mean()
    assert error < 2 * np.abs(tables.target[ROW] - np.median(tables.target)).mean() + 5


def gaps(tables: DayTables) -> DayTables:
    rng = np.random.default_rng(8)
    target = np.where(rng.random(tables.target.shape) < 0.1, np.nan, tables.target)
    exogenous = np.where(rng.random(tables.exogenous.shape) < 0.1, np.nan, tables.exogenous)
    return replace(tables, target=target, exogenous=exogenous)


def outage(tables: DayTables) -> DayTables:
    target = tables.target.copy()
    target[ROW - 2 : ROW] = np.nan
    return replace(tables, target=target)


def frozen(tables: DayTables) -> DayTables:
    target = tables.target.copy()
    target[ROW - 3 : ROW] = target[ROW - 4, -1]
    return replace(tables, target=target)


def no_exogenous_today(tables: DayTables) -> DayTables:
    exogenous = tables.exogenous.copy()
    exogenous[0, ROW - 1 :] = np.nan
    return replace(tables, exogenous=exogenous)


def an_empty_series(tables: DayTables) -> DayTables:
    exogenous = tables.exogenous.copy()
    exogenous[1] = np.nan
    return replace(tables, exogenous=exogenous)


def no_exogenous(tables: DayTables) -> DayTables:
    return replace(tables, exogenous=tables.exogenous[:0])


def constant(tables: DayTables) -> DayTables:
    return replace(tables, target=np.full(tables.target.shape, 40.0))


def at_the_cap(tables: DayTables) -> DayTables:
    target = tables.target.copy()
    target[ROW - 3 : ROW] = 5000.0
    return replace(tables, target=target)


def negative(tables: DayTables) -> DayTables:
    return replace(tables, target=tables.target - 200.0)


FAULTS: tuple[Callable[[DayTables], DayTables], ...] = (
    gaps, outage, frozen, no_exogenous_today, an_empty_series, no_exogenous, constant, at_the_cap, negative
)  # fmt: skip


@each_family
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_whatever_is_missing_or_odd_it_says_something_sound(
    variable: str, family: Family, fault: Callable[[DayTables], DayTables]
) -> None:
    tables = fault(tables_of(variable))
    values = said(family, tables)
    assert np.isfinite(values).all()
    known = tables.target[np.isfinite(tables.target)]
    span = max(float(np.ptp(known)), 1.0)
    assert values.min() > known.min() - span
    assert values.max() < known.max() + span


@each_family
@pytest.mark.parametrize("as_of", [datetime(2024, 3, 30, 8, 30, tzinfo=UTC), datetime(2024, 10, 27, 8, 30, tzinfo=UTC)])
def test_a_change_of_the_clocks_leaves_no_gap(variable: str, family: Family, as_of: datetime) -> None:
    zone = ZoneInfo("Europe/Paris")
    feed = {"price": PRICE, "load": replace(LOAD, step_minutes=60)}[variable]
    tables = day_tables(
        series_of(feed, as_of, days=45, zone=zone),
        issued_at=as_of,
        issue_time=time(9, 30),
        zone=zone,
        holiday_share=lambda day: np.zeros(len(day)),
    )
    last = tables.n_days - 1
    weights = {} if family.fit is None else family.fit(tables, last)
    assert np.isfinite(family.forecast(weights, tables, last, last + 1)).all()
