"""Parameters of a kinetic power plant: values that can be together, from Python or from a TOML file.

A plant of one's own is a TOML file with a table ``[plant]``, as in `reference_site.toml`; what it leaves out has the
default. All faults of a plant come in one message: values out of range, and values that no such plant can have.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from kpp_twin.errors import ConfigError, faults_of
from kpp_twin.plant.possible import impossible
from kpp_twin.plant.values import PlantValues


class PlantParameters(PlantValues):
    """The kinetic power plant.

    Raises
    ------
    ValidationError
        Values are out of range or cannot be together; all faults at once.
    """

    @model_validator(mode="wrap")
    @classmethod
    def _all_faults(cls, content: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Values out of range and impossible plants in one message: what is known is judged, whatever else is wrong."""
        try:
            plant = handler(content)
        except ValidationError as error:
            if not isinstance(content, Mapping):
                raise
            wrong = {str(e["loc"][0]) for e in error.errors() if e["loc"]}
            plant = cls.model_construct(**{k: v for k, v in content.items() if k in cls.model_fields})
            for name in wrong & set(plant.__dict__):
                del plant.__dict__[name]
            faults = list(impossible(plant, partly=True))
            known = [
                InitErrorDetails(type=e["type"], loc=e["loc"], input=e["input"], ctx=e.get("ctx", {}))
                for e in error.errors()
            ]
            raise ValidationError.from_exception_data(cls.__name__, known + _details(faults, content)) from None
        faults = list(impossible(plant, partly=False))
        if faults:
            raise ValidationError.from_exception_data(cls.__name__, _details(faults, content))
        return plant


def _details(faults: list[str], content: Any) -> list[InitErrorDetails]:
    return [
        # A fault may hold braces, which the library would take for a template of its own.
        InitErrorDetails(
            type=PydanticCustomError("impossible_plant", "{fault}", {"fault": fault}), loc=(), input=content
        )
        for fault in faults
    ]


def load_plant(path: Path) -> PlantParameters:
    """Read a plant from a TOML file with a table ``[plant]``: a file of its own, or one of a whole site.

    Raises
    ------
    ConfigError
        The file is missing, is no TOML, has no such table, or describes no possible plant: all faults in one message.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        section = content["plant"]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(str(error), place=str(path), next_step="name a TOML file with a table [plant]") from error
    except KeyError as error:
        raise ConfigError(
            "there is no table [plant]", place=str(path), next_step="write the plant's values under [plant]"
        ) from error
    return plant_of(section, place=str(path))


def plant_of(content: Any, *, place: str) -> PlantParameters:
    """Plant of its values by name.

    Raises
    ------
    ConfigError
        They describe no possible plant: all faults in one message.
    """
    try:
        return PlantParameters.model_validate(content)
    except ValidationError as error:
        faults = faults_of(error.errors(), "plant")
        raise ConfigError(
            f"{len(faults)} fault(s) in the plant: " + "; ".join(faults),
            place=place,
            next_step="correct them; `kpp-twin plant --parameters` lists every value with its unit, range and source",
        ) from error


ParameterRow = tuple[str, Any, str, str, str, str]


def parameter_rows(plant: PlantParameters) -> list[ParameterRow]:
    """Every parameter: name, value, unit, range, meaning and source."""
    rows = []
    for name, field in PlantParameters.model_fields.items():
        extra = field.json_schema_extra
        assert isinstance(extra, dict)
        bounds: dict[str, float] = {}
        for limit in field.metadata:
            bounds |= {
                key: getattr(limit, key) for key in ("gt", "ge", "lt", "le") if getattr(limit, key, None) is not None
            }
        low = f"> {bounds['gt']:g}" if "gt" in bounds else f">= {bounds['ge']:g}" if "ge" in bounds else ""
        high = f"< {bounds['lt']:g}" if "lt" in bounds else f"<= {bounds['le']:g}" if "le" in bounds else ""
        limits = ", ".join(filter(None, (low, high)))
        rows.append(
            (name, getattr(plant, name), str(extra["unit"]), limits, field.description or "", str(extra["source"]))
        )
    return rows
