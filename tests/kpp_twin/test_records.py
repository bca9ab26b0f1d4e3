"""Cycles and their names; records that cannot be changed."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.feeds import LOAD
from kpp_twin.records import ORIGIN, Checked, Delivery, Slot, slot_of

minutes = st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(second=0, microsecond=0)
)


def test_a_cycle_is_named_by_kind_and_instant() -> None:
    slot = Slot(kind="hourly", as_of=datetime(2021, 10, 14, 1, 15, tzinfo=ZoneInfo("America/Chicago")))
    assert slot.cycle_id == "hourly-2021-10-14T06:15Z"


@given(kind=st.sampled_from(["hourly", "daily", "retrain"]), as_of=minutes)
def test_a_name_gives_back_its_cycle(kind: str, as_of: datetime) -> None:
    slot = Slot(kind=kind, as_of=as_of)  # type: ignore[arg-type]
    assert slot_of(slot.cycle_id) == slot
    assert slot_of(slot.cycle_id).as_of.tzinfo is UTC


@pytest.mark.parametrize(
    "name", ["", "weekly-2021-10-14T06:15Z", "hourly", "hourly-", "hourly-soon", "hourly-2021-10-14T06:15"]
)
def test_what_names_no_cycle_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"no cycle|Invalid isoformat|no time zone"):
        slot_of(name)


def test_records_are_frozen_and_named_only() -> None:
    with pytest.raises(FrozenInstanceError):
        ORIGIN.cycle_number = 7  # type: ignore[misc]
    with pytest.raises(TypeError):
        Slot("hourly", datetime(2021, 1, 1, tzinfo=UTC))  # type: ignore[misc]
    assert (ORIGIN.cycle_number, ORIGIN.as_of, ORIGIN.digest) == (0, None, "")


def test_rows_in_are_admitted_and_quarantined_together() -> None:
    rows = pd.DataFrame({"load_kw": [1.0, 2.0, 3.0]})
    delivery = Delivery(feed=LOAD, rows=rows, origins=pd.Series(["a:1", "a:2", "a:3"]), source="a")
    checked = Checked(feed=LOAD, admitted=rows[:1], quarantined=rows[1:], results=pd.DataFrame(), delivery=delivery)
    assert checked.rows_in == 3
