"""The plant's sheet: steady operating points, the plant as a store, what it could offer, and one start-up."""

from dataclasses import asdict, dataclass, replace
from typing import Any, get_args

import numpy as np
from pydantic import ValidationError

from kpp_twin.plant.capability import Capability, capability
from kpp_twin.plant.column import FillPolicy
from kpp_twin.plant.equivalent import StorageEquivalent, storage_equivalent
from kpp_twin.plant.model import PlantModel
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.plant.simulate import PlantSetpoints, PlantState, PlantTrajectory, simulate
from kpp_twin.plant.steady import SteadyPoint, steady_point
from kpp_twin.units import KG_PER_T, KPA_PER_BAR, RAD_PER_S_PER_RPM, SECONDS_PER_HOUR

STEADY_SPEEDS = 5
# Horizon and notice. [s]
OFFERED = ((10, 0), (900, 0), (900, 120), (3600, 0), (3600, 120))
START_S = 300
# A start-up has come to its end at this share of the power told.
STARTED = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyTable:
    """Steady points of a full chain at speeds from the flywheel's least to its rated one, the slowest first.

    Attributes
    ----------
    refusal
        Why the plant cannot be filled so; empty where it can. Then there are no points.
    """

    policy: FillPolicy
    points: tuple[SteadyPoint, ...]
    refusal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the plant could do from a state on; ``generating_kw`` says what it does in it."""

    generating_kw: float
    capability: Capability


@dataclass(frozen=True, slots=True, kw_only=True)
class StartUp:
    """From rest, told a power: second by second.

    Attributes
    ----------
    started_s
        When the generator first gives 95 % of it; None where it never does.
    """

    told_kw: float
    started_s: int | None
    trajectory: PlantTrajectory


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSheet:
    """All figures of the sheet.

    Attributes
    ----------
    most_generator_kw, most_at_m_per_s
        Most electrical power of a full chain, whatever the generator's rating, and its speed.
    flywheel_kwh, column_kwh
        In the flywheel at rated speed, and in the air of a full column.
    """

    plant: PlantParameters
    most_generator_kw: float
    most_at_m_per_s: float
    flywheel_kwh: float
    column_kwh: float
    steady: tuple[SteadyTable, ...]
    store: StorageEquivalent
    offers: tuple[Offer, ...]
    start_up: StartUp

    @property
    def round_trip(self) -> float:
        """Of the plant as a store: grid to grid."""
        return self.store.charge_efficiency * self.store.discharge_efficiency

    def as_json(self) -> dict[str, Any]:
        """All figures by name, of plain values."""
        told = self.start_up.trajectory
        return {
            "parameters": self.plant.model_dump(),
            "most_generator_kw": self.most_generator_kw,
            "most_at_m_per_s": self.most_at_m_per_s,
            "flywheel_kwh": self.flywheel_kwh,
            "column_kwh": self.column_kwh,
            "steady": {
                table.policy: {
                    "refusal": table.refusal,
                    "points": [
                        {**asdict(point), "net_kw": point.net_kw, "round_trip": point.round_trip}
                        for point in table.points
                    ],
                }
                for table in self.steady
            },
            "store": {**asdict(self.store), "round_trip": self.round_trip},
            "offers": [
                {
                    "generating_kw": offer.generating_kw,
                    **asdict(offer.capability),
                    "up_kw": offer.capability.up_kw,
                    "down_kw": offer.capability.down_kw,
                }
                for offer in self.offers
            ],
            "start_up": {
                "told_kw": self.start_up.told_kw,
                "started_s": self.start_up.started_s,
                "chain_speed_m_per_s": told.chain_speed_m_per_s.tolist(),
                "generator_kw": told.generator_kw.tolist(),
                "column_kwh": told.column_kwh.tolist(),
                "receiver_bar": (told.receiver_kpa / KPA_PER_BAR).tolist(),
            },
        }


def plant_sheet(plant: PlantParameters) -> PlantSheet:
    """Compute the sheet: nothing of it depends on more than the plant."""
    model = PlantModel.of(plant)
    most_kw, most_at = plant.most_generator_kw()
    spin = plant.flywheel_rated_rpm * RAD_PER_S_PER_RPM
    rest = PlantState.initial(plant)
    running = _generating(model, rest)
    states = (rest, running) if running.generator_kw > 0 else (rest,)
    return PlantSheet(
        plant=plant,
        most_generator_kw=most_kw,
        most_at_m_per_s=most_at,
        flywheel_kwh=0.5 * plant.flywheel_kg_m2 / KG_PER_T * spin**2 / SECONDS_PER_HOUR,
        column_kwh=model.constants.full_column_kj / SECONDS_PER_HOUR,
        steady=tuple(steady_table(plant, policy) for policy in get_args(FillPolicy)),
        store=storage_equivalent(plant),
        offers=tuple(
            Offer(
                generating_kw=state.generator_kw,
                capability=capability(model, state, horizon_s=horizon_s, notice_s=notice_s),
            )
            for state in states
            for horizon_s, notice_s in OFFERED
        ),
        start_up=start_up(plant),
    )


def steady_table(plant: PlantParameters, policy: FillPolicy) -> SteadyTable:
    """Steady points of the plant if it were filled so, at the pressure that plans end with."""
    try:
        filled = PlantParameters.model_validate({**plant.model_dump(), "fill_policy": policy})
    except ValidationError as error:
        return SteadyTable(policy=policy, points=(), refusal="; ".join(fault["msg"] for fault in error.errors()))
    low, high = (filled.chain_speed(rpm) for rpm in (filled.flywheel_min_rpm, filled.flywheel_rated_rpm))
    speeds = np.linspace(low, high, STEADY_SPEEDS).tolist()
    return SteadyTable(policy=policy, points=tuple(steady_point(filled, speed) for speed in speeds), refusal="")


def start_up(plant: PlantParameters) -> StartUp:
    """Five minutes from rest, told the generator's rated power."""
    told = PlantSetpoints.of_power(np.full(START_S, plant.generator_kw))
    trajectory = simulate(PlantModel.of(plant), PlantState.initial(plant), told, record_every=1).by_second
    given = np.flatnonzero(trajectory.generator_kw >= STARTED * plant.generator_kw)
    return StartUp(
        told_kw=plant.generator_kw, started_s=int(given[0]) + 1 if len(given) else None, trajectory=trajectory
    )


def _generating(model: PlantModel, rest: PlantState) -> PlantState:
    """At half its power, started from a full receiver, with the air of the beginning; or what became of it."""
    plant = model.parameters
    full = replace(rest, receiver_kpa=plant.max_receiver_bar * KPA_PER_BAR)
    told = PlantSetpoints.of_power(np.full(1, 0.5 * plant.generator_kw))
    return replace(simulate(model, full, told, hold=START_S).state, receiver_kpa=rest.receiver_kpa)
