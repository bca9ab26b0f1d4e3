"""Day-ahead prices of a market, recalibrated daily over two years, against the published forecasts.

Example: ``python -m benchmarks.price_forecast --file NP.parquet --published benchmark_forecasts.parquet --market NP``
"""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.output import Figure, show
from models.days import DayTables

TEST_DAYS = 728  # of a file without published forecasts: the last two years
WARM_UP_DAYS = 182  # before the test: past errors for the first weights and bands
YARDSTICK_DAYS = 91  # of errors that the yardstick's bands need; CRPS and coverage are of the days after them
BANDS = (0.5, 0.8, 0.9)
BLOCK_HOURS = 6


@click.command()
@click.option(
    "--file", type=click.Path(exists=True, path_type=Path), required=True, help="Prices and exogenous series."
)
@click.option(
    "--published", type=click.Path(exists=True, path_type=Path), help="Forecasts to compare with, on the days to score."
)
@click.option("--market", help="Name of the market: its zone, its holidays and its rows; default: the file's name.")
@click.option(
    "--missing", type=click.FloatRange(0, 1), default=0.0, help="Hide this share of all values from the forecasters."
)
@click.option("--members", is_flag=True, help="The error of each member of the ensemble too.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures once more as the last line, as a JSON object.")
def main(
    file: Path, published: Path | None, market: str | None, *, missing: float, members: bool, as_json: bool
) -> None:
    """Forecast each test day from what was known the day before, and score it.

    The one column that starts with `price` is the price, every other a series known a day ahead. `timestamp_local` has
    24 hours each day; with `timestamp_utc` days are those of the market's zone.

    Example: python -m benchmarks.price_forecast --file DE.parquet --published benchmark_forecasts.parquet --json
    """
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    name = market or file.stem
    figures = list(_run(file, published, name, missing=missing, with_members=members))
    show(f"Day-ahead price of {name}", figures, as_json=as_json)


def _run(file: Path, published: Path | None, market: str, *, missing: float, with_members: bool) -> Iterator[Figure]:
    from threadpoolctl import threadpool_limits

    from models import conformal, ensemble, scores
    from models.day_ahead import Record, issue
    from models.price import FAMILIES

    whole = read_market(file, market)
    tables = with_gaps(whole, missing)
    others = read_published(published, market) if published else {}
    first = int(others["day"][0] - tables.day[0]) if published else tables.n_days - TEST_DAYS
    stop = first + (len(others["day"]) if published else TEST_DAYS)
    begin = first - WARM_UP_DAYS
    clock = [time.process_time()]
    with threadpool_limits(limits=1):
        to_tune = [family for family in FAMILIES if family.is_tuned]
        tuned = {day: ensemble.fit(to_tune, tables, day) for day in (begin, first)}
        clock.append(time.process_time())
        warmed_up = ensemble.walk(FAMILIES, tables, begin, first, tuned[begin])
        tested = ensemble.walk(FAMILIES, tables, first, stop, tuned[first])
        record = Record(day=tables.day[begin:stop], members=np.concatenate([warmed_up, tested], axis=1))
        issued = issue(record, tables)
    clock.append(time.process_time())
    test = slice(WARM_UP_DAYS, None)
    actual, point, quantiles = whole.target[first:stop], issued.point[test], issued.quantiles[test]
    n_days = stop - first
    yield Figure(name="mae", value=scores.mae(actual, point), meaning=f"mean absolute error over {n_days} days")
    yield Figure(name="rmae", value=scores.rmae(actual, point), meaning="over that of the weekly naive")
    yield Figure(name="rmse", value=scores.rmse(actual, point), meaning="root mean square error")
    if published:
        yield from _against(others, actual, point, quantiles)
    late = slice(YARDSTICK_DAYS, None)
    for band in BANDS:
        share = scores.coverage(actual[late], quantiles[late], conformal.LEVELS, band)
        blocks = [float(np.mean(share[hour : hour + BLOCK_HOURS])) for hour in range(0, 24, BLOCK_HOURS)]
        yield Figure(
            name=f"coverage_{band * 100:.0f}",
            value=float(np.mean(share)),
            meaning="share in the band; by blocks of six hours " + ", ".join(f"{block:.3f}" for block in blocks),
            target=f"{band:g} ± 0.01",
        )
    if with_members:
        for row, family in enumerate(FAMILIES):
            value = scores.mae(actual, record.members[row, test])
            weight = float(np.mean(issued.weights[row, test]))
            yield Figure(
                name=f"mae_{family.name}", value=value, meaning=f"of one member; its mean weight is {weight:.2f}"
            )
    walked_s = clock[2] - clock[1]
    yield Figure(
        name="cpu_s_per_day",
        value=walked_s / (n_days + WARM_UP_DAYS),
        meaning="inputs, fits, combination and bands, over all days walked",
        target="≤ 0.1",
    )
    yield Figure(
        name="cpu_s_tuning",
        value=clock[1] - clock[0],
        meaning="kernels: for the warm-up and for the test, on days before",
    )
    yield Figure(name="cpu_s_total", value=clock[2] - clock[0], meaning="tuning included")


