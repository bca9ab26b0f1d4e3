"""Heat of the battery: its parameters, and the temperature and the time that follow from them."""

import math
from dataclasses import dataclass, fields

from kpp_twin.battery.kernel_heat import steady_temperature_c
from kpp_twin.errors import ConfigError

# Range of each parameter; the bounds themselves are in it.
_RANGES = {
    "heat_capacity_kj_per_k": (1e-3, 1e9),
    "heat_loss_kw_per_k": (1e-6, 1e6),
    "ambient_temperature_c": (-60.0, 60.0),
    "derate_from_c": (0.0, 100.0),
    "derate_to_c": (0.0, 100.0),
    "charge_above_c": (-60.0, 60.0),
    "cooling_kw": (0.0, 1e6),
    "cooling_on_c": (-20.0, 100.0),
    "cooling_off_c": (-20.0, 100.0),
    "coefficient_of_performance": (0.1, 20.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryHeat:
    """How a battery heats up and is cooled; the laws are in `kernel_heat`.

    The defaults are assumptions for an insulated container of 1 MWh and 500 kW. Without cooling its losses at full
    power, 26 kW, would bring it from 25 to 45 °C within two hours; so it has an air conditioner for all of them.

    Attributes
    ----------
    heat_capacity_kj_per_k
        Of all that warms up together: 9 t of cells, at some 110 Wh/kg with their modules, of 1 kJ/(kg K).
    heat_loss_kw_per_k
        To ambient: 74 m² around a container of 20 feet, at 1 W/(m² K).
    ambient_temperature_c
        Where no weather is given.
    derate_from_c, derate_to_c
        Up to the first full power, at the second none, linear between: practice for lithium-ion cells.
    charge_above_c
        Below, no charge: lithium would plate the anode.
    cooling_kw
        Heat that the cooling takes while it runs; 0 for none.
    cooling_on_c, cooling_off_c
        Cooling begins above the first and ends below the second.
    coefficient_of_performance
        Heat taken over electricity drawn; 3 is usual for air conditioners.

    Raises
    ------
    ConfigError
        Values are impossible; all faults in one message.
    """

    heat_capacity_kj_per_k: float = 9000.0
    heat_loss_kw_per_k: float = 0.074
    ambient_temperature_c: float = 25.0
    derate_from_c: float = 45.0
    derate_to_c: float = 55.0
    charge_above_c: float = 0.0
    cooling_kw: float = 30.0
    cooling_on_c: float = 30.0
    cooling_off_c: float = 25.0
    coefficient_of_performance: float = 3.0

    def __post_init__(self) -> None:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        faults = [
            f"{name} must be {least:g} to {most:g}, not {values[name]!r}"
            for name, (least, most) in _RANGES.items()
            if not least <= values[name] <= most
        ]
        faults += [
            f"{low} {values[low]!r} must be below {high} {values[high]!r}"
            for low, high in (
                ("charge_above_c", "derate_from_c"),
                ("derate_from_c", "derate_to_c"),
                ("cooling_off_c", "cooling_on_c"),
            )
            if values[low] >= values[high]
        ]
        if faults:
            raise ConfigError(
                f"{len(faults)} fault(s) in the battery's heat: " + "; ".join(faults),
                place="BatteryHeat",
                next_step="correct them; temperatures are in °C, heat in kW, heat capacity in kJ/K",
            )

    @property
    def kelvin_per_kw(self) -> float:
        """Steady warming for each kW of heat: 1/hA."""
        return 1.0 / self.heat_loss_kw_per_k

    @property
    def time_constant_s(self) -> float:
        """Within which 63.2 % of the way to the steady temperature is made: C/hA."""
        return self.heat_capacity_kj_per_k / self.heat_loss_kw_per_k

    @property
    def cooling_electric_kw(self) -> float:
        """What the cooling draws while it runs."""
        return self.cooling_kw / self.coefficient_of_performance

    def keep(self, step_s: float) -> float:
        """Share of the distance to the steady temperature that a step leaves, as `kernel_heat` needs it."""
        return math.exp(-step_s / self.time_constant_s)

    def steady_temperature_c(self, heat_kw: float) -> float:
        """Temperature that a constant heat, losses less cooling, leads to at the default ambient temperature."""
        return steady_temperature_c(self.ambient_temperature_c, heat_kw, self.kelvin_per_kw)
