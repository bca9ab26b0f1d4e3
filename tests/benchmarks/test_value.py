"""The benchmark of value settles plans at real prices: the better forecast earns more, none more than foresight."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from benchmarks import value
from models.day_ahead import Record, issue
from models.days import DayTables


def walked_without_models(tables: DayTables, first: int, stop: int) -> object:
    """A family that says yesterday's price, in place of those that take minutes."""
    rows = np.arange(first - 30, stop)
    return issue(Record(day=tables.day[rows], members=tables.target[rows - 1][None]), tables)


@pytest.fixture
def figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Figures of ten days of a smooth price with noise; the networks know it all, the linear models half."""
    stamps = pd.date_range("2020-01-01", periods=60 * 24, freq="h")
    generator = np.random.default_rng(1)
    noise = generator.normal(0, 8, len(stamps))
    usual = 40 - 15 * np.cos(2 * np.pi * np.asarray(stamps.hour) / 12)
    pd.DataFrame({"timestamp_local": stamps, "price_eur": usual + noise}).to_parquet(tmp_path / "DE.parquet")
    tested = slice(45 * 24, 58 * 24)
    pd.DataFrame(
        {
            "timestamp_local": stamps[tested],
            "market": "DE",
            "lear_ensemble": usual[tested] + noise[tested] / 2 + generator.normal(0, 4, 13 * 24),
            "dnn_ensemble": usual[tested] + noise[tested],
        }
    ).to_parquet(tmp_path / "published.parquet")
    monkeypatch.setattr(value, "walked", walked_without_models)
    arguments = ["--file", tmp_path / "DE.parquet", "--published", tmp_path / "published.parquet", "--hours", 250]
    result = CliRunner().invoke(value.main, [*map(str, arguments), "--json"], catch_exceptions=False)
    return dict(json.loads(result.output.splitlines()[-1]))


def test_what_is_known_better_earns_more(figures: dict[str, float]) -> None:
    for prefix in ("capture", "capture_degradation"):
        assert figures[f"{prefix}_dnn"] == 1
        assert figures[f"{prefix}_naive"] < figures[f"{prefix}_lear"] < 1
        assert max(figures[f"{prefix}_own"], figures[f"{prefix}_own_cvar"]) < 1


def test_every_day_begins_and_ends_half_full() -> None:
    power_kw = value.planned(np.random.default_rng(0).normal(40, 30, (20, 24)), 10.0)
    stored = np.where(power_kw > 0, power_kw / value.EFFICIENCY, power_kw * value.EFFICIENCY)
    held = 0.5 * value.CAPACITY_KWH - np.cumsum(stored, axis=1)
    assert held[:, -1] == pytest.approx(500.0)
    assert held.min() >= 100 - 1e-6
    assert held.max() <= 900 + 1e-6
