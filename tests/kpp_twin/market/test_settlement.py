"""Money by line: reference cases, an independent net, and lines that check themselves."""

import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.bill import MeteredHour
from kpp_twin.errors import ConfigError, TwinError
from kpp_twin.frequency.products import products
from kpp_twin.market.accounts import amount_of
from kpp_twin.market.settlement import (
    ACTIVATION_PAID,
    PAID_BY_SCORE,
    check_lines,
    imbalance_price,
    net,
    settle_hour,
    sold_at,
)
from kpp_twin.site import Site, load_site, site_of

SITE = load_site()
LATER_VALUES = {
    "market": ("imbalance_pricing", "fee_per_mwh"),
    "demand_response": ("net_benefits_price_per_mwh",),
    "services": ("least_availability", "unavailability_penalty_factor"),
}
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
    reduction_kwh=30.0,
    performance_score=0.8,
)
POSITION = {"battery": 200.0, "plant": -150.0, "load": -520.0}


def with_terms(site: Site = SITE, **sections: dict) -> Site:
    """The site with other values in some sections."""
    return site.model_copy(
        update={name: getattr(site, name).model_copy(update=values) for name, values in sections.items()}
    )


energies = st.floats(-2000, 2000)
prices = st.floats(-250, 9000)


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
    assert [line.amount for line in lines] == [0.0] * 11
    assert all(math.copysign(1, line.amount) == 1 for line in lines)
    assert net(lines) == 0


def test_lines_of_an_hour():
    site = with_terms(services={"least_availability": 0.9})
    lines = settle_hour(HOUR, POSITION, 40.0, site)
    assert [(line.service, line.asset, line.quantity_kwh, line.price_per_mwh, line.amount) for line in lines] == [
        ("energy", "battery", 200.0, 40.0, pytest.approx(8.0)),
        ("energy", "plant", -150.0, 40.0, pytest.approx(-6.0)),
        ("energy", "load", -520.0, 40.0, pytest.approx(-20.8)),
        ("imbalance", "site", pytest.approx(-43.0), 55.0, pytest.approx(-2.365)),  # -480 - (-470) - 3 - 30
        ("activation", "battery", 3.0, 40.0, pytest.approx(0.12)),
        ("demand_response", "load", 30.0, 40.0, pytest.approx(1.2)),
        ("capacity", "battery", 90.0, 8.0, pytest.approx(0.72)),
        ("performance", "battery", pytest.approx(-28.0), 8.0, pytest.approx(-0.224)),  # 90 * 0.2 + 100 * 0.1
        ("degradation", "battery", -210.0, 20.0, pytest.approx(-4.2)),
        ("fees", "site", -870.0, 0.1, pytest.approx(-0.087)),
        ("demand_charge", "site", -12.0, 10000.0, pytest.approx(-120.0)),
    ]
    assert {(line.valid_from, line.duration_minutes) for line in lines} == {(START, 60)}


def test_a_site_from_before_the_later_values_is_settled_as_then():
    """Without them there are no fees, no claw-back, no paid reductions, and the lack in the score alone is new."""
    content = SITE.model_dump()
    for section, names in LATER_VALUES.items():
        for name in names:
            del content[section][name]
    lines = settle_hour(HOUR, POSITION, 40.0, site_of(content, place="an old history"))
    amounts = {(line.service, line.asset): line.amount for line in lines}
    assert amounts["imbalance", "site"] == pytest.approx(-0.715)
    assert amounts["capacity", "battery"] == pytest.approx(0.72)
    assert amounts["performance", "battery"] == pytest.approx(-0.2 * 0.72)
    assert (amounts["fees", "site"], amounts["demand_response", "load"]) == (0.0, 0.0)


@given(
    *(energies,) * 4, prices, st.floats(0, 500), st.floats(0, 1), st.floats(0, 300), st.floats(0, 300), st.floats(0, 1)
)
def test_kp_01_lines_sum_to_the_net(
    net_kwh, battery, plant, load, price, reserve_kw, availability, peak_rise_kw, reduction_kwh, score
):
    hour = replace(
        HOUR,
        net_kwh=net_kwh,
        reserve_kw=reserve_kw,
        availability=availability,
        peak_rise_kw=peak_rise_kw,
        reduction_kwh=reduction_kwh,
        performance_score=score,
    )
    lines = settle_hour(hour, {"battery": battery, "plant": plant, "load": load}, price, SITE)
    position = battery + plant + load
    reduced = reduction_kwh if price >= 25 else 0.0
    deviation = net_kwh - position - hour.activation_kwh - reduced
    charged = max(price * 1.25 + 5, price) if deviation < 0 else min(price * 0.75 - 5, price)
    expected = (price * (position + hour.activation_kwh + reduced) + charged * deviation) / 1000
    expected += reserve_kw / 1000 * 8 * ((availability * score if availability >= 0.95 else 0.0) - (1 - availability))
    expected -= 0.02 * hour.discharged_kwh + 1e-4 * (abs(battery) + abs(plant) + abs(load)) + peak_rise_kw * 10
    assert net(lines) == pytest.approx(expected, abs=1e-6)
    check_lines(lines, expected)


