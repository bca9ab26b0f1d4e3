from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.sheet import StartUp, start_up
from kpp_twin.report.start_up import BLOCKS, COLUMNS, ROWS, TICKS, block_rows, image_of, text_of, title_of

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def start() -> StartUp:
    return start_up(PlantParameters())


def test_the_title_says_when_the_generator_was_there(start: StartUp) -> None:
    told = f"Start-up: from rest, told {start.told_kw:g} kW"
    assert title_of(start) == f"{told}; 95 % of it after {start.started_s} s"
    assert title_of(replace(start, started_s=None)) == f"{told}; never 95 % of it"


def test_the_svg_is_whole_names_its_units_and_is_the_same_each_time(start: StartUp) -> None:
    image = image_of(start, "svg")
    texts = {element.text for element in ET.fromstring(image).iter(f"{SVG}text")}
    panels = {"Chain speed", "Generator", "Energy of the air in the column", "Receiver, absolute pressure"}
    assert panels | {"m/s", "kW", "kWh", "bar", "time since it was told [s]", "told", "given"} <= texts
    assert title_of(start) in texts
    assert image == image_of(start, "svg")


def test_the_png_is_one(start: StartUp) -> None:
    image = image_of(start, "png")
    assert image.startswith(b"\x89PNG")
    assert b"Matplotlib" not in image


def test_blocks_rise_with_the_values() -> None:
    rising = block_rows(np.linspace(0.0, 1.0, 600), 1.0)
    assert len(rising) == ROWS
    assert [len(row) for row in rising] == [COLUMNS] * ROWS
    heights = [sum(BLOCKS.index(row[column]) for row in rising) for column in range(COLUMNS)]
    assert heights == sorted(heights)
    assert heights[0] == 0
    assert heights[-1] == ROWS * (len(BLOCKS) - 1)


@pytest.mark.parametrize(("value", "top", "filled"), [(0.0, 1.0, 0), (2.0, 1.0, ROWS), (0.0, 0.0, 0)])
def test_blocks_of_a_constant(value: float, top: float, filled: int) -> None:
    full = "█" * COLUMNS
    assert block_rows(np.full(300, value), top) == [""] * (ROWS - filled) + [full] * filled


def test_the_text_has_an_area_for_each_quantity_within_a_narrow_terminal(start: StartUp) -> None:
    lines = text_of(start).splitlines()
    assert len(lines) == 1 + 3 * ROWS + 1
    assert all(name in text_of(start) for name in ("chain speed [m/s]", "generator [kW]", "column [kWh]", "time [s]"))
    assert max(map(len, lines)) <= 80
    marks = dict(zip(("0", "60", "120"), (lines[-1].index(mark) for mark in (" 0 ", " 60 ", " 120 ")), strict=True))
    assert marks["60"] - marks["0"] == marks["120"] - marks["60"] == COLUMNS // TICKS
