"""Grid stabilization: power that answers frequency, reactive power that answers voltage.

Both act on local measurements only; the coordinator sets their size, and its absence does not stop them.
"""

import math
from typing import Literal

import numpy as np

from kpp_twin.errors import ConfigError
from kpp_twin.records import Array
from kpp_twin.site import Grid

# Volt-var curve of IEEE 1547-2018, category B defaults: voltage [pu], reactive power [fraction of apparent power].
VOLT_VAR_PU = (0.92, 0.98, 1.02, 1.08)
VOLT_VAR_SHARE = (0.44, 0.0, 0.0, -0.44)
VOLT_VAR_OPEN_LOOP_S = 5.0
"""Open-loop response time of volt-var, category B default: 90 % of a step. [s]"""


class GridStabilizationController:
    """Droop and volt-var of the battery's converter.

    Parameters
    ----------
    grid
        Nominal frequency, deadband and the deviation of full response.
    reserve_kw
        Frequency response sold, either way.
    converter_kva
        Apparent power of the converter.
    voltage_support_kvar
        Most reactive power that is offered; without it the curve alone decides.
    deadband_mode
        ``subtract``: the response starts from zero at the edge of the deadband and is steeper, so that it is full at
        `full_response_hz`. ``step``: no response within, the undiminished line beyond.

    Raises
    ------
    ConfigError
        A size is negative or no number.
    """

    def __init__(
        self,
        grid: Grid,
        *,
        reserve_kw: float,
        converter_kva: float,
        voltage_support_kvar: float | None = None,
        deadband_mode: Literal["subtract", "step"] = "subtract",
    ) -> None:
        offered = math.inf if voltage_support_kvar is None else voltage_support_kvar
        sizes = {"reserve_kw": reserve_kw, "converter_kva": converter_kva, "voltage_support_kvar": offered}
        faults = [f"{name} must not be negative or NaN, not {size!r}" for name, size in sizes.items() if not size >= 0]
        if deadband_mode not in ("subtract", "step"):
            faults.append(f"deadband_mode must be subtract or step, not {deadband_mode!r}")
        if faults:
            raise ConfigError("; ".join(faults), place="GridStabilizationController", next_step="correct the sizes")
        self.grid = grid
        self.reserve_kw = reserve_kw
        self.converter_kva = converter_kva
        self.voltage_support_kvar = offered
        self.deadband_mode = deadband_mode

    def frequency_response_kw(self, frequency_hz: Array) -> Array:
        """Power asked for at each frequency, same shape: positive below nominal, at most the reserve. [kW]"""
        deviation = self.grid.nominal_hz - np.asarray(frequency_hz, dtype=np.float64)
        size = np.abs(deviation)
        deadband, full = self.grid.deadband_hz, self.grid.full_response_hz
        if self.deadband_mode == "subtract":
            share = np.clip((size - deadband) / (full - deadband), 0.0, 1.0)
        else:
            # A measured frequency at the very edge must not respond for the last bit of a float.
            share = np.where(size <= deadband + 1e-9, 0.0, np.minimum(size / full, 1.0))
        return np.sign(deviation) * share * self.reserve_kw

    def reactive_power_kvar(self, voltage_pu: Array) -> Array:
        """Reactive power asked for at each voltage, same shape: positive (injected) at low voltage. [kvar]"""
        share = np.interp(np.asarray(voltage_pu, dtype=np.float64), VOLT_VAR_PU, VOLT_VAR_SHARE)
        limit = min(self.voltage_support_kvar, self.converter_kva)
        return np.clip(share * self.converter_kva, -limit, limit)

    def active_power_limit_kw(self, reactive_kvar: Array) -> Array:
        """Active power that the converter's circle leaves beside reactive power, which goes first. [kW]"""
        return np.sqrt(np.maximum(self.converter_kva**2 - np.square(reactive_kvar), 0.0))
