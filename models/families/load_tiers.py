"""The chain of tiers that forecasts a load at every issue: the best that has what it needs speaks, by day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from kpp_twin.units import DAYS_PER_WEEK, Array
from models.days import DayTables, shifted
from models.ensemble import weights_of_part
from models.families import load_days, load_trees, seasonal
from models.families.load_days import OPERATOR_ERROR, OWN_LOAD, mean_of_known, without_operator

Weights = Mapping[str, Array]
NAIVE_WEEKS = 4  # same weekdays that the naive forecast looks back to


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A family of forecasters and what it cannot do without.

    Attributes
    ----------
    name
        As it is stored with each forecast.
    needs
        Without which its forecast of a day is NaN.
    fit, forecast
        As of every family: see `models.days`.
    """

    name: str
    needs: str
    fit: Callable[[DayTables, int], dict[str, Array]]
    forecast: Callable[[Weights, DayTables, int, int], Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """Forecasts of some days, and which tier spoke.

    Attributes
    ----------
    values
        ``(n_days, n_slots)``; NaN where nothing of the target was ever known.
    tier
        Place in the chain of the tier that spoke, ``(n_days,)``; that of the last where none could.
    why
        What it was that the better tiers lack, ``(n_days,)``; empty where the best spoke.
    """

    values: Array
    tier: npt.NDArray[np.int64]
    why: tuple[str, ...]


def _without_series(tables: DayTables) -> DayTables:
    return replace(tables, exogenous=tables.exogenous[:0])


def naive_weekly(tables: DayTables) -> Array:
    """The newest known value of the same weekday and time of day, else of any day, ``(n_days, n_slots)``."""
    weeks = [shifted(tables.target, DAYS_PER_WEEK * week) for week in range(1, NAIVE_WEEKS + 1)]
    newest = naive_daily(tables)
    values = newest
    for week in reversed(weeks):
        values = np.where(np.isfinite(week), week, values)
    return np.where(np.isfinite(values), values, mean_of_known(newest.T)[:, None])


def naive_daily(tables: DayTables) -> Array:
    """The newest value at the same time of day that is known at the issue, ``(n_days, n_slots)``."""
    known = shifted(tables.target, 1)
    known[:, tables.known_slots :] = shifted(tables.target, tables.lag)[:, tables.known_slots :]
    newest = np.maximum.accumulate(np.where(np.isfinite(known), np.arange(tables.n_days)[:, None], -1))
    return np.where(newest >= 0, np.take_along_axis(known, np.maximum(newest, 0), axis=0), np.nan)


def _with_weather(weights: Weights, tables: DayTables, first: int, stop: int) -> Array:
    values = load_days.forecast(OWN_LOAD, weights, tables, first, stop)
    values[np.isnan(tables.exogenous[:, first:stop]).any(axis=(0, 2))] = np.nan
    return values


def _on(view: Callable[[DayTables], DayTables], tier: Tier) -> Tier:
    """The same tier, that looks at part of the tables."""

    def fit(tables: DayTables, until: int) -> dict[str, Array]:
        return tier.fit(view(tables), until)

    def forecast(weights: Weights, tables: DayTables, first: int, stop: int) -> Array:
        return tier.forecast(weights, view(tables), first, stop)

    return replace(tier, fit=fit, forecast=forecast)


OPERATOR = Tier(
    name="operator",
    needs="the operator's forecast of the day",
    fit=partial(load_trees.fit, OPERATOR_ERROR),
    forecast=partial(load_trees.forecast, OPERATOR_ERROR),
)
WEATHER = Tier(
    name="own with weather",
    needs="a forecast of the weather for every hour of the day",
    fit=partial(load_days.fit, OWN_LOAD),
    forecast=_with_weather,
)
CALENDAR = Tier(
    name="own",
    needs="days without holiday in the month before",
    fit=partial(load_days.fit, OWN_LOAD),
    forecast=partial(load_days.forecast, OWN_LOAD),
)
SEASONAL = Tier(name=seasonal.NAME, needs="three weeks of whole days", fit=seasonal.fit, forecast=seasonal.forecast)
NAIVE = Tier(
    name="naive",
    needs="a value at that time of day",
    fit=lambda _tables, _until: {},
    forecast=lambda _weights, tables, first, stop: naive_weekly(tables)[first:stop],
)


def chain(*, has_operator: bool, n_series: int) -> tuple[Tier, ...]:
    """Tiers for tables with so many exogenous series, the best first.

    Parameters
    ----------
    has_operator
        Whether the first series is the operator's forecast of the target, in its unit; the others are weather, or are
        driven by it.
    """
    weather = WEATHER if not has_operator else _on(without_operator, WEATHER)
    return (
        *((OPERATOR,) if has_operator else ()),
        *((weather,) if n_series > has_operator else ()),
        *(_on(_without_series, tier) for tier in (CALENDAR, SEASONAL, NAIVE)),
    )


def fit(tiers: tuple[Tier, ...], tables: DayTables, until: int) -> dict[str, Array]:
    """Weights of all tiers, each behind the name of its own."""
    return {f"{tier.name}.{name}": found for tier in tiers for name, found in tier.fit(tables, until).items()}


def spoken(tiers: tuple[Tier, ...], weights: Weights, tables: DayTables, first: int, stop: int) -> Spoken:
    """Forecast the days from index `first` to before `stop`, each by the first tier that has all it needs."""
    values = np.full((stop - first, tables.n_slots), np.nan)
    place = np.zeros(stop - first, dtype=np.int64)
    for number, tier in enumerate(tiers):
        is_open = np.isnan(values).any(axis=1)
        if not is_open.any():
            break
        own = weights_of_part(tier.name, weights)
        values[is_open] = tier.forecast(own, tables, first, stop)[is_open]
        place[is_open] = number
    why = tuple("; ".join(f"without {tier.needs}" for tier in tiers[:last]) for last in place)
    return Spoken(values=values, tier=place, why=why)
