"""Under-frequency load shedding: which share of the load goes at which frequency, and a relay that does it.

The rows of ``load_shedding.toml``, each with the days on which it holds.
"""

import math
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, ValidationError, model_validator

from kpp_twin.dated import DatedRow, Section, doubled
from kpp_twin.errors import ConfigError, TwinError, faults_of
from kpp_twin.units import Array

TABLE = Path(__file__).parent / "load_shedding.toml"

Text = Annotated[str, Field(min_length=1)]
Frequency = Annotated[float, Field(ge=45, le=65)]


class SheddingStage(Section):
    """A stage: its own share of the base load goes when frequency has been at or below its own for the delay."""

    frequency_hz: Frequency
    delay_s: Annotated[float, Field(ge=0)]
    share: Annotated[float, Field(gt=0, le=1)]


class SheddingPlan(DatedRow):
    """Load shedding of a system.

    Attributes
    ----------
    base_hz
        The load when frequency first reaches this is what the shares refer to.
    evidence
        How well the row is known.
    """

    system: Text
    nominal_hz: Frequency
    base_hz: Frequency
    stages: Annotated[tuple[SheddingStage, ...], Field(strict=False, min_length=1)]
    source: Text
    evidence: Text

    def _faults(self) -> Iterator[str]:
        if not max(stage.frequency_hz for stage in self.stages) <= self.base_hz < self.nominal_hz:
            yield "base_hz must be below nominal_hz, and not below any stage"
        if (total := sum(stage.share for stage in self.stages)) > 1 + 1e-9:
            yield f"the shares of the stages must add up to 1 at most; they are {total:g}"


class _Table(Section):
    plan: Annotated[tuple[SheddingPlan, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="after")
    def _one_at_a_time(self) -> Self:
        faults = doubled(self.plan, lambda row: {row.system}, lambda row: row.system)
        if faults:
            raise ValueError("; ".join(faults))
        return self


@cache
def load_shedding_plans(path: Path = TABLE) -> tuple[SheddingPlan, ...]:
    """All rows of a table.

    Raises
    ------
    ConfigError
        The file is missing, is no TOML, holds wrong values, or has two rows of a system for one day: all faults in one
        message.
    """
    try:
        return _Table.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).plan
    except ValidationError as error:
        faults = faults_of(error.errors(), "table")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        faults = [str(error)]
    raise ConfigError(
        f"{len(faults)} fault(s) in the load shedding: " + "; ".join(faults),
        place=str(path),
        next_step="correct them; load_shedding.toml shows every value with its unit",
    )


