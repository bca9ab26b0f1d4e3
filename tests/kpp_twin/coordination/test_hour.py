from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.coordination.hour import HourAllocation, coordinate_hour, reserve_window
from kpp_twin.coordination.requests import ServiceRequestError
from kpp_twin.site import Site, load_site

NOW = datetime(2021, 10, 13, 14, 30, tzinfo=UTC)
START = NOW + timedelta(minutes=30)


def allocated(site: Site, kwh: float, planned_kw: float) -> HourAllocation:
    return coordinate_hour(
        site,
        battery_kwh=kwh,
        start=START,
        reserve_kw=site.services.frequency_response_kw,
        planned_battery_kw=planned_kw,
        now=NOW,
    )


@pytest.mark.parametrize(
    ("reserve_kw", "least", "most"),
    [(100.0, 0.1263, 0.8762), (400.0, 0.2053, 0.8050), (500.0, 0.2316, 0.7812)],
    ids=["FR-13-100", "FR-13-400", "FR-13-500"],
)
def test_fr_13_window_beside_a_reserve(site: Site, reserve_kw: float, least: float, most: float) -> None:
    min_kwh, max_kwh, max_power_kw = reserve_window(site, reserve_kw)
    assert (min_kwh / 1000, max_kwh / 1000) == pytest.approx((least, most), abs=6e-5)
    assert max_power_kw == 500.0 - reserve_kw


@pytest.mark.parametrize("reserve_kw", [-1.0, 501.0, float("nan")])
def test_a_reserve_that_the_battery_cannot_hold_is_refused(site: Site, reserve_kw: float) -> None:
    with pytest.raises(ValueError, match="reserve of"):
        reserve_window(site, reserve_kw)


def test_standing_services_come_before_the_plan(site: Site) -> None:
    hour = allocated(site, 500.0, 400.0)
    assert (hour.reserve_kw, hour.voltage_support_kvar, hour.battery_kw) == (100.0, 200.0, pytest.approx(355.0))
    assert [record.service for record in hour.records] == ["frequency_response", "voltage_support", "energy_arbitrage"]
    assert hour.records[0].request_id == "frequency_response-2021-10-13T15:00Z"


def test_charging_is_negative(site: Site) -> None:
    hour = allocated(site, 700.0, -400.0)
    assert hour.battery_kw == pytest.approx(-(900 - 23.75 - 700) / 0.95)
    assert hour.records[-1].granted == hour.battery_kw


def test_no_plan_and_no_services_ask_for_nothing(site: Site) -> None:
    bare = site.model_copy(
        update={
            "services": site.services.model_copy(update={"frequency_response_kw": 0.0, "voltage_support_kvar": 0.0})
        }
    )
    assert allocated(bare, 500.0, 0.0) == HourAllocation(
        reserve_kw=0.0, voltage_support_kvar=0.0, battery_kw=0.0, records=()
    )


def test_services_without_a_tier_in_the_site_still_have_one(site: Site) -> None:
    bare = site.model_copy(update={"coordinator": site.coordinator.model_copy(update={"service_priorities": {}})})
    assert [record.priority for record in allocated(bare, 500.0, 100.0).records] == ["HIGH", "MEDIUM", "LOW"]


def test_an_empty_battery_holds_no_reserve_and_may_charge(site: Site) -> None:
    hour = allocated(site, 100.0, -300.0)
    assert (hour.reserve_kw, hour.battery_kw) == (0.0, -300.0)
    assert hour.records[0].reason == "0 of 100 kW left; stored energy binds"


@given(st.floats(0, 1), st.floats(-500, 500))
def test_a_plan_within_the_window_is_admitted_as_it_is(share: float, planned_kw: float) -> None:
    """What the planner finds feasible, the coordinator does too, up to the very limits."""
    site = load_site()
    least, most, power = reserve_window(site, site.services.frequency_response_kw)
    before = least + share * (most - least)
    planned = min(max(planned_kw, -power), power)
    if planned > 0:
        planned = min(planned, (before - least) * site.battery.discharge_efficiency)
    else:
        planned = max(planned, -(most - before) / site.battery.charge_efficiency)
    hour = allocated(site, before, planned)
    assert (hour.reserve_kw, hour.battery_kw) == (100.0, planned)


@pytest.mark.parametrize("kwh", [-1.0, 1001.0, float("nan")])
def test_energy_beyond_the_battery_is_refused(site: Site, kwh: float) -> None:
    with pytest.raises(ServiceRequestError, match="state_of_charge"):
        allocated(site, kwh, 0.0)


def test_an_hour_that_has_begun_is_refused(site: Site) -> None:
    with pytest.raises(ServiceRequestError, match="lies before"):
        coordinate_hour(
            site,
            battery_kwh=500.0,
            start=NOW - timedelta(hours=1),
            reserve_kw=100.0,
            planned_battery_kw=10.0,
            now=NOW,
        )
