"""Trained versions side by side, for people."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from kpp_twin.records import ModelVersion, Serving, Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One version and how it did on its judged days; none where a figure was not recorded.

    Attributes
    ----------
    mae
        Mean absolute error out of sample, in the unit of the variable.
    rmae
        Against the better naive forecast on the same days.
    coverage_90
        Share of actual values within the 90 % band.
    dm_p_value
        One-sided p-value of the Diebold-Mariano test against the better naive forecast.
    """

    variable: str
    series: str
    model_version: str
    method: str
    window_start: datetime
    window_end: datetime
    known_at: datetime
    mae: float | None
    rmae: float | None
    crps: float | None
    coverage_90: float | None
    dm_p_value: float | None
    is_serving: bool
    chosen_by: str | None
    is_on_trial: bool


def compare(
    models: Sequence[ModelVersion], servings: Sequence[Serving], trials: Sequence[Trial] = ()
) -> tuple[Compared, ...]:
    """Return one row for each version: by variable and series, the newest training first, then the lowest error.

    Parameters
    ----------
    servings
        All choices, oldest first, or only the newest of each series.
    trials
        The newest row of each series.
    """
    newest = {(row.variable, row.series): row for row in servings}
    on_trial = {trial.challenger for trial in trials if trial.verdict == "begun"}
    rows = [_row(model, newest.get((model.variable, model.series)), on_trial) for model in models]
    rows.sort(key=lambda row: (row.mae is None, row.mae or 0.0))
    rows.sort(key=lambda row: row.known_at, reverse=True)
    return tuple(sorted(rows, key=lambda row: (row.variable, row.series)))


def _row(model: ModelVersion, serving: Serving | None, on_trial: Set[str]) -> Compared:
    scores = model.scores
    serves = serving is not None and serving.model_version == model.model_version
    return Compared(
        variable=model.variable,
        series=model.series,
        model_version=model.model_version,
        method=model.method,
        window_start=model.window_start,
        window_end=model.window_end,
        known_at=model.known_at,
        mae=scores.get("mae", scores.get(model.method)),
        rmae=scores.get("rmae"),
        crps=scores.get("crps"),
        coverage_90=scores.get("coverage_90"),
        dm_p_value=scores.get("dm_p_value"),
        is_serving=serves,
        chosen_by=serving.chosen_by if serves and serving else None,
        is_on_trial=model.model_version in on_trial,
    )
