import re
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from kpp_twin.day_report import DayReport, DaySeries
from kpp_twin.report.figures import day_figures

ORDINARY, SPRING, AUTUMN = date(2024, 3, 16), date(2024, 3, 10), date(2024, 11, 3)


def tree(svg: str) -> ET.Element:
    return ET.fromstring(svg.replace("xlink:", ""))


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in tree(svg).iter("text")]


def shapes(svg: str, colour: str) -> list[str]:
    """Path data drawn in a colour of the page, bars and lines alike."""
    return [
        element.get("d", "")
        for element in tree(svg).iter("path")
        if f"var({colour}," in element.get("style", "") and "clip-path" in element.attrib
    ]


def with_only(report: DayReport, *series: DaySeries) -> DayReport:
    return replace(report, series=series)


@pytest.fixture(scope="module")
def figures(make_report) -> dict[str, str]:
    return day_figures(make_report())


def test_the_same_report_gives_the_same_bytes(make_report, figures):
    assert day_figures(make_report()) == figures


def test_only_what_is_wanted_is_drawn(make_report, figures):
    assert day_figures(make_report(), ("load", "money")) == {"load": figures["load"]}


def test_every_figure_names_its_subject_its_unit_and_its_zone(figures):
    assert list(figures) == ["price", "load", "errors", "week"]
    assert "Day-ahead price, HUB, forecast of 15 Mar 09:30" in texts(figures["price"])
    assert {"kW", "actual", "forecast", "5–95 %"} <= set(texts(figures["load"]))
    assert "Site load, HUB: mean error by hour, actual minus forecast" in texts(figures["errors"])
    assert {"USD/MWh", "kW", "°C", "Sat 09 Mar", "Sat 16 Mar"} <= set(texts(figures["week"]))
    assert all("local time (America/Chicago)" in texts(svg) for svg in figures.values())


@pytest.mark.parametrize(
    ("day", "hours", "quarters"), [(SPRING, 23, 92), (ORDINARY, 24, 96), (AUTUMN, 25, 100)], ids=str
)
@pytest.mark.full
def test_days_of_23_and_25_hours_are_drawn_whole(make_report, day: date, hours: int, quarters: int):
    report = make_report(day)
    price, load, _ = report.series
    figures = day_figures(with_only(report, replace(load, forecast=None)))
    assert (price.grid.n_steps, load.grid.n_steps) == (hours, quarters)
    assert len(shapes(day_figures(with_only(report, price))["errors"], "--actual")) == hours
    line = max(shapes(figures["load"], "--actual"), key=len)
    assert line.count("L") == 2 * quarters  # a horizontal and a vertical stroke for each interval
    assert {"00:00", "03:00", "21:00", "24:00"} <= set(texts(figures["load"]))
    assert texts(figures["load"]).count("03:00") == 1


def test_a_gap_stays_a_gap(make_report):
    report = make_report()
    _, load, _ = report.series
    values = load.values.copy()
    values[40:44] = np.nan
    whole = max(shapes(day_figures(with_only(report, load))["load"], "--actual"), key=len)
    holed = max(shapes(day_figures(with_only(report, replace(load, values=values)))["load"], "--actual"), key=len)
    assert (whole.count("M"), holed.count("M")) == (1, 2)
    assert holed.count("L") == 2 * 40 + 2 * 52


def test_a_bar_is_the_mean_of_what_is_known_of_its_hour(make_report):
    report = make_report()
    _, load, _ = report.series
    values = load.values.copy()
    values[:3] = np.nan  # one quarter of the first hour is left
    values[4:8] = np.nan  # nothing of the second
    svg = day_figures(with_only(report, replace(load, values=values)))["errors"]
    corners = [[float(n) for n in re.findall(r"-?[\d.]+", path)] for path in shapes(svg, "--actual")]
    bars = [(path[0], round(path[1] - path[5], 3)) for path in corners if len(path) > 2]
    assert len({height for _, height in bars}) == 1  # all errors are 5
    assert len(bars) == 23
    assert bars[1][0] - bars[0][0] == pytest.approx(2 * (bars[2][0] - bars[1][0]))  # the second hour is left out


def test_what_was_not_forecast_or_not_known_is_left_out(make_report):
    report = make_report()
    price, load, weather = report.series
    unknown = np.full(load.grid.n_steps, np.nan)
    figures = day_figures(with_only(report, replace(load, forecast=None), weather))
    assert list(figures) == ["load", "week"]
    assert "Site load, HUB, not forecast" in texts(figures["load"])
    ahead = day_figures(with_only(report, replace(load, values=unknown)))
    assert list(ahead) == ["load", "week"]
    assert shapes(ahead["load"], "--forecast")
    assert list(day_figures(with_only(report, replace(price, values=unknown[:24], forecast=None)))) == ["week"]


def test_names_are_plain_text_and_figures_can_stand_in_one_page(make_report):
    figures = day_figures(make_report(name="<script>alert(1)</script> $\\frac{"))
    together = "".join(figures.values())
    assert "<script" not in together
    assert any("<script>alert(1)</script> $\\frac{" in text for text in texts(figures["price"]))
    ids = re.findall(r'\bid="([^"]+)"', together)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:url\(|href=")#([^")]+)', together)) <= set(ids)
    assert "http" not in together


def test_colours_follow_the_page(figures):
    for svg in figures.values():
        fixed = re.sub(r"var\(--\w+, #\w+\)", "", svg)
        assert set(re.findall(r"(?:fill|stroke): (#\w+)", fixed)) == set()
