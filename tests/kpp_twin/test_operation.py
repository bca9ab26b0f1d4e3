from dataclasses import FrozenInstanceError, fields, is_dataclass
from datetime import UTC, datetime, timedelta

import pytest

from kpp_twin import operation
from kpp_twin.operation import ASSETS, DemandEvent, Operation

RECORDS = [kind for kind in vars(operation).values() if is_dataclass(kind) and kind.__module__ == operation.__name__]


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_records_are_frozen_slotted_and_named(kind: type) -> None:
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__dict__" not in dir(kind)
    assert all(field.kw_only for field in fields(kind))
    assert kind.__doc__


def test_there_are_records_to_look_at() -> None:
    assert len(RECORDS) > 10


def test_the_site_is_the_last_of_the_assets() -> None:
    assert ASSETS[-1] == "site"
    assert len(set(ASSETS)) == len(ASSETS)


def test_an_event_stops_after_its_duration_and_does_not_change() -> None:
    event = DemandEvent(
        event_id="e",
        start=datetime(2021, 10, 14, 20, tzinfo=UTC),
        duration_minutes=90,
        target_reduction_kw=100.0,
        ramp_kw_per_minute=10.0,
        forecast_peak_kw=1000.0,
    )
    assert event.stop - event.start == timedelta(minutes=90)
    with pytest.raises(FrozenInstanceError):
        event.duration_minutes = 5  # type: ignore[misc]


def test_an_operation_of_nothing_is_empty_and_its_own() -> None:
    one, other = Operation(), Operation()
    assert one == other
    assert one.state is not other.state
    assert not any(getattr(one, field.name) for field in fields(one))
