"""What markets pay, formula by formula: the reference cases, and bounds that hold for any values."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError
from kpp_twin.market.accounts import (
    amount_of,
    balance_responsible_income,
    dual_price,
    energy_account,
    energy_imbalance_cashflow,
    pays_reduction,
    reserve_income,
    reserve_quantities,
    two_settlement,
)

energies = st.floats(-2000, 2000)
prices = st.floats(-500, 9000)
shares = st.floats(0, 1)


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


def test_intraday_trades_are_part_of_the_schedule():
    """10 MWh sold at 60, 3 sold again at 80, 1 bought back at 50; 11.5 metered, so 0.5 short at 90."""
    income = balance_responsible_income(
        10e3, 11.5e3, day_ahead_per_mwh=60, imbalance_per_mwh=90, intraday=[(3e3, 80), (-1e3, 50)]
    )
    assert income == pytest.approx(600 + 240 - 50 - 45)


@given(energies, energies, energies, prices, prices, prices)
def test_energy_that_is_sold_intraday_and_delivered_earns_its_own_price(
    day_ahead, traded, metered, price, other, imbalance
):
    without = balance_responsible_income(day_ahead, metered, day_ahead_per_mwh=price, imbalance_per_mwh=imbalance)
    traded_too = balance_responsible_income(
        day_ahead, metered + traded, day_ahead_per_mwh=price, imbalance_per_mwh=imbalance, intraday=[(traded, other)]
    )
    assert traded_too - without == pytest.approx(amount_of(traded, other), abs=1e-6)


@given(energies, energies, prices, prices)
def test_the_cashflow_of_great_britain_is_the_income_with_its_sign_turned(sold, metered, price, system_price):
    income = two_settlement(sold, metered, day_ahead_per_mwh=price, deviation_per_mwh=system_price)
    debit = energy_imbalance_cashflow(metered - sold, system_price)
    assert amount_of(sold, price) - debit == pytest.approx(income, abs=1e-9)


def test_a_surplus_in_great_britain_is_a_credit_and_so_negative():
    assert energy_imbalance_cashflow(2000.0, 45.0) == -90.0
    assert energy_imbalance_cashflow(-2000.0, 45.0) == 90.0
    assert energy_imbalance_cashflow(2000.0, -45.0) == 90.0
    assert math.copysign(1, energy_imbalance_cashflow(0.0, 45.0)) == 1


@pytest.mark.parametrize(
    ("availability", "performance", "least", "penalty", "quantities"),
    [
        (1.0, 1.0, 0.0, 0.0, (400.0, 0.0)),
        (0.9, 1.0, 0.0, 0.0, (360.0, 0.0)),
        (0.9, 0.8, 0.0, 0.0, (360.0, -72.0)),
        (0.9, 0.8, 0.95, 0.0, (0.0, 0.0)),  # too little of the block: none of it is paid
        (0.9, 0.8, 0.95, 2.0, (0.0, -80.0)),
        (0.9, 0.8, 0.9, 2.0, (360.0, -152.0)),
        (0.0, 1.0, 0.0, 1.0, (0.0, -400.0)),
    ],
)
def test_a_reserve_is_paid_by_availability_and_loses_by_bad_delivery(
    availability, performance, least, penalty, quantities
):
    found = reserve_quantities(
        100.0,
        4.0,
        availability=availability,
        performance=performance,
        least_availability=least,
        penalty_factor=penalty,
    )
    assert found == pytest.approx(quantities)


@given(st.floats(0, 1000), st.floats(0, 24), st.floats(0, 100), shares, shares, shares, st.floats(0, 5))
def test_bad_delivery_never_earns(award, hours, price, availability, performance, least, penalty):
    terms = {"least_availability": least, "penalty_factor": penalty}
    income = reserve_income(award, hours, price, availability=availability, performance=performance, **terms)
    perfect = award / 1000 * hours * price
    assert -penalty * perfect - 1e-9 <= income <= perfect + 1e-9
    assert reserve_income(award, hours, price, availability=1.0, **terms) == pytest.approx(perfect)


def test_a_reduction_is_paid_from_the_net_benefits_price_on():
    assert [pays_reduction(price, 25.0) for price in (24.99, 25.0, 25.01)] == [False, True, True]
    assert not pays_reduction(9000.0, None)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"award_kw": -1.0}, "award_kw must be finite and not negative; it is -1.0"),
        ({"hours": math.inf}, "hours must be finite"),
        ({"penalty_factor": math.nan}, "penalty_factor must be finite"),
        ({"availability": 1.1}, "availability is a fraction; it is 1.1"),
        ({"performance": math.nan}, "performance is a fraction; it is nan"),
        ({"least_availability": -0.1}, "least_availability is a fraction"),
        ({"award_kw": -1.0, "performance": 2.0}, "2 fault(s)"),
    ],
)
def test_a_reserve_of_bad_values_is_refused(changes, told):
    good = {"award_kw": 1.0, "hours": 1.0, "availability": 1.0, "performance": 1.0}
    with pytest.raises(ConfigError) as error:
        reserve_quantities(**{**good, "least_availability": 0.0, "penalty_factor": 0.0, **changes})
    assert told in str(error.value)


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


def test_prices_and_energies_that_are_not_finite_are_refused():
    with pytest.raises(ConfigError, match="imbalance_per_mwh is nan"):
        two_settlement(1.0, 1.0, day_ahead_per_mwh=1.0, deviation_per_mwh=math.nan)
    with pytest.raises(ConfigError, match="price of intraday trade 1 is inf"):
        balance_responsible_income(
            1.0, 1.0, day_ahead_per_mwh=1.0, imbalance_per_mwh=1.0, intraday=[(1.0, 1.0), (1.0, math.inf)]
        )
    with pytest.raises(ConfigError, match="system_price_per_mwh is nan"):
        energy_imbalance_cashflow(1.0, math.nan)
    with pytest.raises(ConfigError, match="price_per_mw_hour is inf"):
        reserve_income(1.0, 1.0, math.inf, availability=1.0)
