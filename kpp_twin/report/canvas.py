"""What every figure of the report shares: inline SVG, the same bytes for the same data, in the colours of the page.

Colours are drawn as fixed values and then replaced by the page's variables, so that a figure turns dark with its page.
They are those of Okabe and Ito, safe for the colour-blind; lines that share a panel differ in style as well.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.timegrid import Array, TimeGrid
from kpp_twin.units import MINUTES_PER_HOUR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_IN = 9.0
PANEL_IN = 2.5
DOTS_PER_IN = 150
# What an image would otherwise say of itself: when it was made, and by which version.
NOT_WRITTEN = {"svg": ("Date", "Creator", "Format", "Type"), "png": ("Software",)}
HOURS_BETWEEN_TICKS = 3
INK, GRID, ACTUAL, FORECAST = "#1b1f24", "#d5d9de", "#0072b2", "#d55e00"
SERIES = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#7f7f7f", "#b59b00")
PAGE_COLOURS: Mapping[str, str] = {
    INK: "--ink",
    GRID: "--line",
    ACTUAL: "--actual",
    FORECAST: "--forecast",
    **{colour: f"--series-{n}" for n, colour in enumerate(SERIES, start=1)},
}
STYLE: Mapping[str, Any] = {
    "font.size": 8.5,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.linewidth": 0.6,
    "grid.color": GRID,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "text.parse_math": False,  # a series may be called $x
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
}
NAMESPACES = ('xmlns:xlink="http://www.w3.org/1999/xlink"', 'xmlns="http://www.w3.org/2000/svg"')

Panel = Callable[["Axes"], None]


def draw_figure(name: str, panels: Sequence[Panel], zone: ZoneInfo) -> str:
    """SVG text of panels one under the other, to stand in the page."""
    return _inline(name, render(name, panels, f"local time ({zone.key})", transparent=True).decode())


def render(
    name: str,
    panels: Sequence[Panel],
    x_label: str,
    *,
    form: Literal["svg", "png"] = "svg",
    title: str = "",
    transparent: bool = False,
) -> bytes:
    """Image of panels one under the other, whose axes show the same of ``x_label``."""
    import matplotlib.style
    from matplotlib.figure import Figure

    with matplotlib.style.context(["default", {**STYLE, "svg.hashsalt": name}]):
        height = PANEL_IN * len(panels) * (0.8 if len(panels) > 2 else 1.0)
        figure = Figure(figsize=(WIDTH_IN, height), layout="constrained")
        if title:
            figure.suptitle(title, x=0.01, horizontalalignment="left")
        axes = figure.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
        for panel, draw in zip(axes, panels, strict=True):
            draw(panel)
        axes[-1].set_xlabel(x_label)
        stream = io.BytesIO()
        nothing = dict.fromkeys(NOT_WRITTEN[form])
        figure.savefig(stream, format=form, dpi=DOTS_PER_IN, transparent=transparent, metadata=nothing)
    return stream.getvalue()


def _inline(name: str, svg: str) -> str:
    """SVG to stand in a page among others: no prolog, ids of its own, the page's colours."""
    svg = svg[svg.index("<svg") :]
    for reference in ('id="', "url(#", 'href="#'):
        svg = svg.replace(reference, f"{reference}{name}-")
    for colour, variable in PAGE_COLOURS.items():
        svg = svg.replace(colour, f"var({variable}, {colour})")
    for namespace in NAMESPACES:
        svg = svg.replace(namespace, "")  # HTML knows them
    return svg.replace("<svg", f'<svg role="img" aria-labelledby="{name}-caption"', 1)


def standalone(svg: str, title: str) -> str:
    """Figure of its own, as in an image file: with namespaces, a title, fixed colours and a white ground."""
    for colour, variable in PAGE_COLOURS.items():
        svg = svg.replace(f"var({variable}, {colour})", colour)
    head, _, rest = svg.partition(">")
    escaped = title.replace("&", "&amp;").replace("<", "&lt;")
    return f'{head} {" ".join(NAMESPACES)} style="background:#ffffff"><title>{escaped}</title>{rest}'


def edges_h(grid: TimeGrid) -> Array:
    """Borders of the intervals, ``(n_steps + 1,)``, elapsed since the grid's start whatever the clocks do [h]."""
    return np.arange(grid.n_steps + 1, dtype=np.float64) * grid.step_minutes / MINUTES_PER_HOUR


def label_hours(panel: "Axes", grid: TimeGrid, zone: ZoneInfo) -> None:
    """Every third full hour by the local clock, and the end of the day."""
    local = grid.index.tz_convert(zone)
    edges = edges_h(grid)
    is_labelled = (local.minute == 0) & (local.hour % HOURS_BETWEEN_TICKS == 0)
    labels = [f"{t:%H:%M}" for t in local[is_labelled]]
    label_x(panel, np.append(edges[:-1][is_labelled], edges[-1]), [*labels, "24:00"], float(edges[-1]))


def label_x(panel: "Axes", positions: Array, labels: Sequence[str], stop: float) -> None:
    """Axis from 0 to ``stop`` with labels at these positions."""
    panel.set_xlim(0.0, stop)
    panel.set_xticks(positions, labels)


def key(panel: "Axes", n_columns: int = 3, *, reverse: bool = True) -> None:
    """Put the legend above the panel, at its right."""
    panel.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=n_columns, borderaxespad=0.2, reverse=reverse)
