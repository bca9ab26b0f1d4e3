"""Run the plant: setpoints from outside go in; energies, reasons, records and the next state come out."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np

from kpp_twin.errors import TwinError
from kpp_twin.plant.column import AMBIENT_KPA
from kpp_twin.plant.kernel import Integers, run
from kpp_twin.plant.kernel_air import air_exergy_kj, column_kj
from kpp_twin.plant.kernel_constants import Reason, Recorded, Total
from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.units import KPA_PER_BAR, SECONDS_PER_HOUR, Array

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantState:
    """All that the plant carries from one second to the next; goes on bit for bit from what `as_json` gave.

    Attributes
    ----------
    receiver_kpa
        Absolute pressure.
    cell_air
        Air of a floater in each cell of the column, from the foot up. [fillings at the surface]
    chain_speed_m_per_s, flywheel_rad_per_s
        Engaged where ``flywheel = chain speed * gear ratio / sprocket radius``, else the flywheel is ahead.
    generator_kw, compressor_kw
        Of the last step.
    compressor_runs
        Whether it does.
    compressor_since_s
        For how long that has been so.
    """

    receiver_kpa: float
    cell_air: tuple[float, ...]
    chain_speed_m_per_s: float = 0.0
    flywheel_rad_per_s: float = 0.0
    generator_kw: float = 0.0
    compressor_kw: float = 0.0
    compressor_runs: bool = False
    compressor_since_s: float = 86_400.0

    @classmethod
    def initial(cls, plant: PlantParameters) -> Self:
        """At rest, all floaters of water, the receiver as the parameters say."""
        return cls(receiver_kpa=plant.initial_receiver_bar * KPA_PER_BAR, cell_air=(0.0,) * plant.column_cells)

    def as_json(self) -> dict[str, Any]:
        """Values by name, as `of_json` reads them."""
        return {**asdict(self), "cell_air": list(self.cell_air)}

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Self:
        """State of its values by name.

        Raises
        ------
        TwinError
            Names are missing or unknown.
        """
        try:
            return cls(**{**content, "cell_air": tuple(content["cell_air"])})
        except (KeyError, TypeError) as error:
            raise _state_error(f"it needs {', '.join(cls.__dataclass_fields__)}, not {', '.join(content)}") from error

    def check(self, model: PlantModel) -> None:
        """Check that the plant can be in this state.

        Raises
        ------
        TwinError
            It cannot; all faults in one message.
        """
        constants, cells = model.constants, len(model.dissolving)
        engaged = self.flywheel_rad_per_s / constants.ratio
        ranges = {
            "flywheel_rad_per_s": constants.max_speed,
            "chain_speed_m_per_s": engaged,  # never ahead of the flywheel
            "generator_kw": constants.generator_kw,
            "compressor_kw": constants.compressor_kw,
            "compressor_since_s": math.inf,
        }
        faults = [
            f"{name} {getattr(self, name)!r} is outside 0 to {most:g}"
            for name, most in ranges.items()
            if not 0 <= getattr(self, name) <= most * (1 + ROUNDING)
        ]
        if not AMBIENT_KPA < self.receiver_kpa <= constants.max_kpa * (1 + ROUNDING):
            faults.append(f"receiver_kpa {self.receiver_kpa!r} is outside ambient to {constants.max_kpa:g}")
        least_kw = constants.compressor_min_kw * (1 - ROUNDING)
        if self.compressor_kw < least_kw if self.compressor_runs else self.compressor_kw > 0:
            faults.append(f"compressor_kw {self.compressor_kw!r} does not fit compressor_runs {self.compressor_runs}")
        if len(self.cell_air) != cells:
            faults.append(f"cell_air has {len(self.cell_air)} cells, the plant {cells}")
        elif not all(
            0 <= air <= most * (1 + ROUNDING)
            for air, most in zip(self.cell_air, model.column.held(model.column.full)[1:], strict=True)
        ):
            faults.append("cell_air holds less than nothing or more than full floaters")
        if faults:
            raise _state_error("; ".join(faults))

    def stored_kwh(self, model: PlantModel) -> float:
        """Exergy of receiver and column, and kinetic energy."""
        constants = model.constants
        held = column_kj(constants, model.column.value_kj, np.array(self.cell_air))
        kinetic = constants.chain_t * self.chain_speed_m_per_s**2 + constants.flywheel_t * self.flywheel_rad_per_s**2
        return (air_exergy_kj(constants, self.receiver_kpa) + held + 0.5 * kinetic) / SECONDS_PER_HOUR


def _state_error(fault: str) -> TwinError:
    return TwinError(
        fault,
        place="state of the plant",
        next_step="start from PlantState.initial, or from the end of a run of the same plant",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSetpoints:
    """What the plant is told; all arrays of one length, each value for as many steps as the run says.

    Attributes
    ----------
    compressor_kw, generator_kw
        Electrical, not below 0.
    fill_fraction
        Of a full floater's air, for the floaters that pass the nozzle, 0 to 1; not a number: the governor chooses it.
    compressor_limit_kw
        What the connection leaves for the compressor, which stops at once where that is too little.
    reactive_kvar
        At the generator's converter, which gives what its real power leaves; needs a trajectory.
    """

    compressor_kw: Array
    generator_kw: Array
    fill_fraction: Array
    compressor_limit_kw: Array
    reactive_kvar: Array | None = None

    @classmethod
    def of_power(cls, power_kw: Array, compressor_limit_kw: Array | None = None) -> Self:
        """Setpoints of a net power at the grid side: positive generates, negative compresses; governed."""
        power_kw = np.asarray(power_kw, dtype=float)
        return cls(
            compressor_kw=np.maximum(-power_kw, 0.0),
            generator_kw=np.maximum(power_kw, 0.0),
            fill_fraction=np.full(power_kw.shape, np.nan),
            compressor_limit_kw=np.full(power_kw.shape, np.inf) if compressor_limit_kw is None else compressor_limit_kw,
        )

    def check(self) -> None:
        """Check lengths and values.

        Raises
        ------
        TwinError
            They are wrong; all faults in one message.
        """
        faults = []
        arrays = {name: getattr(self, name) for name in self.__dataclass_fields__ if getattr(self, name) is not None}
        if len({array.shape for array in arrays.values()}) != 1 or self.compressor_kw.ndim != 1:
            faults.append("lengths differ: " + ", ".join(f"{name} {array.shape}" for name, array in arrays.items()))
        faults += [
            f"{name} must be a number, not below 0"
            for name in ("compressor_kw", "generator_kw")
            if not bool(np.all((arrays[name] >= 0) & np.isfinite(arrays[name])))
        ]
        if bool(np.any((self.fill_fraction < 0) | (self.fill_fraction > 1))):
            faults.append("fill_fraction must lie between 0 and 1, or be no number for the governor")
        faults += [
            f"{name} must be a number"
            for name in ("compressor_limit_kw", "reactive_kvar")
            if name in arrays and bool(np.any(np.isnan(arrays[name])))
        ]
        if faults:
            raise TwinError("; ".join(faults), place="setpoints of the plant", next_step="correct them")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantTrajectory:
    """The plant in periods of equal length: means of powers, and the state at the end of each; all ``(n,)``."""

    generator_kw: Array
    compressor_kw: Array
    auxiliary_kw: Array
    reactive_kvar: Array
    receiver_kpa: Array
    column_kwh: Array
    chain_speed_m_per_s: Array
    flywheel_rad_per_s: Array
    stored_kwh: Array
    reasons: Integers

    @property
    def power_kw(self) -> Array:
        """Net power at the grid side."""
        return self.generator_kw - self.compressor_kw - self.auxiliary_kw

    def reasons_of(self, period: int) -> tuple[str, ...]:
        """Why setpoints were not followed in a period."""
        return tuple(r.name.lower() for r in Reason if int(self.reasons[period]) >> r & 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantRun:
    """What became of a run.

    Attributes
    ----------
    energy_kwh
        Where energy came from and went, by the names of `Total` in lower case; all is positive.
    store_change_kwh
        Of receiver, column, chain and flywheel.
    limited_s
        Seconds by the reason for which a setpoint was not followed.
    trajectory
        None unless asked for.
    """

    state: PlantState
    energy_kwh: Mapping[str, float]
    store_change_kwh: float
    limited_s: Mapping[str, float]
    trajectory: PlantTrajectory | None = field(default=None, repr=False)

    @property
    def by_second(self) -> PlantTrajectory:
        """The trajectory, of a run that was asked for it."""
        if self.trajectory is None:
            raise ValueError("no trajectory was asked for: name record_every")
        return self.trajectory

    @property
    def supplied_kwh(self) -> float:
        """Electricity, and what heat could give at most."""
        return sum(self.energy_kwh[name] for name in ("compressor_in", "nanobubble_in", "heat_exergy_in"))

    @property
    def lost_kwh(self) -> float:
        """All losses."""
        return sum(energy for name, energy in self.energy_kwh.items() if name.endswith("_loss"))

    @property
    def moved_kwh(self) -> float:
        """All energy that came, went and was stored or taken from the store."""
        return self.supplied_kwh + self.energy_kwh["generator_out"] + self.lost_kwh + abs(self.store_change_kwh)

    @property
    def residual_kwh(self) -> float:
        """By how much the ledger misses zero."""
        return self.supplied_kwh - self.energy_kwh["generator_out"] - self.lost_kwh - self.store_change_kwh


def simulate(
    model: PlantModel, state: PlantState, setpoints: PlantSetpoints, *, hold: int = 1, record_every: int = 0
) -> PlantRun:
    """Run the plant; memory does not grow with the steps, unless records are asked for.

    Parameters
    ----------
    hold
        Steps for which each setpoint holds.
    record_every
        Steps to a record of the trajectory; 0 for none.

    Raises
    ------
    TwinError
        State or setpoints are wrong.
    """
    state.check(model)
    setpoints.check()
    steps = len(setpoints.generator_kw) * hold
    records = steps // record_every if record_every else 0
    constants, column = model.constants, model.column
    variables = np.array(
        [
            state.receiver_kpa,
            state.chain_speed_m_per_s,
            state.flywheel_rad_per_s,
            state.generator_kw,
            state.compressor_kw,
            float(state.compressor_runs),
            state.compressor_since_s,
        ]
    )
    cells = np.array(state.cell_air)
    totals, limited = np.zeros(len(Total)), np.zeros(len(Reason))
    record, reasons = np.zeros((records, len(Recorded))), np.zeros(records, dtype=np.int64)
    run(
        constants,
        column.value_kj,
        column.capacity,
        column.spill_kj,
        model.dissolving,
        model.goal_speeds,
        _floats(setpoints.compressor_kw),
        _floats(setpoints.generator_kw),
        _floats(setpoints.fill_fraction),
        _floats(setpoints.compressor_limit_kw),
        hold,
        record_every,
        variables,
        cells,
        totals,
        limited,
        record,
        reasons,
    )
    after = PlantState(
        receiver_kpa=float(variables[0]),
        cell_air=tuple(cells.tolist()),
        chain_speed_m_per_s=float(variables[1]),
        flywheel_rad_per_s=float(variables[2]),
        generator_kw=float(variables[3]),
        compressor_kw=float(variables[4]),
        compressor_runs=bool(variables[5]),
        compressor_since_s=float(variables[6]),
    )
    return PlantRun(
        state=after,
        energy_kwh={total.name.lower(): float(totals[total]) / SECONDS_PER_HOUR for total in Total},
        store_change_kwh=after.stored_kwh(model) - state.stored_kwh(model),
        limited_s={reason.name.lower(): float(limited[reason]) for reason in Reason if limited[reason]},
        trajectory=_trajectory(model, setpoints, record, reasons, record_every, hold) if record_every else None,
    )


def _floats(setpoint: Array) -> Array:
    return np.ascontiguousarray(setpoint, dtype=float)


def _trajectory(
    model: PlantModel, setpoints: PlantSetpoints, record: Array, reasons: Integers, every: int, hold: int
) -> PlantTrajectory:
    constants = model.constants
    columns = {name: record[:, name].copy() for name in Recorded}
    pressure, speed, spin = (
        columns[name] for name in (Recorded.RECEIVER_KPA, Recorded.CHAIN_SPEED, Recorded.FLYWHEEL_SPEED)
    )
    p0 = constants.ambient_kpa
    air_kj = constants.receiver_m3 * (pressure * np.log(pressure / p0) - pressure + p0)
    kinetic_kj = 0.5 * (constants.chain_t * speed**2 + constants.flywheel_t * spin**2)
    generator_kw = columns[Recorded.GENERATOR_KW]
    asked_kvar = np.zeros(len(record))
    if setpoints.reactive_kvar is not None:
        last_steps = (np.arange(len(record)) + 1) * every - 1
        asked_kvar = setpoints.reactive_kvar[last_steps // hold]
    most_kvar = np.sqrt(np.maximum(model.parameters.converter_kva**2 - generator_kw**2, 0.0))
    reasons = reasons | np.where(np.abs(asked_kvar) > most_kvar, 1 << Reason.CONVERTER_RATING, 0)
    return PlantTrajectory(
        reactive_kvar=np.clip(asked_kvar, -most_kvar, most_kvar),
        generator_kw=generator_kw,
        compressor_kw=columns[Recorded.COMPRESSOR_KW],
        auxiliary_kw=columns[Recorded.AUXILIARY_KW],
        receiver_kpa=pressure,
        column_kwh=columns[Recorded.COLUMN_KJ] / SECONDS_PER_HOUR,
        chain_speed_m_per_s=speed,
        flywheel_rad_per_s=spin,
        stored_kwh=(air_kj + columns[Recorded.COLUMN_KJ] + kinetic_kj) / SECONDS_PER_HOUR,
        reasons=reasons,
    )
