"""Day-ahead forecasts of the bundled data against the better naive one, over windows that do not overlap.

Example: ``python -m benchmarks.forecasts --json``
"""

import os
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from statistics import mean

import click

from benchmarks.output import Figure, show

FIRST_DAYS = {"price": date(2021, 7, 15), "load": date(2021, 8, 15)}  # months of data lie before
LAST_DAYS = {"price": date(2022, 12, 31), "load": date(2022, 1, 25)}
JUDGED_DAYS = 91


@click.command()
@click.option("--windows", type=click.IntRange(min=1), help="Only the first windows of each series.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures once more as the last line, as a JSON object.")
def main(windows: int | None, *, as_json: bool) -> None:
    """Train and judge as the first daily cycle does, every 91 days; each judged day is in one window only.

    Example: python -m benchmarks.forecasts --json
    """
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    show(
        f"Ensembles against the better naive, {JUDGED_DAYS} judged days a window", list(_run(windows)), as_json=as_json
    )


def _run(windows: int | None) -> Iterator[Figure]:
    for variable, series in (("price", "HB_HOUSTON"), ("price", "HB_WEST"), ("load", "SITE")):
        days = list(_days(variable))[:windows]
        scores = [(day, found) for day in days if (found := _scores(variable, series, day))]
        name = f"{variable}_{series.lower()}"
        for day, found in scores:
            yield Figure(
                name=f"rmae_{name}_{day:%Y%m%d}",
                value=found["rmae"],
                meaning=f"MAE {found['mae']:.4g}, better naive {found['mae'] / found['rmae']:.4g}, "
                f"band holds {found['coverage_90']:.0%}, the {JUDGED_DAYS} days before {day}",
            )
        ratio = sum(f["mae"] for _, f in scores) / sum(f["mae"] / f["rmae"] for _, f in scores)
        yield Figure(name=f"rmae_{name}", value=ratio, meaning="all windows together", target="≤ 0.9")
        yield Figure(
            name=f"coverage_90_{name}", value=mean(f["coverage_90"] for _, f in scores), meaning="mean of the windows"
        )


def _days(variable: str) -> Iterator[date]:
    """Days on which a forecaster is trained, and judged over those before."""
    day = FIRST_DAYS[variable]
    while (day := day + timedelta(days=JUDGED_DAYS)) <= LAST_DAYS[variable]:
        yield day


def _scores(variable: str, series: str, day: date) -> dict[str, float]:
    """Scores of the ensemble trained on the morning of a day; none where there is too little to judge."""
    from kpp_twin.ready import known_series
    from kpp_twin.records import History
    from kpp_twin.settings import Settings
    from kpp_twin.thought import practice_of
    from models.forecasting import decide
    from models.lifecycle import METHOD

    settings = Settings.model_construct()
    as_of = datetime.combine(day, settings.daily_time, tzinfo=settings.zone)
    reach = timedelta(days=settings.selection_days + settings.training_days)
    feeds = {feed.name: feed for feed in settings.feeds}
    wanted = [(variable, series)] + ([("weather", series)] if variable == "load" else [])
    found = tuple(
        known_series(feeds[name], part, since=as_of - reach, as_of=as_of, zone=settings.zone) for name, part in wanted
    )
    decided = decide("retrain", History(as_of=as_of, series=found, models=()), practice_of(settings))
    trained = [model for model in decided.models if model.method == METHOD and model.variable == variable]
    return dict(trained[0].scores) if trained else {}


if __name__ == "__main__":
    main()
