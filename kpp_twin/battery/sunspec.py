"""Settings of the converter as points of SunSpec Modbus models, and back.

A model is a plain dict of raw register values by point name, groups within, as SunSpec's own tools read and write it.
The converter's settings in use are the first set of a model, which the specification makes read-only. A raw value
times ten to the power of its scale factor point (``_SF``) is the value; here they resolve 0.1 mHz, 10 ms, 0.01 %
of voltage and power, and 0.0001 of droop and power factor.

Points, types and symbols: SunSpec Alliance, models 704 (AC controls), 705 (volt-var), 706 (volt-watt), 711 (frequency
droop), 712 (watt-var) and 713 (storage capacity), which follow IEEE Std 1547-2018.
"""

import math
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any, TypeAlias

from kpp_twin.battery.voltage import ConstantPowerFactor, ConstantReactivePower, Curve, VoltVar, VoltWatt, WattVar
from kpp_twin.errors import ConfigError, TwinError
from kpp_twin.units import WH_PER_KWH

Model: TypeAlias = dict[str, Any]
_Allowed: TypeAlias = Mapping[str, Container[int | None]]

# Scale factors that are written: powers of ten.
_SECONDS, _POWER_FACTOR, _PERCENT = -2, -4, -2
_DROOP_SCALES = {"Db_SF": -4, "K_SF": -4, "RspTms_SF": _SECONDS}
# Points of the frequency droop: our setting, and the point that holds the scale factor.
_DROOP = {
    "DbOf": ("deadband_over_hz", "Db_SF"),
    "DbUf": ("deadband_under_hz", "Db_SF"),
    "KOf": ("droop_over", "K_SF"),
    "KUf": ("droop_under", "K_SF"),
    "RspTms": ("response_time_s", "RspTms_SF"),
}
# A point in percent is this much further from a share.
_SHARE = -2
# Largest number in an unsigned register of 16 bits; the one above means that a point is not implemented.
_LARGEST = 65534
_DISABLED, _ENABLED = 0, 1
_COMPLETED = 1
_READ_ONLY = 1
_REACTIVE_FIRST = 1
_OF_RATED_POWER, _OF_APPARENT_POWER = 0, 3
_OVER_EXCITED, _UNDER_EXCITED = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyDroop:
    """Frequency droop with the defaults of IEEE Std 1547-2018, 6.5.2.7 and Table 24; a battery may go to full charge.

    Attributes
    ----------
    deadband_over_hz, deadband_under_hz
        Deviation from nominal without a response, above and below.
    droop_over, droop_under
        Change of frequency, per unit of nominal, for a change of power by 1 per unit of rated power.
    response_time_s
        Open-loop response time: 90 % of a step. [s]
    least_power_share
        Lowest active power; below 0 is charging. [share of rated power]

    Raises
    ------
    ConfigError
        Values are impossible; all faults in one message.
    """

    deadband_over_hz: float = 0.036
    deadband_under_hz: float = 0.036
    droop_over: float = 0.05
    droop_under: float = 0.05
    response_time_s: float = 5.0
    least_power_share: float = -1.0

    def __post_init__(self) -> None:
        _check(
            "FrequencyDroop",
            deadband_over_hz=(self.deadband_over_hz, 0.0, 10.0),
            deadband_under_hz=(self.deadband_under_hz, 0.0, 10.0),
            droop_over=(self.droop_over, 0.001, 1.0),
            droop_under=(self.droop_under, 0.001, 1.0),
            response_time_s=(self.response_time_s, 0.01, 3600.0),
            least_power_share=(self.least_power_share, -1.0, 1.0),
        )


def to_model_704(mode: ConstantPowerFactor | ConstantReactivePower) -> Model:
    """Constant power factor, the same when charging; or constant reactive power, as a share of apparent power."""
    if isinstance(mode, ConstantPowerFactor):
        excitation = _OVER_EXCITED if mode.excitation == "injecting" else _UNDER_EXCITED
        setting = {"PF": _raw(mode.power_factor, _POWER_FACTOR), "Ext": excitation}
        switches = {"PFWInjEna": _ENABLED, "PFWAbsEna": _ENABLED, "VarSetEna": _DISABLED}
        return {"ID": 704, **switches, "PF_SF": _POWER_FACTOR, "PFWInj": setting, "PFWAbs": dict(setting)}
    return {
        "ID": 704,
        "PFWInjEna": _DISABLED,
        "PFWAbsEna": _DISABLED,
        "VarSetEna": _ENABLED,
        "VarSetMod": _OF_APPARENT_POWER,
        "VarSetPri": _REACTIVE_FIRST,
        "VarSetPct": _raw(mode.reactive_share, _PERCENT + _SHARE),
        "VarSetPct_SF": _PERCENT,
    }


