import io
import json
from datetime import date

import pytest
from rich.console import Console
from rich.table import Table

from kpp_twin.market.rules.products import MarketProduct, product_named, products
from kpp_twin.report.product_sheet import product_data, product_table, products_table


def rows_of(table: Table) -> list[list[str]]:
    stream = io.StringIO()
    Console(file=stream, width=200).print(table)
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in stream.getvalue().splitlines()]


def told(product: MarketProduct, on: date | None = None) -> dict[str, str]:
    return dict(row for row in rows_of(product_table(product, on)) if len(row) == 2)


def test_each_product_has_a_row_with_the_limits_of_the_day():
    rows = rows_of(products_table([product_named("SDAC"), product_named("FCR")], date(2025, 10, 1)))
    head = ["SDAC", "energy", "15, 30, 60 min", "D-1 12:00", "100", "0.01", "uniform", "single"]
    assert [*head, "-500 to 4000 EUR", "verified"] in rows
    assert ["FCR", "capacity symmetric", "blocks of 4 h"] in [row[:3] for row in rows]


def test_a_product_is_told_with_the_day_on_which_clocks_change():
    sheet = told(product_named("ERCOT day-ahead"), date(2021, 11, 7))
    assert sheet["on 2021-11-07"] == "25 intervals of 60 min"
    assert sheet["gate"] == "2021-11-06 10:00 CDT"
    assert sheet["price limits"] == "-250 to 2000 USD/MWh"  # after the winter storm, before they were lowered again
    assert sheet["delivery day"] == "00:00 to 24:00, America/Chicago"


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("GB response up", "23:00 the day before to 23:00, Europe/London"),
        ("AEMO", "04:00 to 04:00 the day after, Australia/Brisbane"),
    ],
)
def test_days_that_begin_at_other_hours_say_so(name: str, hours: str):
    assert told(product_named(name))["delivery day"] == hours


def test_gates_of_the_intervals_are_told_as_a_span():
    assert told(product_named("SIDC"), date(2025, 3, 30))["gate"] == "2025-03-29 23:00 CET to 2025-03-30 22:45 CEST"


@pytest.mark.parametrize("product", products(), ids=lambda row: f"{row.name} {row.valid_from}")
def test_the_data_of_every_product_is_json_and_counts_the_day(product: MarketProduct):
    data = product_data(product, product.valid_from)
    assert json.loads(json.dumps(data)) == data
    assert data["n_intervals"] == product.intervals(product.valid_from).n_steps
    assert data["n_blocks"] == len(product.blocks(product.valid_from))
    assert data["first_gate"] <= data["last_gate"]


def test_limits_that_are_not_known_are_said_to_be_so():
    ercot = product_named("ERCOT day-ahead", date(2013, 10, 26))
    assert product_data(ercot, date(2013, 10, 26))["price_limits"] is None
    assert told(ercot, date(2013, 10, 26))["price limits"].startswith("not known")
