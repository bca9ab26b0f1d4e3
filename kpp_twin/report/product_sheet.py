"""Market products as tables and as plain data."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table

from kpp_twin.market.rules.price_limits import PriceLimits, price_limits
from kpp_twin.market.rules.products import MarketProduct
from kpp_twin.report.terminal import plain_table
from kpp_twin.report.wording import local_time, number, service_name
from kpp_twin.timegrid import hour_label
from kpp_twin.units import HOURS_PER_DAY

COLUMNS = (
    "product",
    "trades",
    "for",
    "gate",
    ">least kW",
    ">tick",
    "pricing",
    "settlement",
    "price limits",
    "evidence",
)


def products_table(products: Sequence[MarketProduct], on: date | None) -> Table:
    """A row for each product, with the price limits of a delivery day; without one, those that came last."""
    rows = [
        (
            product.name,
            _subject(product),
            _lengths(product),
            _gate(product),
            number(product.minimum_kw, 0),
            f"{product.tick_per_mwh:g}",
            service_name(product.pricing),
            service_name(product.settlement),
            f"{_limits_text(product, on)} {product.currency}",
            product.evidence,
        )
        for product in products
    ]
    return plain_table(
        f"Market products {f'of delivery day {on}' if on else 'as they came into force last'}", COLUMNS, rows
    )


def product_table(product: MarketProduct, on: date | None) -> Table:
    """All of a product, and of a delivery day where there is one."""
    zone = ZoneInfo(product.zone)
    rows = [
        ("also called", ", ".join(product.aliases)),
        ("in force", f"from {product.valid_from}" + (f" until {product.valid_until}" if product.valid_until else "")),
        ("trades", _subject(product)),
        ("bids for", _lengths(product)),
        ("settled by", f"{product.interval_minutes} min"),
        ("delivery day", f"{_clock(product.from_hour)} to {_clock(product.until_hour)}, {product.zone}"),
        ("gate", _gate(product)),
        ("results due", f"{product.results_local:%H:%M} on the day of the gate" if product.results_local else ""),
        ("smallest bid", f"{product.minimum_kw:g} kW"),
        ("quantities", f"steps of {product.step_kw:g} kW" if product.step_kw else "any"),
        ("prices", f"steps of {product.tick_per_mwh:g} {_price_unit(product)}"),
        ("curves", f"at most {product.most_steps} steps" if product.most_steps else ""),
        ("pricing", service_name(product.pricing)),
        ("settlement", service_name(product.settlement)),
        ("price limits", f"{_limits_text(product, on)} {_price_unit(product)}"),
        ("source", product.source),
        ("evidence", product.evidence),
    ]
    if on is not None:
        day = _day(product, on)
        first, last = (local_time(moment, zone) for moment in (day["first_gate"], day["last_gate"]))
        rows += [
            (f"on {on}", f"{day['n_intervals']} intervals of {product.interval_minutes} min"),
            ("that may be bid for", f"{day['n_blocks']} intervals or blocks"),
            ("gate", first if first == last else f"{first} to {last}"),
        ]
    return plain_table(f"{product.name}: {product.title}", ("", ""), [row for row in rows if row[1]])


def product_data(product: MarketProduct, on: date | None) -> dict[str, Any]:
    """All of a product and of the delivery day, ready for JSON; price limits are none where they are not known."""
    limits = _limits(product, on)
    told = product.model_dump(mode="json") | {
        "price_limits": limits and limits.model_dump(mode="json", exclude={"market"})
    }
    if on is not None:
        day = _day(product, on)
        told |= {name: hour_label(value) if isinstance(value, datetime) else value for name, value in day.items()}
    return told


def _day(product: MarketProduct, on: date) -> dict[str, Any]:
    """Intervals, blocks and gates of a delivery day."""
    gates = product.gates(on)
    return {
        "delivery_day": on.isoformat(),
        "n_intervals": product.intervals(on).n_steps,
        "n_blocks": len(gates),
        "first_gate": min(gates.values()),
        "last_gate": max(gates.values()),
    }


def _limits(product: MarketProduct, on: date | None) -> PriceLimits | None:
    rows = [row for row in price_limits() if row.market == product.limits and (on is None or row.holds(on))]
    return max(rows, key=lambda row: row.valid_from, default=None)


def _limits_text(product: MarketProduct, on: date | None) -> str:
    limits = _limits(product, on)
    return "not known" if limits is None else f"{limits.floor_per_mwh:.6g} to {limits.cap_per_mwh:.6g}"


def _subject(product: MarketProduct) -> str:
    return "energy" if product.direction is None else f"capacity {product.direction}"


def _price_unit(product: MarketProduct) -> str:
    return f"{product.currency}/MWh" if product.direction is None else f"{product.currency}/MW/h"


def _lengths(product: MarketProduct) -> str:
    if product.block_hours is not None:
        return f"blocks of {product.block_hours} h"
    return f"{', '.join(map(str, (product.interval_minutes, *product.also_minutes)))} min"


def _gate(product: MarketProduct) -> str:
    """When bids close, by the clock of the market: D is the delivery day, D-1 the day before."""
    if product.gate_local is None:
        return f"{product.gate_minutes_before} min before"
    day = f"D-{product.gate_days_before}" if product.gate_days_before else "D"
    return f"{day} {product.gate_local:%H:%M}"


def _clock(hour: int) -> str:
    """Hour by the local clock of the delivery day: 23:00 the day before of -1."""
    if 0 <= hour <= HOURS_PER_DAY:
        return f"{hour:02}:00"
    return f"{hour % HOURS_PER_DAY:02}:00 the day {'before' if hour < 0 else 'after'}"
