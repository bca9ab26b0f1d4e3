"""The benchmark of load forecasts lays files out by local day, scores real intervals, and tells what it left out."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from benchmarks.load_forecast import laid_out, main
from kpp_twin.errors import ConfigError, SourceError
from models.zones import zone_named


def frame_of(n_days: int, columns: dict[str, float], *, start: str = "2023-09-01", step: str = "1h") -> pd.DataFrame:
    """A smooth load from local midnight in Paris, and other columns that are shares of it."""
    end = pd.Timestamp(start) + pd.Timedelta(days=n_days)
    stamps = pd.date_range(start, end, freq=step, inclusive="left", tz="Europe/Paris").tz_convert("UTC")
    hours = np.arange(len(stamps)) * 24 / len(stamps) * n_days
    load = 1000 + 200 * np.sin(hours / 24 * 2 * np.pi) + 30 * np.sin(hours / 17)
    return pd.DataFrame({"timestamp_utc": stamps} | {name: load * share for name, share in columns.items()})


def run(frame: pd.DataFrame, path: Path, *arguments: str) -> Result:
    frame.to_parquet(path)
    return CliRunner().invoke(main, ["--file", str(path), "--json", *arguments], catch_exceptions=False)


def test_days_of_the_clock_change_are_whole() -> None:
    layout = laid_out(frame_of(220, {"load_actual_mw": 1.0}), zone_named("FR"))
    assert layout.tables.target.shape == (220, 24)
    assert np.isfinite(layout.tables.target).all()
    autumn, spring = np.flatnonzero(layout.is_dst_day)
    assert (layout.row_day == autumn).sum() == 25
    assert (layout.row_day == spring).sum() == 23
    repeated = layout.actual[(layout.row_day == autumn) & (layout.row_slot == 2)]
    assert layout.tables.target[autumn, 2] == pytest.approx(repeated.mean())
    assert layout.tables.target[spring, 2] == layout.tables.target[spring, 1]


def test_quarter_hours_are_known_until_nine() -> None:
    assert laid_out(frame_of(3, {"power_kw": 1.0}, step="15min"), zone_named("FR")).tables.known_slots == 36


def test_a_file_without_a_load_is_refused() -> None:
    with pytest.raises(SourceError, match="no load to forecast"):
        laid_out(frame_of(3, {"price": 1.0}), zone_named("FR"))


def test_an_unknown_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no market zone 'QQ'"):
        run(frame_of(3, {"power_kw": 1.0}), tmp_path / "QQ.parquet")


def test_an_operator_who_is_always_short_is_beaten(tmp_path: Path) -> None:
    frame = frame_of(90, {"load_actual_mw": 1.0, "load_forecast_da_mw": 0.95, "wind_forecast_da_mw": 0.1})
    frame.loc[[1500, 1700], "load_actual_mw"] = np.nan
    frame.loc[1600, "load_forecast_da_mw"] = np.nan
    result = run(frame, tmp_path / "FR.parquet")
    figures = json.loads(result.output.splitlines()[-1])
    assert figures["mae_over_tso"] < 0.6
    assert figures["rows_left_out"] == 3
    assert figures["days_operator"] == 44
    assert figures["days_own_with_weather"] == 1
    assert {"mae", "mae_over_tso_without", "mae_over_tso_without_weather", "cpu_s_per_day"} <= set(figures)


def test_a_load_without_operator_is_compared_with_the_naive_ones(tmp_path: Path) -> None:
    frame = frame_of(60, {"demand_mw": 1.0, "temperature_c": 0.01, "holiday": 0.0}, step="30min")
    result = run(frame, tmp_path / "site.parquet", "--zone", "fr")
    figures = json.loads(result.output.splitlines()[-1])
    assert figures["mae_over_naive_weekly"] < 1
    assert {"mae_over_naive_daily", "mae_over_statsmodels"} <= set(figures)
    assert {"mae_over_naive_weekly_temperature_foreseen", "mae_over_naive_weekly_without_weather"} <= set(figures)
