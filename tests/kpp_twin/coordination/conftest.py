"""The reference site, whose battery and demand response are those of the reference cases."""

from datetime import UTC, datetime

import pytest

from kpp_twin.coordination.coordinator import GridServicesCoordinator
from kpp_twin.site import Site, load_site

NOW = datetime(2021, 10, 13, 14, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def site() -> Site:
    return load_site()


@pytest.fixture
def coordinator(site: Site) -> GridServicesCoordinator:
    return GridServicesCoordinator(site, now=NOW)
