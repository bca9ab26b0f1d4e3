"""No sample that cannot be true is trusted, and a true one is, as soon as that is known."""

import math

import numpy as np
import pytest
from battery_twin import meter, model_of, spoiled, steady
from hypothesis import given
from hypothesis import strategies as st

from kpp_twin.battery.kernel_constants import N_VARIABLES, Flag, Variable
from kpp_twin.battery.model import BatteryModel

FCR = model_of("FCR")
DC_FINE = model_of("DC", 100.0, step_s=0.5)


def judged(samples: list[float], model: BatteryModel = FCR) -> tuple[list[set[str]], list[float]]:
    """Flags and the trusted frequency after each sample, from a meter that has seen nothing."""
    v = np.zeros(N_VARIABLES)
    v[[Variable.TRUSTED_HZ, Variable.SEEN_HZ]] = math.nan
    flags, trusted = [], []
    for sample in samples:
        bits = meter.metered(model.constants, sample, v)
        flags.append({flag.name.lower() for flag in Flag if bits >> flag & 1})
        trusted.append(float(v[Variable.TRUSTED_HZ]))
    return flags, trusted


def alive(steps: int, frequency_hz: float = 50.0) -> list[float]:
    return steady(frequency_hz, steps).tolist()


IMPOSSIBLE = {
    math.nan: "missing",
    0.0: "out_of_range",
    -50.0: "out_of_range",
    500.0: "out_of_range",
    math.inf: "out_of_range",
    -math.inf: "out_of_range",
    44.9: "out_of_range",
    55.1: "out_of_range",
    60.02: "other_nominal",
    59.1: "other_nominal",
    52.0: "jump",
    48.0: "jump",
}


@pytest.mark.parametrize(("sample", "fault"), IMPOSSIBLE.items())
def test_what_cannot_be_true_is_held_then_not_answered_and_named(sample: float, fault: str) -> None:
    flags, trusted = judged([50.01, *[sample + 1e-6 * k for k in range(30)]])
    assert flags[0] == set()
    assert flags[1:11] == [{fault, "held"}] * 10
    assert flags[11:] == [{fault, "degraded"}] * 20
    assert set(trusted) == {50.01}


@pytest.mark.parametrize(("sample", "fault"), IMPOSSIBLE.items())
def test_a_bad_first_sample_is_never_trusted_and_the_first_good_one_is(sample: float, fault: str) -> None:
    flags, trusted = judged([sample, 50.02])
    assert flags == [{fault, "degraded"}, set()]
    assert math.isnan(trusted[0])
    assert trusted[1] == 50.02


def test_a_spike_is_held_for_its_one_sample() -> None:
    flags, trusted = judged([50.0, 52.0, 50.001, 48.0, 50.002])
    assert flags == [set(), {"jump", "held"}, set(), {"jump", "held"}, set()]
    assert trusted == [50.0, 50.0, 50.001, 50.001, 50.002]


@pytest.mark.parametrize(("step_s", "hz_per_s"), [(1.0, 1.0), (0.2, 2.5)])
def test_a_grid_that_really_falls_is_trusted_all_the_way(step_s: float, hz_per_s: float) -> None:
    falling = np.arange(50.0, 46.9, -hz_per_s * step_s).tolist()
    flags, trusted = judged(falling, model_of("DC", 100.0, step_s=step_s))
    assert not any(flags)
    assert trusted == falling


def test_a_jump_that_stays_is_trusted_only_after_it_has_come_back_to_nominal() -> None:
    flags, trusted = judged([*alive(5), *alive(40, 52.0), *alive(5, 50.5), *alive(15, 50.2)])
    assert all("jump" in seen for seen in flags[5:45])
    assert set(trusted[:45]) <= {50.0, 50.0 + 1e-6}
    assert flags[45] == {"returning", "degraded"}, "it fell by 1.5 Hz at once: steadiness begins anew"
    assert flags[55:] == [set()] * 10


@pytest.mark.parametrize(("missing", "returning"), [(1, 0), (10, 0), (11, 9), (100, 9)])
def test_after_a_short_fault_samples_are_trusted_at_once_after_a_long_one_when_steady(
    missing: int, returning: int
) -> None:
    flags, _ = judged([*alive(5), *[math.nan] * missing, *alive(20, 49.9)])
    after = flags[5 + missing :]
    assert after[:returning] == [{"returning", "degraded"}] * returning
    assert after[returning:] == [set()] * (20 - returning)


def test_a_fault_while_samples_return_begins_the_wait_anew() -> None:
    flags, _ = judged([*alive(5), *[math.nan] * 20, *alive(9), math.nan, *alive(15)])
    assert all(flags[5:44])
    assert flags[44:] == [set()] * 6


def test_a_frozen_meter_is_found_after_ten_seconds_and_trusted_when_it_moves() -> None:
    flags, _ = judged([50.01] * 40 + alive(15))
    assert flags[:11] == [set()] * 11
    assert flags[11:21] == [{"frozen", "held"}] * 10
    assert flags[21:40] == [{"frozen", "degraded"}] * 19
    assert flags[40:49] == [{"returning", "degraded"}] * 9
    assert flags[49:] == [set()] * 6


def test_gaps_do_not_hide_a_frozen_meter() -> None:
    flags, _ = judged(([50.01] * 4 + [math.nan, 0.0]) * 5)
    assert all({"frozen"} < seen or seen & {"missing", "out_of_range"} for seen in flags[18:])


def test_ten_seconds_are_ten_seconds_at_any_step() -> None:
    flags, _ = judged([50.01, *[math.nan] * 40], DC_FINE)
    assert [("held" in seen) for seen in flags[1:]] == [True] * 20 + [False] * 20


@given(st.integers(0, 2**32 - 1))
def test_only_what_the_grid_showed_is_ever_trusted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    true_hz = rng.normal(50.0, 0.02, 200)
    shown = spoiled(true_hz, rng)
    flags, trusted = judged(shown.tolist())
    for step, (seen, trusted_hz) in enumerate(zip(flags, trusted, strict=True)):
        assert ("held" in seen) + ("degraded" in seen) == bool(seen)
        assert math.isnan(trusted_hz) or abs(trusted_hz - 50.0) < 0.2, step
        assert seen or trusted_hz == shown[step]
