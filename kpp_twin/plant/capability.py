"""What the plant could offer from now on: power and energy each way over the next seconds, minutes or hours."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.simulate import PlantSetpoints, PlantState, PlantTrajectory, simulate
from kpp_twin.units import SECONDS_PER_HOUR

# A power counts as given where each second has so much of it.
GIVEN = 0.95
SEARCH_LEVELS = 32
SEARCH_STEPS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """What the plant could do if it were told now.

    Attributes
    ----------
    horizon_s, notice_s
        The power must hold from the notice to the horizon.
    power_kw
        Now, at the grid side; positive generates.
    highest_kw, lowest_kw
        Largest generation and largest load that hold; "up" and "down" are their distance from now.
    most_out_kwh, most_in_kwh
        Energy when told rated generation, or rated load, for the whole horizon.
    ramp_up_kw_per_s, ramp_down_kw_per_s
        Of generator and compressor; the compressor's unloading is faster still.
    """

    horizon_s: int
    notice_s: int
    power_kw: float
    highest_kw: float
    lowest_kw: float
    most_out_kwh: float
    most_in_kwh: float
    ramp_up_kw_per_s: float
    ramp_down_kw_per_s: float

    @property
    def up_kw(self) -> float:
        """More injection or less load than now."""
        return self.highest_kw - self.power_kw

    @property
    def down_kw(self) -> float:
        """Less injection or more load than now."""
        return self.power_kw - self.lowest_kw


def capability(model: PlantModel, state: PlantState, *, horizon_s: int, notice_s: int = 0) -> Capability:
    """Find what the plant could give and take, by running it.

    A chain at rest needs a minute or two until it gives power: without notice it offers nothing upward but the end of
    its load.

    Raises
    ------
    TwinError
        The plant cannot be in this state.
    ValueError
        The notice is not shorter than the horizon.
    """
    if not 0 <= notice_s < horizon_s:
        raise ValueError(f"notice_s {notice_s} must be at least 0 and below horizon_s {horizon_s}")
    plant = model.parameters

    def told(power_kw: float) -> PlantTrajectory:
        return simulate(model, state, PlantSetpoints.of_power(np.full(horizon_s, power_kw)), record_every=1).by_second

    def gives(power_kw: float) -> bool:
        return float(told(power_kw).power_kw[notice_s:].min()) >= GIVEN * power_kw

    def takes(power_kw: float) -> bool:
        return float(told(-power_kw).power_kw[notice_s:].max()) <= -GIVEN * power_kw

    bubbles_kw = model.constants.nanobubble_kw if state.chain_speed_m_per_s > 0 else 0.0
    at_rest = told(0.0).power_kw[notice_s:]
    most_out, most_in = told(plant.generator_kw), told(-plant.compressor_kw)
    return Capability(
        horizon_s=horizon_s,
        notice_s=notice_s,
        power_kw=state.generator_kw - state.compressor_kw - bubbles_kw,
        highest_kw=_largest(gives, plant.generator_kw) or float(at_rest.min()),
        lowest_kw=-_largest(takes, plant.compressor_kw) or float(at_rest.max()),
        most_out_kwh=float(np.sum(np.maximum(most_out.power_kw, 0.0))) / SECONDS_PER_HOUR,
        most_in_kwh=float(np.sum(np.maximum(-most_in.power_kw, 0.0))) / SECONDS_PER_HOUR,
        ramp_up_kw_per_s=plant.generator_ramp_kw_per_s,
        ramp_down_kw_per_s=plant.compressor_ramp_kw_per_s,
    )


def _largest(holds: Callable[[float], bool], rating_kw: float) -> float:
    """Largest power that holds, to a 4,096th of the rating; 0 where none does.

    Less than what holds need not hold: a compressor has a least power, and a slow chain starts late. So levels are
    tried from the rating down, and what lies between the first that holds and the one above is searched.
    """
    levels = [rating_kw * level / SEARCH_LEVELS for level in range(SEARCH_LEVELS, 0, -1)]
    found = next((i for i, power_kw in enumerate(levels) if holds(power_kw)), None)
    if found is None:
        return 0.0
    if found == 0:
        return rating_kw
    low, high = levels[found], levels[found - 1]
    for _ in range(SEARCH_STEPS):
        middle = 0.5 * (low + high)
        if holds(middle):
            low = middle
        else:
            high = middle
    return low
