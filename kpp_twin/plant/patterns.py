"""Operating patterns: setpoints made by a rule."""

import numpy as np

from kpp_twin.plant.simulate import PlantSetpoints


def pulse_and_coast(
    steps: int, *, pulse_steps: int, coast_steps: int, generator_kw: float, fill_fraction: float = 1.0
) -> PlantSetpoints:
    """Floaters are filled in pulses, and in between column and flywheel give the generator's power (H3).

    It stores in the flywheel and creates nothing: what comes out of it is less than steady filling gives, by the drag
    of the higher speeds.
    """
    if pulse_steps < 1 or coast_steps < 0:
        raise ValueError(f"pulse_steps {pulse_steps} must be at least 1 and coast_steps {coast_steps} not below 0")
    pulsing = np.arange(steps) % (pulse_steps + coast_steps) < pulse_steps
    return PlantSetpoints(
        compressor_kw=np.zeros(steps),
        generator_kw=np.full(steps, generator_kw),
        fill_fraction=np.where(pulsing, fill_fraction, 0.0),
        compressor_limit_kw=np.full(steps, np.inf),
    )
