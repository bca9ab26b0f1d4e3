from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kpp_twin.report.canvas import ACTUAL, draw_figure, edges_h, key, label_hours, render, standalone
from kpp_twin.timegrid import TimeGrid

CHICAGO = ZoneInfo("America/Chicago")
GRID = TimeGrid(start=datetime(2024, 3, 16, 5, tzinfo=UTC), step_minutes=60, n_steps=24)


def drawn(panels: int = 1) -> str:
    def panel(axes) -> None:
        axes.plot([0.0, 24.0], [1.0, 2.0], color=ACTUAL, label="line")
        label_hours(axes, GRID, CHICAGO)
        key(axes)

    return draw_figure("made", [panel] * panels, CHICAGO)


def test_the_same_panels_give_the_same_bytes():
    assert drawn(3) == drawn(3)


def test_a_figure_is_named_by_its_caption_and_has_ids_of_its_own():
    svg = drawn()
    assert svg.startswith('<svg role="img" aria-labelledby="made-caption"')
    assert 'id="made-' in svg
    assert f"var(--actual, {ACTUAL})" in svg


def test_a_figure_of_its_own_needs_no_page():
    alone = standalone(drawn(), "Price & <load>")
    root = ET.fromstring(alone)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.findtext("{http://www.w3.org/2000/svg}title") == "Price & <load>"
    assert "var(" not in alone
    assert ACTUAL in alone


@pytest.mark.parametrize(("form", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_an_image_file_is_whole_and_the_same_each_time(form, begins: bytes):
    def image() -> bytes:
        return render("made", [lambda axes: axes.plot([0.0, 1.0])], "time [s]", form=form, title="A title")

    assert image().startswith(begins)
    assert image() == image()


@pytest.mark.parametrize(("day", "hours"), [("2024-03-10", 23), ("2024-03-16", 24), ("2024-11-03", 25)])
def test_edges_are_elapsed_hours(day: str, hours: int):
    edges = edges_h(TimeGrid.local_day(date.fromisoformat(day), CHICAGO, 15))
    assert edges[-1] == hours
    assert np.diff(edges) == pytest.approx(0.25)