def from_model_704(model: Mapping[str, Any]) -> ConstantPowerFactor | ConstantReactivePower | None:
    """Constant power factor or constant reactive power; None where the device has both disabled.

    Raises
    ------
    TwinError
        Points are missing, or say what the twin has no setting for; all such faults in one message.
    ConfigError
        Values are impossible.
    """
    switches = ("PFWInjEna", "PFWAbsEna", "VarSetEna")
    points = _read(model, 704, dict.fromkeys(switches, (_DISABLED, _ENABLED, None)))
    if _ENABLED in (points.get("PFWInjEna"), points.get("PFWAbsEna")):
        alike = {f"PFWAbs{part}": (points.get(f"PFWInj{part}"),) for part in ("Ena", ".PF", ".Ext")}
        alone = {"VarSetEna": (_DISABLED, None), "PFWInj.Ext": (_OVER_EXCITED, _UNDER_EXCITED)}
        _read(model, 704, {**alone, **alike}, ("PF_SF", "PFWInj.PF"))
        return ConstantPowerFactor(
            power_factor=_value(points["PFWInj.PF"], points["PF_SF"]),
            excitation="injecting" if points["PFWInj.Ext"] == _OVER_EXCITED else "absorbing",
        )
    if points.get("VarSetEna") == _ENABLED:
        reactive = {"VarSetMod": (_OF_APPARENT_POWER,), "VarSetPri": (_REACTIVE_FIRST, None)}
        _read(model, 704, reactive, ("VarSetPct", "VarSetPct_SF"))
        return ConstantReactivePower(reactive_share=_value(points["VarSetPct"], points["VarSetPct_SF"] + _SHARE))
    return None


def to_model_705(mode: VoltVar) -> Model:
    """Volt-var: voltage in percent of nominal, reactive power in percent of apparent power, which goes first.

    Raises
    ------
    ConfigError
        Points of the curve are so close that the model cannot tell them apart.
    """
    curve = {
        "DeptRef": _OF_APPARENT_POWER,
        "Pri": _REACTIVE_FIRST,
        "VRef": _raw(1.0, _PERCENT + _SHARE),
        "VRefAutoEna": _DISABLED,
        "RspTms": _raw(mode.response_time_s, _SECONDS),
    }
    return _curve_model(705, mode.points, "V", "Var", curve) | {"RspTms_SF": _SECONDS}


def from_model_705(model: Mapping[str, Any]) -> VoltVar | None:
    """Volt-var; None where the device has it disabled.

    Raises
    ------
    TwinError, ConfigError
        As those of `from_model_704`; so is a reference voltage other than nominal.
    """
    if not _is_enabled(model, 705):
        return None
    allowed: _Allowed = {
        "Crv[0].DeptRef": (_OF_APPARENT_POWER,),
        "Crv[0].Pri": (_REACTIVE_FIRST, None),
        "Crv[0].VRefAutoEna": (_DISABLED, None),
    }
    curve, points = _read_curve(model, 705, "V", "Var", allowed, ("RspTms_SF", "Crv[0].RspTms"))
    _read(model, 705, {"Crv[0].VRef": (_raw(1.0, points["V_SF"] + _SHARE), None)})
    return VoltVar(points=curve, response_time_s=_value(points["Crv[0].RspTms"], points["RspTms_SF"]))


def to_model_706(mode: VoltWatt) -> Model:
    """Volt-watt: voltage in percent of nominal, active power in percent of rated power.

    Raises
    ------
    ConfigError
        As that of `to_model_705`.
    """
    curve = {"DeptRef": _OF_RATED_POWER, "RspTms": _raw(mode.response_time_s, _SECONDS)}
    return _curve_model(706, mode.points, "V", "W", curve) | {"RspTms_SF": _SECONDS}


