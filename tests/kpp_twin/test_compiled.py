"""Machine code is kept for the next process, and made anew when any hot loop changes."""

import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numba
import numpy as np
import pytest

import kpp_twin.compiled
from kpp_twin.compiled import cache_folder, compiled


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with two hot loops."""
    (tmp_path / "room").mkdir()
    (tmp_path / "kernel.py").write_text("one = 1\n")
    (tmp_path / "room" / "kernel_air.py").write_text("two = 2\n")
    (tmp_path / "other.py").write_text("three = 3\n")
    monkeypatch.setattr(kpp_twin.compiled, "PACKAGE", tmp_path)
    return tmp_path


def folder_now() -> Path:
    return cache_folder.__wrapped__()


def test_the_folder_changes_with_any_hot_loop(package: Path) -> None:
    seen = {folder_now()}
    assert folder_now() in seen
    (package / "other.py").write_text("three = 4\n")
    assert folder_now() in seen
    for change in ("kernel.py", "room/kernel_air.py", "kernel_new.py"):
        (package / change).write_text(f"# {change}\n")
        assert folder_now() not in seen
        seen.add(folder_now())
    (package / "kernel_new.py").rename(package / "kernel_newer.py")
    assert folder_now() not in seen


def test_it_lies_beside_the_package(package: Path) -> None:
    assert folder_now().parent == package / "__pycache__"
    (package / "__pycache__").mkdir()
    assert folder_now().parent == package / "__pycache__"


def test_it_lies_among_temporary_files_where_the_package_cannot_be_written(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = folder_now()
    monkeypatch.setattr("kpp_twin.compiled.os.access", lambda *_: False)
    assert folder_now() == Path(tempfile.gettempdir()) / beside.name


@pytest.fixture
def kept_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kpp_twin.compiled, "cache_folder", lambda: tmp_path)


@pytest.mark.usefixtures("kept_elsewhere")
def test_a_function_is_compiled_as_it_stands() -> None:
    def root_of_sum(values: np.ndarray) -> float:
        total = 0.0
        for j in range(len(values)):
            total += values[j]
        return math.sqrt(total)

    fast = compiled(root_of_sum)
    values = np.array([3.0, 6.0, 7.0])
    assert fast(values) == root_of_sum(values) == 4.0
    assert fast.py_func is root_of_sum


@pytest.mark.usefixtures("kept_elsewhere")
def test_division_by_zero_is_not_an_error_but_infinite() -> None:
    def inverse(x: float) -> float:
        return 1.0 / x

    assert compiled(inverse)(0.0) == math.inf


@pytest.mark.parametrize("before", ["", "/somewhere/else"])
def test_the_folder_of_other_compiled_code_stays(before: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", before)
    compiled(lambda x: x)
    assert before == numba.config.CACHE_DIR


def test_the_folder_of_other_compiled_code_stays_when_compiling_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", "/somewhere/else")
    with pytest.raises(TypeError):
        compiled(3)
    assert numba.config.CACHE_DIR == "/somewhere/else"


CODE = """
import numpy as np
from kpp_twin.plant.kernel import run
from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.simulate import PlantSetpoints, PlantState, simulate

plant = PlantParameters()
simulate(PlantModel.of(plant), PlantState.initial(plant), PlantSetpoints.of_power(np.zeros(1)))
print(sum(run.stats.cache_hits.values()), sum(run.stats.cache_misses.values()))
"""


def test_another_process_takes_the_machine_code_that_was_kept() -> None:
    """The plant's loop is compiled once at most."""
    exec(CODE, {})
    told = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["1", "0"]
