"""The code examples of the design document, word for word and in its order, run in one session."""

import io
import logging
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

import kpp_twin
from kpp_twin import configurations, load_site, ready, site_with
from kpp_twin.operation import ServicePerformance

IMPORTS = """
import logging
from datetime import timedelta
from kpp_twin import ServicePriority, ServiceType, StorageConfiguration, coordinator, optimizer
"""

SERVICE_REQUEST = """\
# Example: Service Request
coordinator.request_service(
    service_type=ServiceType.FREQUENCY_RESPONSE,
    priority=ServicePriority.HIGH,
    magnitude=100.0,
    duration=timedelta(hours=1)
)
"""

STORAGE_SERVICE = """\
# Example: Storage Service Configuration
storage_config = StorageConfiguration(
    capacity=1000.0,  # kWh
    max_power=500.0,  # kW
    min_soc=0.1,
    max_soc=0.9,
    charge_efficiency=0.95,
    discharge_efficiency=0.95
)
"""

LOAD_CURTAILMENT = """\
# Example: Load Curtailment
curtailment_params = {
    'target_reduction': 100.0,  # kW
    'duration': timedelta(hours=2),
    'ramp_time': timedelta(minutes=15)
}
"""

BIDDING_STRATEGY = """\
# Example: Bidding Strategy
strategy = optimizer.optimize_strategy(
    available_capacity=100.0,
    time_horizon=timedelta(hours=24)
)
"""

COORDINATOR = """\
COORDINATOR_CONFIG = {
    'available_capacity': 1000.0,  # kW
    'service_priorities': {
        'frequency_response': 'HIGH',
        'voltage_support': 'MEDIUM',
        'energy_arbitrage': 'LOW'
    },
    'update_interval': 1.0  # seconds
}
"""

STORAGE = """\
STORAGE_CONFIG = {
    'capacity': 1000.0,  # kWh
    'max_power': 500.0,  # kW
    'efficiency': 0.95,
    'response_time': 0.1  # seconds
}
"""

DEMAND_RESPONSE = """\
DEMAND_RESPONSE_CONFIG = {
    'forecast_horizon': 24,  # hours
    'min_reduction': 50.0,  # kW
    'max_reduction': 200.0,  # kW
    'ramp_rate': 10.0  # kW/minute
}
"""

ECONOMIC = """\
ECONOMIC_CONFIG = {
    'market_update_interval': 300,  # seconds
    'min_bid_size': 100.0,  # kW
    'price_threshold': 50.0,  # $/MWh
    'risk_tolerance': 0.2
}
"""

METRICS = """\
# Example: Get system metrics
metrics = coordinator.get_overall_performance()
print(f"Service uptime: {metrics['service_uptime']}")
print(f"Response time: {metrics['average_response_time']}")
print(f"Service accuracy: {metrics['service_accuracy']}")
"""

LOGGING = """\
# Example: Enable detailed logging
logging.basicConfig(
    level=logging.DEBUG,
    format='%(asctime)s - %(name)s - %(levelname)s - %(message)s'
)
"""

