import io

from rich.console import Console

from kpp_twin.report.plain import NO_OPERATION
from kpp_twin.report.terminal import day_tables
from kpp_twin.report.wording import ASSUMPTION, money_note


def text_of(report) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=160, force_terminal=True, no_color=True)
    for table in day_tables(report):
        console.print(table)
    return stream.getvalue()


def rows_of(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]


def test_errors_stand_beside_those_of_both_candidates(make_report):
    rows = rows_of(text_of(make_report()))
    assert ["load HUB", "kW", "96/96", "5.00", "10 d", "12.35", "11.00", "weekly naive", "87.5 %"] in rows
    assert ["price HUB", "USD/MWh", "24/24", "5.00", "10 d", "12.35", "11.00", "weekly naive", "87.5 %"] in rows


def test_rows_per_feed_and_freshness_are_told(make_report):
    rows = rows_of(text_of(make_report()))
    assert ["load", "1,234", "1,230", "3", "4"] in rows
    assert ["load HUB", "2024-03-16 00:00 CDT", "1 d 2 h"] in rows
    assert ["weather", "–", "–"] in rows


def test_the_operation_is_told_in_tables(make_report, make_operation):
    text = text_of(make_report(operation=make_operation()))
    rows = rows_of(text)
    hour = [
        *("00:00 CDT", "117.00", "120", "114"),
        *("-100", "3", "-50", "-100", "100", "50 %"),
        *("50", "50", "-150", "-75", "-150", "-19.50"),
    ]
    assert hour in rows
    assert ["energy", "-460.00", money_note("energy")] in rows
    assert ["day ahead", "battery", "70", "23", "-920.0"] in rows
    assert ["PFR", "battery", "24", "24", "2,400.0"] in rows
    assert ["net", "-448.50", ASSUMPTION] in rows
    assert ["frequency response", "kW", "100", "98", "1/24", "99.5 %", "0.20", "90.0 %", "46.0", "41.4"] in rows
    assert ["battery", "in 1,000.0, charge loss -50.0, store change -950.0", "0.0e+00"] in rows
    assert ["2024-03-16 02:00 CDT", "2 h", "950", "60", "100.0"] in rows
    assert "Energy ledger [kWh]" in text
    assert "Battery: health 99.951 % after 1.25 equivalent full cycles" in text
    assert "23 of 23 simulated hours settled" in text


def test_a_day_without_operation_says_so_and_is_short(make_report):
    text = text_of(make_report())
    assert NO_OPERATION in text
    assert len(text.splitlines()) <= 28


def test_the_whole_day_fits_on_two_screens(make_report, make_operation):
    assert len(text_of(make_report(operation=make_operation())).splitlines()) <= 90


def test_a_name_is_neither_markup_nor_a_control_sequence(make_report):
    text = text_of(make_report(name="[bold]X[/bold]\x1b[31m"))
    assert "[bold]X[/bold]" in text
    assert "\x1b[31m" not in text
