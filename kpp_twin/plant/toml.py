"""A plant as the text of a TOML file, ready to be edited; `parameters.load_plant` reads it back."""

import json

from kpp_twin.plant.parameters import PlantParameters, parameter_rows

COMMENTS_AT = 38


def plant_toml(plant: PlantParameters) -> str:
    """Table ``[plant]`` with every value, what it means and its unit."""
    lines = [
        f"{f'{name} = {_text(value)}':{COMMENTS_AT - 1}} # {meaning} [{unit}]"
        for name, value, unit, _, meaning, _ in parameter_rows(plant)
    ]
    return "\n".join(["[plant]", *lines]) + "\n"


def _text(value: str | float) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)
