"""Schedules and bids without prices: within every limit, for the own site, never speculative."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError
from kpp_twin.market.bidding.bids import MarketInterface, bid_id
from kpp_twin.market.bidding.curves import BidRules
from kpp_twin.market.bidding.emergency import emergency_bids, fallback_schedule
from kpp_twin.market.dispatch.storage_plan import StorageLimits
from kpp_twin.timegrid import TimeGrid

STORAGE = StorageLimits(min_kwh=100.0, max_kwh=900.0, charge_efficiency=0.95, discharge_efficiency=0.95)
GRID = TimeGrid(start=datetime(2025, 11, 3, tzinfo=UTC), step_minutes=60, n_steps=3)
RULES = BidRules(floor_per_mwh=-500.0, cap_per_mwh=4000.0, step_kw=100.0)
NOTHING = [math.nan] * 4


def schedule(in_force=NOTHING, load=0.0, *, energy=500.0, power=500.0, peak=1000.0, hours=1.0):
    in_force = np.array(in_force, dtype=float)
    return fallback_schedule(
        in_force,
        load_kw=np.broadcast_to(np.array(load, dtype=float), in_force.shape),
        hours=hours,
        storage=STORAGE,
        energy_kwh=energy,
        max_charge_kw=power,
        max_discharge_kw=power,
        peak_kw=peak,
    )


def energies(power, energy, hours=1.0):
    moved = np.where(power > 0, power / 0.95, power * 0.95) * hours
    return energy - np.cumsum(moved)


def test_the_schedule_in_force_goes_on():
    assert schedule([100.0, -200.0, 0.0, 50.0]).tolist() == [100.0, -200.0, 0.0, 50.0]


def test_without_a_schedule_the_store_goes_evenly_to_its_middle():
    power = schedule(energy=100.0)
    assert power == pytest.approx(np.full(4, -100 / 0.95))
    assert energies(power, 100.0)[-1] == pytest.approx(500.0)
    assert schedule(load=300.0, energy=900.0) == pytest.approx(np.full(4, 95.0))


def test_peaks_are_shaved_and_charging_makes_none():
    power = schedule(load=[900.0, 1200.0, 980.0, 0.0], energy=300.0)
    assert power[1] == 200.0
    assert -power[0] <= 100.0
    assert power[2] == pytest.approx(-20.0)


def test_a_store_that_is_too_full_serves_the_own_load_and_sells_nothing():
    assert schedule(load=[10.0, 0.0, 0.0, 0.0], energy=900.0).tolist() == [10.0, 0.0, 0.0, 0.0]


@given(
    st.lists(st.tuples(st.floats(-900, 900) | st.just(math.nan), st.floats(0, 2000)), min_size=1, max_size=24),
    st.floats(0, 1000),
    st.floats(0, 500),
    st.floats(0, 1500),
    st.sampled_from([0.25, 1.0]),
)
def test_a_fallback_schedule_stays_within_every_limit(steps, energy, power_limit, peak, hours):
    in_force, load = (np.array(column) for column in zip(*steps, strict=True))
    power = schedule(in_force, load, energy=energy, power=power_limit, peak=peak, hours=hours)
    assert (np.abs(power) <= power_limit + 1e-9).all()
    held = energies(power, energy, hours)
    assert (held >= min(energy, 100.0) - 1e-6).all()
    assert (held <= max(energy, 900.0) + 1e-6).all()
    own = np.isnan(in_force)
    assert (load - power <= np.maximum(load, peak) + 1e-6)[own].all()  # charging makes no peak
    assert (power <= load + 1e-9)[own].all()  # nothing is sold


def test_the_own_load_is_bought_at_the_cap_and_own_generation_sold_at_the_floor():
    bids = emergency_bids(
        {"load": np.array([-745.0, -99.0, 0.0]), "wind": np.array([0, 0, 250.0])}, GRID, RULES, series="DE"
    )
    assert [(bid.product, bid.quantity_kw, bid.price_per_mwh) for bid in bids] == [
        ("load", -700.0, 4000.0),
        ("wind", 200.0, -500.0),
    ]
    assert all(receipt.state == "accepted" for receipt in MarketInterface(RULES).submit(bids))


def test_emergency_bids_have_the_ids_of_those_that_they_stand_in_for():
    (bid,) = emergency_bids({"load": np.array([-700.0, 0.0, 0.0])}, GRID, RULES, series="DE")
    assert bid.bid_id == bid_id("DE", "load", "buy", GRID.start)


def test_a_store_never_bids_in_an_emergency():
    with pytest.raises(ConfigError) as caught:
        emergency_bids({"battery": np.zeros(3), "load": np.zeros(2)}, GRID, RULES, series="DE")
    assert "2 fault(s): battery is a store: its trades would be speculation; load has shape (2,)" in str(caught.value)


def test_impossible_limits_are_refused_in_one_message():
    with pytest.raises(ConfigError) as caught:
        schedule(load=math.nan, energy=-1.0, power=math.inf, hours=0.0)
    for part in ("5 fault(s)", "load_kw must be finite", "energy_kwh must", "max_charge_kw must", "hours must"):
        assert part in str(caught.value)
