"""The daily life of a series' forecaster: asked every day, refitted at its turn or on drift, tried against others.

State is the history alone: which version serves, which is on trial, and what the members of both said. A refit is of
the same recipe on newer data, as in the backtest that judged the recipe: it serves at once, and the version before it
stands guard. What an operator trains is on trial until it is found better. What an operator promotes stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.metadata import version
from typing import Literal

import numpy as np

from kpp_twin.records import (
    Array,
    ChosenBy,
    DriftAlarm,
    Forecast,
    History,
    MemberForecast,
    ModelVersion,
    Series,
    Serving,
    Trial,
)
from kpp_twin.timegrid import local_midnight
from models.day_ahead import MOST_RECORD_DAYS, Issued, Record, issue, said
from models.days import DayTables, Int, date_of, day_number
from models.drift import drift_alarms
from models.ensemble import REFIT_DAYS
from models.errors import WeightsError
from models.features import mean_of
from models.forecaster import DayAheadForecaster
from models.naming import content_name
from models.promotion import Verdict, judge_challenger, judge_champion

METHOD = "ensemble"
NORMAL_SIZE = 1.2533  # of a normal distribution: the standard deviation in mean sizes
LIBRARIES = ("numpy", "scipy", "scikit-learn", "statsmodels", "numba")  # whose versions may move a trained number


@dataclass(slots=True)
class Decided:
    """What the forecasters of a cycle decided and said; a note for each series of which something cannot be said."""

    models: list[ModelVersion] = field(default_factory=list)
    servings: list[Serving] = field(default_factory=list)
    forecasts: list[Forecast] = field(default_factory=list)
    members: list[MemberForecast] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    alarms: list[DriftAlarm] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def serves(self, series: Series, history: History) -> str | None:
        """Version that serves a series from now on; none if there never was one."""
        rows = [*history.servings, *self.servings]
        names = [row.model_version for row in rows if (row.variable, row.series) == (series.variable, series.name)]
        return names[-1] if names else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A version on this day: its record with today's answer, and what follows from both."""

    model: ModelVersion
    record: Record
    issued: Issued


