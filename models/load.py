"""Load of the next local day and of the next 24 hours, from load and temperature measured before the issue."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import ClassVar, Self

from kpp_twin.records import Array, Series
from kpp_twin.timegrid import TimeGrid
from models import hours_ahead
from models.day_ahead import Record
from models.ensemble import Family, weights_of_part
from models.families import load_days, persistence, regime
from models.forecaster import DayAheadForecaster

HOURS_AHEAD = "hours_ahead"
FAMILIES = (
    Family(
        name=load_days.OWN_LOAD.name,
        fit=partial(load_days.fit, load_days.OWN_LOAD),
        forecast=partial(load_days.forecast, load_days.OWN_LOAD),
        least_days=28,
    ),
    Family(name=regime.NAME, fit=None, forecast=regime.forecast, least_days=28),
    Family(name=persistence.NAME, fit=None, forecast=persistence.forecast, least_days=2),
)


class LoadForecaster(DayAheadForecaster):
    """Forecasts of a metered load; `fit`, then `predict` or `predict_quantiles`. [kW]

    The 24 hours from an issue on have numbers of their own, which lean on the last known values.
    """

    recipe: ClassVar[str] = "load-1"
    families: ClassVar[tuple[Family, ...]] = FAMILIES
    parts: ClassVar[tuple[str, ...]] = (HOURS_AHEAD,)

    def fit(
        self, series: Series, *, issued_at: datetime, exogenous: Sequence[Series] = (), record: Record | None = None
    ) -> Self:
        """Fit both; see `DayAheadForecaster.fit`."""
        super().fit(series, issued_at=issued_at, exogenous=exogenous, record=record)
        weights, scores = hours_ahead.fit(
            series, issued_at=issued_at, zone=self.zone, temperature=_temperature(exogenous)
        )
        self.weights_ = {**self.weights_, **{f"{HOURS_AHEAD}.{name}": array for name, array in weights.items()}}
        self.scores_ = {**self.scores_, **scores}
        return self

    def forecast_hours_ahead(
        self, series: Series, *, issued_at: datetime, horizon: TimeGrid, exogenous: Sequence[Series] = ()
    ) -> tuple[Array, Array]:
        """Point ``(n_steps,)`` and quantiles ``(n_steps, 19)`` of the 24 hours from the issue on.

        Raises
        ------
        MissingInputError
            Too little is known for some interval.
        """
        return hours_ahead.forecast(
            weights_of_part(HOURS_AHEAD, self.weights_),
            series,
            issued_at=issued_at,
            horizon=horizon,
            zone=self.zone,
            temperature=_temperature(exogenous),
        )


def _temperature(exogenous: Sequence[Series]) -> Series | None:
    return next((item for item in exogenous if item.variable == "weather"), None)
