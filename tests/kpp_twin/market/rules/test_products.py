"""The table of market products: days, gates and rules as their markets have them, and faults told."""

import tomllib
from datetime import UTC, date, datetime, timedelta

import pytest

from kpp_twin.errors import ConfigError
from kpp_twin.market.rules.products import TABLE, MarketProduct, product_named, products, products_of

DAY = timedelta(days=1)
SPRING, AUTUMN = date(2026, 3, 29), date(2025, 10, 26)
GOOD = """
[[product]]
name = "Mine"
title = "Mine"
valid_from = 2020-01-01
zone = "Europe/Berlin"
currency = "EUR"
interval_minutes = 15
gate_local = 12:00:00
gate_days_before = 1
minimum_kw = 100.0
step_kw = 100.0
tick_per_mwh = 0.1
pricing = "uniform"
settlement = "single"
limits = "SDAC"
source = "made up"
evidence = "plain"
"""


@pytest.mark.parametrize(("on", "minutes"), [(date(2025, 9, 30), 60), (date(2025, 10, 1), 15)])
def test_the_european_day_ahead_market_went_from_hours_to_quarters(on, minutes):
    sdac = product_named("SDAC", on)
    assert sdac.interval_minutes == minutes
    assert sdac.intervals(on).n_steps == 24 * 60 // minutes
    assert len(sdac.blocks(on)) == (24 if minutes == 60 else 96 + 48 + 24)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("SDAC", (92, 96, 100)),
        ("SIDC", (92, 96, 100)),
        ("IDA3", (48, 48, 48)),
        ("GB balancing", (46, 48, 50)),
        ("ERCOT real-time", (288, 288, 288)),
        ("AEMO", (288, 288, 288)),
    ],
)
def test_days_of_a_clock_change_have_their_own_number_of_intervals(name, counts):
    product = product_named(name)
    assert tuple(product.intervals(day).n_steps for day in (SPRING, date(2026, 1, 15), AUTUMN)) == counts


def test_american_days_change_with_their_own_clocks():
    product = product_named("PJM day-ahead")
    assert [product.intervals(day).n_steps for day in (date(2026, 3, 8), SPRING, date(2026, 11, 1))] == [23, 24, 25]


@pytest.mark.parametrize(
    ("name", "gate"),
    [
        ("SDAC", "2025-11-02T11:00"),
        ("IDA1", "2025-11-02T14:00"),
        ("IDA2", "2025-11-02T21:00"),
        ("IDA3", "2025-11-03T09:00"),
        ("SIDC", "2025-11-02T22:00"),
        ("SIDC local", "2025-11-02T22:55"),
        ("FCR", "2025-11-02T07:00"),
        ("aFRR capacity DE up", "2025-11-02T08:00"),
        ("mFRR capacity DE down", "2025-11-02T09:00"),
        ("PICASSO", "2025-11-02T22:35"),
        ("GB response up", "2025-11-02T14:00"),
        ("ERCOT day-ahead", "2025-11-02T16:00"),
        ("PJM day-ahead", "2025-11-02T16:00"),
        ("AEMO", "2025-11-02T18:00"),
    ],
)
def test_gates_are_those_of_the_local_clock(name, gate):
    assert product_named(name).gate(date(2025, 11, 3)) == datetime.fromisoformat(gate).replace(tzinfo=UTC)


def test_a_gate_by_the_clock_holds_for_the_whole_day_and_one_before_delivery_for_each_interval():
    day = date(2025, 11, 3)
    sdac, sidc = product_named("SDAC"), product_named("SIDC")
    assert set(sdac.gates(day).values()) == {sdac.gate(day)}
    assert all(gate == start - timedelta(minutes=60) for (start, _), gate in sidc.gates(day).items())
    for product in (sdac, sidc):
        assert all(product.gate_of(start) == gate for (start, _), gate in product.gates(day).items())


def test_reserve_is_bid_in_six_blocks_of_four_hours():
    fcr, response = product_named("FCR"), product_named("DC low")
    for product, first in ((fcr, "2025-11-02T23:00"), (response, "2025-11-02T23:00")):
        of_day = product.blocks(date(2025, 11, 3))
        assert [stop - start for start, stop in of_day] == [timedelta(hours=4)] * 6
        assert of_day[0][0] == datetime.fromisoformat(first).replace(tzinfo=UTC)
    rules = fcr.rules(date(2025, 11, 3))
    assert (rules.minimum_kw, rules.step_kw, rules.direction) == (1000.0, 1000.0, "symmetric")


@pytest.mark.parametrize(
    ("name", "on", "floor", "cap"),
    [
        ("SDAC", date(2022, 5, 10), -500, 3000),
        ("SDAC", date(2022, 5, 11), -500, 4000),
        ("SDAC", date(2025, 11, 3), -500, 4000),
        ("IDA2", date(2025, 11, 3), -9999, 9999),
        ("ERCOT day-ahead", date(2021, 2, 15), -250, 9000),
        ("ERCOT day-ahead", date(2021, 10, 25), -250, 2000),
        ("ERCOT day-ahead", date(2025, 11, 3), -250, 5000),
        ("AEMO", date(2025, 11, 3), -1000, 20300),
    ],
)
def test_price_limits_are_those_of_the_day(name, on, floor, cap):
    rules = product_named(name, on).rules(on)
    assert (rules.floor_per_mwh, rules.cap_per_mwh) == (floor, cap)


