"""Frozen records that the stages hand to one another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from kpp_twin.feeds import Feed
from kpp_twin.operation import Operation
from kpp_twin.timegrid import TimeGrid, hour_label, utc
from kpp_twin.units import Array as Array

CycleKind = Literal["hourly", "daily", "retrain", "promote", "rollback"]
ChosenBy = Literal["first", "refit", "gate", "rollback", "operator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a source gave for one feed, as it came.

    Attributes
    ----------
    rows
        Columns as named by the source, values as they stood there (text from CSV, typed from Parquet).
    origins
        File and row of each row.
    source
        Name of the data set.
    faults
        What is wrong with a whole file; any of them blocks.
    """

    feed: Feed
    rows: pd.DataFrame
    origins: pd.Series
    source: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A cycle by what it is and what it may know.

    Attributes
    ----------
    subject
        What an operator named: the forecaster to promote, or the series to roll back; empty for all other cycles.
    """

    kind: CycleKind
    as_of: datetime
    subject: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "as_of", utc(self.as_of))

    @property
    def cycle_id(self) -> str:
        """Name of the cycle, as in ``hourly-2021-10-14T06:15Z``."""
        return f"{self.kind}-{hour_label(self.as_of)}" + (f"={self.subject}" if self.subject else "")


def slot_of(cycle_id: str) -> Slot:
    """Slot of a cycle's name; the other way round of `Slot.cycle_id`."""
    kind, _, rest = cycle_id.partition("-")
    if kind not in get_args(CycleKind):
        raise ValueError(f"{cycle_id!r} is no cycle; one is called as in hourly-2021-10-14T06:15Z")
    moment, _, subject = rest.partition("=")
    return Slot(kind=kind, as_of=utc(datetime.fromisoformat(moment)), subject=subject)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Predecessor:
    """The end state that a cycle starts from; number 0 before the first."""

    cycle_number: int
    cycle_id: str
    as_of: datetime | None
    digest: str
    state: Mapping[str, Any]


ORIGIN = Predecessor(cycle_number=0, cycle_id="", as_of=None, digest="", state={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the store already holds of a feed: context for the gate, and what need not come again.

    Attributes
    ----------
    since
        Start of the look-back window, not after the newest known interval; none before the first delivery.
    versions
        Every known version of every interval of that window, oldest first: series, valid_from, value.
    refused
        Fingerprints in quarantine.
    """

    feed: Feed
    since: datetime | None
    versions: pd.DataFrame
    refused: frozenset[str]

    @property
    def latest(self) -> pd.DataFrame:
        """Return the newest version of each interval."""
        return self.versions.drop_duplicates(["series", "valid_from"], keep="last")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where a cycle stands before it does anything."""

    slot: Slot
    predecessor: Predecessor
    seen: Mapping[str, Seen]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A feed's delivery after the gate; ``rows_in == len(admitted) + len(quarantined)``.

    Attributes
    ----------
    delivery
        The new rows as they came, with the known rows of the same stamps: enough to judge them again alike.
    source_ends
        Start of the last interval that the source holds, known yet or not.
    """

    feed: Feed
    admitted: pd.DataFrame
    quarantined: pd.DataFrame
    results: pd.DataFrame
    delivery: Delivery
    source_ends: datetime | None = None

    @property
    def rows_in(self) -> int:
        """New rows that were delivered."""
        return len(self.admitted) + len(self.quarantined)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One measured series; ``values`` is NaN where nothing is known. All arrays ``(grid.n_steps,)``."""

    variable: str
    name: str
    grid: TimeGrid
    values: Array
    known_at: npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """A trained forecaster and what it was judged by.

    Attributes
    ----------
    parameters
        What can be told in JSON: the recipe and its settings.
    weights
        All trained numbers by name, float64; with `parameters` they rebuild the forecaster, and no code runs for it.
    """

    model_version: str
    variable: str
    series: str
    method: str
    parameters: Mapping[str, Any]
    window_start: datetime
    window_end: datetime
    scores: Mapping[str, float]
    known_at: datetime
    weights: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """From when on a model version issues the forecasts of its series, and who chose it.

    A version that an operator chose stays until the operator chooses again; all others give way to a refit or a trial.
    """

    variable: str
    series: str
    model_version: str
    chosen_by: ChosenBy
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberForecast:
    """What one member of an ensemble said of a local day, and how much it weighed.

    Attributes
    ----------
    valid_from
        Start of the local day.
    duration_minutes
        Length of a slot.
    numbers
        By slot of the wall clock, ``(n_slots,)``.
    """

    variable: str
    series: str
    model_version: str
    member: str
    valid_from: datetime
    duration_minutes: int
    issued_at: datetime
    weight: float
    numbers: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A challenger beside the champion that serves: as it began, or as it ended.

    Attributes
    ----------
    kind
        A guard is a challenge by the version that served before.
    days
        That both were judged on.
    loss_ratio
        Error of the challenger over that of the champion; none before there are days.
    statistic, limit_value
        Of the last look; none before one.
    """

    variable: str
    series: str
    champion: str
    challenger: str
    kind: Literal["challenge", "guard"]
    verdict: Literal["begun", "promoted", "kept"]
    days: int
    loss_ratio: float | None
    statistic: float | None
    limit_value: float | None
    reason: str
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftAlarm:
    """Errors of a serving forecaster that are no longer as they were, told by the local day from `valid_from`."""

    variable: str
    series: str
    model_version: str
    kind: str
    valid_from: datetime
    statistic: float
    limit_value: float
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """One forecast as issued; ``values`` is ``(n_steps,)``, ``quantiles`` ``(n_steps, n_levels)``, rising.

    Attributes
    ----------
    tier
        Who spoke, as in ensemble or naive_weekly.
    reason
        Why no better one did; empty if there is none.
    """

    variable: str
    series: str
    grid: TimeGrid
    issued_at: datetime
    model_version: str
    values: Array
    quantiles: Array
    tier: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All that may be known at ``as_of``.

    Attributes
    ----------
    models
        The versions that serve or are on trial, with their weights.
    servings
        The newest choice for each variable and series.
    trials
        The newest row of each variable and series.
    members
        What the members of these versions said of the last days.
    """

    as_of: datetime
    series: tuple[Series, ...]
    models: tuple[ModelVersion, ...]
    servings: tuple[Serving, ...] = ()
    trials: tuple[Trial, ...] = ()
    members: tuple[MemberForecast, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a cycle computed from its history."""

    models: tuple[ModelVersion, ...] = ()
    servings: tuple[Serving, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    members: tuple[MemberForecast, ...] = ()
    trials: tuple[Trial, ...] = ()
    alarms: tuple[DriftAlarm, ...] = ()
    operation: Operation = field(default_factory=Operation)
    table_checks: tuple[pd.DataFrame, ...] = ()
    notes: tuple[str, ...] = ()
    state: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleReport:
    """What a cycle did; ``already_done`` if an earlier run had written it."""

    slot: Slot
    cycle_number: int
    rows_in: int
    rows_admitted: int
    rows_quarantined: int
    row_counts: Mapping[str, int]
    notes: tuple[str, ...]
    already_done: bool = False
