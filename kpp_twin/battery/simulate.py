"""Run the battery with its controller: frequency and setpoints go in; energies, flags and the next state come out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from kpp_twin.battery.kernel import Integers, run
from kpp_twin.battery.kernel_constants import MAX_LEAD, N_VARIABLES, Flag, Recorded, Total, Variable
from kpp_twin.battery.model import BatteryModel
from kpp_twin.errors import TwinError
from kpp_twin.units import Array

# So little beyond its limits the energy may be: the capacity may have aged since. The battery then returns. [fraction]
ENERGY_TOLERANCE = 1e-3

_EMPTY = np.empty(0)
_BLOCKS = "block_kw"
_NAMES = tuple(variable.name.lower() for variable in Variable if variable is not Variable.BLOCK_KW)


@dataclass(frozen=True, slots=True)
class BatteryState:
    """All that battery, meter and controller carry from one step to the next; by `kernel_constants.Variable`.

    Goes on bit for bit from what `as_json` gave.
    """

    variables: tuple[float, ...]

    @classmethod
    def initial(cls, model: BatteryModel, energy_kwh: float | None = None) -> Self:
        """At rest at ambient temperature, nothing measured yet; in the middle of what the product allows for none."""
        variables = np.zeros(N_VARIABLES)
        variables[Variable.ENERGY_KWH] = model.middle_kwh if energy_kwh is None else energy_kwh
        variables[Variable.TEMPERATURE_C] = model.heat.ambient_temperature_c
        variables[[Variable.TRUSTED_HZ, Variable.SEEN_HZ]] = math.nan
        variables[Variable.SIGNAL_AGE_S] = math.inf
        variables[Variable.BLOCK_S] = model.constants.block_s  # the first block begins at once
        return cls(tuple(variables.tolist()))

    @property
    def energy_kwh(self) -> float:
        """Stored."""
        return self.variables[Variable.ENERGY_KWH]

    @property
    def power_kw(self) -> float:
        """Of the converter, at the last instant."""
        return self.variables[Variable.POWER_KW]

    @property
    def temperature_c(self) -> float:
        """Of the cells."""
        return self.variables[Variable.TEMPERATURE_C]

    def as_json(self) -> dict[str, Any]:
        """Values by name, as `of_json` reads them; none for what is not known."""
        values = [value if math.isfinite(value) else None for value in self.variables]
        return dict(zip(_NAMES, values, strict=False)) | {_BLOCKS: values[Variable.BLOCK_KW :]}

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Self:
        """State of its values by name.

        Raises
        ------
        TwinError
            Names are missing or unknown, or values no numbers.
        """
        try:
            blocks = [float(value) for value in content[_BLOCKS]]
            unknown = set(content) - {*_NAMES, _BLOCKS}
            if unknown or len(blocks) != MAX_LEAD + 1:
                raise ValueError(f"unknown {sorted(unknown)}, {len(blocks)} blocks")
            values = [math.nan if content[name] is None else float(content[name]) for name in _NAMES]
        except (KeyError, TypeError, ValueError) as error:
            raise _state_error(f"it needs {', '.join(_NAMES)} and {MAX_LEAD + 1} {_BLOCKS}: {error}") from error
        if math.isnan(values[Variable.SIGNAL_AGE_S]):
            values[Variable.SIGNAL_AGE_S] = math.inf
        return cls((*values, *blocks))

    def check(self, model: BatteryModel) -> None:
        """Check that the battery can be in this state.

        Raises
        ------
        TwinError
            It cannot; all faults in one message.
        """
        config = model.config
        tolerance_kwh = ENERGY_TOLERANCE * config.capacity
        least, most = config.min_kwh - tolerance_kwh, config.max_kwh + tolerance_kwh
        faults = []
        if not least <= self.energy_kwh <= most:
            faults.append(f"energy_kwh {self.energy_kwh!r} is outside {config.min_kwh:g} to {config.max_kwh:g}")
        if not abs(self.power_kw) <= config.max_power * (1 + 1e-9):
            faults.append(f"power_kw {self.power_kw!r} is above {config.max_power:g}")
        trusted_hz, nominal_hz = self.variables[Variable.TRUSTED_HZ], model.constants.nominal_hz
        if abs(trusted_hz - nominal_hz) > model.constants.plausible_hz:  # not where none is known yet
            faults.append(f"trusted_hz {trusted_hz!r} is not of a grid of {nominal_hz:g} Hz")
        may_lack = {Variable.TRUSTED_HZ, Variable.SEEN_HZ, Variable.SIGNAL_AGE_S}
        names = (*_NAMES, *[_BLOCKS] * (MAX_LEAD + 1))
        lacking = [
            name
            for place, (name, value) in enumerate(zip(names, self.variables, strict=True))
            if place not in may_lack and not math.isfinite(value)
        ]
        if lacking:
            faults.append(f"no number: {', '.join(lacking)}")
        if faults:
            raise _state_error("; ".join(faults))


def _state_error(fault: str) -> TwinError:
    return TwinError(
        fault,
        place="state of the battery",
        next_step="start from BatteryState.initial, or from the end of a run of the same battery",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryOrders:
    """What the battery is told and left, each value for as many steps as the run says; ``(m,)`` each.

    Attributes
    ----------
    setpoint_kw
        Scheduled power.
    lowest_kw, highest_kw
        Limits of connection and converter; at most and at least 0.
    lowest_scheduled_kw
        Limit on what is scheduled of it, at most 0.
    """

    setpoint_kw: Array
    lowest_kw: Array
    highest_kw: Array
    lowest_scheduled_kw: Array

    @classmethod
    def steady(cls, setpoint_kw: float = 0.0) -> Self:
        """One setpoint without limits but the battery's own."""
        free = np.array([math.inf])
        return cls(setpoint_kw=np.array([setpoint_kw]), lowest_kw=-free, highest_kw=free, lowest_scheduled_kw=-free)

    def within(self, lowest_kw: Array, highest_kw: Array) -> Self:
        """The same orders with limits by the step, ``(n,)``, beside their own."""
        held = {
            name: np.repeat(getattr(self, name), len(lowest_kw) // len(self.setpoint_kw)) for name in self.__slots__
        }
        return replace(
            self,
            setpoint_kw=held["setpoint_kw"],
            lowest_kw=np.minimum(np.maximum(held["lowest_kw"], lowest_kw), 0.0),
            highest_kw=np.maximum(np.minimum(held["highest_kw"], highest_kw), 0.0),
            lowest_scheduled_kw=held["lowest_scheduled_kw"],
        )

    def check(self) -> None:
        """Check lengths and values.

        Raises
        ------
        TwinError
            They are wrong; all faults in one message.
        """
        columns = {name: getattr(self, name) for name in self.__dataclass_fields__}
        faults = [
            f"{name} has {np.isnan(values).sum()} NaN" for name, values in columns.items() if np.isnan(values).any()
        ]
        lengths = {name: values.shape for name, values in columns.items()}
        if len(set(lengths.values())) > 1 or self.setpoint_kw.ndim != 1:
            faults.append(f"shapes differ: {lengths}")
        if (self.lowest_kw > 0).any() or (self.lowest_scheduled_kw > 0).any() or (self.highest_kw < 0).any():
            faults.append("lowest limits must not be above 0, nor highest below")
        if faults:
            raise TwinError("; ".join(faults), place="orders of the battery", next_step="correct them")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryTrajectory:
    """Records of a run, ``(n,)`` each: means over a record's steps; state at its end.

    Attributes
    ----------
    power_kw
        At the grid side, without auxiliaries.
    scheduled_kw
        Part of it that follows the setpoint and restores energy; the rest is response.
    asked_kw, sought_kw
        Response that the product asks for, and what the controller made of it: with lag, ramp and management.
    target_kw
        What the converter was told after all limits.
    deliverable
        Share of the steps in which full response could be held in both directions for its endurance.
    gained_kwh
        Change of the stored energy over the record; kept apart, since the difference of large energies loses digits.
    flags
        Bits of `Flag` that were seen.
    """

    power_kw: Array
    scheduled_kw: Array
    asked_kw: Array
    sought_kw: Array
    target_kw: Array
    auxiliary_kw: Array
    deliverable: Array
    gained_kwh: Array
    end_power_kw: Array
    energy_kwh: Array
    temperature_c: Array
    flags: Integers

    @property
    def response_kw(self) -> Array:
        """Delivered response."""
        return self.power_kw - self.scheduled_kw


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryRun:
    """What a run came to.

    Attributes
    ----------
    energy_kwh
        What came, went and was lost, by the names of `Total` in lower case; all is positive but what was gained.
    mileage
        Sum of the changes of the response asked for, of what was sold.
    endurance_violation_s
        In which the stored energy missed what full response for the endurance needs, by more than a thousandth.
    flag_s
        Seconds by `Flag`, in lower case; those that never were are left out.
    """

    state: BatteryState
    seconds: float
    energy_kwh: Mapping[str, float]
    mileage: float
    endurance_violation_s: float
    flag_s: Mapping[str, float]
    trajectory: BatteryTrajectory | None = field(default=None, repr=False)

    @property
    def records(self) -> BatteryTrajectory:
        """The trajectory, of a run that was asked for it."""
        if self.trajectory is None:
            raise ValueError("no trajectory was asked for: name record_every")
        return self.trajectory

    @property
    def throughput_kwh(self) -> float:
        """Charged and discharged at the grid side."""
        return self.energy_kwh["charged"] + self.energy_kwh["discharged"]

    @property
    def residual_kwh(self) -> float:
        """By how much in, out, losses and the change of the store miss zero."""
        energy = self.energy_kwh
        out = ("discharged", "charge_loss", "discharge_loss", "self_discharge", "gained")
        return energy["charged"] - math.fsum(energy[name] for name in out)


def simulate(
    model: BatteryModel,
    state: BatteryState,
    frequency_hz: Array,
    orders: BatteryOrders | None = None,
    *,
    signal: Array | None = None,
    record_every: int = 0,
) -> BatteryRun:
    """Run the battery for each sample of the frequency: a year at once, or a live loop's next second.

    Parameters
    ----------
    frequency_hz
        As measured, ``(n,)``; what cannot be true is flagged, held, and never answered.
    orders
        ``m`` values that hold for ``n / m`` steps each; none: nothing is scheduled.
    signal
        Regulation signal from -1 to 1, ``(n,)``; anything else counts as missing; for a product that follows one.
    record_every
        Steps to a record of the trajectory; 0 for none.

    Raises
    ------
    TwinError
        State, orders or lengths are wrong.
    """
    orders = orders or BatteryOrders.steady()
    state.check(model)
    orders.check()
    frequency = np.ascontiguousarray(frequency_hz, dtype=float)
    steps, blocks = len(frequency), len(orders.setpoint_kw)
    followed = _signal_of(model, steps, signal)
    if blocks == 0 or steps % blocks:
        raise _length_error(f"{blocks} orders do not divide {steps} steps")
    variables = np.array(state.variables)
    totals, flag_s = np.zeros(len(Total)), np.zeros(len(Flag))
    records = steps // record_every if record_every else 0
    record, flags = np.zeros((records, len(Recorded))), np.zeros(records, dtype=np.int64)
    run(
        model.constants,
        model.curve_hz,
        model.curve_share,
        frequency,
        followed,
        _floats(orders.setpoint_kw),
        _floats(orders.lowest_kw),
        _floats(orders.highest_kw),
        _floats(orders.lowest_scheduled_kw),
        max(steps // blocks, 1),
        record_every,
        variables,
        totals,
        flag_s,
        record,
        flags,
    )
    asked_kw = float(totals[Total.ASKED_CHANGE_KW])
    return BatteryRun(
        state=BatteryState(tuple(variables.tolist())),
        seconds=steps * model.constants.step_s,
        energy_kwh={total.name.lower(): float(totals[total]) for total in Total if total <= Total.GAINED},
        mileage=asked_kw / model.sold_kw if model.sold_kw else 0.0,
        endurance_violation_s=float(totals[Total.ENDURANCE_S]),
        flag_s={flag.name.lower(): float(flag_s[flag]) for flag in Flag if flag_s[flag]},
        trajectory=_trajectory(record, flags, record_every) if record_every else None,
    )


def _signal_of(model: BatteryModel, steps: int, signal: Array | None) -> Array:
    if signal is None:
        if model.product.follows_signal:
            raise _length_error(f"{model.product.name} follows a signal, and none was given")
        return _EMPTY
    values = _floats(signal)
    if not model.product.follows_signal:
        raise _length_error(f"{model.product.name} follows no signal")
    if len(values) != steps:
        raise _length_error(f"the signal has {len(values)} values for {steps} steps")
    return values


def _length_error(fault: str) -> TwinError:
    return TwinError(
        fault, place="run of the battery", next_step="give frequency, signal and orders that fit each other"
    )


def _floats(values: Array) -> Array:
    return np.ascontiguousarray(values, dtype=float)


def _trajectory(record: Array, flags: Integers, every: int) -> BatteryTrajectory:
    columns = {name: record[:, name].copy() for name in Recorded}
    return BatteryTrajectory(
        power_kw=columns[Recorded.POWER_KW],
        scheduled_kw=columns[Recorded.SCHEDULED_KW],
        asked_kw=columns[Recorded.ASKED_KW],
        sought_kw=columns[Recorded.RESPONSE_KW],
        target_kw=columns[Recorded.TARGET_KW],
        auxiliary_kw=columns[Recorded.AUXILIARY_KW],
        deliverable=columns[Recorded.DELIVERABLE],
        gained_kwh=columns[Recorded.GAINED_KWH] * every,
        end_power_kw=columns[Recorded.END_POWER_KW],
        energy_kwh=columns[Recorded.ENERGY_KWH],
        temperature_c=columns[Recorded.TEMPERATURE_C],
        flags=flags,
    )
