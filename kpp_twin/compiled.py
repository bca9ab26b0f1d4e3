"""Compile hot loops to machine code, and keep it for the next process.

Numba looks only at the file of a function to see whether what it kept is stale, not at the files of what the function
calls. So the folder that it keeps machine code in is named by the content of every file of hot loops: a change to any
of them compiles all of them again.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import ParamSpec, TypeVar

import numba

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

PACKAGE = Path(__file__).parent
FORECASTERS = PACKAGE.parent / "models"


@cache
def cache_folder() -> Path:
    """Where machine code is kept: beside the package, or among temporary files where that cannot be written."""
    digest = hashlib.sha256()
    kernels = [*PACKAGE.rglob("kernel*.py"), *FORECASTERS.rglob("kernel*.py")]
    for source in sorted([*PACKAGE.glob("compiled.py"), *kernels]):
        digest.update(f"{source.parent.name}/{source.name}\0".encode() + source.read_bytes() + b"\0")
    beside = PACKAGE / "__pycache__"
    root = beside if os.access(beside if beside.exists() else PACKAGE, os.W_OK) else Path(tempfile.gettempdir())
    return root / f"kernels-{digest.hexdigest()[:16]}"


def compiled(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Compile a function of floats and arrays when it is first called; ``py_func`` is the plain function."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_folder())
    try:
        return numba.njit(cache=True, forceinline=True, error_model="numpy")(function)
    finally:
        numba.config.CACHE_DIR = before
