"""Health only falls, is the same however time is cut, and comes to what the models that it follows come to."""

import json
from dataclasses import astuple, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.ageing import Health, aged
from kpp_twin.battery.chemistry import CHEMISTRIES, ChemistryName, Swings
from kpp_twin.battery.cycles import rainflow_cycles
from kpp_twin.errors import TwinError

YEAR_HOURS = 8760
DAILY = np.interp(np.arange(YEAR_HOURS + 1) % 24, [0, 4, 16, 20, 24], [0.1, 0.9, 0.9, 0.1, 0.1])
NAMES = st.sampled_from(list(CHEMISTRIES))
HOURLY = st.lists(st.tuples(st.floats(0, 1), st.floats(-10, 50)), min_size=3, max_size=80)


def of(health: Health, states: np.ndarray, temperature_c: np.ndarray | float = 25.0, step_hours: float = 1.0) -> Health:
    return aged(health, states, temperature_c, (len(states) - 1) * step_hours, health.chemistry)


def damage(health: Health) -> tuple[float, ...]:
    return (
        health.total_calendar_damage,
        health.total_cycle_damage,
        health.cycle_damage,
        health.equivalent_full_cycles,
        health.elapsed_hours,
        *np.ravel(health.residue),
    )


@pytest.mark.parametrize(
    ("states", "temperature_c", "expected"),
    [
        (DAILY, 25.0, 0.97619),
        (np.full(YEAR_HOURS + 1, 0.5), 25.0, 0.98895),
        (np.full(YEAR_HOURS + 1, 0.5), 45.0, 0.96365),
    ],
    ids=["daily cycles", "rest", "warm rest"],
)
def test_ba_12_a_year_of_lfp_cells(states: np.ndarray, temperature_c: float, expected: float) -> None:
    health = of(Health.initial(states[0], "lfp"), states, temperature_c)
    assert health.state_of_health == pytest.approx(expected, abs=1e-3)
    assert health.equivalent_full_cycles == pytest.approx(np.abs(np.diff(states)).sum() / 2)
    assert health.elapsed_hours == YEAR_HOURS


def test_a_cycle_that_has_closed_counts_with_its_own_stress() -> None:
    # Down and up by 0.2 within a fall of 0.6: three hours at 35 °C, an hour of it on the way down.
    states = np.array([0.8, 0.5, 0.7, 0.2])
    health = of(Health.initial(0.8, "lmo_xu"), states, np.array([25.0, 35.0, 35.0]))
    law = CHEMISTRIES["lmo_xu"]
    closed = Swings(
        depth=np.array(0.2), mean_state_of_charge=np.array(0.6), temperature_c=np.array(35.0), c_rate=np.array(0.2)
    )
    assert health.cycle_damage == pytest.approx(float(law.cycle_damage(closed)))
    still_open = Swings(
        depth=np.array(0.6), mean_state_of_charge=np.array(0.5), temperature_c=np.array(95 / 3), c_rate=np.array(0.2)
    )
    half = 0.5 * float(law.cycle_damage(still_open))
    assert health.total_cycle_damage == pytest.approx(health.cycle_damage + half)
    assert health.residue == ((0.8, 0.0, 0.0), (0.2, 3.0, pytest.approx(95.0)))


@given(HOURLY, st.lists(st.integers(1, 78), max_size=6), NAMES)
def test_parts_do_the_damage_of_the_whole(
    hourly: list[tuple[float, float]], cuts: list[int], name: ChemistryName
) -> None:
    states, (temperature_c, n_steps) = np.array(hourly)[:, 0], (np.array(hourly)[1:, 1], len(hourly) - 1)
    new = Health.initial(states[0], name)
    in_parts = new
    for start, stop in pairwise(sorted({0, n_steps, *(cut for cut in cuts if cut < n_steps)})):
        in_parts = of(in_parts, states[start : stop + 1], temperature_c[start:stop])
    at_once = of(new, states, temperature_c)
    assert damage(in_parts) == pytest.approx(damage(at_once), rel=1e-9, abs=1e-12)
    assert in_parts.state_of_health <= at_once.state_of_health + 1e-12


@given(HOURLY, NAMES)
def test_health_only_falls_and_survives_json(hourly: list[tuple[float, float]], name: ChemistryName) -> None:
    health = Health.initial(hourly[0][0], name)
    for (before, _), (after, temperature_c) in pairwise(hourly):
        later = of(health, np.array([before, after]), temperature_c)
        assert 0 <= later.state_of_health <= health.state_of_health
        assert Health.of_json(json.loads(json.dumps(later.as_json()))) == later
        health = later


@given(HOURLY, NAMES)
def test_equivalent_full_cycles_are_those_of_the_cycles(hourly: list[tuple[float, float]], name: ChemistryName) -> None:
    states = np.array(hourly)[:, 0]
    health = of(Health.initial(states[0], name), states)
    assert health.equivalent_full_cycles == pytest.approx(rainflow_cycles(states).equivalent_full_cycles)


