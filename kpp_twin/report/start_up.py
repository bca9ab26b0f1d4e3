"""The start-up of a plant as a figure: an image, and blocks of characters for the terminal."""

from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from kpp_twin.plant.sheet import STARTED, StartUp
from kpp_twin.report.canvas import ACTUAL, FORECAST, Panel, key, render
from kpp_twin.timegrid import Array
from kpp_twin.units import KPA_PER_BAR, SECONDS_PER_MINUTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLOCKS = " ▁▂▃▄▅▆▇█"
PARTS = len(BLOCKS) - 1
COLUMNS, ROWS, TICKS = 50, 3, 5  # fits in 80 columns


def title_of(start: StartUp) -> str:
    """What the figure shows, and when the generator was there."""
    if start.started_s is None:
        reached = f"never {STARTED:.0%} of it".replace("%", " %")
    else:
        reached = f"{STARTED:.0%} of it after {start.started_s} s".replace("%", " %")
    return f"Start-up: from rest, told {start.told_kw:g} kW; {reached}"


def image_of(start: StartUp, form: Literal["svg", "png"]) -> bytes:
    """Chain speed, generator, energy in the column and receiver, by the time since the plant was told."""
    told = start.trajectory
    panels: list[Panel] = [
        partial(_draw, values=told.chain_speed_m_per_s, title="Chain speed", unit="m/s"),
        partial(_draw, values=told.generator_kw, title="Generator", unit="kW", told_kw=start.told_kw),
        partial(_draw, values=told.column_kwh, title="Energy of the air in the column", unit="kWh"),
        partial(_draw, values=told.receiver_kpa / KPA_PER_BAR, title="Receiver, absolute pressure", unit="bar"),
    ]
    return render("start-up", panels, "time since it was told [s]", form=form, title=title_of(start))


def _draw(panel: "Axes", values: Array, title: str, unit: str, told_kw: float | None = None) -> None:
    edges_s = np.arange(len(values) + 1)
    panel.stairs(values, edges_s, baseline=None, color=ACTUAL, linewidth=1.4, label="given")
    if told_kw is not None:
        panel.hlines(told_kw, 0, len(values), color=FORECAST, linewidth=1.2, linestyle="--", label="told")
        key(panel)
    panel.set_title(title)
    panel.set_ylabel(unit)
    panel.set_xlim(0, len(values))
    panel.set_xticks(np.arange(0, len(values) + 1, SECONDS_PER_MINUTE // 2))


def text_of(start: StartUp) -> str:
    """Chain speed, generator and energy in the column as areas of blocks, with no colour, under a title."""
    told = start.trajectory
    lines = [title_of(start)]
    for name, values, top in (
        ("chain speed [m/s]", told.chain_speed_m_per_s, float(told.chain_speed_m_per_s.max())),
        ("generator [kW]", told.generator_kw, start.told_kw),
        ("column [kWh]", told.column_kwh, float(told.column_kwh.max())),
    ):
        lines += _area(name, values, top)
    seconds = len(told.generator_kw)
    ticks = "".join(f"{tick * seconds // TICKS:<{COLUMNS // TICKS}}" for tick in range(TICKS + 1)).rstrip()
    return "\n".join([*lines, f"{'time [s]':>17}{'':>8}  {ticks}"])


def _area(name: str, values: Array, top: float) -> list[str]:
    scale = [f"{top:.3g}", *[""] * (ROWS - 2), "0"]
    return [
        f"{words:>17}{mark:>8} {'┤' if mark else '│'}{row}"
        for words, mark, row in zip((name, *[""] * (ROWS - 1)), scale, block_rows(values, top), strict=True)
    ]


def block_rows(values: Array, top: float) -> list[str]:
    """Rows of block characters, the highest first: means of equal parts of the time, between 0 and ``top``."""
    means = np.array([part.mean() for part in np.array_split(values, COLUMNS)])
    heights = np.rint(np.clip(means / top, 0.0, 1.0) * ROWS * PARTS).astype(int) if top > 0 else np.zeros(COLUMNS, int)
    return [
        "".join(BLOCKS[int(filled)] for filled in np.clip(heights - PARTS * row, 0, PARTS)).rstrip()
        for row in reversed(range(ROWS))
    ]
