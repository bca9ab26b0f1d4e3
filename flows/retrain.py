"""The retrain flow."""

from datetime import datetime

from prefect import flow

from flows import steps
from kpp_twin.records import CycleReport
from kpp_twin.settings import load_settings


@flow(name="retrain")
def retrain(as_of: datetime | None = None) -> list[CycleReport]:
    """Train the forecasters from what the history knows now, and try them beside those that serve; runs when asked.

    Cycles that were missed run first, in order. Without ``as_of``, the time for which the run was scheduled decides.
    """
    settings = load_settings()
    return steps.run_due(settings, steps.target(settings, "retrain", as_of))
