"""What the price and the load forecaster share: fit, judge out of sample, predict, and rebuild from stored numbers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.records import Array, Series
from kpp_twin.timegrid import TimeGrid
from models import ridge
from models.features import NAMES, inputs, instant_us, known_of
from models.horizons import hours_ahead, next_local_day
from models.training import (
    HALF_LIFE_DAYS,
    HOURS_AHEAD_TRAINING_DAYS,
    TRAINING_DAYS,
    Walked,
    day_ahead_rows,
    fit_at,
    hours_ahead_rows,
    walk,
)


class RidgeForecaster:
    """Forecasts of one series by ridge regression; see `PriceForecaster` and `LoadForecaster`.

    Attributes
    ----------
    weights_
        All trained numbers by name: for each head the coefficients, the quantiles of the errors by local hour (in
        scales of the level), and their spread by hours of lead.
    parameters_
        The recipe and its settings, for JSON.
    walked_
        Errors out of sample of each head; none after `load`.
    """

    heads: ClassVar[tuple[str, ...]] = ()
    has_regimes: ClassVar[bool] = False

    def __init__(self, *, zone: ZoneInfo) -> None:
        self.zone = zone
        self.weights_: Mapping[str, Array] = {}
        self.parameters_: Mapping[str, Any] = {}
        self.walked_: Mapping[str, Walked] = {}

    @classmethod
    def load(cls, weights: Mapping[str, Array], parameters: Mapping[str, Any], *, zone: ZoneInfo) -> Self:
        """Rebuild a forecaster from its numbers; no code in them can run.

        Raises
        ------
        WeightsError
            They are not those of this kind of forecaster.
        """
        ridge.check(weights, parameters, cls.heads)
        forecaster = cls(zone=zone)
        forecaster.weights_, forecaster.parameters_ = dict(weights), dict(parameters)
        return forecaster

    def fit(self, series: Series, *, issued_at: datetime, days: int, temperature: Series | None = None) -> Self:
        """Fit on what is known at ``issued_at``, after a walk over the last days that tells the errors.

        Parameters
        ----------
        days
            How many days are judged out of sample.

        Raises
        ------
        TooLittleTrainingError
            The history is too short.
        """
        from threadpoolctl import threadpool_limits

        weights, walked = {}, {}
        past_days = max(1, (issued_at - series.grid.start).days + 1)
        with threadpool_limits(limits=1):  # sums in the same order on any machine, and no spinning threads
            for head in self.heads:
                daily = head == "day_ahead"
                training_days = TRAINING_DAYS if daily else HOURS_AHEAD_TRAINING_DAYS
                step = series.grid.step_minutes
                rows = (day_ahead_rows if daily else hours_ahead_rows)(
                    series,
                    next_local_day(issued_at, step, self.zone) if daily else hours_ahead(issued_at, step),
                    issued_at=issued_at,
                    days=min(days + training_days, max(days, past_days)),
                    zone=self.zone,
                    temperature=temperature,
                    has_regimes=self.has_regimes,
                )
                walked[head] = judged = walk(rows, issued_at=issued_at, days=days, training_days=training_days)
                spread = np.ones(ridge.LEAD_HOURS) if daily else ridge.spread_of(judged.errors, judged.lead)
                weights[f"{head}.coefficients"] = fit_at(rows, instant_us(issued_at), training_days)
                weights[f"{head}.errors"] = ridge.error_table(
                    judged.errors / judged.scale / spread[judged.lead], judged.hour
                )
                weights[f"{head}.spread"] = spread
        self.weights_, self.walked_ = weights, walked
        self.parameters_ = {
            "recipe": ridge.RECIPE,
            "features": list(NAMES),
            "has_regimes": self.has_regimes,
            "alpha": ridge.ALPHA,
            "reweightings": ridge.REWEIGHTINGS,
            "training_days": TRAINING_DAYS,
            "hours_ahead_training_days": HOURS_AHEAD_TRAINING_DAYS,
            "half_life_days": HALF_LIFE_DAYS,
        }
        ridge.check(self.weights_, self.parameters_, self.heads)
        return self

    def predict(
        self, series: Series, *, issued_at: datetime, horizon: TimeGrid, temperature: Series | None = None
    ) -> Array:
        """Point forecast ``(n_steps,)`` in the unit of the series; errors as in `forecast`."""
        return self.forecast(series, issued_at=issued_at, horizon=horizon, temperature=temperature)[0]

    def predict_quantiles(
        self, series: Series, *, issued_at: datetime, horizon: TimeGrid, temperature: Series | None = None
    ) -> Array:
        """Quantiles ``(n_steps, 19)`` at 5 % to 95 %, rising along the second axis; errors as in `forecast`."""
        return self.forecast(series, issued_at=issued_at, horizon=horizon, temperature=temperature)[1]

    def forecast(
        self, series: Series, *, issued_at: datetime, horizon: TimeGrid, temperature: Series | None = None
    ) -> tuple[Array, Array]:
        """Point and quantiles of each interval from what the series and the temperature tell at ``issued_at``.

        Raises
        ------
        MissingInputError
            Too little is known for some interval.
        WeightsError
            Nothing was fitted or loaded.
        """
        if not self.weights_:
            raise ridge.WeightsError("nothing was fitted yet: call fit or load first")
        targets = horizon.index
        known = inputs(
            known_of(series, self.zone),
            targets,
            np.full(len(targets), instant_us(issued_at)),
            self.zone,
            None if temperature is None else known_of(temperature, self.zone),
            has_regimes=self.has_regimes,
        )
        is_next = "hours_ahead" in self.heads and horizon == hours_ahead(issued_at, horizon.step_minutes)
        return ridge.forecast(self.weights_, "hours_ahead" if is_next else "day_ahead", known, targets)
