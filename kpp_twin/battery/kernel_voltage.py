"""Measured voltage that may be missing, and the lag of reactive power, compiled."""

from kpp_twin.compiled import compiled
from kpp_twin.units import Array


@compiled
def held_voltage(
    voltage_pu: Array,
    lowest_pu: float,
    highest_pu: float,
    step_s: float,
    hold_s: float,
    last_pu: float,
    missing_s: float,
) -> tuple[Array, float, float]:
    """Voltage that may be acted upon, ``(n,)``; the last one, and for how long there has been none.

    Where a sample is no number or cannot be true, the last one holds for ``hold_s``; then nominal, which asks for
    nothing.
    """
    held = voltage_pu.copy()
    for step in range(len(voltage_pu)):
        if lowest_pu <= voltage_pu[step] <= highest_pu:
            last_pu, missing_s = voltage_pu[step], 0.0
        else:
            missing_s += step_s
            held[step] = last_pu if missing_s <= hold_s else 1.0
    return held, last_pu, missing_s


@compiled
def lagged(goal: Array, settled_share: float, value: float) -> Array:
    """First-order lag of a goal that holds for each step, ``(n,)``: values at the ends of the steps."""
    after = goal.copy()
    for step in range(len(goal)):
        value += (goal[step] - value) * settled_share
        after[step] = value
    return after
