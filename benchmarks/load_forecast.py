"""Day-ahead forecasts of a load against the operator's, the naive ones and a seasonal model of statsmodels.

Example: ``python -m benchmarks.load_forecast --file FR.parquet --json``

The file has a column `timestamp_utc` and one of `TARGETS`, in steps of 15, 30 or 60 minutes. `OPERATOR_COLUMN` is the
operator's forecast; other columns with `_forecast_` in their name are known a day ahead as it is. Prices and schedules
come out after the issue and are not looked at. A measured temperature counts up to the issue only; figures that end in
`_temperature_foreseen` are those with the measured one in place of its forecast.

A forecast is issued on the day before, with what was measured until `KNOWN_UNTIL_HOUR` on the local clock.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.output import Figure, show
from kpp_twin.errors import SourceError
from kpp_twin.units import HOURS_PER_DAY, MINUTES_PER_HOUR, Array
from models.days import DayTables
from models.families.load_tiers import SEASONAL, Tier, chain, fit, naive_daily, naive_weekly, spoken
from models.zones import MarketZone, holiday_share, zone_named

TARGETS = ("load_actual_mw", "demand_mw", "power_kw")
OPERATOR_COLUMN = "load_forecast_da_mw"
TEMPERATURE_COLUMN = "temperature_c"
KNOWN_UNTIL_HOUR = 9
REFIT_DAYS = 56
FIRST_DAY, LAST_DAY = np.datetime64("2021-07-01"), np.datetime64("2023-06-30")  # judged where a file holds them
SEASONS = {"winter": (12, 1, 2), "spring": (3, 4, 5), "summer": (6, 7, 8), "autumn": (9, 10, 11)}
HOLIDAY = 0.5  # share of the zone
MEANINGS = {
    "tso": "over that of the operator's forecast",
    "naive_daily": "over that of the newest known value at the same time of day",
    "naive_weekly": "over that of a week before",
    "statsmodels": "over that of statsmodels' unobserved components",
}
Bool = npt.NDArray[np.bool_]
Int = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A file by local day and time of day, and where each of its rows lies.

    Attributes
    ----------
    tables
        Without exogenous series; known until `KNOWN_UNTIL_HOUR`.
    columns
        Other columns by name, hourly means ``(n_days, 24)``.
    actual
        Target of each row of the file, ``(n_rows,)``.
    row_day, row_slot
        Place of each row in the tables, ``(n_rows,)``.
    is_dst_day
        Days that have more or fewer hours, ``(n_days,)``.
    """

    tables: DayTables
    columns: dict[str, Array]
    actual: Array
    row_day: Int
    row_slot: Int
    is_dst_day: Bool

    def rows(self, values: Array) -> Array:
        """Values of the tables at the rows of the file, ``(n_rows,)``."""
        return values[self.row_day, self.row_slot]


