"""Which forecaster serves each series, and the forecasts that it issues."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from kpp_twin.records import Array, CycleKind, Forecast, History, ModelVersion, Series, Serving
from kpp_twin.timegrid import TimeGrid
from models import naive
from models.candidates import FORECASTERS, RIDGE, naive_version, train
from models.horizons import hours_ahead, next_local_day
from models.ridge import MissingInputError, WeightsError

__all__ = ["Decided", "decide", "hours_ahead", "next_local_day"]

VARIABLES = {
    "daily": ("price", "load"),
    "retrain": ("price", "load"),
    "hourly": ("load",),  # nothing new is learnt of prices between two auctions
    "promote": (),
    "rollback": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What the forecasters of a cycle decided; a note for each series of which something cannot be said."""

    models: tuple[ModelVersion, ...] = ()
    servings: tuple[Serving, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Gathered:
    models: list[ModelVersion] = field(default_factory=list)
    servings: list[Serving] = field(default_factory=list)
    forecasts: list[Forecast] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def decide(kind: CycleKind, history: History, *, days: int, zone: ZoneInfo) -> Decided:
    """Train and choose the forecasters (daily, retrain); issue forecasts (daily: next local day; hourly: 24 hours).

    A version that an operator chose goes on serving; else the best of this cycle's versions does. Where the version
    that serves cannot forecast, the better naive one does, and a note says why.

    Parameters
    ----------
    days
        How many days back the candidates are compared, and their errors collected for the quantiles.
    """
    gathered = _Gathered()
    for series in history.series:
        if series.variable in VARIABLES[kind]:
            try:
                _decide_series(kind, history, series, days, zone, gathered)
            except naive.TooLittleHistoryError as error:
                gathered.notes.append(f"no forecast: {error}")
    return Decided(
        models=tuple(gathered.models),
        servings=tuple(gathered.servings),
        forecasts=tuple(gathered.forecasts),
        notes=tuple(gathered.notes),
    )


def _decide_series(
    kind: CycleKind, history: History, series: Series, days: int, zone: ZoneInfo, gathered: _Gathered
) -> None:
    as_of = history.as_of
    step = series.grid.step_minutes
    model, is_pinned = _serving_model(history, series)
    if kind != "hourly":
        judged = naive.judge(series, issued_at=as_of, horizon=next_local_day(as_of, step, zone), days=days, zone=zone)
        temperature = _temperature(history, series)
        candidates = train(series, judged, issued_at=as_of, days=days, zone=zone, temperature=temperature)
        gathered.models.extend(candidates.versions)
        gathered.notes.extend(candidates.notes)
        if not is_pinned:
            model = candidates.best
            gathered.servings.append(_selected(model, as_of))
    if model is None:
        gathered.notes.append(f"no forecast of {series.variable} {series.name}: no model has been trained yet")
    elif kind != "retrain":
        horizon = hours_ahead(as_of, step) if kind == "hourly" else next_local_day(as_of, step, zone)
        gathered.forecasts.append(_issue(history, series, model, horizon, days, zone, gathered))


def _serving_model(history: History, series: Series) -> tuple[ModelVersion | None, bool]:
    """The version that serves a series, and whether an operator chose it.

    Raises
    ------
    ValueError
        The version that was chosen is not in the history.
    """
    key = (series.variable, series.name)
    models = [model for model in history.models if (model.variable, model.series) == key]
    rows = [row for row in history.servings if (row.variable, row.series) == key]
    if not rows:
        return (models[-1] if models else None), False
    named = [model for model in models if model.model_version == rows[-1].model_version]
    if not named:
        raise ValueError(f"{rows[-1].model_version} serves {series.variable} {series.name}, but is not in the history")
    return named[-1], rows[-1].chosen_by == "operator"


def _temperature(history: History, series: Series) -> Series | None:
    """Temperature measured where the load is; prices are of no one place."""
    if series.variable != "load":
        return None
    return next((item for item in history.series if item.variable == "weather" and item.name == series.name), None)


def _selected(model: ModelVersion, as_of: datetime) -> Serving:
    return Serving(
        variable=model.variable,
        series=model.series,
        model_version=model.model_version,
        chosen_by="selection",
        known_at=as_of,
    )


def _issue(
    history: History,
    series: Series,
    model: ModelVersion,
    horizon: TimeGrid,
    days: int,
    zone: ZoneInfo,
    gathered: _Gathered,
) -> Forecast:
    as_of = history.as_of
    if model.method != RIDGE:
        judged = naive.judge(series, issued_at=as_of, horizon=horizon, days=days, zone=zone)
        pair = naive.forecast(series, judged, method=model.method, issued_at=as_of, horizon=horizon, zone=zone)
        return _record(series, model, horizon, as_of, pair)
    try:
        forecaster = FORECASTERS[series.variable].load(model.weights, model.parameters, zone=zone)
        temperature = _temperature(history, series)
        pair = forecaster.forecast(series, issued_at=as_of, horizon=horizon, temperature=temperature)
    except (MissingInputError, WeightsError) as error:
        model, pair = _fallback(series, horizon, as_of, days, zone)
        gathered.notes.append(f"{model.method} instead of the ridge for {series.variable} {series.name}: {error}")
        if model.model_version not in {version.model_version for version in gathered.models}:
            gathered.models.append(model)
    return _record(series, model, horizon, as_of, pair)


def _fallback(
    series: Series, horizon: TimeGrid, as_of: datetime, days: int, zone: ZoneInfo
) -> tuple[ModelVersion, tuple[Array, Array]]:
    """The better naive forecaster that finds a value for every interval, and what it says."""
    judged = naive.judge(series, issued_at=as_of, horizon=horizon, days=days, zone=zone)
    better, other = sorted(judged.scores, key=lambda method: judged.scores[method])
    issue = partial(naive.forecast, series, judged, issued_at=as_of, horizon=horizon, zone=zone)
    try:
        return naive_version(series, judged, as_of, better), issue(method=better)
    except naive.TooLittleHistoryError:
        return naive_version(series, judged, as_of, other), issue(method=other)


def _record(
    series: Series, model: ModelVersion, horizon: TimeGrid, as_of: datetime, pair: tuple[Array, Array]
) -> Forecast:
    return Forecast(
        variable=series.variable,
        series=series.name,
        grid=horizon,
        issued_at=as_of,
        model_version=model.model_version,
        values=pair[0],
        quantiles=pair[1],
    )
