"""Battery and plant go on where they stopped, to the last bit."""

from dataclasses import asdict
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kpp_twin.operation import HourOrders
from kpp_twin.site import load_site
from kpp_twin.twin.assets import AssetsRun, SiteAssets
from kpp_twin.twin.grid import grid_hour
from kpp_twin.twin.hour import initial_state
from kpp_twin.units import SECONDS_PER_HOUR, Array

SITE = load_site()
ZONE = ZoneInfo("America/Chicago")
START = datetime(2021, 10, 14, 18, tzinfo=UTC)
RANDOM = np.random.default_rng(0)
LOAD_KW = np.repeat(RANDOM.uniform(500.0, 1200.0, 60), 60)


def assets(plant_kw: float) -> SiteAssets:
    orders = HourOrders(
        start=START,
        battery_kw=0.0,
        plant_kw=plant_kw,
        reserve_kw=100.0,
        voltage_support_kvar=200.0,
        import_limit_kw=1050.0,
    )
    frequency_hz, voltage_pu = grid_hour(SITE.grid, START, ZONE)
    return SiteAssets(
        SITE,
        orders,
        initial_state(SITE, START, ZONE),
        frequency_hz=frequency_hz,
        voltage_pu=voltage_pu,
        load_kw=LOAD_KW,
    )


def traces(runs: list[AssetsRun]) -> dict[str, Array]:
    """Everything by the second, one run after the other."""
    columns = {
        "battery": [asdict(run.stabilized.battery.records) for run in runs],
        "plant": [asdict(run.plant.by_second) for run in runs],
        "site": [{"net_kw": run.net_kw, "reactive_kvar": run.stabilized.reactive_kvar} for run in runs],
    }
    return {
        f"{asset}.{name}": np.concatenate([of_run[name] for of_run in parts])
        for asset, parts in columns.items()
        for name in parts[0]
    }


@pytest.mark.parametrize("plant_kw", [30.0, 0.0, -120.0])
@pytest.mark.parametrize("battery_kw", [250.0, -250.0])
def test_twelve_stretches_are_one_run_bit_for_bit(battery_kw: float, plant_kw: float) -> None:
    whole, parts = assets(plant_kw), assets(plant_kw)
    setpoint_kw = np.full(SECONDS_PER_HOUR, battery_kw)
    at_once = whole.run(slice(0, SECONDS_PER_HOUR), setpoint_kw)
    in_parts = [parts.run(slice(at, at + 300), setpoint_kw[at : at + 300]) for at in range(0, SECONDS_PER_HOUR, 300)]
    one, twelve = traces([at_once]), traces(in_parts)
    for name in one:
        assert one[name].tobytes() == twelve[name].tobytes(), name
    assert in_parts[-1].stabilized.battery.state == at_once.stabilized.battery.state
    assert in_parts[-1].plant.state == at_once.plant.state
    assert parts.controller.reactive_kvar == whole.controller.reactive_kvar


def test_the_net_power_is_that_of_its_parts() -> None:
    run = assets(20.0).run(slice(600, 900), np.full(300, 100.0))
    assert run.load_kw.tolist() == LOAD_KW[600:900].tolist()
    assert run.net_kw == pytest.approx(run.battery_kw + run.plant_kw - run.load_kw)
    records = run.stabilized.battery.records
    assert run.battery_kw == pytest.approx(records.power_kw - records.auxiliary_kw)
