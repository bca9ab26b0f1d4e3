"""Panels of what the stations did: battery and plant, frequency and the response to it, money."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.day_operation import AssetDay, DayOperation
from kpp_twin.report.canvas import ACTUAL, FORECAST, INK, SERIES, Panel, edges_h, key, label_hours
from kpp_twin.report.wording import service_name
from kpp_twin.timegrid import Array, TimeGrid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PERCENT = 100.0


def operation_panels(operation: DayOperation, zone: ZoneInfo) -> Mapping[str, Sequence[Panel]]:
    """Panels by name of the figure; a figure without data has none."""
    return {
        "stores": [*_store_panels(operation, zone)],
        "site": [*_site_panels(operation, zone)],
        "frequency": [*_frequency_panels(operation, zone)],
        "money": [partial(_draw_money, operation=operation, zone=zone)] if operation.n_settled else [],
    }


def _store_panels(operation: DayOperation, zone: ZoneInfo) -> list[Panel]:
    panels: list[Panel] = []
    for name in ("battery", "plant"):
        asset = operation.asset(name)
        if asset is None:
            continue
        panels.append(partial(_draw_power, operation=operation, asset=asset, zone=zone))
        if name == "battery" and np.isfinite(operation.state_of_charge).any():
            percent = operation.state_of_charge * PERCENT
            title, unit = "Battery: state of charge", "% of capacity"
        elif np.isfinite(asset.energy_stored_kwh).any():
            percent, title, unit = asset.energy_stored_kwh, f"{name.capitalize()}: energy in store", "kWh"
        else:
            continue
        panels.append(partial(_draw_line, grid=operation.minutes, values=percent, title=title, unit=unit, zone=zone))
    return panels


def _site_panels(operation: DayOperation, zone: ZoneInfo) -> list[Panel]:
    site = operation.asset("site")
    return [] if site is None else [partial(_draw_power, operation=operation, asset=site, zone=zone)]


def _frequency_panels(operation: DayOperation, zone: ZoneInfo) -> list[Panel]:
    panels: list[Panel] = []
    if np.isfinite(operation.frequency_hz).any():
        panels.append(partial(_draw_frequency, operation=operation, zone=zone))
    if np.isfinite(operation.response_asked_kwh).any():
        panels.append(partial(_draw_response, operation=operation, zone=zone))
    return panels


def _draw_power(panel: "Axes", operation: DayOperation, asset: AssetDay, zone: ZoneInfo) -> None:
    hours = edges_h(operation.hours)
    minutes = edges_h(operation.minutes)
    panel.stairs(asset.power_kw, minutes, baseline=None, color=ACTUAL, linewidth=0.9, label="simulated")
    if np.isfinite(asset.sold_kw).any():
        panel.stairs(asset.sold_kw, hours, baseline=None, color=SERIES[2], linewidth=1.3, linestyle=":", label="sold")
    panel.stairs(
        asset.planned_kw, hours, baseline=None, color=FORECAST, linewidth=1.4, linestyle="--", label="setpoint"
    )
    panel.axhline(0.0, color=INK, linewidth=0.8)
    panel.set_title(f"{asset.asset.capitalize()}: power, to the grid positive")
    panel.set_ylabel("kW")
    label_hours(panel, operation.hours, zone)
    key(panel)


def _draw_line(panel: "Axes", grid: TimeGrid, values: Array, title: str, unit: str, zone: ZoneInfo) -> None:
    panel.stairs(values, edges_h(grid), baseline=None, color=ACTUAL, linewidth=1.4)
    panel.set_title(title)
    panel.set_ylabel(unit)
    label_hours(panel, grid, zone)


def _draw_frequency(panel: "Axes", operation: DayOperation, zone: ZoneInfo) -> None:
    grid = operation.minutes
    _draw_line(panel, grid, operation.frequency_hz, "Grid frequency, synthetic, means of minutes", "Hz", zone)
    panel.ticklabel_format(axis="y", useOffset=False)
    if operation.nominal_hz is not None:
        panel.axhline(operation.nominal_hz, color=INK, linewidth=0.8)


def _draw_response(panel: "Axes", operation: DayOperation, zone: ZoneInfo) -> None:
    middle = np.arange(operation.hours.n_steps) + 0.5
    panel.bar(
        middle, operation.response_asked_kwh, width=0.8, facecolor="none", edgecolor=FORECAST, label="asked", zorder=3
    )
    panel.bar(middle, operation.response_delivered_kwh, width=0.5, color=ACTUAL, label="delivered")
    panel.set_title("Frequency response by hour, either way")
    panel.set_ylabel("kWh")
    label_hours(panel, operation.hours, zone)
    key(panel)


def _draw_money(panel: "Axes", operation: DayOperation, zone: ZoneInfo) -> None:
    """Bars of the services stacked from zero, earned upward and paid downward, with the net as a line."""
    n_hours = operation.hours.n_steps
    middle = np.arange(n_hours) + 0.5
    earned, paid = np.zeros(n_hours), np.zeros(n_hours)
    for number, (service, amounts) in enumerate(operation.money.items()):
        known = np.nan_to_num(amounts)
        panel.bar(
            middle,
            known,
            width=0.8,
            bottom=np.where(known > 0, earned, paid),
            color=SERIES[number % len(SERIES)],
            label=service_name(service),
        )
        earned += np.maximum(known, 0.0)
        paid += np.minimum(known, 0.0)
    panel.plot(middle, operation.net, color=INK, linewidth=1.2, marker="o", markersize=3, label="net")
    panel.axhline(0.0, color=INK, linewidth=0.8)
    panel.set_title("Money by hour, earned positive")
    panel.set_ylabel(operation.currency)
    label_hours(panel, operation.hours, zone)
    key(panel, 7, reverse=False)
