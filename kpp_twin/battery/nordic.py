"""What the Nordic reserves ask of a store: power beyond the volume, energy, and how often it is counted anew.

Source: questions and answers of Svenska kraftnät on reserves with limited energy.
"""

from dataclasses import dataclass

import numpy as np

from kpp_twin.battery.inputs import check_measured
from kpp_twin.units import MINUTES_PER_HOUR, Array


@dataclass(frozen=True, slots=True, kw_only=True)
class NordicReserve:
    """A product, as a store with limited energy may sell it.

    Attributes
    ----------
    power_share, opposite_power_share
        Power that must be there in the direction of the product, and in the other. [share of the volume]
    endurance_minutes
        For which the volume must be held.
    """

    power_share: float
    opposite_power_share: float
    endurance_minutes: float

    def largest_volume_kw(self, *, power_kw: float, opposite_power_kw: float) -> float:
        """Largest volume that the power in the product's direction and in the other allow.

        Raises
        ------
        TwinError
            A power is not positive.
        """
        check_measured("largest volume", power_kw=power_kw, opposite_power_kw=opposite_power_kw)
        return min(power_kw / self.power_share, opposite_power_kw / self.opposite_power_share)

    def energy_kwh(self, volume_kw: float) -> float:
        """Energy at the grid side that a volume needs when its provision period starts, in each direction sold.

        Raises
        ------
        TwinError
            The volume is not positive.
        """
        check_measured("energy of a reserve", volume_kw=volume_kw)
        return volume_kw * self.endurance_minutes / MINUTES_PER_HOUR


# Symmetric: in each direction its power and a third more, which restores the state of charge.
FCR_N = NordicReserve(power_share=1.34, opposite_power_share=1.34, endurance_minutes=60)
# Up or down: a fifth of its power in the other direction.
FCR_D = NordicReserve(power_share=1.0, opposite_power_share=0.2, endurance_minutes=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionPeriod:
    """Steps from ``start`` to before ``end`` over which the energy must last once; ``volume_kw`` is its largest."""

    start: int
    end: int
    volume_kw: float


def provision_periods(volume_kw: Array) -> list[ProvisionPeriod]:
    """Cut the volumes of a product, by market step ``(n,)``, into provision periods.

    A period ends where nothing is sold, and a new one begins where the volume rises: there the energy of the new volume
    must be in store again. A falling volume goes on with the same period.

    Raises
    ------
    TwinError
        A volume is negative or no number.
    """
    faults = ["a volume is negative"] if np.any(volume_kw < 0) else []
    check_measured("provision periods", faults=faults, volume_kw=volume_kw)
    rises = np.diff(volume_kw, prepend=0.0) > 0
    starts, bounds = np.flatnonzero(rises), np.flatnonzero(rises | (volume_kw == 0))
    ends = np.append(bounds, len(volume_kw))[np.searchsorted(bounds, starts, side="right")]
    return [
        ProvisionPeriod(start=int(start), end=int(end), volume_kw=float(volume_kw[start]))
        for start, end in zip(starts, ends, strict=True)
    ]
