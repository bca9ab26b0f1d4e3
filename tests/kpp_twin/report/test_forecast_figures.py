from dataclasses import replace
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from kpp_twin.report.forecast_figures import image_of
from models.evaluation import Issued, evaluate

SVG = "{http://www.w3.org/2000/svg}"
BERLIN = ZoneInfo("Europe/Berlin")
LEVELS = np.arange(1, 20) / 20


def issued(n_days: int) -> Issued:
    index = pd.date_range("2024-03-20", periods=24 * n_days, freq="h", tz="UTC")
    shape = 10.0 + np.sin(index.hour.to_numpy() / 4)
    actual = shape + np.random.default_rng(1).normal(0, 0.2, len(index))
    return Issued(
        valid_from=index,
        actual=actual,
        forecast=shape,
        quantiles=shape[:, None] + 0.4 * (LEVELS - 0.5),
        levels=LEVELS,
    )


def texts(image: bytes) -> set[str | None]:
    return {element.text for element in ET.fromstring(image).iter(f"{SVG}text")}


def drawn(part: Issued) -> bytes:
    return image_of(part, evaluate(part, BERLIN), BERLIN, "price HUB", "svg")


def test_the_figure_shows_days_hours_and_calibration() -> None:
    told = texts(drawn(issued(21)))
    assert {"price HUB", "actual", "forecast", "5–95 %", "weekly naive", "Mean absolute error", "Calibration"} <= told
    assert {"28 Mar", "06:00", "24:00"} <= told  # the last of 14 days is 10 April, by the clock of the market


def test_the_same_evaluation_gives_the_same_bytes() -> None:
    assert drawn(issued(9)) == drawn(issued(9))


@pytest.mark.parametrize("levels", [slice(0, 0), slice(5, 12)])
def test_without_the_levels_there_is_no_band(levels: slice) -> None:
    part = issued(9)
    told = texts(drawn(replace(part, quantiles=part.quantiles[:, levels], levels=LEVELS[levels])))
    assert "5–95 %" not in told
    assert ("no quantiles" in told) == (levels == slice(0, 0))


def test_it_may_be_a_png() -> None:
    part = issued(3)
    assert image_of(part, evaluate(part, BERLIN), BERLIN, "", "png").startswith(b"\x89PNG")
