"""The forecasts that a cycle issues for each series, by the best tier that can speak."""

from dataclasses import dataclass
from datetime import time
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.records import Array, CycleKind, Forecast, History, ModelVersion, Series
from kpp_twin.timegrid import TimeGrid
from models import naive
from models.days import DayTables
from models.errors import MissingInputError, TooLittleHistoryError, TooLittleTrainingError, WeightsError
from models.families import seasonal
from models.forecaster import DayAheadForecaster, on_horizon
from models.horizons import hours_ahead, next_local_day
from models.layout import slots_within
from models.lifecycle import METHOD, Decided, Life, serving_of, serving_version
from models.load import HOURS_AHEAD, LoadForecaster
from models.naming import content_name
from models.price import PriceForecaster

__all__ = ["Decided", "Practice", "decide", "hours_ahead", "next_local_day"]

FORECASTERS: dict[str, type[DayAheadForecaster]] = {"price": PriceForecaster, "load": LoadForecaster}
VARIABLES = {
    "daily": ("price", "load"),
    "retrain": ("price", "load"),
    "hourly": ("load",),  # nothing new is learnt of prices between two auctions
    "promote": (),
    "rollback": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """How forecasts are made in a market.

    Attributes
    ----------
    zone
        Clock of the local days.
    issue_time
        Local time of the daily issue.
    market
        Whose holidays count.
    days
        How many days back naive forecasts are compared, and their errors collected for the quantiles.
    """

    zone: ZoneInfo
    issue_time: time
    market: str
    days: int


def decide(kind: CycleKind, history: History, practice: Practice) -> Decided:
    """Issue forecasts (daily: of the next local day; hourly: of the next 24 hours), or train (retrain).

    Where the ensemble cannot speak, the next tier does, down to the naive ones; the forecast says which and why.
    """
    decided = Decided()
    step = {"daily": _daily, "hourly": _hourly, "retrain": _train}
    for series in history.series:
        if series.variable in VARIABLES[kind]:
            try:
                step[kind](_Task(history=history, series=series, practice=practice, decided=decided))
            except TooLittleHistoryError as error:
                decided.notes.append(f"no forecast: {error}")
    return decided


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One series in one cycle."""

    history: History
    series: Series
    practice: Practice
    decided: Decided

    @property
    def name(self) -> str:
        return f"{self.series.variable} {self.series.name}"

    @property
    def exogenous(self) -> list[Series]:
        """Temperature measured where a load is; prices are of no one place."""
        if self.series.variable != "load":
            return []
        return [item for item in self.history.series if item.variable == "weather" and item.name == self.series.name]

    def life(self) -> Life:
        """The forecaster of the series on this day."""
        practice, kind = self.practice, FORECASTERS[self.series.variable]
        forecaster = kind(zone=practice.zone, issue_time=practice.issue_time, market=practice.market)
        return Life(
            forecaster=forecaster,
            history=self.history,
            series=self.series,
            exogenous=self.exogenous,
            decided=self.decided,
        )

    def say(
        self, horizon: TimeGrid, model_version: str, said: tuple[Array, Array], tier: str, reason: str = ""
    ) -> None:
        """Issue a forecast."""
        self.decided.forecasts.append(
            Forecast(
                variable=self.series.variable,
                series=self.series.name,
                grid=horizon,
                issued_at=self.history.as_of,
                model_version=model_version,
                values=said[0],
                quantiles=said[1],
                tier=tier,
                reason=reason,
            )
        )


def _daily(task: _Task) -> None:
    """Of the next local day, by the ensemble where it can; a naive one that an operator promoted is not overruled."""
    horizon = next_local_day(task.history.as_of, task.series.grid.step_minutes, task.practice.zone)
    serving, model = serving_version(task.history, task.series)
    if serving is not None and serving.chosen_by == "operator" and model is not None and model.method != METHOD:
        _say_naively(task, horizon, "an operator chose it", model)
        return
    life = task.life()
    try:
        said = on_horizon(life.go_on(), horizon, task.practice.zone)
    except TooLittleTrainingError as error:
        version = _say_simply(task, horizon, str(error), life.tables)
        task.decided.servings.append(serving_of(version, "first", task.history.as_of))
    except (MissingInputError, WeightsError) as error:
        _say_simply(task, horizon, str(error), life.tables)
    else:
        task.say(horizon, str(task.decided.serves(task.series, task.history)), said, METHOD)


def _hourly(task: _Task) -> None:
    """Of the next 24 hours, by what the serving version knows of them."""
    horizon = hours_ahead(task.history.as_of, task.series.grid.step_minutes)
    _, model = serving_version(task.history, task.series)
    if model is None:
        task.decided.notes.append(f"no forecast of {task.name}: no model has been trained yet")
        return
    if model.method != METHOD:
        _say_naively(task, horizon, "no ensemble has been trained yet", model)
        return
    practice = task.practice
    try:
        forecaster = LoadForecaster.load(
            model.weights, model.parameters, zone=practice.zone, issue_time=practice.issue_time
        )
        said = forecaster.forecast_hours_ahead(
            task.series, issued_at=task.history.as_of, horizon=horizon, exogenous=task.exogenous
        )
    except (MissingInputError, WeightsError) as error:
        _say_naively(task, horizon, str(error))
    else:
        task.say(horizon, model.model_version, said, HOURS_AHEAD)


def _train(task: _Task) -> None:
    """A new version."""
    try:
        task.life().train()
    except TooLittleTrainingError as error:
        task.decided.notes.append(f"no ensemble of {task.name}: {error}")


def _say_simply(task: _Task, horizon: TimeGrid, reason: str, tables: DayTables) -> ModelVersion:
    """What a seasonal model says where it can, with the bands of the naive forecast; else the naive one."""
    judged = naive.judge(
        task.series,
        issued_at=task.history.as_of,
        horizon=horizon,
        days=task.practice.days,
        zone=task.practice.zone,
    )
    last = tables.n_days - 1
    values = seasonal.forecast(seasonal.fit(tables, last), tables, last, last + 1)[0]
    point = values[slots_within(horizon, task.practice.zone, int(tables.day[last]))]
    if not np.isfinite(point).all():
        return _say_naively(task, horizon, reason)
    bands = naive.error_table(judged.errors[judged.best], judged.local_hour)
    hour = horizon.index.tz_convert(task.practice.zone).hour
    version = _version(task, seasonal.NAME, {"tier": seasonal.NAME}, judged)
    task.say(horizon, version.model_version, (point, point[:, None] + bands[hour]), seasonal.NAME, reason)
    return version


def _say_naively(task: _Task, horizon: TimeGrid, reason: str, model: ModelVersion | None = None) -> ModelVersion:
    """A naive forecast: by a version that serves, else by the better one that finds a value for every interval."""
    as_of, zone = task.history.as_of, task.practice.zone
    judged = naive.judge(task.series, issued_at=as_of, horizon=horizon, days=task.practice.days, zone=zone)
    better, other = sorted(judged.scores, key=lambda method: judged.scores[method])
    if model is not None and model.method == other:
        better, other = other, better
    say = partial(naive.forecast, task.series, judged, issued_at=as_of, horizon=horizon, zone=zone)
    try:
        method, said = better, say(method=better)
    except TooLittleHistoryError:
        method, said = other, say(method=other)
    if model is None:
        model = _version(task, method, {"lags_days": list(naive.LAGS[method])}, judged)
        task.decided.notes.append(f"{method} speaks for {task.name}: {reason}")
    task.say(horizon, model.model_version, said, method, reason)
    return model


def _version(task: _Task, method: str, parameters: dict[str, object], judged: naive.Judged) -> ModelVersion:
    """A version without weights, recorded with what its bands and its choice rest on."""
    scores = {**judged.scores, "mae": judged.scores[method]} if method in judged.scores else dict(judged.scores)
    content = {**parameters, "scores": scores, "window_end": judged.window_end.isoformat()}
    version = ModelVersion(
        model_version=content_name(task.series.variable, task.series.name, method, content, {}),
        variable=task.series.variable,
        series=task.series.name,
        method=method,
        parameters=parameters,
        window_start=judged.window_start,
        window_end=judged.window_end,
        scores=scores,
        known_at=task.history.as_of,
    )
    task.decided.models.append(version)
    return version