@dataclass(slots=True, kw_only=True)
class Life:
    """One series on one day.

    Attributes
    ----------
    forecaster
        Not fitted; its kind is that of the series.
    exogenous
        Other series that tell of this one.
    decided
        What is found goes in here.
    tables
        The days of the series as they are known now.
    """

    forecaster: DayAheadForecaster
    history: History
    series: Series
    exogenous: Sequence[Series]
    decided: Decided
    tables: DayTables = field(init=False)

    def __post_init__(self) -> None:
        self.tables = self.forecaster.tables(self.series, issued_at=self.as_of, exogenous=self.exogenous)

    @property
    def as_of(self) -> datetime:
        """Now."""
        return self.history.as_of

    @property
    def key(self) -> tuple[str, str]:
        """Variable and name of the series."""
        return self.series.variable, self.series.name

    def go_on(self) -> Issued:
        """Forecast the next day with the version that serves at the end of today's judgements.

        Raises
        ------
        TooLittleTrainingError
            No version serves yet, and there is too little to train one.
        """
        serving, champion = serving_version(self.history, self.series)
        if serving is None or champion is None or champion.method != METHOD:
            return self._answer(self._begin()).issued
        try:
            asked = self._answer(champion)
        except WeightsError as error:  # of a recipe from before
            self._note(f"{champion.model_version} cannot be asked any more, and a new one was trained: {error}")
            return self._answer(self._begin()).issued
        is_pinned = serving.chosen_by == "operator"
        trial = self._open_trial()
        if trial is not None:
            asked = self._look(trial, asked, is_pinned=is_pinned)
        alarms = self._drift(asked)
        age = (self.as_of - serving.known_at).days
        if asked.model is champion and (alarms or age >= REFIT_DAYS) and not is_pinned:
            asked = self._refit(asked, f"drift of {', '.join(alarms)}" if alarms else f"it has served for {age} days")
        return asked.issued

    def train(self) -> None:
        """Train a version by a walk over the last days; it is on trial unless nothing serves yet or one is pinned.

        Raises
        ------
        TooLittleTrainingError
            There is too little to train on.
        """
        serving, champion = serving_version(self.history, self.series)
        if serving is None or champion is None or champion.method != METHOD:
            self._begin()
            return
        trained = self._trained(None)
        if trained.model_version == champion.model_version:  # nothing new is known
            self.decided.models.remove(trained)
            return
        if serving.chosen_by == "operator":
            self._note(f"{trained.model_version} was trained; {champion.model_version} serves, chosen by an operator")
        else:
            trial = self._open_trial()
            if trial is not None:
                self._end(trial, "kept", None, "another challenger came")
            self._try(champion, trained, "challenge", "an operator trained it")

    def _begin(self) -> ModelVersion:
        trained = self._trained(None)
        self._serve(trained, "first")
        return trained

    def _open_trial(self) -> Trial | None:
        newest = next((t for t in self.history.trials if (t.variable, t.series) == self.key), None)
        return newest if newest is not None and newest.verdict == "begun" else None

    def _trained(self, record: Record | None) -> ModelVersion:
        """A version fitted on what is known now; without a record, judged by a walk."""
        fitted = self.forecaster.fit(self.series, issued_at=self.as_of, exogenous=self.exogenous, record=record)
        parameters = {**fitted.parameters_, "libraries": {name: version(name) for name in LIBRARIES}}
        days = fitted.record.day
        model = ModelVersion(
            model_version=content_name(*self.key, METHOD, parameters, fitted.weights_),
            variable=self.series.variable,
            series=self.series.name,
            method=METHOD,
            parameters=parameters,
            window_start=self._midnight(int(days[0])),
            window_end=self._midnight(int(days[-1]) + 1),
            scores=fitted.scores_,
            known_at=self.as_of,
            weights=fitted.weights_,
        )
        self.decided.models.append(model)
        return model

    def _answer(self, model: ModelVersion) -> Asked:
        """Ask a version about the next day; what its members say is kept."""
        loaded = type(self.forecaster).load(
            model.weights, model.parameters, zone=self.forecaster.zone, issue_time=self.forecaster.issue_time
        )
        today = loaded.ask(self.tables, self.exogenous)
        record = loaded.record.extended(self._said_since(model.model_version, today)).extended(today)
        unseen = np.searchsorted(record.day, self._day(model.known_at), side="right")
        asked = Asked(model=model, record=record, issued=issue(record, self.tables, bands_from=int(unseen)))
        for row, family in enumerate(loaded.families):
            if np.isfinite(today.members[row]).any():
                self.decided.members.append(
                    MemberForecast(
                        variable=self.series.variable,
                        series=self.series.name,
                        model_version=model.model_version,
                        member=family.name,
                        valid_from=self._midnight(int(today.day[0])),
                        duration_minutes=self.series.grid.step_minutes,
                        issued_at=self.as_of,
                        weight=float(asked.issued.weights[row, -1]),
                        numbers=today.members[row, 0],
                    )
                )
        return asked

    def _said_since(self, model_version: str, today: Record) -> Record:
        """What the history kept of a version's members."""
        row = {family.name: number for number, family in enumerate(self.forecaster.families)}
        n_members, _, n_slots = today.members.shape
        by_day: dict[int, np.ndarray] = {}
        for kept in self.history.members:
            if kept.model_version == model_version and len(kept.numbers) == n_slots:
                by_day.setdefault(self._day(kept.valid_from), np.full((n_members, n_slots), np.nan))[
                    row[kept.member]
                ] = kept.numbers
        return said(by_day, n_members, n_slots)

    def _look(self, trial: Trial, champion: Asked, *, is_pinned: bool) -> Asked:
        """Judge a trial by the days that neither version had seen; the one that serves from now on."""
        if is_pinned or trial.champion != champion.model.model_version:
            self._end(trial, "kept", None, "an operator chose")
            return champion
        try:
            challenger = self._answer(version_named(self.history, trial.challenger))
        except WeightsError:
            self._end(trial, "kept", None, "the challenger is of a recipe from before")
            return champion
        days = np.arange(self._day(trial.known_at) + 1, int(self.tables.day[-1]) + 1)
        judge = judge_challenger if trial.kind == "challenge" else judge_champion
        verdict = judge(_losses(champion.issued, days), _losses(challenger.issued, days))
        if verdict.decision == "promote":
            self._end(trial, "promoted", verdict, f"better on {verdict.n_days} days that neither had seen")
            self._serve(challenger.model, "gate" if trial.kind == "challenge" else "rollback")
            if trial.kind == "challenge":
                self._try(challenger.model, champion.model, "guard", "served before the promotion")
            return challenger
        if verdict.decision == "keep":
            self._end(trial, "kept", verdict, f"not told apart on {verdict.n_days} days")
        return champion

    def _drift(self, asked: Asked) -> list[str]:
        """Alarms that the newest known day raises, by kind."""
        issued = asked.issued
        unseen = issued.day > self._day(asked.model.known_at)
        error = issued.actual - issued.point
        expected = NORMAL_SIZE * mean_of(np.abs(error[~unseen]).T)  # bands would follow a drift within days
        lower, upper = issued.band_90
        is_inside = (issued.actual >= lower) & (issued.actual <= upper)
        covered = np.where(np.isfinite(error), is_inside, np.nan)
        standardised = error / np.where(expected > 0, expected, np.nan)
        newest = int(unseen.sum()) - 1 - self.tables.lag
        kinds: list[str] = []
        for alarm in drift_alarms(standardised[unseen], covered[unseen]):
            if alarm.day_index == newest:
                kinds.append(alarm.kind)
                self.decided.alarms.append(
                    DriftAlarm(
                        variable=self.series.variable,
                        series=self.series.name,
                        model_version=asked.model.model_version,
                        kind=alarm.kind,
                        valid_from=self._midnight(int(issued.day[-1]) - self.tables.lag),
                        statistic=alarm.statistic,
                        limit_value=alarm.limit,
                        known_at=self.as_of,
                    )
                )
        return kinds

    def _refit(self, champion: Asked, reason: str) -> Asked:
        """Fit the champion's recipe on newer data; it serves, and the former one stands guard."""
        trial = self._open_trial()
        if trial is not None and not any((t.variable, t.series) == self.key for t in self.decided.trials):
            self._end(trial, "kept", None, "the champion was fitted anew")
        today = len(champion.record.day) - 1
        before = Record(day=champion.record.day[:today], members=champion.record.members[:, :today])
        fresh = self._trained(before.newest(MOST_RECORD_DAYS))
        self._serve(fresh, "refit")
        self._try(fresh, champion.model, "guard", f"served before the refit: {reason}")
        self._note(f"{' '.join(self.key)} was fitted anew: {reason}")
        return self._answer(fresh)

    def _serve(self, model: ModelVersion, chosen_by: ChosenBy) -> None:
        self.decided.servings.append(serving_of(model, chosen_by, self.as_of))

    def _try(
        self, champion: ModelVersion, challenger: ModelVersion, kind: Literal["challenge", "guard"], reason: str
    ) -> None:
        self.decided.trials.append(
            Trial(
                variable=champion.variable,
                series=champion.series,
                champion=champion.model_version,
                challenger=challenger.model_version,
                kind=kind,
                verdict="begun",
                days=0,
                loss_ratio=None,
                statistic=None,
                limit_value=None,
                reason=reason,
                known_at=self.as_of,
            )
        )

    def _end(self, trial: Trial, verdict: Literal["promoted", "kept"], looked: Verdict | None, reason: str) -> None:
        ended = replace(trial, verdict=verdict, reason=reason, known_at=self.as_of)
        if looked is not None:
            ended = replace(
                ended,
                days=looked.n_days,
                loss_ratio=looked.loss_ratio,
                statistic=looked.statistic,
                limit_value=looked.limit,
            )
        self.decided.trials.append(ended)
        self._note(f"{' '.join(self.key)}: the trial of {trial.challenger} ended, {verdict}: {reason}")

    def _note(self, text: str) -> None:
        self.decided.notes.append(text)

    def _day(self, moment: datetime) -> int:
        """Local day of an instant, since 1970."""
        return day_number(moment.astimezone(self.forecaster.zone).date())

    def _midnight(self, day: int) -> datetime:
        return local_midnight(date_of(day), self.forecaster.zone)


