"""Reading forecasters: which one serves, what it learned, and what was ever trained."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import numpy as np

from kpp_twin.records import Array, MemberForecast, ModelVersion, Serving, Trial
from kpp_twin.store.answers import records_of, rows_of
from kpp_twin.store.connection import Connection


def read_servings(
    connection: Connection, name: Literal["serving_as_of", "serving_all"], as_of: datetime, through: int
) -> tuple[Serving, ...]:
    """Return the newest choice of each series, or every choice that was made, oldest first."""
    return records_of(connection, Serving, name, {"as_of": as_of, "through_cycle": through})


def read_trials(connection: Connection, as_of: datetime, through: int) -> tuple[Trial, ...]:
    """The newest row of each series: a trial that goes on, or how the last one ended."""
    return records_of(connection, Trial, "trial_as_of", {"as_of": as_of, "through_cycle": through})


def read_members(
    connection: Connection, model_versions: Sequence[str], since: datetime, as_of: datetime, through: int
) -> tuple[MemberForecast, ...]:
    """What the members of some versions said of the days from `since` on, oldest first."""
    parameters = {"model_versions": list(model_versions), "since": since, "as_of": as_of, "through_cycle": through}
    rows = rows_of(connection, "member_forecast_as_of", parameters)
    return tuple(MemberForecast(**{**row, "numbers": np.asarray(row["numbers"], dtype=np.float64)}) for row in rows)


def read_models(
    connection: Connection, model_versions: Sequence[str], as_of: datetime, through: int
) -> tuple[ModelVersion, ...]:
    """Forecasters by name, with their weights."""
    parameters = {"model_versions": list(model_versions), "as_of": as_of, "through_cycle": through}
    weights: dict[str, dict[str, Array]] = {}
    for row in rows_of(connection, "model_weights_by_name", parameters):
        array = np.asarray(row["numbers"], dtype=np.float64).reshape(row["shape"])
        weights.setdefault(row["model_version"], {})[row["name"]] = array
    rows = rows_of(connection, "model_version_by_name", parameters)
    return tuple(_model(row, weights.get(row["model_version"], {})) for row in rows)


def read_catalogue(connection: Connection, as_of: datetime, through: int) -> tuple[ModelVersion, ...]:
    """Every forecaster ever trained, oldest first, without weights."""
    rows = rows_of(connection, "model_version_all", {"as_of": as_of, "through_cycle": through})
    return tuple(_model(row, {}) for row in rows)


def _model(row: dict[str, Any], weights: dict[str, Array]) -> ModelVersion:
    parsed = {name: json.loads(row[name]) for name in ("parameters", "scores")}
    return ModelVersion(**{**row, **parsed, "weights": weights})
