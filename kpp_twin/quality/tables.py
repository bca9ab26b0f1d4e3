"""Once a day each history table is judged as well: what stands in it must keep the rules of its kind."""

from collections.abc import Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from kpp_twin.quality.suites import Rule, Verdict, judge
from kpp_twin.timegrid import TimeGrid

# Key of each table: no two rows may share it.
KEYS: Mapping[str, tuple[str, ...]] = {
    "battery_flag": ("flag", "valid_from", "known_at"),
    "battery_hour": ("valid_from", "known_at"),
    "bid": ("bid_id", "valid_from", "price_per_mwh"),
    "cycle": ("cycle_number",),
    "demand_event": ("event_id", "known_at"),
    "drift_alarm": ("variable", "series", "kind", "known_at"),
    "energy_ledger": ("asset", "valid_from", "entry", "known_at"),
    "forecast": ("variable", "series", "valid_from", "issued_at"),
    "market_look": ("outcome", "valid_from", "known_at"),
    "member_forecast": ("model_version", "member", "valid_from", "issued_at"),
    "model_serving": ("variable", "series", "known_at", "cycle_number"),
    "model_trial": ("variable", "series", "verdict", "known_at", "cycle_number"),
    "model_version": ("model_version",),
    "model_weights": ("model_version", "name"),
    "price": ("series", "valid_from", "known_at"),
    "quality_result": ("subject", "rule", "known_at", "cycle_number"),
    "quarantine": ("fingerprint", "origin"),
    "schedule": ("asset", "valid_from", "issued_at"),
    "service_performance": ("service", "valid_from", "known_at"),
    "service_request": ("request_id", "known_at"),
    "settlement_line": ("service", "asset", "valid_from", "known_at"),
    "simulation_hour": ("asset", "valid_from", "known_at"),
    "simulation_minute": ("asset", "valid_from", "known_at"),
    "site": ("site_digest", "known_at"),
    "site_load": ("series", "valid_from", "known_at"),
    "weather": ("series", "valid_from", "known_at"),
}

# Not every asset has a store or sees the grid; where nothing was asked, nothing is measured.
NULLABLE = (
    "energy_stored_kwh",
    "frequency_hz",
    "voltage_pu",
    "reactive_power_kvar",
    "uptime",
    "response_time_s",
    "accuracy",
    "performance_score",
    "loss_ratio",
    "statistic",
    "limit_value",
)

FINITE = Rule(name="finite", action="flag", column="numbers_not_finite", maximum=0.0)
UNIQUE = Rule(name="unique_key", action="flag", column="rows_with_this_key", maximum=1.0)
NOT_FROM_FUTURE = Rule(name="known_by_as_of", action="flag", column="known_after_as_of_s", maximum=0.0)
RISING = Rule(name="quantiles_rise", action="flag", column="quantile_step", minimum=0.0)
COMPLETE = Rule(name="complete_local_day", action="flag", column="missing_in_day", maximum=0.0)


def check_tables(
    frames: Mapping[str, pd.DataFrame], *, as_of: pd.Timestamp, zone: ZoneInfo
) -> tuple[pd.DataFrame, ...]:
    """Judge what each history table gained since the day before; one result frame per table that gained anything.

    Parameters
    ----------
    frames
        By table, the rows that became known in the day up to ``as_of``.
    """
    return tuple(_check(table, frame, as_of, zone) for table, frame in sorted(frames.items()) if len(frame))


def table_rules(table: str) -> tuple[Rule, ...]:
    """Rules of a history table."""
    rules = [FINITE, UNIQUE, NOT_FROM_FUTURE]
    if table == "forecast":
        rules.append(RISING)
    if table == "site_load":
        rules.append(COMPLETE)
    return tuple(rules)


def _check(table: str, frame: pd.DataFrame, as_of: pd.Timestamp, zone: ZoneInfo) -> pd.DataFrame:
    numbers = frame.select_dtypes("number").drop(columns=list(NULLABLE), errors="ignore")
    known_at = frame["known_at"] if "known_at" in frame else frame["as_of"]
    judged = pd.DataFrame(
        {
            "numbers_not_finite": (~np.isfinite(numbers.to_numpy(np.float64))).sum(axis=1),
            "rows_with_this_key": frame.groupby(list(KEYS[table]), dropna=False)[frame.columns[0]].transform("size"),
            "known_after_as_of_s": (known_at - as_of).dt.total_seconds(),
        },
        index=frame.index,
    )
    if table == "forecast":
        judged["quantile_step"] = [_smallest_step(q) for q in frame["quantiles"]]
    if table == "site_load":
        judged["missing_in_day"] = _missing_in_day(frame, as_of, zone)
    verdicts = judge(judged, table_rules(table))
    return pd.DataFrame([_line(table, verdict) for verdict in verdicts])


def _missing_in_day(frame: pd.DataFrame, as_of: pd.Timestamp, zone: ZoneInfo) -> pd.Series:
    """Intervals that the last whole local day lacks of each series, told at the series' last row; 0 at the others."""
    yesterday = as_of.tz_convert(zone).date() - timedelta(days=1)
    grid = TimeGrid.local_day(yesterday, zone, int(frame["duration_minutes"].iloc[0]))
    missing = pd.Series(0.0, index=frame.index)
    for _, part in frame.groupby("series"):
        present = grid.positions(pd.DatetimeIndex(part["valid_from"].unique())) >= 0
        missing[part.index[-1]] = grid.n_steps - int(present.sum())
    return missing


def _smallest_step(quantiles: npt.NDArray[np.float64]) -> float:
    """Smallest rise from one quantile to the next; minus infinity where one is no number."""
    return float(np.min(np.diff(quantiles))) if np.isfinite(quantiles).all() else -np.inf


def _line(table: str, verdict: Verdict) -> Mapping[str, object]:
    return {
        "subject": table,
        "rule": verdict.rule.name,
        "action": verdict.rule.action,
        "expectation": verdict.expectation,
        "rows_checked": verdict.rows_checked,
        "rows_failed": len(verdict.failed),
        "passed": not verdict.failed,
        "evidence": verdict.evidence,
    }
