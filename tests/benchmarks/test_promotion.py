"""The benchmark of the promotion gate errs rarely, on made-up losses and on published ones."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from benchmarks.promotion import OWN_SPREAD, main, synthetic


def figures(*arguments: str) -> dict[str, float | None]:
    done = CliRunner().invoke(main, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A year of two forecasters of two markets."""
    rng = np.random.default_rng(1)
    price = 40 + 10 * rng.standard_normal(2 * 365 * 24)
    table = pd.DataFrame({"market": np.repeat(["A", "B"], 365 * 24), "real_price": price})
    for name in ("dnn_ensemble", "lear_ensemble"):
        table[name] = price + rng.standard_normal(len(price))
    table.to_parquet(tmp_path / "published.parquet")
    return tmp_path / "published.parquet"


def test_losses_differ_as_those_of_published_forecasters() -> None:
    for kind, spread in OWN_SPREAD.items():
        pairs = [synthetic(kind, np.random.default_rng(seed)) for seed in range(50)]
        relative = np.concatenate([2 * (other - champion) / (other + champion) for champion, other in pairs])
        assert relative.std() == pytest.approx(spread, rel=0.1)
        assert relative.mean() == pytest.approx(0, abs=0.02)


def test_a_few_histories_give_every_figure(published: Path) -> None:
    for arguments in ((), ("--published", str(published))):
        found = figures("--histories", "8", *arguments)
        assert {"false_promotions", "found_within_60_days", "median_days_to_promotion"} <= set(found)
        assert found["false_promotions"] <= 1 / 8
        assert found["found_within_60_days"] >= 5 / 8


@pytest.mark.full
def test_the_gate_errs_as_rarely_as_it_should() -> None:
    found = figures()
    assert found["false_promotions"] <= 0.02
    assert found["found_within_60_days"] >= 0.9
    assert 28 <= found["median_days_to_promotion"] <= 60
    assert found["false_rollbacks"] <= 0.02
    assert found["rolled_back_within_60_days"] >= 0.9
