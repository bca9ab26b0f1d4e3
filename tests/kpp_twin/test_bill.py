from dataclasses import FrozenInstanceError, asdict, fields
from datetime import UTC, datetime

import pytest

from kpp_twin.bill import MeteredHour, SettledHour, SettlementLine

START = datetime(2021, 10, 14, 5, tzinfo=UTC)
METERED = MeteredHour(
    start=START,
    net_kwh=-480.0,
    activation_kwh=3.0,
    discharged_kwh=210.0,
    reserve_kw=100.0,
    availability=0.9,
    peak_rise_kw=12.0,
)


@pytest.mark.parametrize("kind", [MeteredHour, SettledHour, SettlementLine])
def test_records_are_frozen_slotted_and_named(kind: type) -> None:
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__dict__" not in dir(kind)
    assert all(field.kw_only for field in fields(kind))
    assert kind.__doc__


def test_an_hour_that_waited_in_an_earlier_version_has_no_reduction_and_no_score() -> None:
    assert (METERED.reduction_kwh, METERED.performance_score) == (0.0, None)
    assert MeteredHour(**asdict(METERED)) == METERED
    with pytest.raises(FrozenInstanceError):
        METERED.net_kwh = 0.0  # type: ignore[misc]
