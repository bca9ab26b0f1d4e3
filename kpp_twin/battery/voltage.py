"""Voltage support of the converter: what it does with active and reactive power at a voltage, within its rating.

Functions and defaults of IEEE Std 1547-2018, clauses 5.2 to 5.4, category B; the volt-watt curve is that of storage.
Everything is in per unit: voltage of nominal, active power of rated power, reactive power of rated apparent power.
Positive power flows to the grid, positive reactive power is injected.

A curve is a tuple of points, the measured value rising, constant beyond its ends; so Q(U) and Q(P) of the European
codes are written with the same functions.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np

from kpp_twin.errors import ConfigError, TwinError
from kpp_twin.units import Array

Curve: TypeAlias = tuple[tuple[float, float], ...]

REACTIVE_LIMIT_SHARE = 0.44
"""Reactive power that a converter of category B can inject and absorb (Table 7). [share of apparent power]"""


def on_curve(points: Curve, measured: Array) -> Array:
    """Power in per unit at each measured value, same shape: straight between the points, constant beyond them."""
    return np.interp(measured, [x for x, _ in points], [y for _, y in points])


def _refuse(place: str, faults: Iterable[str]) -> None:
    """Raise all faults as one, if there are any."""
    if found := list(faults):
        raise ConfigError(
            f"{len(found)} fault(s): " + "; ".join(found),
            place=place,
            next_step="correct them; all is in per unit, positive power flows to the grid",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltVar:
    """Reactive power by voltage (IEEE 1547-2018, 5.3.3 and Table 8). It goes before active power.

    The reference voltage is nominal; its autonomous adjustment, off by default, is not modelled.

    Attributes
    ----------
    points
        Voltage and reactive power, which must not rise with the voltage. [pu]
    response_time_s
        Open-loop response time: 90 % of a step. [s]

    Raises
    ------
    ConfigError
        Values are impossible; all faults in one message.
    """

    points: Curve = ((0.92, 0.44), (0.98, 0.0), (1.02, 0.0), (1.08, -0.44))
    response_time_s: float = 5.0

    def __post_init__(self) -> None:
        _refuse("VoltVar", _voltage_faults(self.points, self.response_time_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltWatt:
    """Ceiling on active power by voltage (IEEE 1547-2018, 5.4.2 and Table 10).

    It limits what is injected: charging goes on, unless a curve goes below 0 and so asks the storage to absorb.

    Attributes
    ----------
    points
        Voltage and most active power, which must not rise with it. [pu]
    response_time_s
        Open-loop response time: 90 % of a step. [s]

    Raises
    ------
    ConfigError
        Values are impossible; all faults in one message.
    """

    points: Curve = ((1.06, 1.0), (1.10, 0.0))
    response_time_s: float = 10.0

    def __post_init__(self) -> None:
        _refuse("VoltWatt", _voltage_faults(self.points, self.response_time_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class WattVar:
    """Reactive power by active power (IEEE 1547-2018, 5.3.4 and Table 9).

    Attributes
    ----------
    points
        Active and reactive power. [pu]

    Raises
    ------
    ConfigError
        Values are impossible; all faults in one message.
    """

    points: Curve = ((-1.0, 0.44), (-0.5, 0.0), (0.5, 0.0), (1.0, -0.44))

    def __post_init__(self) -> None:
        _refuse("WattVar", _curve_faults(self.points, "active power", -1.0, 1.0))

    def power_range(self, rated_share: float) -> tuple[float, float]:
        """Lowest and highest active power, from 0 outward, whose reactive power leaves the circle nowhere.

        These and the rated active power that is given are shares of apparent power.
        """
        lowest, highest = (self._exit(sign, rated_share) for sign in (-1.0, 1.0))
        return -lowest, highest

    def _exit(self, sign: float, rated_share: float) -> float:
        """Where one side of the curve first leaves the circle: the root of a quadratic on one straight piece."""
        knots = np.array([0.0, *sorted(x * sign for x, _ in self.points if x * sign > 0.0), 1.0 / rated_share])
        along, across = knots * rated_share, on_curve(self.points, sign * knots)
        outside = along**2 + across**2 > 1.0
        if not outside.any():
            return float(along[-1])
        end = int(np.argmax(outside))
        step, rise = along[end] - along[end - 1], across[end] - across[end - 1]
        square = step**2 + rise**2
        half = along[end - 1] * step + across[end - 1] * rise
        inside = 1.0 - along[end - 1] ** 2 - across[end - 1] ** 2
        return float(along[end - 1] + step * (math.sqrt(half**2 + square * inside) - half) / square)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantPowerFactor:
    """Reactive power in proportion to active power: ``Q = |P| tan(acos pf)`` (IEEE 1547-2018, 5.3.2).

    Attributes
    ----------
    power_factor
        Active over apparent power, 0.1 to 1.
    excitation
        Whether reactive power is injected or absorbed, both when charging and when discharging.

    Raises
    ------
    ConfigError
        Values are impossible; all faults in one message.
    """

    power_factor: float = 1.0
    excitation: Literal["injecting", "absorbing"] = "injecting"

    def __post_init__(self) -> None:
        faults = []
        if not 0.1 <= self.power_factor <= 1.0:
            faults.append(f"power_factor must be in [0.1, 1], not {self.power_factor!r}")
        if self.excitation not in ("injecting", "absorbing"):
            faults.append(f"excitation must be injecting or absorbing, not {self.excitation!r}")
        _refuse("ConstantPowerFactor", faults)

    def reactive_per_active(self) -> float:
        """Reactive power for each kW, with its sign. [kvar/kW]"""
        size = math.sqrt(1.0 - self.power_factor**2) / self.power_factor
        return size if self.excitation == "injecting" else -size


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantReactivePower:
    """The same reactive power at any voltage and power (IEEE 1547-2018, 5.3.5). It goes before active power.

    Attributes
    ----------
    reactive_share
        Reactive power, -1 to 1. [share of apparent power]

    Raises
    ------
    ConfigError
        The share is outside its bounds.
    """

    reactive_share: float = 0.0

    def __post_init__(self) -> None:
        if not -1.0 <= self.reactive_share <= 1.0:
            _refuse("ConstantReactivePower", [f"reactive_share must be in [-1, 1], not {self.reactive_share!r}"])


ReactiveMode: TypeAlias = VoltVar | WattVar | ConstantPowerFactor | ConstantReactivePower


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageControl:
    """What a converter does at a voltage when it is asked for an active power; in the steady state.

    One function sets reactive power; as in the standard that is power factor 1 until another is chosen. Volt-watt
    works beside it, and is off until it is given. Active power is reduced where the rating does not hold both.

    Attributes
    ----------
    apparent_kva
        Rated apparent power of the converter.
    rated_kw
        Rated active power, either way; at most the apparent power.
    reactive
        The function that sets reactive power.
    volt_watt
        Ceiling on active power by voltage.
    reactive_limit_share
        Most reactive power, either way. [share of apparent power]

    Raises
    ------
    ConfigError
        Ratings are impossible; all faults in one message.
    """

    apparent_kva: float
    rated_kw: float
    reactive: ReactiveMode = ConstantPowerFactor()
    volt_watt: VoltWatt | None = None
    reactive_limit_share: float = REACTIVE_LIMIT_SHARE

    def __post_init__(self) -> None:
        faults = [*_rating_faults(self.apparent_kva, self.reactive_limit_share)]
        if not 0.0 < self.rated_kw <= self.apparent_kva:
            faults.append(f"rated_kw must be positive and at most apparent_kva, not {self.rated_kw!r}")
        _refuse("VoltageControl", faults)

    def power(self, voltage_pu: Array | float, real_power_kw: Array | float) -> tuple[Array, Array]:
        """Active and reactive power at each voltage and active power asked for; the two are broadcast.

        Returns
        -------
        tuple of Array
            ``P`` [kW] and ``Q`` [kvar], ``P² + Q² <= S²``; where ``Q`` follows active power, it follows this ``P``.

        Raises
        ------
        TwinError
            A voltage or a power is no finite number.
        """
        voltage, real_kw = _finite(voltage_pu=voltage_pu, real_power_kw=real_power_kw)
        real_kw = np.clip(real_kw, *self.real_power_limits_kw(voltage))
        asked_kvar = self.reactive_asked_kvar(voltage, real_kw)
        return limited(real_kw, asked_kvar, self.apparent_kva, self.reactive_limit_share)

    def reactive_asked_kvar(self, voltage_pu: Array | float, real_power_kw: Array | float) -> Array:
        """Reactive power that the function asks for, before its limit; the two are broadcast. [kvar]

        Raises
        ------
        TwinError
            A voltage or a power is no finite number.
        """
        voltage, real_kw = _finite(voltage_pu=voltage_pu, real_power_kw=real_power_kw)
        match self.reactive:
            case VoltVar():
                return on_curve(self.reactive.points, voltage) * self.apparent_kva
            case WattVar():
                return on_curve(self.reactive.points, real_kw / self.rated_kw) * self.apparent_kva
            case ConstantPowerFactor():
                return self.reactive.reactive_per_active() * np.abs(real_kw)
            case ConstantReactivePower():
                return np.full_like(voltage, self.reactive.reactive_share * self.apparent_kva)

    def real_power_limits_kw(self, voltage_pu: Array | float) -> tuple[Array, Array]:
        """Lowest and highest active power at each voltage, same shape: rating, circle and volt-watt. [kW]

        Raises
        ------
        TwinError
            A voltage is no finite number.
        """
        (voltage,) = _finite(voltage_pu=voltage_pu)
        lowest: Array | float
        highest: Array | float
        match self.reactive:
            case WattVar():
                lowest, highest = self.reactive.power_range(self.rated_kw / self.apparent_kva)
            case ConstantPowerFactor():
                lowest, highest = -self.reactive.power_factor, self.reactive.power_factor
            case VoltVar() | ConstantReactivePower():
                asked_share = self.reactive_asked_kvar(voltage, 0.0) / self.apparent_kva
                highest = limited(1.0, asked_share, 1.0, self.reactive_limit_share)[0]
                lowest = -highest
        # Beside reactive power at its limit, which then no longer follows, this much is left.
        least = math.sqrt(1.0 - self.reactive_limit_share**2)
        rated_kw = np.full_like(voltage, self.rated_kw)
        lowest_kw = np.maximum(np.minimum(lowest, -least) * self.apparent_kva, -rated_kw)
        highest_kw = np.minimum(np.maximum(highest, least) * self.apparent_kva, rated_kw)
        if self.volt_watt is not None:
            highest_kw = np.minimum(highest_kw, on_curve(self.volt_watt.points, voltage) * self.rated_kw)
        return lowest_kw, np.maximum(highest_kw, lowest_kw)


def limited(
    real_power_kw: Array | float,
    reactive_power_kvar: Array | float,
    apparent_kva: float,
    reactive_limit_share: float = REACTIVE_LIMIT_SHARE,
) -> tuple[Array, Array]:
    """Active [kW] and reactive power [kvar] within the rating, reactive power first: ``P² + Q² <= S²``.

    That priority is the one that EPRI's OpenDER gives volt-var and constant reactive power.

    Parameters
    ----------
    real_power_kw, reactive_power_kvar
        Asked for; the two are broadcast.
    apparent_kva
        Rated apparent power.
    reactive_limit_share
        Most reactive power, either way. [share of apparent power]

    Raises
    ------
    ConfigError
        Rating or limit are impossible; all faults in one message.
    TwinError
        A power is no finite number.
    """
    _refuse("limited", _rating_faults(apparent_kva, reactive_limit_share))
    real_kw, reactive_kvar = _finite(real_power_kw=real_power_kw, reactive_power_kvar=reactive_power_kvar)
    limit_kvar = reactive_limit_share * apparent_kva
    reactive_kvar = np.clip(reactive_kvar, -limit_kvar, limit_kvar)
    rest_kw = np.sqrt(apparent_kva**2 - reactive_kvar**2)
    return np.clip(real_kw, -rest_kw, rest_kw), reactive_kvar


def reactive_capability_kvar(
    real_power_kw: Array | float, apparent_kva: float, reactive_limit_share: float = REACTIVE_LIMIT_SHARE
) -> Array:
    """Most reactive power, either way, beside an active power, same shape; 0 where that fills the rating. [kvar]

    Raises
    ------
    ConfigError, TwinError
        As those of `limited`.
    """
    _refuse("reactive_capability_kvar", _rating_faults(apparent_kva, reactive_limit_share))
    (real_kw,) = _finite(real_power_kw=real_power_kw)
    rest_kvar = np.sqrt(np.maximum(apparent_kva**2 - real_kw**2, 0.0))
    return np.minimum(rest_kvar, reactive_limit_share * apparent_kva)


def time_constant_s(response_time_s: float) -> float:
    """Time constant of the first-order lag that makes 90 % of a step in an open-loop response time. [s]"""
    return response_time_s / math.log(10.0)


def _finite(**values: Array | float) -> tuple[Array, ...]:
    """Broadcast measured values, which must all be finite numbers."""
    arrays = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values.values()))
    wrong = {name: int(np.sum(~np.isfinite(value))) for name, value in values.items()}
    if any(wrong.values()):
        raise TwinError(
            "no finite number: " + ", ".join(f"{count} of {name}" for name, count in wrong.items() if count),
            place="voltage support",
            next_step="give a measured or a held value for every sample",
        )
    return arrays


def _rating_faults(apparent_kva: float, reactive_limit_share: float) -> Iterator[str]:
    if not 0.0 < apparent_kva < math.inf:
        yield f"apparent_kva must be positive and finite, not {apparent_kva!r}"
    if not 0.0 <= reactive_limit_share <= 1.0:
        yield f"reactive_limit_share must be in [0, 1], not {reactive_limit_share!r}"


def _curve_faults(points: Curve, measured: str, lowest: float, highest: float) -> Iterator[str]:
    inputs, outputs = [x for x, _ in points], [y for _, y in points]
    if len(points) < 2:
        yield f"a curve has at least 2 points, not {len(points)}"
    for x in inputs:
        if not lowest <= x <= highest:
            yield f"{measured} {x!r} is outside [{lowest}, {highest}]"
    for y in outputs:
        if not -1.0 <= y <= 1.0:
            yield f"power {y!r} is outside [-1, 1]"
    if not all(a < b for a, b in pairwise(inputs)):
        yield f"{measured} must rise from point to point: {inputs}"


def _voltage_faults(points: Curve, response_time_s: float) -> Iterator[str]:
    yield from _curve_faults(points, "voltage", 0.0, 2.0)
    if not all(b <= a for (_, a), (_, b) in pairwise(points)):
        yield f"power must not rise with the voltage: {[y for _, y in points]}"
    if not 0.01 <= response_time_s <= 3600.0:
        yield f"response_time_s must be in [0.01, 3600], not {response_time_s!r}"
