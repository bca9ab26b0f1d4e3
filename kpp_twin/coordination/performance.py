"""How well services were delivered: uptime and accuracy from what was measured, and means over the hours.

Each is none where nothing was committed or asked: a service that nobody called was not perfect, it was not tested.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np

from kpp_twin.operation import ServicePerformance
from kpp_twin.timegrid import Array

KPIS = {"service_uptime": "uptime", "average_response_time": "response_time_s", "service_accuracy": "accuracy"}


class PerformanceLog:
    """Running sums of the measured hours; its size does not grow with them."""

    def __init__(self) -> None:
        self._sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))

    def record(self, measured: ServicePerformance) -> None:
        """Count an hour of a service.

        Raises
        ------
        ValueError
            A figure is not finite, negative, or above 1 where it is a fraction.
        """
        faults = list(_faults(measured))
        if faults:
            raise ValueError(f"performance of {measured.service}: " + "; ".join(faults))
        sums = self._sums[measured.service]
        sums["hours"] += 1
        for name in ("committed", "requested_kwh", "delivered_kwh"):
            sums[name] += getattr(measured, name)
        for field in KPIS.values():
            value = getattr(measured, field)
            if value is not None and measured.committed > 0:
                sums[f"{field} weight"] += measured.committed
                sums[f"{field} sum"] += measured.committed * value

    def overall(self) -> dict[str, Any]:
        """Means weighted by what was committed (kW, kvar for voltage): of all services, under ``services`` of each.

        Keys are service_uptime [fraction], average_response_time [s] and service_accuracy [fraction].
        """
        services = {
            name: {
                **_means([sums]),
                "hours": int(sums["hours"]),
                "requested_kwh": sums["requested_kwh"],
                "delivered_kwh": sums["delivered_kwh"],
            }
            for name, sums in sorted(self._sums.items())
        }
        return {**_means(self._sums.values()), "services": services}


def _means(parts: Iterable[dict[str, float]]) -> dict[str, float | None]:
    rows = list(parts)
    means: dict[str, float | None] = {}
    for kpi, field in KPIS.items():
        weight = sum(sums.get(f"{field} weight", 0.0) for sums in rows)
        means[kpi] = sum(sums.get(f"{field} sum", 0.0) for sums in rows) / weight if weight else None
    return means


def _faults(measured: ServicePerformance) -> Iterable[str]:
    for name in ("committed", "requested_kwh", "delivered_kwh", *KPIS.values()):
        value = getattr(measured, name)
        if value is not None and not (np.isfinite(value) and value >= 0):
            yield f"{name} {value} must be finite and not negative"
        elif value is not None and name in ("uptime", "accuracy") and value > 1:
            yield f"{name} {value} must not exceed 1"


def uptime(committed_kw: Array, deliverable_kw: Array) -> float | None:
    """Share of the committed steps in which what was committed could be delivered; stale telemetry counts as 0 kW."""
    _same_shape(committed_kw, deliverable_kw)
    asked = committed_kw > 0
    if not asked.any():
        return None
    return float(np.mean(deliverable_kw[asked] >= committed_kw[asked]))


def accuracy(requested_kw: Array, delivered_kw: Array) -> float | None:
    """``1 - sum|requested - delivered| / sum|requested|`` in [0, 1]; too much is an error as well. [fraction]"""
    _same_shape(requested_kw, delivered_kw)
    asked = float(np.abs(requested_kw).sum())
    if asked == 0:
        return None
    return float(np.clip(1 - np.abs(requested_kw - delivered_kw).sum() / asked, 0.0, 1.0))


def _same_shape(one: Array, other: Array) -> None:
    if one.shape != other.shape or one.ndim != 1 or not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise ValueError(f"needs two finite series of one length; got shapes {one.shape} and {other.shape}")
