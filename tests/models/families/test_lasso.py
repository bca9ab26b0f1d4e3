from dataclasses import replace

import numpy as np
import pytest

from kpp_twin.units import Array
from models.days import DayTables
from models.errors import TooLittleTrainingError
from models.families.lasso import LEVEL_DAYS, fit, forecast, forecast_members

N_DAYS = 124
FIRST = 120


@pytest.fixture(autouse=True)
def _soon_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large penalties leave few inputs, so that a descent takes no time."""
    monkeypatch.setattr("models.families.lasso.PENALTIES", (0.3, 0.1))


@pytest.fixture
def fine_descent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two descents from different starts end at the same place."""
    monkeypatch.setattr("models.families.lasso.TOLERANCE", 1e-5)


def market(*, n_slots: int = 24, known_slots: int | None = None, n_series: int = 2, n_days: int = N_DAYS) -> DayTables:
    """Prices that follow demand, wind, the price of the day before and the day of the week."""
    random = np.random.default_rng(7)
    day = 17_000 + np.arange(n_days)
    exogenous = 10.0 * random.normal(size=(n_series, n_days, 1)) + random.normal(size=(n_series, n_days, 24))
    shape = 40.0 + 10.0 * np.sin(np.arange(24) * np.pi / 12)
    hours = np.tile(shape, (n_days, 1)) + exogenous.sum(axis=0) - 8.0 * ((day + 3) % 7 >= 5)[:, None]
    for at in range(1, n_days):
        hours[at] += 0.6 * (hours[at - 1].mean() - 40.0) + random.normal()
    target = np.repeat(hours, n_slots // 24, axis=1) + random.normal(size=(n_days, n_slots))
    return DayTables(
        day=day,
        target=target,
        exogenous=exogenous,
        holiday=np.zeros(n_days),
        known_slots=n_slots if known_slots is None else known_slots,
    )


def errors(tables: DayTables, truth: Array) -> Array:
    return np.abs(forecast(fit(tables, FIRST), tables, FIRST, N_DAYS) - truth[FIRST:])


@pytest.mark.parametrize(
    ("n_slots", "known_slots", "n_series"), [(24, 24, 2), (24, 9, 1), (24, 24, 0), (96, 38, 1), (24, 0, 1)]
)
@pytest.mark.parametrize("garbage", [np.nan, 1e6])
def test_what_is_not_known_at_the_issue_moves_nothing(
    n_slots: int, known_slots: int, n_series: int, garbage: float
) -> None:
    tables = market(n_slots=n_slots, known_slots=known_slots, n_series=n_series, n_days=60)
    first, day, stop = 54, 56, 60
    target, exogenous, holiday = tables.target.copy(), tables.exogenous.copy(), tables.holiday.copy()
    target[day:] = garbage
    if tables.lag == 2:
        target[day - 1, known_slots:] = garbage
    exogenous[:, day + 1 :] = garbage
    holiday[day + 1 :] = 1.0
    poisoned = replace(tables, target=target, exogenous=exogenous, holiday=holiday)
    weights = fit(tables, first)
    told = forecast(weights, tables, first, stop)[: day - first + 1]
    assert np.isfinite(told).all()
    assert (forecast(weights, poisoned, first, stop)[: day - first + 1] == told).all()
    for name, learnt in fit(tables, day).items():
        assert (learnt == fit(poisoned, day)[name]).all()


@pytest.mark.parametrize("known_slots", [24, 9])
@pytest.mark.usefixtures("fine_descent")
def test_a_forecast_does_not_depend_on_where_the_forecasts_began(known_slots: int) -> None:
    tables = market(known_slots=known_slots)
    weights = fit(tables, FIRST)
    walked = forecast(weights, tables, FIRST, N_DAYS)
    for day in (FIRST + 1, N_DAYS - 1):
        cut = replace(
            tables,
            day=tables.day[: day + 1],
            target=tables.target[: day + 1],
            exogenous=tables.exogenous[:, : day + 1],
            holiday=tables.holiday[: day + 1],
        )
        assert np.allclose(forecast(weights, cut, day, day + 1)[0], walked[day - FIRST], atol=0.01)


def test_the_forecast_is_far_better_than_that_of_a_week_before() -> None:
    tables = market()
    naive = np.abs(tables.target[FIRST:] - tables.target[FIRST - 7 : N_DAYS - 7])
    assert errors(tables, tables.target).mean() < 0.5 * naive.mean()


def test_a_forecast_is_the_mean_of_the_members() -> None:
    tables = market(n_series=0)
    weights = fit(tables, FIRST)
    members = forecast_members(weights, tables, FIRST, N_DAYS)
    assert members.shape == (len(LEVEL_DAYS), N_DAYS - FIRST, 24)
    assert (members.mean(axis=0) == forecast(weights, tables, FIRST, N_DAYS)).all()


def test_weights_are_plain_numbers() -> None:
    weights = fit(market(), FIRST)
    assert all(array.dtype == np.float64 and np.isfinite(array).all() for array in weights.values())


def test_missing_values_cost_little() -> None:
    tables = market()
    random = np.random.default_rng(8)
    target = np.where(random.random(tables.target.shape) < 0.1, np.nan, tables.target)
    exogenous = np.where(random.random(tables.exogenous.shape) < 0.1, np.nan, tables.exogenous)
    with_gaps = replace(tables, target=target, exogenous=exogenous)
    assert errors(with_gaps, tables.target).mean() < 1.4 * errors(tables, tables.target).mean()


@pytest.mark.usefixtures("fine_descent")
def test_a_series_that_never_comes_changes_nothing() -> None:
    tables = market(n_series=1)
    nothing = np.full((1, N_DAYS, 24), np.nan)
    more = replace(tables, exogenous=np.concatenate([tables.exogenous, nothing]))
    weights = fit(more, FIRST)
    assert all(np.isfinite(array).all() for array in weights.values())
    alone = forecast(fit(tables, FIRST), tables, FIRST, N_DAYS)
    assert np.allclose(forecast(weights, more, FIRST, N_DAYS), alone, atol=0.01)


@pytest.mark.parametrize("value", [0.0, -50.0, 3000.0])
def test_a_constant_series_stays_what_it_is(value: float) -> None:
    tables = replace(market(), target=np.full((N_DAYS, 24), value))
    assert forecast(fit(tables, FIRST), tables, FIRST, N_DAYS) == pytest.approx(np.full((N_DAYS - FIRST, 24), value))


def test_days_at_the_cap_and_below_zero_leave_later_forecasts_sound() -> None:
    tables = market()
    target = tables.target.copy()
    target[FIRST - 5 : FIRST - 2] = 3000.0
    target[FIRST - 20 : FIRST - 18] = -500.0
    told = forecast(fit(replace(tables, target=target), FIRST), replace(tables, target=target), FIRST, N_DAYS)
    assert np.isfinite(told).all()
    assert (told >= -500.0).all()
    assert (told <= 3000.0).all()


def test_too_few_days_to_learn_from_are_told() -> None:
    with pytest.raises(TooLittleTrainingError, match="28 days"):
        fit(market(), 30)
