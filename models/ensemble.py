"""Families of forecasters side by side: fitted now and then, asked every day, and combined by their past errors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kpp_twin.units import Array
from models.days import DayTables

REFIT_DAYS = 56  # trees and networks age slowly; more often gains nothing measurable


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One kind of forecaster; see `fit` and `forecast` of its module.

    Attributes
    ----------
    fit
        None if it learns all it needs when it is asked.
    least_days
        Days that its fit needs; with fewer the family is silent.
    is_tuned
        Whether its fit is a tuning, done once before a walk; what it learns from each new day it learns in `forecast`.
    takes_exogenous
        If not, it is silent where there are exogenous series, which tell the others more than it knows.
    """

    name: str
    fit: Callable[[DayTables, int], Mapping[str, Array]] | None
    forecast: Callable[[Mapping[str, Array], DayTables, int, int], Array]
    least_days: int
    is_tuned: bool = False
    takes_exogenous: bool = True

    def learns_at_once(self, tables: DayTables, first: int) -> bool:
        """Whether it forecasts day `first` without weights."""
        enough = first - tables.lag + 1 >= self.least_days
        return self.fit is None and enough and (self.takes_exogenous or not len(tables.exogenous))


def fit(families: Sequence[Family], tables: DayTables, until: int) -> dict[str, Array]:
    """Fit every family that has enough days on what is known at the issue of day `until`; arrays by ``family.name``."""
    return {
        f"{family.name}.{name}": array
        for family in families
        if family.fit is not None and until - tables.lag + 1 >= family.least_days
        for name, array in family.fit(tables, until).items()
    }


def forecast(
    families: Sequence[Family], weights: Mapping[str, Array], tables: DayTables, first: int, stop: int
) -> Array:
    """What each family says of days `first` to `stop`, ``(n_families, n, n_slots)``; NaN if it has no weights."""
    found = np.full((len(families), stop - first, tables.n_slots), np.nan)
    for row, family in enumerate(families):
        own = weights_of_part(family.name, weights)
        if own or family.learns_at_once(tables, first):
            found[row] = family.forecast(own, tables, first, stop)
    return found


def weights_of_part(part: str, weights: Mapping[str, Array]) -> dict[str, Array]:
    """Arrays of one part, by its own names."""
    prefix = f"{part}."
    return {name.removeprefix(prefix): array for name, array in weights.items() if name.startswith(prefix)}


def walk(
    families: Sequence[Family], tables: DayTables, first: int, stop: int, tuned: Mapping[str, Array] | None = None
) -> Array:
    """Forecast days as they would have been issued, refitted every `REFIT_DAYS` days, ``(n_families, n, n_slots)``.

    Parameters
    ----------
    tuned
        Weights of the families that are tuned, from before; fitted at the first day if none are given.
    """
    is_tuned = [family for family in families if family.is_tuned]
    weights = dict(fit(is_tuned, tables, first) if tuned is None else tuned)
    others = [family for family in families if not family.is_tuned]
    parts = []
    for begin in range(first, stop, REFIT_DAYS):
        end = min(begin + REFIT_DAYS, stop)
        parts.append(forecast(families, weights | fit(others, tables, begin), tables, begin, end))
    return np.concatenate(parts, axis=1) if parts else np.empty((len(families), 0, tables.n_slots))
