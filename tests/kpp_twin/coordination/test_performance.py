import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.coordination.performance import PerformanceLog, accuracy, uptime
from kpp_twin.operation import ServicePerformance


def measured(service: str = "frequency_response", **figures: object) -> ServicePerformance:
    given = {"uptime": 1.0, "response_time_s": 0.2, "accuracy": 0.9, "requested_kwh": 5.0, "delivered_kwh": 4.0}
    return ServicePerformance(service=service, **{"committed": 100.0, **given, **figures})


def test_co_06_stale_telemetry_counts_against_uptime() -> None:
    deliverable = np.full(3600, 100.0)
    deliverable[1000:1036] = 0.0
    assert uptime(np.full(3600, 100.0), deliverable) == pytest.approx(0.99)


def test_co_06_no_commitment_is_none_not_one() -> None:
    assert uptime(np.zeros(3600), np.full(3600, 100.0)) is None


def test_accuracy_counts_too_much_as_well_as_too_little() -> None:
    asked = np.array([100.0, -100.0, 0.0])
    assert accuracy(asked, asked) == 1.0
    assert accuracy(asked, asked * 0.8) == pytest.approx(0.8)
    assert accuracy(asked, asked * 1.2) == pytest.approx(0.8)
    assert accuracy(asked, -asked) == 0.0
    assert accuracy(np.zeros(3), asked) is None
    assert accuracy(np.zeros(3), np.zeros(3)) is None


@pytest.mark.parametrize("function", [uptime, accuracy])
@pytest.mark.parametrize(
    "other", [np.zeros(2), np.array([0.0, np.nan, 0.0]), np.zeros((3, 1))], ids=["length", "nan", "shape"]
)
def test_series_that_do_not_match_are_refused(function: object, other: np.ndarray) -> None:
    with pytest.raises(ValueError, match="two finite series of one length"):
        function(np.ones(3), other)  # type: ignore[operator]


def test_nothing_measured_is_none() -> None:
    overall = PerformanceLog().overall()
    assert overall == {"service_uptime": None, "average_response_time": None, "service_accuracy": None, "services": {}}


def test_means_are_weighted_by_what_was_committed() -> None:
    log = PerformanceLog()
    log.record(measured(committed=300.0, uptime=1.0))
    log.record(measured(committed=100.0, uptime=0.6, response_time_s=None))
    log.record(measured("voltage_support", committed=400.0, uptime=0.5, accuracy=None))
    overall = log.overall()
    assert overall["service_uptime"] == pytest.approx((300 * 1.0 + 100 * 0.6 + 400 * 0.5) / 800)
    assert overall["average_response_time"] == pytest.approx(0.2)
    assert overall["service_accuracy"] == pytest.approx(0.9)
    assert list(overall["services"]) == ["frequency_response", "voltage_support"]
    frequency = overall["services"]["frequency_response"]
    assert (frequency["service_uptime"], frequency["hours"]) == (pytest.approx(0.9), 2)
    assert (frequency["requested_kwh"], frequency["delivered_kwh"]) == (10.0, 8.0)
    assert overall["services"]["voltage_support"]["service_accuracy"] is None


def test_an_hour_without_commitment_moves_no_mean() -> None:
    log = PerformanceLog()
    log.record(measured(committed=0.0, uptime=None, accuracy=None, response_time_s=None))
    assert log.overall()["service_uptime"] is None
    assert log.overall()["services"]["frequency_response"]["hours"] == 1


@given(st.lists(st.tuples(st.floats(1, 500), st.floats(0, 1)), min_size=1, max_size=20))
def test_a_mean_lies_between_the_figures(hours: list[tuple[float, float]]) -> None:
    log = PerformanceLog()
    for committed, share in hours:
        log.record(measured(committed=committed, uptime=share))
    shares = [share for _, share in hours]
    assert min(shares) - 1e-12 <= log.overall()["service_uptime"] <= max(shares) + 1e-12


@pytest.mark.parametrize(
    ("figures", "named"),
    [
        ({"uptime": 1.1}, "uptime 1.1 must not exceed 1"),
        ({"accuracy": float("nan")}, "accuracy nan must be finite"),
        ({"response_time_s": -0.1}, "response_time_s -0.1"),
        ({"committed": float("inf")}, "committed inf"),
        ({"committed": -1.0, "requested_kwh": -2.0}, "requested_kwh -2.0"),
    ],
)
def test_impossible_figures_are_refused(figures: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        PerformanceLog().record(measured(**figures))
