"""The judged figures, against plain loops and by hand."""

from datetime import UTC, datetime
from statistics import median
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.feeds import LOAD, PRICE, WEATHER, Feed
from kpp_twin.quality.measures import hampel_scores, identical_run_lengths, measure

CHICAGO = ZoneInfo("America/Chicago")
values_kw = st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=40)


def window(values: list[float], feed: Feed = LOAD, start: str = "2024-03-05T06:00Z", n_known: int = 0) -> pd.DataFrame:
    valid_from = pd.date_range(start, periods=len(values), freq=f"{feed.step_minutes}min", unit="us")
    is_new = np.arange(len(values)) >= n_known
    return pd.DataFrame({"series": "A", "valid_from": valid_from, "value": values, "is_new": is_new})


def measured(frame: pd.DataFrame, feed: Feed = LOAD, zone: ZoneInfo = CHICAGO) -> pd.DataFrame:
    is_new = frame["is_new"]
    return measure(frame[is_new], frame[~is_new], feed, zone=zone, rated_load_kw=1000.0)


def test_dq_02_a_spike_among_small_changes_stands_out() -> None:
    scores = hampel_scores(np.array([30, 31, 29, 32, 30, 300, 31, 30, 29, 31], dtype=float))
    assert scores[5] == pytest.approx(270 / 1.4826)
    assert scores[5] == pytest.approx(182, abs=0.5)
    assert (np.delete(scores, 5) < 3).all()


def test_dq_03_a_step_of_one_in_a_constant_window_is_no_spike() -> None:
    assert hampel_scores(np.array([30.0] * 6 + [31.0])).max() < 3
    assert hampel_scores(np.array([30_000.0] * 6 + [30_050.0])).max() < 3
    assert hampel_scores(np.array([30.0] * 6 + [33.0])).max() > 3


@given(values_kw)
def test_hampel_scores_agree_with_a_plain_loop(values: list[float]) -> None:
    expected = []
    for n, value in enumerate(values):
        around = values[max(0, n - 3) : n + 4]
        middle = median(around)
        deviation = median(abs(x - middle) for x in around)
        expected.append(abs(value - middle) / (1.4826 * max(deviation, 0.5, 1e-3 * abs(middle))))
    np.testing.assert_allclose(hampel_scores(np.array(values)), expected, rtol=1e-9, atol=1e-12)


@given(st.lists(st.sampled_from([1.0, 2.0]), min_size=1, max_size=60))
def test_run_lengths_agree_with_a_plain_loop(values: list[float]) -> None:
    expected: list[int] = []
    for n, value in enumerate(values):
        expected.append(expected[-1] + 1 if n and value == values[n - 1] else 1)
    assert identical_run_lengths(np.array(values)).tolist() == expected


def test_gaps_and_jumps_are_between_adjacent_intervals_of_one_series() -> None:
    frame = window([500.0, 700.0, 400.0, 400.0]).drop(index=1)
    other = window([10.0, 30.0]).assign(series="B")
    result = measured(pd.concat([other, frame], ignore_index=True))
    assert result["series"].tolist() == ["A"] * 3 + ["B"] * 2
    assert result["gap_before_minutes"].tolist() == [0, 15, 0, 0, 0]
    assert result["jump"].tolist() == [0, 0, 0, 0, 20]
    assert result["identical_run"].tolist() == [1, 1, 2, 1, 1]


def test_the_order_of_the_rows_does_not_matter() -> None:
    frame = window([500.0, 700.0, 700.0, 700.0, 650.0, 900.0])
    turned = measured(frame[::-1].reset_index(drop=True)).reset_index(drop=True)
    pd.testing.assert_frame_equal(turned, measured(frame).reset_index(drop=True))


@pytest.mark.parametrize(
    ("shift", "off_grid_minutes"), [("0min", 0.0), ("7min", 7.0), ("15min", 0.0), ("1us", 1 / 60e6)]
)
def test_off_grid_is_the_distance_from_the_last_interval_start(shift: str, off_grid_minutes: float) -> None:
    frame = window([500.0]).assign(valid_from=lambda f: f["valid_from"] + pd.Timedelta(shift))
    assert measured(frame)["off_grid_minutes"].tolist() == pytest.approx([off_grid_minutes])


@pytest.mark.parametrize(
    ("feed", "known", "new", "ratio"),
    [
        pytest.param(LOAD, [500.0] * 4, [0.5] * 4, 0.001, id="load in MW"),
        pytest.param(LOAD, [500.0] * 4, [500_000.0] * 4, 1000.0, id="load in W"),
        pytest.param(LOAD, [500.0] * 4, [0.5] * 3, 1.0, id="too few to tell"),
        pytest.param(LOAD, [], [0.5] * 4, 0.001, id="first load, against half the rating"),
        pytest.param(LOAD, [500.0] * 4, [0.0] * 8 + [500.0] * 4, 1.0, id="zeros tell nothing"),
        pytest.param(PRICE, [25.0] * 20, [0.025] * 20, 0.001, id="price per kWh"),
        pytest.param(PRICE, [25.0] * 20, [-25.0] * 20, 1.0, id="negative prices"),
        pytest.param(PRICE, [], [0.025] * 20, 1.0, id="first prices: nothing to compare with"),
    ],
)
def test_unit_ratio_compares_new_with_known(feed: Feed, known: list[float], new: list[float], ratio: float) -> None:
    result = measured(window(known + new, feed, n_known=len(known)), feed)
    assert result["unit_ratio"].unique() == pytest.approx([ratio])


def test_series_are_compared_each_with_its_own() -> None:
    small = window([5.0] * 8, n_known=4)
    large = window([500.0] * 8, n_known=4).assign(series="B")
    assert measured(pd.concat([small, large]))["unit_ratio"].unique().tolist() == [1.0]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/Chicago", "2024-03-10", 23),
        ("America/Chicago", "2024-03-11", 24),
        ("America/Chicago", "2024-11-03", 25),
        ("Europe/Berlin", "2024-03-31", 23),
        pytest.param("America/Santiago", "2024-09-08", 23, id="a day that begins at 01:00"),
    ],
)
def test_a_day_is_complete_with_the_hours_that_it_has(zone: str, day: str, hours: int) -> None:
    start = pd.Timestamp(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)).isoformat()
    whole = window([30.0] * hours, PRICE, start=start)
    assert measured(whole, PRICE, ZoneInfo(zone))["missing_in_day"].tolist() == [0.0] * hours
    lacking = measured(whole.drop(index=[5, 6]), PRICE, ZoneInfo(zone))
    assert lacking["missing_in_day"].tolist() == [2.0] * (hours - 2)


def test_prices_are_held_against_the_offer_cap() -> None:
    frame = window([8999.0, 9000.01], PRICE, start="2021-02-15T12:00Z")
    assert measured(frame, PRICE)["above_offer_cap"].tolist() == pytest.approx([-1.0, 0.01])


@pytest.mark.parametrize("feed", [LOAD, WEATHER], ids=lambda feed: feed.name)
def test_nothing_to_measure_gives_nothing(feed: Feed) -> None:
    assert len(measured(window([], feed)[:0], feed)) == 0
