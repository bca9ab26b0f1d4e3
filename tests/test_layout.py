"""The layout holds: mirrored tests, short modules, one-way imports, no clock in the core."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("kpp_twin", "models", "flows")
MODULES = sorted(
    path.relative_to(ROOT)
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if path.name != "__init__.py"
)
PACKAGE_FILES = sorted(
    path.relative_to(ROOT) for package in (*PACKAGES, "sql") for path in (ROOT / package).rglob("__init__.py")
)
PUBLIC = Path("kpp_twin/__init__.py")
MAX_LINES = 400

# Where each of these may be imported, and nowhere else.
ROOMS = {"duckdb": "kpp_twin/store", "great_expectations": "kpp_twin/quality", "prefect": "flows"}

# Calls that ask what time it is; `datetime.time(9, 30)` is a time of day and fine.
CLOCKS = {"now", "utcnow", "today", "time_ns", "monotonic", "perf_counter", "localtime", "gmtime"}
MAY_ASK = {Path("kpp_twin/cli.py")}


def tree(module: Path) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_has_its_mirror(module: Path) -> None:
    mirror = ROOT / "tests" / module.with_name(f"test_{module.name}")
    assert mirror.exists(), f"{module} has no {mirror.relative_to(ROOT)}"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_modules_are_short(module: Path) -> None:
    assert len((ROOT / module).read_text(encoding="utf-8").splitlines()) <= MAX_LINES


def test_tests_are_short() -> None:
    tests = {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")}
    assert [str(path) for path, text in tests.items() if len(text.splitlines()) > MAX_LINES] == []


def test_no_module_is_called_utils() -> None:
    assert [str(module) for module in MODULES if module.stem in ("utils", "util", "helpers", "common", "misc")] == []


@pytest.mark.parametrize("file", PACKAGE_FILES, ids=str)
def test_package_files_hold_a_docstring_alone(file: Path) -> None:
    """Only the top one holds more: the public names, imported where they are first used."""
    docstring, *rest = tree(file).body
    assert isinstance(docstring, ast.Expr)
    assert rest == [] or file == PUBLIC


def test_tests_are_no_package() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def imported(module: Path) -> Iterator[str]:
    """First part of the name of all that a module imports, inside functions too."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno} imports relatively"
            yield (node.module or "").split(".")[0]


@pytest.mark.parametrize("library", ROOMS)
def test_each_library_is_known_to_one_room_only(library: str) -> None:
    users = [module for module in MODULES if library in imported(module)]
    assert users, f"nothing imports {library}"
    assert [str(module) for module in users if not module.is_relative_to(ROOMS[library])] == []


def clock_calls(module: Path) -> Iterator[str]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            asks = node.func.attr in CLOCKS or ast.unparse(node.func) == "time.time"
            if asks:
                yield f"{module}:{node.lineno} {ast.unparse(node.func)}"
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield f"{module}:{node.lineno} imports from time"


def test_nothing_in_the_core_asks_the_clock() -> None:
    core = [module for module in MODULES if module.parts[0] in ("kpp_twin", "models") and module not in MAY_ASK]
    assert [call for module in core for call in clock_calls(module)] == []


def test_the_clock_is_found_where_it_is_asked() -> None:
    """The search above finds something."""
    assert [call for module in MAY_ASK for call in clock_calls(module)] != []


def test_imports_go_one_way() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    linted = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert "0 broken" in linted.stdout