def test_rules_of_a_day_that_the_row_does_not_hold_on_are_refused():
    with pytest.raises(ConfigError, match="this row of SDAC does not hold on 2025-09-30"):
        product_named("SDAC").rules(date(2025, 9, 30))
    with pytest.raises(ConfigError, match="the price limits of AEMO on 2026-07-01 are not known"):
        product_named("AEMO").rules(date(2026, 7, 1))


@pytest.mark.parametrize(("clock", "last_day"), [("12:29", date(2025, 11, 2)), ("12:30", date(2025, 11, 3))])
def test_results_of_tomorrow_are_due_at_half_past_one(clock, last_day):
    sdac = product_named("SDAC")
    due_until = sdac.results_due_until(datetime.fromisoformat(f"2025-11-02T{clock}").replace(tzinfo=UTC))
    assert due_until == sdac.intervals(last_day).stop
    assert product_named("SIDC").results_due_until(due_until) is None


@pytest.mark.parametrize("product", products(), ids=lambda product: f"{product.name} {product.valid_from}")
def test_every_row_has_days_gates_and_rules(product):
    day = max(product.valid_from, date(2025, 7, 1)) if product.valid_until is None else product.valid_until - DAY
    intervals, of_day = product.intervals(day), product.blocks(day)
    assert of_day[0][0] == intervals.start
    assert max(stop for _, stop in of_day) == intervals.stop
    assert all(product.delivery_day(start) == day for start, _ in of_day)
    assert all(gate <= start for (start, _), gate in product.gates(day).items())
    rules = product.rules(day)
    assert rules.minimum_kw % rules.step_kw == 0
    assert product_named(product.name, product.valid_from) == product
    for alias in product.aliases:
        assert product_named(alias, product.valid_from) == product
    with pytest.raises(ConfigError, match="does not hold on"):
        product_named(product.name, date(2000, 1, 1))


def test_the_table_has_no_row_that_is_not_read():
    assert len(tomllib.loads(TABLE.read_text(encoding="utf-8"))["product"]) == len(products()) >= 20


def test_an_unknown_name_is_told_with_those_that_there_are():
    with pytest.raises(ConfigError, match="there is no market product 'EXAA'") as caught:
        product_named("EXAA")
    assert all(product.name in caught.value.next_step for product in products())


FAULTS = {
    "zone 'Europe/Atlantis' is not known": ("Europe/Berlin", "Europe/Atlantis"),
    "currency: String should match": ('"EUR"', '"euro"'),
    "one of gate_local and gate_minutes_before must be given": ("gate_local", "gate_minutes_before = 5\ngate_local"),
    "results_local must be after a gate_local": ("minimum_kw", "results_local = 11:00:00\nminimum_kw"),
    "until_hour must be after from_hour": ("minimum_kw", "from_hour = 12\nuntil_hour = 12\nminimum_kw"),
    "the 24 hours of a delivery day are no whole number of blocks": ("minimum_kw", "block_hours = 5\nminimum_kw"),
    "an hour and also_minutes must be whole numbers of intervals": ("minimum_kw", "also_minutes = [20]\nminimum_kw"),
    "what has a direction, and nothing else, is settled as capacity": ("minimum_kw", 'direction = "up"\nminimum_kw'),
    "there are no price limits of 'Mars'": ('"SDAC"', '"Mars"'),
    "interval_minutes: Input should be greater than 0": ("interval_minutes = 15", "interval_minutes = 0"),
    "tick_per_mwh: Input should be greater than 0": ("0.1", "0.0"),
    "evidence: Input should be": ('"plain"', '"rumour"'),
    "colour: Extra inputs are not permitted": ("source", 'colour = "red"\nsource'),
    "pricing: Field required": ('pricing = "uniform"', ""),
    "valid_until must be after valid_from": ("2020-01-01", "2020-01-01\nvalid_until = 2019-01-01"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_row_is_refused_by_its_name(fault):
    old, new = FAULTS[fault]
    assert GOOD.count(old) == 1
    with pytest.raises(ConfigError) as caught:
        products_of(GOOD.replace(old, new))
    assert caught.value.fault.startswith("1 fault(s) in the products: product 1 (Mine): ")
    assert fault in caught.value.fault


def test_all_faults_of_all_rows_come_in_one_message():
    with pytest.raises(ConfigError) as caught:
        products_of(GOOD.replace("0.1", "0.0") + GOOD + GOOD.replace('name = "Mine"\n', "") + GOOD)
    assert caught.value.fault.startswith("3 fault(s) in the products: ")
    for part in ("product 1 (Mine): tick_per_mwh", "product 3 (without name): name", "Mine has two rows on 2020-01-01"):
        assert part in caught.value.fault


def test_a_good_row_is_read():
    (product,) = products_of(GOOD)
    assert isinstance(product, MarketProduct)
    assert product.gate(date(2025, 7, 2)) == datetime(2025, 7, 1, 10, tzinfo=UTC)
