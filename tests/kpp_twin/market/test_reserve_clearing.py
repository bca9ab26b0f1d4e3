"""Energy and reserves cleared together; prices are what one more kW costs."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError, TwinError
from kpp_twin.market.reserve_clearing import ReserveOffer, Trapezium, UnitOffer, clear_with_reserves

OF_A = Trapezium(least_kw=70.0, low_kw=80.0, high_kw=100.0, most_kw=110.0)
OF_B = Trapezium(least_kw=50.0, low_kw=65.0, high_kw=95.0, most_kw=110.0)
R6_A = ReserveOffer(service="R6", price_per_mwh=35.0, quantity_kw=10.0, trapezium=OF_A)
R6_B = ReserveOffer(service="R6", price_per_mwh=20.0, quantity_kw=15.0, trapezium=OF_B)
REGULATION = ReserveOffer(service="Rreg", price_per_mwh=30.0, quantity_kw=15.0, trapezium=OF_B, regulation="up")
A = UnitOffer(unit="A", energy=((50.0, 100.0),), reserves=(R6_A,))
B = UnitOffer(unit="B", energy=((60.0, 110.0),), reserves=(R6_B, REGULATION))
REQUIRED = {"Rreg": 10.0, "R6": 10.0}


def cost(result, offers=(A, B)):
    """Of single-band units."""
    energy = sum(result.energy_kw[offer.unit] * offer.energy[0][0] for offer in offers)
    return energy + sum(
        result.reserve_kw[offer.unit, reserve.service] * reserve.price_per_mwh
        for offer in offers
        for reserve in offer.reserves
    )


def test_mk_05_energy_and_reserves_are_cleared_together():
    result = clear_with_reserves([A, B], 195.0, REQUIRED)
    assert result.energy_kw == pytest.approx({"A": 100.0, "B": 95.0})
    assert result.reserve_kw == pytest.approx({("A", "R6"): 5.0, ("B", "R6"): 5.0, ("B", "Rreg"): 10.0})
    assert result.price_per_mwh == pytest.approx({"energy": 75.0, "R6": 35.0, "Rreg": 45.0})


@given(st.floats(155, 190), st.floats(0.5, 12), st.floats(0.5, 9))
def test_a_price_is_what_one_more_kw_costs(demand, regulation, contingency):
    def cleared(more=0.0, service="energy"):
        required = {"Rreg": regulation, "R6": contingency}
        if service != "energy":
            required[service] += more
        return clear_with_reserves([A, B], demand + more * (service == "energy"), required)

    here, step = cleared(), 1e-4
    for service, price in here.price_per_mwh.items():
        up = (cost(cleared(step, service)) - cost(here)) / step
        down = (cost(here) - cost(cleared(-step, service))) / step
        assert down - 1e-3 <= price <= up + 1e-3


def test_reserve_stays_within_the_trapezium():
    result = clear_with_reserves([A, B], 205.0, {"R6": 8.0})
    for offer in (A, B):
        shape, reserve = offer.reserves[0].trapezium, offer.reserves[0]
        share = result.reserve_kw[offer.unit, "R6"] / reserve.quantity_kw
        assert result.energy_kw[offer.unit] <= shape.most_kw - (shape.most_kw - shape.high_kw) * share + 1e-6


def test_regulation_down_keeps_room_below():
    down = replace(REGULATION, service="Lreg", regulation="down")
    unit = replace(B, reserves=(replace(R6_B, quantity_kw=1.0), down))
    result = clear_with_reserves([A, unit], 155.0, {"Lreg": 10.0})
    assert result.energy_kw["B"] >= OF_B.least_kw + 10.0 - 1e-6


def test_offers_that_do_not_suffice_are_no_result():
    with pytest.raises(TwinError, match="infeasible"):
        clear_with_reserves([A, B], 300.0, REQUIRED)


def test_all_faults_of_offers_come_in_one_message():
    broken = replace(R6_A, trapezium=replace(OF_A, low_kw=105.0), quantity_kw=0.0)
    with pytest.raises(ConfigError) as caught:
        clear_with_reserves([replace(A, reserves=(broken, broken)), A, B], 195.0, {"R60": 1.0})
    for part in (
        "'A' stands 2 times",
        "offers a service twice",
        "does not rise",
        "offers 0.0 kW",
        "nobody offers 'R60'",
    ):
        assert part in str(caught.value)
