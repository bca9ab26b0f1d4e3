"""A battery's plan as a figure: the prices that it rests on, its power, and the energy that it stores."""

from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from kpp_twin.report.canvas import ACTUAL, FORECAST, INK, SERIES, label_x, render
from kpp_twin.timegrid import Array
from kpp_twin.units import HOURS_PER_DAY

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SHOWN_DAYS = 14  # more could not be told apart
DAYS_BETWEEN_TICKS = 2
HOURS_BETWEEN_TICKS = 6  # where the plan is no longer than those days


def image_of(steps: "pd.DataFrame", energy_kwh: Array, title: str, form: Literal["svg", "png"]) -> bytes:
    """Image of the first days of a plan.

    Parameters
    ----------
    steps
        A row for each of ``n``: ``valid_from``, ``hours`` that it lasts, ``price_per_mwh`` and ``power_kw``.
    energy_kwh
        In store before the first and after each, ``(n + 1,)``.
    """
    edges_h = np.append(0.0, steps["hours"].cumsum())
    n_shown = int((edges_h[1:] <= SHOWN_DAYS * HOURS_PER_DAY).sum())
    if n_shown < len(steps):
        title = f"{title}, the first {SHOWN_DAYS} days"
    steps, edges_h, energy_kwh = steps[:n_shown], edges_h[: n_shown + 1], energy_kwh[: n_shown + 1]
    panels = (
        partial(_draw_price, edges_h=edges_h, price_per_mwh=steps["price_per_mwh"]),
        partial(_draw_power, edges_h=edges_h, power_kw=steps["power_kw"]),
        partial(_draw_energy, edges_h=edges_h, energy_kwh=energy_kwh, stamps=steps["valid_from"]),
    )
    zone = steps["valid_from"].dt.tz
    clock = "time as the file has it" if zone is None else f"time ({zone})"
    return render("storage-plan", panels, clock, form=form, title=title)


def _draw_price(panel: "Axes", edges_h: Array, price_per_mwh: "pd.Series[float]") -> None:
    panel.stairs(price_per_mwh, edges_h, baseline=None, color=FORECAST, linewidth=1.3)
    panel.set_title("Price")
    panel.set_ylabel("per MWh")


def _draw_power(panel: "Axes", edges_h: Array, power_kw: "pd.Series[float]") -> None:
    panel.stairs(power_kw, edges_h, baseline=None, color=ACTUAL, linewidth=1.3)
    panel.axhline(0.0, color=INK, linewidth=0.8)
    panel.set_title("Power, to the grid positive")
    panel.set_ylabel("kW")


def _draw_energy(panel: "Axes", edges_h: Array, energy_kwh: Array, stamps: "pd.Series[pd.Timestamp]") -> None:
    """Energy, with labels for all panels: every second midnight, or of a short plan every sixth hour."""
    panel.plot(edges_h, energy_kwh, color=SERIES[2], linewidth=1.3)
    panel.set_title("Energy in store")
    panel.set_ylabel("kWh")
    is_long = edges_h[-1] > DAYS_BETWEEN_TICKS * HOURS_PER_DAY
    hours = HOURS_PER_DAY if is_long else HOURS_BETWEEN_TICKS
    ticks = np.flatnonzero((stamps.dt.minute == 0) & (stamps.dt.hour % hours == 0))
    if is_long:
        ticks = ticks[::DAYS_BETWEEN_TICKS]
    labels = stamps.iloc[ticks].dt.strftime("%d %b" if is_long else "%d %b %H:%M").to_list()
    label_x(panel, edges_h[ticks], labels, float(edges_h[-1]))
