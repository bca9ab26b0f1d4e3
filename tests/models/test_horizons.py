"""The horizons hold whole intervals; the clock changes are in test_forecasting.py."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from models.horizons import hours_ahead, next_local_day

AS_OF = datetime(2024, 6, 2, 6, 15, tzinfo=UTC)


@pytest.mark.parametrize(("step_minutes", "n_steps"), [(15, 96), (30, 48), (60, 24)])
def test_a_day_ahead_has_24_hours_of_any_step(step_minutes: int, n_steps: int) -> None:
    assert hours_ahead(AS_OF, step_minutes).n_steps == n_steps
    assert next_local_day(AS_OF, step_minutes, ZoneInfo("UTC")).n_steps == n_steps
