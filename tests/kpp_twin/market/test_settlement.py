"""Money by line: reference cases, an independent net, and lines that check themselves."""

import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError, TwinError
from kpp_twin.market.settlement import (
    amount_of,
    check_lines,
    dual_price,
    energy_account,
    imbalance_price,
    net,
    settle_hour,
    two_settlement,
)
from kpp_twin.operation import MeteredHour
from kpp_twin.site import load_site

SITE = load_site()
START = datetime(2021, 10, 14, 5, tzinfo=UTC)
NOTHING = MeteredHour(
    start=START,
    net_kwh=0.0,
    activation_kwh=0.0,
    discharged_kwh=0.0,
    reserve_kw=0.0,
    availability=1.0,
    peak_rise_kw=0.0,
)
HOUR = replace(
    NOTHING,
    net_kwh=-480.0,
    activation_kwh=3.0,
    discharged_kwh=210.0,
    reserve_kw=100.0,
    availability=0.9,
    peak_rise_kw=12.0,
)
POSITION = {"battery": 200.0, "plant": -150.0, "load": -520.0}

energies = st.floats(-2000, 2000)
prices = st.floats(-250, 9000)


def test_mk_12_accounts_of_import_and_export():
    account = energy_account(
        np.array([100.0, 50, 0]) * 1000, np.array([0.0, 0, 20]) * 1000, np.array([100.0, 200, -300])
    )
    assert (account.import_cost, account.export_cost, account.total_cost) == pytest.approx((20000, 6000, 26000))


@pytest.mark.parametrize(
    ("metered_mwh", "long_per_mwh", "income"),
    [
        pytest.param(8, 90, 420, id="MK-13-single-short"),
        pytest.param(12, 90, 780, id="MK-13-single-long"),
        pytest.param(8, 60, 420, id="MK-13-dual-short"),
        pytest.param(12, 60, 720, id="MK-13-dual-long"),
    ],
)
def test_mk_13_imbalance(metered_mwh, long_per_mwh, income):
    imbalance_kwh = (metered_mwh - 10) * 1000.0
    price = 90.0  # a single one, for both signs
    if long_per_mwh != price:
        price = dual_price(imbalance_kwh, day_ahead_per_mwh=60, short_per_mwh=90, long_per_mwh=long_per_mwh)
    assert two_settlement(10e3, metered_mwh * 1e3, day_ahead_per_mwh=60, deviation_per_mwh=price) == income


def test_mk_14_two_settlements():
    assert two_settlement(10e3, 12e3, day_ahead_per_mwh=40, deviation_per_mwh=55) == pytest.approx(510)


@pytest.mark.parametrize(
    ("day_ahead", "imbalance_kwh", "price"),
    [
        (40.0, -1.0, 55.0),
        (40.0, 1.0, 25.0),
        (40.0, 0.0, 40.0),
        (-100.0, -1.0, -100.0),  # 1.25 x -100 + 5 would pay for being short
        (-100.0, 1.0, -100.0),  # 0.75 x -100 - 5 = -80 would be better than day-ahead
    ],
)
def test_imbalance_price(day_ahead, imbalance_kwh, price):
    assert imbalance_price(day_ahead, imbalance_kwh, SITE.market) == price


@given(prices, energies)
def test_a_deviation_never_earns_more_than_the_same_energy_sold_day_ahead(day_ahead, imbalance_kwh):
    price = imbalance_price(day_ahead, imbalance_kwh, SITE.market)
    assert amount_of(imbalance_kwh, price) <= amount_of(imbalance_kwh, day_ahead)


def test_an_hour_of_nothing_earns_nothing():
    lines = settle_hour(NOTHING, {}, 87.0, SITE)
    assert [line.amount for line in lines] == [0.0] * 8
    assert all(math.copysign(1, line.amount) == 1 for line in lines)
    assert net(lines) == 0


def test_lines_of_an_hour():
    lines = settle_hour(HOUR, POSITION, 40.0, SITE)
    assert [(line.service, line.asset, line.quantity_kwh, line.price_per_mwh, line.amount) for line in lines] == [
        ("energy", "battery", 200.0, 40.0, pytest.approx(8.0)),
        ("energy", "plant", -150.0, 40.0, pytest.approx(-6.0)),
        ("energy", "load", -520.0, 40.0, pytest.approx(-20.8)),
        ("imbalance", "site", pytest.approx(-13.0), 55.0, pytest.approx(-0.715)),  # -480 - (-470) - 3
        ("activation", "battery", 3.0, 40.0, pytest.approx(0.12)),
        ("capacity", "battery", 90.0, 8.0, pytest.approx(0.72)),
        ("degradation", "battery", -210.0, 20.0, pytest.approx(-4.2)),
        ("demand_charge", "site", -12.0, 10000.0, pytest.approx(-120.0)),
    ]
    assert {(line.valid_from, line.duration_minutes) for line in lines} == {(START, 60)}


