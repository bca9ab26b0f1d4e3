"""The model versions that a cycle trains for one series: the better naive one, and a ridge where there is enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.records import Array, ModelVersion, Series
from kpp_twin.timegrid import hour_label
from models import naive, ridge
from models.forecaster import RidgeForecaster
from models.judging import band_scores, diebold_mariano, mean_absolute
from models.load import LoadForecaster
from models.price import PriceForecaster
from models.training import TooLittleTrainingError

RIDGE = "ridge"
METHODS = (*naive.LAGS, RIDGE)
FORECASTERS: Mapping[str, type[RidgeForecaster]] = {"price": PriceForecaster, "load": LoadForecaster}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What was trained, the best first by its error on the days that all were judged on."""

    versions: tuple[ModelVersion, ...]
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> ModelVersion:
        """The version with the lowest error."""
        return self.versions[0]


def train(
    series: Series,
    judged: naive.Judged,
    *,
    issued_at: datetime,
    days: int,
    zone: ZoneInfo,
    temperature: Series | None = None,
) -> Candidates:
    """Train and judge every method on what is known at ``issued_at``.

    Parameters
    ----------
    judged
        The naive methods over the last days, of the next local day.
    days
        How many days are judged out of sample.
    """
    errors = dict(judged.errors)
    notes: tuple[str, ...] = ()
    forecaster = None
    try:
        forecaster = FORECASTERS[series.variable](zone=zone).fit(
            series, issued_at=issued_at, days=days, temperature=temperature
        )
        ridge_errors = forecaster.walked_["day_ahead"].errors
        if np.isfinite(ridge_errors + np.sum(list(errors.values()), axis=0)).any():
            errors[RIDGE] = ridge_errors
        else:
            notes = (f"no ridge of {series.variable} {series.name}: it shares no judged day with the naive forecasts",)
    except TooLittleTrainingError as error:
        notes = (f"no ridge of {series.variable} {series.name}: {error}",)
    scores = mean_absolute(errors)
    naive_best = min(naive.LAGS, key=lambda method: scores[method])
    common = np.all([np.isfinite(e) for e in errors.values()], axis=0)
    errors = {method: np.where(common, e, np.nan) for method, e in errors.items()}
    versions = [
        _version(
            series,
            judged,
            issued_at,
            method=naive_best,
            parameters={"lags_days": list(naive.LAGS[naive_best])},
            scores=scores | _own(scores, naive_best, naive_best, errors, np.ones(len(common)), judged, days),
        )
    ]
    if forecaster is not None and RIDGE in errors:
        scale = forecaster.walked_["day_ahead"].scale
        own = _own(scores, RIDGE, naive_best, errors, scale, judged, days) | _hours_ahead(series, forecaster, zone)
        p_value = diebold_mariano(errors[RIDGE], errors[naive_best], days)
        if p_value is not None:
            own["dm_p_value"] = p_value
        versions.append(
            _version(
                series,
                judged,
                issued_at,
                method=RIDGE,
                parameters=forecaster.parameters_,
                scores=scores | own,
                weights=forecaster.weights_,
            )
        )
    return Candidates(versions=tuple(sorted(versions, key=lambda version: version.scores["mae"])), notes=notes)


def _own(
    scores: Mapping[str, float],
    method: str,
    naive_best: str,
    errors: Mapping[str, Array],
    width: Array,
    judged: naive.Judged,
    days: int,
) -> dict[str, float]:
    """Scores of one version: its error, against the better naive one, its bands, and on how many days."""
    own = {"mae": scores[method]}
    if scores[naive_best] > 0:
        own["rmae"] = scores[method] / scores[naive_best]
    table = ridge.error_table if method == RIDGE else naive.error_table
    has_error = np.isfinite(errors[method]).reshape(days, -1).any(axis=1)
    return (
        own
        | band_scores(errors[method], width, judged.local_hour, days, table)
        | {"judged_days": float(has_error.sum())}
    )


def _hours_ahead(series: Series, forecaster: RidgeForecaster, zone: ZoneInfo) -> dict[str, float]:
    """Error of the forecasts of the next hours, and that of the better naive one at the same issues."""
    walked = forecaster.walked_.get("hours_ahead")
    if walked is None:
        return {}
    position = series.grid.positions(walked.targets)
    actual = np.where(position >= 0, series.values[position], np.nan)
    issues = walked.issues_us.astype("datetime64[us]")
    errors = {m: actual - naive.point_forecast(series, walked.targets, issues, m, zone) for m in naive.LAGS}
    scores = mean_absolute(errors | {RIDGE: walked.errors})
    if not np.isfinite(scores[RIDGE]):
        return {}
    return {"hours_ahead_mae": scores[RIDGE], "hours_ahead_naive_mae": min(scores[m] for m in naive.LAGS)}


def _version(
    series: Series,
    judged: naive.Judged,
    issued_at: datetime,
    *,
    method: str,
    parameters: Mapping[str, Any],
    scores: Mapping[str, float],
    weights: Mapping[str, Array] | None = None,
) -> ModelVersion:
    return ModelVersion(
        model_version=f"{series.variable}-{series.name}-{method}-{hour_label(issued_at)}",
        variable=series.variable,
        series=series.name,
        method=method,
        parameters=parameters,
        window_start=judged.window_start,
        window_end=judged.window_end,
        scores=scores,
        known_at=issued_at,
        weights=weights or {},
    )


def naive_version(series: Series, judged: naive.Judged, issued_at: datetime, method: str) -> ModelVersion:
    """A naive forecaster of a series; what serves where nothing else can."""
    scores = dict(judged.scores)
    own = {"mae": scores[method]}
    if scores[judged.best] > 0:
        own["rmae"] = scores[method] / scores[judged.best]
    return _version(
        series,
        judged,
        issued_at,
        method=method,
        parameters={"lags_days": list(naive.LAGS[method])},
        scores=scores | own,
    )
