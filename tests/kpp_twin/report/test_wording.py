from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kpp_twin.report.wording import known, local_time, method_name, number, service_name, share, time_span


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
