from dataclasses import replace

import pytest
from rich.console import Console
from rich.table import Table

from kpp_twin.battery.sheet import BatterySheet, battery_sheet
from kpp_twin.frequency.products import product_named
from kpp_twin.report.battery_sheet import ageing_table, description, law, offers_table, response_table, restoring
from kpp_twin.site import load_site


@pytest.fixture(scope="module")
def sheet() -> BatterySheet:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kpp_twin.battery.sheet.YEAR_DAYS", 10)
        return battery_sheet(load_site())


def printed(table: Table) -> str:
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("FCR", "0 % at 0 mHz, 100 % at 200 mHz; none within 10 mHz"),
        ("FCR-D up", "up only: 0 % at 100 mHz, 100 % at 500 mHz"),
        ("DC", "0 % at 15 mHz, 5 % at 200 mHz, 100 % at 500 mHz"),
        ("IEEE 1547", "droop of 5.0 % beyond 36 mHz"),
        ("FFR", "up only: all at 150 mHz, for 900 s at least"),
        ("aFRR", "follows a signal"),
    ],
)
def test_the_law_of_a_product_is_put_in_words(name: str, words: str) -> None:
    assert law(product_named(name)) == words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("FCR", "by 15 min, fixed 1 ahead, up to 25 %; in the deadband; over-fulfilment to 120 %"),
        ("FCR-N", "at any time, up to 34 %"),
        ("FCR-D", "while nothing asks for the opposite, up to 20 %"),
        ("DC", "by 30 min, fixed 2 ahead, up to 40 %, 5 % a minute"),
        ("RegD", "no power for it"),
    ],
)
def test_how_energy_is_restored_is_put_in_words(name: str, words: str) -> None:
    assert restoring(product_named(name)) == words


def test_the_battery_is_described_with_its_figures(sheet: BatterySheet) -> None:
    text = " ".join(description(sheet))
    for part in ("1000 kWh and 500 kW", "600 kVA", "760.0 kWh", "842.1 kWh", "every day", "26.3 kW", "45 °C", "55 °C"):
        assert part in text


def test_what_is_rare_is_described_too(sheet: BatterySheet) -> None:
    assert "forbids full cycles" in " ".join(description(replace(sheet, round_trips=None)))
    assert "every 4 days" in " ".join(description(replace(sheet, days_per_cycle=4)))


def test_each_offer_has_a_line(sheet: BatterySheet) -> None:
    lines = printed(offers_table(sheet)).splitlines()
    (own,) = [line for line in lines if line.split()[:1] == ["PFR"]]
    for part in (" 500.0 ", " 100.0 ", "12.6 % to 87.6 %", "up to 100 %"):
        assert part in own
    assert sum(" to " in line and "%" in line for line in lines) >= len(sheet.offers)


def test_the_response_is_told_by_deviation(sheet: BatterySheet) -> None:
    text = printed(response_table(sheet))
    assert "PFR, 100 kW sold: 90 % of the response to a step of 200 mHz after 0.23 s" in text
    (below,) = [line for line in text.splitlines() if "below nominal" in line]
    assert below.split()[-6:] == ["0.0", "1.6", "18.0", "45.4", "100.0", "100.0"]


def test_a_response_to_a_signal_is_told_by_signal(sheet: BatterySheet) -> None:
    offer = replace(sheet.response.offer, product=product_named("RegD"))
    response = replace(sheet.response, offer=offer, held_kw=((0.5, 50.0, -50.0),))
    (positive,) = [
        line for line in printed(response_table(replace(sheet, response=response))).splitlines() if "positive" in line
    ]
    assert positive.split() == ["positive", "signal,", "kW", "50.0"]


def test_both_chemistries_are_told_with_loss_and_cost(sheet: BatterySheet) -> None:
    text = printed(ageing_table(sheet, "EUR"))
    for ageing in sheet.ageing:
        (line,) = [line for line in text.splitlines() if line.split()[:1] == [ageing.chemistry]]
        assert line.split()[-3:] == [f"{cost:,.0f}" for cost in ageing.marginal_cost_per_mwh]
    assert "depth 50 %" in text
    assert "250 EUR/kWh" in text