@given(energies, prices)
def test_every_amount_follows_from_its_quantity_and_price(net_kwh, price):
    for line in settle_hour(replace(HOUR, net_kwh=net_kwh), POSITION, price, SITE):
        assert line.amount == line.quantity_kwh / 1000 * line.price_per_mwh


@given(energies, prices, st.sampled_from(["single", "dual"]))
def test_energy_is_settled_once(net_kwh, price, pricing):
    """What the lines settle as energy is what was metered, whether a reduction is paid or not."""
    site = with_terms(market={"imbalance_pricing": pricing})
    lines = settle_hour(replace(HOUR, net_kwh=net_kwh), POSITION, price, site)
    energy = ("energy", "imbalance", "activation", "demand_response")
    settled = sum(line.quantity_kwh for line in lines if line.service in energy)
    assert settled == pytest.approx(net_kwh, abs=1e-9)


@given(prices, energies)
def test_a_single_price_is_one_for_both_signs_and_leaves_the_middle(day_ahead, imbalance_kwh):
    single = with_terms(market={"imbalance_pricing": "single"}).market
    price = imbalance_price(day_ahead, imbalance_kwh, single)
    assert price == imbalance_price(day_ahead, -imbalance_kwh, single) == pytest.approx(day_ahead)


def test_a_reduction_below_the_net_benefits_price_stays_in_the_imbalance():
    paid = {line.service: line for line in settle_hour(HOUR, POSITION, 25.0, SITE)}
    unpaid = {line.service: line for line in settle_hour(HOUR, POSITION, 24.99, SITE)}
    assert (paid["demand_response"].quantity_kwh, paid["demand_response"].price_per_mwh) == (30.0, 25.0)
    assert (unpaid["demand_response"].quantity_kwh, unpaid["demand_response"].amount) == (0.0, 0.0)
    assert unpaid["imbalance"].quantity_kwh == pytest.approx(paid["imbalance"].quantity_kwh + 30.0)


@pytest.mark.parametrize(
    ("product", "activation_price", "taken_off_kwh"),
    [("PFR", 40.0, -20.0), ("FCR", 0.0, 0.0), ("DC", 0.0, -20.0), ("FCR-N", 40.0, 0.0), ("FCR-D", 0.0, 0.0)],
)
def test_energy_and_quality_of_a_response_are_paid_as_its_product_has_it(product, activation_price, taken_off_kwh):
    site = with_terms(services={"frequency_product": product})
    hour = replace(HOUR, start=datetime(2024, 3, 15, 5, tzinfo=UTC), availability=1.0)
    lines = {line.service: line for line in settle_hour(hour, POSITION, 40.0, site)}
    assert lines["activation"].price_per_mwh == activation_price
    assert lines["activation"].quantity_kwh == 3.0
    assert lines["performance"].quantity_kwh == pytest.approx(taken_off_kwh)


def test_products_with_terms_of_their_own_are_in_the_table():
    assert {product.name for product in products()} >= ACTIVATION_PAID | PAID_BY_SCORE


def test_where_nothing_was_asked_delivery_takes_nothing_off():
    hour = replace(HOUR, availability=1.0, performance_score=None)
    (line,) = [line for line in settle_hour(hour, POSITION, 40.0, SITE) if line.service == "performance"]
    assert (line.quantity_kwh, math.copysign(1, line.amount)) == (0.0, 1.0)


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
        ({"reduction_kwh": -0.1}, POSITION, 40.0, "reduction_kwh must not be negative"),
        ({"performance_score": 1.1}, POSITION, 40.0, "performance_score is a fraction; it is 1.1"),
        ({"performance_score": -0.1}, POSITION, 40.0, "performance_score must not be negative"),
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


def test_a_price_that_is_not_finite_is_refused():
    with pytest.raises(ConfigError, match="day_ahead_per_mwh is inf"):
        imbalance_price(math.inf, 1.0, SITE.market)


def test_what_was_sold_has_the_imbalance_prices_of_each_hour() -> None:
    power_kw, prices = np.array([100.0, -50.0]), np.array([40.0, -20.0])
    sold = sold_at(power_kw, prices, SITE.market)
    assert sold.power_kw is power_kw
    assert sold.short_per_mwh.tolist() == [imbalance_price(price, -1.0, SITE.market) for price in prices]
    assert sold.long_per_mwh.tolist() == [imbalance_price(price, 1.0, SITE.market) for price in prices]
