"""Which forecaster serves each series, and the forecasts that it issues."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kpp_twin.records import CycleKind, Forecast, History, ModelVersion, Series
from kpp_twin.timegrid import TimeGrid, hour_label
from kpp_twin.units import MINUTES_PER_HOUR
from models import naive

HOURS_AHEAD = 24  # of the hourly load forecast
VARIABLES = {
    "daily": ("price", "load"),
    "retrain": ("price", "load"),
    "hourly": ("load",),  # nothing new is learnt of prices between two auctions
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What the forecasters of a cycle decided; a note for each series of which nothing can be said."""

    models: tuple[ModelVersion, ...]
    forecasts: tuple[Forecast, ...]
    notes: tuple[str, ...]


def next_local_day(as_of: datetime, step_minutes: int, zone: ZoneInfo) -> TimeGrid:
    """Grid of the local day after that of ``as_of``: the day that the day-ahead market sells next."""
    return TimeGrid.local_day(as_of.astimezone(zone).date() + timedelta(days=1), zone, step_minutes)


def hours_ahead(as_of: datetime, step_minutes: int) -> TimeGrid:
    """Grid of the next 24 hours, from the first interval that has not begun before ``as_of``."""
    step = timedelta(minutes=step_minutes)
    midnight = as_of.replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight + -(-(as_of - midnight) // step) * step
    return TimeGrid(start=start, step_minutes=step_minutes, n_steps=HOURS_AHEAD * MINUTES_PER_HOUR // step_minutes)


def decide(kind: CycleKind, history: History, *, days: int, zone: ZoneInfo) -> Decided:
    """Choose the forecasters (daily, retrain) and issue the forecasts (daily: next local day; hourly: 24 hours).

    Parameters
    ----------
    days
        How many days back the candidates are compared, and their errors collected for the quantiles.
    """
    serving = {(model.variable, model.series): model for model in history.models}
    models, forecasts, notes = [], [], []
    for series in history.series:
        if series.variable not in VARIABLES[kind]:
            continue
        step = series.grid.step_minutes
        horizon = hours_ahead(history.as_of, step) if kind == "hourly" else next_local_day(history.as_of, step, zone)
        try:
            judged = naive.judge(series, issued_at=history.as_of, horizon=horizon, days=days, zone=zone)
            model = serving.get((series.variable, series.name))
            if kind != "hourly":
                model = _model(series, judged, history.as_of)
                models.append(model)
            if model is None:
                notes.append(f"no forecast of {series.variable} {series.name}: no model has been trained yet")
            elif kind != "retrain":
                forecasts.append(_forecast(series, judged, model, history.as_of, horizon, zone))
        except naive.TooLittleHistoryError as error:
            notes.append(f"no forecast: {error}")
    return Decided(models=tuple(models), forecasts=tuple(forecasts), notes=tuple(notes))


def _model(series: Series, judged: naive.Judged, as_of: datetime) -> ModelVersion:
    return ModelVersion(
        model_version=f"{series.variable}-{series.name}-{hour_label(as_of)}",
        variable=series.variable,
        series=series.name,
        method=judged.best,
        parameters={"lags_days": list(naive.LAGS[judged.best])},
        window_start=judged.window_start,
        window_end=judged.window_end,
        scores=judged.scores,
        known_at=as_of,
    )


def _forecast(
    series: Series, judged: naive.Judged, model: ModelVersion, as_of: datetime, horizon: TimeGrid, zone: ZoneInfo
) -> Forecast:
    values, quantiles = naive.forecast(series, judged, method=model.method, issued_at=as_of, horizon=horizon, zone=zone)
    return Forecast(
        variable=series.variable,
        series=series.name,
        grid=horizon,
        issued_at=as_of,
        model_version=model.model_version,
        values=values,
        quantiles=quantiles,
    )
