"""Curtailments are accepted within the rules, run as said, and shed the right blocks."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.demand.curtailment import (
    DemandResponseSystem,
    LoadCurtailmentController,
    event_reduction_kw,
    shed_by_block,
    sheddable_share,
)
from kpp_twin.errors import ConfigError
from kpp_twin.operation import DemandEvent
from kpp_twin.site import load_site

SITE = load_site()
SYSTEM = DemandResponseSystem.of_site(SITE)
MINUTE = timedelta(minutes=1)


def request(target: float = 100.0, minutes: float = 120, ramp_minutes: float = 15) -> dict[str, Any]:
    """Written as in the design document."""
    return {
        "target_reduction": target,
        "duration": timedelta(minutes=minutes),
        "ramp_time": timedelta(minutes=ramp_minutes),
    }


@pytest.mark.parametrize(("target", "minutes"), [(100, 10), (150, 15), (200, 20)])
def test_dr_01_the_ramp_takes_its_time(target: float, minutes: float) -> None:
    accepted = SYSTEM.curtail(**request(target, ramp_minutes=minutes))
    assert accepted.ramp_time == minutes * MINUTE
    assert accepted.reduction_kw(np.array([minutes - 1, minutes, 60])) == pytest.approx([target - 10, target, target])


def test_dr_01_200_kw_within_15_minutes_are_refused() -> None:
    with pytest.raises(ConfigError, match="200 kW needs a ramp_time of 0:20:00, not 0:15:00"):
        SYSTEM.curtail(**request(200.0, ramp_minutes=15))


def test_dr_02_the_ramp_within_the_window_costs_energy() -> None:
    accepted = SYSTEM.curtail(**request())
    assert accepted.energy_kwh() == pytest.approx(191.667, abs=5e-4)
    assert accepted.energy_kwh() / 200.0 == pytest.approx(0.9583, abs=5e-5)
    minutes = (np.arange(120 * 60) + 0.5) / 60
    assert accepted.reduction_kw(minutes).sum() / 3600 == pytest.approx(accepted.energy_kwh(), rel=1e-6)


def test_too_large_requests_are_cut_and_say_so() -> None:
    accepted = SYSTEM.curtail(**request(350.0, ramp_minutes=20))
    assert (accepted.requested_kw, accepted.target_reduction_kw) == (350.0, 200.0)
    controller = LoadCurtailmentController(SITE.demand_response, SITE.load_blocks)
    assert controller.curtail(**request(), load_kw=200.0).target_reduction_kw == pytest.approx(90.0)


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (request(49.0), "below 50 kW"),
        (request(float("nan")), "below 50 kW"),
        (request(minutes=0), "duration"),
        (request(minutes=241), "at most 4 h"),
        (request(minutes=10, ramp_minutes=15), "longer than duration"),
    ],
    ids=["small", "nan", "no duration", "long", "ramp"],
)
def test_bad_requests_are_refused(bad: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        SYSTEM.curtail(**bad)


def test_all_faults_come_in_one_message() -> None:
    with pytest.raises(ConfigError, match="2 fault"):
        SYSTEM.curtail(**request(49.0, minutes=600))


def test_as_an_event_it_runs_the_same_course() -> None:
    start = datetime(2021, 10, 14, 18, tzinfo=UTC)
    accepted = SYSTEM.curtail(**request())
    event = accepted.event(start, 1000.0)
    assert event.stop - start == accepted.duration + accepted.ramp_time
    minutes = np.arange(-5, 140, 0.5)
    assert event_reduction_kw(event, minutes) == pytest.approx(accepted.reduction_kw(minutes))


@given(st.floats(0, 500), st.floats(1, 100), st.integers(1, 300))
def test_an_event_never_leaves_its_ramp_its_target_or_its_window(target: float, ramp: float, minutes: int) -> None:
    event = DemandEvent(
        event_id="e",
        start=datetime(2021, 10, 14, tzinfo=UTC),
        duration_minutes=minutes,
        target_reduction_kw=target,
        ramp_kw_per_minute=ramp,
        forecast_peak_kw=0.0,
    )
    at = np.linspace(-10, minutes + 10, 500)
    reduction = event_reduction_kw(event, at)
    assert (reduction[(at <= 0) | (at >= minutes)] == 0).all()
    assert 0 <= reduction.min() <= reduction.max() <= target
    assert np.abs(np.diff(reduction)).max() <= ramp * (at[1] - at[0]) * (1 + 1e-9) + 1e-9


@given(st.floats(0, 1000), st.floats(0, 1000))
def test_tier_1_is_never_shed_and_the_highest_goes_first(reduction_kw: float, load_kw: float) -> None:
    shed = shed_by_block(reduction_kw, load_kw, SITE.load_blocks)
    assert shed["process"] == 0.0
    assert sum(shed.values()) == pytest.approx(min(reduction_kw, sheddable_share(SITE.load_blocks) * load_kw))
    in_order = [shed["charging"] / 0.08, shed["ventilation"] / 0.12, shed["cooling"] / 0.25]
    for higher, lower in pairwise(in_order):
        assert lower == 0 or higher == pytest.approx(load_kw)


def test_the_controller_sheds() -> None:
    assert SYSTEM.controller.shed(100.0, 1000.0) == pytest.approx(
        {"process": 0.0, "cooling": 0.0, "ventilation": 20.0, "charging": 80.0}
    )


def test_a_plain_dict_is_read() -> None:
    config = {"forecast_horizon": 24, "min_reduction": 50.0, "max_reduction": 200.0, "ramp_rate": 10.0}
    assert DemandResponseSystem.from_config(config).settings == SITE.demand_response
    halved = DemandResponseSystem.from_config(config | {"max_reduction": 100.0}, SITE)
    assert halved.curtail(**request(300.0)).target_reduction_kw == 100.0


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ({"ramp": 10.0}, "ramp is not known"),
        ({"ramp_rate": -1.0}, "ramp_kw_per_minute"),
        ({"min_reduction": 900.0}, "exceed"),
    ],
    ids=["unknown", "negative", "contradiction"],
)
def test_a_bad_dict_is_refused(config: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault) as told:
        DemandResponseSystem.from_config(config, SITE)
    assert told.value.place == "DEMAND_RESPONSE_CONFIG"
    assert told.value.next_step == "use the keys forecast_horizon, min_reduction, max_reduction, ramp_rate"
