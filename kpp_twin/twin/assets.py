"""Battery and plant through the seconds of an hour: in one run, or stretch by stretch."""

from dataclasses import dataclass

import numpy as np

from kpp_twin.battery.model import BatteryModel
from kpp_twin.battery.simulate import BatteryOrders, BatteryState
from kpp_twin.battery.stabilization import GridStabilizationController, StabilizationRun
from kpp_twin.battery.voltage import REACTIVE_LIMIT_SHARE, VoltageControl, VoltVar
from kpp_twin.operation import AssetState, HourOrders
from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.simulate import PlantRun, PlantSetpoints, PlantState, simulate
from kpp_twin.site import Site
from kpp_twin.timegrid import utc
from kpp_twin.units import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetsRun:
    """A stretch of ``n`` seconds."""

    stabilized: StabilizationRun
    plant: PlantRun
    load_kw: Array

    @property
    def battery_kw(self) -> Array:
        """Net power of the battery with its auxiliaries, ``(n,)``."""
        records = self.stabilized.battery.records
        return records.power_kw - records.auxiliary_kw

    @property
    def plant_kw(self) -> Array:
        """Net power of the plant, ``(n,)``."""
        return self.plant.by_second.power_kw

    @property
    def net_kw(self) -> Array:
        """Net power of the site, ``(n,)``."""
        return self.battery_kw + self.plant_kw - self.load_kw


class SiteAssets:
    """Battery and plant under the orders of an hour; each run goes on where the last one ended.

    Order of things in each second: the plant generates what it was told; the battery takes what the connection leaves,
    and then the compressor.

    Parameters
    ----------
    state
        At the start of the hour.
    frequency_hz, voltage_pu, load_kw
        Of the grid, and the load drawn, by the second, ``(3600,)``.
    """

    def __init__(
        self,
        site: Site,
        orders: HourOrders,
        state: AssetState,
        *,
        frequency_hz: Array,
        voltage_pu: Array,
        load_kw: Array,
    ) -> None:
        self.controller = _controller(site, orders, state)
        self.import_limit_kw = min(orders.import_limit_kw, site.connection.limit_kw)
        self._connection_kw = site.connection.limit_kw
        self._plant, self._plant_state = PlantModel.of(site.plant), PlantState.of_json(state.plant)
        self._plant_kw = orders.plant_kw
        self._frequency_hz, self._voltage_pu, self._load_kw = frequency_hz, voltage_pu, load_kw

    def run(self, seconds: slice, battery_kw: Array) -> AssetsRun:
        """Run the next ``n`` seconds of the hour with the battery's setpoint, ``(n,)``."""
        load_kw = self._load_kw[seconds]
        beside_kw = self.controller.model.extra_kw
        plant, plant_kw = None, np.zeros(len(load_kw))
        if self._plant_kw >= 0:  # a compressor that has just started may have to run on
            plant = self._run_plant(self.import_limit_kw - load_kw - beside_kw)
            plant_kw = plant.by_second.power_kw
        others_kw = plant_kw - load_kw
        drawn_kw = others_kw - beside_kw
        stabilized = self.controller.run(
            self._frequency_hz[seconds],
            self._voltage_pu[seconds],
            BatteryOrders(
                setpoint_kw=battery_kw,
                lowest_kw=-np.maximum(self._connection_kw + drawn_kw, 0.0),
                highest_kw=np.maximum(self._connection_kw - others_kw, 0.0),
                lowest_scheduled_kw=-np.maximum(self.import_limit_kw + drawn_kw, 0.0),
            ),
            record_every=1,
        )
        records = stabilized.battery.records
        plant = plant or self._run_plant(self.import_limit_kw - load_kw + (records.power_kw - records.auxiliary_kw))
        return AssetsRun(stabilized=stabilized, plant=plant, load_kw=load_kw)

    def _run_plant(self, room_kw: Array) -> PlantRun:
        setpoints = PlantSetpoints.of_power(np.full(len(room_kw), self._plant_kw), np.maximum(room_kw, 0.0))
        plant = simulate(self._plant, self._plant_state, setpoints, record_every=1)
        self._plant_state = plant.state
        return plant


def _controller(site: Site, orders: HourOrders, state: AssetState) -> GridStabilizationController:
    battery = site.battery
    voltage = VoltageControl(
        apparent_kva=battery.converter_kva,
        rated_kw=battery.max_power_kw,
        reactive=VoltVar(),
        reactive_limit_share=min(REACTIVE_LIMIT_SHARE, orders.voltage_support_kvar / battery.converter_kva),
    )
    return GridStabilizationController(
        BatteryModel.of_site(site, orders.reserve_kw, utc(orders.start).date()),
        voltage,
        state=BatteryState.of_json(state.battery),
        reactive_kvar=state.battery_kvar,
    )
