"""The compiled plant as plain Python, as it is or with a law of it changed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from plain_python import Change, plain_kernels

import kpp_twin.plant.simulate
from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.simulate import PlantRun, PlantSetpoints, PlantState, simulate

FOLDER = Path(kpp_twin.plant.simulate.__file__).parent
KERNELS = ("kernel_air", "kernel_drive", "kernel")

PLAIN = plain_kernels(FOLDER, KERNELS)
air, drive, kernel = (PLAIN[name] for name in KERNELS)


@contextmanager
def uncompiled(changes: Sequence[Change] = ()) -> Iterator[None]:
    """While this lasts, `simulate` runs plain Python."""
    kernels = plain_kernels(FOLDER, KERNELS, changes) if changes else PLAIN
    with mock.patch.object(kpp_twin.plant.simulate, "run", kernels["kernel"].run):
        yield


def simulate_plainly(
    model: PlantModel,
    state: PlantState,
    setpoints: PlantSetpoints,
    *,
    changes: Sequence[Change] = (),
    **options: Any,
) -> PlantRun:
    """Run the plant in plain Python, with laws changed or as it is."""
    with uncompiled(changes):
        return simulate(model, state, setpoints, **options)
