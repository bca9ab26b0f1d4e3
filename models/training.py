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
from models.errors import TooLittleTrainingError
from models.features import Inputs, inputs, instant_us, known_of

HOURS_AHEAD_TRAINING_DAYS = 120
JUDGED_DAYS = 60
HALF_LIFE_DAYS = 60.0  # an issue that much older weighs half
MIN_TRAINING_DAYS = 28
MIN_JUDGED_DAYS = 7
REFIT_DAYS = 5  # of the walk over the judged days
ISSUE_SPACING_HOURS = 5  # of the hours-ahead issues: comes by every hour of the day
CLOCK_CHANGE_US = 2 * MICROSECONDS_PER_HOUR  # more than any: a day before may be that much off 24 hours
DAY_US = HOURS_PER_DAY * MICROSECONDS_PER_HOUR

Int = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Past targets with their issue, ``(n,)`` each.

    Attributes
    ----------
    actual, actual_us
        What came, and when that was known; NaN and never where it is not known.
    """

    targets: pd.DatetimeIndex
    issues_us: Int
    known: Inputs
    actual: Array
    actual_us: Int


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """Errors out of sample, actual minus forecast, NaN where none, with what they belong to; ``(n,)`` each."""

    targets: pd.DatetimeIndex
    issues_us: Int
    errors: Array
    scale: Array
    hour: Int
    lead: Int


def hours_ahead_rows(
    series: Series,
    horizon: TimeGrid,
    *,
    issued_at: datetime,
    days: int,
    zone: ZoneInfo,
    temperature: Series | None,
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
    own = known_of(series, zone)
    weather = None if temperature is None else known_of(temperature, zone)
    position = series.grid.positions(targets)
    inside = position >= 0
    return Rows(
        targets=targets,
        issues_us=issues_us,
        known=inputs(own, targets, issues_us, zone, weather),
        actual=np.where(inside, own.values[position], np.nan),
        actual_us=np.where(inside, own.known_us[position], np.iinfo(np.int64).max),
    )


def fit_at(rows: Rows, now_us: int) -> Array:
    """Coefficients from what was known at an instant.

    Raises
    ------
    TooLittleTrainingError
        Fewer than four weeks can be learnt from.
    """
    target = ridge.bounded(rows.actual, rows.known)
    usable = (rows.actual_us <= now_us) & (rows.issues_us < now_us)
    usable &= rows.issues_us >= now_us - HOURS_AHEAD_TRAINING_DAYS * DAY_US
    usable &= np.isfinite(target) & np.isfinite(rows.known.features).all(axis=1)
    days = len(np.unique(rows.issues_us[usable] // DAY_US))
    if days < MIN_TRAINING_DAYS:
        raise TooLittleTrainingError(f"{days} day(s) can be learnt from; a ridge needs {MIN_TRAINING_DAYS}")
    age_days = (now_us - rows.issues_us[usable]) / DAY_US
    return ridge.fit(rows.known.features[usable], target[usable], 0.5 ** (age_days / HALF_LIFE_DAYS))


def walk(rows: Rows, *, issued_at: datetime, days: int = JUDGED_DAYS) -> Walked:
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
            coefficients = fit_at(rows, begin)
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
