"""Health of the battery: what time and cycles have taken of its capacity, carried from hour to hour.

Calendar damage comes from state of charge and temperature over time. Its rate is averaged over a day before it becomes
damage, as the tests that the laws come from are evaluated. Cycle damage comes from rainflow cycles. A half cycle that
is still open counts as it stands, provisionally, until it has closed.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from kpp_twin.battery.chemistry import CHEMISTRIES, Swings
from kpp_twin.battery.cycles import HALF_CYCLE, rainflow_cycles
from kpp_twin.errors import TwinError
from kpp_twin.site import ChemistryName
from kpp_twin.units import HOURS_PER_DAY, ZERO_CELSIUS_K, Array

# A state of charge may miss 0 or 1, and steps may miss the end of a day, by this share: rounding, no more.
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """All that a battery's ageing carries from one hour to the next; goes on from what `as_json` gave.

    Attributes
    ----------
    chemistry
        Whose damage this is.
    residue
        Turning points of the half cycles that are still open, and at the end the present point, each with its state
        of charge, the hours since the start, and the integral of the temperature since then [°C h].
    calendar_damage
        Of the days before this one.
    day_hours, day_rate_hours
        How much of this day has passed [h], and the integral of the calendar rate over it.
    cycle_damage
        Of the cycles that have closed.
    equivalent_full_cycles
        Half of all the charge that went in and out. [capacities]
    state_of_health
        Present over first capacity; it only falls, also where an open half cycle is judged more mildly later.
    """

    chemistry: ChemistryName
    residue: tuple[tuple[float, float, float], ...]
    calendar_damage: float = 0.0
    day_hours: float = 0.0
    day_rate_hours: float = 0.0
    cycle_damage: float = 0.0
    equivalent_full_cycles: float = 0.0
    state_of_health: float = 1.0

    def __post_init__(self) -> None:
        faults = [] if self.chemistry in CHEMISTRIES else [f"chemistry {self.chemistry!r} is not known"]
        sums = ("calendar_damage", "day_hours", "day_rate_hours", "cycle_damage", "equivalent_full_cycles")
        faults += [
            f"{name} must be at least 0, not {v!r}" for name in sums if not 0 <= (v := getattr(self, name)) < math.inf
        ]
        if not 0 <= self.state_of_health <= 1:
            faults.append(f"state_of_health must be from 0 to 1, not {self.state_of_health!r}")
        points = np.array(self.residue, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 3 or not np.isfinite(points).all():
            faults.append(f"residue must be points of three numbers each, not {self.residue!r}")
        elif not (_are_states_of_charge(points[:, 0]).all() and (np.diff(points[:, 1]) > 0).all()):
            faults.append(f"residue must hold states of charge from 0 to 1 and rising hours, not {self.residue!r}")
        if faults:
            raise _health_error("; ".join(faults))

    @classmethod
    def initial(cls, state_of_charge: float, chemistry: ChemistryName) -> Self:
        """A new battery.

        Raises
        ------
        TwinError
            The state of charge is outside 0 to 1, or the chemistry is not known.
        """
        return cls(chemistry=chemistry, residue=((state_of_charge, 0.0, 0.0),))

    @property
    def elapsed_hours(self) -> float:
        """Time since the start."""
        return self.residue[-1][1]

    @property
    def total_calendar_damage(self) -> float:
        """With the day that has not ended."""
        if self.day_hours == 0:
            return self.calendar_damage
        rate = self.day_rate_hours / self.day_hours
        power = 1.0 / CHEMISTRIES[self.chemistry].calendar_exponent
        return self.calendar_damage + rate**power * self.day_hours / HOURS_PER_DAY

    @property
    def total_cycle_damage(self) -> float:
        """With the half cycles that are still open."""
        points = np.array(self.residue)
        return self.cycle_damage + HALF_CYCLE * float(np.sum(_damage(self.chemistry, points[:-1], points[1:])))

    def as_json(self) -> dict[str, Any]:
        """Values by name, as `of_json` reads them."""
        return {**asdict(self), "residue": [list(point) for point in self.residue]}

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Self:
        """Health of its values by name.

        Raises
        ------
        TwinError
            Names are missing or unknown, or values are impossible.
        """
        try:
            return cls(**{**content, "residue": tuple(tuple(point) for point in content["residue"])})
        except (KeyError, TypeError, ValueError) as error:
            names = ", ".join(cls.__dataclass_fields__)
            raise _health_error(f"it needs {names}, the residue as points; not {content!r}") from error


def aged(
    health: Health,
    state_of_charge: Array,
    temperature_c: npt.ArrayLike,
    hours: float,
    chemistry: ChemistryName,
) -> Health:
    """Health after some time in use; a long time comes to the same damage in parts of any lengths as at once.

    Parameters
    ----------
    health
        At the start.
    state_of_charge
        Before each step and after the last, equally spaced, ``(n + 1,)``.
    temperature_c
        Of the cells in each step, ``(n,)``, or one for all. [°C]
    hours
        Time from the first to the last state of charge.
    chemistry
        Of the battery; must be that of the health.

    Raises
    ------
    TwinError
        Shapes, values or the chemistry are wrong; all faults in one message.
    """
    given_c = np.asarray(temperature_c, dtype=np.float64)
    _check(health, state_of_charge, given_c, hours, chemistry)
    n_steps = len(state_of_charge) - 1
    step_hours = hours / n_steps
    by_step_c = np.broadcast_to(given_c, n_steps)
    start, after = 0, health
    while start < n_steps:
        to_day_end = math.ceil((HOURS_PER_DAY - after.day_hours) / step_hours - ROUNDING)
        stop = min(start + max(to_day_end, 1), n_steps)
        after = _aged_within_day(after, state_of_charge[start : stop + 1], by_step_c[start:stop], step_hours)
        start = stop
    loss = CHEMISTRIES[chemistry].capacity_loss(after.total_calendar_damage, after.total_cycle_damage)
    return replace(after, state_of_health=min(health.state_of_health, max(1.0 - float(loss), 0.0)))


def _aged_within_day(health: Health, state_of_charge: Array, temperature_c: Array, step_hours: float) -> Health:
    """Health with its damage after steps that end with the day at the latest; the state of health is left."""
    law = CHEMISTRIES[health.chemistry]
    n_steps = len(temperature_c)
    rate = law.calendar_rate((state_of_charge[:-1] + state_of_charge[1:]) / 2.0, temperature_c)
    day_hours = health.day_hours + n_steps * step_hours
    after = replace(
        health, day_hours=day_hours, day_rate_hours=health.day_rate_hours + float(np.sum(rate)) * step_hours
    )
    if day_hours >= HOURS_PER_DAY - ROUNDING * step_hours:
        after = replace(after, calendar_damage=after.total_calendar_damage, day_hours=0.0, day_rate_hours=0.0)

    _, elapsed_hours, temperature_c_hours = health.residue[-1]
    later = (
        state_of_charge[1:],
        elapsed_hours + step_hours * np.arange(1, n_steps + 1),
        temperature_c_hours + step_hours * np.cumsum(temperature_c),
    )
    points = np.concatenate([health.residue, np.column_stack(later)])
    cycles = rainflow_cycles(points[:, 0])
    n_closed = len(cycles.counts) - cycles.n_open
    closed = _damage(health.chemistry, points[cycles.first[:n_closed]], points[cycles.last[:n_closed]])
    throughput = np.sum(np.abs(np.diff(points[len(health.residue) - 1 :, 0])))
    return replace(
        after,
        residue=tuple(map(tuple, points[cycles.residue].tolist())),
        cycle_damage=health.cycle_damage + float(cycles.counts[:n_closed] @ closed),
        equivalent_full_cycles=health.equivalent_full_cycles + float(throughput) / 2.0,
    )


def _damage(chemistry: ChemistryName, first: Array, last: Array) -> Array:
    """Damage of full cycles between points as in the residue, ``(cycles,)``."""
    change, hours, temperature_c_hours = (last - first).T
    swings = Swings(
        depth=np.abs(change),
        mean_state_of_charge=(first[:, 0] + last[:, 0]) / 2.0,
        temperature_c=temperature_c_hours / hours,
        c_rate=np.abs(change) / hours,
    )
    return CHEMISTRIES[chemistry].cycle_damage(swings)


def _check(
    health: Health, state_of_charge: Array, temperature_c: Array, hours: float, chemistry: ChemistryName
) -> None:
    faults = []
    if chemistry != health.chemistry:
        faults.append(f"the damage so far is of {health.chemistry!r} cells, not of {chemistry!r}")
    if not 0 < hours < math.inf:
        faults.append(f"hours must be positive, not {hours!r}")
    if state_of_charge.ndim != 1 or len(state_of_charge) < 2:
        faults.append(f"state_of_charge must be (n + 1,) with a step at least, not {state_of_charge.shape}")
    elif temperature_c.shape not in ((), (len(state_of_charge) - 1,)):
        faults.append(f"temperature_c must be a number or ({len(state_of_charge) - 1},), not {temperature_c.shape}")
    if outside := np.count_nonzero(~_are_states_of_charge(state_of_charge)):
        faults.append(f"{outside} of state_of_charge are outside 0 to 1")
    if impossible := np.count_nonzero(~((temperature_c > -ZERO_CELSIUS_K) & (temperature_c < math.inf))):
        faults.append(f"{impossible} of temperature_c are no temperatures")
    if faults:
        raise TwinError(
            "; ".join(faults), place="battery ageing", next_step="give states of charge as fractions, and °C"
        )


def _are_states_of_charge(values: Array) -> npt.NDArray[np.bool_]:
    return (values >= -ROUNDING) & (values <= 1.0 + ROUNDING)


def _health_error(fault: str) -> TwinError:
    return TwinError(
        f"the battery cannot have this health: {fault}",
        place="battery health",
        next_step="restore the health that was stored, or start with a new battery",
    )
