"""PJM regulation: the score of a response, what it earns, and the dates at which the scheme holds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from kpp_twin.battery.inputs import check_measured, not_finite
from kpp_twin.errors import TwinError
from kpp_twin.units import KW_PER_MW, SECONDS_PER_HOUR, Array

SAMPLE_S = 10
# Samples of a window of five minutes; delays are tried from none to as many samples.
WINDOW = 30
SAMPLES_PER_HOUR = SECONDS_PER_HOUR // SAMPLE_S
# A delay of so many samples costs nothing: the propagation of the signal.
FORGIVEN = 1
# A window is flat, or silent, up to this share of the hour's mean absolute reference; the manual gives no threshold.
FLAT_SHARE = 0.01
# An hour with less than this in the mean asked for nothing.
NOTHING_KW = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceScore:
    """How well a regulation signal was followed; all in [0, 1].

    Attributes
    ----------
    score
        Mean of the other three.
    accuracy
        Correlation with the signal, at the best delay.
    delay
        1 without a delay, 0 at five minutes.
    precision
        ``1 - mean|response - reference| / mean|reference|``.
    """

    score: float
    accuracy: float
    delay: float
    precision: float


def performance_score(reference_kw: Array, response_kw: Array, *, step_s: float) -> PerformanceScore | None:
    """Mean of the hourly scores; none if nothing was asked in any hour. See `hourly_scores`."""
    scores = [hour for hour in hourly_scores(reference_kw, response_kw, step_s=step_s) if hour]
    if not scores:
        return None
    names = PerformanceScore.__dataclass_fields__
    return PerformanceScore(**{name: float(np.mean([getattr(hour, name) for hour in scores])) for name in names})


def hourly_scores(reference_kw: Array, response_kw: Array, *, step_s: float) -> list[PerformanceScore | None]:
    """Performance score of each hour, after PJM Manual 12, section 4.5.6, as it stood until September 2025.

    A window of five minutes starts every 10 s. In each the delay ``d`` = 0, 10 .. 300 s of the response is sought at
    which ``correlation + (300 - d) / 300`` is largest; the means of the two terms are accuracy and delay. All delays of
    a window lie within its hour, so none starts in the last ten minutes, and the hours are independent.

    - A delay of 10 s is forgiven: it is chosen as above, and costs nothing. Precision compares without a delay.
    - Where the reference is flat (standard deviation below 1 % of the hour's mean absolute reference) correlation is
      ``1 - |slope of reference - slope of response|``, of the regression lines: change in the window over that mean.
    - A response that is flat while the reference moves, or silent (root mean square below 1 % of that mean) while it
      stands, answers nothing; a window without a delay at which it is answered has accuracy and delay 0. A window in
      which the reference is silent tests nothing and does not count. So a dead unit scores 0.

    Parameters
    ----------
    reference_kw, response_kw
        What was asked and what was delivered, without the base load, ``(n,)``: at least 600 s from the start of an
        hour. Means of 10 s are scored. A last hour of less than 600 s counts to the hour before.
    step_s
        Must divide 10 s, and the series be made of whole 10 s.

    Returns
    -------
    list
        A score for each hour; none where the reference is silent in all windows: that tested nothing.

    Raises
    ------
    TwinError
        Series are too short, differ in length or hold NaN, or the step does not fit.
    """
    per_sample = round(SAMPLE_S / step_s) if 0 < step_s <= SAMPLE_S else 0
    faults = []
    if not abs(per_sample * step_s - SAMPLE_S) < 1e-6:
        faults.append(f"step_s {step_s!r} does not divide {SAMPLE_S} s")
    elif len(reference_kw) < 2 * WINDOW * per_sample or len(reference_kw) % per_sample:
        faults.append(f"{len(reference_kw)} steps are not whole {SAMPLE_S} s, {2 * WINDOW * SAMPLE_S} s or more")
    check_measured(
        "performance score", faults=faults, reference_kw=reference_kw, response_kw=response_kw, step_s=step_s
    )
    reference = reference_kw.reshape(-1, per_sample).mean(axis=1)
    response = response_kw.reshape(-1, per_sample).mean(axis=1)
    hours = np.arange(0, len(reference) - 2 * WINDOW + 1, SAMPLES_PER_HOUR)[1:]
    return [_score(*hour) for hour in zip(np.split(reference, hours), np.split(response, hours), strict=True)]


def _score(reference: Array, response: Array) -> PerformanceScore | None:
    """Score of one hour of samples."""
    scale = float(np.mean(np.abs(reference)))
    if scale < NOTHING_KW:
        return None
    asked, given = _Windows.of(reference[:-WINDOW] / scale), _Windows.of(response / scale)
    tested = asked.size > FLAT_SHARE
    if not tested.any():
        return None
    correlation = np.einsum("wi,wid->wd", asked.pattern, _delayed(given.pattern))
    slope_match = 1 - np.abs(asked.slope[:, None] - _delayed(given.slope))
    moves = (asked.deviation > FLAT_SHARE)[:, None]
    match = np.where(moves, correlation, slope_match)
    answers = np.where(moves, _delayed(given.deviation), _delayed(given.size)) > FLAT_SHARE

    promptness = 1 - np.arange(WINDOW + 1) / WINDOW
    best = np.argmax(np.where(answers, match + promptness, -np.inf), axis=1)
    answered = answers.any(axis=1)
    accuracies = np.where(answered, np.clip(match[np.arange(len(best)), best], 0, 1), 0)
    delays = np.where(answered, np.where(best <= FORGIVEN, 1, promptness[best]), 0)
    accuracy, delay = float(np.mean(accuracies[tested])), float(np.mean(delays[tested]))
    precision = max(0.0, 1 - float(np.mean(np.abs(response - reference))) / scale)
    return PerformanceScore(
        score=(accuracy + delay + precision) / 3, accuracy=accuracy, delay=delay, precision=precision
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Windows:
    """Each window of a signal.

    Attributes
    ----------
    pattern
        Deviations from the mean over their norm, so that products are correlations; 0 where it is flat: ``(w, 30)``.
    deviation, size
        Standard deviation, and root mean square, ``(w,)``.
    slope
        Change within the window along the line of regression, ``(w,)``.
    """

    pattern: Array
    deviation: Array
    size: Array
    slope: Array

    @classmethod
    def of(cls, signal: Array) -> Self:
        windows = sliding_window_view(signal, WINDOW)
        mean = windows.mean(axis=1)
        about_mean = windows - mean[:, None]
        deviation = np.sqrt(np.mean(np.square(about_mean), axis=1))
        norm = np.where(deviation > FLAT_SHARE, deviation * np.sqrt(WINDOW), np.inf)
        rise = np.arange(WINDOW) - (WINDOW - 1) / 2
        return cls(
            pattern=about_mean / norm[:, None],
            deviation=deviation,
            size=np.hypot(mean, deviation),
            slope=about_mean @ rise * (WINDOW / np.sum(np.square(rise))),
        )


def _delayed(by_window: Array) -> Array:
    """What is known of each window, at each delay after each window: one axis more, at the end."""
    return sliding_window_view(by_window, WINDOW + 1, axis=0)


def mileage(signal: Array) -> float:
    """Way that a regulation signal goes up and down, ``sum|r_i - r_(i-1)|``, in the unit of the signal ``(n,)``.

    Raises
    ------
    TwinError
        The signal holds NaN, or nothing.
    """
    check_measured("mileage", signal=signal)
    return float(np.sum(np.abs(np.diff(signal))))


def regulation_credit(
    *,
    regulation_kw: float,
    score: float,
    mileage_ratio: float,
    capability_price_per_mw: float,
    mileage_price_per_mw: float,
) -> float:
    """What an hour of regulation earns, in the currency of the prices: ``REG score (RMCCP + mileage ratio RMPCP)``.

    Source: PJM's payment as given in the documentation of QuESt (Sandia National Laboratories).

    Parameters
    ----------
    regulation_kw
        Assigned.
    score
        Performance score of the hour, in [0, 1].
    mileage_ratio
        Mileage of the signal that was followed over the mileage of RegA.
    capability_price_per_mw, mileage_price_per_mw
        Clearing prices of capability (RMCCP) and performance (RMPCP), for an hour; may be negative.

    Raises
    ------
    TwinError
        A figure is impossible.
    """
    faults = not_finite(capability_price_per_mw=capability_price_per_mw, mileage_price_per_mw=mileage_price_per_mw)
    if not 0 <= score <= 1:
        faults.append(f"score must be in [0, 1], not {score!r}")
    check_measured("regulation credit", faults=faults, regulation_kw=regulation_kw, mileage_ratio=mileage_ratio)
    price = capability_price_per_mw + mileage_ratio * mileage_price_per_mw
    return regulation_kw / KW_PER_MW * score * price


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringScheme:
    """How deliveries of some days are scored, the first and the last included."""

    name: str
    first_day: date
    last_day: date
    score: Callable[..., PerformanceScore | None]


# PJM has paid regulation by performance since 2012-10-01.
SCORING_SCHEMES = (
    ScoringScheme(
        name="PJM RegA and RegD",
        first_day=date(2012, 10, 1),
        last_day=date(2025, 9, 30),
        score=performance_score,
    ),
)


def scoring_scheme(delivered_on: date) -> ScoringScheme:
    """Scheme by which PJM scores what was delivered on a day.

    On 2025-10-01 one signal for both directions took the place of RegA and RegD, and the score changed. The new formula
    has not been verified, so such days are refused rather than scored by the formula that no longer holds; who wants
    that all the same, to compare units, calls `performance_score` by its name.

    Raises
    ------
    TwinError
        No verified scheme is known for the day.
    """
    for scheme in SCORING_SCHEMES:
        if scheme.first_day <= delivered_on <= scheme.last_day:
            return scheme
    known = ", ".join(f"{scheme.name} ({scheme.first_day} to {scheme.last_day})" for scheme in SCORING_SCHEMES)
    raise TwinError(
        f"no verified scoring scheme is known for {delivered_on}; known: {known}",
        place="scoring_scheme",
        next_step="add the scheme of that day from the market's manual, or call performance_score to apply the formula "
        "of 2012 to 2025 all the same",
    )