def test_the_seconds_of_a_day_end_it_as_its_hours_do() -> None:
    hours = np.concatenate([DAILY[:25], DAILY[1:25]])
    seconds = np.interp(np.arange(48 * 3600 + 1) / 3600, np.arange(49), hours)
    by_hour, by_second = Health.initial(0.1, "lfp"), Health.initial(0.1, "lfp")
    for start in range(48):
        by_hour = of(by_hour, hours[start : start + 2])
        by_second = of(by_second, seconds[start * 3600 : start * 3600 + 3601], step_hours=1 / 3600)
    assert by_hour.day_hours == by_second.day_hours == 0
    assert by_second.total_cycle_damage == pytest.approx(by_hour.total_cycle_damage)
    assert by_second.total_calendar_damage == pytest.approx(by_hour.total_calendar_damage, rel=0.01)


def test_the_residue_of_a_year_stays_short() -> None:
    assert len(of(Health.initial(0.1, "lmo_xu"), DAILY).residue) < 10


def test_an_open_half_cycle_that_turns_out_slower_does_not_heal() -> None:
    charged = of(Health.initial(0.1, "lfp"), np.array([0.1, 0.9]))
    rested = of(charged, np.full(11, 0.9))
    assert rested.total_cycle_damage < charged.total_cycle_damage
    assert rested.state_of_health <= charged.state_of_health


def test_a_battery_has_no_less_than_nothing() -> None:
    worn = replace(Health.initial(0.5, "lfp"), calendar_damage=4.0, cycle_damage=4.0)
    assert of(worn, np.array([0.5, 0.6])).state_of_health == 0


@pytest.mark.parametrize(
    ("argument", "value", "fault"),
    [
        ("state_of_charge", np.array([0.5]), "with a step at least"),
        ("state_of_charge", np.array([0.5, np.nan, 0.5]), "1 of state_of_charge"),
        ("state_of_charge", np.array([50.0, 60.0, 0.5]), "2 of state_of_charge"),
        ("temperature_c", np.array([25.0]), r"must be a number or \(2,\)"),
        ("temperature_c", np.nan, "1 of temperature_c"),
        ("temperature_c", -300.0, "no temperatures"),
        ("hours", 0.0, "hours must be positive"),
        ("hours", np.nan, "hours must be positive"),
        ("chemistry", "lmo_xu", "of 'lfp' cells, not of 'lmo_xu'"),
    ],
)
def test_refuses_what_cannot_be(argument: str, value: object, fault: str) -> None:
    use = {"state_of_charge": np.array([0.5, 0.6, 0.5]), "temperature_c": 25.0, "hours": 2.0, "chemistry": "lfp"}
    with pytest.raises(TwinError, match=fault):
        aged(Health.initial(0.5, "lfp"), **{**use, argument: value})


def test_names_all_faults_at_once() -> None:
    with pytest.raises(TwinError, match=r"of 'lfp' cells.*hours must be.*3 of state_of_charge"):
        aged(Health.initial(0.5, "lfp"), np.full(3, 7.0), 25.0, -1.0, "lmo_xu")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"chemistry": "nmc"}, "chemistry 'nmc'"),
        ({"cycle_damage": -1.0}, "cycle_damage must be at least 0"),
        ({"calendar_damage": float("nan")}, "calendar_damage must be at least 0"),
        ({"state_of_health": 1.1}, "state_of_health must be from 0 to 1"),
        ({"residue": []}, "three numbers each"),
        ({"residue": [[0.5, 0.0]]}, "three numbers each"),
        ({"residue": [[0.5, 0.0, None]]}, "three numbers each"),
        ({"residue": [[50.0, 0.0, 0.0]]}, "from 0 to 1 and rising hours"),
        ({"residue": [[0.5, 1.0, 0.0], [0.6, 1.0, 0.0]]}, "rising hours"),
        ({"residue": 5}, "it needs chemistry"),
        ({"day_hours": "1"}, "it needs chemistry"),
        ({"colour": "blue"}, "it needs chemistry"),
    ],
)
def test_refuses_health_of_wrong_content(change: dict[str, object], fault: str) -> None:
    with pytest.raises(TwinError, match=fault):
        Health.of_json({**Health.initial(0.5, "lfp").as_json(), **change})


def test_refuses_health_that_lacks_a_name() -> None:
    with pytest.raises(TwinError, match="it needs chemistry"):
        Health.of_json({"chemistry": "lfp"})


def test_a_new_battery_has_its_health() -> None:
    assert astuple(Health.initial(0.3, "lfp")) == ("lfp", ((0.3, 0.0, 0.0),), 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    with pytest.raises(TwinError, match="from 0 to 1"):
        Health.initial(30.0, "lfp")
    with pytest.raises(TwinError, match="three numbers"):
        Health.initial(float("nan"), "lfp")
