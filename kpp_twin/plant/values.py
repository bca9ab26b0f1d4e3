"""The values of a kinetic power plant: each with unit, range, default and source, and what follows from them."""

import math
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from kpp_twin.plant.column import (
    AMBIENT_KPA,
    WATER_T_PER_M3,
    Column,
    FillPolicy,
    column_of,
    compression_work_kj,
    pressure_ratio,
)
from kpp_twin.units import KG_PER_T, KPA_PER_BAR, N_PER_KN, RAD_PER_S_PER_RPM, ZERO_CELSIUS_K

_PUBLIC = "public simulator of such a plant"
_ASSUMED = "assumption"


def _parameter(default: Any, unit: str, meaning: str, source: str, **bounds: Any) -> Any:
    extra = {"unit": unit, "source": source}
    return Field(default=default, description=meaning, json_schema_extra=extra, **bounds)  # type: ignore[arg-type]


class PlantValues(BaseModel):
    """Compressor, receiver, shaft with its chain of floaters, flywheel and generator, each value within its range."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    # Shaft and chain
    floaters: int = _parameter(66, "1", "on the chain", _PUBLIC, ge=2, le=10_000)
    floater_volume_m3: float = _parameter(0.4, "m³", "air in a full floater", _PUBLIC, ge=1e-4, le=100)
    floater_area_m2: float = _parameter(0.5, "m²", "cross-section of a floater", "volume over pitch", ge=1e-4, le=100)
    floater_mass_kg: float = _parameter(16.0, "kg", "of an empty floater", _PUBLIC, ge=0, le=1e5)
    shaft_height_m: float = _parameter(25.0, "m", "from the nozzle to the surface", _PUBLIC, gt=0.5, le=1000)
    chain_length_m: float = _parameter(57.5, "m", "of the whole loop", "height, sprockets", gt=1, le=5000)
    chain_mass_kg_per_m: float = _parameter(10.0, "kg/m", "of the bare chain", _PUBLIC, ge=0, le=1e4)
    max_chain_force_kn: float = _parameter(150.0, "kN", "that the chain can bear", _ASSUMED, gt=0, le=1e9)
    drag_area_m2: float = _parameter(0.3, "m²", "that the water resists, per floater", _ASSUMED, ge=1e-4, le=100)
    drag_coefficient: float = _parameter(0.6, "1", "on that area", _PUBLIC, ge=1e-3, le=5)
    friction_n: float = _parameter(600.0, "N", "of chain and bearings", _ASSUMED, ge=0, le=1e7)
    brake_force_kn: float = _parameter(
        200.0, "kN", "holds the chain at rest, and below its highest speed", _ASSUMED, gt=0, le=1e9
    )
    column_cells: int = _parameter(16, "1", "into which the ascending column is cut", "numerical", ge=1, le=64)

    # Air
    fill_policy: FillPolicy = _parameter(
        "full_at_surface", "name", "full_at_depth spills as it rises, full_at_surface does not", "policies A and B"
    )
    ascent_index: float = _parameter(1.0, "1", "of the ascent: 1 isothermal, 1.4 adiabatic", _ASSUMED, ge=1, le=1.4)
    dissolution_per_s_bar: float = _parameter(
        1e-4, "1/(s bar)", "air that dissolves, per bar of the water around it (Henry)", _ASSUMED, ge=0, le=0.1
    )
    ambient_temperature_c: float = _parameter(15.0, "°C", "of the air", _ASSUMED, ge=-40, le=60)
    water_temperature_c: float = _parameter(15.0, "°C", "of the water in the shaft (H2)", _ASSUMED, ge=0, le=95)
    heat_source_kw: float = _parameter(0.0, "kW", "heat that keeps the water warm (H2)", _ASSUMED, ge=0, le=1e6)
    nanobubble_drag_reduction: float = _parameter(0.0, "fraction", "of the drag (H1)", "public: 0.12", ge=0, le=0.5)
    nanobubble_air_m3_per_s: float = _parameter(
        0.0,
        "m³/s",
        "air at ambient pressure that makes the bubbles, compressed while the chain moves (H1)",
        _ASSUMED,
        ge=0,
        le=1e3,
    )

    # Compressor and receiver
    compressor_kw: float = _parameter(150.0, "kW", "electrical rating", _ASSUMED, gt=0, le=1e6)
    compressor_min_kw: float = _parameter(45.0, "kW", "least power while it runs", "screw, 30 %", ge=0, le=1e6)
    compressor_efficiency: float = _parameter(
        0.66, "fraction", "wire to the ideal work of its stages", "0.60 isothermal", ge=0.01, le=1
    )
    compressor_stages: int = _parameter(2, "1", "with cooling between them", _ASSUMED, ge=1, le=6)
    compression_index: float = _parameter(
        1.4, "1", "in a stage: 1 isothermal, 1.4 adiabatic", "ideal gas", ge=1, le=1.4
    )
    compressor_min_run_s: float = _parameter(60.0, "s", "it runs at least", _ASSUMED, ge=0, le=86_400)
    compressor_restart_s: float = _parameter(60.0, "s", "it rests at least", _ASSUMED, ge=0, le=86_400)
    compressor_ramp_kw_per_s: float = _parameter(
        50.0, "kW/s", "upward; downward it unloads at once", _ASSUMED, ge=1e-3, le=1e6
    )
    receiver_m3: float = _parameter(100.0, "m³", "compressed air", _ASSUMED, ge=1e-3, le=1e8)
    min_receiver_bar: float = _parameter(4.0, "bar", "absolute; below it nothing is injected", _PUBLIC, gt=0, le=500)
    max_receiver_bar: float = _parameter(10.0, "bar", "absolute", _ASSUMED, gt=0, le=500)
    initial_receiver_bar: float = _parameter(6.0, "bar", "when the history begins", _ASSUMED, gt=0, le=500)
    target_receiver_bar: float = _parameter(6.0, "bar", "at the end of every plan", _ASSUMED, gt=0, le=500)
    nozzle_drop_bar: float = _parameter(0.3, "bar", "between receiver and nozzle", _ASSUMED, ge=0, le=10)
    leak_per_day: float = _parameter(0.01, "fraction", "of the receiver's air above ambient", _ASSUMED, ge=0, lt=1)

    # Drive
    sprocket_radius_m: float = _parameter(1.2, "m", "chain to gear", _PUBLIC, ge=0.01, le=50)
    gear_ratio: float = _parameter(39.4, "1", "sprocket to flywheel", _PUBLIC, ge=0.01, le=10_000)
    gear_efficiency: float = _parameter(0.874, "fraction", "chain to flywheel", "0.92 x 0.95", ge=0.01, le=1)
    flywheel_kg_m2: float = _parameter(500.0, "kg m²", "with the generator's rotor", _PUBLIC, ge=0.01, le=1e8)
    flywheel_rated_rpm: float = _parameter(
        375.0, "1/min", "highest speed that the governor seeks", _PUBLIC, ge=1, le=1e5
    )
    flywheel_min_rpm: float = _parameter(
        150.0, "1/min", "least at which the generator gives power", _ASSUMED, ge=0.1, le=1e5
    )
    flywheel_max_rpm: float = _parameter(450.0, "1/min", "at which the chain is braked", _PUBLIC, ge=1, le=1e5)
    windage_kw: float = _parameter(
        0.3, "kW", "of the flywheel at rated speed, with the square of the speed", _ASSUMED, ge=0, le=1e5
    )
    generator_kw: float = _parameter(45.0, "kW", "electrical rating", "what this chain gives", ge=1e-6, le=1e6)
    generator_standing_loss: float = _parameter(
        0.012, "fraction", "of the rating, while it runs", _ASSUMED, ge=0, le=0.5
    )
    generator_linear_loss: float = _parameter(0.02, "fraction", "of the power", _ASSUMED, ge=0, le=0.5)
    generator_quadratic_loss: float = _parameter(
        0.03, "fraction", "of the rating at rated power, with the square of the power", _ASSUMED, ge=0, le=0.5
    )
    generator_ramp_kw_per_s: float = _parameter(50.0, "kW/s", "either way", _PUBLIC, ge=1e-3, le=1e6)
    converter_kva: float = _parameter(60.0, "kVA", "apparent power of the converter", _ASSUMED, ge=1e-6, le=1e6)

    @property
    def temperature_ratio(self) -> float:
        """Water over ambient, in kelvin."""
        return (self.water_temperature_c + ZERO_CELSIUS_K) / (self.ambient_temperature_c + ZERO_CELSIUS_K)

    @property
    def column(self) -> Column:
        """The ascending column cut into cells."""
        return column_of(
            shaft_height_m=self.shaft_height_m,
            floater_volume_m3=self.floater_volume_m3,
            cells=self.column_cells,
            policy=self.fill_policy,
            index=self.ascent_index,
            temperature_ratio=self.temperature_ratio,
        )

    @property
    def pitch_m(self) -> float:
        """Chain between two floaters."""
        return self.chain_length_m / self.floaters

    @property
    def full_force_kn(self) -> float:
        """Buoyant force when every ascending floater was filled."""
        return self.column.full_work_kj / self.pitch_m

    @property
    def foot_bar(self) -> float:
        """Absolute pressure at the nozzle."""
        return pressure_ratio(self.shaft_height_m) * AMBIENT_KPA / KPA_PER_BAR

    @property
    def chain_mass_t(self) -> float:
        """Chain and floaters with the water in and about them, whose place air takes."""
        floater_kg = self.floater_mass_kg + WATER_T_PER_M3 * KG_PER_T * self.floater_volume_m3
        return (self.floaters * floater_kg + self.chain_mass_kg_per_m * self.chain_length_m) / KG_PER_T

    @property
    def drag_kn_per_speed2(self) -> float:
        """Drag of all floaters over the square of the chain speed. [kN s²/m²]"""
        water = 1.0 - self.nanobubble_drag_reduction
        return 0.5 * WATER_T_PER_M3 * self.drag_coefficient * self.drag_area_m2 * self.floaters * water

    @property
    def flywheel_per_chain(self) -> float:
        """Flywheel speed over chain speed when the clutch is engaged. [rad/m]"""
        return self.gear_ratio / self.sprocket_radius_m

    @property
    def windage_kw_per_speed2(self) -> float:
        """Windage over the square of the flywheel's speed. [kW s²/rad²]"""
        return self.windage_kw / (self.flywheel_rated_rpm * RAD_PER_S_PER_RPM) ** 2

    def chain_speed(self, flywheel_rpm: float) -> float:
        """Chain speed with the clutch engaged. [m/s]"""
        return flywheel_rpm * RAD_PER_S_PER_RPM / self.flywheel_per_chain

    @property
    def generator_loss(self) -> tuple[float, float, float]:
        """Coefficients of the loss: standing [kW], linear [1], quadratic [1/kW]."""
        return (
            self.generator_standing_loss * self.generator_kw,
            self.generator_linear_loss,
            self.generator_quadratic_loss / self.generator_kw,
        )

    def most_generator_kw(self) -> tuple[float, float]:
        """Most electrical power of a full chain, and its speed, within the flywheel's highest. [kW, m/s]"""
        net_kn = self.full_force_kn - self.friction_n / N_PER_KN
        speed = math.sqrt(max(net_kn, 0.0) / (3.0 * self.drag_kn_per_speed2))
        speed = min(speed, self.chain_speed(self.flywheel_max_rpm))
        chain_kw = max(net_kn * speed - self.drag_kn_per_speed2 * speed**3, 0.0)
        windage = self.windage_kw * (speed / self.chain_speed(self.flywheel_rated_rpm)) ** 2
        shaft_kw = self.gear_efficiency * chain_kw - windage
        return max(0.0, electric_kw(shaft_kw, *self.generator_loss)), speed

    @property
    def substeps(self) -> int:
        """Parts into which a second is cut, so that air crosses no cell and drag no balance within one."""
        speed = self.chain_speed(self.flywheel_max_rpm)
        cells_per_s = speed * self.column_cells / self.shaft_height_m
        drag_per_s = 2.0 * self.drag_kn_per_speed2 * speed / self.chain_mass_t
        swing_per_s = 2.0 * math.sqrt(self.full_force_kn / (self.shaft_height_m * self.chain_mass_t))
        windage_per_s = self.windage_kw_per_speed2 * KG_PER_T / self.flywheel_kg_m2
        return math.ceil(max(cells_per_s, drag_per_s, swing_per_s, windage_per_s, 1.0))

    @property
    def nanobubble_kw(self) -> float:
        """Power that compresses the bubbles' air to the pressure at the foot, with the compressor of the plant."""
        ideal_kj_per_m3 = compression_work_kj(
            self.shaft_height_m, 1.0, index=self.compression_index, stages=self.compressor_stages
        )
        return self.nanobubble_air_m3_per_s * ideal_kj_per_m3 / self.compressor_efficiency


def electric_kw(shaft_kw: float, standing_kw: float, linear: float, quadratic_per_kw: float) -> float:
    """Electrical power of the generator at a shaft power: ``P_sh = P + a0 + a1 P + a2 P²`` solved for ``P``."""
    surplus, slope = shaft_kw - standing_kw, 1.0 + linear
    if quadratic_per_kw == 0:
        return surplus / slope
    root = max(0.0, slope * slope + 4.0 * quadratic_per_kw * surplus)
    return 2.0 * surplus / (slope + math.sqrt(root))
