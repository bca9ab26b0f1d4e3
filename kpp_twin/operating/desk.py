"""What every hourly station looks at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.feeds import METERING_DELAY
from kpp_twin.market.bidding.bids import DAY_AHEAD, clear_bids
from kpp_twin.operating.hourly import hourly_means, known_on, series_of
from kpp_twin.operation import Bid, Setpoint, Standing
from kpp_twin.records import Forecast, History
from kpp_twin.site import Site
from kpp_twin.timegrid import Array, TimeGrid

HOUR = timedelta(hours=1)
IDLE = Setpoint(setpoint_kw=0.0, reserved_up_kw=0.0, reserved_down_kw=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every hourly station looks at."""

    site: Site
    as_of: datetime
    history: History
    forecasts: Sequence[Forecast]
    standing: Standing
    zone: ZoneInfo

    @property
    def metered_until(self) -> datetime:
        """End of the last hour that is metered whole."""
        return _hour_of(self.as_of - METERING_DELAY)

    @property
    def next_hour(self) -> datetime:
        """Start of the first hour that has not begun."""
        floor = _hour_of(self.as_of)
        return floor if floor == self.as_of else floor + HOUR

    def price_on(self, grid: TimeGrid) -> Array:
        """Day-ahead price of each hour, ``(grid.n_steps,)``; NaN where it is not known."""
        series = series_of(self.history, "price", self.site.market.price_series)
        if series is None:
            return np.full(grid.n_steps, np.nan)
        fine = TimeGrid.between(grid.start, grid.stop, series.grid.step_minutes)
        return hourly_means(known_on(series, fine, self.as_of), fine, grid)

    def setpoint(self, asset: str, hour: datetime) -> Setpoint:
        """What the plan in force says; idle where there is none."""
        return self.standing.setpoints.get((asset, hour), IDLE)

    def in_force_kw(self, asset: str, hours: Sequence[datetime]) -> Array:
        """Setpoints of the plan in force, ``(n,)``; NaN where there is none."""
        found = self.standing.setpoints
        return np.array([found[asset, hour].setpoint_kw if (asset, hour) in found else np.nan for hour in hours])

    def sold_kw(self, hour: datetime, price_per_mwh: float) -> dict[str, float]:
        """What was sold day-ahead for the hour, by asset; kW over an hour are kWh."""
        return dict(clear_bids([bid for bid in self._bids_of(hour) if bid.market == DAY_AHEAD], price_per_mwh))

    def reserve_kw(self, hour: datetime) -> float | None:
        """Frequency response sold for the hour; none of an hour that was not bid for at all."""
        bids = self._bids_of(hour)
        if not bids:
            return None
        return sum(bid.quantity_kw for bid in bids if bid.market == self.site.services.frequency_product)

    def _bids_of(self, hour: datetime) -> list[Bid]:
        return [bid for bid in self.standing.bids if bid.valid_from == hour]


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
