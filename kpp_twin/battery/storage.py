"""Battery storage: what it holds, what it can deliver, and what a step does to it."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from kpp_twin.errors import ConfigError, TwinError
from kpp_twin.site import Battery
from kpp_twin.units import HOURS_PER_MONTH, SECONDS_PER_HOUR

_log = logging.getLogger(__name__)

# Energy may miss a limit by this much before it counts as outside: rounding, no more. [kWh]
ENERGY_TOLERANCE_KWH = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageConfiguration:
    """What a battery can do.

    Attributes
    ----------
    capacity
        Energy between empty and full. [kWh]
    max_power
        Largest power at the grid side, either way. [kW]
    min_soc, max_soc
        Limits of the state of charge. [fraction of capacity]
    charge_efficiency, discharge_efficiency
        One way each: grid to store, store to grid. [fraction]
    response_time
        Time constant of the converter, a first-order lag: 63.2 % after it, 90 % after 2.3 times it. [s]
    self_discharge_per_month
        Lost of what is stored, in a month of 730.5 h. [fraction]
    taper_soc
        Distance from a limit of the state of charge within which the power towards it falls to none. [fraction]
    auxiliary_kw
        Drawn by controls and cooling fans at all times, beside the battery's power. [kW]

    Raises
    ------
    ConfigError
        Values are impossible; all faults in one message.
    """

    capacity: float
    max_power: float
    min_soc: float
    max_soc: float
    charge_efficiency: float
    discharge_efficiency: float
    response_time: float = 0.1
    self_discharge_per_month: float = 0.0
    taper_soc: float = 0.0
    auxiliary_kw: float = 0.0

    def __post_init__(self) -> None:
        positive = ("capacity", "max_power", "response_time")
        shares = ("charge_efficiency", "discharge_efficiency")
        faults = [f"{n} must be positive, not {v!r}" for n in positive if not 0 < (v := self._of(n)) < math.inf]
        faults += [f"{n} must be above 0 and at most 1, not {v!r}" for n in shares if not 0 < (v := self._of(n)) <= 1]
        if not 0 <= self.min_soc < self.max_soc <= 1:
            faults.append(f"0 <= min_soc < max_soc <= 1 must hold, not {self.min_soc!r} and {self.max_soc!r}")
        elif not 0 <= self.taper_soc <= (self.max_soc - self.min_soc) / 2:
            faults.append(f"taper_soc must be in 0 to half of max_soc - min_soc, not {self.taper_soc!r}")
        if not 0 <= self.self_discharge_per_month < 1:
            faults.append(f"self_discharge_per_month must be in [0, 1), not {self.self_discharge_per_month!r}")
        if not 0 <= self.auxiliary_kw < math.inf:
            faults.append(f"auxiliary_kw must not be negative, not {self.auxiliary_kw!r}")
        if not faults:
            lost_kw = -math.log1p(-self.self_discharge_per_month) / HOURS_PER_MONTH * self.max_kwh
            if self.max_power * self.charge_efficiency < lost_kw:
                faults.append(f"max_power {self.max_power!r} cannot replace the self-discharge of {lost_kw:.3g} kW")
        if faults:
            raise ConfigError(
                f"{len(faults)} fault(s) in the storage: " + "; ".join(faults),
                place="StorageConfiguration",
                next_step="correct them; efficiencies are one way, powers at the grid side",
            )

    def _of(self, name: str) -> float:
        return getattr(self, name)

    @classmethod
    def of_site(cls, battery: Battery) -> Self:
        """Configuration of the site's battery."""
        return cls(
            capacity=battery.capacity_kwh,
            max_power=battery.max_power_kw,
            min_soc=battery.min_state_of_charge,
            max_soc=battery.max_state_of_charge,
            charge_efficiency=battery.charge_efficiency,
            discharge_efficiency=battery.discharge_efficiency,
            response_time=battery.response_time_s,
            self_discharge_per_month=battery.self_discharge_per_month,
            taper_soc=battery.taper_state_of_charge,
            auxiliary_kw=battery.auxiliary_kw,
        )

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Configuration of a plain dict; its `efficiency` is taken as one way, in both directions.

        Limits of the state of charge that are not given are 0.1 and 0.9.

        Raises
        ------
        ConfigError
            Keys are unknown, missing or contradict one another, or values are impossible.
        """
        values = {"min_soc": 0.1, "max_soc": 0.9, **config}
        faults = []
        if "efficiency" in values:
            if {"charge_efficiency", "discharge_efficiency"} & values.keys():
                faults.append("give efficiency, or charge_efficiency and discharge_efficiency, not both")
            one_way = values.pop("efficiency")
            values |= {"charge_efficiency": one_way, "discharge_efficiency": one_way}
            _log.warning("efficiency %s is taken as one way, in both directions", one_way)
        known = set(cls.__dataclass_fields__)
        faults += [f"{name} is not known" for name in sorted(values.keys() - known)]
        optional = {"response_time", "self_discharge_per_month", "taper_soc", "auxiliary_kw"}
        faults += [f"{name} is missing" for name in sorted(known - optional - values.keys())]
        faults += [
            f"{name} must be a number, not {value!r}"
            for name, value in values.items()
            if name in known and (isinstance(value, bool) or not isinstance(value, int | float))
        ]
        if faults:
            raise ConfigError(
                f"{len(faults)} fault(s) in the storage: " + "; ".join(faults),
                place="STORAGE_CONFIG",
                next_step=f"use the keys {', '.join(sorted(known | {'efficiency'}))}",
            )
        return cls(**{name: float(value) for name, value in values.items()})

    @property
    def min_kwh(self) -> float:
        """Least energy that is kept."""
        return self.min_soc * self.capacity

    @property
    def max_kwh(self) -> float:
        """Most energy that is stored."""
        return self.max_soc * self.capacity

    def lost_share(self, hours: float) -> float:
        """Share of the stored energy that self-discharge takes within some hours."""
        return -math.expm1(math.log1p(-self.self_discharge_per_month) * hours / HOURS_PER_MONTH)


def settled_share(seconds: float, response_time: float) -> float:
    """Share of a step that a first-order lag has made after some seconds: ``1 - exp(-t / tau)``."""
    return -math.expm1(-seconds / response_time)


def power_window_kw(energy_kwh: float, hours: float, config: StorageConfiguration) -> tuple[float, float]:
    """Lowest and highest constant grid-side power that keep the energy within its limits for some hours.

    Where self-discharge alone would take the battery below its least energy, the highest power is slightly negative:
    the battery management draws from the grid what holds the limit. With a taper, the power leaves at the end what the
    taper asks for there.
    """
    kept = energy_kwh * (1.0 - config.lost_share(hours))
    above, below = kept - config.min_kwh, config.max_kwh - kept
    up, down = config.discharge_efficiency / hours, 1.0 / (config.charge_efficiency * hours)
    taper = config.taper_soc * config.capacity / config.max_power
    highest = above * up / (1.0 + taper * up) if above >= 0 else above * down
    lowest = -below * down / (1.0 + taper * down) if below >= 0 else -below * up
    return max(lowest, -config.max_power), min(highest, config.max_power)


def stored_after(energy_kwh: float, power_kw: float, hours: float, config: StorageConfiguration) -> float:
    """Energy after some hours of constant grid-side power; no limit is applied. [kWh]"""
    kept = energy_kwh * (1.0 - config.lost_share(hours))
    if power_kw >= 0:
        return kept - power_kw * hours / config.discharge_efficiency
    return kept - power_kw * hours * config.charge_efficiency


class BatteryStorageSystem:
    """A battery with its state: charge, discharge, and steps with the converter's lag.

    Parameters
    ----------
    config
        What the battery can do.
    state_of_charge
        At the start. [fraction of capacity]

    Raises
    ------
    ConfigError
        The state of charge is outside the limits of the configuration.
    """

    def __init__(self, config: StorageConfiguration, state_of_charge: float) -> None:
        if not config.min_soc <= state_of_charge <= config.max_soc:
            raise ConfigError(
                f"state of charge {state_of_charge!r} is outside [{config.min_soc}, {config.max_soc}]",
                place="BatteryStorageSystem",
                next_step="start within the limits, or widen min_soc and max_soc",
            )
        self.config = config
        self.energy_kwh = state_of_charge * config.capacity
        self.power_kw = 0.0

    @property
    def state_of_charge(self) -> float:
        """Stored energy as a fraction of the capacity."""
        return self.energy_kwh / self.config.capacity

    def discharge(self, power: float, duration: timedelta) -> float:
        """Discharge at a steady power; return the grid-side power that the limits allowed. [kW]"""
        return self._hold(_not_negative(power, "discharge"), _hours(duration))

    def charge(self, power: float, duration: timedelta) -> float:
        """Charge at a steady power, given positive; return what the limits allowed, positive. [kW]"""
        return abs(self._hold(-_not_negative(power, "charge"), _hours(duration)))

    def step(self, setpoint_kw: float, duration: timedelta) -> float:
        """Follow a setpoint with the converter's lag; return the mean grid-side power of the step. [kW]"""
        hours = _hours(duration)
        lowest, highest = power_window_kw(self.energy_kwh, hours, self.config)
        target = min(max(setpoint_kw, lowest), highest)
        tau_s = self.config.response_time
        seconds = hours * SECONDS_PER_HOUR
        settled = settled_share(seconds, tau_s)
        mean = target + (self.power_kw - target) * settled * tau_s / seconds
        mean = min(max(mean, lowest), highest)
        self.energy_kwh = stored_after(self.energy_kwh, mean, hours, self.config)
        self.power_kw += (target - self.power_kw) * settled
        return mean

    def available_up_kw(self, duration: timedelta) -> float:
        """Largest grid-side discharge that can be held for the duration. [kW]"""
        return max(0.0, power_window_kw(self.energy_kwh, _hours(duration), self.config)[1])

    def available_down_kw(self, duration: timedelta) -> float:
        """Largest grid-side charge that can be held for the duration, positive. [kW]"""
        return max(0.0, -power_window_kw(self.energy_kwh, _hours(duration), self.config)[0])

    def _hold(self, power_kw: float, hours: float) -> float:
        lowest, highest = power_window_kw(self.energy_kwh, hours, self.config)
        self.power_kw = min(max(power_kw, lowest), highest)
        self.energy_kwh = stored_after(self.energy_kwh, self.power_kw, hours, self.config)
        return self.power_kw


def _hours(duration: timedelta) -> float:
    hours = duration / timedelta(hours=1)
    if hours <= 0:
        raise TwinError(f"{duration} is no duration", place="battery", next_step="give a positive timedelta")
    return hours


def _not_negative(power: float, what: str) -> float:
    if not 0 <= power < math.inf:
        raise TwinError(
            f"cannot {what} at {power!r} kW",
            place="battery",
            next_step="give a power of at least 0; the verb is the sign",
        )
    return power