def _against(
    others: dict[str, npt.NDArray[np.float64]],
    actual: npt.NDArray[np.float64],
    point: npt.NDArray[np.float64],
    quantiles: npt.NDArray[np.float64],
) -> Iterator[Figure]:
    """Figures beside the published forecasts of the same days."""
    from models import conformal, scores

    lear, dnn = others["lear_ensemble"], others["dnn_ensemble"]
    both = (lear + dnn) / 2
    for name, other, target in (("lear", lear, "≤ 0.9"), ("dnn", dnn, "≤ 0.94"), ("mean_of_both", both, "")):
        ratio = scores.mae(actual, point) / scores.mae(actual, other)
        yield Figure(name=f"mae_over_{name}", value=ratio, meaning="published ensemble of the same days", target=target)
        p_value = scores.diebold_mariano(actual - point, actual - other)
        yield Figure(name=f"dm_p_{name}", value=p_value, meaning="one-sided Diebold-Mariano", target="< 0.05")
    late = slice(YARDSTICK_DAYS, None)
    own = scores.crps_from_quantiles(actual[late], quantiles[late], conformal.LEVELS)
    yardstick = scores.crps_from_quantiles(
        actual[late], conformal.split_conformal(lear, actual)[late], conformal.LEVELS
    )
    yield Figure(name="crps", value=own, meaning=f"of 99 quantiles, after the first {YARDSTICK_DAYS} days")
    yield Figure(name="crps_lear_conformal", value=yardstick, meaning="published LEAR with split conformal bands")
    yield Figure(name="crps_over_lear_conformal", value=own / yardstick, meaning="ratio of the two", target="≤ 0.87")


def read_market(file: Path, market: str) -> DayTables:
    """Day tables of a file; a price is known a day ahead, and so is everything beside it."""
    from models.zones import holiday_share, zone_named

    zone = zone_named(market)
    frame = pd.read_parquet(file)
    if "timestamp_local" in frame:
        wall = pd.DatetimeIndex(frame.pop("timestamp_local"))
    else:
        wall = pd.DatetimeIndex(frame.pop("timestamp_utc")).tz_convert(zone.zone).tz_localize(None)
    frame = frame.select_dtypes("number").groupby(wall).mean()  # both passes of a repeated hour
    hours = pd.date_range(wall[0].normalize(), wall[-1].normalize() + pd.Timedelta(hours=23), freq="h")
    frame = frame.reindex(hours)
    (price,) = [name for name in frame if name.startswith("price")]
    day = hours[::24].to_numpy().astype("datetime64[D]").astype(np.int64)
    tables = {name: frame[name].to_numpy(np.float64).reshape(-1, 24) for name in frame}
    return DayTables(
        day=day,
        target=tables.pop(price),
        exogenous=np.array(list(tables.values())).reshape(len(tables), len(day), 24),
        holiday=holiday_share(zone, day),
        known_slots=24,
    )


def with_gaps(tables: DayTables, share: float) -> DayTables:
    """The same days with a share of all values missing, at random."""
    generator = np.random.default_rng(0)
    return replace(
        tables,
        target=np.where(generator.random(tables.target.shape) < share, np.nan, tables.target),
        exogenous=np.where(generator.random(tables.exogenous.shape) < share, np.nan, tables.exogenous),
    )


def read_published(file: Path, market: str) -> dict[str, npt.NDArray[np.float64]]:
    """Forecasts by name, ``(n_days, 24)``, and `day` since 1970."""
    frame = pd.read_parquet(file)
    frame = frame[frame["market"] == market].sort_values("timestamp_local")
    if frame.empty:
        raise click.UsageError(f"{file.name} holds no rows of the market {market}")
    day = frame["timestamp_local"].to_numpy()[::24].astype("datetime64[D]").astype(np.int64)
    names = [name for name in frame if name.endswith("_ensemble")]
    return {"day": day} | {name: frame[name].to_numpy(np.float64).reshape(-1, 24) for name in names}


if __name__ == "__main__":
    main()
