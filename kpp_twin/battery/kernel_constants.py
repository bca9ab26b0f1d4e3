"""Names and constants of the compiled battery and its controller."""

from enum import IntEnum
from typing import NamedTuple

# Blocks ahead for which a schedule of restoring power can be fixed.
MAX_LEAD = 4


class Variable(IntEnum):
    """What is carried from one step to the next: of the battery, the frequency meter, and the controller."""

    ENERGY_KWH = 0
    POWER_KW = 1
    """At the end of the step."""
    SCHEDULED_KW = 2
    """Part of that power that follows the setpoint and restores energy; the rest answers frequency."""
    TEMPERATURE_C = 3
    COOLING = 4
    """Whether it cools."""

    TRUSTED_HZ = 5
    """Last frequency that was trusted; not a number before the first."""
    SEEN_HZ = 6
    """Last sample that was possible."""
    SAME_S = 7
    """For how long that has been the same; what was missing between does not count."""
    STEADY_S = 8
    """For how long samples have been plausible, each beside the one before."""
    UNTRUSTED_S = 9
    """For how long none has been trusted."""

    RESPONSE_KW = 10
    HZ_PER_S = 11
    """Filtered rate of change."""
    FAST_PHASE = 12
    FAST_S = 13
    """For how long fast response has been in its phase."""
    FAST_SHARE = 14
    SIGNAL = 15
    SIGNAL_AGE_S = 16
    RESTORING_KW = 17
    BLOCK_S = 18
    """Of the running block of restoring power."""
    ASKED_KW = 19
    """Response that the product asked for."""
    BLOCK_KW = 20
    """Restoring power of the running block; those of the next follow."""


N_VARIABLES = Variable.BLOCK_KW + 1 + MAX_LEAD


class Total(IntEnum):
    """Energies [kWh] at the grid side and losses; then sums over the steps."""

    CHARGED = 0
    DISCHARGED = 1
    CHARGE_LOSS = 2
    DISCHARGE_LOSS = 3
    SELF_DISCHARGE = 4
    AUXILIARY = 5
    """Drawn by auxiliaries and cooling, beside the battery."""
    GAINED = 6
    """Change of the stored energy."""
    ASKED_CHANGE_KW = 7
    """Sum of the changes of the response asked for: its mileage times what was sold."""
    ENDURANCE_S = 8
    """In which the stored energy was outside of what full response for its endurance needs."""


class Flag(IntEnum):
    """What was special in a step: the bit of its flags. First faults of the frequency, then management of energy."""

    MISSING = 0
    OUT_OF_RANGE = 1
    OTHER_NOMINAL = 2
    JUMP = 3
    FROZEN = 4
    RETURNING = 5
    """Plausible again, but not for long enough after a long fault."""
    HELD = 6
    """The last trusted frequency was used."""
    DEGRADED = 7
    """No frequency was trusted for so long that none is answered."""
    SIGNAL_MISSING = 8
    DEADBAND_USE = 9
    OVER_FULFILMENT = 10
    RESTORING_UP = 11
    """Restoring by discharge."""
    RESTORING_DOWN = 12
    SETPOINT_CUT = 13
    """The setpoint gave way to what was sold."""
    RESPONSE_CUT = 14
    """Limits of power or energy cut what was asked for."""
    HOT_OR_COLD = 15
    """Temperature lowered the power."""


class Recorded(IntEnum):
    """Columns of a record: means over its steps, then values at its end."""

    POWER_KW = 0
    SCHEDULED_KW = 1
    ASKED_KW = 2
    """Response that the product asks for at the trusted frequency."""
    RESPONSE_KW = 3
    """Response that the controller sought: with lag, ramp and management."""
    TARGET_KW = 4
    AUXILIARY_KW = 5
    DELIVERABLE = 6
    GAINED_KWH = 7
    """Per step."""
    END_POWER_KW = 8
    ENERGY_KWH = 9
    TEMPERATURE_C = 10


FIRST_END = Recorded.END_POWER_KW


class Constants(NamedTuple):
    """Constants that `model.BatteryModel` makes of battery, meter and product; a ``share`` or ``keep`` is of a step.

    Of management: the bounds within which the endurance holds, and where restoring begins, both in kWh.
    """

    step_s: float
    # Battery
    min_kwh: float
    max_kwh: float
    max_kw: float
    charge_efficiency: float
    discharge_efficiency: float
    leak_share: float
    taper_kwh: float
    settled_share: float
    lagging_share: float
    auxiliary_kw: float
    # Heat
    ambient_c: float
    heat_keep: float
    kelvin_per_kw: float
    derate_from_c: float
    derate_to_c: float
    charge_above_c: float
    cooling_kw: float
    cooling_on_c: float
    cooling_off_c: float
    cooling_electric_kw: float
    # Meter
    nominal_hz: float
    other_nominal_hz: float
    plausible_hz: float
    max_jump_hz: float
    frozen_after_s: float
    hold_s: float
    readmit_s: float
    # Response
    sold_kw: float
    upward: bool
    downward: bool
    deadband_hz: float
    trigger_hz: float
    release_hz: float
    initiation_s: float
    fast_hold_s: float
    recovery_share: float
    follows_signal: bool
    signal_hold_s: float
    response_share: float
    ramp_kw: float
    inertia_kw_s_per_hz: float
    rate_share: float
    rate_deadband: float
    no_charge_below_hz: float
    # Management of energy
    reserve_up_kw: float
    reserve_down_kw: float
    least_kwh: float
    most_kwh: float
    slack_kwh: float
    restore_below_kwh: float
    restore_above_kwh: float
    middle_kwh: float
    deadband_use: bool
    over_fulfilment: float
    continuous_per_h: float
    restores_against_response: bool
    block_s: float
    lead_blocks: int
    restoring_kw: float
    restoring_ramp_kw: float
