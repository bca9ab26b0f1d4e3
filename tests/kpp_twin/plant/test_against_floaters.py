"""The reduced model of the plant against each floater by itself: steady state, what changes, start-up, coasting.

Both get the same fill, and each second the generator power that one law gives at the chain's speed; a constant power
would let a slow chain run away from its steady state.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from floaters import Course, Floaters

from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.simulate import PlantSetpoints, PlantState, simulate
from tests.conftest import IS_FULL

POLICIES = ("full_at_surface", "full_at_depth")
CELLS = (8, 16, 32) if IS_FULL else (8, 16)
SEEDS = range(1, 6) if IS_FULL else [1]

# What a receiver without end, and a generator that follows at once, leave alone.
ENDLESS = {"receiver_m3": 1e5, "leak_per_day": 0.0, "generator_ramp_kw_per_s": 1e4}
RATED_KW = {"full_at_surface": 40.0, "full_at_depth": 80.0}

FULL_S, PART_S, AGAIN_S, SETTLED_S = 700, 700, 300, 300
PART = 0.3
STEPS = np.repeat([1.0, PART, 1.0], [FULL_S, PART_S, AGAIN_S])

# Cells blur a front: by less, the more there are. Where floaters spill, the blurred front spills wrongly too, for it is
# the mean of a cell that finds no room, not the one full floater in it.
SETTLES_WITHIN = {
    ("full_at_surface", 8): 0.2,
    ("full_at_surface", 16): 0.1,
    ("full_at_surface", 32): 0.1,
    ("full_at_depth", 8): 0.45,
    ("full_at_depth", 16): 0.25,
    ("full_at_depth", 32): 0.25,
}
# A chain at rest is started by one floater; in the model, by half a cell: as much as one floater with 15 to 18 cells.
STARTS_WITHIN = {8: 0.35, 16: 0.1}


def plant_of(policy: str, cells: int, **others: float) -> PlantParameters:
    # A half cell of 32 lifts less than one floater, and would not overcome more friction than this.
    if cells == 32:
        others = {"friction_n": 500.0, **others}
    rating = {"generator_kw": RATED_KW[policy], "converter_kva": 90.0}
    return PlantParameters(fill_policy=policy, column_cells=cells, **{**ENDLESS, **rating, **others})


def law_of(plant: PlantParameters) -> Callable[[float], float]:
    return lambda speed: min(max(200.0 * (speed - 0.5), 0.0), plant.generator_kw)


def nothing(speed: float) -> float:
    return 0.0


class Reduced:
    """The model, followed as the floaters are."""

    def __init__(self, plant: PlantParameters) -> None:
        self.model = PlantModel.of(plant)
        self.state = PlantState.initial(plant)

    def kinetic_kj(self) -> float:
        c, state = self.model.constants, self.state
        return 0.5 * (c.chain_t * state.chain_speed_m_per_s**2 + c.flywheel_t * state.flywheel_rad_per_s**2)

    def follow(self, law: Callable[[float], float], fills: np.ndarray) -> Course:
        air_kpa = self.model.constants.air_kj / self.model.constants.receiver_m3
        rows = []
        for fill in fills:
            before, before_kj = self.state, self.kinetic_kj()
            setpoints = PlantSetpoints(
                compressor_kw=np.zeros(1),
                generator_kw=np.array([law(before.chain_speed_m_per_s)]),
                fill_fraction=np.array([fill]),
                compressor_limit_kw=np.array([np.inf]),
            )
            ran = simulate(self.model, before, setpoints)
            self.state = ran.state
            energy_kj = {name: 3600.0 * energy for name, energy in ran.energy_kwh.items()}
            chain = ("generator_out", *(f"{n}_loss" for n in ("drag", "friction", "brake", "gear", "clutch")))
            spent_kj = sum(energy_kj[name] for name in (*chain, "windage_loss", "generator_loss"))
            rows.append(
                (
                    ran.state.chain_speed_m_per_s,
                    energy_kj["generator_out"],
                    spent_kj + self.kinetic_kj() - before_kj,
                    (before.receiver_kpa - ran.state.receiver_kpa) / air_kpa,
                )
            )
        return Course(**dict(zip(Course.__dataclass_fields__, np.array(rows).T, strict=True)))


@cache
def stepped(kind: type, plant: PlantParameters) -> Course:
    return kind(plant).follow(law_of(plant), STEPS)


def means(course: Course, until: int, seconds: int) -> np.ndarray:
    return np.array([getattr(course, name)[until - seconds : until].mean() for name in Course.__dataclass_fields__])


def settling_s(course: Course, start: int, end: int) -> float:
    """Time until the power, smoothed over two floaters, stays within 5 % of its change about where it ends."""
    power_kw = np.convolve(np.pad(course.generator_kw, 1, mode="edge"), np.ones(3) / 3.0, "valid")
    old, new = power_kw[start - 60 : start].mean(), power_kw[end - 60 : end].mean()
    off = np.abs(power_kw[start:end] - new) / abs(new - old)
    last = int(np.flatnonzero(off > 0.05)[-1])
    return float(last + (off[last] - 0.05) / (off[last] - off[last + 1]))


def reached_s(course: Course, speed: float) -> float:
    speeds = np.concatenate(([0.0], course.speed))
    assert speeds.max() >= speed
    after = int(np.argmax(speeds >= speed))
    return after - 1 + (speed - speeds[after - 1]) / (speeds[after] - speeds[after - 1])


@pytest.mark.parametrize(("policy", "work_kj"), [("full_at_surface", 49.84), ("full_at_depth", 98.10)])
def test_a_floater_gives_the_work_of_its_air(policy: str, work_kj: float) -> None:
    """The reference itself, against `∫ V dp` worked out by hand."""
    plant = plant_of(policy, 8, dissolution_per_s_bar=0.0)
    speed, _, buoyant_kw, _ = means(stepped(Floaters, plant), FULL_S, SETTLED_S)
    assert buoyant_kw * plant.pitch_m / speed == pytest.approx(work_kj, rel=2e-4)


OTHERS: dict[str, dict[str, float]] = {
    "default": {},
    "adiabatic": {"ascent_index": 1.4},
    "warm": {"water_temperature_c": 40.0, "heat_source_kw": 1e4},
    "dissolving": {"dissolution_per_s_bar": 1e-3},
}


@pytest.mark.parametrize("others", OTHERS if IS_FULL else ["default"])
@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.parametrize("policy", POLICIES)
def test_steady_states_agree(policy: str, cells: int, others: str) -> None:
    """Speed, generator power, buoyant power and air, at full and at part fill."""
    plant = plant_of(policy, cells, **OTHERS[others])
    reduced, discrete = stepped(Reduced, plant), stepped(Floaters, plant)
    for until in (FULL_S, FULL_S + PART_S):
        goal = means(discrete, until, SETTLED_S)
        assert goal[1] > 1.0
        # Air is counted by whole floaters. A full cell that loses air is not full, though its floaters go on to expand.
        assert means(reduced, until, SETTLED_S) == pytest.approx(goal, rel=0.01)
        assert means(reduced, until, SETTLED_S)[:3] == pytest.approx(
            goal[:3], rel=0.0075 if others == "dissolving" else 0.002
        )


@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.parametrize("policy", POLICIES)
def test_the_power_settles_in_time(policy: str, cells: int) -> None:
    plant = plant_of(policy, cells)
    reduced, discrete = stepped(Reduced, plant), stepped(Floaters, plant)
    for start, end in ((FULL_S, FULL_S + PART_S), (FULL_S + PART_S, len(STEPS))):
        goal_s = settling_s(discrete, start, end)
        assert settling_s(reduced, start, end) == pytest.approx(goal_s, rel=SETTLES_WITHIN[policy, cells])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.parametrize(("policy", "within"), [("full_at_surface", 0.002), ("full_at_depth", 0.0125)])
def test_energy_agrees_while_the_fill_changes(policy: str, within: float, cells: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    fills = np.concatenate((np.ones(300), np.repeat(rng.uniform(0.2, 1.0, 20), rng.integers(10, 200, 20))))
    plant = plant_of(policy, cells)
    reduced, discrete = (kind(plant).follow(law_of(plant), fills) for kind in (Reduced, Floaters))
    seconds = len(fills) - 250
    assert means(reduced, len(fills), seconds) == pytest.approx(means(discrete, len(fills), seconds), rel=within)


@pytest.mark.parametrize("cells", STARTS_WITHIN)
@pytest.mark.parametrize("policy", POLICIES)
def test_the_chain_starts_in_time(policy: str, cells: int) -> None:
    plant = plant_of(policy, cells)
    rated = plant.chain_speed(plant.flywheel_rated_rpm)
    reduced, discrete = (kind(plant).follow(nothing, np.ones(150)) for kind in (Reduced, Floaters))
    assert reached_s(reduced, rated) == pytest.approx(reached_s(discrete, rated), rel=STARTS_WITHIN[cells])


@pytest.mark.parametrize(("cells", "within"), [(8, 0.06), (16, 0.02)])
def test_a_flywheel_outlasts_its_chain(cells: int, within: float) -> None:
    """Without new air the chain stops; the flywheel runs free, and gives power down to its least speed."""
    plant = plant_of("full_at_surface", cells)
    given_kj = []
    for kind in (Reduced, Floaters):
        run = kind(plant)
        run.follow(law_of(plant), np.ones(300))
        coasting = run.follow(lambda _: 3.0, np.zeros(160))
        assert coasting.speed[-1] == 0.0
        assert coasting.generator_kw[-1] == 0.0
        assert coasting.generator_kw[coasting.speed == 0.0].max() == pytest.approx(3.0)
        given_kj.append(coasting.generator_kw.sum())
    assert given_kj[0] == pytest.approx(given_kj[1], rel=within)
