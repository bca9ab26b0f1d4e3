"""Cost of the battery's ageing: for each MWh discharged, on average and at the margin, and the years that it lasts."""

import math
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from kpp_twin.battery.ageing import Health
from kpp_twin.battery.chemistry import CHEMISTRIES, Swings
from kpp_twin.errors import TwinError
from kpp_twin.units import HOURS_PER_YEAR, KWH_PER_MWH, Array

END_OF_LIFE_HEALTH = 0.8
"""State of health at which a battery is replaced. [fraction of the first capacity]"""

# Depths are moved by this share to find the slope of the damage.
SLOPE_STEP = 1e-4


def years_until(health: Health, state_of_health: float = END_OF_LIFE_HEALTH) -> float:
    """Years from new to a state of health where use goes on as it has been, so that damage grows in proportion.

    Raises
    ------
    TwinError
        There was no use to go by, or no use comes to that state of health.
    """
    calendar, cycles = health.total_calendar_damage, health.total_cycle_damage
    if not (calendar > 0 and 0 < state_of_health < 1):
        raise TwinError(
            f"no use of the battery in {health.elapsed_hours:g} h leads to a state of health of {state_of_health!r}",
            place="years_until",
            next_step="age the battery first, and ask for a state of health between 0 and 1",
        )
    law = CHEMISTRIES[health.chemistry]

    def overshoot(times: float) -> float:
        return law.capacity_loss(times * calendar, times * cycles) - (1.0 - state_of_health)

    most = 1.0
    while overshoot(most) < 0:
        most *= 2.0
    return float(brentq(overshoot, 0.0, most)) * health.elapsed_hours / HOURS_PER_YEAR


def mean_cost_per_mwh(
    replacement_cost_per_kwh: float = 250.0, equivalent_full_cycles: float = 6000.0, usable_share: float = 1.0
) -> float:
    """Cost of ageing for each MWh discharged: replacement over all that a life discharges, by definition.

    Parameters
    ----------
    replacement_cost_per_kwh
        Of the whole capacity.
    equivalent_full_cycles
        Until the end of life.
    usable_share
        Of the capacity that a full cycle takes out.

    Raises
    ------
    TwinError
        A value is not positive.
    """
    _check_positive(
        replacement_cost_per_kwh=replacement_cost_per_kwh,
        equivalent_full_cycles=equivalent_full_cycles,
        usable_share=usable_share,
    )
    return replacement_cost_per_kwh * KWH_PER_MWH / (usable_share * equivalent_full_cycles)


def marginal_cost_per_mwh(health: Health, swings: Swings, replacement_cost_per_kwh: float = 250.0) -> Array:
    """Cost of ageing for one MWh more that full cycles discharge from the cells at the present damage, shape as swings.

    It is the slope of the capacity loss over the depth, at the same mean, temperature and rate; a replacement pays for
    the loss until `END_OF_LIFE_HEALTH`.

    Source: B. Xu et al., "Factoring the cycle aging cost of batteries participating in electricity markets", IEEE
    Transactions on Power Systems 33 (2018) 2248; there for damage alone, here for the capacity that it takes.

    Raises
    ------
    TwinError
        A value of the swings is no number, a depth is outside (0, 1], or the replacement costs nothing.
    """
    _check_positive(replacement_cost_per_kwh=replacement_cost_per_kwh)
    depth = swings.depth
    known = np.isfinite([depth, swings.mean_state_of_charge, swings.temperature_c, swings.c_rate])
    if not (known.all() and np.all((depth > 0) & (depth <= 1))):
        raise TwinError(
            f"depths must lie above 0 and up to 1, and all values be numbers, not {swings!r}",
            place="marginal_cost_per_mwh",
            next_step="leave out cycles without depth, and mend what is no number",
        )
    law = CHEMISTRIES[health.chemistry]
    calendar, cycles = health.total_calendar_damage, health.total_cycle_damage
    below, above = (
        law.capacity_loss(calendar, cycles + law.cycle_damage(replace(swings, depth=depth * (1.0 + step))))
        for step in (-SLOPE_STEP, SLOPE_STEP)
    )
    slope = (above - below) / (2.0 * SLOPE_STEP * depth)
    return slope / (1.0 - END_OF_LIFE_HEALTH) * replacement_cost_per_kwh * KWH_PER_MWH


def _check_positive(**values: float) -> None:
    faults = [f"{name} must be positive, not {value!r}" for name, value in values.items() if not 0 < value < math.inf]
    if faults:
        raise TwinError("; ".join(faults), place="cost of ageing", next_step="correct the figures")
