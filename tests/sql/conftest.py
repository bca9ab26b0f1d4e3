"""A database to be filled by hand."""

from collections.abc import Iterator

import duckdb
import pytest

from kpp_twin.store.connection import Connection
from kpp_twin.store.migrate import migrate


@pytest.fixture
def made_by_hand() -> Iterator[Connection]:
    """A migrated database without rows, to be filled by the test."""
    connection = duckdb.connect(config={"autoload_known_extensions": "false", "autoinstall_known_extensions": "false"})
    connection.execute("SET TimeZone = 'UTC'")
    migrate(connection)
    yield connection
    connection.close()
