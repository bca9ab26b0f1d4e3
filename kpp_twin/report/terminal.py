"""The day in short tables for the terminal; nothing is said by colour alone."""

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from kpp_twin.day_operation import BatteryDay, DayOperation
from kpp_twin.day_report import DayReport
from kpp_twin.report.plain import NO_OPERATION, hour_rows
from kpp_twin.report.wording import (
    ASSUMPTION,
    battery_lines,
    local_time,
    method_name,
    money_note,
    number,
    service_name,
    share,
    time_span,
)


def day_tables(report: DayReport) -> list[Table]:
    """Forecast errors, the day hour by hour, what the stations did, rows per feed, and freshness."""
    operation = report.operation
    if operation is None:
        stations = [plain_table(f"Operation of {report.day}", ("",), [(NO_OPERATION,)])]
    else:
        stations = [_hours(report), _money(operation), _bids(operation), _services(operation)]
        stations += [_battery(operation.battery)] if operation.battery else []
        stations += [_ledger(operation)]
        stations += [_events(report, operation)] if operation.events else []
    return [_errors(report), *stations, _quality(report), _freshness(report)]


def _errors(report: DayReport) -> Table:
    rows = [
        (
            f"{series.variable} {series.name}",
            series.unit,
            f"{series.n_scored}/{series.grid.n_steps}",
            number(series.mean_absolute_error),
            f"{forecast.judgement.days} d",
            *(number(forecast.judgement.scores.get(method)) for method in report.methods),
            method_name(forecast.judgement.method),
            share(forecast.judgement.relative_error),
        )
        for series, forecast in report.forecasts
    ]
    header = (
        "forecast",
        "unit",
        ">scored",
        ">this day",
        ">before",
        *(f">{method_name(m)}" for m in report.methods),
        "serves",
        ">of better naive",
    )
    return plain_table(f"Mean absolute error of the forecasts of {report.day}, and of the days before", header, rows)


def _hours(report: DayReport) -> Table:
    rows = [
        (
            row["local"],
            number(row["price_per_mwh"]),
            number(row["load_kw"], 0),
            number(row["load_forecast_kw"], 0),
            number(row["battery_planned_kw"], 0),
            number(row["battery_bid_steps"], 0),
            number(row["battery_sold_kw"], 0),
            number(row["battery_kw"], 0),
            number(row["battery_reserved_kw"], 0),
            share(row["state_of_charge"], 0),
            number(row["plant_planned_kw"], 0),
            number(row["plant_kw"], 0),
            number(row["site_planned_kw"], 0),
            number(row["site_sold_kw"], 0),
            number(row["site_kw"], 0),
            number(row["net_amount"]),
        )
        for row in hour_rows(report)
    ]
    header = (
        "hour",
        ">price",
        ">load",
        ">forecast",
        ">battery\nplan",
        ">bid\nsteps",
        ">\nsold",
        ">\nflow",
        ">reserve\nkept",
        ">\ncharged",
        ">plant\nplan",
        ">\nflow",
        ">site\nplan",
        ">\nsold",
        ">\nflow",
        ">net",
    )
    return plain_table("Hour by hour: price and net in currency, power in kW, to the grid positive", header, rows)


def _money(operation: DayOperation) -> Table:
    rows = [
        (service_name(name), number(amount), money_note(name)) for name, amount in operation.money_by_service.items()
    ]
    rows.append(("net", number(operation.net_amount if operation.n_settled else None), ASSUMPTION))
    settled = f"{operation.n_settled} of {operation.n_simulated} simulated hours settled"
    return plain_table(f"Money by service, {settled}", ("service", f">{operation.currency}", "note"), rows)


def _bids(operation: DayOperation) -> Table:
    rows = [
        (
            service_name(line.market),
            line.asset,
            number(line.n_bids, 0),
            number(line.n_accepted, 0),
            number(line.position_kwh, 1),
        )
        for line in operation.bids
    ]
    header = ("market", "asset", ">bid steps", ">accepted", ">sold kWh")
    return plain_table("Bids; kWh of reserve are its power times the hours", header, rows)


def _services(operation: DayOperation) -> Table:
    rows = [
        (
            service_name(line.service),
            line.unit,
            number(line.requested, 0),
            number(line.granted, 0),
            f"{line.n_cut}/{line.n_requests}",
            share(line.uptime),
            number(line.response_time_s),
            share(line.accuracy),
            number(line.requested_kwh, 1),
            number(line.delivered_kwh, 1),
        )
        for line in operation.services
    ]
    header = (
        "service",
        "unit",
        ">asked",
        ">granted",
        ">cut",
        ">uptime",
        ">response s",
        ">accuracy",
        ">called kWh, kvarh",
        ">delivered",
    )
    return plain_table("Services, means over the hours", header, rows)


def _battery(battery: BatteryDay) -> Table:
    return plain_table("Battery and its frequency response", ("",), [(line,) for line in battery_lines(battery)])


def _ledger(operation: DayOperation) -> Table:
    """One row for each asset: its entries, and what is left when they are summed."""
    rows = [
        (
            asset,
            ", ".join(
                f"{service_name(line.entry)} {number(line.energy_kwh, 1)}"
                for line in operation.ledger
                if line.asset == asset
            ),
            f"{abs(residual):.1e}",
        )
        for asset, residual in operation.residual_kwh.items()
    ]
    return plain_table("Energy ledger [kWh], entries of an asset sum to zero", ("asset", "entries", ">residual"), rows)


def _events(report: DayReport, operation: DayOperation) -> Table:
    rows = [
        (
            local_time(event.start, report.zone),
            time_span(event.stop - event.start),
            number(event.forecast_peak_kw, 0),
            number(event.target_reduction_kw, 0),
            number(event.reduced_kwh, 1),
        )
        for event in operation.events
    ]
    return plain_table("Curtailments", ("from", "for", ">forecast kW", ">target kW", ">reduced kWh"), rows)


def _quality(report: DayReport) -> Table:
    rows = [
        (q.feed, f"{q.rows_checked:,}", f"{q.rows_admitted:,}", f"{q.rows_flagged:,}", f"{q.rows_quarantined:,}")
        for q in report.quality
    ]
    header = ("feed", ">rows checked", ">admitted", ">of these flagged", ">quarantined")
    return plain_table(f"Rows taken in by the {len(report.cycles)} cycle(s) of {report.day}", header, rows)


def _freshness(report: DayReport) -> Table:
    rows = [
        (f"{reach.feed} {reach.series}".strip(), local_time(reach.known_until, report.zone), time_span(reach.behind))
        for reach in report.freshness
    ]
    return plain_table(f"Known as of {local_time(report.as_of, report.zone)}", ("feed", "until", ">behind"), rows)


def plain_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Table of plain texts: what stands in a name is neither markup nor a control sequence. ``>`` aligns right."""
    table = Table(title=Text(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.show_header = any(header)
    for name in header:
        table.add_column(name.lstrip(">"), justify="right" if name.startswith(">") else "left")
    for row in rows:
        table.add_row(*(Text("".join(c if c.isprintable() else "\ufffd" for c in cell)) for cell in row))
    return table
