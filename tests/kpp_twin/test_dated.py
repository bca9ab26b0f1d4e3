from datetime import date

import pytest
from pydantic import ValidationError

from kpp_twin.dated import DatedRow, NamedRow, doubled, read_products, row_named
from kpp_twin.errors import ConfigError

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


def test_a_row_is_found_by_any_of_its_names_on_a_day_it_holds() -> None:
    text = """
    [[product]]
    name = "Big One"
    aliases = ["B1"]
    valid_from = 2020-01-01
    valid_until = 2022-01-01
    [[product]]
    name = "Big One"
    valid_from = 2022-01-01
    """
    old, new = rows = read_products(text, NamedRow, place="table")
    assert row_named(rows, "b1", FIRST, kind="thing", place="table") is old
    assert row_named(rows, "big-one", CHANGE, kind="thing", place="table") is new
    assert row_named(rows, "BIG ONE", None, kind="thing", place="table") is new
    with pytest.raises(ConfigError, match="there is no thing 'C'"):
        row_named(rows, "C", None, kind="thing", place="table")
    with pytest.raises(ConfigError, match="does not hold on 2019-01-01"):
        row_named(rows, "B1", date(2019, 1, 1), kind="thing", place="table")


def test_all_faults_of_a_table_come_together() -> None:
    text = """
    [[product]]
    name = ""
    valid_from = 2020-01-01
    [[product]]
    name = "A"
    valid_from = 2020-01-01
    [[product]]
    name = "a"
    valid_from = 2021-01-01
    """
    with pytest.raises(ConfigError, match=r"^2 fault\(s\) in the products: product 1 .*; a has two rows on 2021-01-01"):
        read_products(text, NamedRow, place="table")
