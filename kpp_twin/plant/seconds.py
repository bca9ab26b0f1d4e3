"""The plant over consecutive seconds at one setpoint."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kpp_twin.plant.one_state import PlantModel, PlantTotals, air_exergy_kj, checked_state, plant_step
from kpp_twin.records import Array
from kpp_twin.units import KPA_PER_BAR, SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSeconds:
    """The plant by the second.

    Attributes
    ----------
    power_kw
        Mean grid-side power, ``(n,)``.
    energy_kwh
        Exergy of receiver and column before each second and after the last, ``(n + 1,)``.
    totals
        Where the energy went.
    state
        After the last second.
    """

    power_kw: Array
    energy_kwh: Array
    totals: PlantTotals
    state: Mapping[str, float]


def plant_seconds(
    model: PlantModel, state: Mapping[str, float], setpoint_kw: float, *, most_compressor_kw: Array
) -> PlantSeconds:
    """Run the plant for ``n`` seconds.

    Parameters
    ----------
    setpoint_kw
        Positive generates, negative compresses.
    most_compressor_kw
        What the connection leaves for the compressor in each second, ``(n,)``, at least 0.
    """
    receiver_kpa, column_kj = checked_state(state, model)
    totals = PlantTotals()
    power, pressures, columns = [], [receiver_kpa], [column_kj]
    for most in most_compressor_kw.tolist():
        receiver_kpa, column_kj, mean_kw = plant_step(
            model, receiver_kpa, column_kj, max(setpoint_kw, -most), 1.0, totals
        )
        power.append(mean_kw)
        pressures.append(receiver_kpa)
        columns.append(column_kj)
    air_kj = [air_exergy_kj(pressure, model.receiver_m3) for pressure in pressures]
    return PlantSeconds(
        power_kw=np.array(power),
        energy_kwh=(np.array(air_kj) + np.array(columns)) / SECONDS_PER_HOUR,
        totals=totals,
        state={"receiver_bar": receiver_kpa / KPA_PER_BAR, "column_kwh": column_kj / SECONDS_PER_HOUR},
    )