def serving_version(history: History, series: Series) -> tuple[Serving | None, ModelVersion | None]:
    """The newest choice for a series, and the version that it names.

    Raises
    ------
    ValueError
        That version is not in the history.
    """
    key = (series.variable, series.name)
    serving = next((row for row in history.servings if (row.variable, row.series) == key), None)
    if serving is None:
        return None, None
    return serving, version_named(history, serving.model_version)


def version_named(history: History, model_version: str) -> ModelVersion:
    """A version that serves or is on trial.

    Raises
    ------
    ValueError
        It is not in the history.
    """
    for model in history.models:
        if model.model_version == model_version:
            return model
    raise ValueError(f"{model_version} serves or is on trial, but is not in the history")


def serving_of(model: ModelVersion, chosen_by: ChosenBy, as_of: datetime) -> Serving:
    """The choice of a version from now on."""
    return Serving(
        variable=model.variable,
        series=model.series,
        model_version=model.model_version,
        chosen_by=chosen_by,
        known_at=as_of,
    )


def _losses(issued: Issued, days: Int) -> Array:
    """Daily losses on other days, ``(len(days),)``; NaN where there is none."""
    is_there = np.isin(days, issued.day)
    found = np.full(len(days), np.nan)
    found[is_there] = issued.daily_losses[np.searchsorted(issued.day, days[is_there])]
    return found
