"""A forecaster of one toy family, and a twin that lives on what its own cycles decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

import numpy as np
from market_examples import UTC_ZONE

from kpp_twin.records import CycleKind, History, MemberForecast, ModelVersion, Series, Serving, Trial
from kpp_twin.timegrid import TimeGrid
from kpp_twin.units import Array
from models.days import DayTables
from models.ensemble import Family
from models.forecasting import Decided, Practice, decide

PRACTICE = Practice(zone=UTC_ZONE, issue_time=time(9, 30), market="FR", days=10)
LEARNT_DAYS = 14


@dataclass
class Toy:
    """The mean day of the last two weeks, by turns too high and too low by `bend`: how wrong a fit comes out."""

    bend: float = 0.0

    def fit(self, tables: DayTables, until: int) -> Mapping[str, Array]:
        known = tables.target[: until - tables.lag + 1]
        return {"shape": np.nanmean(known[-LEARNT_DAYS:], axis=0), "bend": np.array([self.bend])}

    @staticmethod
    def forecast(weights: Mapping[str, Array], tables: DayTables, first: int, stop: int) -> Array:
        turns = np.where(np.arange(tables.n_slots) % 2, 1.0, -1.0)
        return np.tile(weights["shape"] + weights["bend"] * turns, (stop - first, 1))

    @property
    def families(self) -> tuple[Family, ...]:
        return (Family(name="toy", fit=self.fit, forecast=self.forecast, least_days=28),)


@dataclass
class Twin:
    """Keeps what its cycles decide, and gives the next cycle what a store would."""

    series: tuple[Series, ...]
    models: list[ModelVersion] = field(default_factory=list)
    servings: list[Serving] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    members: list[MemberForecast] = field(default_factory=list)

    def history(self, as_of: datetime) -> History:
        """All known then; of choices and trials the newest, with the versions that they name."""
        servings = {(row.variable, row.series): row for row in self.servings}
        trials = {(row.variable, row.series): row for row in self.trials}
        names = {row.model_version for row in servings.values()}
        names |= {row.challenger for row in trials.values() if row.verdict == "begun"}
        return History(
            as_of=as_of,
            series=tuple(known_at(series, as_of) for series in self.series),
            models=tuple({m.model_version: m for m in self.models if m.model_version in names}.values()),
            servings=tuple(servings.values()),
            trials=tuple(trials.values()),
            members=tuple(row for row in self.members if row.model_version in names),
        )

    def run(self, kind: CycleKind, as_of: datetime) -> Decided:
        """One cycle; a store takes each row once."""
        decided = decide(kind, self.history(as_of), PRACTICE)
        kept = {model.model_version for model in self.models}
        assert not kept & {model.model_version for model in decided.models}, "a version is kept once"
        chosen = [(row.variable, row.series) for row in decided.servings]
        assert len(chosen) == len(set(chosen)), "a series is served by one version at a time"
        begun = [(row.variable, row.series) for row in decided.trials if row.verdict == "begun"]
        assert len(begun) == len(set(begun)), "a series has one trial at a time"
        self.models += decided.models
        self.servings += decided.servings
        self.trials += decided.trials
        self.members += decided.members
        return decided

    def days(self, first: datetime, n_days: int) -> list[Decided]:
        """A daily cycle on each of some days."""
        return [self.run("daily", first + timedelta(days=day)) for day in range(n_days)]


def known_at(series: Series, as_of: datetime) -> Series:
    """What of a series is known at an instant, as a store would give it."""
    known = series.known_at <= np.datetime64(as_of.replace(tzinfo=None), "us")
    n_steps = int(np.flatnonzero(known)[-1]) + 1
    grid = TimeGrid(start=series.grid.start, step_minutes=series.grid.step_minutes, n_steps=n_steps)
    values = np.where(known, series.values, np.nan)[:n_steps]
    return replace(series, grid=grid, values=values, known_at=series.known_at[:n_steps])
