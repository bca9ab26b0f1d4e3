"""Load of the next local day and of the next 24 hours, from load and temperature measured before the issue."""

from typing import ClassVar

from models.forecaster import RidgeForecaster


class LoadForecaster(RidgeForecaster):
    """Forecasts of a metered load; `fit`, then `predict` or `predict_quantiles`. [kW]

    A horizon of the 24 hours from the issue on is forecast by coefficients of its own, which lean on the last known
    values; any other as a day ahead. A site may be shut down or started for weeks: the level has regimes.
    """

    heads: ClassVar[tuple[str, ...]] = ("day_ahead", "hours_ahead")
    has_regimes: ClassVar[bool] = True
