"""Records as frames in the shape of their tables."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

import pandas as pd

from kpp_twin.records import Checked, Forecast, MemberForecast, ModelVersion, Outcome, Slot
from kpp_twin.store.operation_frames import operation_frames


def cycle_frames(slot: Slot, checked: Sequence[Checked], outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Everything that a cycle writes, by table; tables without rows are left out."""
    as_of = pd.Timestamp(slot.as_of)
    results = [c.results.assign(known_at=as_of) for c in checked if len(c.results)]
    results += [frame.assign(known_at=as_of) for frame in outcome.table_checks if len(frame)]
    frames = {c.feed.table: c.admitted for c in checked}
    frames["quarantine"] = _concat([c.quarantined for c in checked if len(c.quarantined)])
    frames["quality_result"] = _concat(results)
    frames["model_version"] = pd.DataFrame([_model_row(m) for m in outcome.models])
    frames["model_serving"] = pd.DataFrame([asdict(serving) for serving in outcome.servings])
    frames["model_weights"] = pd.DataFrame([row for m in outcome.models for row in _weight_rows(m)])
    frames["forecast"] = _concat([_forecast_rows(f) for f in outcome.forecasts])
    frames["member_forecast"] = pd.DataFrame([_member_row(m) for m in outcome.members])
    frames["model_trial"] = pd.DataFrame([asdict(trial) for trial in outcome.trials])
    frames["drift_alarm"] = pd.DataFrame([asdict(alarm) for alarm in outcome.alarms])
    frames |= operation_frames(outcome.operation, slot.as_of)
    return {table: frame for table, frame in sorted(frames.items()) if len(frame)}


def _concat(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _model_row(model: ModelVersion) -> Mapping[str, object]:
    return {
        "model_version": model.model_version,
        "variable": model.variable,
        "series": model.series,
        "method": model.method,
        "parameters": json.dumps(model.parameters, sort_keys=True),
        "window_start": model.window_start,
        "window_end": model.window_end,
        "scores": json.dumps(model.scores, sort_keys=True),
        "known_at": model.known_at,
    }


def _weight_rows(model: ModelVersion) -> Iterator[Mapping[str, object]]:
    for name, array in sorted(model.weights.items()):
        yield {
            "model_version": model.model_version,
            "name": name,
            "shape": list(array.shape),
            "numbers": array.ravel() + 0.0,
            "known_at": model.known_at,
        }


def _member_row(member: MemberForecast) -> Mapping[str, object]:
    return {**asdict(member), "numbers": member.numbers + 0.0, "known_at": member.issued_at}


def _forecast_rows(forecast: Forecast) -> pd.DataFrame:
    issued_at = pd.Timestamp(forecast.issued_at)
    return pd.DataFrame(
        {
            "variable": forecast.variable,
            "series": forecast.series,
            "valid_from": forecast.grid.index,
            "duration_minutes": forecast.grid.step_minutes,
            "issued_at": issued_at,
            "known_at": issued_at,
            "model_version": forecast.model_version,
            "forecast_value": forecast.values,
            "quantiles": list(forecast.quantiles + 0.0),
            "tier": forecast.tier,
            "reason": forecast.reason,
        }
    )
