"""The retrain flow."""

from datetime import datetime

from prefect import flow

from flows import steps
from kpp_twin.records import CycleReport
from kpp_twin.settings import load_settings


@flow(name="retrain")
def retrain(as_of: datetime | None = None) -> list[CycleReport]:
    """Choose the forecasters anew from what the history knows now; runs when asked.

    Cycles that were missed run first, in order. Without ``as_of``, the time for which the run was scheduled decides.
    """
    settings = load_settings()
    return steps.run_due(settings, steps.target(settings, "retrain", as_of))
