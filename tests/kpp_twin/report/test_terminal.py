import io

from rich.console import Console

from kpp_twin.report.terminal import day_tables


def text_of(report) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=120, force_terminal=True, no_color=True)
    for table in day_tables(report):
        console.print(table)
    return stream.getvalue()


def rows_of(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]


def test_errors_stand_beside_those_of_both_candidates(make_report):
    rows = rows_of(text_of(make_report()))
    assert ["load HUB", "kW", "96/96", "5.00", "10 d", "12.35", "11.00", "weekly naive"] in rows
    assert ["price HUB", "USD/MWh", "24/24", "5.00", "10 d", "12.35", "11.00", "weekly naive"] in rows


def test_rows_per_feed_and_freshness_are_told(make_report):
    rows = rows_of(text_of(make_report()))
    assert ["load", "1,234", "1,230", "3", "4"] in rows
    assert ["load HUB", "2024-03-16 00:00 CDT", "1 d 2 h"] in rows
    assert ["weather", "–", "–"] in rows


def test_the_block_is_short(make_report):
    assert len(text_of(make_report()).splitlines()) <= 24


def test_a_name_is_neither_markup_nor_a_control_sequence(make_report):
    text = text_of(make_report(name="[bold]X[/bold]\x1b[31m"))
    assert "[bold]X[/bold]" in text
    assert "\x1b[31m" not in text
