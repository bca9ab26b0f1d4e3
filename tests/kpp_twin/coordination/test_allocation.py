from datetime import UTC, datetime, timedelta

import pytest

from kpp_twin.configuration import site_with
from kpp_twin.coordination.allocation import Commitment, Headroom, headroom, scheduled_energy
from kpp_twin.site import Site

NOW = datetime(2021, 10, 13, 14, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def left(site: Site, *commitments: Commitment, kwh: float = 500.0, start: int = 0, stop: int = 1) -> Headroom:
    return headroom(
        site,
        battery_kwh=kwh,
        now=NOW,
        commitments=commitments,
        start=NOW + start * HOUR,
        stop=NOW + stop * HOUR,
    )


def over(start: int, stop: int, **power: float) -> Commitment:
    return Commitment(start=NOW + start * HOUR, stop=NOW + stop * HOUR, **power)


def test_co_03_headroom_is_net_of_energy_and_reserve(site: Site) -> None:
    unit = site_with(site, storage={"capacity": 10_000.0, "max_power": 100.0})
    free = left(unit, over(0, 1, scheduled_kw=10.0, up_kw=30.0, down_kw=50.0), kwh=5_000.0)
    assert (free.up[0], free.down[0]) == (60.0, 60.0)


def test_an_idle_battery_gives_what_it_stores_and_takes_what_it_has_room_for(site: Site) -> None:
    free = left(site)
    assert free.up == (pytest.approx(380.0), "stored energy")
    assert free.down == (pytest.approx(400 / 0.95), "room in the battery")
    assert left(site, kwh=700.0).up == (500.0, "battery power")


def test_energy_counts_after_the_interval_too(site: Site) -> None:
    later = over(5, 6, scheduled_kw=300.0)
    assert left(site, later).up[0] == pytest.approx(80.0)
    assert left(site, later, over(3, 4, scheduled_kw=-200.0)).up[0] == pytest.approx(80.0 + 200.0 * 0.95**2)


def test_energy_of_a_called_service_cannot_be_counted_on(site: Site) -> None:
    """It may not be called: neither does a downward call raise what can be given, nor an upward one make room."""
    assert left(site, over(0, 1, down_kw=100.0), start=1, stop=2).up[0] == pytest.approx(380.0)
    assert left(site, over(0, 1, up_kw=100.0), start=1, stop=2).down[0] == pytest.approx(400 / 0.95)


def test_a_call_is_counted_on_by_nobody_else(site: Site) -> None:
    """It may be called for all its time, and what comes after must still be possible."""
    assert left(site, over(0, 1, up_kw=100.0), start=1, stop=2).up[0] == pytest.approx(280.0)
    assert left(site, over(0, 1, down_kw=100.0), start=1, stop=2).down[0] == pytest.approx(400 / 0.95 - 100)


def test_reserve_of_hours_back_to_back_is_kept_once(site: Site) -> None:
    """At the instant between them one or the other is called, not both."""
    free = left(site, over(0, 1, reserve_kw=400.0), start=1, stop=2, kwh=210.0)
    assert free.reserve[0] == pytest.approx((210 - 100) * 0.95 * 4)
    assert left(site, over(0, 1, reserve_kw=400.0), kwh=210.0).reserve[0] == pytest.approx((210 - 100) * 0.95 * 4 - 400)


def test_reserve_keeps_energy_at_both_ends_of_its_hour(site: Site) -> None:
    discharging = over(0, 1, scheduled_kw=355.0)
    assert left(site, discharging).reserve[0] == pytest.approx(100.0)
    charging = over(0, 1, scheduled_kw=-400.0)
    assert left(site, charging).reserve[0] == pytest.approx((400 - 380) / 0.95 * 4)
    assert left(site, over(0, 1, scheduled_kw=-300.0), kwh=110.0).reserve[0] == pytest.approx(10 * 0.95 * 4)


def test_a_product_that_restores_its_energy_keeps_power_for_it(site: Site) -> None:
    """FCR needs 1.25 kW of rated power for each kW that is sold."""
    fcr = site.model_copy(update={"services": site.services.model_copy(update={"frequency_product": "FCR"})})
    assert left(fcr).reserve == (400.0, "battery power beside restoring")
    assert left(fcr, over(0, 1, reserve_kw=300.0)).reserve[0] == 100.0


def test_the_energy_of_a_reserve_is_that_of_its_product(site: Site) -> None:
    of_an_hour = site.model_copy(update={"services": site.services.model_copy(update={"frequency_product": "DR"})})
    assert left(of_an_hour, kwh=200.0).reserve == (pytest.approx(100 * 0.95), "stored energy")
    assert left(of_an_hour, kwh=800.0).reserve == (pytest.approx(100 / 0.95), "room in the battery")


def test_charging_less_gains_more_than_charging_loses(site: Site) -> None:
    """Downward power beside a discharge saves stored energy at the discharge efficiency."""
    beside = left(site, over(0, 1, scheduled_kw=400.0), kwh=890.0)
    full_again = 890 - 400 / 0.95
    assert beside.down[0] == pytest.approx((900 - full_again) * 0.95)


def test_reactive_power_fills_the_circle_of_the_converter(site: Site) -> None:
    assert left(site).reactive[0] == 600.0
    assert left(site, over(0, 1, scheduled_kw=360.0)).reactive[0] == pytest.approx(480.0)
    assert left(site, over(0, 1, scheduled_kw=-260.0, down_kw=100.0)).reactive[0] == pytest.approx(480.0)
    assert left(site, over(0, 1, reactive_kvar=480.0), kwh=800.0).up[0] == pytest.approx(360.0)


def test_the_cap_holds_for_battery_and_load_together(site: Site) -> None:
    capped = site_with(site, coordinator={"available_capacity": 450.0})
    free = left(capped, over(0, 1, up_kw=300.0), kwh=800.0)
    assert (free.up, free.load, free.cap_up[0]) == ((150.0, "cap on all services together"), free.cap_up, 150.0)
    assert left(capped, over(0, 1, load_kw=200.0), kwh=800.0).up[0] == 250.0


def test_the_connection_caps_as_well(site: Site) -> None:
    narrow = site.model_copy(update={"connection": site.connection.model_copy(update={"limit_kw": 150.0})})
    assert left(narrow, kwh=800.0).up == (150.0, "cap on all services together")


def test_load_is_not_curtailed_for_longer_than_an_event_may_last(site: Site) -> None:
    assert left(site, stop=4).load == (200.0, "curtailable load")
    assert left(site, stop=5).load == (0.0, "curtailment, which may last 4 h at most")


def test_headroom_is_never_negative(site: Site) -> None:
    below = left(site, kwh=50.0)
    assert (below.up[0], below.reserve[0]) == (0.0, 0.0)
    assert below.down[0] > 0


def test_scheduled_energy_follows_the_schedule_alone(site: Site) -> None:
    told = [over(0, 1, scheduled_kw=190.0), over(1, 2, scheduled_kw=-100.0), over(0, 2, up_kw=50.0, reserve_kw=100.0)]
    energies = [
        scheduled_energy(site, battery_kwh=500.0, now=NOW, commitments=told, to=NOW + minutes * HOUR / 60)
        for minutes in (0, 30, 60, 120, 180)
    ]
    assert energies == pytest.approx([500, 400, 300, 395, 395])
    drained = scheduled_energy(site, battery_kwh=100.0, now=NOW, commitments=told, to=NOW + HOUR)
    assert drained == 0.0
