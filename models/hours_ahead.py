"""Load of the next 24 hours: a ridge regression on lags, levels and what the last hours tell."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.records import Array, Series
from kpp_twin.timegrid import TimeGrid
from models import naive, ridge
from models.features import inputs, instant_us, known_of
from models.horizons import hours_ahead
from models.training import HOURS_AHEAD_TRAINING_DAYS, JUDGED_DAYS, Walked, fit_at, hours_ahead_rows, walk


def fit(
    series: Series, *, issued_at: datetime, zone: ZoneInfo, temperature: Series | None
) -> tuple[dict[str, Array], dict[str, float]]:
    """Weights, and scores of a walk over the last days.

    Raises
    ------
    TooLittleTrainingError
        The history is too short.
    """
    past_days = max(1, (issued_at - series.grid.start).days + 1)
    rows = hours_ahead_rows(
        series,
        hours_ahead(issued_at, series.grid.step_minutes),
        issued_at=issued_at,
        days=min(JUDGED_DAYS + HOURS_AHEAD_TRAINING_DAYS, max(JUDGED_DAYS, past_days)),
        zone=zone,
        temperature=temperature,
    )
    walked = walk(rows, issued_at=issued_at)
    spread = ridge.spread_of(walked.errors, walked.lead)
    weights = {
        "coefficients": fit_at(rows, instant_us(issued_at)),
        "errors": ridge.error_table(walked.errors / walked.scale / spread[walked.lead], walked.hour),
        "spread": spread,
    }
    return weights, _scores(series, walked, zone)


def forecast(
    weights: Mapping[str, Array],
    series: Series,
    *,
    issued_at: datetime,
    horizon: TimeGrid,
    zone: ZoneInfo,
    temperature: Series | None,
) -> tuple[Array, Array]:
    """Point ``(n_steps,)`` and quantiles ``(n_steps, 19)`` from what is known at the issue.

    Raises
    ------
    MissingInputError
        Too little is known for some interval.
    """
    targets = horizon.index
    known = inputs(
        known_of(series, zone),
        targets,
        np.full(len(targets), instant_us(issued_at)),
        zone,
        None if temperature is None else known_of(temperature, zone),
    )
    return ridge.forecast(weights, known, targets)


def _scores(series: Series, walked: Walked, zone: ZoneInfo) -> dict[str, float]:
    """Error of the walk, and that of the better naive forecast at the same issues."""
    position = series.grid.positions(walked.targets)
    actual = np.where(position >= 0, series.values[position], np.nan)
    issues = walked.issues_us.astype("datetime64[us]")
    errors = {m: actual - naive.point_forecast(series, walked.targets, issues, m, zone) for m in naive.LAGS}
    common = np.all([np.isfinite(e) for e in (walked.errors, *errors.values())], axis=0)
    if not common.any():
        return {}
    return {
        "hours_ahead_mae": float(np.abs(walked.errors[common]).mean()),
        "hours_ahead_naive_mae": min(float(np.abs(e[common]).mean()) for e in errors.values()),
    }
