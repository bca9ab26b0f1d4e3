"""Compiled kernels as plain Python, as they are or with a law changed."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from unittest import mock

import kpp_twin.compiled

Change = tuple[str, str]


def plain_kernels(room: Path, names: Sequence[str], changes: Sequence[Change] = ()) -> Mapping[str, ModuleType]:
    """Fresh copies of a room's kernels that are not compiled; each change replaces a text that stands in them once.

    Parameters
    ----------
    names
        Each may import from those before it.
    """
    sources = {name: (room / f"{name}.py").read_text(encoding="utf-8") for name in names}
    for old, new in changes:
        found = {name: text.count(old) for name, text in sources.items()}
        assert sum(found.values()) == 1, f"{old!r} stands in {found}"
        sources = {name: text.replace(old, new) for name, text in sources.items()}
    fresh: dict[str, ModuleType] = {}
    with mock.patch.object(kpp_twin.compiled, "compiled", lambda function: function):
        for name, source in sources.items():
            module = ModuleType(f"plain_{name}")
            others = {f"kpp_twin.{room.name}.{other}": copy for other, copy in fresh.items()}
            with mock.patch.dict(sys.modules, others):
                exec(compile(source, f"plain {name}", "exec"), module.__dict__)
            fresh[name] = module
    return fresh
