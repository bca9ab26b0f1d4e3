"""What Prefect and Great Expectations must be told before they are imported."""

import os

from kpp_twin.settings import Settings


def prepare(settings: Settings) -> None:
    """Keep Prefect's own files in the data home, its server on the loopback, and telemetry off; what is set stays."""
    prefect_home = settings.home.resolve() / "prefect"
    prefect_home.mkdir(parents=True, exist_ok=True)  # Prefect makes the folder, but not its parents
    for name, value in {
        "PREFECT_HOME": str(prefect_home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",  # 20 s are too few on a slow or busy machine
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
    }.items():
        os.environ.setdefault(name, value)
