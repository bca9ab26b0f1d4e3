"""The load forecaster knows the next day and the next 24 hours; its families are in test_families.py."""

from dataclasses import replace
from datetime import UTC, datetime, time

import numpy as np
import pytest
from market_examples import UTC_ZONE, series_of

from kpp_twin.feeds import LOAD, WEATHER
from models.ensemble import Family
from models.errors import WeightsError
from models.families import regime
from models.horizons import hours_ahead, next_local_day
from models.load import FAMILIES, LoadForecaster

AS_OF = datetime(2024, 6, 1, 9, 30, tzinfo=UTC)
LOADS, WARMTH = series_of(LOAD, AS_OF, days=50), series_of(WEATHER, AS_OF, days=50)


class OneFamily(LoadForecaster):
    """Quick to fit."""

    families = (Family(name="regime", fit=None, forecast=regime.forecast, least_days=28),)


FITTED = OneFamily(zone=UTC_ZONE, issue_time=time(9, 30), market="FR").fit(LOADS, issued_at=AS_OF, exogenous=[WARMTH])


def test_it_has_scores_of_both_horizons() -> None:
    assert {"mae", "rmae", "crps", "coverage_90", "hours_ahead_mae", "hours_ahead_naive_mae"} <= set(FITTED.scores_)
    assert FITTED.scores_["rmae"] < 1


def test_stored_numbers_say_the_same_of_both_horizons() -> None:
    loaded = OneFamily.load(FITTED.weights_, FITTED.parameters_, zone=UTC_ZONE, issue_time=time(9, 30))
    given = {"issued_at": AS_OF, "exogenous": [WARMTH]}
    day, hours = next_local_day(AS_OF, 15, UTC_ZONE), hours_ahead(AS_OF, 15)
    for one, two in zip(
        (*FITTED.forecast(LOADS, horizon=day, **given), *FITTED.forecast_hours_ahead(LOADS, horizon=hours, **given)),
        (*loaded.forecast(LOADS, horizon=day, **given), *loaded.forecast_hours_ahead(LOADS, horizon=hours, **given)),
        strict=True,
    ):
        np.testing.assert_array_equal(one, two)


def test_both_horizons_have_numbers_of_their_own() -> None:
    horizon = hours_ahead(AS_OF, 15)
    values, quantiles = FITTED.forecast_hours_ahead(LOADS, issued_at=AS_OF, horizon=horizon, exogenous=[WARMTH])
    assert quantiles.shape == (96, 19)
    assert np.abs(values - LOADS.values[LOADS.grid.positions(horizon.index)]).mean() < 2


def test_other_series_than_the_temperature_do_not_move_the_next_hours() -> None:
    wind = replace(WARMTH, variable="wind")
    said = [
        FITTED.forecast_hours_ahead(LOADS, issued_at=AS_OF, horizon=hours_ahead(AS_OF, 15), exogenous=others)[0]
        for others in ([], [wind])
    ]
    np.testing.assert_array_equal(said[0], said[1])


def test_numbers_of_no_part_are_refused() -> None:
    weights = {**FITTED.weights_, "weeks_ahead.errors": np.zeros(3)}
    with pytest.raises(WeightsError, match=r"weeks_ahead\.errors is of no member"):
        OneFamily.load(weights, FITTED.parameters_, zone=UTC_ZONE, issue_time=time(9, 30))


def test_families_have_names_of_their_own() -> None:
    names = [family.name for family in FAMILIES]
    assert len(set(names)) == len(names)
    assert not {"record", "hours_ahead"} & set(names)
    assert not any("." in name for name in names)


def test_a_temperature_that_is_gone_counts_as_missing_until_the_next_fit() -> None:
    own = LoadForecaster(zone=UTC_ZONE, issue_time=time(9, 30), market="FR")
    own.fit(LOADS, issued_at=AS_OF, exogenous=[WARMTH])
    day = next_local_day(AS_OF, 15, UTC_ZONE)
    nothing = replace(WARMTH, values=np.full_like(WARMTH.values, np.nan))
    gone = own.predict(LOADS, issued_at=AS_OF, horizon=day, exogenous=[])
    assert np.isfinite(gone).all()
    np.testing.assert_array_equal(gone, own.predict(LOADS, issued_at=AS_OF, horizon=day, exogenous=[nothing]))


def test_scenarios_are_days_that_keep_the_quantiles() -> None:
    day = next_local_day(AS_OF, 15, UTC_ZONE)
    given = {"issued_at": AS_OF, "horizon": day, "exogenous": [WARMTH]}
    days = FITTED.predict_scenarios(LOADS, n_scenarios=200, generator=np.random.default_rng(1), **given)
    assert days.shape == (200, day.n_steps)
    middle = FITTED.predict_quantiles(LOADS, **given)[:, 49]
    assert np.abs(np.median(days, axis=0) - middle).max() < 0.1 * np.ptp(days)
