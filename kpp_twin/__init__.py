"""Digital twin of a kinetic power plant with a battery and curtailable load.

The public names below are imported where they are first used, so that ``import kpp_twin`` costs nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.6.0"

# Where each public name is defined.
_HOMES = {
    "BatteryStorageSystem": "kpp_twin.battery.storage",
    "BiddingStrategy": "kpp_twin.market.bidding.strategy",
    "DemandResponseSystem": "kpp_twin.demand.curtailment",
    "EconomicOptimizer": "kpp_twin.market.bidding.strategy",
    "GridServicesCoordinator": "kpp_twin.coordination.coordinator",
    "GridStabilizationController": "kpp_twin.battery.stabilization",
    "LoadCurtailmentController": "kpp_twin.demand.curtailment",
    "LoadForecaster": "models.load",
    "MarketInterface": "kpp_twin.market.bidding.bids",
    "PriceForecaster": "models.price",
    "ServiceGrant": "kpp_twin.coordination.requests",
    "ServicePriority": "kpp_twin.coordination.requests",
    "ServiceRequestError": "kpp_twin.coordination.requests",
    "ServiceState": "kpp_twin.coordination.requests",
    "ServiceType": "kpp_twin.coordination.requests",
    "Settings": "kpp_twin.settings",
    "Site": "kpp_twin.site",
    "StorageConfiguration": "kpp_twin.battery.storage",
    "configurations": "kpp_twin.configuration",
    "load_site": "kpp_twin.site",
    "site_with": "kpp_twin.configuration",
}
_READY = ("coordinator", "optimizer")  # instances, made at first use

__all__ = sorted((*_HOMES, *_READY))  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name in _READY:
        return getattr(import_module("kpp_twin.ready"), name)()
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'kpp_twin' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
