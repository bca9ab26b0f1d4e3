"""The KPI cases of the reference by ID; those on the published forecasts need the shared data."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models import scores
from models.conformal import LEVELS, split_conformal

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "epf" / "benchmark_forecasts.parquet"
needs_published = pytest.mark.skipif(not PUBLISHED.exists(), reason="the published forecasts are not there")
CALIBRATION_DAYS = 91

# MAE and rMAE of the published DNN ensemble, KP-03 and KP-04.
DNN = {
    "NP": (1.6834, 0.40713),
    "PJM": (2.8622, 0.45241),
    "FR": (3.8658, 0.52728),
    "BE": (5.8699, 0.57778),
    "DE": (3.4135, 0.37398),
}
YARDSTICK_CRPS = {"NP": 1.405, "PJM": 2.450, "BE": 4.961, "FR": 3.037, "DE": 2.831}


def published(market: str) -> dict[str, np.ndarray]:
    """Real price and forecasts by name, ``(728, 24)``; skips where the file does not hold the market."""
    table = pd.read_parquet(PUBLISHED)
    rows = table[table["market"] == market].drop(columns=["timestamp_local", "market"])
    if rows.empty:
        pytest.skip(f"the published file has no {market}")
    return {name: rows[name].to_numpy(float).reshape(-1, 24) for name in rows}


def test_kp_02_pinball() -> None:
    actual = np.array([1.0, 2.0, 3.0])
    low, high = np.array([0.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0])
    found = [scores.pinball(actual, quantile, level) for quantile in (low, high) for level in (0.1, 0.9)]
    assert found == pytest.approx([0.033333, 0.3, 0.3, 0.033333], abs=1e-6)


@needs_published
def test_kp_03_published_forecasts_of_nord_pool() -> None:
    found = published("NP")
    actual, dnn, lear = found["real_price"], found["dnn_ensemble"], found["lear_ensemble"]
    assert actual.size == 17472
    assert scores.mae(actual, dnn) == pytest.approx(1.6834, abs=5e-5)
    assert scores.rmse(actual, dnn) == pytest.approx(3.3190, abs=5e-5)
    assert scores.smape(actual, dnn) == pytest.approx(0.04880, abs=5e-6)
    assert scores.mae(actual[7:], actual[:-7]) == pytest.approx(4.1347, abs=5e-5)
    assert scores.rmae(actual, dnn) == pytest.approx(0.40713, abs=5e-6)
    assert scores.mae(actual, lear) == pytest.approx(1.7378, abs=5e-5)
    assert scores.rmae(actual, lear) == pytest.approx(0.42030, abs=5e-6)


@needs_published
@pytest.mark.parametrize("market", ["PJM", "FR", "BE", "DE"])
def test_kp_04_published_forecasts_of_other_markets(market: str) -> None:
    found = published(market)
    mae, rmae = DNN[market]
    assert scores.mae(found["real_price"], found["dnn_ensemble"]) == pytest.approx(mae, abs=6e-5)
    assert scores.rmae(found["real_price"], found["dnn_ensemble"]) == pytest.approx(rmae, abs=6e-6)


def test_kp_05_crps_of_an_ensemble() -> None:
    assert scores.crps_ensemble(np.array(0.5), np.array([0.0, 1.0, 2.0])) == pytest.approx(0.38889, abs=5e-6)


@needs_published
@pytest.mark.parametrize("market", YARDSTICK_CRPS)
def test_the_yardstick_of_distributions_is_reproduced(market: str) -> None:
    found = published(market)
    quantiles = split_conformal(found["lear_ensemble"], found["real_price"])[CALIBRATION_DAYS:]
    crps = scores.crps_from_quantiles(found["real_price"][CALIBRATION_DAYS:], quantiles, LEVELS)
    assert crps == pytest.approx(YARDSTICK_CRPS[market], rel=0.005)
