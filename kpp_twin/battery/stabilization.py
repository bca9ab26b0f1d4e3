"""Grid stabilization: the battery's fast local loop, which answers frequency and voltage.

It acts on local measurements only. A coordinator sets what is sold and scheduled; its absence stops nothing.
"""

from dataclasses import dataclass, field

import numpy as np

from kpp_twin.battery.kernel_voltage import held_voltage, lagged
from kpp_twin.battery.model import BatteryModel
from kpp_twin.battery.simulate import BatteryOrders, BatteryRun, BatteryState, simulate
from kpp_twin.battery.storage import settled_share
from kpp_twin.battery.voltage import VoltageControl, VoltVar, limited, time_constant_s
from kpp_twin.errors import TwinError
from kpp_twin.units import Array

# Voltages that a meter in service can show. [pu]
PLAUSIBLE_PU = (0.5, 1.3)
# For so long the last voltage holds where none is known; then none is answered.
VOLTAGE_HOLD_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What the converter does in a step of the live loop.

    Attributes
    ----------
    power_kw, reactive_kvar
        At the end of the step.
    flags
        What was special, by the names of `Flag` in lower case.
    """

    power_kw: float
    reactive_kvar: float
    state_of_charge: float
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StabilizationRun:
    """A run of the controller.

    Attributes
    ----------
    reactive_asked_kvar, reactive_kvar
        What voltage asked for, and what was delivered, ``(n,)``.
    """

    battery: BatteryRun
    reactive_asked_kvar: Array
    reactive_kvar: Array = field(repr=False)


class GridStabilizationController:
    """Frequency response, voltage support and management of the stored energy of one battery.

    `run` takes a year at once, `step` one sample of a live loop; both are the same function, and go on where the other
    stopped.

    Parameters
    ----------
    model
        The battery and what it has sold.
    voltage
        What the converter does with reactive power; none: nothing.
    state
        Where it begins; at rest in the middle of what the product allows for none.
    reactive_kvar
        At the beginning.

    Examples
    --------
    >>> from kpp_twin import GridStabilizationController, StorageConfiguration
    >>> from kpp_twin.battery.model import BatteryModel
    >>> from kpp_twin.frequency.products import product_named
    >>> storage = StorageConfiguration.from_config({"capacity": 1000.0, "max_power": 500.0, "efficiency": 0.95})
    >>> controller = GridStabilizationController(BatteryModel.of(storage, product_named("FCR"), 400.0))
    >>> round(controller.step(49.9).power_kw)
    200
    """

    def __init__(
        self,
        model: BatteryModel,
        voltage: VoltageControl | None = None,
        *,
        state: BatteryState | None = None,
        reactive_kvar: float = 0.0,
    ) -> None:
        self.model = model
        self.voltage = voltage
        self.state = state or BatteryState.initial(model)
        self.reactive_kvar = reactive_kvar
        self._voltage_pu, self._voltage_missing_s = 1.0, 0.0

    def run(
        self,
        frequency_hz: Array,
        voltage_pu: Array | None = None,
        orders: BatteryOrders | None = None,
        *,
        signal: Array | None = None,
        record_every: int = 0,
    ) -> StabilizationRun:
        """Answer each sample of frequency and voltage, ``(n,)``; go on from where the last run or step ended.

        Parameters
        ----------
        voltage_pu
            As measured; none where no voltage is supported.
        orders
            Setpoints and limits; those of voltage support come on top.
        signal, record_every
            As `simulate.simulate` has them.

        Raises
        ------
        TwinError
            What is given does not fit together.
        """
        frequency, orders = np.ascontiguousarray(frequency_hz, dtype=float), orders or BatteryOrders.steady()
        asked = reactive = np.zeros(len(frequency))
        control, voltage = self.voltage, np.empty(0)
        if (control is None) != (voltage_pu is None):
            raise _misfit("voltage belongs to a controller with voltage support, and to no other")
        if control is not None:
            measured = np.ascontiguousarray(voltage_pu, dtype=float)
            if len(measured) != len(frequency) or len(frequency) % len(orders.setpoint_kw):
                raise _misfit(
                    f"{len(measured)} voltages and {len(orders.setpoint_kw)} orders for {len(frequency)} samples"
                )
            voltage = self._trusted(measured)
            lowest_kw, highest_kw = control.real_power_limits_kw(voltage)
            if isinstance(control.reactive, VoltVar):
                asked, reactive, rest_kw = self._volt_var(control, control.reactive, voltage)
                lowest_kw, highest_kw = np.maximum(lowest_kw, -rest_kw), np.minimum(highest_kw, rest_kw)
            elif record_every != 1:
                raise _misfit("reactive power follows active power here, which is known only with record_every=1")
            orders = orders.within(lowest_kw, highest_kw)
        battery = simulate(self.model, self.state, frequency, orders, signal=signal, record_every=record_every)
        if control is not None and not isinstance(control.reactive, VoltVar):
            asked = reactive = control.power(voltage, battery.records.power_kw)[1]
        self.state = battery.state
        self.reactive_kvar = float(reactive[-1]) if len(reactive) else self.reactive_kvar
        return StabilizationRun(battery=battery, reactive_asked_kvar=asked, reactive_kvar=reactive)

    def step(
        self,
        frequency_hz: float,
        voltage_pu: float | None = None,
        *,
        setpoint_kw: float = 0.0,
        signal: float | None = None,
    ) -> Command:
        """Answer one sample of a live loop; not a number stands for one that is missing."""
        run = self.run(
            np.array([frequency_hz]),
            None if voltage_pu is None else np.array([voltage_pu]),
            BatteryOrders.steady(setpoint_kw),
            signal=None if signal is None else np.array([signal]),
            record_every=1,
        )
        return Command(
            power_kw=self.state.power_kw,
            reactive_kvar=self.reactive_kvar,
            state_of_charge=self.state.energy_kwh / self.model.config.capacity,
            flags=tuple(run.battery.flag_s),
        )

    def _trusted(self, measured_pu: Array) -> Array:
        """Voltage that may be acted upon."""
        voltage, self._voltage_pu, self._voltage_missing_s = held_voltage(
            measured_pu,
            *PLAUSIBLE_PU,
            self.model.constants.step_s,
            VOLTAGE_HOLD_S,
            self._voltage_pu,
            self._voltage_missing_s,
        )
        return voltage

    def _volt_var(self, control: VoltageControl, curve: VoltVar, voltage_pu: Array) -> tuple[Array, Array, Array]:
        """Reactive power asked for and delivered, and the active power that the circle leaves at each step's ends."""
        asked = limited(
            0.0, control.reactive_asked_kvar(voltage_pu, 0.0), control.apparent_kva, control.reactive_limit_share
        )[1]
        settled = settled_share(self.model.constants.step_s, time_constant_s(curve.response_time_s))
        reactive = lagged(asked, settled, self.reactive_kvar)
        most = np.maximum(np.abs(np.concatenate([[self.reactive_kvar], reactive[:-1]])), np.abs(reactive))
        return asked, reactive, np.sqrt(np.maximum(control.apparent_kva**2 - most**2, 0.0))


def _misfit(fault: str) -> TwinError:
    return TwinError(fault, place="GridStabilizationController", next_step="give what fits; see its docstring")
