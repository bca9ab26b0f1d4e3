"""Curtailment of the load: which requests are accepted, their course over time, and which blocks are shed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

import numpy as np

from kpp_twin.configuration import KEYS
from kpp_twin.errors import ConfigError
from kpp_twin.operation import DemandEvent
from kpp_twin.records import Array
from kpp_twin.site import DemandResponse, LoadBlock, Site, load_site
from kpp_twin.timegrid import hour_label

NEVER_SHED_TIER = 1


def event_reduction_kw(event: DemandEvent, minutes: Array) -> Array:
    """Reduction that an event asks for at each time since its start, same shape; it ramps up and down within. [kW]"""
    ramp = event.ramp_kw_per_minute
    rising, falling = ramp * minutes, ramp * (event.duration_minutes - minutes)
    return np.clip(np.minimum(rising, falling), 0.0, event.target_reduction_kw)


def sheddable_share(blocks: Sequence[LoadBlock]) -> float:
    """Share of the load that may be curtailed: all blocks but those of tier 1."""
    return sum(block.share for block in blocks if block.tier > NEVER_SHED_TIER)


def shed_by_block(reduction_kw: float, load_kw: float, blocks: Sequence[LoadBlock]) -> dict[str, float]:
    """Reduction of each block: the highest tier first, by name within a tier, tier 1 never. [kW]

    Where the blocks together cannot give the reduction, they give what they have.
    """
    shed = dict.fromkeys((block.name for block in blocks), 0.0)
    missing = reduction_kw
    for block in sorted(blocks, key=lambda block: (-block.tier, block.name)):
        if block.tier > NEVER_SHED_TIER:
            shed[block.name] = min(missing, block.share * load_kw)
            missing -= shed[block.name]
    return shed


@dataclass(frozen=True, slots=True, kw_only=True)
class Curtailment:
    """An accepted request: the reduction rises to its target within the duration, and falls back after it.

    Attributes
    ----------
    requested_kw, target_reduction_kw
        Asked for, and accepted: larger requests are cut to the largest reduction.
    """

    requested_kw: float
    target_reduction_kw: float
    duration: timedelta
    ramp_kw_per_minute: float

    @property
    def ramp_time(self) -> timedelta:
        """Time from nothing to the target, and back."""
        return timedelta(minutes=self.target_reduction_kw / self.ramp_kw_per_minute)

    def reduction_kw(self, since_start: Array) -> Array:
        """Reduction at each number of minutes since the start, same shape. [kW]"""
        minutes = np.asarray(since_start, dtype=np.float64)
        rising = self.ramp_kw_per_minute * minutes
        falling = self.target_reduction_kw - self.ramp_kw_per_minute * (minutes - self.duration / timedelta(minutes=1))
        return np.clip(np.minimum(rising, falling), 0.0, self.target_reduction_kw)

    def energy_kwh(self) -> float:
        """Energy not drawn within the duration; what the fall after it adds is left out. [kWh]"""
        return self.target_reduction_kw * ((self.duration - self.ramp_time / 2) / timedelta(hours=1))

    def event(self, start: datetime, forecast_peak_kw: float) -> DemandEvent:
        """The same as an event, whose end includes the fall."""
        return DemandEvent(
            event_id=f"DR-{hour_label(start)}",
            start=start,
            duration_minutes=round((self.duration + self.ramp_time) / timedelta(minutes=1)),
            target_reduction_kw=self.target_reduction_kw,
            ramp_kw_per_minute=self.ramp_kw_per_minute,
            forecast_peak_kw=forecast_peak_kw,
        )


class LoadCurtailmentController:
    """Accepts or refuses curtailments, and says which blocks give them.

    Parameters
    ----------
    settings
        Limits of a curtailment.
    blocks
        Parts of the load by tier.
    """

    def __init__(self, settings: DemandResponse, blocks: Sequence[LoadBlock]) -> None:
        self.settings = settings
        self.blocks = tuple(blocks)

    def curtail(
        self,
        *,
        target_reduction: float,
        duration: timedelta,
        ramp_time: timedelta,
        load_kw: float | None = None,
    ) -> Curtailment:
        """Accept a request, cut to the largest reduction and to what may be shed of the load if that is given.

        Parameters
        ----------
        target_reduction
            [kW]
        duration
            Of the reduction with its rise; the fall comes after it.
        ramp_time
            Within which the target must be reached.

        Raises
        ------
        ConfigError
            The request is refused: too small, too fast for the ramp, or longer than an event may be.
        """
        rules = self.settings
        faults = []
        target = min(target_reduction, rules.max_reduction_kw)
        if load_kw is not None:
            target = min(target, sheddable_share(self.blocks) * load_kw)
        if not target >= rules.min_reduction_kw or not target > 0:
            faults.append(
                f"target_reduction {target_reduction:g} kW gives {target:g}, below {rules.min_reduction_kw:g} kW"
            )
        if not timedelta() < duration <= timedelta(hours=rules.max_event_hours):
            faults.append(f"duration {duration} is not above 0 and at most {rules.max_event_hours} h")
        reachable = rules.ramp_kw_per_minute * (ramp_time / timedelta(minutes=1))
        if target > reachable * (1 + 1e-9):
            needed = timedelta(minutes=target / rules.ramp_kw_per_minute)
            faults.append(f"{target:g} kW needs a ramp_time of {needed}, not {ramp_time}")
        if ramp_time > duration:
            faults.append(f"ramp_time {ramp_time} is longer than duration {duration}")
        if faults:
            raise ConfigError(
                f"curtailment refused, {len(faults)} fault(s): " + "; ".join(faults),
                place="LoadCurtailmentController",
                next_step="ask for less, for longer, or for a slower ramp",
            )
        return Curtailment(
            requested_kw=target_reduction,
            target_reduction_kw=target,
            duration=duration,
            ramp_kw_per_minute=rules.ramp_kw_per_minute,
        )

    def shed(self, reduction_kw: float, load_kw: float) -> dict[str, float]:
        """Reduction of each block, the highest tier first. [kW]"""
        return shed_by_block(reduction_kw, load_kw, self.blocks)


class DemandResponseSystem:
    """Demand response of a site; its controller does the work."""

    def __init__(self, settings: DemandResponse, blocks: Sequence[LoadBlock]) -> None:
        self.settings = settings
        self.controller = LoadCurtailmentController(settings, blocks)

    @classmethod
    def of_site(cls, site: Site) -> Self:
        """Demand response of the site."""
        return cls(site.demand_response, site.load_blocks)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], site: Site | None = None) -> Self:
        """Demand response of a plain dict; what it does not name is the site's, or else the reference site's.

        Raises
        ------
        ConfigError
            Keys are unknown, or values are impossible.
        """
        names = {key: field for key, (field,) in KEYS["demand_response"][1].items()}
        faults = [f"{name} is not known" for name in sorted(config.keys() - names.keys())]
        base = load_site() if site is None else site
        values = base.demand_response.model_dump() | {
            names[key]: value for key, value in config.items() if key in names
        }
        settings = None
        try:
            settings = DemandResponse.model_validate(values)
        except ValueError as error:
            faults.append(str(error))
        if faults or settings is None:
            raise ConfigError(
                f"{len(faults)} fault(s) in demand response: " + "; ".join(faults),
                place="DEMAND_RESPONSE_CONFIG",
                next_step=f"use the keys {', '.join(names)}",
            )
        return cls(settings, base.load_blocks)

    def curtail(self, *, target_reduction: float, duration: timedelta, ramp_time: timedelta) -> Curtailment:
        """Accept a request or refuse it; see `LoadCurtailmentController.curtail`."""
        return self.controller.curtail(target_reduction=target_reduction, duration=duration, ramp_time=ramp_time)
