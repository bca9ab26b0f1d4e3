"""The only file that converts between units; and the type of an array of numbers."""

import math
from typing import TypeVar

import numpy as np
import numpy.typing as npt

KW_PER_MW = 1000.0
KWH_PER_MWH = 1000.0
WH_PER_KWH = 1000.0
W_PER_KW = 1000.0
MINUTES_PER_HOUR = 60
HOURS_PER_DAY = 24
DAYS_PER_WEEK = 7
MICROSECONDS_PER_HOUR = 3_600_000_000
KPA_PER_BAR = 100.0
N_PER_KN = 1000.0
MHZ_PER_HZ = 1000.0
KG_PER_T = 1000.0
RAD_PER_S_PER_RPM = math.tau / 60.0
ZERO_CELSIUS_K = 273.15
SECONDS_PER_HOUR = 3600
SECONDS_PER_MINUTE = 60
SECONDS_PER_DAY = 86_400
HOURS_PER_MONTH = 730.5
HOURS_PER_YEAR = 8766.0

Array = npt.NDArray[np.float64]
Number = TypeVar("Number", float, Array)

# What a column of a data file may be measured in, and the factor to the unit that the twin stores.
POWER_TO_KW = {"w": 1.0 / W_PER_KW, "kw": 1.0, "mw": KW_PER_MW}


def celsius(fahrenheit: Number) -> Number:
    """Temperature in °C of one in °F; scalar or array."""
    return (fahrenheit - 32.0) * (5.0 / 9.0)
