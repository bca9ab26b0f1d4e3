"""The table of frequency products is right, their curves answer as their rules say, and faults are told."""

import tomllib
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError
from kpp_twin.frequency.products import TABLE, FrequencyProduct, product_named, products, products_of

CURVES = [product for product in products() if len(product.curve()[0])]
GOOD = """
[[product]]
name = "Mine"
title = "Mine"
valid_from = 2020-01-01
nominal_hz = 50.0
curve_hz = [0.0, 0.2]
curve_share = [0.0, 1.0]
source = "made up"
evidence = "none"
"""


@st.composite
def made_up(draw: st.DrawFn) -> FrequencyProduct:
    points = draw(st.lists(st.integers(1, 1000), min_size=2, max_size=5, unique=True))
    shares = sorted(draw(st.lists(st.floats(0, 1), min_size=len(points), max_size=len(points))))
    return FrequencyProduct(
        name="Mine",
        title="Mine",
        valid_from=date(2020, 1, 1),
        nominal_hz=draw(st.sampled_from([50.0, 60.0])),
        direction=draw(st.sampled_from(["both", "up", "down"])),
        deadband_hz=draw(st.floats(0, 0.9)) * max(points) / 1000,
        curve_hz=tuple(point / 1000 for point in sorted(points)),
        curve_share=tuple(shares),
        source="made up",
        evidence="none",
    )


def test_fr_01_dynamic_containment_has_a_knee() -> None:
    frequency = np.array([50.000, 49.985, 49.90, 49.80, 49.65, 49.50, 49.40, 50.30])
    expected = [0, 0, 0.02297, 0.05, 0.525, 1, 1, -0.36667]
    assert product_named("DC").share(frequency) == pytest.approx(expected, abs=1e-5)


def test_fr_02_containment_is_the_line_beyond_its_deadband() -> None:
    frequency = np.array([49.995, 49.99, 49.98, 49.95, 49.90, 49.80, 49.70, 50.05])
    assert product_named("FCR").share(frequency) == pytest.approx([0, 0, 0.1, 0.25, 0.5, 1, 1, -0.25], abs=1e-9)


def test_fr_06_droop_is_per_unit_beyond_its_deadband() -> None:
    assert product_named("IEEE 1547").share(59.7) == pytest.approx(0.0880, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "frequency_hz", "share"),
    [
        ("FCR-N", 49.95, 0.5),
        ("FCR-D", 49.7, 0.5),
        ("FCR-D", 49.9, 0.0),
        ("FCR-D up", 50.5, 0.0),
        ("FCR-D down", 50.3, -0.5),
        ("FCR-D down", 49.5, 0.0),
        ("DM", 49.9, 0.05),
        ("DR", 49.8, 1.0),
        ("FERC 842", 59.0, 0.964 / 3.0),
        ("PFR", 59.8, 1.0),
        ("FFR", 59.0, 0.0),
        ("RegD", 59.0, 0.0),
    ],
)
def test_products_answer_as_their_rules_say(name: str, frequency_hz: float, share: float) -> None:
    assert product_named(name).share(frequency_hz) == pytest.approx(share, abs=1e-9)


@pytest.mark.parametrize("product", CURVES, ids=lambda product: product.name)
def test_curves_fall_are_odd_and_have_no_step_but_at_a_deadband(product: FrequencyProduct) -> None:
    """Full response is 100 mHz away at the nearest, so a millihertz is worth 1 % of what was sold at most."""
    deviation = np.linspace(-1.0, 1.0, 20_001)
    share = product.share(product.nominal_hz + deviation)
    change = np.diff(share)
    assert (change <= 1e-12).all()
    if product.direction == "both":
        assert np.abs(share + share[::-1]).max() <= 1e-8
    steps = np.flatnonzero(-change > 0.001 + 1e-9)
    at = deviation[steps + (deviation[steps] < 0)]
    edges = [-product.deadband_hz, product.deadband_hz] if product.name == "FCR" else []
    assert at == pytest.approx(np.array(edges), abs=1.1e-4)


@pytest.mark.parametrize("product", CURVES, ids=lambda product: product.name)
def test_droop_like_products_stay_within_half_a_percent_for_a_millihertz(product: FrequencyProduct) -> None:
    """All but those that are full within less than 200 mHz beyond a knee or deadband."""
    hz, share = product.curve()
    steepest = float(np.max(np.diff(share) / np.diff(hz)))
    steeper = {"FCR-N": 10.0, "DM": 9.5, "DR": 1 / 0.185, "PFR": 1 / 0.183}
    assert steepest == pytest.approx(steeper[product.name]) if product.name in steeper else steepest <= 5.0 + 1e-9


@given(made_up())
def test_any_curve_falls_with_frequency_and_stays_within_what_was_sold(product: FrequencyProduct) -> None:
    frequency = product.nominal_hz + np.linspace(-1.5, 1.5, 3001)
    share = product.share(frequency)
    assert share.shape == frequency.shape
    assert (np.diff(share) <= 1e-12).all()
    assert np.abs(share).max() <= 1.0
    within = np.abs(product.nominal_hz - frequency) <= product.deadband_hz
    assert not share[within].any()
    wrong_way = {"up": share < 0, "down": share > 0, "both": np.zeros(3001, dtype=bool)}[product.direction]
    assert not wrong_way.any()
    assert (np.abs(share[[0, -1]])[np.abs(share[[0, -1]]) > 0] == product.curve_share[-1]).all()


