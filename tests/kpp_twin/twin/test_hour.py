"""An hour of the site keeps every limit and every book, and hands its state on."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.ageing import Health
from kpp_twin.battery.model import BatteryModel
from kpp_twin.battery.simulate import BatteryState
from kpp_twin.errors import ConfigError, TwinError
from kpp_twin.operation import AssetState, DemandEvent, HourOrders, ServicePerformance, SimulatedHour
from kpp_twin.plant.simulate import PlantState
from kpp_twin.site import Site, load_site
from kpp_twin.twin.hour import initial_state, local_month, simulate_hour
from kpp_twin.twin.ledger import check_ledger, residual_kwh

SITE = load_site()
ZONE = ZoneInfo("America/Chicago")
START = datetime(2021, 10, 14, 18, tzinfo=UTC)
STATE = initial_state(SITE, START, ZONE)
LOAD = np.full(4, 700.0)
BESIDE_KW = BatteryModel.of_site(SITE, 0.0).extra_kw  # drawn by auxiliaries and cooling
HOLDING_KW = 0.01  # what self-discharge draws at the least energy may pass a limit


def orders(start: datetime = START, **changes: Any) -> HourOrders:
    values: dict[str, Any] = {
        "battery_kw": 0.0,
        "plant_kw": 0.0,
        "reserve_kw": 100.0,
        "voltage_support_kvar": 200.0,
        "import_limit_kw": 1050.0,
    }
    return HourOrders(start=start, **(values | changes))


def run(
    load_kw: Any = LOAD, state: AssetState = STATE, site: Site = SITE, start: datetime = START, **changes: Any
) -> SimulatedHour:
    return simulate_hour(site, orders(start, **changes), np.asarray(load_kw), state, ZONE)


def quiet(**grid: float) -> Site:
    """The site on a grid that stands still, but for the changes, with a battery that draws nothing beside its power."""
    still = dict.fromkeys(("frequency_noise_hz", "frequency_wander_hz", "hourly_swing_hz", "events_per_day"), 0.0)
    return with_battery(auxiliary_kw=0.0, cooling_kw=0.0).model_copy(
        update={"grid": SITE.grid.model_copy(update=still | grid)}
    )


def with_battery(**changes: Any) -> Site:
    """The site with another battery."""
    return SITE.model_copy(update={"battery": SITE.battery.model_copy(update=changes)})


def charged(energy_kwh: float, **changes: Any) -> AssetState:
    """The initial state with another energy in the battery."""
    health = Health.initial(energy_kwh / 1000, "lfp").as_json()
    return replace(STATE, battery={**STATE.battery, "energy_kwh": energy_kwh}, battery_health=health, **changes)


def performance(hour: SimulatedHour, service: str) -> ServicePerformance:
    return next(p for p in hour.performance if p.service == service)


def event(minutes: int = 60, target: float = 150.0, start: datetime = START) -> DemandEvent:
    return DemandEvent(
        event_id="e",
        start=start,
        duration_minutes=minutes,
        target_reduction_kw=target,
        ramp_kw_per_minute=10.0,
        forecast_peak_kw=1000.0,
    )


def test_the_initial_state_is_the_sites() -> None:
    assert (
        AssetState(
            battery=BatteryState.initial(BatteryModel.of_site(SITE, 0.0), 500.0).as_json(),
            battery_health=Health.initial(0.5, "lfp").as_json(),
            plant=PlantState(receiver_kpa=600.0, cell_air=(0.0,) * 16).as_json(),
            month="2021-10",
            peak_import_kw=1050.0,
        )
        == STATE
    )
    assert local_month(datetime(2021, 11, 1, 4, tzinfo=UTC), ZONE) == "2021-10"


def test_the_same_hour_twice_is_the_same() -> None:
    once, again = (run(battery_kw=200.0, plant_kw=-100.0) for _ in range(2))
    assert repr(asdict(once)) == repr(asdict(again))


def test_the_state_survives_json() -> None:
    state = run(battery_kw=200.0, plant_kw=-100.0, events=(event(minutes=30),)).state
    assert AssetState(**json.loads(json.dumps(asdict(state)))) == state


def test_setpoints_are_followed_and_add_up() -> None:
    hour = run(site=quiet(), battery_kw=200.0, plant_kw=20.0)
    assert hour.minutes["battery"].power_kw[1:] == pytest.approx(np.full(59, 200.0))
    assert hour.minutes["plant"].power_kw[5:10] == pytest.approx(np.full(5, 20.0))
    assert hour.minutes["load"].power_kw == pytest.approx(np.full(60, -700.0))
    parts = sum(hour.minutes[asset].power_kw for asset in ("battery", "plant", "load"))
    assert hour.minutes["site"].power_kw == pytest.approx(parts)
    assert hour.quarter_import_kw == pytest.approx(-hour.minutes["site"].power_kw.reshape(4, 15).mean(axis=1))
    assert hour.seconds_limited["battery"] <= 1
    assert hour.activation_kwh == pytest.approx(0.0)


def test_quarters_and_minutes_of_load_are_the_same_load() -> None:
    by_quarter, by_minute = run([600.0, 700.0, 800.0, 900.0]), run(np.repeat([600.0, 700.0, 800.0, 900.0], 15))
    assert repr(by_quarter) == repr(by_minute)


def test_the_battery_answers_frequency() -> None:
    hour = run(site=quiet(events_per_day=96.0, event_depth_hz=0.2, event_recovery_s=60.0))
    assert hour.activation_kwh > 1
    fast = performance(hour, "frequency_response")
    assert fast.response_time_s == pytest.approx(0.1 * np.log(10), rel=1e-3)
    assert fast.uptime == 1.0
    assert fast.accuracy is not None
    assert fast.accuracy > 0.99
    assert fast.delivered_kwh == pytest.approx(hour.activation_kwh, rel=0.01)


def test_import_limits_trim_charging_and_nothing_else() -> None:
    hour = run([700.0, 900.0, 1100.0, 1100.0], site=quiet(), battery_kw=-300.0, plant_kw=-150.0)
    assert hour.quarter_import_kw == pytest.approx([1050.0, 1050.0, 1100.0, 1100.0], rel=1e-4)  # it ramps
    assert hour.minutes["battery"].power_kw[[1, 16, 31]] == pytest.approx([-300.0, -150.0, 0.0])
    assert hour.minutes["plant"].power_kw[[1, 16, 31]] == pytest.approx([-50.0, 0.0, 0.0], abs=1e-9)
    assert hour.seconds_limited["battery"] >= 2700
    arbitrage = performance(hour, "energy_arbitrage")
    assert arbitrage.uptime == pytest.approx(0.25, abs=1e-3)
    assert arbitrage.accuracy == pytest.approx((300 + 150) / 1200, abs=1e-3)


def test_the_connection_limits_export_and_import() -> None:
    small = quiet().model_copy(update={"connection": SITE.connection.model_copy(update={"limit_kw": 400.0})})
    out = run([0.0] * 4, site=small, battery_kw=450.0, plant_kw=75.0, reserve_kw=0.0)
    assert out.quarter_import_kw.min() >= -400.0 - 1e-6
    into = run([100.0] * 4, site=small, battery_kw=-450.0, reserve_kw=0.0)
    assert into.quarter_import_kw.max() <= 400.0 + 1e-6


def test_curtailment_and_rebound_reach_load_ledger_and_state() -> None:
    first = run(site=quiet(), events=(event(),))
    assert first.curtailed_kwh == pytest.approx(150.0 * 45 / 60)
    response = performance(first, "non_critical_demand_response")
    assert (response.committed, response.uptime, response.accuracy) == (150.0, 1.0, 1.0)
    assert first.state.rebound_kwh == pytest.approx(0.3 * first.curtailed_kwh)
    second = run(site=quiet(), state=first.state, start=START + timedelta(hours=1))
    assert second.curtailed_kwh < 0
    assert second.minutes["load"].power_kw[0] < -700.0
    wanted = {entry.entry: entry.energy_kwh for entry in second.ledger if entry.asset == "load"}
    assert wanted["wanted"] == pytest.approx(-700.0)
    assert wanted["rebound"] == pytest.approx(second.curtailed_kwh)


def test_what_nobody_asked_for_has_no_performance() -> None:
    hour = run(reserve_kw=0.0, voltage_support_kvar=0.0)
    assert [p.service for p in hour.performance] == [
        "frequency_response",
        "voltage_support",
        "non_critical_demand_response",
        "energy_arbitrage",
    ]
    for measured in hour.performance:
        assert (measured.uptime, measured.response_time_s, measured.accuracy) == (None, None, None)
    reactive = hour.minutes["battery"].reactive_power_kvar
    assert reactive is not None
    assert (reactive == 0).all()


def test_a_reserve_without_energy_is_not_ready() -> None:
    hour = run(site=quiet(), state=charged(105.0))
    uptime = performance(hour, "frequency_response").uptime
    assert uptime is not None
    assert uptime < 1


def booked(hour: SimulatedHour, asset: str) -> dict[str, float]:
    return {entry.entry: entry.energy_kwh for entry in hour.ledger if entry.asset == asset}


def test_auxiliaries_are_drawn_beside_the_setpoint_and_booked() -> None:
    still = quiet()
    drawing = still.model_copy(update={"battery": still.battery.model_copy(update={"auxiliary_kw": 20.0})})
    hour = run(site=drawing, battery_kw=50.0)
    assert hour.minutes["battery"].power_kw[1:] == pytest.approx(np.full(59, 30.0))
    assert hour.battery.auxiliary_kwh == pytest.approx(20.0) == -booked(hour, "battery")["auxiliary"]
    assert hour.energy_out_kwh["battery"] == pytest.approx(30.0, abs=0.01)
    assert hour.seconds_limited["battery"] <= 1, "its own power follows"


def test_import_limits_leave_room_for_auxiliaries_and_cooling() -> None:
    still = quiet()
    drawing = still.model_copy(update={"battery": with_battery(auxiliary_kw=20.0).battery})
    hour = run([1000.0] * 4, site=drawing, battery_kw=-300.0)
    assert hour.minutes["battery"].power_kw[1:] == pytest.approx(np.full(59, -40.0)), "10 kW of 50 are kept for cooling"
    started = {**STATE.plant, "compressor_runs": True, "compressor_kw": 50.0, "compressor_since_s": 0.0}
    running_on = run([1000.0] * 4, replace(STATE, plant=started), drawing, import_limit_kw=1075.0)
    assert running_on.minutes["plant"].power_kw[0] == pytest.approx(-45.0)
    tight = run([1000.0] * 4, replace(STATE, plant=started), drawing, import_limit_kw=1074.0)
    assert tight.minutes["plant"].power_kw.min() == 0.0, "its least power does not fit beside 30 kW"


def test_the_battery_stays_warm_from_hour_to_hour_until_its_cooling_runs() -> None:
    first = run(battery_kw=-200.0)
    assert 26.0 < first.battery.temperature_c < 30.0
    assert first.battery.auxiliary_kwh == pytest.approx(2.5)
    later = START + timedelta(hours=1)
    second = run(state=first.state, start=later, battery_kw=200.0)
    cold = {**first.state.battery, "temperature_c": 25.0}
    from_cold = run(state=replace(first.state, battery=cold), start=later, battery_kw=200.0)
    assert second.battery.auxiliary_kwh > from_cold.battery.auxiliary_kwh == pytest.approx(2.5)


def test_health_is_carried_and_only_falls() -> None:
    state, healths, cycles, before_kwh = STATE, [1.0], [0.0], 500.0
    for number, battery_kw in enumerate((300.0, -300.0, 300.0, -300.0)):
        hour = run(state=state, start=START + timedelta(hours=number), battery_kw=battery_kw, reserve_kw=0.0)
        charge = np.concatenate([[before_kwh], hour.minutes["battery"].energy_stored_kwh])  # type: ignore[list-item]
        cycles.append(cycles[-1] + np.abs(np.diff(charge)).sum() / 2 / (1000 * healths[-1]))
        healths.append(hour.battery.state_of_health)
        assert hour.battery.equivalent_full_cycles == pytest.approx(cycles[-1], rel=1e-3)
        state, before_kwh = hour.state, hour.energy_stored_kwh["battery"]
    assert (np.diff(healths) < 0).all()
    assert healths[-1] > 0.999
    assert Health.of_json(state.battery_health).elapsed_hours == 4.0


def test_less_capacity_leaves_less_energy_between_the_limits() -> None:
    worn = {**STATE.battery_health, "state_of_health": 0.8}
    hour = run(state=replace(STATE, battery_health=worn), battery_kw=-500.0, reserve_kw=0.0, import_limit_kw=1500.0)
    assert hour.energy_stored_kwh["battery"] == pytest.approx(720.0, abs=0.01)


@pytest.mark.parametrize("most", [0.9, 1.0])
def test_a_full_battery_goes_on_though_its_capacity_has_fallen(most: float) -> None:
    untapered = with_battery(max_state_of_charge=most, taper_state_of_charge=0.0, initial_state_of_charge=most)
    state = initial_state(untapered, START, ZONE)
    for number in range(3):
        start = START + timedelta(hours=number)
        state = run([0.0] * 4, state, untapered, start, battery_kw=-500.0, reserve_kw=0.0).state
    health = Health.of_json(state.battery_health).state_of_health
    assert state.battery_kwh == pytest.approx(1000.0 * most * health, abs=0.1)


def test_hours_in_a_row_are_the_same_bytes_though_the_state_went_through_json() -> None:
    def days_of(hand_on: Callable[[AssetState], AssetState]) -> list[str]:
        state, hours = STATE, []
        for number in range(3):
            hour = run(state=state, start=START + timedelta(hours=number), battery_kw=250.0, plant_kw=-100.0)
            state = hand_on(hour.state)
            hours.append(repr(asdict(hour)))
        return hours

    assert days_of(lambda state: state) == days_of(lambda s: AssetState(**json.loads(json.dumps(asdict(s)))))


def test_the_hour_tells_how_the_product_was_served() -> None:
    hour = run(site=SITE, battery_kw=100.0)
    assert hour.battery.product == "PFR"
    assert hour.battery.performance_score is not None
    assert hour.battery.performance_score > 0.95
    assert hour.battery.mileage > 0
    assert (hour.battery.endurance_violation_s, hour.battery.flag_s) == (0.0, {})
    unsold = run(site=quiet(), reserve_kw=0.0)
    assert (unsold.battery.performance_score, unsold.battery.mileage) == (None, 0.0)
    low = run(site=quiet(), state=charged(105.0))
    assert low.battery.endurance_violation_s > 0
    assert low.battery.flag_s["restoring_down"] == pytest.approx(low.battery.endurance_violation_s, abs=2.0)


def offering(product: str) -> Site:
    return SITE.model_copy(update={"services": SITE.services.model_copy(update={"frequency_product": product})})


def test_a_product_is_served_from_the_day_on_which_it_holds() -> None:
    with pytest.raises(ConfigError, match="FCR-D does not hold on 2021-10-14"):
        run(site=offering("FCR-D"))
    assert run(site=offering("FCR-D"), start=datetime(2022, 1, 1, tzinfo=UTC)).battery.product == "FCR-D"


def test_what_was_sold_and_cannot_be_held_is_told() -> None:
    with pytest.raises(ConfigError, match=r"501.0 kW is outside 0 to 500 \[battery that sells PFR\]"):
        run(reserve_kw=501.0)
    worn = {**STATE.battery_health, "state_of_health": 0.05}
    with pytest.raises(ConfigError, match=r"sell at most 79.8"):
        run(state=replace(charged(25.0), battery_health=worn))


def test_the_month_s_peak_is_carried_and_begins_anew() -> None:
    higher = run([700.0, 1200.0, 700.0, 700.0], site=quiet())
    assert higher.state.peak_import_kw == pytest.approx(1200.0)
    assert run(site=quiet()).state.peak_import_kw == 1050.0
    november = run(site=quiet(), start=datetime(2021, 11, 1, 5, tzinfo=UTC))
    assert (november.state.month, november.state.peak_import_kw) == ("2021-11", pytest.approx(700.0))
    october = run(site=quiet(), start=datetime(2021, 11, 1, 4, tzinfo=UTC))
    assert october.state.month == "2021-10"


powers = st.floats(-600, 600)


@given(
    battery_kw=powers,
    plant_kw=powers,
    reserve_kw=st.just(0.0) | st.floats(1, 500),
    import_limit_kw=st.floats(-100, 2000),
    battery_kwh=st.floats(100, 900),
    receiver_bar=st.floats(4, 10),
    load_kw=st.lists(st.floats(0, 1400), min_size=4, max_size=4),
    target=st.floats(0, 200),
    rebound=st.tuples(st.floats(0, 100), st.floats(0, 120)),
    hour_number=st.integers(0, 9000),
)
def test_every_hour_keeps_its_limits_and_its_books(
    battery_kw: float,
    plant_kw: float,
    reserve_kw: float,
    import_limit_kw: float,
    battery_kwh: float,
    receiver_bar: float,
    load_kw: list[float],
    target: float,
    rebound: tuple[float, float],
    hour_number: int,
) -> None:
    start = START + timedelta(hours=hour_number)
    state = charged(
        battery_kwh,
        plant=PlantState(receiver_kpa=100 * receiver_bar, cell_air=(0.5,) * 16).as_json(),
        month="2021-10",
        peak_import_kw=800.0,
        rebound_kwh=rebound[0],
        rebound_minutes=rebound[1],
    )
    asked = {
        "battery_kw": battery_kw,
        "plant_kw": plant_kw,
        "reserve_kw": reserve_kw,
        "import_limit_kw": import_limit_kw,
    }
    hour = run(load_kw, state, start=start, events=(event(90, target, start),), **asked)
    later = run(load_kw, hour.state, start=start + timedelta(hours=1), **asked)
    for one in (hour, later):
        check_ledger(one.ledger, one.start)
        stored = one.minutes["battery"].energy_stored_kwh
        assert stored is not None
        least_kwh = 100 * one.battery.state_of_health
        assert least_kwh - 1e-6 <= stored.min() <= stored.max() <= 900 + 1e-6
        power_kw = one.minutes["battery"].power_kw
        assert -500 - BESIDE_KW - 1e-9 <= power_kw.min() <= power_kw.max() <= 500 + 1e-9
        assert -150 - 1e-9 <= one.minutes["plant"].power_kw.min() <= one.minutes["plant"].power_kw.max() <= 45 + 1e-9
        assert 101 < one.state.plant["receiver_kpa"] <= 1000 * (1 + 1e-9)
        assert min(one.energy_in_kwh.values()) >= 0
        assert min(one.energy_out_kwh.values()) >= 0
        drawn_kw = -one.minutes["load"].power_kw
        scheduled_to = np.maximum(drawn_kw.max() + BESIDE_KW, import_limit_kw)
        most_kw = min(scheduled_to + reserve_kw, max(1500.0, drawn_kw.max() + BESIDE_KW))
        assert one.quarter_import_kw.max() <= most_kw + HOLDING_KW

    # Over both hours: what came in is what went out, was lost, or is stored.
    both = hour.ledger + later.ledger
    change = later.energy_stored_kwh["battery"] - battery_kwh
    booked = -sum(e.energy_kwh for e in both if (e.asset, e.entry) == ("battery", "store_change"))
    assert booked == pytest.approx(change, abs=1e-9)
    for asset in ("battery", "plant", "load", "site"):
        assert residual_kwh(both, asset) == pytest.approx(0.0, abs=1e-6)


def test_wrong_input_is_refused() -> None:
    """All kinds are tried where the inputs are checked."""
    with pytest.raises(TwinError, match="load_kw is NaN"):
        run([np.nan] * 4)
    with pytest.raises(TwinError, match="it needs receiver_kpa"):
        run(state=replace(STATE, plant={}))
    with pytest.raises(TwinError, match="it needs energy_kwh"):
        run(state=replace(STATE, battery={}))
    with pytest.raises(TwinError, match=r"energy_kwh 950.0 is outside 100 to 900 \[state of the battery\]"):
        run(state=charged(950.0))
    with pytest.raises(TwinError, match=r"power_kw 800.0 is above 500"):
        run(state=replace(STATE, battery={**STATE.battery, "power_kw": 800.0}))
    with pytest.raises(TwinError, match="of 'lfp' cells, not of 'lmo_xu'"):
        run(site=with_battery(chemistry="lmo_xu"))
