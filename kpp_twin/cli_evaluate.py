"""The command for people who want to know how good forecasts were: of the store, or of a file."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from kpp_twin.console import image_file, print_json, print_table, talk, write_image
from kpp_twin.errors import IncompleteError
from kpp_twin.settings import Settings
from kpp_twin.timegrid import local_midnight

if TYPE_CHECKING:
    import pandas as pd

    from models.evaluation import Evaluation, Issued, Scores
    from models.zones import MarketZone

DAY = click.DateTime(["%Y-%m-%d"])
BEFORE = timedelta(days=7, hours=1)  # what the weekly naive of the first day looks at, whatever the clocks did
COLUMNS = ("", "days", "intervals", "MAE", "of naive", "RMSE", "bias", "CRPS", "in 50 %", "in 80 %", "in 90 %")


@click.command(name="evaluate")
@click.option("--variable", type=click.Choice(["price", "load"]), help="Default: both.")
@click.option("--series", help="A price hub, a meter; default: all.")
@click.option("--from", "first", type=DAY, help="First local day; default: of all that was forecast.")
@click.option("--to", "last", type=DAY, help="Last local day; default: of all that was forecast.")
@click.option("--file", type=click.Path(path_type=Path), help="CSV or Parquet instead of the store; columns see above.")
@click.option(
    "--zone", "zone_name", help="Market zone, as DE or ERCOT: its clock and holidays; default: the settings'."
)
@click.option("--json", "as_json", is_flag=True, help="All figures as one JSON array instead of tables.")
@click.option(
    "--figure",
    type=click.Path(path_type=Path),
    callback=image_file,
    help="Also write a figure of one series, .png or .svg.",
)
@click.pass_obj
def evaluate_command(
    settings: Settings,
    *,
    variable: str | None,
    series: str | None,
    first: datetime | None,
    last: datetime | None,
    file: Path | None,
    zone_name: str | None,
    as_json: bool,
    figure: Path | None,
) -> None:
    """Score day-ahead forecasts, as they were issued, against what came.

    \b
    A file has a row for each interval, oldest first, with the columns
      valid_from   its start; a stamp without a zone is of days of 24 hours
      actual       what came; may be empty
      forecast     may be empty; rows before the first are for the weekly naive
      q05, q50 ..  quantiles in percent, as many as there are
      all other columns of numbers are forecasts to compare with.

    MAE, RMSE, bias and CRPS are in the unit of the variable. Of naive is the MAE over that of the weekly naive, and p
    is that of the Diebold-Mariano test: small where the forecast is better than the other.

    Example: kpp-twin evaluate --variable price --from 2021-10-15 --figure price.svg
    """  # noqa: D301 - click's mark for a paragraph that keeps its lines
    if file is not None and (variable or series):
        raise click.UsageError("--file goes without --variable and --series")
    from models.zones import zone_named

    market = zone_named(zone_name or settings.holiday_market)
    zone = market.zone if zone_name else settings.zone
    with talk.status("reading forecasts"):
        issued = _of_file(file, zone, first, last) if file else _of_store(settings, zone, variable, series, first, last)
    if figure is not None and len(issued) != 1:
        raise click.UsageError(
            f"--figure shows one series, there are {', '.join(issued)}: choose --variable and --series"
        )
    found = {name: (part, clock, _evaluated(name, part, clock, market)) for name, (part, clock) in issued.items()}
    if as_json:
        print_json([{"name": name, **evaluation.as_json()} for name, (_, _, evaluation) in found.items()])
    for name, (part, clock, evaluation) in found.items():
        title = f"{name}, {evaluation.first_day} to {evaluation.last_day}"
        if not as_json:
            _print(title, evaluation)
        if figure is not None:
            from kpp_twin.report.forecast_figures import image_of

            write_image(figure, partial(image_of, part, evaluation, clock, title))


def _of_store(
    settings: Settings,
    zone: ZoneInfo,
    variable: str | None,
    series: str | None,
    first: datetime | None,
    last: datetime | None,
) -> "dict[str, tuple[Issued, ZoneInfo]]":
    """Forecasts as issued beside what came, and the clock of their days, by variable and series."""
    from kpp_twin.store.answers import frame_of
    from kpp_twin.store.snapshot import open_snapshot

    start, stop = _bounds(first, last, zone)
    with open_snapshot(settings) as connection:
        rows = frame_of(
            connection,
            "issued_beside_actual",
            {"variable": variable, "series": series, "start": start, "since": start and start - BEFORE, "stop": stop},
        )
    groups = rows.groupby(["variable", "series"], sort=True)
    issued = {
        f"{kind} {name}": (_issued(part), zone) for (kind, name), part in groups if part["forecast"].notna().any()
    }
    if not issued:
        raise IncompleteError(
            "nothing of what was asked for has been forecast and come",
            place="view out_forecast_error",
            next_step="run `kpp-twin run daily` for some days, or ask for another span or series",
        )
    return issued


def _issued(rows: "pd.DataFrame") -> "Issued":
    """Rows of one series; quantiles stand at the levels i/(n+1)."""
    import numpy as np
    import pandas as pd

    from models.evaluation import Issued

    n_levels = int(rows["quantiles"].dropna().map(len).max())
    quantiles = np.full((len(rows), n_levels), np.nan)
    has_all = (rows["quantiles"].map(len, na_action="ignore") == n_levels).to_numpy()
    quantiles[has_all] = np.stack(rows["quantiles"][has_all].to_list())
    return Issued(
        valid_from=pd.DatetimeIndex(rows["valid_from"]),
        actual=rows["actual"].to_numpy(dtype=np.float64, na_value=np.nan),
        forecast=rows["forecast"].to_numpy(dtype=np.float64, na_value=np.nan),
        quantiles=quantiles,
        levels=np.arange(1, n_levels + 1) / (n_levels + 1),
    )


def _of_file(
    file: Path, zone: ZoneInfo, first: datetime | None, last: datetime | None
) -> "dict[str, tuple[Issued, ZoneInfo]]":
    """Forecasts of the file, those of other days blanked, and the clock of their days."""
    import numpy as np
    import pandas as pd

    from kpp_twin.sources.forecast_file import read_forecasts

    issued, clock = read_forecasts(file, zone)
    start, stop = _bounds(first, last, clock)
    is_asked_for = np.ones(len(issued.valid_from), dtype=bool)
    if start is not None:
        is_asked_for &= issued.valid_from >= pd.Timestamp(start)
    if stop is not None:
        is_asked_for &= issued.valid_from < pd.Timestamp(stop)
    return {file.stem: (replace(issued, forecast=np.where(is_asked_for, issued.forecast, np.nan)), clock)}


def _bounds(first: datetime | None, last: datetime | None, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """First instant of the first day, and of that after the last."""
    start = local_midnight(first.date(), zone) if first else None
    return start, local_midnight(last.date() + timedelta(days=1), zone) if last else None


def _evaluated(name: str, issued: "Issued", zone: ZoneInfo, market: "MarketZone") -> "Evaluation":
    from models.evaluation import NothingToScoreError, evaluate
    from models.zones import holiday_share

    try:
        return evaluate(issued, zone, partial(holiday_share, market))
    except NothingToScoreError as error:
        raise IncompleteError(str(error), place=name, next_step="ask for another span") from error


def _print(title: str, evaluation: "Evaluation") -> None:
    print_table(title, COLUMNS, [_row(f"{kind} days", scores) for kind, scores in evaluation.days.items()])
    print_table("By local hour", COLUMNS, [_row(hours, scores) for hours, scores in evaluation.hours.items()])
    print_table(
        "Against other forecasts",
        ("", "intervals", "MAE over theirs", "p"),
        [(name, other.n_intervals, other.mae_ratio, other.p_value) for name, other in evaluation.against.items()],
    )


def _row(name: str, scores: "Scores") -> tuple[object, ...]:
    shares = (
        None if share is None else f"{share:.1%}"
        for share in (scores.coverage_50, scores.coverage_80, scores.coverage_90)
    )
    return (
        name,
        scores.n_days,
        scores.n_intervals,
        scores.mae,
        scores.rmae,
        scores.rmse,
        scores.bias,
        scores.crps,
        *shares,
    )
