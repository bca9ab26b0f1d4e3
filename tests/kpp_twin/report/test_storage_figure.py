from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from kpp_twin.report.storage_figure import image_of


def texts(n_days: int, tz: str | None = "Europe/Berlin") -> list[str]:
    n = 24 * n_days
    steps = pd.DataFrame(
        {
            "valid_from": pd.date_range("2024-03-25", periods=n, freq="h", tz=tz),
            "hours": 1.0,
            "price_per_mwh": 50.0,
            "power_kw": 10.0,
        }
    )
    image = image_of(steps, np.arange(n + 1.0), "Battery", "svg").decode()
    return [element.text or "" for element in ET.fromstring(image).iter("{http://www.w3.org/2000/svg}text")]


def test_price_power_and_energy_of_a_short_plan_are_drawn_by_the_hour():
    found = texts(1)
    assert {"Price", "per MWh", "Power, to the grid positive", "kW", "Energy in store", "kWh"} <= set(found)
    assert {"Battery", "time (Europe/Berlin)", "25 Mar 00:00", "25 Mar 18:00"} <= set(found)


@pytest.mark.full
def test_of_a_long_plan_the_first_days_are_drawn_whatever_the_clocks_do():
    found = texts(20)
    assert "Battery, the first 14 days" in found
    assert {"25 Mar", "31 Mar", "06 Apr"} <= set(found)
    assert "10 Apr" not in found


@pytest.mark.full
def test_stamps_without_a_zone_are_those_of_the_file():
    assert "time as the file has it" in texts(1, None)
