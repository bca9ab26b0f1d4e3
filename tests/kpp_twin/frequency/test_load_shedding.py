"""Load is shed by the plan of the day, by latched load and timers, and comes back only on purpose."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.errors import ConfigError, TwinError
from kpp_twin.frequency.load_shedding import (
    TABLE,
    SheddingPlan,
    SheddingState,
    load_shedding_plans,
    shed_load,
    shedding_plan,
)

ERCOT = shedding_plan("ERCOT", date(2026, 10, 1))
PLANS = load_shedding_plans()
START = SheddingState.initial(ERCOT)

frequencies = st.one_of(st.floats(58.0, 60.2), st.sampled_from([59.5, 59.3, 59.1, 58.5, np.nan]))
steps = st.lists(st.tuples(frequencies, st.floats(0, 2000)), max_size=100)
states = st.builds(
    lambda timers, shed, base_kw: SheddingState(
        below_s=tuple(timers), shed=tuple(shed), base_kw=base_kw if base_kw or not any(shed) else 1.0
    ),
    st.lists(st.floats(0, 200), min_size=8, max_size=8),
    st.lists(st.booleans(), min_size=8, max_size=8),
    st.one_of(st.none(), st.floats(0, 2000)),
)


def run(
    frequency_hz: Any, load_kw: Any = 1000.0, step_s: float = 0.1, state: SheddingState = START
) -> tuple[np.ndarray, SheddingState]:
    frequency_hz = np.array(frequency_hz, dtype=float)
    return shed_load(ERCOT, frequency_hz, np.full(len(frequency_hz), load_kw, dtype=float), step_s, state)


def test_co_05_five_stages_shed_five_percent_each_of_the_latched_load() -> None:
    load_kw = np.array([1000.0, 1200.0, 1300.0, 900.0])
    shed_kw, state = shed_load(ERCOT, np.array([59.5, 59.1, 58.95, 58.95]), load_kw, 0.1, START)
    assert shed_kw == pytest.approx([0.0, 100.0, 100.0, 100.0])
    assert state.base_kw == 1000.0
    assert run([58.90001], state=state)[0] == pytest.approx([100.0])
    assert run([58.9], state=state)[0] == pytest.approx([150.0])


def test_anti_stall_stages_act_on_a_frequency_that_stays_low() -> None:
    shed_kw, _ = run(np.full(151, 59.45), step_s=1.0)
    assert [int(np.argmax(shed_kw >= kw - 1e-9)) for kw in (15.0, 30.0, 45.0)] == [89, 119, 149]
    assert shed_kw[-1] == pytest.approx(45.0)
    assert not run([59.45] * 89 + [59.51] + [59.45] * 89, step_s=1.0)[0].any()


def test_a_stage_waits_for_its_delay() -> None:
    assert run([59.3] * 6, step_s=0.02)[0] == pytest.approx([0.0, 0.0, 0.0, 0.0, 50.0, 50.0])
    assert not run([59.3, 59.3, 59.3, 59.3, 59.31] * 3, step_s=0.02)[0].any()


def test_shed_load_comes_back_only_on_purpose() -> None:
    shed_kw, state = run([58.95, *[60.0] * 50])
    assert shed_kw == pytest.approx(100.0)
    state = state.restored([0])
    assert run([60.0], state=state)[0] == pytest.approx([50.0])
    assert run([60.0], state=state)[1].base_kw == 1000.0
    shed_kw, state = run([60.0], state=state.restored([1]))
    assert (shed_kw.tolist(), state) == ([0.0], START)


def test_a_restored_stage_acts_again_after_its_delay() -> None:
    _, state = run([59.2])
    assert run([59.2, 59.2], step_s=0.05, state=state.restored([0]))[0] == pytest.approx([0.0, 50.0])


def test_what_is_not_shed_cannot_be_restored() -> None:
    with pytest.raises(TwinError, match=r"stages \[1, 8\] are not shed"):
        run([59.2])[1].restored([0, 1, 8])


def test_the_load_is_latched_anew_in_the_next_event() -> None:
    load_kw = np.array([1000.0, 1100.0, 2000.0, 2100.0, 2100.0])
    shed_kw, _ = shed_load(ERCOT, np.array([59.4, 60.0, 59.5, 59.4, 59.3]), load_kw, 0.1, START)
    assert shed_kw == pytest.approx([0.0, 0.0, 0.0, 0.0, 100.0])


def test_a_frequency_that_is_not_a_number_is_never_acted_upon() -> None:
    assert not run([np.nan] * 10)[0].any()
    shed_kw, state = run([59.2, np.nan, np.nan], step_s=0.05)
    assert (shed_kw.any(), state.below_s[0]) == (False, 0.05)
    assert run([np.nan, 59.2, np.nan], step_s=0.05, state=state)[0] == pytest.approx([0.0, 50.0, 50.0])


@given(steps, states, st.sampled_from([0.02, 0.1, 1.0, 7.0]))
def test_no_more_is_shed_than_there_is(some: list[tuple[float, float]], state: SheddingState, step_s: float) -> None:
    frequency_hz, load_kw = np.array(some).reshape(-1, 2).T.copy()
    shed_kw, after = shed_load(ERCOT, frequency_hz, load_kw, step_s, state)
    assert ((shed_kw >= 0) & (shed_kw <= load_kw)).all()
    assert all(late >= early for early, late in zip(state.shed, after.shed, strict=True))
    assert list(after.faults(ERCOT)) == []


@given(steps, states)
def test_shed_load_never_falls_by_itself(some: list[tuple[float, float]], state: SheddingState) -> None:
    """Whether frequency falls or not; only a load that falls takes what is shed of it along."""
    frequency_hz, load_kw = np.array(some).reshape(-1, 2).T.copy()
    shed_kw, _ = shed_load(ERCOT, frequency_hz, np.sort(load_kw), 1.0, state)
    assert (np.diff(shed_kw) >= 0).all()


@given(steps, st.lists(st.integers(0, 100), max_size=6), states)
def test_parts_give_the_same_bytes_as_the_whole(
    some: list[tuple[float, float]], cuts: list[int], state: SheddingState
) -> None:
    frequency_hz, load_kw = np.array(some).reshape(-1, 2).T.copy()
    whole, after = shed_load(ERCOT, frequency_hz, load_kw, 0.02, state)
    parts = []
    for part_hz, part_kw in zip(np.split(frequency_hz, sorted(cuts)), np.split(load_kw, sorted(cuts)), strict=True):
        shed_kw, state = shed_load(ERCOT, part_hz, part_kw, 0.02, state)
        state = SheddingState.of_json(json.loads(json.dumps(state.as_json(), allow_nan=False)))
        parts.append(shed_kw)
    assert np.concatenate(parts).tobytes() == whole.tobytes()
    assert state == after


def test_all_faults_of_an_input_come_in_one_message() -> None:
    wrong = SheddingState(below_s=(np.nan,), shed=(True,))
    with pytest.raises(TwinError) as raised:
        shed_load(ERCOT, np.array([np.inf, 60.0]), np.array([np.nan]), np.nan, wrong)
    for fault in ("1 timers", "below_s", "base_kw is not known", "one shape", "infinite", "load_kw must", "step_s"):
        assert fault in str(raised.value)
    with pytest.raises(TwinError, match="base_kw must be at least 0"):
        run([60.0], state=SheddingState(below_s=START.below_s, shed=START.shed, base_kw=np.nan))
    with pytest.raises(TwinError, match="load_kw must"):
        run([60.0], -1.0)


@pytest.mark.parametrize("content", [{}, {"below_s": [], "shed": [], "base": 1.0}, {"below_s": 1.0, "shed": []}])
def test_a_state_of_other_names_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(TwinError, match="the state needs below_s, shed, base_kw"):
        SheddingState.of_json(content)


@pytest.mark.parametrize(
    ("system", "on", "cumulative"),
    [
        ("ERCOT", date(2026, 9, 30), {59.3: 0.05, 59.1: 0.05, 58.9: 0.15, 58.7: 0.15, 58.5: 0.25}),
        ("ERCOT", date(2026, 10, 1), {59.3: 0.05, 59.1: 0.10, 58.9: 0.15, 58.7: 0.20, 58.5: 0.25}),
        ("CE", date(2024, 1, 1), {49.0: 0.05, 48.0: 0.45}),
        ("GB", date(2024, 1, 1), {48.8: 0.05, 48.0: 0.55}),
    ],
)
def test_the_plan_of_the_day_holds(system: str, on: date, cumulative: dict[float, float]) -> None:
    stages = [stage for stage in shedding_plan(system, on).stages if stage.delay_s < 1.0]
    for frequency_hz, share in cumulative.items():
        assert sum(stage.share for stage in stages if stage.frequency_hz >= frequency_hz) == pytest.approx(share)
    assert all(stage.share <= 0.1 for stage in stages)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: f"{plan.system} {plan.valid_from}")
def test_every_plan_sheds_all_its_stages_at_its_lowest_frequency(plan: SheddingPlan) -> None:
    lowest_hz = np.full(200, min(stage.frequency_hz for stage in plan.stages))
    shed_kw, _ = shed_load(plan, lowest_hz, np.full(200, 1000.0), 1.0, SheddingState.initial(plan))
    assert shed_kw[-1] == pytest.approx(1000.0 * sum(stage.share for stage in plan.stages))


def test_unknown_systems_and_days_are_refused_with_what_there_is() -> None:
    with pytest.raises(ConfigError, match=r"no load shedding of 'PJM'.*choose among ERCOT, CE, GB"):
        shedding_plan("PJM", date(2026, 1, 1))
    with pytest.raises(ConfigError, match=r"2009-01-01.*2010-12-01 until 2026-10-01; 2026-10-01 until further notice"):
        shedding_plan("ERCOT", date(2009, 1, 1))


def changed(folder: Path, *changes: tuple[str, str]) -> Path:
    text = TABLE.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "plans.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ([("share = 0.05 }, # no", "share = 1.5 }, # no"), ('"GB"', '""')], ["stages.0.share", "plan.3.system"]),
        (
            [("base_hz = 59.5", "base_hz = 59.2"), ("0.015", "0.7")],
            ["base_hz must be below", "up to 1 at most", "plan.1"],
        ),
        ([("base_hz = 59.5", "base_hz = 60.0")], ["base_hz must be below nominal_hz"]),
        ([("valid_until = 2026-10-01", "valid_until = 2010-12-01")], ["valid_until must be after"]),
        ([("valid_until = 2026-10-01", "")], ["ERCOT has two rows on 2026-10-01"]),
        ([('"GB"', '"CE"')], ["CE has two rows on 2017-12-18"]),
        ([("delay_s = 90.0", "delay_s = nan"), ("delay_s = 120.0", "delay = 120.0")], ["stages.5", "stages.6"]),
        ([("stages = [", "stages = ")], ["1 fault(s)"]),
    ],
)
def test_all_faults_of_a_table_come_in_one_message(
    tmp_path: Path, changes: list[tuple[str, str]], faults: list[str]
) -> None:
    with pytest.raises(ConfigError) as raised:
        load_shedding_plans(changed(tmp_path, *changes))
    assert [fault for fault in faults if fault not in str(raised.value)] == []


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        shedding_plan("CE", date(2024, 1, 1), tmp_path / "none.toml")
