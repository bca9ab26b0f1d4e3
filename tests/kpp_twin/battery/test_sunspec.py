"""Settings of the converter go out as SunSpec points and come back, as SunSpec's own tools read them."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sunspec2 import device, mdef

from kpp_twin.battery import sunspec
from kpp_twin.battery.sunspec import FrequencyDroop
from kpp_twin.battery.voltage import ConstantPowerFactor, ConstantReactivePower, VoltVar, VoltWatt, WattVar
from kpp_twin.errors import ConfigError, TwinError

STORAGE = {"capacity_kwh": 1000.0, "state_of_charge": 0.62, "state_of_health": 0.97}
SETTINGS = [
    (704, ConstantPowerFactor(power_factor=0.9, excitation="absorbing")),
    (704, ConstantReactivePower(reactive_share=-0.44)),
    (705, VoltVar()),
    (706, VoltWatt()),
    (711, FrequencyDroop(deadband_over_hz=0.017, droop_under=0.0333, least_power_share=-0.9)),
    (712, WattVar()),
]
IDS = [f"{model_id}-{type(settings).__name__}" for model_id, settings in SETTINGS]


def written(model_id: int, settings: Any) -> dict[str, Any]:
    return getattr(sunspec, f"to_model_{model_id}")(settings)


def read(model_id: int, model: dict[str, Any]) -> Any:
    return getattr(sunspec, f"from_model_{model_id}")(model)


def encoded(model: dict[str, Any]) -> device.Model:
    """A model that has been registers in between."""
    sender = device.Model(model["ID"], data=model)
    receiver = device.Model(model["ID"], data=sender.get_mb())
    assert sender.error_info == receiver.error_info == ""
    return receiver


def unknown_names(group: dict[str, Any], definition: dict[str, Any]) -> set[str]:
    points = {point[mdef.NAME] for point in definition[mdef.POINTS]}
    groups = {inner[mdef.NAME]: inner for inner in definition.get(mdef.GROUPS, [])}
    unknown = group.keys() - points - groups.keys()
    for name in group.keys() & groups.keys():
        for member in group[name] if isinstance(group[name], list) else [group[name]]:
            unknown |= unknown_names(member, groups[name])
    return unknown


def missing_names(group: Any) -> set[str]:
    missing = {
        n for n, p in group.points.items() if p.pdef.get(mdef.MANDATORY) == mdef.MANDATORY_TRUE and p.value is None
    }
    for inner in group.groups.values():
        for member in inner if isinstance(inner, list) else [inner]:
            missing |= missing_names(member)
    return missing


def test_fr_14_frequency_droop_survives_the_registers_of_model_711() -> None:
    droop = FrequencyDroop(
        deadband_over_hz=0.036,
        deadband_under_hz=0.0171,
        droop_over=0.05,
        droop_under=0.0333,
        response_time_s=0.25,
        least_power_share=-0.5,
    )
    model = encoded(sunspec.to_model_711(droop))
    names = ("DbOf", "DbUf", "KOf", "KUf", "RspTms", "PMin")
    assert [getattr(model.Ctl[0], name).cvalue for name in names] == [0.036, 0.0171, 0.05, 0.0333, 0.25, -50]
    assert sunspec.from_model_711(model.get_dict()) == droop


def test_vv_06_the_names_that_are_written_are_those_of_the_models() -> None:
    for model_id, settings in SETTINGS:
        model = written(model_id, settings)
        assert not unknown_names(model, device.get_model_def(model_id)[mdef.GROUP])
        assert not missing_names(encoded(model))
    volt_var, volt_watt, watt_var = (encoded(written(i, s)).Crv[0] for i, s in SETTINGS if i in (705, 706, 712))
    assert [(p.V.cvalue, p.Var.cvalue) for p in volt_var.Pt] == [(92, 44), (98, 0), (102, 0), (108, -44)]
    assert [(p.V.cvalue, p.W.cvalue) for p in volt_watt.Pt] == [(106, 100), (110, 0)]
    assert [(p.W.cvalue, p.Var.cvalue) for p in watt_var.Pt] == [(-100, 44), (-50, 0), (50, 0), (100, -44)]
    factor, reactive = (encoded(written(704, settings)) for _, settings in SETTINGS[:2])
    assert (factor.PFWInj.PF.cvalue, factor.PFWInj.Ext.value) == (0.9, 1)
    assert reactive.VarSetPct.cvalue == -44
    assert "VarSet" in reactive.points


@pytest.mark.parametrize(("model_id", "settings"), SETTINGS, ids=IDS)
def test_settings_come_back_from_the_registers(model_id: int, settings: Any) -> None:
    assert read(model_id, encoded(written(model_id, settings)).get_dict()) == settings


shares = st.floats(-1, 1)
times = st.floats(0.01, 3600)
places = st.lists(st.integers(-100, 100), min_size=2, max_size=10, unique=True).map(sorted)


@given(st.floats(0.1, 1), shares, times, places, st.lists(shares, min_size=10, max_size=10), st.floats(0.001, 1))
def test_any_settings_come_back_within_the_resolution_of_their_scale_factor(
    factor: float, share: float, time_s: float, xs: list[int], ys: list[float], droop: float
) -> None:
    falling = sorted(ys, reverse=True)
    voltages = tuple((1 + x / 200, y) for x, y in zip(xs, falling, strict=False))
    for model_id, settings in [
        (704, ConstantPowerFactor(power_factor=factor)),
        (704, ConstantReactivePower(reactive_share=share)),
        (705, VoltVar(points=voltages, response_time_s=time_s)),
        (706, VoltWatt(points=voltages, response_time_s=time_s)),
        (711, FrequencyDroop(deadband_over_hz=time_s % 10, droop_under=droop, response_time_s=time_s)),
        (712, WattVar(points=tuple((x / 100, y) for x, y in zip(xs, ys, strict=False)))),
    ]:
        back = read(model_id, encoded(written(model_id, settings)).get_dict())
        for name in settings.__dataclass_fields__:
            before, after = getattr(settings, name), getattr(back, name)
            if name == "points":
                assert [pytest.approx(point, abs=0.501e-4) for point in before] == list(after)
            elif name != "excitation":
                assert after == pytest.approx(before, abs=0.501e-2 if name == "response_time_s" else 0.501e-4)


@given(st.floats(0.01, 1e7), st.floats(0, 1), st.floats(0, 1))
def test_storage_of_any_size_comes_back(capacity_kwh: float, charge: float, health: float) -> None:
    model = encoded(sunspec.to_model_713(capacity_kwh=capacity_kwh, state_of_charge=charge, state_of_health=health))
    back = sunspec.from_model_713(model.get_dict())
    step_kwh = 10.0**model.WH_SF.value / 1000
    assert back["capacity_kwh"] == pytest.approx(capacity_kwh, abs=0.501 * step_kwh)
    assert step_kwh == pytest.approx(0.001) or step_kwh < capacity_kwh / 6500
    assert back["state_of_charge"] == pytest.approx(charge, abs=0.501e-4)
    assert back["state_of_health"] == pytest.approx(health, abs=0.501e-4)


def test_storage_tells_what_is_available_now() -> None:
    model = encoded(sunspec.to_model_713(**STORAGE))
    assert not unknown_names(sunspec.to_model_713(**STORAGE), device.get_model_def(713)[mdef.GROUP])
    assert model.WHRtg.cvalue == 1_000_000
    assert model.WHAvail.cvalue == pytest.approx(601_400)


def test_scale_factors_of_another_device_are_applied() -> None:
    model = sunspec.to_model_711(FrequencyDroop()) | {"Db_SF": -3, "K_SF": -2, "RspTms_SF": 1}
    model["Ctl"][0] |= {"DbOf": 36, "DbUf": 17, "KOf": 5, "KUf": 4, "RspTms": 2}
    assert sunspec.from_model_711(model) == FrequencyDroop(
        deadband_under_hz=0.017, droop_under=0.04, response_time_s=20.0
    )


def test_only_active_points_of_a_curve_count() -> None:
    model = sunspec.to_model_706(VoltWatt())
    model["Crv"][0]["Pt"].append({"V": None, "W": None})
    assert sunspec.from_model_706(model | {"NPt": 3}) == VoltWatt()


@pytest.mark.parametrize(("model_id", "settings"), SETTINGS[2:], ids=IDS[2:])
def test_a_disabled_function_is_none(model_id: int, settings: Any) -> None:
    assert read(model_id, written(model_id, settings) | {"Ena": 0}) is None


def test_disabled_controls_are_none() -> None:
    assert sunspec.from_model_704({"ID": 704, "PFWInjEna": 0, "VarSetEna": 0}) is None


def changed(model: dict[str, Any], group: str, **points: Any) -> dict[str, Any]:
    inner = model[group]
    if isinstance(inner, list):
        inner[0].update(points)
    else:
        inner.update(points)
    return model


FACTOR, REACTIVE = (sunspec.to_model_704(settings) for settings in (ConstantPowerFactor(), ConstantReactivePower()))


@pytest.mark.parametrize(
    ("model_id", "model", "fault"),
    [
        (705, sunspec.to_model_706(VoltWatt()), "ID is 706"),
        (705, {"ID": 705}, "Ena is None"),
        (704, FACTOR | {"VarSetEna": 1}, "VarSetEna is 1"),
        (704, FACTOR | {"PFWAbs": {"PF": 9000, "Ext": 1}}, "2 fault.*PFWAbs.PF is 9000.*PFWAbs.Ext is 1"),
        (
            704,
            FACTOR | {"PFWInj": {"PF": None, "Ext": 5}, "PF_SF": 11},
            "PFWInj.Ext is 5.*PF_SF is 11.*PFWInj.PF is None",
        ),
        (704, REACTIVE | {"VarSetMod": 4, "VarSetPri": 0}, "VarSetMod is 4.*VarSetPri is 0"),
        (705, changed(sunspec.to_model_705(VoltVar()), "Crv", VRef=10500), "VRef is 10500"),
        (705, changed(sunspec.to_model_705(VoltVar()), "Crv", VRefAutoEna=1, Pri=0), "2 fault"),
        (706, changed(sunspec.to_model_706(VoltWatt()), "Crv", ActPt=3), "ActPt is 3"),
        (706, changed(sunspec.to_model_706(VoltWatt()), "Crv", ActPt=None, RspTms=None), "2 fault"),
        (711, changed(sunspec.to_model_711(FrequencyDroop()), "Ctl", KOf=None, DbUf=0.036), "2 fault.*DbUf.*KOf"),
        (713, {"ID": 713, "WHRtg": 1000}, "4 fault"),
    ],
)
def test_points_that_are_missing_or_say_something_else_are_all_named(
    model_id: int, model: dict[str, Any], fault: str
) -> None:
    with pytest.raises(TwinError, match=fault):
        read(model_id, model)


@pytest.mark.parametrize(
    ("build", "fault"),
    [
        (lambda: FrequencyDroop(droop_over=5.0, response_time_s=math.nan), "2 fault.*droop_over.*response_time_s"),
        (lambda: sunspec.to_model_713(**STORAGE | {"state_of_charge": math.nan, "state_of_health": 97.0}), "2 fault"),
        (lambda: sunspec.to_model_705(VoltVar(points=((1.0, 0.1), (1.00001, 0.0)))), "closer than"),
        (lambda: sunspec.from_model_711(changed(sunspec.to_model_711(FrequencyDroop()), "Ctl", KOf=0)), "droop_over"),
    ],
)
def test_impossible_values_are_refused(build: Any, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        build()
