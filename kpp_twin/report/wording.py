"""How the report puts instants, numbers and names in words."""

import math
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kpp_twin.day_operation import BatteryDay

MISSING = "–"
METHODS = {"naive_daily": "daily naive", "naive_weekly": "weekly naive", "seasonal": "seasonal", "ensemble": "ensemble"}
ASSUMPTION = "Money follows from the assumed values of the site, reference_site.toml; no bill of a real site."
MONEY_NOTES = {
    "activation": "energy of frequency response, where its product is paid for it",
    "capacity": "frequency response that was kept and delivered",
    "degradation": "wear of the battery by what it discharged",
    "demand_charge": "rise of the month's highest import",
    "demand_response": "load that curtailments did not draw, where they are paid",
    "energy": "sold day-ahead less bought, at the day-ahead price",
    "fees": "on what was traded day-ahead, either way",
    "imbalance": "the rest of what was metered, at the imbalance price",
    "performance": "taken off capacity for what was delivered badly",
}


def local_time(moment: datetime | None, zone: ZoneInfo) -> str:
    """Market-local minute with its zone, as in ``2021-10-14 01:15 CDT``."""
    return MISSING if moment is None else f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def number(value: float | None, digits: int = 2) -> str:
    """Number with so many decimals, thousands set apart."""
    return MISSING if value is None else f"{round(value, digits) + 0.0:,.{digits}f}"  # no minus before a zero


def time_span(span: timedelta | None) -> str:
    """Length of time in days, hours and minutes, as in ``1 d 2 h 15 min``; ``none`` for zero."""
    if span is None:
        return MISSING
    days, rest = divmod(span, timedelta(days=1))
    hours, rest = divmod(rest, timedelta(hours=1))
    parts = ((days, "d"), (hours, "h"), (rest // timedelta(minutes=1), "min"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "none"


def method_name(method: str) -> str:
    """Name of a forecaster for people."""
    return METHODS.get(method, method)


def service_name(service: str) -> str:
    """Name of a service, an asset's entry or an amount for people: ``demand charge`` of ``demand_charge``."""
    return service.replace("_", " ")


def money_note(service: str) -> str:
    """What the money of a service is for."""
    return MONEY_NOTES[service]


def share(value: float | None, digits: int = 1) -> str:
    """Fraction in percent, as in ``99.5 %``."""
    return MISSING if value is None else f"{value:.{digits}%}".replace("%", " %")


def battery_lines(battery: BatteryDay) -> tuple[str, str]:
    """How the battery fared, and how it answered frequency, in a line each."""
    special = ", ".join(f"{service_name(flag)} {number(seconds, 0)} s" for flag, seconds in battery.flag_s.items())
    return (
        f"Battery: health {share(battery.state_of_health, 3)} after {number(battery.equivalent_full_cycles)} "
        f"equivalent full cycles, {number(battery.lowest_temperature_c, 1)} to "
        f"{number(battery.highest_temperature_c, 1)} °C, auxiliaries {number(battery.auxiliary_kwh, 1)} kWh",
        f"Frequency response as {battery.product}: score {share(battery.performance_score)}, "
        f"mileage {number(battery.mileage, 1)}, {number(battery.endurance_violation_s, 0)} s without the energy or "
        f"room for its endurance; management and faults: {special or 'none'}",
    )


def known(value: float) -> float | None:
    """Value, or none of NaN: nothing is known."""
    return None if math.isnan(value) else float(value)
