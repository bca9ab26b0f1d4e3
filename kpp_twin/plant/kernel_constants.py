"""Names and constants of the compiled plant."""

from enum import IntEnum
from typing import NamedTuple


class Total(IntEnum):
    """Where energy went. [kJ]"""

    COMPRESSOR_IN = 0
    NANOBUBBLE_IN = 1
    HEAT_EXERGY_IN = 2
    GENERATOR_OUT = 3
    COMPRESSOR_LOSS = 4
    NANOBUBBLE_LOSS = 5
    LEAK_LOSS = 6
    THROTTLE_LOSS = 7
    EXPANSION_LOSS = 8
    SPILL_LOSS = 9
    DISSOLUTION_LOSS = 10
    DRAG_LOSS = 11
    FRICTION_LOSS = 12
    BRAKE_LOSS = 13
    GEAR_LOSS = 14
    CLUTCH_LOSS = 15
    WINDAGE_LOSS = 16
    GENERATOR_LOSS = 17
    HEAT_IN = 18


class Reason(IntEnum):
    """Why a setpoint was not followed: the bit of a step's reasons."""

    COMPRESSOR_RATING = 0
    COMPRESSOR_LEAST_POWER = 1
    COMPRESSOR_MUST_RUN = 2
    COMPRESSOR_RESTART_WAIT = 3
    COMPRESSOR_RAMP = 4
    CONNECTION_LIMIT = 5
    RECEIVER_FULL = 6
    RECEIVER_EMPTY = 7
    HEAT_SOURCE_LIMIT = 8
    GENERATOR_RATING = 9
    GENERATOR_RAMP = 10
    FLYWHEEL_TOO_SLOW = 11
    CHAIN_POWER_SHORT = 12
    CHAIN_TOO_FAST = 13
    CONVERTER_RATING = 14


class Recorded(IntEnum):
    """Columns of a record: means over its steps, then the state at its end."""

    GENERATOR_KW = 0
    COMPRESSOR_KW = 1
    AUXILIARY_KW = 2
    RECEIVER_KPA = 3
    COLUMN_KJ = 4
    CHAIN_SPEED = 5
    FLYWHEEL_SPEED = 6


class Constants(NamedTuple):
    """Constants of a plant and of the length of its steps; `model.PlantModel` makes them.

    Units: kPa, m³, kN, t, m, s, kW, kJ; flywheel in rad/s. Air in fillings of a floater, as in `column`; a ``share`` or
    ``keep`` is of a step. ``turning_t`` and ``chain_windage`` are those of the flywheel seen from the chain; the
    accelerations are the most that a full column gives the chain, with the flywheel or without.
    """

    step_s: float
    substeps: int
    ambient_kpa: float
    per_ambient_kpa: float
    receiver_m3: float
    min_kpa: float
    max_kpa: float
    leak_keep: float
    compressor_kw: float
    compressor_min_kw: float
    compressor_efficiency: float
    compression_share: float
    compressor_min_run_s: float
    compressor_restart_s: float
    compressor_ramp_kw: float
    air_kj: float
    full: float
    full_kn: float
    full_column_kj: float
    arrival_kj: float
    heat_kj: float
    heat_exergy_kj: float
    expansion_loss_kj: float
    heat_source_kw: float
    nanobubble_kw: float
    spills: bool
    dissolving_per_s: float
    floaters_per_m: float
    cells_per_m: float
    floaters_per_cell: float
    chain_t: float
    drag: float
    friction_kn: float
    brake_kn: float
    free_m_per_s2: float
    locked_m_per_s2: float
    ratio: float
    flywheel_t: float
    turning_t: float
    windage: float
    chain_windage: float
    gear_efficiency: float
    per_gear_efficiency: float
    min_speed: float
    max_speed: float
    min_chain_speed: float
    max_chain_speed: float
    generator_kw: float
    standing_kw: float
    linear: float
    quadratic: float
    generator_ramp_kw: float
