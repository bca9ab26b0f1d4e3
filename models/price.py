"""Day-ahead prices of the next local day, from the prices known at the issue."""

from typing import ClassVar

from models.forecaster import RidgeForecaster


class PriceForecaster(RidgeForecaster):
    """Forecasts of a day-ahead price; `fit`, then `predict` or `predict_quantiles`. [currency/MWh]"""

    heads: ClassVar[tuple[str, ...]] = ("day_ahead",)
