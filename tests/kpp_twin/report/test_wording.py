from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kpp_twin.bill import MeteredHour
from kpp_twin.market.settlement import settle_hour
from kpp_twin.report.wording import (
    battery_lines,
    known,
    local_time,
    method_name,
    money_note,
    number,
    service_name,
    share,
    time_span,
)
from kpp_twin.site import load_site


def test_instants_are_local_and_say_which_pass_of_a_repeated_hour_they_mean():
    zone = ZoneInfo("America/Chicago")
    first = datetime(2024, 11, 3, 6, 30, tzinfo=UTC)
    assert local_time(first, zone) == "2024-11-03 01:30 CDT"
    assert local_time(first + timedelta(hours=1), zone) == "2024-11-03 01:30 CST"
    assert local_time(None, zone) == "–"


def test_numbers_have_thousands_and_fixed_decimals():
    assert number(1234.567) == "1,234.57"
    assert number(45472, 0) == "45,472"
    assert number(-0.5, 1) == "-0.5"
    assert number(None) == "–"
    assert number(-0.004) == "0.00"


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(0), "none"),
        (timedelta(minutes=15), "15 min"),
        (timedelta(hours=26), "1 d 2 h"),
        (timedelta(days=1, hours=2, minutes=15), "1 d 2 h 15 min"),
        (None, "–"),
    ],
)
def test_spans_are_in_days_hours_and_minutes(span: timedelta | None, text: str):
    assert time_span(span) == text


def test_methods_have_names_for_people_and_unknown_ones_keep_theirs():
    assert method_name("naive_weekly") == "weekly naive"
    assert method_name("gradient_boosting") == "gradient_boosting"


def test_services_fractions_and_unknown_values_are_put_in_words():
    assert service_name("demand_charge") == "demand charge"
    assert (share(0.9949), share(1.0, 0), share(None)) == ("99.5 %", "100 %", "–")
    assert (known(2.5), known(float("nan"))) == (2.5, None)


def test_all_money_that_is_settled_has_a_note():
    hour = MeteredHour(
        start=datetime(2024, 3, 16, 5, tzinfo=UTC),
        net_kwh=0.0,
        activation_kwh=0.0,
        discharged_kwh=0.0,
        reserve_kw=0.0,
        availability=1.0,
        peak_rise_kw=0.0,
    )
    assert all(money_note(line.service) for line in settle_hour(hour, {}, 40.0, load_site()))


def test_the_battery_is_told_in_two_lines(make_operation):
    battery = make_operation().battery
    assert battery_lines(battery) == (
        "Battery: health 99.951 % after 1.25 equivalent full cycles, 24.8 to 27.1 °C, auxiliaries 57.5 kWh",
        "Frequency response as PFR: score 95.1 %, mileage 123.4, 5 s without the energy or room for its endurance; "
        "management and faults: restoring up 1,200 s, held 3 s",
    )
    _, idle = battery_lines(replace(battery, performance_score=None, flag_s={}))
    assert "score –" in idle
    assert idle.endswith("management and faults: none")
