"""A made-up load by day, with an operator's forecast that errs in a way that can be learnt."""

from dataclasses import replace

import numpy as np

from models.days import DayTables

START_DAY = 18_000  # 2019-04-14, a Sunday


def made_up_load(*, n_days: int = 120, n_slots: int = 24, noise: float = 0.02, seed: int = 5) -> DayTables:
    """A load of about 1000 with a shape by day, week and temperature; series: the operator's forecast, temperature."""
    rng = np.random.default_rng(seed)
    day = np.arange(START_DAY, START_DAY + n_days)
    hour = np.arange(24)
    temperature = 10 + 5 * np.sin(day / 9)[:, None] + 3 * np.sin(hour / 24 * 2 * np.pi) + rng.normal(0, 1, (n_days, 1))
    weekend = ((day + 3) % 7 >= 5)[:, None]
    load = 1000 * (1 + 0.2 * np.sin((hour - 8) / 24 * 2 * np.pi)) * (1 - 0.15 * weekend) - 8 * temperature
    operator = load * (1 - 0.03 * weekend + 0.02 * np.cos(hour / 24 * 2 * np.pi))
    target = np.repeat(load, n_slots // 24, axis=1)
    return DayTables(
        day=day,
        target=target * (1 + noise * rng.normal(size=target.shape)),
        exogenous=np.array([operator, temperature]),
        holiday=(day % 50 == 0).astype(float),
        known_slots=9 * n_slots // 24,
    )


def poisoned(tables: DayTables, row: int, garbage: float) -> DayTables:
    """The same tables with everything replaced that is not known at the issue of the day with index `row`."""
    target, exogenous, holiday = tables.target.copy(), tables.exogenous.copy(), tables.holiday.copy()
    target[row - 1, tables.known_slots :] = garbage
    target[row:] = garbage
    exogenous[:, row + 1 :] = garbage
    holiday[row + 1 :] = garbage
    return replace(tables, target=target, exogenous=exogenous, holiday=holiday)