EXAMPLES = (
    SERVICE_REQUEST,
    STORAGE_SERVICE,
    LOAD_CURTAILMENT,
    BIDDING_STRATEGY,
    COORDINATOR,
    STORAGE,
    DEMAND_RESPONSE,
    ECONOMIC,
    METRICS,
    LOGGING,
)


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    """The root logger without handlers, as a fresh process has it; put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    root.handlers = []
    yield root
    root.handlers = handlers
    root.setLevel(level)


@pytest.fixture
def session(root_logger: logging.Logger) -> dict[str, Any]:
    """Names of a session in which all examples have run; ``printed`` is what they printed."""
    ready.coordinator.cache_clear()
    names: dict[str, Any] = {}
    with redirect_stdout(io.StringIO()) as printed:
        for code in (IMPORTS, *EXAMPLES):
            exec(code, names)
    return {**names, "printed": printed.getvalue()}


def test_the_service_request_is_granted(session: dict[str, Any]) -> None:
    (record,) = session["coordinator"].records()
    assert (record.service, record.priority, record.state) == ("frequency_response", "HIGH", "GRANTED")
    assert (record.requested, record.granted, record.duration_minutes) == (100.0, 100.0, 60)


def test_the_request_gives_its_grant(session: dict[str, Any]) -> None:
    grant = eval(SERVICE_REQUEST, dict(session))  # the same example once more, as an expression
    assert (grant.state.value, grant.granted_kw, grant.reason) == ("GRANTED", 100.0, "in full")


def test_the_storage_configuration_holds_its_values(session: dict[str, Any]) -> None:
    config = session["storage_config"]
    values = (config.capacity, config.max_power, config.min_soc, config.max_soc)
    assert values == (1000.0, 500.0, 0.1, 0.9)
    battery = kpp_twin.BatteryStorageSystem(config, 0.5)
    assert battery.available_up_kw(timedelta(hours=1)) == pytest.approx(380.0)


def test_the_curtailment_is_accepted(session: dict[str, Any]) -> None:
    curtailment = kpp_twin.DemandResponseSystem.of_site(load_site()).curtail(**session["curtailment_params"])
    assert curtailment.target_reduction_kw == 100.0
    assert curtailment.reduction_kw(np.array([0.0, 15.0, 60.0])) == pytest.approx([0.0, 100.0, 100.0])


def test_the_strategy_is_a_plan_with_bids_on_a_real_forecast(session: dict[str, Any]) -> None:
    strategy, forecast = session["strategy"], session["optimizer"].forecast
    assert isinstance(strategy, kpp_twin.BiddingStrategy)
    power = strategy.plan.setpoint_kw["battery"]
    assert (len(power), strategy.plan.grid.step_minutes) == (24, 60)
    assert 0 < np.abs(power).max() <= 100.0
    assert strategy.bids
    assert np.isfinite([strategy.expected_revenue, strategy.conditional_value_at_risk]).all()
    assert strategy.risk_aversion == pytest.approx(0.8)
    assert forecast.issued_at == datetime(2021, 10, 13, 14, 30, tzinfo=UTC)
    assert forecast.grid.start == datetime(2021, 10, 14, 5, tzinfo=UTC)
    assert len(np.unique(forecast.values)) > 12


def test_the_four_configurations_are_accepted(session: dict[str, Any]) -> None:
    given = {
        "coordinator": session["COORDINATOR_CONFIG"],
        "storage": session["STORAGE_CONFIG"],
        "demand_response": session["DEMAND_RESPONSE_CONFIG"],
        "economic": session["ECONOMIC_CONFIG"],
    }
    found = configurations(site_with(load_site(), **given))
    assert {name: {key: found[name][key] for key in config} for name, config in given.items()} == given


def test_each_configuration_makes_its_system(session: dict[str, Any]) -> None:
    forecast = session["optimizer"].forecast
    coordinator = kpp_twin.GridServicesCoordinator.from_config(session["COORDINATOR_CONFIG"], now=forecast.issued_at)
    assert coordinator.site.coordinator.available_capacity_kw == 1000.0
    storage = kpp_twin.StorageConfiguration.from_config(session["STORAGE_CONFIG"])
    assert storage.charge_efficiency == storage.discharge_efficiency == 0.95
    response = kpp_twin.DemandResponseSystem.from_config(session["DEMAND_RESPONSE_CONFIG"])
    assert response.settings.ramp_kw_per_minute == 10.0
    optimizer = kpp_twin.EconomicOptimizer.from_config(session["ECONOMIC_CONFIG"], forecast)
    assert optimizer.site.market.price_threshold_per_mwh == 50.0


def test_the_metrics_are_printed_before_anything_was_measured(session: dict[str, Any]) -> None:
    assert session["printed"] == "Service uptime: None\nResponse time: None\nService accuracy: None\n"


def test_the_metrics_are_what_was_measured(session: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    measured = ServicePerformance(
        service="frequency_response",
        committed=100.0,
        uptime=0.99,
        response_time_s=0.23,
        accuracy=0.97,
        requested_kwh=3.0,
        delivered_kwh=2.9,
    )
    session["coordinator"].record(measured)
    exec(METRICS, dict(session))
    assert capsys.readouterr().out == "Service uptime: 0.99\nResponse time: 0.23\nService accuracy: 0.97\n"


def test_the_logging_example_shows_what_the_coordinator_decides(
    session: dict[str, Any], root_logger: logging.Logger
) -> None:
    handler = next(h for h in root_logger.handlers if type(h) is logging.StreamHandler)  # beside pytest's own
    shown = io.StringIO()
    handler.setStream(shown)
    exec(SERVICE_REQUEST, dict(session))
    assert " - kpp_twin.coordination.coordinator - DEBUG - frequency_response-2021-10-13T14:30Z-2: GRANTED 100 kW" in (
        shown.getvalue()
    )