def laid_out(frame: pd.DataFrame, zone: MarketZone) -> Layout:
    """Lay a file out by local day.

    Raises
    ------
    SourceError
        There is no target among the columns.
    """
    target = next((name for name in TARGETS if name in frame), None)
    if target is None:
        raise SourceError(
            "there is no load to forecast",
            place=f"columns {', '.join(frame.columns)}",
            next_step=f"name the column of the load one of {', '.join(TARGETS)}",
        )
    moments = pd.DatetimeIndex(frame["timestamp_utc"])
    wall = moments.tz_convert(zone.zone).tz_localize(None)
    step = int(moments.to_series().diff().min() / pd.Timedelta(minutes=1))
    n_slots = HOURS_PER_DAY * MINUTES_PER_HOUR // step
    numbers = frame.select_dtypes(["number", "bool"]).astype(float).groupby(wall).mean()
    days = pd.date_range(wall[0].normalize(), wall[-1].normalize(), freq="D")
    slots = pd.date_range(days[0], periods=len(days) * n_slots, freq=f"{step}min")
    skipped = slots[slots.tz_localize(zone.zone, nonexistent="NaT", ambiguous=np.zeros(len(slots), bool)).isna()]
    table = numbers.reindex(slots)
    hour_before = numbers.reindex(skipped - pd.Timedelta(hours=1)).set_index(skipped)
    table.loc[skipped] = hour_before
    by_day = {str(name): table[name].to_numpy().reshape(len(days), n_slots) for name in table}
    day = days.to_numpy().astype("datetime64[D]").astype(np.int64)
    tables = DayTables(
        day=day,
        target=by_day[target],
        exogenous=np.empty((0, len(days), HOURS_PER_DAY)),
        holiday=by_day["holiday"].max(axis=1) if "holiday" in by_day else holiday_share(zone, day),
        known_slots=KNOWN_UNTIL_HOUR * n_slots // HOURS_PER_DAY,
    )
    ends = pd.date_range(days[0], periods=len(days) + 1, freq="D").tz_localize(zone.zone)
    return Layout(
        tables=tables,
        columns={name: rows.reshape(len(days), HOURS_PER_DAY, -1).mean(axis=2) for name, rows in by_day.items()},
        actual=frame[target].to_numpy(float),
        row_day=np.asarray((wall.normalize() - days[0]).days, dtype=np.int64),
        row_slot=np.asarray((wall.hour * MINUTES_PER_HOUR + wall.minute) // step, dtype=np.int64),
        is_dst_day=np.asarray(np.diff(ends) != pd.Timedelta(days=1)),
    )


def judged_days(tables: DayTables) -> tuple[int, int]:
    """Index of the first day to judge, and of the one after the last: the published period, or the later half."""
    first, last = (int(day.astype(np.int64) - tables.day[0]) for day in (FIRST_DAY, LAST_DAY))
    if first > 0 and last < tables.n_days:
        return first, last + 1
    return tables.n_days // 2, tables.n_days


def walked(tiers: tuple[Tier, ...], tables: DayTables, first: int, stop: int) -> tuple[Array, Int, float]:
    """Forecast day after day with a new fit every `REFIT_DAYS`.

    Returns
    -------
    values : ``(n_days, n_slots)``, NaN outside the days asked for
    tier : ``(stop - first,)``, the place in the chain of the one that spoke
    cpu_s
    """
    start = time.process_time()
    values, place = np.full(tables.target.shape, np.nan), []
    for day in range(first, stop, REFIT_DAYS):
        end = min(day + REFIT_DAYS, stop)
        found = spoken(tiers, fit(tiers, tables, day), tables, day, end)
        values[day:end] = found.values
        place.append(found.tier)
    return values, np.concatenate(place), time.process_time() - start


def exogenous_of(layout: Layout, *, is_temperature_foreseen: bool) -> tuple[bool, Array]:
    """Whether there is an operator's forecast, and the series, it first: ``(n_series, n_days, 24)``."""
    has_operator = OPERATOR_COLUMN in layout.columns
    names = [name for name in layout.columns if "_forecast_" in name and name != OPERATOR_COLUMN]
    series = [layout.columns[name] for name in ([OPERATOR_COLUMN] if has_operator else []) + names]
    if TEMPERATURE_COLUMN in layout.columns:
        measured = layout.columns[TEMPERATURE_COLUMN]
        known = replace(layout.tables, target=measured, known_slots=KNOWN_UNTIL_HOUR)
        series.append(measured if is_temperature_foreseen else naive_daily(known))
    return has_operator, np.array(series).reshape(len(series), layout.tables.n_days, HOURS_PER_DAY)


@click.command()
@click.option("--file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--zone", "zone_name", help="As in models/zones.toml; default: the name of the file.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures once more as the last line, as a JSON object.")
def main(file: Path, zone_name: str | None, *, as_json: bool) -> None:
    """Forecast every judged day of a file from days before only, and compare.

    Example: python -m benchmarks.load_forecast --file DK_1.parquet --json
    """
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    zone = zone_named(zone_name or file.stem)
    layout = laid_out(pd.read_parquet(file), zone)
    show(f"Day-ahead load of {file.stem}, {zone.zone.key}", list(figures_of(layout)), as_json=as_json)


def figures_of(layout: Layout) -> Iterator[Figure]:
    """Walk through the judged days with every chain; yields the figures."""
    first, stop = judged_days(layout.tables)
    tables = layout.tables
    has_operator, series = exogenous_of(layout, is_temperature_foreseen=False)
    tiers = chain(has_operator=has_operator, n_series=len(series))
    best, tier, cpu_s = walked(tiers, replace(tables, exogenous=series), first, stop)
    others = {
        "naive_daily": naive_daily(tables),
        "naive_weekly": naive_weekly(tables),
        "statsmodels": walked((SEASONAL,), tables, first, stop)[0],
    }
    if has_operator:
        others = {"tso": np.repeat(series[0], tables.n_slots // HOURS_PER_DAY, axis=1)} | others
    judge = Judge(layout=layout, others=others, first=first, stop=stop)
    yield Figure(name="mae", value=judge.mae(best), meaning="mean absolute error, in the unit of the file")
    for name in others:
        target = "≤ 0.80 at the median of zones, each ≤ 1" if name == "tso" else ""
        yield Figure(name=f"mae_over_{name}", value=judge.over(best, name), meaning=MEANINGS[name], target=target)
    anchor = next(iter(others)) if has_operator else "naive_weekly"
    for suffix, meaning, values in _variants(layout, first, stop):
        yield Figure(name=f"mae_over_{anchor}_{suffix}", value=judge.over(values, anchor), meaning=meaning)
    for part, days in _parts_of_year(layout).items():
        yield Figure(
            name=f"mae_over_{anchor}_{part}", value=judge.over(best, anchor, days), meaning=f"the same, {part} only"
        )
    yield Figure(name="cpu_s_per_day", value=cpu_s / (stop - first), meaning="of all tiers, fits included")
    yield Figure(name="days", value=stop - first, meaning=f"from {np.datetime64(int(tables.day[first]), 'D')}")
    yield Figure(name="rows_left_out", value=judge.n_left_out, meaning="no actual or no operator's forecast")
    for place, one in enumerate(tiers):
        yield Figure(name=f"days_{one.name.replace(' ', '_')}", value=int((tier == place).sum()), meaning="tier spoke")


def _variants(layout: Layout, first: int, stop: int) -> Iterator[tuple[str, str, Array]]:
    """Suffix, meaning and forecast of chains that know less or more."""
    for foreseen in (False, True):
        has_operator, series = exogenous_of(layout, is_temperature_foreseen=foreseen)
        own = replace(layout.tables, exogenous=series[int(has_operator) :])
        tiers = chain(has_operator=False, n_series=len(own.exogenous))
        if foreseen and TEMPERATURE_COLUMN in layout.columns:
            yield "temperature_foreseen", "with the measured temperature", walked(tiers, own, first, stop)[0]
        if not foreseen and has_operator:
            yield "without", "own model, without the operator's forecast", walked(tiers, own, first, stop)[0]
        if not foreseen and len(own.exogenous):
            blind = chain(has_operator=False, n_series=0)
            values = walked(blind, layout.tables, first, stop)[0]
            yield "without_weather", "own model, by the calendar alone", values


def _parts_of_year(layout: Layout) -> dict[str, Bool]:
    """Days of each part, ``(n_days,)``."""
    month = layout.tables.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    seasons = {name: np.isin(month, months) for name, months in SEASONS.items()}
    return seasons | {"holidays": layout.tables.holiday >= HOLIDAY, "dst_days": layout.is_dst_day}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Mean absolute errors over the rows of a file in which nothing is missing."""

    layout: Layout
    others: dict[str, Array]
    first: int
    stop: int

    @property
    def _is_judged(self) -> Bool:
        return (self.layout.row_day >= self.first) & (self.layout.row_day < self.stop)

    @property
    def _is_whole(self) -> Bool:
        known = [np.isfinite(self.layout.rows(values)) for values in self.others.values()]
        return np.isfinite(self.layout.actual) & self._is_judged & np.all(known, axis=0)

    @property
    def n_left_out(self) -> int:
        """Judged rows without actual, or without a forecast to compare with."""
        return int((self._is_judged & ~self._is_whole).sum())

    def mae(self, values: Array, days: Bool | None = None) -> float:
        """Of a forecast ``(n_days, n_slots)``, on some days only; NaN without a row."""
        rows = self._is_whole if days is None else self._is_whole & days[self.layout.row_day]
        return float(np.abs(self.layout.rows(values) - self.layout.actual)[rows].mean()) if rows.any() else np.nan

    def over(self, values: Array, name: str, days: Bool | None = None) -> float | None:
        """Mean absolute error over that of another forecast; None without a row."""
        ratio = self.mae(values, days) / self.mae(self.others[name], days)
        return None if np.isnan(ratio) else ratio


if __name__ == "__main__":
    main()
