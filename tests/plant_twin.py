"""The compiled plant as plain Python, as it is or with a law of it changed."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import kpp_twin.compiled
import kpp_twin.plant.simulate
from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.simulate import PlantRun, PlantSetpoints, PlantState, simulate

FOLDER = Path(kpp_twin.plant.simulate.__file__).parent
# Each may import from those before it.
KERNELS = ("kernel_air", "kernel_drive", "kernel")

Change = tuple[str, str]


def plain_kernels(changes: Sequence[Change] = ()) -> Mapping[str, ModuleType]:
    """Fresh copies of the kernels that are not compiled; each change replaces a text that stands in them once."""
    sources = {name: (FOLDER / f"{name}.py").read_text(encoding="utf-8") for name in KERNELS}
    for old, new in changes:
        found = {name: text.count(old) for name, text in sources.items()}
        assert sum(found.values()) == 1, f"{old!r} stands in {found}"
        sources = {name: text.replace(old, new) for name, text in sources.items()}
    fresh: dict[str, ModuleType] = {}
    with mock.patch.object(kpp_twin.compiled, "compiled", lambda function: function):
        for name, source in sources.items():
            module = ModuleType(f"plain_{name}")
            others = {f"kpp_twin.plant.{other}": copy for other, copy in fresh.items()}
            with mock.patch.dict(sys.modules, others):
                exec(compile(source, f"plain {name}", "exec"), module.__dict__)
            fresh[name] = module
    return fresh


PLAIN = plain_kernels()
air, drive, kernel = (PLAIN[name] for name in KERNELS)


@contextmanager
def uncompiled(changes: Sequence[Change] = ()) -> Iterator[None]:
    """While this lasts, `simulate` runs plain Python."""
    kernels = plain_kernels(changes) if changes else PLAIN
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
