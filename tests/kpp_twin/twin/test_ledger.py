"""The ledger closes, and a wrong loss, sign or unit does not get past it."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kpp_twin.battery.model import BatteryModel
from kpp_twin.battery.simulate import BatteryOrders, BatteryRun, BatteryState
from kpp_twin.battery.simulate import simulate as simulate_battery
from kpp_twin.errors import TwinError
from kpp_twin.operation import HourOrders, LedgerEntry
from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.simulate import PlantSetpoints, PlantState, simulate
from kpp_twin.site import load_site
from kpp_twin.twin import hour
from kpp_twin.twin.hour import initial_state, simulate_hour
from kpp_twin.twin.ledger import battery_entries, check_ledger, energy_kwh, plant_entries, residual_kwh, site_entries

SITE = load_site()
ZONE = ZoneInfo("America/Chicago")
START = datetime(2021, 10, 14, 18, tzinfo=UTC)


def ran(setpoint_kw: float = 200.0) -> BatteryRun:
    """Ten minutes of the site's battery, warm enough that it cools."""
    model = BatteryModel.of_site(SITE, 50.0)
    state = BatteryState.of_json({**BatteryState.initial(model).as_json(), "temperature_c": 31.0})
    frequency_hz = 60.0 + 0.1 * np.sin(np.arange(600.0))
    return simulate_battery(model, state, frequency_hz, BatteryOrders.steady(setpoint_kw), record_every=1)


def test_the_energy_of_a_power_by_the_second() -> None:
    assert energy_kwh(np.full(3600, -200.0)) == -200.0
    assert energy_kwh(np.array([1800.0, 1800.0])) == 1.0


@pytest.mark.parametrize("setpoint_kw", [-200.0, 0.0, 200.0])
def test_the_battery_closes_with_its_auxiliaries(setpoint_kw: float) -> None:
    entries = {entry.entry: entry.energy_kwh for entry in battery_entries(ran(setpoint_kw))}
    check_ledger(battery_entries(ran(setpoint_kw)), START)
    assert entries["auxiliary"] == pytest.approx(-(2.5 + 30.0 / 3.0) / 6)
    assert entries["in"] + entries["out"] == pytest.approx(-setpoint_kw / 6 + 12.5 / 6, abs=0.5)


@pytest.mark.parametrize("name", ["charge_loss", "discharge_loss", "self_discharge", "auxiliary", "gained"])
@pytest.mark.parametrize("factor", [0.0, 0.99, 1.01, -1.0])
def test_each_loss_of_the_battery_counts(name: str, factor: float) -> None:
    battery = ran(0.0)
    wrong = replace(battery, energy_kwh={**battery.energy_kwh, name: factor * battery.energy_kwh[name]})
    with pytest.raises(TwinError, match=r"battery misses .* kWh .*2021-10-14T18:00Z"):
        check_ledger(battery_entries(wrong), START)


@pytest.mark.parametrize("factor", [-1.0, 1000.0, 1 / 3600, 3600.0], ids=["sign", "thousand", "second", "hour"])
@pytest.mark.parametrize("setpoint_kw", [-200.0, 200.0], ids=["charge", "discharge"])
@pytest.mark.parametrize("name", ["power_kw", "auxiliary_kw"])
def test_a_wrong_sign_or_unit_of_the_battery_is_noticed(factor: float, setpoint_kw: float, name: str) -> None:
    battery = ran(setpoint_kw)
    wrong = replace(battery.records, **{name: factor * getattr(battery.records, name)})
    with pytest.raises(TwinError, match="battery misses"):
        check_ledger(battery_entries(replace(battery, trajectory=wrong)), START)


def plant_hour(setpoint_kw: float) -> tuple[LedgerEntry, ...]:
    state = replace(PlantState.initial(SITE.plant), receiver_kpa=800.0)
    return plant_entries(simulate(PlantModel.of(SITE.plant), state, PlantSetpoints.of_power(np.full(600, setpoint_kw))))


@pytest.mark.parametrize("setpoint_kw", [-150.0, 0.0, 20.0, 45.0])
def test_the_plant_closes(setpoint_kw: float) -> None:
    check_ledger(plant_hour(setpoint_kw), START)


def test_heat_is_booked_beside_electricity() -> None:
    plant = SITE.plant.model_copy(update={"water_temperature_c": 60.0, "heat_source_kw": 500.0})
    state = replace(PlantState.initial(plant), receiver_kpa=800.0)
    run = simulate(PlantModel.of(plant), state, PlantSetpoints.of_power(np.full(600, 30.0)))
    entries = {entry.entry: entry.energy_kwh for entry in plant_entries(run)}
    assert 0 < entries["heat_in"] < run.energy_kwh["heat_in"] * 45 / 333
    check_ledger(plant_entries(run), START)


@pytest.mark.parametrize("name", ["drag", "friction", "leak", "gear", "generator", "compressor", "throttle"])
def test_each_loss_of_the_plant_counts(name: str) -> None:
    entries = plant_hour(40.0) if name != "compressor" else plant_hour(-100.0)
    without = [
        replace(entry, energy_kwh=entry.energy_kwh * 1.01) if entry.entry == f"{name}_loss" else entry
        for entry in entries
    ]
    with pytest.raises(TwinError, match="plant misses"):
        check_ledger(without, START)


def test_a_wrong_sign_at_the_connection_is_noticed() -> None:
    assets = (
        LedgerEntry(asset="load", entry="in", energy_kwh=700.0),
        LedgerEntry(asset="battery", entry="out", energy_kwh=-200.0),
    )
    check_ledger(site_entries(np.full(3600, -500.0), assets), START)
    for wrong in (500.0, -500_000.0, -505.0):
        with pytest.raises(TwinError, match="site misses"):
            check_ledger(site_entries(np.full(3600, wrong), assets), START)


def test_the_check_runs_in_every_simulated_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        hour, "battery_entries", lambda run: tuple(e for e in battery_entries(run) if e.entry != "auxiliary")
    )
    orders = HourOrders(
        start=START, battery_kw=100.0, plant_kw=0.0, reserve_kw=0.0, voltage_support_kvar=0.0, import_limit_kw=1050.0
    )
    with pytest.raises(TwinError, match=r"battery misses .*2021-10-14T18:00Z"):
        simulate_hour(SITE, orders, np.full(4, 700.0), initial_state(SITE, START, ZONE), ZONE)


def test_the_check_itself() -> None:
    entries = [LedgerEntry(asset="a", entry="in", energy_kwh=1.0), LedgerEntry(asset="a", entry="out", energy_kwh=-0.9)]
    assert residual_kwh(entries, "a") == pytest.approx(0.1)
    assert residual_kwh(entries, "b") == 0.0
    with pytest.raises(TwinError, match=r"a misses 0.1 kWh of 1.9 kWh moved; b misses nan"):
        check_ledger([*entries, LedgerEntry(asset="b", entry="in", energy_kwh=float("nan"))])
    check_ledger([])
