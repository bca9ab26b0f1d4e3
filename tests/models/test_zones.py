"""The table of market zones: whom it knows, and whose holidays it counts."""

from datetime import date

import numpy as np
import pytest

from kpp_twin.errors import ConfigError
from models.zones import holiday_share, market_zones, zone_named


def share(name: str, day: date) -> float:
    return float(holiday_share(zone_named(name), np.array([(day - date(1970, 1, 1)).days]))[0])


@pytest.mark.parametrize("name", ["DK_1", "DK1", "dk-1", " dk 1"])
def test_case_and_separators_do_not_matter(name: str) -> None:
    assert zone_named(name).name == "DK_1"


def test_no_two_zones_have_the_same_plain_name() -> None:
    assert all(zone_named(zone.name) is zone for zone in market_zones())


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"no market zone 'DK_3'.*DK_1"):
        zone_named("DK_3")


@pytest.mark.parametrize(
    "name", ["NP", "PJM", "BE", "FR", "DE", "IE_SEM", "UK_NIR", "XK", "GE", "SPP", "VIC1", "IT_NORD"]
)
def test_names_of_the_markets_are_known(name: str) -> None:
    assert zone_named(name).name == name


def test_the_calendar_of_every_zone_is_found() -> None:
    year = np.arange(17_897, 17_897 + 365)  # 2019
    for zone in market_zones():
        share = holiday_share(zone, year)
        assert 5 < share.sum() < 40, zone.name
        assert share.min() == 0.0
        assert share.max() == pytest.approx(1.0)


def test_a_holiday_of_some_regions_counts_by_those_who_live_there() -> None:
    assert 0.5 < share("DE", date(2022, 6, 16)) < 0.9  # Corpus Christi, in the west and the south
    assert share("DE_AT_LU", date(2022, 6, 16)) > share("DE", date(2022, 6, 16))


def test_a_holiday_of_some_countries_counts_by_what_they_use() -> None:
    assert share("NP", date(2022, 5, 17)) == pytest.approx(130 / 410)  # Norway's constitution
    assert share("NP", date(2022, 1, 1)) == pytest.approx(1.0)


def test_a_working_day_is_no_holiday() -> None:
    assert share("DE", date(2022, 6, 22)) == 0.0
