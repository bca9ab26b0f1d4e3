"""Whether a challenger takes the champion's place, and whether a new champion has to give it back.

Both are judged by their daily losses on days that neither had seen, at a few looks; nothing else is remembered. A look
asks for a lower mean loss, and for a difference that chance does not make: the mean relative difference by its
heteroskedasticity and autocorrelation consistent standard error (Diebold and Mariano, 1995; Newey and West, 1987).
Who looks often finds something by chance, so early looks ask for more (O'Brien and Fleming, 1979).
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kpp_twin.units import Array

FIRST_DAYS = 28  # before a challenger may be promoted
FIRST_DAYS_BACK = 20  # before a champion may be rolled back: a bad one costs every day
LAST_DAYS = 60  # what was not told apart by then is as good
DAYS_BETWEEN_LOOKS = 8
# Limit of the statistic at the last look. One of many normal losses would be near 2.4; a few autocorrelated ones with
# heavy tails need more: 1 % false promotions over the five looks, by simulation (`benchmarks.promotion`).
LAST_LIMIT = 2.95
HAC_LAGS = 2  # differences hang together little; with more lags the standard error of 28 days is itself uncertain


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a comparison came to.

    Attributes
    ----------
    decision
        ``promote`` the other, ``keep`` the champion for good, or ``wait`` for more days.
    n_days
        Days judged, those up to the look that decided.
    loss_ratio
        Mean loss of the other over that of the champion on these days; none without a loss of the champion.
    statistic, limit
        Of the mean difference at the last look, negative where the other is better, which is promoted at minus the
        limit. None before a look.
    """

    decision: Literal["promote", "keep", "wait"]
    n_days: int
    loss_ratio: float | None
    statistic: float | None
    limit: float | None


def judge_challenger(champion: Array, challenger: Array) -> Verdict:
    """Whether a challenger takes the champion's place.

    Parameters
    ----------
    champion, challenger
        Daily losses, ``(n_days,)``, oldest first, of the days that neither had seen; NaN where there is none. Give all
        of them, whenever it is asked: a decision once reached stays.
    """
    return _judge(champion, challenger, FIRST_DAYS)


def judge_champion(champion: Array, former: Array) -> Verdict:
    """Whether a new champion has to give its place back to the former one, which forecasts on beside it.

    Parameters
    ----------
    champion, former
        Daily losses since the promotion, as for `judge_challenger`.
    """
    return _judge(champion, former, FIRST_DAYS_BACK)


def _judge(champion: Array, other: Array, first_days: int) -> Verdict:
    both = np.isfinite(champion) & np.isfinite(other)
    champion, other = champion[both], other[both]
    n_days = min(len(champion), LAST_DAYS)
    decision: Literal["promote", "keep", "wait"] = "keep" if n_days == LAST_DAYS else "wait"
    statistic = limit = None
    for look in range(first_days, n_days + 1, DAYS_BETWEEN_LOOKS):
        statistic = _statistic(champion[:look], other[:look])
        limit = LAST_LIMIT * math.sqrt(LAST_DAYS / look)
        if statistic <= -limit and other[:look].mean() < champion[:look].mean():
            decision, n_days = "promote", look
            break
    lost = float(champion[:n_days].sum())
    return Verdict(
        decision=decision,
        n_days=n_days,
        loss_ratio=float(other[:n_days].sum()) / lost if lost > 0 else None,
        statistic=statistic,
        limit=limit,
    )


def _statistic(champion: Array, other: Array) -> float:
    """Mean difference of the daily losses over its standard error, each relative to the mean of the two.

    Large losses differ more: unless they are made relative, a few days of spikes decide alone, whoever they favour.
    """
    from statsmodels.regression.linear_model import OLS

    size = (champion + other) / 2
    difference = np.divide(other - champion, size, out=np.zeros(len(size)), where=size > 0)
    if not difference.std() > 0:
        return math.copysign(math.inf, difference[0]) if difference[0] else 0.0
    fitted = OLS(difference, np.ones(len(difference))).fit(cov_type="HAC", cov_kwds={"maxlags": HAC_LAGS})
    return float(fitted.tvalues[0])