def test_a_frequency_that_is_no_number_has_no_share() -> None:
    for product in products():
        share = product.share(np.array([np.nan, product.nominal_hz]))
        assert np.isnan(share[0])
        assert share[1] == 0.0


def test_every_row_of_the_table_is_complete_and_its_names_are_unique() -> None:
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["product"]
    assert len(rows) == len(products()) >= 15
    for product in products():
        assert product.source
        assert product.evidence
        assert product.restoring == "none" or product.restoring_share > 0
        assert product_named(product.name) == product
        assert all(product_named(alias) == product for alias in product.aliases)


@pytest.mark.parametrize("name", ["fcr", "FCR CE", "f-c-r", "prl", "Fcr_Ce"])
def test_names_and_aliases_are_found_in_any_case_and_spacing(name: str) -> None:
    assert product_named(name).name == "FCR"


@pytest.mark.parametrize("product", products(), ids=lambda product: product.name)
def test_a_product_holds_on_its_days_and_no_other(product: FrequencyProduct) -> None:
    day = timedelta(days=1)
    assert product_named(product.name, product.valid_from) == product
    wrong = [product.valid_from - day] + [product.valid_until] * (product.valid_until is not None)
    for on in wrong:
        with pytest.raises(ConfigError, match=f"does not hold on {on}") as caught:
            product_named(product.name, on)
        assert str(product.valid_from) in caught.value.next_step
    assert product_named(product.name, (product.valid_until or date(2100, 1, 1)) - day) == product


def test_the_row_of_the_day_is_taken_and_the_latest_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    until_2022 = GOOD.replace("2020-01-01", "2020-01-01\nvalid_until = 2022-01-01")
    rows = products_of(GOOD.replace("2020-01-01", "2022-01-01").replace("0.2]", "0.5]") + until_2022)
    monkeypatch.setattr("kpp_twin.frequency.products.products", lambda: rows)
    assert product_named("mine", date(2021, 12, 31)).curve_hz == (0.0, 0.2)
    assert product_named("mine", date(2022, 1, 1)).curve_hz == (0.0, 0.5)
    assert product_named("mine").curve_hz == (0.0, 0.5)


def test_an_unknown_name_is_told_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match="no frequency product 'mFRR'") as caught:
        product_named("mFRR")
    assert all(product.name in caught.value.next_step for product in products())


def test_a_product_can_be_put_on_another_grid() -> None:
    fcr = product_named("FCR").at(60.0)
    assert fcr.nominal_hz == 60.0
    assert fcr.share(59.9) == pytest.approx(0.5)
    assert product_named("IEEE 1547").at(50.0).share(50.0 - 0.036 - 1.25) == pytest.approx(0.5)


FAULTS = {
    "one of curve_hz, droop, trigger_hz and follows_signal must be given": ("curve_share", "droop = 0.05\ncurve_share"),
    "curve_hz and curve_share need the same number": ("[0.0, 1.0]", "[0.0, 0.5, 1.0]"),
    "curve_hz must rise": ("[0.0, 0.2]", "[0.2, 0.2]"),
    "curve_share must not fall": ("[0.0, 1.0]", "[1.0, 0.0]"),
    "deadband_hz must be below": ("curve_hz", "deadband_hz = 0.2\ncurve_hz"),
    "valid_until must be after": ("2020-01-01", "2020-01-01\nvalid_until = 2019-01-01"),
    "nominal_hz: Input should be less than or equal to 65": ("50.0", "500.0"),
    "curve_share.1: Input should be less than or equal to 1": ("[0.0, 1.0]", "[0.0, 1.5]"),
    "curve_hz.1: Input should be a finite number": ("[0.0, 0.2]", "[0.0, nan]"),
    "colour: Extra inputs are not permitted": ("source", 'colour = "red"\nsource'),
    "evidence: Field required": ('evidence = "none"', ""),
    "trigger_hz needs a direction": ("curve_hz = [0.0, 0.2]\ncurve_share = [0.0, 1.0]", "trigger_hz = 0.3"),
    "release_hz must be below trigger_hz": (
        "curve_hz = [0.0, 0.2]\ncurve_share = [0.0, 1.0]",
        'direction = "up"\ntrigger_hz = 0.3\nrelease_hz = 0.3',
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_row_is_refused_by_its_name(fault: str) -> None:
    old, new = FAULTS[fault]
    assert GOOD.count(old) == 1
    with pytest.raises(ConfigError) as caught:
        products_of(GOOD.replace(old, new))
    assert caught.value.fault.startswith("1 fault(s) in the products: product 1 (Mine): ")
    assert fault in caught.value.fault


def test_all_faults_of_all_rows_come_in_one_message() -> None:
    rows = [GOOD.replace(*FAULTS["colour: Extra inputs are not permitted"]), GOOD, GOOD.replace('name = "Mine"\n', "")]
    with pytest.raises(ConfigError) as caught:
        products_of("".join([*rows, GOOD.replace('"Mine"\ntitle', '"Yours"\naliases = ["mine"]\ntitle')]))
    assert caught.value.fault.startswith("3 fault(s)")
    for part in ("product 1 (Mine): colour", "product 3 (without name): name", "Yours has two rows on 2020-01-01"):
        assert part in caught.value.fault
