"""What can be imported from `kpp_twin` itself, and what that costs."""

import pkgutil
import subprocess
import sys

import pytest

import kpp_twin

HEAVY = ("pandas", "numpy", "pydantic", "scipy", "sklearn", "duckdb", "matplotlib", "kpp_twin.site")


@pytest.mark.parametrize("name", kpp_twin.__all__)
def test_every_public_name_is_there(name: str) -> None:
    found = getattr(kpp_twin, name)
    assert found is getattr(kpp_twin, name)
    assert name in dir(kpp_twin)


def test_the_names_of_the_design_are_public() -> None:
    named = (
        "BatteryStorageSystem",
        "BiddingStrategy",
        "DemandResponseSystem",
        "EconomicOptimizer",
        "GridServicesCoordinator",
        "GridStabilizationController",
        "LoadCurtailmentController",
        "LoadForecaster",
        "MarketInterface",
        "PriceForecaster",
        "ServicePriority",
        "ServiceType",
        "StorageConfiguration",
        "coordinator",
        "optimizer",
    )
    assert set(named) <= set(kpp_twin.__all__)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Coordinator'"):
        _ = kpp_twin.Coordinator
    assert not hasattr(kpp_twin, "_ready")


def test_importing_the_package_alone_imports_nothing_heavy() -> None:
    code = f"import sys, kpp_twin; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_names_do_not_hide_a_package() -> None:
    """A subpackage becomes an attribute when it is imported; none may be called like a public name."""
    modules = {module.name for module in pkgutil.iter_modules(kpp_twin.__path__)}
    assert modules & set(kpp_twin.__all__) == set()
