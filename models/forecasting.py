"""Which forecaster serves each series, and the forecasts that it issues."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kpp_twin.records import Forecast, History, ModelVersion, Series
from kpp_twin.timegrid import TimeGrid, hour_label
from models import naive

HOURS_AHEAD = 24  # of the hourly load forecast
FORECAST_VARIABLES = ("price", "load")


def next_local_day(as_of: datetime, step_minutes: int, zone: ZoneInfo) -> TimeGrid:
    """Grid of the local day after that of ``as_of``: the day that the day-ahead market sells next."""
    return TimeGrid.local_day(as_of.astimezone(zone).date() + timedelta(days=1), zone, step_minutes)


def hours_ahead(as_of: datetime, step_minutes: int) -> TimeGrid:
    """Grid of the next 24 hours, from the first interval that has not begun before ``as_of``."""
    step = timedelta(minutes=step_minutes)
    midnight = as_of.replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight + -(-(as_of - midnight) // step) * step
    return TimeGrid(start=start, step_minutes=step_minutes, n_steps=HOURS_AHEAD * 60 // step_minutes)


def train(history: History, *, days: int, zone: ZoneInfo) -> tuple[tuple[ModelVersion, ...], tuple[str, ...]]:
    """Choose the naive forecaster of each series by its day-ahead errors of the last days.

    Returns
    -------
    tuple
        The chosen models, and a note for each series that has too little history.
    """
    models, notes = [], []
    for series in _forecast_series(history):
        horizon = next_local_day(history.as_of, series.grid.step_minutes, zone)
        try:
            judged = naive.judge(series, issued_at=history.as_of, horizon=horizon, days=days, zone=zone)
        except naive.TooLittleHistoryError as error:
            notes.append(f"no model: {error}")
            continue
        models.append(
            ModelVersion(
                model_version=f"{series.variable}-{series.name}-{hour_label(history.as_of)}",
                variable=series.variable,
                series=series.name,
                method=judged.best,
                parameters={"lags_days": list(naive.LAGS[judged.best])},
                window_start=judged.window_start,
                window_end=judged.window_end,
                scores=judged.scores,
                known_at=history.as_of,
            )
        )
    return tuple(models), tuple(notes)


def forecast_day(
    history: History, models: Sequence[ModelVersion], *, days: int, zone: ZoneInfo
) -> tuple[tuple[Forecast, ...], tuple[str, ...]]:
    """Price and load of the next local day."""
    targets = [(s, next_local_day(history.as_of, s.grid.step_minutes, zone)) for s in _forecast_series(history)]
    return _forecast(history, models, targets, days=days, zone=zone)


def forecast_hours(
    history: History, models: Sequence[ModelVersion], *, days: int, zone: ZoneInfo
) -> tuple[tuple[Forecast, ...], tuple[str, ...]]:
    """Load of the next 24 hours; nothing new is learnt of prices between two auctions."""
    loads = [s for s in _forecast_series(history) if s.variable == "load"]
    targets = [(s, hours_ahead(history.as_of, s.grid.step_minutes)) for s in loads]
    return _forecast(history, models, targets, days=days, zone=zone)


def _forecast_series(history: History) -> list[Series]:
    return [series for series in history.series if series.variable in FORECAST_VARIABLES]


def _forecast(
    history: History,
    models: Sequence[ModelVersion],
    targets: Sequence[tuple[Series, TimeGrid]],
    *,
    days: int,
    zone: ZoneInfo,
) -> tuple[tuple[Forecast, ...], tuple[str, ...]]:
    serving = {(model.variable, model.series): model for model in models}
    forecasts, notes = [], []
    for series, horizon in targets:
        model = serving.get((series.variable, series.name))
        if model is None:
            notes.append(f"no forecast of {series.variable} {series.name}: no model has been trained yet")
            continue
        try:
            judged = naive.judge(series, issued_at=history.as_of, horizon=horizon, days=days, zone=zone)
            values, quantiles = naive.forecast(
                series, judged, method=model.method, issued_at=history.as_of, horizon=horizon, zone=zone
            )
        except naive.TooLittleHistoryError as error:
            notes.append(f"no forecast: {error}")
            continue
        forecasts.append(
            Forecast(
                variable=series.variable,
                series=series.name,
                grid=horizon,
                issued_at=history.as_of,
                model_version=model.model_version,
                values=values,
                quantiles=quantiles,
            )
        )
    return tuple(forecasts), tuple(notes)
