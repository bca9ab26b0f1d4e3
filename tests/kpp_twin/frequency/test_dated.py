from datetime import date

import pytest
from pydantic import ValidationError

from kpp_twin.frequency.dated import DatedRow, doubled

FIRST, CHANGE = date(2020, 1, 1), date(2022, 1, 1)


def test_a_row_holds_from_its_first_day_until_the_day_before_its_end() -> None:
    row = DatedRow(valid_from=FIRST, valid_until=CHANGE)
    assert [row.holds(day) for day in (date(2019, 12, 31), FIRST, date(2021, 12, 31), CHANGE)] == [
        False,
        True,
        True,
        False,
    ]
    assert DatedRow(valid_from=FIRST).holds(date(2100, 1, 1))


def test_a_row_must_end_after_it_begins() -> None:
    with pytest.raises(ValidationError, match="valid_until must be after valid_from"):
        DatedRow(valid_from=FIRST, valid_until=FIRST)


def test_rows_may_follow_one_another_and_not_overlap() -> None:
    old, new = DatedRow(valid_from=FIRST, valid_until=CHANGE), DatedRow(valid_from=CHANGE)
    assert doubled([old, new], lambda row: {"A"}, lambda row: "A") == []
    open_ended = DatedRow(valid_from=FIRST)
    assert doubled([open_ended, new], lambda row: {"A"}, lambda row: "A") == ["A has two rows on 2022-01-01"]
    assert doubled([open_ended, new], lambda row: {str(row.valid_from)}, lambda row: "A") == []