def from_model_706(model: Mapping[str, Any]) -> VoltWatt | None:
    """Volt-watt; None where the device has it disabled.

    Raises
    ------
    TwinError, ConfigError
        As those of `from_model_704`.
    """
    if not _is_enabled(model, 706):
        return None
    allowed: _Allowed = {"Crv[0].DeptRef": (_OF_RATED_POWER,)}
    curve, points = _read_curve(model, 706, "V", "W", allowed, ("RspTms_SF", "Crv[0].RspTms"))
    return VoltWatt(points=curve, response_time_s=_value(points["Crv[0].RspTms"], points["RspTms_SF"]))


def to_model_711(droop: FrequencyDroop) -> Model:
    """Frequency droop; the least active power in whole percent of rated power."""
    settings = {point: _raw(getattr(droop, field), _DROOP_SCALES[scale]) for point, (field, scale) in _DROOP.items()}
    least = _raw(droop.least_power_share, _SHARE)
    return {
        "ID": 711,
        "Ena": _ENABLED,
        "AdptCtlReq": 0,
        "AdptCtlRslt": _COMPLETED,
        "NCtl": 1,
        **_DROOP_SCALES,
        "Ctl": [{**settings, "PMin": least, "ReadOnly": _READ_ONLY}],
    }


def from_model_711(model: Mapping[str, Any]) -> FrequencyDroop | None:
    """Frequency droop; None where the device has it disabled.

    Raises
    ------
    TwinError, ConfigError
        As those of `from_model_704`.
    """
    if not _is_enabled(model, 711):
        return None
    points = _read(model, 711, {}, (*_DROOP_SCALES, *(f"Ctl[0].{point}" for point in (*_DROOP, "PMin"))))
    settings = {field: _value(points[f"Ctl[0].{point}"], points[scale]) for point, (field, scale) in _DROOP.items()}
    return FrequencyDroop(least_power_share=_value(points["Ctl[0].PMin"], _SHARE), **settings)


def to_model_712(mode: WattVar) -> Model:
    """Watt-var: active power in percent of rated power, reactive power in percent of apparent power.

    Raises
    ------
    ConfigError
        As that of `to_model_705`.
    """
    curve = {"DeptRef": _OF_APPARENT_POWER, "Pri": _REACTIVE_FIRST}
    return _curve_model(712, mode.points, "W", "Var", curve)


def from_model_712(model: Mapping[str, Any]) -> WattVar | None:
    """Watt-var; None where the device has it disabled.

    Raises
    ------
    TwinError, ConfigError
        As those of `from_model_704`.
    """
    if not _is_enabled(model, 712):
        return None
    allowed: _Allowed = {"Crv[0].DeptRef": (_OF_APPARENT_POWER,), "Crv[0].Pri": (_REACTIVE_FIRST, None)}
    return WattVar(points=_read_curve(model, 712, "W", "Var", allowed)[0])


def to_model_713(*, capacity_kwh: float, state_of_charge: float, state_of_health: float) -> Model:
    """Storage: rated energy, and fractions of what it holds of what it can hold, and can hold of the rated energy.

    Raises
    ------
    ConfigError
        Values are impossible; all faults in one message.
    """
    fractions = {"state_of_charge": (state_of_charge, 0.0, 1.0), "state_of_health": (state_of_health, 0.0, 1.0)}
    _check("SunSpec model 713", capacity_kwh=(capacity_kwh, 0.001, 1e9), **fractions)
    rated_wh = capacity_kwh * WH_PER_KWH
    scale = max(0, math.ceil(math.log10(rated_wh / _LARGEST)))
    return {
        "ID": 713,
        "WHRtg": _raw(rated_wh, scale),
        "WHAvail": _raw(rated_wh * state_of_charge * state_of_health, scale),
        "SoC": _raw(state_of_charge, _PERCENT + _SHARE),
        "SoH": _raw(state_of_health, _PERCENT + _SHARE),
        "WH_SF": scale,
        "Pct_SF": _PERCENT,
    }


def from_model_713(model: Mapping[str, Any]) -> dict[str, float]:
    """Storage, by the names that `to_model_713` takes.

    Raises
    ------
    TwinError
        Points are missing; all in one message.
    """
    points = _read(model, 713, {}, ("WHRtg", "SoC", "SoH", "WH_SF", "Pct_SF"))
    return {
        "capacity_kwh": _value(points["WHRtg"], points["WH_SF"]) / WH_PER_KWH,
        "state_of_charge": _value(points["SoC"], points["Pct_SF"] + _SHARE),
        "state_of_health": _value(points["SoH"], points["Pct_SF"] + _SHARE),
    }


