"""Past issues to learn from, and refits that walk over the judged days; each knows only what was known then."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from kpp_twin.records import Array, Series
from kpp_twin.timegrid import TimeGrid
from kpp_twin.units import HOURS_PER_DAY, MICROSECONDS_PER_HOUR
from models import ridge
from models.features import Inputs, inputs, instant_us, known_of
from models.naive import past_issues

TRAINING_DAYS = 240
HOURS_AHEAD_TRAINING_DAYS = 120
HALF_LIFE_DAYS = 60.0  # an issue that much older weighs half
MIN_TRAINING_DAYS = 28
MIN_JUDGED_DAYS = 7
REFIT_DAYS = 5  # of the walk over the judged days
ISSUE_SPACING_HOURS = 5  # of the hours-ahead issues: comes by every hour of the day
CLOCK_CHANGE_US = 2 * MICROSECONDS_PER_HOUR  # more than any: a day before may be that much off 24 hours
DAY_US = HOURS_PER_DAY * MICROSECONDS_PER_HOUR

Int = npt.NDArray[np.int64]


class TooLittleTrainingError(ValueError):
    """Too few days to fit on, or to judge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Past targets with their issue, ``(n,)`` each.

    Attributes
    ----------
    actual, actual_us
        What came, and when that was known; NaN and never where it is not known.
    is_lesson
        Rows to fit on: one interval of each hour is enough.
    """

    targets: pd.DatetimeIndex
    issues_us: Int
    known: Inputs
    actual: Array
    actual_us: Int
    is_lesson: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """Errors out of sample, actual minus forecast, NaN where none, with what they belong to; ``(n,)`` each."""

    targets: pd.DatetimeIndex
    issues_us: Int
    errors: Array
    scale: Array
    hour: Int
    lead: Int


def day_ahead_rows(
    series: Series,
    horizon: TimeGrid,
    *,
    issued_at: datetime,
    days: int,
    zone: ZoneInfo,
    temperature: Series | None,
    has_regimes: bool = False,
) -> Rows:
    """The same horizon, issued at the same local time, on each of the days before, oldest first."""
    targets, issues = past_issues(issued_at, horizon, days, zone)
    step = np.tile(np.arange(horizon.n_steps), days)
    day = np.repeat(np.arange(days), horizon.n_steps)
    per_hour = max(1, 60 // horizon.step_minutes)
    issues_us = issues.astype("datetime64[us]").astype(np.int64)
    return _rows(series, targets, issues_us, (step + day) % per_hour == 0, zone, temperature, has_regimes=has_regimes)


def hours_ahead_rows(
    series: Series,
    horizon: TimeGrid,
    *,
    issued_at: datetime,
    days: int,
    zone: ZoneInfo,
    temperature: Series | None,
    has_regimes: bool = False,
) -> Rows:
    """One interval of each of the next 24 hours, issued every few hours over the days before, oldest first."""
    issued_us = instant_us(issued_at)
    spacing = ISSUE_SPACING_HOURS * MICROSECONDS_PER_HOUR
    back = np.arange(days * DAY_US // spacing, 0, -1)
    step_us = horizon.step_minutes * MICROSECONDS_PER_HOUR // 60
    per_hour = max(1, MICROSECONDS_PER_HOUR // step_us)
    steps = np.arange(0, horizon.n_steps, per_hour)[None, :] + (back % per_hour)[:, None]
    issues_us = np.repeat(issued_us - back * spacing, steps.shape[1])
    begin = instant_us(horizon.start) - issued_us
    targets = pd.DatetimeIndex((issues_us + begin + steps.ravel() * step_us).astype("datetime64[us]"), tz="UTC")
    return _rows(
        series, targets, issues_us, np.ones(len(targets), dtype=bool), zone, temperature, has_regimes=has_regimes
    )


def _rows(
    series: Series,
    targets: pd.DatetimeIndex,
    issues_us: Int,
    is_lesson: npt.NDArray[np.bool_],
    zone: ZoneInfo,
    temperature: Series | None,
    *,
    has_regimes: bool,
) -> Rows:
    own = known_of(series, zone)
    weather = None if temperature is None else known_of(temperature, zone)
    position = series.grid.positions(targets)
    inside = position >= 0
    return Rows(
        targets=targets,
        issues_us=issues_us,
        known=inputs(own, targets, issues_us, zone, weather, has_regimes=has_regimes),
        actual=np.where(inside, own.values[position], np.nan),
        actual_us=np.where(inside, own.known_us[position], np.iinfo(np.int64).max),
        is_lesson=is_lesson,
    )


def fit_at(rows: Rows, now_us: int, training_days: int) -> Array:
    """Coefficients from what was known at an instant.

    Raises
    ------
    TooLittleTrainingError
        Fewer than four weeks can be learnt from.
    """
    target = ridge.bounded(rows.actual, rows.known)
    usable = rows.is_lesson & (rows.actual_us <= now_us) & (rows.issues_us < now_us)
    usable &= rows.issues_us >= now_us - training_days * DAY_US
    usable &= np.isfinite(target) & np.isfinite(rows.known.features).all(axis=1)
    days = len(np.unique(rows.issues_us[usable] // DAY_US))
    if days < MIN_TRAINING_DAYS:
        raise TooLittleTrainingError(f"{days} day(s) can be learnt from; a ridge needs {MIN_TRAINING_DAYS}")
    age_days = (now_us - rows.issues_us[usable]) / DAY_US
    return ridge.fit(rows.known.features[usable], target[usable], 0.5 ** (age_days / HALF_LIFE_DAYS))


def walk(rows: Rows, *, issued_at: datetime, days: int, training_days: int) -> Walked:
    """Forecast each of the last days by a fit on what was known before, refitted every few days.

    Raises
    ------
    TooLittleTrainingError
        Fewer than a week could be judged.
    """
    issued_us = instant_us(issued_at)
    errors = np.full(len(rows.actual), np.nan)
    actual = np.where(rows.actual_us <= issued_us, rows.actual, np.nan)
    judged = rows.issues_us >= issued_us - days * DAY_US - CLOCK_CHANGE_US
    fault = ""
    for back in range(days, 0, -REFIT_DAYS):
        begin = issued_us - back * DAY_US - CLOCK_CHANGE_US
        block = (rows.issues_us >= begin) & (rows.issues_us < begin + REFIT_DAYS * DAY_US)
        try:
            coefficients = fit_at(rows, begin, training_days)
        except TooLittleTrainingError as error:
            fault = str(error)
            continue
        errors[block] = actual[block] - ridge.predict(coefficients, rows.known)[block]
    judged_days = len(np.unique(rows.issues_us[np.isfinite(errors)] // DAY_US))
    if judged_days < min(days, MIN_JUDGED_DAYS):
        raise TooLittleTrainingError(
            f"only {judged_days} day(s) could be judged" + (f", since at first only {fault}" if fault else "")
        )
    return Walked(
        targets=rows.targets[judged],
        issues_us=rows.issues_us[judged],
        errors=errors[judged],
        scale=rows.known.scale[judged],
        hour=rows.known.hour[judged],
        lead=ridge.lead_hour(rows.known)[judged],
    )
