"""Every trigger calls for its fall-back, with a note; a market that works calls for none."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kpp_twin.errors import ConfigError
from kpp_twin.market.bidding.curves import BidRules
from kpp_twin.market.rules.disruption import ACTIONS, decide_basis, recovery_notes
from kpp_twin.market.rules.products import product_named
from kpp_twin.timegrid import TimeGrid

SDAC = product_named("SDAC")
RULES = BidRules(floor_per_mwh=-500.0, cap_per_mwh=4000.0)
NOW = datetime(2025, 11, 2, 12, 30, tzinfo=UTC)  # half past one in Brussels
GRID = TimeGrid(start=datetime(2025, 11, 2, 13, tzinfo=UTC), step_minutes=60, n_steps=34)  # to the end of tomorrow
PRICES = np.full(34, 80.0)


def basis_of(price=PRICES, *, as_of=NOW, grid=GRID, **others):
    due_until = SDAC.results_due_until(as_of)
    return decide_basis(as_of, grid=grid, price_per_mwh=price, rules=RULES, due_until=due_until, **others)


def prices(*, where, value):
    changed = PRICES.copy()
    changed[where] = value
    return changed


def test_a_market_that_works_calls_for_nothing():
    basis = basis_of(real_time_until=NOW, failed_tries={"prices": 3})
    assert (basis.decision_basis, basis.fallbacks, basis.notes) == ("market", (), ())
    assert basis.may_buy.all()
    assert not basis.calls_for("freeze_schedule")


TOMORROW = slice(10, 34)


@pytest.mark.parametrize(
    ("minutes", "reasons"), [(-1, ()), (0, ("day_ahead_incomplete",)), (60, ("day_ahead_incomplete",))]
)
def test_results_of_tomorrow_are_missed_from_half_past_one(minutes, reasons):
    basis = basis_of(prices(where=TOMORROW, value=np.nan), as_of=NOW + timedelta(minutes=minutes))
    assert basis.reasons == reasons


def test_no_price_at_all_is_a_missing_result():
    basis = basis_of(np.full(34, np.nan))
    assert basis.reasons == ("day_ahead_missing",)
    assert basis.decision_basis == "fallback"
    assert basis.notes == (
        "fall-back, day_ahead_missing: no day-ahead price from 2025-11-02T13:00Z, though the results are due",
    )
    assert basis.fallbacks[0].actions == (
        "freeze_schedule",
        "optimise_locally",
        "emergency_bids",
        "keep_reserves",
        "reconcile",
    )


def test_some_missing_prices_are_told_by_number_and_time():
    (note,) = basis_of(prices(where=slice(12, 15), value=np.nan)).notes
    assert note.endswith("3 of 34 day-ahead prices are missing, the first from 2025-11-03T01:00Z")


def test_a_market_without_announced_results_misses_none():
    assert not decide_basis(NOW, grid=GRID, price_per_mwh=np.full(34, np.nan), rules=RULES, due_until=None).fallbacks


@pytest.mark.parametrize("price", [4000.01, -500.01, np.inf])
def test_a_price_outside_the_limits_is_not_used(price):
    basis = basis_of(prices(where=5, value=price))
    assert basis.reasons == ("price_outside_limits",)
    assert f"the first from 2025-11-02T18:00Z with {price:g}; they are not used" in basis.notes[0]
    assert np.isnan(basis.price_per_mwh[5])
    assert np.isfinite(np.delete(basis.price_per_mwh, 5)).all()


def test_a_price_at_the_cap_ends_purchases_for_arbitrage_and_keeps_reserves():
    basis = basis_of(prices(where=[3, 4], value=4000.0))
    assert basis.reasons == ("scarcity",)
    assert np.flatnonzero(~basis.may_buy).tolist() == [3, 4]
    assert basis.price_per_mwh[3] == 4000.0
    assert basis.calls_for("keep_reserves")
    assert not basis.calls_for("freeze_schedule")


@pytest.mark.parametrize(("minutes", "is_stale"), [(0, False), (10, False), (10.1, True), (60, True)])
def test_a_real_time_price_is_stale_after_two_intervals(minutes, is_stale):
    basis = basis_of(real_time_until=NOW - timedelta(minutes=minutes), real_time_minutes=5)
    assert basis.reasons == (("real_time_stale",) if is_stale else ())


def test_a_source_has_failed_after_more_than_three_tries():
    basis = basis_of(failed_tries={"prices": 4, "load": 3, "weather": 9})
    assert basis.notes == (
        "fall-back, source_failed: prices failed 4 times in a row",
        "fall-back, source_failed: weather failed 9 times in a row",
    )


def test_every_fallback_keeps_reserves_and_none_but_missing_results_bids_in_an_emergency():
    assert all("keep_reserves" in actions for actions in ACTIONS.values())
    assert {reason for reason, actions in ACTIONS.items() if "emergency_bids" in actions} == {
        "day_ahead_missing",
        "day_ahead_incomplete",
    }


def test_when_results_come_what_was_done_meanwhile_is_to_be_reconciled():
    before = basis_of(np.full(34, np.nan), failed_tries={"prices": 4})
    assert before.calls_for("reconcile")
    assert recovery_notes(before.reasons, before) == ()
    (note,) = recovery_notes(before.reasons, basis_of(failed_tries={"prices": 5}))
    assert note.startswith("fall-back is over, day_ahead_missing: planned on market prices again")


def test_prices_that_do_not_fit_the_grid_are_refused():
    with pytest.raises(ConfigError, match=r"price_per_mwh has shape \(3,\); the grid has 34 steps"):
        basis_of(np.zeros(3))
