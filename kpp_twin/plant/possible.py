"""What no kinetic power plant can be, whatever its values: rules that judge the values together."""

from collections.abc import Callable, Iterator
from itertools import pairwise

from kpp_twin.plant.values import PlantValues
from kpp_twin.units import N_PER_KN

# The plant's own second steps are cut at most into so many parts.
MOST_SUBSTEPS = 64

Rule = Callable[[PlantValues], str | None]


def impossible(plant: PlantValues, *, partly: bool) -> Iterator[str]:
    """Each thing that no such plant can be; with ``partly``, as far as the values are there to judge."""
    for rule in RULES:
        try:
            fault = rule(plant)
        except AttributeError:
            if not partly:
                raise
        else:
            if fault:
                yield fault


def _ordered(*names: str) -> Rule:
    def rule(plant: PlantValues) -> str | None:
        values = [getattr(plant, name) for name in names]
        if all(a < b for a, b in pairwise(values)):
            return None
        return "must rise: " + " < ".join(f"{n} ({v:g})" for n, v in zip(names, values, strict=True))

    return rule


def _at_most(name: str, limit: str) -> Rule:
    def rule(plant: PlantValues) -> str | None:
        value, most = getattr(plant, name), getattr(plant, limit)
        return f"{name} {value:g} must not exceed {limit} {most:g}" if value > most else None

    return rule


def _receiver_within(name: str) -> Rule:
    def rule(plant: PlantValues) -> str | None:
        low, value, high = plant.min_receiver_bar, getattr(plant, name), plant.max_receiver_bar
        return None if low <= value <= high else f"{name} {value:g} must lie between {low:g} and {high:g} bar"

    return rule


def _receiver_reaches_foot(plant: PlantValues) -> str | None:
    needed = plant.foot_bar + plant.nozzle_drop_bar
    if plant.min_receiver_bar >= needed:
        return None
    return (
        f"min_receiver_bar {plant.min_receiver_bar:g} is below the {needed:.2f} bar that the nozzle at the foot of a "
        f"shaft of {plant.shaft_height_m:g} m needs"
    )


def _chain_goes_round(plant: PlantValues) -> str | None:
    if plant.chain_length_m >= 2 * plant.shaft_height_m:
        return None
    return f"chain_length_m {plant.chain_length_m:g} must be at least twice shaft_height_m {plant.shaft_height_m:g}"


def _floaters_fit(plant: PlantValues) -> str | None:
    length = plant.floater_volume_m3 / plant.floater_area_m2
    if length <= plant.pitch_m:
        return None
    return (
        f"floaters overlap: {plant.floater_volume_m3:g} m³ on {plant.floater_area_m2:g} m² are {length:.2f} m long, "
        f"the chain has {plant.pitch_m:.2f} m for each; floater_area_m2 must be at least "
        f"{plant.floater_volume_m3 / plant.pitch_m:.2f}"
    )


def _chain_bears(plant: PlantValues) -> str | None:
    if plant.full_force_kn <= plant.max_chain_force_kn:
        return None
    return (
        f"a full column pulls with {plant.full_force_kn:.0f} kN, more than max_chain_force_kn "
        f"{plant.max_chain_force_kn:g} ({plant.fill_policy})"
    )


def _starts(plant: PlantValues) -> str | None:
    first_kn = float(plant.column.lift_kj(plant.column.held(plant.column.full))[0]) / plant.pitch_m
    if first_kn > plant.friction_n / N_PER_KN:
        return None
    lifted_n = first_kn * N_PER_KN
    return (
        f"friction_n {plant.friction_n:g} holds the chain against its first floaters, which lift {lifted_n:.0f} N "
        f"(half a cell of the column; fewer column_cells than {plant.column_cells} lift more)"
    )


def _brake_holds(plant: PlantValues) -> str | None:
    if plant.brake_force_kn >= plant.full_force_kn:
        return None
    pull_kn = plant.full_force_kn
    return f"brake_force_kn {plant.brake_force_kn:g} cannot hold a full column, which pulls with {pull_kn:.0f} kN"


def _generator_can(plant: PlantValues) -> str | None:
    most_kw, speed = plant.most_generator_kw()
    if plant.generator_kw <= most_kw * (1 + 1e-9):
        return None
    return (
        f"generator_kw {plant.generator_kw:g} is more than this chain can give: at most {most_kw:.0f} kW, full of air "
        f"({plant.fill_policy}) at {speed:.2f} m/s"
    )


def _heat_is_paid(plant: PlantValues) -> str | None:
    if plant.water_temperature_c <= plant.ambient_temperature_c or plant.heat_source_kw > 0:
        return None
    return (
        f"water_temperature_c {plant.water_temperature_c:g} above ambient_temperature_c "
        f"{plant.ambient_temperature_c:g} needs heat_source_kw"
    )


def _bubbles_are_paid(plant: PlantValues) -> str | None:
    if plant.nanobubble_drag_reduction == 0 or plant.nanobubble_air_m3_per_s > 0:
        return None
    return f"nanobubble_drag_reduction {plant.nanobubble_drag_reduction:g} needs nanobubble_air_m3_per_s"


def _steps_resolve(plant: PlantValues) -> str | None:
    if plant.substeps <= MOST_SUBSTEPS:
        return None
    needed = plant.substeps
    return f"the chain is too fast for the model: a second would need {needed} steps, at most {MOST_SUBSTEPS} are made"


RULES: tuple[Rule, ...] = (
    _ordered("min_receiver_bar", "max_receiver_bar"),
    _ordered("flywheel_min_rpm", "flywheel_rated_rpm", "flywheel_max_rpm"),
    _receiver_within("initial_receiver_bar"),
    _receiver_within("target_receiver_bar"),
    _at_most("compressor_min_kw", "compressor_kw"),
    _at_most("generator_kw", "converter_kva"),
    _receiver_reaches_foot,
    _chain_goes_round,
    _floaters_fit,
    _chain_bears,
    _brake_holds,
    _starts,
    _generator_can,
    _heat_is_paid,
    _bubbles_are_paid,
    _steps_resolve,
)
