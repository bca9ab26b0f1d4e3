import importlib
from pathlib import Path
from typing import Any

import prefect
import pytest
import yaml
from prefect import Flow
from prefect.client.schemas.schedules import CronSchedule

ROOT = Path(__file__).parents[2]
FILE: dict[str, Any] = yaml.safe_load((ROOT / "prefect.yaml").read_text())
DEPLOYMENTS = {entry["name"]: entry for entry in FILE["deployments"]}


def test_the_three_deployments_are_there():
    assert set(DEPLOYMENTS) == {"hourly", "daily", "retrain"}
    assert FILE["prefect-version"] == prefect.__version__


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_the_entrypoint_is_a_flow_of_that_name(name: str):
    file, _, function = DEPLOYMENTS[name]["entrypoint"].partition(":")
    module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
    flow = getattr(module, function)
    assert isinstance(flow, Flow)
    assert flow.name == name
    assert list(flow.parameters.properties) == ["as_of"]


@pytest.mark.parametrize(
    ("name", "expected"), [("hourly", ("15 * * * *", "UTC")), ("daily", ("30 9 * * *", "America/Chicago"))]
)
def test_schedules_have_cron_and_zone(name: str, expected: tuple[str, str]):
    (schedule,) = DEPLOYMENTS[name]["schedules"]
    assert (schedule["cron"], schedule["timezone"]) == expected
    CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"])


def test_retraining_runs_only_when_asked():
    assert DEPLOYMENTS["retrain"]["schedules"] == []


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_every_deployment_runs_on_the_process_pool_without_telemetry(name: str):
    pool = DEPLOYMENTS[name]["work_pool"]
    assert pool["name"] == "kpp-twin"
    assert pool["job_variables"]["env"]["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
