"""Panels of what the stations did: battery and plant, frequency and the response to it, money."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.day_operation import AssetDay, BidCurve, DayOperation
from kpp_twin.day_report import DaySeries
from kpp_twin.market.bidding.bids import DAY_AHEAD
from kpp_twin.report.canvas import ACTUAL, FORECAST, INK, SERIES, Panel, edges_h, key, label_hours
from kpp_twin.report.wording import service_name
from kpp_twin.timegrid import Array, TimeGrid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PERCENT = 100.0
AREA_PER_KW = 0.2  # of a mark [pt²/kW]


def operation_panels(
    operation: DayOperation, prices: Sequence[DaySeries], zone: ZoneInfo
) -> Mapping[str, Sequence[Panel]]:
    """Panels by name of the figure; a figure without data has none."""
    price = next((series for series in prices if series.name == operation.price_series), None)
    return {
        "stores": [*_store_panels(operation, zone)],
        "site": [*_site_panels(operation, zone)],
        "bids": [*_bid_panels(operation, price, zone)],
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


def _bid_panels(operation: DayOperation, price: DaySeries | None, zone: ZoneInfo) -> list[Panel]:
    """Of the stores: the load buys at any price."""
    curves = [curve for curve in operation.curves if curve.market == DAY_AHEAD and curve.asset != "load"]
    return [partial(_draw_bids, curves=curves, price=price, grid=operation.hours, zone=zone)] if curves else []


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


def _draw_bids(
    panel: "Axes", curves: Sequence[BidCurve], price: DaySeries | None, grid: TimeGrid, zone: ZoneInfo
) -> None:
    """A mark for each step, by hour and limit price; its area grows with the power, and it is full where accepted."""
    if price is not None:
        panel.stairs(price.values, edges_h(price.grid), baseline=None, color=ACTUAL, linewidth=1.4, label="price")
    for side, sign, mark, colour in (("sale", 1, "^", SERIES[2]), ("purchase", -1, "v", SERIES[1])):
        for is_accepted in (False, True):
            steps = [
                ((curve.valid_from - grid.start) / timedelta(hours=1) + 0.5, step.price_per_mwh, abs(step.quantity_kw))
                for curve in curves
                for step in curve.steps
                if sign * step.quantity_kw > 0 and bool(step.is_accepted) is is_accepted
            ]
            if not steps:
                continue
            at_h, price_per_mwh, power_kw = np.transpose(steps)
            panel.scatter(
                at_h,
                price_per_mwh,
                AREA_PER_KW * power_kw,
                marker=mark,
                facecolor=colour if is_accepted else "none",
                edgecolor=colour,
                label=f"{side} accepted" if is_accepted else side,
                zorder=3,
            )
    panel.margins(y=0.1)
    panel.set_title("Day-ahead bids of battery and plant")
    panel.set_ylabel(price.unit if price else "per MWh")
    label_hours(panel, grid, zone)
    key(panel, 5, reverse=False)


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
    """Bars of the services stacked from zero, earned upward and paid downward, with the net as a line.

    Services beyond the colours are hatched; those of nothing are left out.
    """
    n_hours = operation.hours.n_steps
    middle = np.arange(n_hours) + 0.5
    earned, paid = np.zeros(n_hours), np.zeros(n_hours)
    money = {service: np.nan_to_num(amounts) for service, amounts in operation.money.items()}
    for number, (service, known) in enumerate((name, amounts) for name, amounts in money.items() if amounts.any()):
        panel.bar(
            middle,
            known,
            width=0.8,
            bottom=np.where(known > 0, earned, paid),
            facecolor=SERIES[number % len(SERIES)],
            edgecolor=INK,
            linewidth=0.0,
            hatch="////" if number >= len(SERIES) else None,
            label=service_name(service),
        )
        earned += np.maximum(known, 0.0)
        paid += np.minimum(known, 0.0)
    panel.plot(middle, operation.net, color=INK, linewidth=1.2, marker="o", markersize=3, label="net")
    panel.axhline(0.0, color=INK, linewidth=0.8)
    panel.set_title("Money by hour, earned positive")
    panel.set_ylabel(operation.currency)
    label_hours(panel, operation.hours, zone)
    panel.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))  # too many to stand beside the title
