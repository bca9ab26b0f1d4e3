"""The hourly flow."""

from datetime import datetime

from prefect import flow

from flows import steps
from kpp_twin.records import CycleReport
from kpp_twin.settings import load_settings


@flow(name="hourly")
def hourly(as_of: datetime | None = None) -> list[CycleReport]:
    """Bring in what came, and forecast the load of the next 24 hours.

    Cycles that were missed run first, in order. Without ``as_of``, the time for which the run was scheduled decides.
    """
    settings = load_settings()
    return steps.run_due(settings, steps.target(settings, "hourly", as_of))
