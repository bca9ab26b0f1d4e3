"""How often the promotion gate errs: promotes a challenger that is as good, or misses one that is better.

Example: ``python -m benchmarks.promotion --json``
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import click
import numpy as np

from benchmarks.output import Figure, show
from kpp_twin.units import Array
from models.promotion import LAST_DAYS, Verdict, judge_challenger, judge_champion

N_HISTORIES = 200
GAIN = 0.03
# Daily losses of one market: their level wanders, and each forecaster deviates from it on its own.
LEVEL_SPREAD, LEVEL_MEMORY = 0.65, 0.45  # of the logarithm, as those of the published forecasts
OWN_MEMORY = 0.15  # from one day to the next
TAIL_DEGREES = 5  # of freedom of Student's distribution
# An ensemble after a refit as published forecasts have it: a tenth of its weight goes from one family to the other.
SHIFTED_WEIGHT = {"": 0.1, "_other_family": 1.0}
# Standard deviation of the relative difference of two losses, as on NP, PJM and DE with these weights.
OWN_SPREAD = {"": 0.046, "_other_family": 0.36}
BLOCK_DAYS = 7

Pair = tuple[Array, Array]
Draw = Callable[[str, np.random.Generator], Pair]


@click.command()
@click.option(
    "--published",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Parquet file of published forecasts, to draw blocks of days from instead of synthetic ones.",
)
@click.option("--histories", type=click.IntRange(min=1), default=N_HISTORIES, show_default=True, help="Of each kind.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the figures once more as the last line, as a JSON object.")
def main(published: Path | None, histories: int, seed: int, *, as_json: bool) -> None:
    """Let the gate judge challengers that are as good as the champion, and some that are 3 % better.

    Example: python -m benchmarks.promotion --json --published benchmark_forecasts.parquet
    """
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    draw = from_published(published) if published else synthetic
    title = f"Promotion gate, {histories} histories of {LAST_DAYS} days of each kind"
    show(title, list(_run(draw, histories, np.random.default_rng(seed))), as_json=as_json)


def _run(draw: Draw, histories: int, rng: np.random.Generator) -> Iterator[Figure]:
    def share(judge: Callable[[Array, Array], Verdict], pairs: list[Pair]) -> float:
        return sum(judge(*pair).decision == "promote" for pair in pairs) / len(pairs)

    for kind in SHIFTED_WEIGHT:
        who = "of another family" if kind else "a refit"
        alike = [_either_way(draw(kind, rng), rng) for _ in range(histories)]
        better = [(champion, (1 - GAIN) * other) for champion, other in (draw(kind, rng) for _ in range(histories))]
        days = [found.n_days for pair in better if (found := judge_challenger(*pair)).decision == "promote"]
        correlation = float(np.mean([np.corrcoef(*pair)[0, 1] for pair in alike]))
        yield Figure(name=f"loss_correlation{kind}", value=correlation, meaning=f"champion and challenger, {who}")
        yield Figure(
            name=f"false_promotions{kind}",
            value=share(judge_challenger, alike),
            meaning="of challengers that are as good",
            target="≤ 0.02",
        )
        yield Figure(
            name=f"found_within_60_days{kind}",
            value=len(days) / histories,
            meaning=f"of challengers that are {GAIN:.0%} better",
            target="" if kind else "≥ 0.9",
        )
        yield Figure(
            name=f"median_days_to_promotion{kind}", value=median(days) if days else None, meaning="of those found"
        )
        yield Figure(
            name=f"false_rollbacks{kind}",
            value=share(judge_champion, alike),
            meaning="of champions that are as good as the one before",
            target="≤ 0.02",
        )
        yield Figure(
            name=f"rolled_back_within_60_days{kind}",
            value=share(judge_champion, better),
            meaning=f"of champions than which the one before is {GAIN:.0%} better",
            target="" if kind else "≥ 0.9",
        )


def _either_way(pair: Pair, rng: np.random.Generator) -> Pair:
    """The pair, or the pair exchanged."""
    return pair if rng.random() < 0.5 else pair[::-1]


def synthetic(kind: str, rng: np.random.Generator) -> Pair:
    """Daily losses of two forecasters that are as good, ``(60,)`` each."""
    level = LEVEL_SPREAD * _wandering(LEVEL_MEMORY, rng)
    own = OWN_SPREAD[kind] / np.sqrt(2.0)
    champion, other = (np.exp(level + own * _wandering(OWN_MEMORY, rng)) for _ in range(2))
    return champion, other


def _wandering(memory: float, rng: np.random.Generator) -> Array:
    """Autoregressive values of unit spread with heavy tails, ``(60,)``."""
    fresh = rng.standard_t(TAIL_DEGREES, LAST_DAYS) * np.sqrt((TAIL_DEGREES - 2) / TAIL_DEGREES)
    values = fresh.copy()
    for day in range(1, LAST_DAYS):
        values[day] = memory * values[day - 1] + np.sqrt(1 - memory**2) * fresh[day]
    return values


def from_published(file: Path) -> Draw:
    """Blocks of days of the markets of a file: the DNN ensemble against itself with some weight on the LEAR ensemble.

    The challenger's losses are scaled, so that over all days of a market it is as good as the champion.
    """
    import pandas as pd

    table = pd.read_parquet(file)
    losses: dict[str, list[Pair]] = {kind: [] for kind in SHIFTED_WEIGHT}
    for _, rows in table.groupby("market"):
        actual, dnn, lear = (
            rows[name].to_numpy().reshape(-1, 24) for name in ("real_price", "dnn_ensemble", "lear_ensemble")
        )
        champion = np.abs(dnn - actual).mean(axis=1)
        for kind, weight in SHIFTED_WEIGHT.items():
            other = np.abs((1 - weight) * dnn + weight * lear - actual).mean(axis=1)
            losses[kind].append((champion, other * champion.mean() / other.mean()))

    def draw(kind: str, rng: np.random.Generator) -> Pair:
        champion, other = losses[kind][rng.integers(len(losses[kind]))]
        starts = rng.integers(len(champion) - BLOCK_DAYS, size=-(-LAST_DAYS // BLOCK_DAYS))
        days = (starts[:, None] + np.arange(BLOCK_DAYS)).ravel()[:LAST_DAYS]
        return champion[days], other[days]

    return draw


if __name__ == "__main__":
    main()
