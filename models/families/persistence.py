"""The day before as a forecast: what a combination falls back on where nothing else can be foretold."""

from collections.abc import Mapping

import numpy as np

from kpp_twin.units import Array
from models import naive
from models.days import DayTables

NAME = "persistence"


def forecast(weights: Mapping[str, Array], tables: DayTables, first: int, stop: int) -> Array:  # noqa: ARG001
    """Newest known value of the same time, as of each issue, ``(stop - first, n_slots)``; `weights` hold nothing."""
    return naive.on_days(tables, np.arange(first, stop), "naive_daily")
