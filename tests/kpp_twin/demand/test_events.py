"""Events are called where the forecast passes the peak that is aimed at, and nowhere else."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kpp_twin.demand.curtailment import event_reduction_kw
from kpp_twin.demand.events import hourly_reduction_kw, plan_events
from kpp_twin.errors import TwinError
from kpp_twin.operation import DemandEvent
from kpp_twin.site import load_site
from kpp_twin.timegrid import TimeGrid

RULES = load_site().demand_response
ZONE = ZoneInfo("America/Chicago")
START = datetime(2021, 10, 14, 5, tzinfo=UTC)  # local midnight
HOURS = TimeGrid(start=START, step_minutes=60, n_steps=24)


def plan(load_kw: Any, grid: TimeGrid = HOURS, rules: Any = RULES, **options: Any) -> tuple[DemandEvent, ...]:
    given_: dict[str, Any] = {"known": (), "zone": ZONE, "issued_at": grid.start}
    return plan_events(np.asarray(load_kw, dtype=float), grid, rules, **(given_ | options))


def day(**peaks: float) -> list[float]:
    load = [700.0] * 24
    for hour, kw in peaks.items():
        load[int(hour[1:])] = kw
    return load


def test_an_event_covers_the_peak() -> None:
    (event,) = plan(day(h14=950.0, h15=1000.0, h16=980.0))
    assert event.start == START + timedelta(hours=14)
    assert event.duration_minutes == 180
    assert event.target_reduction_kw == pytest.approx(100.0)
    assert event.forecast_peak_kw == 1000.0
    assert event.event_id == "DR-2021-10-14T19:00Z"


def test_the_window_with_the_largest_exceedance_wins() -> None:
    (event,) = plan(day(h2=1000.0, **{f"h{h}": 960.0 + h for h in range(12, 18)}))
    assert event.start == START + timedelta(hours=14)
    assert event.duration_minutes == 4 * 60


@pytest.mark.parametrize("load_kw", [day(), day(h5=949.0), [np.nan] * 24], ids=["low", "small", "unknown"])
def test_no_event_without_reason(load_kw: list[float]) -> None:
    assert plan(load_kw) == ()


def test_the_target_is_cut_to_what_is_allowed_and_reached() -> None:
    assert plan(day(h5=1400.0))[0].target_reduction_kw == 200.0
    assert plan(day(h5=1400.0), sheddable_share=0.1)[0].target_reduction_kw == pytest.approx(140.0)
    slow = RULES.model_copy(update={"ramp_kw_per_minute": 2.0})
    assert plan(day(h5=1400.0), rules=slow)[0].target_reduction_kw == pytest.approx(60.0)
    assert plan(day(h5=1400.0), rules=RULES.model_copy(update={"ramp_kw_per_minute": 1.0})) == ()


def test_a_day_has_its_events_once() -> None:
    load = day(h10=1000.0, h20=1100.0)
    (event,) = plan(load)
    assert event.start == START + timedelta(hours=20)
    assert plan(load, known=(event,)) == ()
    twice = RULES.model_copy(update={"max_events_per_day": 2})
    assert [e.start.hour for e in plan(load, rules=twice)] == [1, 15]
    (other,) = plan(load, rules=twice, known=(event,))
    assert other.start == START + timedelta(hours=10)
    assert plan(load, rules=RULES.model_copy(update={"max_events_per_day": 0})) == ()


def test_days_are_local_even_when_clocks_change() -> None:
    grid = TimeGrid(start=datetime(2021, 11, 7, 0, tzinfo=UTC), step_minutes=60, n_steps=36)
    load = [700.0] * 36
    load[4], load[5], load[29] = 1000.0, 1100.0, 1050.0  # 23:00, 00:00 and 23:00 of a day of 25 hours
    rules = RULES.model_copy(update={"max_event_hours": 1, "forecast_horizon_hours": 24})
    events = plan(load, grid, rules, issued_at=grid.start + timedelta(minutes=1) * 0)
    assert [e.start.astimezone(ZONE).day for e in events] == [6, 7]
    later = plan(load, grid, rules, issued_at=grid.start + timedelta(hours=6))
    assert [e.start for e in later] == [grid.start + timedelta(hours=29)]


def test_nothing_starts_before_it_can_or_beyond_the_horizon() -> None:
    load = day(h3=1200.0, h8=1000.0)
    (event,) = plan(load, issued_at=START + timedelta(hours=2, minutes=15), not_before=START + timedelta(hours=4))
    assert event.start == START + timedelta(hours=8)
    assert plan(load, rules=RULES.model_copy(update={"forecast_horizon_hours": 3})) == ()


def test_quarter_hours_work_too() -> None:
    grid = TimeGrid(start=START, step_minutes=15, n_steps=96)
    load = np.full(96, 700.0)
    load[40:47] = 1000.0
    (event,) = plan(load, grid)
    assert (event.start, event.duration_minutes) == (START + timedelta(hours=10), 105)


def test_a_forecast_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(TwinError, match="24 steps"):
        plan([700.0] * 23)


@given(arrays(np.float64, 24, elements=st.floats(0, 3000)))
def test_events_are_feasible(load_kw: np.ndarray) -> None:
    for event in plan(load_kw):
        assert RULES.min_reduction_kw <= event.target_reduction_kw <= RULES.max_reduction_kw
        assert 0 < event.duration_minutes <= RULES.max_event_hours * 60
        reduction = event_reduction_kw(event, np.linspace(0, event.duration_minutes, 2001))
        assert reduction.max() == pytest.approx(event.target_reduction_kw, rel=0.05)
        assert event.forecast_peak_kw > RULES.peak_target_kw


def test_the_hourly_mean_is_that_of_the_course() -> None:
    (event,) = plan(day(h14=1000.0, h15=1000.0))
    hourly = hourly_reduction_kw(event, HOURS)
    assert hourly.sum() == pytest.approx(hourly[14:16].sum())
    assert hourly[14] == pytest.approx(100 - 0.5 * 10 * 10 * 10 / 60)