@given(energies, energies, energies, energies, prices, st.floats(0, 500), st.floats(0, 1), st.floats(0, 300))
def test_kp_01_lines_sum_to_the_net(net_kwh, battery, plant, load, price, reserve_kw, availability, peak_rise_kw):
    hour = replace(HOUR, net_kwh=net_kwh, reserve_kw=reserve_kw, availability=availability, peak_rise_kw=peak_rise_kw)
    lines = settle_hour(hour, {"battery": battery, "plant": plant, "load": load}, price, SITE)
    position = battery + plant + load
    deviation = net_kwh - position - hour.activation_kwh
    charged = max(price * 1.25 + 5, price) if deviation < 0 else min(price * 0.75 - 5, price)
    expected = (price * (position + hour.activation_kwh) + charged * deviation - 20 * hour.discharged_kwh) / 1000
    expected += reserve_kw / 1000 * 8 * availability - peak_rise_kw * 10
    assert net(lines) == pytest.approx(expected, abs=1e-6)
    check_lines(lines, expected)


@given(energies, prices)
def test_every_amount_follows_from_its_quantity_and_price(net_kwh, price):
    for line in settle_hour(replace(HOUR, net_kwh=net_kwh), POSITION, price, SITE):
        assert line.amount == line.quantity_kwh / 1000 * line.price_per_mwh


@given(energies, prices)
def test_energy_is_settled_once(net_kwh, price):
    """What the lines settle as energy is what was metered."""
    lines = settle_hour(replace(HOUR, net_kwh=net_kwh), POSITION, price, SITE)
    settled = sum(line.quantity_kwh for line in lines if line.service in ("energy", "imbalance", "activation"))
    assert settled == pytest.approx(net_kwh, abs=1e-9)


def test_changed_lines_are_found_and_named():
    lines = settle_hour(HOUR, POSITION, 40.0, SITE)
    changed = (replace(lines[0], amount=lines[0].amount + 0.01), *lines[1:])
    with pytest.raises(TwinError) as error:
        check_lines(changed, net(lines))
    assert "energy of battery at 2021-10-14T05:00Z is 8.01, 8.0 by its quantity and price" in str(error.value)
    assert "the lines sum to" in str(error.value)
    with pytest.raises(TwinError, match="the lines sum to"):
        check_lines(lines[1:], net(lines))
    with pytest.raises(TwinError, match="is nan"):
        check_lines((replace(lines[0], amount=math.nan),), math.nan)


@pytest.mark.parametrize(
    ("changes", "position", "price", "told"),
    [
        ({"net_kwh": math.nan}, POSITION, 40.0, "net_kwh is nan"),
        ({"activation_kwh": math.inf}, POSITION, 40.0, "activation_kwh is inf"),
        ({"discharged_kwh": -1.0}, POSITION, 40.0, "discharged_kwh must not be negative; it is -1.0"),
        ({"reserve_kw": -1.0}, POSITION, 40.0, "reserve_kw must not be negative"),
        ({"availability": 1.1}, POSITION, 40.0, "availability is a fraction; it is 1.1"),
        ({"peak_rise_kw": -0.1}, POSITION, 40.0, "peak_rise_kw must not be negative"),
        ({}, {"site": 1.0}, 40.0, "position of 'site': one of battery, plant, load is meant"),
        ({}, {"batery": 1.0}, 40.0, "position of 'batery'"),
        ({}, {"battery": math.nan}, 40.0, "position of battery is nan"),
        ({}, POSITION, math.nan, "price_per_mwh is nan"),
    ],
)
def test_an_hour_that_cannot_be_settled_is_refused(changes, position, price, told):
    with pytest.raises(ConfigError) as error:
        settle_hour(replace(HOUR, **changes), position, price, SITE)
    assert told in str(error.value)
    assert "settlement of 2021-10-14T05:00Z" in str(error.value)


def test_all_faults_of_an_hour_come_together():
    with pytest.raises(ConfigError, match=r"3 fault\(s\)"):
        settle_hour(replace(HOUR, net_kwh=math.nan, availability=2.0), {"grid": 1.0}, 40.0, SITE)


@pytest.mark.parametrize(
    ("imported", "exported", "told"),
    [
        ([-1.0, 0], [0.0, 0], "import_kwh must be finite and at least 0"),
        ([1.0, 0], [0.0, math.nan], "export_kwh must be finite"),
        ([1.0, 0, 0], [0.0, 0], "import_kwh has shape (3,)"),
    ],
)
def test_an_account_of_bad_energies_is_refused(imported, exported, told):
    with pytest.raises(ConfigError) as error:
        energy_account(np.array(imported), np.array(exported), np.array([10.0, 20.0]))
    assert told in str(error.value)


def test_prices_that_are_not_finite_are_refused():
    with pytest.raises(ConfigError, match="deviation_per_mwh is nan"):
        two_settlement(1.0, 1.0, day_ahead_per_mwh=1.0, deviation_per_mwh=math.nan)
    with pytest.raises(ConfigError, match="day_ahead_per_mwh is inf"):
        imbalance_price(math.inf, 1.0, SITE.market)
