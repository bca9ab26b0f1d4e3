"""The energy ledger of an hour: each loss from its own law, so that what does not add up shows.

What comes into an asset is positive; what goes out, is lost, or stays in the store is negative. The entries of an
asset and hour add up to zero.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from kpp_twin.battery.simulate import BatteryRun
from kpp_twin.demand.load import LoadHour
from kpp_twin.errors import TwinError
from kpp_twin.operation import LedgerEntry
from kpp_twin.plant.simulate import PlantRun
from kpp_twin.records import Array
from kpp_twin.timegrid import hour_label
from kpp_twin.units import SECONDS_PER_HOUR

# An asset's entries may miss zero by this share of the energy that moved; and by rounding, where hardly any did.
RELATIVE_TOLERANCE = 1e-9
ABSOLUTE_TOLERANCE_KWH = 1e-12


def energy_kwh(power_kw: Array) -> float:
    """Energy of a power by the second."""
    return float(np.sum(power_kw)) / SECONDS_PER_HOUR


def _entries(asset: str, energies: Mapping[str, float]) -> tuple[LedgerEntry, ...]:
    return tuple(LedgerEntry(asset=asset, entry=entry, energy_kwh=energy) for entry, energy in energies.items())


def battery_entries(battery: BatteryRun) -> tuple[LedgerEntry, ...]:
    """Entries of the battery with its auxiliaries; losses are those of their own laws, not what the store gained."""
    energy = battery.energy_kwh
    net_kw = battery.records.power_kw - battery.records.auxiliary_kw
    return _entries(
        "battery",
        {
            "in": energy_kwh(np.maximum(-net_kw, 0.0)),
            "out": -energy_kwh(np.maximum(net_kw, 0.0)),
            "charge_loss": -energy["charge_loss"],
            "discharge_loss": -energy["discharge_loss"],
            "self_discharge": -energy["self_discharge"],
            "auxiliary": -energy["auxiliary"],
            "store_change": -energy["gained"],
        },
    )


def plant_entries(plant: PlantRun) -> tuple[LedgerEntry, ...]:
    """Entries of the plant, whose store is the exergy of receiver and column, and what chain and flywheel hold.

    Heat counts with what it could give at most; a loss that did not occur has no entry.
    """
    energy = plant.energy_kwh
    losses = {name: -lost for name, lost in energy.items() if name.endswith("_loss") and lost != 0}
    heat = {"heat_in": energy["heat_exergy_in"]} if energy["heat_exergy_in"] > 0 else {}
    return _entries(
        "plant",
        {
            "in": energy["compressor_in"] + energy["nanobubble_in"],
            **heat,
            "out": -energy["generator_out"],
            **losses,
            "store_change": -plant.store_change_kwh,
        },
    )


def load_entries(load: LoadHour) -> tuple[LedgerEntry, ...]:
    """Entries of the load: drawn, curtailed and shed against wanted at first and drawn later."""
    shed_kwh = energy_kwh(np.asarray(load.shed_kw))
    return _entries(
        "load",
        {
            "in": energy_kwh(load.power_kw),
            "curtailed": energy_kwh(load.reduction_kw),
            **({"shed": shed_kwh} if shed_kwh > 0 else {}),
            "wanted": -energy_kwh(load.measured_kw),
            "rebound": -energy_kwh(load.rebound_kw),
        },
    )


def site_entries(net_kw: Array, assets: Sequence[LedgerEntry]) -> tuple[LedgerEntry, ...]:
    """Entries of the connection: what is drawn from the grid and given to it, against each asset's in and out.

    Parameters
    ----------
    net_kw
        Net power of the site by the second; positive flows to the grid.
    """
    asset_kwh: dict[str, float] = defaultdict(float)
    for entry in assets:
        if entry.entry in ("in", "out"):
            asset_kwh[entry.asset] += entry.energy_kwh
    return _entries(
        "site",
        {
            "in": energy_kwh(np.maximum(-net_kw, 0.0)),
            "out": -energy_kwh(np.maximum(net_kw, 0.0)),
            **{f"to_{asset}": -energy for asset, energy in asset_kwh.items()},
        },
    )


def residual_kwh(entries: Sequence[LedgerEntry], asset: str) -> float:
    """By how much the entries of an asset miss zero."""
    return sum(entry.energy_kwh for entry in entries if entry.asset == asset)


def check_ledger(entries: Sequence[LedgerEntry], hour: datetime | None = None) -> None:
    """Check that the entries of every asset of an hour add up to zero.

    Raises
    ------
    TwinError
        They do not; it names every such asset with its residual.
    """
    faults = []
    for asset in dict.fromkeys(entry.asset for entry in entries):
        residual = residual_kwh(entries, asset)
        moved = sum(abs(entry.energy_kwh) for entry in entries if entry.asset == asset)
        # Written so that a residual of NaN is a fault.
        if not abs(residual) <= RELATIVE_TOLERANCE * moved + ABSOLUTE_TOLERANCE_KWH:
            faults.append(f"{asset} misses {residual:.3g} kWh of {moved:.6g} kWh moved")
    if faults:
        raise TwinError(
            "the energy ledger does not close: " + "; ".join(faults),
            place=f"hour {hour_label(hour)}" if hour else "energy ledger",
            next_step="this is a fault of the simulation: keep the state and orders of the hour, and report them",
        )
