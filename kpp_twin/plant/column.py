"""The ascending column: what a floater's air is worth at each depth, and how much of it fits in.

Air rising in water of pressure ``p(d) = p0 + rho g d`` gives the work ``∫ V dp``; isothermal, that is exactly the
work of its ideal isothermal compression. The column is cut into cells, and a floater that passes from the middle of one
to the middle of the next gives the difference of their values as buoyant work: so all the air that goes in comes out
again, as work, as what spills, or as what the missing heat costs.

Air is counted in fillings of a floater at the surface: 1 is ``p0 V`` at ambient temperature.
Units: kPa, m³, kN, m, kJ; water of 1 t/m³, in which the laws need no factors.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from kpp_twin.units import Array

AMBIENT_KPA = 101.325
GRAVITY = 9.81
WATER_T_PER_M3 = 1.0
AMBIENT_HEAD_M = AMBIENT_KPA / (WATER_T_PER_M3 * GRAVITY)
ADIABATIC_INDEX = 1.4

FillPolicy = Literal["full_at_depth", "full_at_surface"]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)


def pressure_ratio(depth_m: float) -> float:
    """Pressure at a depth over ambient."""
    return 1.0 + depth_m / AMBIENT_HEAD_M


def buoyant_work_kj(
    depth_m: Array, foot_m: float, volume_m3: float, *, index: float = 1.0, temperature_ratio: float = 1.0
) -> Array:
    """Work that one filling of air gives between a depth and the surface, having come from the foot of the shaft.

    Parameters
    ----------
    index
        Of the polytropic ascent: 1 isothermal, 1.4 adiabatic.
    temperature_ratio
        Water over ambient, in kelvin.
    """
    share = 1.0 - 1.0 / index
    log_ratio = np.log1p(np.asarray(depth_m) / AMBIENT_HEAD_M)
    lifted = log_ratio if share == 0 else np.expm1(share * log_ratio) / share
    return temperature_ratio * AMBIENT_KPA * volume_m3 * lifted * pressure_ratio(foot_m) ** -share


def capacity(depth_m: Array, foot_m: float, *, index: float = 1.0, temperature_ratio: float = 1.0) -> Array:
    """Air that fills a floater at a depth. [fillings]"""
    foot_ratio = pressure_ratio(foot_m)
    ratio = 1.0 + np.asarray(depth_m) / AMBIENT_HEAD_M
    return foot_ratio * (ratio / foot_ratio) ** (1.0 / index) / temperature_ratio


def compression_work_kj(depth_m: float, volume_m3: float, *, index: float = 1.0, stages: int = 1) -> float:
    """Ideal work to compress one filling of air from ambient to the pressure at a depth, cooled between the stages."""
    log_ratio = math.log(pressure_ratio(depth_m))
    share = (index - 1.0) / (index * stages)
    return AMBIENT_KPA * volume_m3 * (log_ratio if share == 0 else math.expm1(share * log_ratio) / share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Constants of the column, from the foot up; all energies of one filling.

    Attributes
    ----------
    cell_m
        Length of a cell.
    full
        Air that a full floater takes at the nozzle. [fillings]
    value_kj
        Of air at the nozzle, in the middle of each cell, and at the surface (0): ``(cells + 2,)``.
    capacity
        Air that a floater can hold in each cell, and at the surface: ``(cells + 1,)``. [fillings]
    spill_kj
        Exergy of air that spills on the way to each of these: ``(cells + 1,)``.
    arrival_kj
        Exergy of air at ambient temperature at the nozzle.
    heat_kj
        Heat that the water gives it, where the water is warmer than the ambient.
    heat_exergy_kj
        What that heat could give at most: Carnot's share of it.
    """

    cell_m: float
    full: float
    value_kj: Array
    capacity: Array
    spill_kj: Array
    arrival_kj: float
    heat_kj: float
    heat_exergy_kj: float

    @property
    def full_work_kj(self) -> float:
        """Buoyant work of a full floater from the foot to the surface."""
        return float(np.sum(self.lift_kj(self.held(self.full))))

    @property
    def expansion_loss_kj(self) -> float:
        """Exergy that one filling loses because it takes up too little heat, or that the heat has too much."""
        return self.arrival_kj + self.heat_exergy_kj - float(self.value_kj[0])

    def held(self, nozzle: float) -> Array:
        """Air in each cell of a column that has been filled so at the nozzle for long, the nozzle first. [fillings]"""
        return np.minimum(nozzle, np.concatenate(([math.inf], self.capacity[:-1])))

    def lift_kj(self, air: Array) -> Array:
        """Work of a floater from each middle of a cell to the next, the nozzle first: ``(cells + 1,)``."""
        kept = np.minimum(air, self.capacity)
        return air * self.value_kj[:-1] - kept * self.value_kj[1:] - (air - kept) * self.spill_kj


@lru_cache(maxsize=32)
def column_of(
    *,
    shaft_height_m: float,
    floater_volume_m3: float,
    cells: int,
    policy: FillPolicy,
    index: float = 1.0,
    temperature_ratio: float = 1.0,
) -> Column:
    """Cut a shaft into cells.

    Floaters are filled until they are full at the nozzle, and spill as the air expands; or with as much as fills them
    at the surface, so that nothing spills.
    """
    height, volume = shaft_height_m, floater_volume_m3
    cell_m = height / cells
    # Depths at Gauss's points in each cell, the lowest cell first.
    depth_m = height - cell_m * (np.arange(cells)[:, None] + 0.5 * (_NODES + 1.0))
    law = {"index": index, "temperature_ratio": temperature_ratio}
    value = np.zeros(cells + 2)
    value[0] = buoyant_work_kj(np.array(height), height, volume, **law)
    value[1:-1] = buoyant_work_kj(depth_m, height, volume, **law) @ _WEIGHTS / 2.0
    room = np.append(capacity(depth_m, height, **law) @ _WEIGHTS / 2.0, capacity(np.array(0.0), height, **law))

    # A full floater lifts as its whole volume; what its air loses besides is the exergy of what spills.
    full_before = np.concatenate(([float(capacity(np.array(height), height, **law))], room[:-1]))
    distance_m = np.full(cells + 1, cell_m)
    distance_m[[0, -1]] *= 0.5
    lifted = WATER_T_PER_M3 * GRAVITY * volume * distance_m
    spill = (full_before * value[:-1] - room * value[1:] - lifted) / (full_before - room)

    arrival = AMBIENT_KPA * volume * math.log(pressure_ratio(height))
    heat = 0.0
    if temperature_ratio > 1.0:
        warming = AMBIENT_KPA * volume * (temperature_ratio - 1.0) * ADIABATIC_INDEX / (ADIABATIC_INDEX - 1.0)
        heat = warming + float(value[0]) / index * (ADIABATIC_INDEX - index) / (ADIABATIC_INDEX - 1.0)
    return Column(
        cell_m=cell_m,
        full=1.0 / temperature_ratio if policy == "full_at_surface" else float(full_before[0]),
        value_kj=value,
        capacity=room,
        spill_kj=spill,
        arrival_kj=arrival,
        heat_kj=heat,
        heat_exergy_kj=heat * (1.0 - 1.0 / temperature_ratio),
    )
