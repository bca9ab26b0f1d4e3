"""Frequency products: who asks for which power at which frequency, for how long, and how energy may be restored.

The rows of ``products.toml``, each with the dates for which it holds.
"""

from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field

from kpp_twin.dated import NamedRow, read_products, row_named
from kpp_twin.units import MINUTES_PER_HOUR, Array

TABLE = Path(__file__).parent / "products.toml"

# A measured frequency at the very edge of a deadband must not respond for the last bit of a float. [Hz]
EDGE_HZ = 1e-9

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Nominal = Annotated[float, Field(ge=45, le=65)]
FromList = Field(default=(), strict=False)


class FrequencyProduct(NamedRow):
    """A frequency product; powers are shares of what was sold, deviations are nominal minus measured frequency.

    Attributes
    ----------
    direction
        up: only short power is answered, down: only too much of it.
    deadband_hz
        No response within. A `curve_share` above 0 at its edge is a step there.
    curve_hz, curve_share
        Share at each size of deviation; linear between, flat beyond.
    droop
        Instead of a curve: deviation of full response beyond the deadband. [fraction of nominal]
    trigger_hz
        Instead of a curve: the deviation at which all is delivered at once, held for `hold_s`, and taken back by
        `recovery_per_minute` when the deviation is below `release_hz`.
    follows_signal
        Instead of a curve: a regulation signal from -1 to 1 is followed.
    response_lag_s
        Time constant of a prescribed first-order response.
    initiation_s, full_activation_s
        What is asked for: time until a response begins, and until it is full.
    limit_ramp
        The response moves no faster than `full_activation_s` asks for.
    endurance_minutes
        For how long full response must be possible, at any time.
    deadband_use
        The undiminished curve may be followed within the deadband where this restores stored energy.
    over_fulfilment
        Factor up to which more than asked may be delivered where this restores stored energy.
    restoring
        How else energy may be restored: not, at any time that nothing asks for the opposite, or by blocks fixed ahead.
    restoring_against_response
        Whether it goes on, at any time, while the response asks for the opposite.
    restoring_share
        Power for it.
    restoring_from
        Distance of the energy from the middle of what the endurance allows, at which it begins. [fraction]
    rated_per_sold
        Least rated power for each kW sold.
    """

    title: str
    nominal_hz: Nominal
    direction: Literal["both", "up", "down"] = "both"
    deadband_hz: NotNegative = 0.0
    curve_hz: Annotated[tuple[float, ...], FromList]
    curve_share: Annotated[tuple[Share, ...], FromList]
    droop: Positive | None = None
    trigger_hz: Positive | None = None
    follows_signal: bool = False
    response_lag_s: NotNegative = 0.0
    initiation_s: NotNegative = 0.0
    full_activation_s: Positive = 30.0
    limit_ramp: bool = False
    hold_s: NotNegative = 0.0
    release_hz: NotNegative = 0.0
    recovery_per_minute: Positive = 1.0
    endurance_minutes: NotNegative = 0.0
    deadband_use: bool = False
    over_fulfilment: Annotated[float, Field(ge=1)] = 1.0
    restoring: Literal["none", "continuous", "schedule"] = "none"
    restoring_against_response: bool = False
    restoring_share: Share = 0.0
    restoring_from: Share = 0.1
    restoring_block_minutes: Positive = 15.0
    restoring_lead_blocks: Annotated[int, Field(ge=0, le=4)] = 0
    restoring_ramp_per_minute: Positive | None = None
    rated_per_sold: Annotated[float, Field(ge=1)] = 1.0
    source: str
    evidence: str

    def _faults(self) -> Iterator[str]:
        laws = (bool(self.curve_hz), self.droop is not None, self.trigger_hz is not None, self.follows_signal)
        if sum(laws) != 1:
            yield "one of curve_hz, droop, trigger_hz and follows_signal must be given"
        if len(self.curve_hz) != len(self.curve_share) or len(self.curve_hz) == 1:
            yield "curve_hz and curve_share need the same number of points, two or more"
        if (
            any(b <= a for a, b in zip(self.curve_hz, self.curve_hz[1:], strict=False))
            or min(self.curve_hz, default=0) < 0
        ):
            yield "curve_hz must rise from 0 or more"
        if any(b < a for a, b in zip(self.curve_share, self.curve_share[1:], strict=False)):
            yield "curve_share must not fall"
        if self.curve_hz and self.deadband_hz >= self.curve_hz[-1]:
            yield "deadband_hz must be below the deviation of full response"
        if self.trigger_hz is not None and self.release_hz >= self.trigger_hz:
            yield "release_hz must be below trigger_hz"
        if self.trigger_hz is not None and self.direction == "both":
            yield "trigger_hz needs a direction, up or down"

    @property
    def endurance_h(self) -> float:
        """For how long full response must be possible."""
        return self.endurance_minutes / MINUTES_PER_HOUR

    def at(self, nominal_hz: float) -> Self:
        """The same product on a grid of another nominal frequency."""
        return type(self).model_validate(self.model_dump() | {"nominal_hz": nominal_hz})

    def curve(self) -> tuple[Array, Array]:
        """Deviations [Hz] and shares of the curve, ``(k,)`` each; that of a droop is made from it, others have none."""
        if self.droop is not None:
            return np.array([self.deadband_hz, self.deadband_hz + self.droop * self.nominal_hz]), np.array([0.0, 1.0])
        return np.array(self.curve_hz), np.array(self.curve_share)

    def share(self, frequency_hz: Array | float) -> Array:
        """Share of what was sold that the curve asks for at each frequency, same shape: positive below nominal.

        Not a number where the frequency is none. A product without a curve asks by trigger or signal, never here.
        """
        deviation = self.nominal_hz - np.asarray(frequency_hz, dtype=np.float64)
        size = np.abs(deviation)
        hz, shares = self.curve()
        if not len(hz):
            return np.where(np.isnan(size), np.nan, 0.0)
        share = np.where(size <= self.deadband_hz + EDGE_HZ, 0.0, np.interp(size, hz, shares))
        share = np.copysign(share, deviation)
        if self.direction == "both":
            return share
        return np.where(deviation > 0 if self.direction == "up" else deviation < 0, share, share * 0.0) + 0.0


def product_named(name: str, on: date | None = None) -> FrequencyProduct:
    """Product of a name or alias, in any case and spacing, as it holds on a day; as its latest row has it for none.

    Raises
    ------
    ConfigError
        There is no such product, or not on that day.
    """
    return row_named(products(), name, on, kind="frequency product", place=TABLE.name)


@cache
def products() -> tuple[FrequencyProduct, ...]:
    """All rows of the table."""
    return products_of(TABLE.read_text(encoding="utf-8"))


def products_of(text: str) -> tuple[FrequencyProduct, ...]:
    """Rows of a table of products.

    Raises
    ------
    ConfigError
        Rows are wrong, or two of one name or alias hold on the same day; all faults in one message.
    """
    return read_products(text, FrequencyProduct, place=TABLE.name)
