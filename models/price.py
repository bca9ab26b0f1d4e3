"""Day-ahead prices of the next local day, from the prices known at the issue and what else is known a day ahead."""

from functools import partial
from typing import ClassVar

from models.ensemble import Family
from models.families import day_process, lasso, network, regime, trees
from models.families.day_process import LONG_CENTER_DAYS
from models.forecaster import DayAheadForecaster

YEAR_DAYS = 364  # with less, trees and networks err more than they add
FAMILIES = (
    Family(name=day_process.NAME, fit=day_process.fit, forecast=day_process.forecast, least_days=28, is_tuned=True),
    Family(
        name=f"{day_process.NAME}_long",
        fit=partial(day_process.fit, center_days=LONG_CENTER_DAYS),
        forecast=partial(day_process.forecast, center_days=LONG_CENTER_DAYS),
        least_days=28,
        is_tuned=True,
    ),
    Family(name=lasso.NAME, fit=lasso.fit, forecast=lasso.forecast, least_days=28),
    Family(name=trees.NAME, fit=trees.fit, forecast=trees.forecast, least_days=YEAR_DAYS),
    Family(name=network.NAME, fit=network.fit, forecast=network.forecast, least_days=YEAR_DAYS),
    Family(name=regime.NAME, fit=None, forecast=regime.forecast, least_days=28, takes_exogenous=False),
)


class PriceForecaster(DayAheadForecaster):
    """Forecasts of a day-ahead price; `fit`, then `predict` or `predict_quantiles`. [currency/MWh]"""

    recipe: ClassVar[str] = "price-1"
    families: ClassVar[tuple[Family, ...]] = FAMILIES