def _raw(value: float, exponent: int) -> int:
    return round(value / 10.0**exponent)


def _value(raw: int, exponent: int) -> float:
    # Dividing by a whole power of ten gives the nearest double of the decimal number; a product with 0.01 does not.
    return float(raw * 10**exponent if exponent >= 0 else raw / 10**-exponent)


def _curve_model(model_id: int, points: Curve, first: str, second: str, settings: Model) -> Model:
    pairs = [{first: _raw(x, _PERCENT + _SHARE), second: _raw(y, _PERCENT + _SHARE)} for x, y in points]
    if not all(a[first] < b[first] for a, b in pairwise(pairs)):
        raise ConfigError(
            f"points of the curve are closer than the 0.0001 per unit that the model tells apart: {points}",
            place=f"SunSpec model {model_id}",
            next_step="move them apart",
        )
    return {
        "ID": model_id,
        "Ena": _ENABLED,
        "AdptCrvReq": 0,
        "AdptCrvRslt": _COMPLETED,
        "NPt": len(points),
        "NCrv": 1,
        f"{first}_SF": _PERCENT,
        "DeptRef_SF": _PERCENT,
        "Crv": [{"ActPt": len(points), **settings, "ReadOnly": _READ_ONLY, "Pt": pairs}],
    }


def _read_curve(
    model: Mapping[str, Any], model_id: int, first: str, second: str, allowed: _Allowed, names: Iterable[str] = ()
) -> tuple[Curve, Model]:
    """Curve in use, and the points of the model by their path; what is allowed and named is checked with them."""
    points = dict(_flat(model))
    n_points = sum(name.startswith("Crv[0].Pt[") and name.endswith(f".{first}") for name in points)
    active = points.get("Crv[0].ActPt", 0)
    used = range(active) if active in range(n_points + 1) else ()
    pairs = [(f"Crv[0].Pt[{k}].{first}", f"Crv[0].Pt[{k}].{second}") for k in used]
    first_scale, second_scale = f"{first}_SF", "DeptRef_SF"
    active_points: _Allowed = {"Crv[0].ActPt": range(2, n_points + 1)}
    _read(model, model_id, {**allowed, **active_points}, (first_scale, second_scale, *names, *chain(*pairs)))
    exponents = points[first_scale] + _SHARE, points[second_scale] + _SHARE
    return tuple((_value(points[x], exponents[0]), _value(points[y], exponents[1])) for x, y in pairs), points


def _is_enabled(model: Mapping[str, Any], model_id: int) -> bool:
    return _read(model, model_id, {"Ena": (_DISABLED, _ENABLED)})["Ena"] == _ENABLED


def _read(model: Mapping[str, Any], model_id: int, allowed: _Allowed, names: Iterable[str] = ()) -> Model:
    """All points of a model by their path; some must have an allowed value, others be implemented."""
    points = dict(_flat(model))
    allowed = {"ID": (model_id,), **allowed}
    faults = [
        f"{n} is {points.get(n)!r}, not in {values}" for n, values in allowed.items() if points.get(n) not in values
    ]
    for name in names:
        value = points.get(name)
        if not isinstance(value, int):
            faults.append(f"{name} is {value!r}, no register value")
        elif name.endswith("_SF") and abs(value) > 10:
            faults.append(f"{name} is {value}, beyond the powers -10 to 10")
    if faults:
        raise TwinError(
            f"{len(faults)} fault(s): " + "; ".join(faults),
            place=f"SunSpec model {model_id}",
            next_step="read all points of the model; settings that the twin does not have are not converted",
        )
    return points


def _flat(group: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Points of a group and the groups within, each with its path, as in ``Crv[0].Pt[1].V``."""
    for name, value in group.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{name}.")
        elif isinstance(value, list):
            for k, member in enumerate(value):
                yield from _flat(member, f"{path}{name}[{k}].")
        else:
            yield path + name, value


def _check(place: str, **values: tuple[float, float, float]) -> None:
    """Raise all values that are outside their bounds as one fault; each with its lowest and highest."""
    faults = [
        f"{name} must be in [{lowest:g}, {highest:g}], not {value!r}"
        for name, (value, lowest, highest) in values.items()
        if not lowest <= value <= highest
    ]
    if faults:
        raise ConfigError(
            f"{len(faults)} fault(s): " + "; ".join(faults),
            place=place,
            next_step="correct them; droop and shares are per unit, not percent",
        )