def shedding_plan(system: str, on: date, path: Path = TABLE) -> SheddingPlan:
    """Plan of a system that holds on a day.

    Raises
    ------
    ConfigError
        There is no such system, or no plan of it for that day; or the table is wrong.
    """
    plans = load_shedding_plans(path)
    rows = [row for row in plans if row.system == system]
    if not rows:
        raise ConfigError(
            f"there is no load shedding of {system!r}",
            place=str(path),
            next_step=f"choose among {', '.join(dict.fromkeys(row.system for row in plans))}",
        )
    for row in rows:
        if row.holds(on):
            return row
    spans = "; ".join(f"{row.valid_from} until {row.valid_until or 'further notice'}" for row in rows)
    raise ConfigError(
        f"no load shedding of {system} is known for {on}", place=str(path), next_step=f"choose a day within {spans}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SheddingState:
    """All that the relay carries from one step to the next; goes on bit for bit from what `as_json` gave.

    Attributes
    ----------
    below_s
        For how long frequency has been at or below each stage.
    shed
        Whether each stage has acted, and has not been restored.
    base_kw
        Latched load; none while frequency is above the base frequency and nothing is shed.
    """

    below_s: tuple[float, ...]
    shed: tuple[bool, ...]
    base_kw: float | None = None

    @classmethod
    def initial(cls, plan: SheddingPlan) -> Self:
        """Nothing shed, all timers at 0."""
        return cls(below_s=(0.0,) * len(plan.stages), shed=(False,) * len(plan.stages))

    def as_json(self) -> dict[str, Any]:
        """Values by name, as `of_json` reads them."""
        return {**asdict(self), "below_s": list(self.below_s), "shed": list(self.shed)}

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Self:
        """State of its values by name.

        Raises
        ------
        TwinError
            Names are missing or unknown.
        """
        try:
            return cls(**{**content, "below_s": tuple(content["below_s"]), "shed": tuple(content["shed"])})
        except (KeyError, TypeError) as error:
            raise _error(f"the state needs {', '.join(cls.__dataclass_fields__)}, not {', '.join(content)}") from error

    def restored(self, stages: Collection[int]) -> Self:
        """State after load of some stages, counted from 0, has been connected again: nothing else ever does that.

        Their timers begin anew: a stage acts again if frequency is still too low after its delay.

        Raises
        ------
        TwinError
            One of them is not shed.
        """
        wrong = set(stages) - {stage for stage, is_shed in enumerate(self.shed) if is_shed}
        if wrong:
            raise _error(f"stages {sorted(wrong)} are not shed, so they cannot be restored")
        return replace(
            self,
            below_s=tuple(0.0 if stage in stages else below_s for stage, below_s in enumerate(self.below_s)),
            shed=tuple(is_shed and stage not in stages for stage, is_shed in enumerate(self.shed)),
        )

    def faults(self, plan: SheddingPlan) -> Iterator[str]:
        """Why the relay of a plan cannot be in this state."""
        if not len(self.below_s) == len(self.shed) == len(plan.stages):
            yield f"the state has {len(self.below_s)} timers and {len(self.shed)} stages, the plan {len(plan.stages)}"
        if not all(0 <= below_s < math.inf for below_s in self.below_s):
            yield f"below_s must be at least 0, not {self.below_s}"
        if self.base_kw is None:
            if any(self.shed):
                yield "a stage is shed, but base_kw is not known"
        elif not 0 <= self.base_kw < math.inf:
            yield f"base_kw must be at least 0, not {self.base_kw!r}"


def shed_load(
    plan: SheddingPlan, frequency_hz: Array, load_kw: Array, step_s: float, state: SheddingState
) -> tuple[Array, SheddingState]:
    """Shed load step by step, one at a time or a year at once: the same to the last bit.

    A timer per stage runs while frequency is at or below the stage's, and the stage acts in the step in which it
    reaches the delay; it stays shed until `SheddingState.restored`. Shares refer to the load when frequency first
    reached the base frequency, which is forgotten once frequency is above it and nothing is shed (ERCOT Nodal Operating
    Guides 2.6.1). Where frequency is not a number nothing happens: timers hold, and what is shed stays so.

    Parameters
    ----------
    frequency_hz
        Mean of each step, ``(n,)``.
    load_kw
        What the load would be if nothing were shed, ``(n,)``, not below 0.

    Returns
    -------
    shed_kw
        At the end of each step, ``(n,)``; never more than the load.
    state
        After the last step.

    Raises
    ------
    TwinError
        Values are impossible, or the state is not of this plan; all faults in one message.
    """
    from kpp_twin.frequency.kernel_shedding import shed_by_step  # here, so that reading a site needs no compiler

    faults = list(state.faults(plan))
    if frequency_hz.ndim != 1 or frequency_hz.shape != load_kw.shape:
        faults.append(
            f"frequency_hz and load_kw must be of one shape (n,), not {frequency_hz.shape} and {load_kw.shape}"
        )
    if np.isinf(frequency_hz).any():
        faults.append("frequency_hz is infinite; give a number, or none (nan)")
    if not (load_kw.min(initial=0.0) >= 0 and load_kw.max(initial=0.0) < math.inf):
        faults.append("load_kw must be at least 0 and finite everywhere")
    if not 0 < step_s < math.inf:
        faults.append(f"step_s must be positive, not {step_s!r}")
    if faults:
        raise _error("; ".join(faults))
    stage_hz, delay_s, share = np.array([(s.frequency_hz, s.delay_s, s.share) for s in plan.stages]).T.copy()
    below_s, shed, shed_kw = np.array(state.below_s), np.array(state.shed), np.empty(len(load_kw))
    base_kw = shed_by_step(
        frequency_hz,
        load_kw,
        float(step_s),
        plan.base_hz,
        stage_hz,
        delay_s,
        share,
        below_s,
        shed,
        math.nan if state.base_kw is None else state.base_kw,
        shed_kw,
    )
    return shed_kw, SheddingState(
        below_s=tuple(below_s.tolist()),
        shed=tuple(shed.tolist()),
        base_kw=None if math.isnan(base_kw) else base_kw,
    )


def _error(fault: str) -> TwinError:
    return TwinError(
        fault,
        place="load shedding",
        next_step="give finite loads, and a state from SheddingState.initial or the end of a run of the same plan",
    )
