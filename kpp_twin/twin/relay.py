"""The relay that sheds load at low frequency, hour by hour."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np

from kpp_twin.frequency.load_shedding import SheddingState, shed_load
from kpp_twin.records import Array
from kpp_twin.site import Site

# What was shed is connected again with the next hour that begins this near to nominal frequency.
RESTORED_WITHIN_HZ = 0.1


def shed_hour(
    site: Site, start: datetime, frequency_hz: Array, load_kw: Array, before: Mapping[str, Any] | None
) -> tuple[Array, Mapping[str, Any] | None]:
    """Load that the relay sheds in each second, ``(3600,)``, and its state; none for a site without a relay.

    Restoring is the operator's act: here all at once, when an hour begins at about nominal frequency.

    Parameters
    ----------
    before
        State after the hour before; none at first, and none after a change of the plan with nothing shed.
    """
    plan = site.load_shedding_plan(start.date())
    if plan is None:
        return np.zeros(len(frequency_hz)), None
    state = SheddingState.of_json(before) if before else SheddingState.initial(plan)
    if any(state.shed) and abs(frequency_hz[0] - plan.nominal_hz) <= RESTORED_WITHIN_HZ:
        state = state.restored([stage for stage, is_shed in enumerate(state.shed) if is_shed])
    if len(state.shed) != len(plan.stages) and not any(state.shed):
        state = SheddingState.initial(plan)
    shed_kw, after = shed_load(plan, frequency_hz, load_kw, 1.0, state)
    return shed_kw, after.as_json()
